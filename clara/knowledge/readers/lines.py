"""From the lines of printed pages to paragraphs: wrapped lines joined, what runs along all pages left out."""

from __future__ import annotations

import itertools
import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from clara.knowledge.readers.visible import Blocks, gap
from clara.languages import script

_RUNNING = 3  # lines at the top and the bottom of a page
_MOST = 0.4  # of the pages; left and right pages may have headers of their own
_NUMBER = re.compile(r"\d+")
_BULLET = re.compile(r"^(?:[•◦▪▫●○■□‣⁃∙·➢✓*]|[-–—](?=\s))\s*")
_NUMBERED = re.compile(r"^(?:\(?(?:\d{1,2}|[a-zA-Z])[.)](?:\s+|(?=[\u3040-\u9fff]))|[①-⑳])\S?")
_ENDED = re.compile(r"[.!?:;。！？：；।॥؟۔…][\"'”’»)）」』\]]*$")
_LEADER = re.compile(r"(?:\s?[.·]){5,}")  # dots that lead to a number
_WORD = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A line of a page. Lengths are points, measured from the left and the bottom; `size` is its type's."""

    text: str
    left: float
    bottom: float
    right: float
    top: float
    size: float
    hyphenated: bool = False


def paragraphs(pages: Sequence[Sequence[Line]]) -> tuple[str, int]:
    """Return the pages' text as Markdown paragraphs and list items, and the count of invisible characters.

    A paragraph goes on over a page's end where its sentence does.
    """
    running = _running(pages)
    words = Counter(word.lower() for page in pages for line in page for word in _WORD.findall(line.text))
    blocks = Blocks()
    before: Line | None = None
    shape: _Shape | None = None
    for number, page in enumerate(pages):
        lines = [line for index, line in enumerate(page) if (number, index) not in running]
        last_page, shape = shape, _Shape(lines)
        for position, line in enumerate(lines):
            page_before = None if position else last_page
            bullet = _BULLET.match(line.text)
            text = _LEADER.sub(" …", line.text[bullet.end() :] if bullet else line.text)
            if before is None or bullet or shape.parts(before, line, page_before):
                blocks.start("item" if bullet else "paragraph")
                blocks.write(text)
            else:
                cut, between = _joint(before, text, words)
                blocks.unwrite(cut)
                blocks.write(between + text)
            before = line
    return blocks.markdown()


class _Shape:
    """How the lines of one page stand to each other."""

    def __init__(self, lines: Sequence[Line]) -> None:
        steps = [a.bottom - b.bottom for a, b in itertools.pairwise(lines) if 0 < a.bottom - b.bottom < 4 * a.size]
        self._step = median(steps) if steps else 0.0
        self._ends: dict[int, float] = {}  # how far lines reach that begin at one place
        for line in lines:
            start, end = _across(line)
            place = round(start / 10)
            self._ends[place] = max(self._ends.get(place, end), end)

    def share(self, line: Line) -> float:
        """Return the share of its column's width that a line fills."""
        start, end = _across(line)
        reach = max((e for place, e in self._ends.items() if abs(place - round(start / 10)) <= 2), default=end)
        return (end - start) / max(reach - start, line.size)

    def parts(self, before: Line, line: Line, page_before: _Shape | None) -> bool:
        """Whether `line` begins a paragraph after `before`, which stands on `page_before` if that is given."""
        if abs(before.size - line.size) > 0.15 * max(before.size, line.size):
            return True
        ended = bool(_ENDED.search(before.text))
        share = (page_before or self).share(before)
        if page_before or line.bottom > before.bottom + before.size:  # a new page or column
            return ended or not (before.hyphenated or share > 0.9 or _goes_on(line.text))
        if before.hyphenated:
            return False
        if self._step and before.bottom - line.bottom > 1.45 * max(self._step, line.size):
            return True
        if _NUMBERED.match(line.text) and (ended or share < 0.9):
            return True
        if ended and _across(line)[0] - _across(before)[0] > 0.8 * line.size:
            return True
        return share < (0.75 if ended else 0.6) and not line.text[:1].islower()


def _across(line: Line) -> tuple[float, float]:
    """Return where a line begins and ends in the direction in which it is read."""
    return (-line.right, -line.left) if script(line.text) in ("Arab", "Hebr") else (line.left, line.right)


def _goes_on(text: str) -> bool:
    """Whether text may be the middle of a sentence: it does not begin with a capital, a digit or a mark."""
    return text[:1].isalpha() and not text[:1].isupper()


def _joint(before: Line, text: str, words: Counter[str]) -> tuple[int, str]:
    """Return how many characters of the line before go, and what stands between it and `text`."""
    if not (before.hyphenated or re.search(r"[^\W\d_]-$", before.text)):
        return 0, gap(before.text, text)
    first, second = _WORD.search(before.text[:-1][::-1]), _WORD.match(text)
    if not first or not second or not text[:1].islower():
        return 0, ""  # "COVID-" and "19", "Epstein-" and "Barr"
    start = first.group()[::-1].lower()
    kept, closed = f"{start}-{second.group().lower()}", start + second.group().lower()
    # The document's own words tell a hyphen of the word from one of the line.
    return (0, "") if words[kept] > words[closed] else (1, "")


def _running(pages: Sequence[Sequence[Line]]) -> set[tuple[int, int]]:
    """Return (page, line) of headers, footers and page numbers: lines at an edge that return there on most pages.

    The outermost line of an edge may be a chapter's own, and return on three pages.
    """
    edges: dict[tuple[str, int, str], list[tuple[int, int]]] = defaultdict(list)
    outermost: dict[tuple[str, int, str], list[tuple[int, int]]] = defaultdict(list)
    for number, page in enumerate(pages):
        order = sorted(range(len(page)), key=lambda index: -page[index].top)
        for edge, indices in (("top", order[:_RUNNING]), ("bottom", order[: -_RUNNING - 1 : -1])):
            for place, index in enumerate(indices):
                key = edge, round(page[index].top / 12), _NUMBER.sub("#", page[index].text)
                edges[key].append((number, index))
                if not place:
                    outermost[key].append((number, index))
    found: set[tuple[int, int]] = set()
    for lines, enough in ((edges, max(2, _MOST * len(pages))), (outermost, 3)):
        for places in lines.values():
            if len({number for number, _ in places}) >= enough and _is_running(pages, places):
                found.update(places)
    return found


def _is_running(pages: Sequence[Sequence[Line]], places: Sequence[tuple[int, int]]) -> bool:
    """Whether lines alike but for numbers are alike in those too, or one of these counts the pages."""
    rows = [(number, [int(n) for n in _NUMBER.findall(pages[number][index].text)]) for number, index in places]
    if len({tuple(numbers) for _, numbers in rows}) == 1:
        return True
    columns = zip(*(numbers for _, numbers in rows), strict=True)
    return any(len({value - page for value, (page, _) in zip(column, rows, strict=True)}) == 1 for column in columns)
