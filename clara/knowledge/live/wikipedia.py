"""Wikipedia through the MediaWiki API: the introductions of the articles that a search finds, in one request."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from clara.knowledge.live.base import Stopwords, as_evidence, keywords, one_line, passage_text
from clara.knowledge.live.http import Refusal, Service
from clara.languages import UNKNOWN, english_name
from clara.types import Evidence, Passage

_LICENCE = "CC BY-SA 4.0"
_MOST_PAGES = 20  # introductions in one request
_MAXLAG_S = "5"
# Where the code of a Wikipedia is not the language's tag.
_CODES = {"fil": "tl", "nb": "no", "yue": "zh-yue", "nan": "zh-min-nan", "lzh": "zh-classical", "gsw": "als"}
_LATER = frozenset(("maxlag", "ratelimited", "readonly", "cirrussearch-too-busy-error"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Edition:
    """One Wikipedia: its `code`, the language of its text, and the `variant` to ask for where it has several."""

    code: str
    language: str
    variant: str | None = None


def edition(tag: str) -> Edition | None:
    """Return the Wikipedia for a canonical tag: fil is found under tl, hi-Latn in hi, which is in Devanagari.

    None where the tag names no language.
    """
    base = tag.partition("-")[0]
    if tag == UNKNOWN or not re.fullmatch("[a-z]{2,3}", base):
        return None
    if base == "zh":
        return Edition(code="zh", language=tag, variant=tag.lower())
    return Edition(code=_CODES.get(base, base), language=base)


class Wikipedia:
    """Introductions of Wikipedia articles, in the asker's own language.

    url: of the API, with {language} for the edition's code, e.g. https://{language}.wikipedia.org/w/api.php
    """

    name = "wikipedia"

    def __init__(self, service: Service, *, url: str, stopwords: Stopwords) -> None:
        self._service, self._url, self._stopwords = service, url, stopwords

    async def search(self, query: str, language: str, k: int) -> list[Evidence]:
        wiki = edition(language)
        words = keywords(query, language, self._stopwords)
        if wiki is None or not words:
            return []
        form = {
            "action": "query", "format": "json", "formatversion": "2", "maxlag": _MAXLAG_S, "redirects": "1",
            # A few more than wanted, since disambiguation pages fall out.
            "generator": "search", "gsrsearch": words, "gsrlimit": str(min(_MOST_PAGES, k + 3)),
            "prop": "extracts|pageprops|revisions", "exintro": "1", "explaintext": "1", "exlimit": "max",
            "ppprop": "disambiguation", "rvprop": "ids|timestamp",
        }  # fmt: skip
        if wiki.variant:
            form |= {"variant": wiki.variant, "prop": f"{form['prop']}|info", "inprop": "varianttitles"}
        address = self._url.replace("{language}", wiki.code)
        pages = await self._service.post(address, form, self._read_pages)
        return as_evidence(_passages(pages, wiki, address), f"{self.name}:{wiki.code}", k)

    async def aclose(self) -> None:
        await self._service.aclose()

    def _read_pages(self, body: bytes) -> list[Any] | Refusal:
        """Return the pages. What MediaWiki says of an error is not repeated: it may hold the question."""
        try:
            reply: Any = json.loads(body)
        except (ValueError, RecursionError):
            reply = None
        if not isinstance(reply, dict):
            return Refusal(reason="sent a reply that cannot be read")
        if said := reply.get("error"):
            code = str(said.get("code")) if isinstance(said, dict) else ""
            if code in _LATER or code.startswith("internal_api_error"):
                return Refusal(reason=f"is too busy ({code[:40]})")
            known = re.fullmatch("[a-z_-]{1,40}", code)
            raise self._service.give_up(f"refuses the search ({code})" if known else "refuses the search")
        pages = _mapping(reply.get("query")).get("pages", [])  # where nothing was found there is no query
        return pages if isinstance(pages, list) else Refusal(reason="sent a reply that cannot be read")


def _passages(pages: list[Any], wiki: Edition, address: str) -> Iterator[Passage]:
    """Yield the passages of the pages that are articles, in the order of the search."""
    articles = [page for page in pages if isinstance(page, dict) and isinstance(page.get("pageid"), int)]
    for page in sorted(articles, key=_place):
        revision = _first(page.get("revisions"))
        number, text = revision.get("revid"), page.get("extract")
        if "disambiguation" in _mapping(page.get("pageprops")) or not isinstance(number, int) or not text:
            continue
        title = _mapping(page.get("varianttitles")).get(wiki.variant or "") or page.get("title")
        identifier = f"wikipedia:{wiki.code}:{page['pageid']}@{number}"
        yield Passage(
            id=identifier,
            text=passage_text(str(text)),
            language=wiki.language,
            title=one_line(str(title)),
            source=_source(one_line(str(title)), revision, wiki, address),
            group=identifier,
            document=identifier,
            trust="live",
        )


def _source(title: str, revision: Mapping[str, Any], wiki: Edition, address: str) -> str:
    """Return the reference, with the address of the very revision that was read."""
    day = re.match(r"\d{4}-\d\d-\d\d", str(revision.get("timestamp", "")))
    named = f"Wikipedia ({english_name(wiki.language)})"
    link = f"{address.removesuffix('api.php')}index.php?oldid={revision['revid']}"
    if wiki.variant:
        link += f"&variant={wiki.variant}"
    dated = f"{named}, {day.group()}" if day else named
    return f"Wikipedia contributors. {title}. {dated}. {_LICENCE}. {link}"


def _place(page: Mapping[str, Any]) -> int:
    index = page.get("index")
    return index if isinstance(index, int) else _MOST_PAGES + 1


def _first(value: object) -> Mapping[str, Any]:
    return _mapping(value[0]) if isinstance(value, list) and value else {}


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}
