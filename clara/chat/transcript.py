"""A conversation as Markdown for people, with what every answer rests on."""

from __future__ import annotations

import re

from clara.chat.sessions import Column, Exchange, Session
from clara.languages import UNKNOWN, english_name
from clara.text import clean
from clara.types import Answer

_IMAGE = re.compile(r"!(?=\[)")


def to_markdown(session: Session) -> str:
    """Return the conversation. HTML and pictures in it are shown as text: a viewer must run and fetch nothing."""
    parts = [f"# Chat {_safe(session.name)}"]
    for exchange in session.exchanges:
        parts += _exchange(exchange)
    parts.append("CLARA gives information, not medical advice.")
    return "\n\n".join(parts) + "\n"


def _exchange(exchange: Exchange) -> list[str]:
    asked = "\n".join(f"> {line}" for line in _safe(exchange.question).splitlines())
    state = ", asked again below" if exchange.superseded else ", stopped before its end" if exchange.stopped else ""
    parts = [f"## {exchange.at} · {_safe(exchange.model)}{state}", asked, _safe(exchange.text) or "*no answer*"]
    if exchange.answer is not None:
        parts += _grounds(exchange.answer)
    for column in exchange.compared:
        parts += _column(column)
    return [part for part in parts if part]


def _grounds(answer: Answer) -> list[str]:
    """Return what an answer rests on: sources with quotes, notes, and how sure it is."""
    sources = [
        f"- [{number}] {_safe(c.title)} ({c.language}), quote {c.state}: “{_safe(c.quote)}” {_safe(c.source)}"
        for number, c in enumerate(answer.citations, 1)
    ]
    notes = [f"- note: {_safe(warning)}" for warning in answer.warnings]
    state = "no reliable answer" if answer.abstained else f"confidence {answer.confidence:.0%}"
    return ["\n".join(sources), "\n".join(notes), f"*{answer.method}, {_language(answer.language)}, {state}*"]


def _column(column: Column) -> list[str]:
    parts = [f"### {_language(column.language)}"]
    parts += [f"> {_safe(' '.join(column.question.split()))}"] if column.question else []
    if column.answer is None:
        return [*parts, f"not {'answered' if column.question else 'translated'}: {_safe(column.note)}"]
    return [*parts, _safe(column.answer.answer), *_grounds(column.answer)]


def _language(tag: str) -> str:
    return "unknown language" if tag == UNKNOWN else english_name(tag)


def _safe(text: str) -> str:
    return _IMAGE.sub(r"\!", clean(text).replace("&", "&amp;").replace("<", "&lt;")).strip()
