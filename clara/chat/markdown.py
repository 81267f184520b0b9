"""Markdown as it arrives: each word is set once nothing that may still come can change how it looks.

Blocks are read line by line (headings, lists, quotes, code, tables); what stands inside a line is read by
markdown-it. A line end is a line end, as answers mean it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from markdown_it import MarkdownIt

from clara.chat.layout import Flow, Row, Rows, may_break, width

_HEADING = re.compile(r" {0,3}#{1,6}[ \t]+")
_ITEM = re.compile(r"( *)(?:([-*+•])|(\d{1,3}[.)]))[ \t]+")
_QUOTE = re.compile(r" {0,3}>[ \t]?")
_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})[^`\n]*$")
_RULE = re.compile(r" {0,3}([-*_])(?:[ \t]*\1){2,}[ \t]*$")
_ROW = re.compile(r" {0,3}\|")
_WHOLE_LINE = re.compile(r" {0,3}(?:\||`{3}|~{3}|([-*_])(?:[ \t]*\1)+[ \t]*$)")
_UNDECIDED = re.compile(r" *(?:#{0,6}|[-*+•_ ]*|\d{0,3}[.)]?|>|`{0,3}|~{0,3})[ \t]*$")
_ESCAPED = "\\"
_MARKED = re.compile(r"[*_`\[\]\\&!<]")
_LONGEST = 2000  # characters that wait for the end of one emphasis


class Markdown:
    """Reads Markdown piece by piece and sets it with a `Flow`."""

    def __init__(self, flow: Flow, columns: int | None) -> None:
        self._flow = flow
        self._columns = columns
        self._rest = ""
        self._begun = False  # the row is open
        self._style = ""
        self._fence = ""
        self._table: list[str] = []
        self._blank = False
        self._any = False
        self._gap = False

    def feed(self, piece: str) -> None:
        """Take what comes next. A piece ends where a word may end: sentences do."""
        self._rest += piece.replace("\t", "    ")
        self._go(last=False)

    def finish(self) -> None:
        """Set what is left, and close the last row."""
        self._go(last=True)
        self._close_table()
        self._end_row()

    def _go(self, *, last: bool) -> None:
        while self._rest:
            before = (self._rest, self._begun)
            if self._begun:
                self._inside(last)
            else:
                self._line_start(last)
            if (self._rest, self._begun) == before:
                return

    def _line_start(self, last: bool) -> None:
        line, newline, after = self._rest.partition("\n")
        whole = bool(newline) or last
        if self._fence or _WHOLE_LINE.match(line):
            if whole:
                self._rest = after
                self._whole_line(line)
            return
        if not line.strip():
            if newline:
                self._close_table()
                self._rest, self._blank = after, True
            elif last:
                self._rest = ""
            return
        if _UNDECIDED.match(line) and not whole:
            return
        self._close_table()
        self._open_row(line)

    def _whole_line(self, line: str) -> None:
        if self._fence:
            if line.strip().startswith(self._fence) and not line.strip().strip(self._fence[0]):
                self._fence = ""
            else:
                self._set_line(line, "code")
        elif _ROW.match(line):
            self._table.append(line.strip())
        elif fence := _FENCE.match(line):
            self._close_table()
            self._fence = fence[1]
        elif _RULE.match(line):
            self._close_table()
            self._blank = True
        else:
            self._close_table()
            self._rest = f"{line}\n{self._rest}"
            self._open_row(line)

    def _open_row(self, line: str) -> None:
        lead, indent, self._style = "", 0, ""
        taken = 0
        if mark := _HEADING.match(line):
            taken, self._style = mark.end(), "heading"
        elif mark := _QUOTE.match(line):
            taken, indent = mark.end(), 2
        elif mark := _ITEM.match(line):
            taken, indent = mark.end(), min(len(mark[1]), 8)
            lead = "- " if mark[2] else f"{mark[3]} "
        else:  # further lines of an item stand under it
            taken = len(line) - len(line.lstrip())
            indent = min(taken, 8)
        self._space_before()
        self._flow.begin(lead, indent=indent)
        self._rest = self._rest[taken:]
        self._begun, self._gap = True, False

    def _space_before(self) -> None:
        if self._blank and self._any:
            self._flow.end()
        self._blank, self._any = False, True

    def _set_line(self, line: str, style: str) -> None:
        self._space_before()
        self._flow.begin(indent=2)
        self._flow.put_as_it_is(line.rstrip(), style)
        self._flow.end()

    def _end_row(self) -> None:
        if self._begun:
            self._flow.end()
        self._begun = self._gap = False

    def _inside(self, last: bool) -> None:
        """Set the next words of an open row, or end it."""
        if self._rest[0] == "\n":
            self._rest = self._rest[1:]
            self._end_row()
            return
        if self._rest[0] == " ":
            self._rest, self._gap = self._rest.lstrip(" "), True
            return
        end = _unit_end(self._rest, last)
        if end is None:
            return
        unit, self._rest = self._rest[:end], self._rest[end:]
        for text, style in inline(unit):
            self._flow.put(text, " ".join(filter(None, (self._style, style))), spaced=self._gap)
            self._gap = False

    def _close_table(self) -> None:
        if not self._table:
            return
        cells = [[cell.strip() for cell in row.strip("|").split("|")] for row in self._table]
        self._table = []
        body = [row for row in cells if not all(re.fullmatch(r":?-+:?", cell) for cell in row)]
        if not body:
            return
        self._space_before()
        for row in _table(body, self._columns):
            for text, style in row:
                self._flow.put_as_it_is(text, style)
            self._flow.end()


def inline(text: str) -> Iterator[tuple[str, str]]:
    """Yield what stands inside a line as pieces with a style: "bold", "italic", "code", "link", or none.

    A link shows its address, so that nobody follows one that he has not read.
    """
    if not _MARKED.search(text):
        yield text, ""
        return
    styles: list[str] = []
    links: list[str] = []
    for token in _reader().parseInline(text)[0].children or ():
        if token.type in ("strong_open", "em_open"):
            styles.append("bold" if token.type == "strong_open" else "italic")
        elif token.type in ("strong_close", "em_close"):
            styles.pop()
        elif token.type == "link_open":
            links.append(str(token.attrs.get("href", "")))
        elif token.type == "link_close":
            yield f" ({links.pop()})", "link"
        elif token.type == "image":
            yield token.content, " ".join(styles)
        elif token.content:
            yield token.content, "code" if token.type == "code_inline" else " ".join(styles)


@lru_cache(maxsize=1)
def _reader() -> MarkdownIt:
    return MarkdownIt("commonmark", {"html": False}).disable("html_inline")


def _unit_end(text: str, last: bool) -> int | None:
    """Return where the first words end that are complete: no emphasis, code or link is open after them.

    None while that may still come on this line.
    """
    opened: list[str] = []
    i, end_of_line = 0, text.find("\n")
    stop = len(text) if end_of_line < 0 else end_of_line
    while i < stop:
        character = text[i]
        if not opened and i and (character.isspace() or may_break(text[i - 1], character)):
            return i
        if character == _ESCAPED:
            i += 2
            continue
        run = len(text[i:stop]) - len(text[i:stop].lstrip(character)) if character in "*_`" else 1
        if character in "*_`":
            _mark(opened, text, i, run)
        elif character == "[" and not (opened and opened[-1][0] == "`"):  # in code nothing else opens
            opened.append("[")
        elif character == "]" and opened and opened[-1] == "[":
            opened.pop()
            if text[i + 1 : i + 2] == "(":
                opened.append("(")
        elif character == ")" and opened and opened[-1] == "(":
            opened.pop()
        i += run
    if end_of_line >= 0 or last or not opened or stop > _LONGEST:
        return stop
    return None


def _mark(opened: list[str], text: str, at: int, run: int) -> None:
    """Note that a run of marks opens or closes something."""
    mark = text[at : at + run]
    before, after = text[at - 1 : at] if at else " ", text[at + run : at + run + 1]
    if opened and opened[-1] == mark:
        opened.pop()
    elif opened and opened[-1].startswith("`"):
        return
    elif mark[0] == "`" or (after and not after.isspace() and not (mark[0] == "_" and before.isalnum())):
        opened.append(mark)


def _table(body: list[list[str]], columns: int | None) -> list[Row]:
    """Return a table's rows: in columns where they fit, else each row as `heading: cell` lines."""
    count = max(map(len, body))
    body = [row + [""] * (count - len(row)) for row in body]
    plain = [["".join(text for text, _ in inline(cell)) for cell in row] for row in body]
    sizes = [max(width(row[i]) for row in plain) for i in range(count)]
    if columns is not None and sum(sizes) + 2 * (count - 1) <= columns:
        return [
            [(cell + " " * (sizes[i] - width(cell) + 2 * (i < count - 1)), "heading" if n == 0 else "")
             for i, cell in enumerate(row)]
            for n, row in enumerate(plain)
        ]  # fmt: skip
    head, *rest = plain
    collected = Rows()
    flow = Flow(collected, columns)
    for row in rest or [head]:
        for name, cell in zip(head, row, strict=True):
            flow.begin()
            flow.put(f"{name}: {cell}" if rest else cell)
            flow.end()
    return collected.done()
