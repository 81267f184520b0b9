"""Words set in rows, each given on as soon as it has its place, so that what was printed never has to change.

Terminals disagree on how wide Devanagari and other scripts with vowel signs are. Rows are filled as if each sign took
a cell, the widest that any terminal makes of it: a row may end early, but no terminal breaks it inside a word.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from rich.cells import get_character_cell_size

from clara.text import has_unspaced

Write = Callable[[str, str], None]
"""Takes a piece of a row, or a line end, and its style."""
Row = list[tuple[str, str]]
"""The pieces of one row, each with its style."""

_WIDE_MARKS = "，。、；：？！）」』】》〉”’…—·"
_NEVER_FIRST = frozenset(f"{_WIDE_MARKS},.;:?!)]}}%％।॥")
_ADDRESS = re.compile(r"\(?https?://[!-~]+$")
_NEVER_LAST = frozenset("（「『【《〈“‘([{")


def width(text: str) -> int:
    """Return how many cells a terminal gives to `text`, at most."""
    if text.isascii():
        return len(text)
    return sum(max(get_character_cell_size(c), unicodedata.category(c) == "Mc") for c in text)


def atoms(text: str) -> Iterator[tuple[str, bool]]:
    """Yield what may not be broken over two rows, and whether a space stands before it.

    Scripts without spaces break after any letter, but not between a letter and its signs or punctuation.
    """
    spaced = False
    for word in _split_spaces(text):
        if word.isspace():
            spaced = True
            continue
        for part in _unspaced_parts(word) if has_unspaced(word) else [word]:
            yield part, spaced
            spaced = False


def _split_spaces(text: str) -> Iterator[str]:
    start = 0
    for i in range(1, len(text) + 1):
        if i == len(text) or _breaks(text[i]) != _breaks(text[i - 1]):
            yield text[start:i]
            start = i


def _breaks(character: str) -> bool:
    return character.isspace() and character not in "\u00a0\u202f"


def _unspaced_parts(word: str) -> Iterator[str]:
    start = 0
    for i in range(1, len(word)):
        if may_break(word[i - 1], word[i]):
            yield word[start:i]
            start = i
    yield word[start:]


def may_break(before: str, after: str) -> bool:
    """Whether a row may end between two letters that have no space between them."""
    if after in _NEVER_FIRST or before in _NEVER_LAST or unicodedata.category(after).startswith("M"):
        return False
    return has_unspaced(before) or has_unspaced(after) or before in _WIDE_MARKS


class Flow:
    """Sets words in rows of at most `columns` cells; None for no limit. `begin` opens a paragraph, `end` closes it.

    wraps: the rows are the terminal's own, so that it may break an address that is too long for one, and still knows
    it as one address to be followed or copied.
    """

    def __init__(self, write: Write, columns: int | None, *, wraps: bool = False) -> None:
        self._write = write
        self._columns = columns
        self._wraps = wraps
        self._hang = 0
        self._used = 0
        self._empty = True  # nothing but the beginning is on this row

    def begin(self, lead: str = "", *, indent: int = 0, style: str = "") -> None:
        """Open a row with `lead`; the paragraph's further rows begin where it ends."""
        self._hang = indent + width(lead)
        if self._columns is not None and self._hang > self._columns // 2:
            self._hang = 0
        self._used = indent + width(lead)
        self._empty = True
        if indent or lead:
            self._write(" " * indent, "")
            self._write(lead, style)

    def put(self, text: str, style: str = "", *, spaced: bool = False) -> None:
        """Add text to the row, going on to the next one where need be. spaced: a space stands before it."""
        for atom, gap in atoms(text):
            self._place(atom, (gap or spaced) and not self._empty, style)
            spaced = False

    def put_as_it_is(self, text: str, style: str = "") -> None:
        """Add text with all its spaces, in rows where it is too long for one."""
        if self._columns is not None and self._used + width(text) > self._columns:
            self.put(text, style)
        else:
            self._write(text, style)
            self._used += width(text)
            self._empty = False

    def end(self) -> None:
        """Close the row."""
        self._write("\n", "")
        self._used, self._hang, self._empty = 0, 0, True

    def _place(self, atom: str, spaced: bool, style: str) -> None:
        needed = width(atom)
        if self._columns is not None and self._used + spaced + needed > self._columns:
            if not self._empty:
                self._next_row()
            if self._wraps and _ADDRESS.match(atom) and needed > self._columns - self._used:
                self._write(atom, style)
                self._used, self._empty = self._columns, False
                return
            while (head := _fitting(atom, self._columns - self._used)) != atom:  # longer than a row
                self._write(head, style)
                self._next_row()
                atom = atom[len(head) :]
            spaced, needed = False, width(atom)
        if spaced:
            self._write(" ", "")
        self._write(atom, style)
        self._used += spaced + needed
        self._empty = False

    def _next_row(self) -> None:
        self._write("\n", "")
        self._write(" " * self._hang, "")
        self._used, self._empty = self._hang, True


def _fitting(text: str, columns: int) -> str:
    used = 0
    for i, character in enumerate(text):
        used += width(character)
        if used > columns and i:
            return text[:i]
    return text


def crop(text: str, columns: int) -> str:
    """Return the beginning of `text` that fits into so many cells."""
    return text if width(text) <= columns else _fitting(text, columns - 1) + "…"


class Rows:
    """Collects what a `Flow` writes, row by row."""

    def __init__(self) -> None:
        self.rows: list[Row] = [[]]

    def __call__(self, piece: str, style: str) -> None:
        if piece == "\n":
            self.rows.append([])
        elif piece:
            self.rows[-1].append((piece, style))

    def done(self) -> list[Row]:
        """Return the rows without empty ones at the end."""
        while self.rows and not self.rows[-1]:
            self.rows.pop()
        return self.rows


@dataclass(frozen=True, slots=True)
class Columns:
    """Where each of several columns begins, and how wide each is, in cells."""

    starts: tuple[int, ...]
    size: int

    @classmethod
    def fitting(cls, count: int, columns: int | None, *, least: int = 24, gap: int = 3) -> Columns | None:
        """Share the width out; None where a column would be too narrow to read, or there is but one."""
        if columns is None or count < 2:
            return None
        size = (columns - gap * (count - 1)) // count
        return cls(tuple(i * (size + gap) for i in range(count)), size) if size >= least else None


def filled_to(row: Row) -> int:
    """Return where a row ends, at most."""
    return sum(width(text) for text, _ in row)


def beside(columns: Sequence[Sequence[Row]]) -> Iterator[list[Row]]:
    """Yield the rows of several columns together; a column that has ended gives empty ones."""
    for i in range(max(map(len, columns), default=0)):
        yield [column[i] if i < len(column) else [] for column in columns]
