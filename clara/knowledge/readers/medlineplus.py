"""MedlinePlus health topics: the XML that the National Library of Medicine publishes in English and Spanish."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from clara.errors import KnowledgeError
from clara.knowledge.documents import Record
from clara.knowledge.readers.html import html_body
from clara.knowledge.readers.visible import one_line
from clara.knowledge.readers.xml import Element

_PUBLISHER = "National Library of Medicine"
_LICENCE = "public domain"  # by NLM's terms, that is so of the summaries and not of all that MedlinePlus shows
_DATE = re.compile(r"(\d{2})/(\d{2})/(\d{4})")


def topics(path: Path, _: Element, parts: Iterator[Element]) -> Iterator[Record]:
    """Yield a record for each topic's full summary; the English and Spanish ones of a pair share their group.

    The schema is NLM's mplus_topics.dtd. Raises KnowledgeError.
    """
    for topic in parts:
        if topic.name != "health-topic":
            continue
        given = {name: one_line(value) for name, value in topic.attributes.items()}
        try:
            body, hidden = html_body(topic.text_of("full-summary"))
        except ValueError as error:
            raise KnowledgeError(
                f"{path}: topic {given.get('id', '')}: {error}; correct it or leave the file out"
            ) from None
        url = given.get("url", "")
        yield Record(
            body=body,
            key=given.get("id", ""),
            title=given.get("title", ""),
            language=given.get("language", ""),
            group=_group(given.get("id", ""), topic.first("language-mapped-topic")),
            sources=(url,) if url else (),
            publisher=one_line(topic.text_of("primary-institute")) or _PUBLISHER,
            licence=_LICENCE,
            published=_iso_date(given.get("date-created", "")),
            hidden=hidden,
        )


def _group(identifier: str, mapped: Element | None) -> str:
    """Return the same name from either side of a pair; a topic without the other language is in no group."""
    other = one_line(mapped.attributes.get("id", "")) if mapped else ""
    if not (identifier and other):
        return ""
    return "medlineplus-" + min(identifier, other, key=lambda name: (len(name), name))


def _iso_date(date: str) -> str:
    return _DATE.sub(r"\3-\1-\2", date)
