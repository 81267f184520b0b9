"""From a body of text to chunks: along its headings, then at the ends of paragraphs and sentences."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

VERSION = "4"
"""Changes when chunking or screening changes, so that documents are read again."""

_CHUNK_CHARACTERS = 1200
_HEADING = re.compile(r"^(#{1,6})[ \t]+(.*?)(?:[ \t]+#+)?[ \t]*$", re.MULTILINE)
_ENDS = ("\n\n", "\n", "。", ". ", "। ", "؟ ", "۔ ", " ")


@dataclass(frozen=True, slots=True)
class Section:
    """A stretch between two headings: characters `start` to `end` of the body, the heading line excluded."""

    level: int
    heading: str
    start: int
    end: int


def sections(body: str) -> Iterator[Section]:
    """Yield the stretches between headings that hold text; level 0 is what stands before the first heading."""
    marks = list(_HEADING.finditer(body))
    first = marks[0].start() if marks else len(body)
    bounds = [(0, "", 0, first)]
    ends = [*(m.start() for m in marks[1:]), len(body)]
    bounds += [(len(m.group(1)), m.group(2), m.end(), end) for m, end in zip(marks, ends, strict=False)]
    for level, heading, start, end in bounds:
        if body[start:end].strip():
            yield Section(level, heading, start, end)


def first_heading(body: str) -> str:
    """Return the first heading of level 1, empty without one."""
    return next((m.group(2) for m in _HEADING.finditer(body) if len(m.group(1)) == 1), "")


def split(body: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Yield spans of at most about 1200 characters, cut after a paragraph, line or sentence."""
    while start < end and body[start].isspace():
        start += 1
    while end > start and body[end - 1].isspace():
        end -= 1
    while end - start > _CHUNK_CHARACTERS:
        window = body[start : start + _CHUNK_CHARACTERS]
        cuts = [window.rfind(mark) + len(mark) for mark in _ENDS]
        cut = next((c for c in cuts if c > _CHUNK_CHARACTERS // 3), _CHUNK_CHARACTERS)
        yield start, start + len(window[:cut].rstrip())
        start += cut
        while start < end and body[start].isspace():
            start += 1
    if start < end:
        yield start, end
