"""PDF: the text that a page shows, told from what is painted so that nobody sees it."""

from __future__ import annotations

import ctypes
import math
import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from clara.errors import KnowledgeError
from clara.knowledge.documents import Record
from clara.knowledge.readers.files import needs_extra
from clara.knowledge.readers.lines import Line, paragraphs
from clara.knowledge.readers.styles import WHITE, Colour, same_colour
from clara.knowledge.readers.visible import one_line

Box = tuple[float, float, float, float]
"""Left, bottom, right and top, in points."""

_ONE_AT_A_TIME = threading.Lock()  # PDFium is not safe for threads
_SMALLEST_PT = 2.0
_INVISIBLE_MODES = (3, 7)  # neither filled nor stroked
_STROKED = 1
_PASSWORD = 4  # FPDF_ERR_PASSWORD
_FILLS_PAGE = 0.8
_FEW_COLOURS = 1000
_HYPHEN = 2  # what PDFium gives for a hyphen at a line's end
_MAX_NESTED = 8
_DATE = re.compile(r"D:(\d{4})(\d{2})?(\d{2})?")
_PROGRAM_NAMES = re.compile(
    r"^(?:Microsoft (?:Word|PowerPoint) - )|\.(?:docx?|pptx?|indd|pdf)$|^untitled$", re.IGNORECASE
)


class _Paints:
    """What is painted on a page under its text: places, colours (None where one cannot be told), and when."""

    def __init__(self) -> None:
        self.boxes: list[Box] = []
        self.colours: list[Colour | None] = []
        self.orders: list[int] = []
        self.pictures: list[Box] = []
        self._near: dict[Colour | None, bool] = {}

    def add(self, box: Box, colour: Colour | None, order: int, *, picture: bool) -> None:
        """Note one."""
        self.boxes.append(box)
        self.colours.append(colour)
        self.orders.append(order)
        if picture:
            self.pictures.append(box)

    def hides(self, colour: Colour | None) -> bool:
        """Whether paper or paint has nearly this colour, so that text in it may be unseen."""
        if colour not in self._near:
            few = len(self._grounds) <= _FEW_COLOURS
            self._near[colour] = not few or any(same_colour(colour, ground) for ground in self._grounds)
        return self._near[colour]

    @cached_property
    def _grounds(self) -> set[Colour | None]:
        return {WHITE, *self.colours}

    @cached_property
    def _table(self) -> Any:
        import numpy as np

        return np.array([(*box, order) for box, order in zip(self.boxes, self.orders, strict=True)]).reshape(-1, 5).T

    def behind(self, x: float, y: float, order: int) -> Colour | None:
        """Return the colour at a point at the time of a text; None where it is not known."""
        left, bottom, right, top, orders = self._table
        under = ((left <= x) & (x <= right) & (bottom <= y) & (y <= top) & (orders < order)).nonzero()[0]
        return self.colours[under[-1]] if len(under) else WHITE


@dataclass(frozen=True, slots=True)
class _Ink:
    """How a text object is written: its rendering mode, its colour, whether it is seen through, its size in points."""

    mode: int
    colour: Colour | None
    transparent: bool
    size: float
    order: int
    doubtful: bool
    """Whether there is paper or paint of nearly its colour."""


@dataclass(slots=True)
class _Page:
    """What was found on one page. `unmapped` counts glyphs whose font does not say which letter they are."""

    lines: list[Line]
    glyphs: int = 0
    hidden: int = 0
    unmapped: int = 0
    has_picture: bool = False


def read(path: Path) -> Iterator[Record]:
    """Yield a PDF as one record, its lines joined to paragraphs, running headers and footers left out.

    Raises KnowledgeError for encrypted and damaged files, for scans, and for fonts that hold no letters.
    """
    try:
        import pypdfium2
    except ImportError:
        raise needs_extra(path, "PDF") from None
    with _ONE_AT_A_TIME:
        try:
            document = pypdfium2.PdfDocument(path)
        except pypdfium2.PdfiumError as error:
            if getattr(error, "err_code", None) == _PASSWORD:
                raise KnowledgeError(f"{path}: encrypted with a password; save a copy without one") from None
            raise KnowledgeError(f"{path}: a damaged PDF that cannot be opened; get the file again") from None
        try:
            meta = document.get_metadata_dict()
            pages = [_read_page(path, document, number) for number in range(len(document))]
        finally:
            document.close()
    if not any(page.glyphs for page in pages) and any(page.has_picture for page in pages):
        raise KnowledgeError(f"{path}: a scan without text; run text recognition (OCR) on it and add the result")
    if sum(page.unmapped for page in pages) > 0.3 * sum(page.glyphs for page in pages):
        raise KnowledgeError(
            f"{path}: its fonts do not say which letters they show; run text recognition (OCR) on it and add the result"
        )
    body, unseen = paragraphs([page.lines for page in pages])
    date = _DATE.match(meta.get("CreationDate", ""))
    yield Record(
        body=body,
        title=one_line(_PROGRAM_NAMES.sub("", meta.get("Title", "").strip())),
        published="-".join(part for part in date.groups() if part) if date else "",
        hidden=unseen + sum(page.hidden for page in pages),
    )


def _read_page(path: Path, document: Any, number: int) -> _Page:
    import pypdfium2

    try:
        page = document[number]
        try:
            text = page.get_textpage()
            try:
                return _Reading(page, text).read()
            finally:
                text.close()
        finally:
            page.close()
    except pypdfium2.PdfiumError:
        raise KnowledgeError(f"{path}: page {number + 1} is damaged; get the file again") from None


class _Reading:
    """Reads one page, glyph by glyph, in the order in which PDFium puts them."""

    def __init__(self, page: Any, text: Any) -> None:
        import pypdfium2
        import pypdfium2.raw as pdfium

        self._pdfium, self._text = pdfium, text
        edges = pdfium.FS_RECTF()  # of what is shown; boxes may be inherited from the document
        if not pdfium.FPDF_GetPageBoundingBox(page, edges):
            raise pypdfium2.PdfiumError("no page size")
        self._edges: Box = (edges.left, edges.bottom, edges.right, edges.top)
        self._rotation = page.get_rotation()
        self._paints = _Paints()
        self._order: dict[int, int] = {}  # of text objects, by address
        self._inks: dict[int, _Ink] = {}
        for index in range(pdfium.FPDFPage_CountObjects(page)):
            self._note(pdfium.FPDFPage_GetObject(page, index), (1.0, 0.0, 0.0, 1.0, 0.0, 0.0), 0)

    def read(self) -> _Page:
        """Return the page's lines and counts."""
        left, bottom, right, top = self._edges
        area = (right - left) * (top - bottom)
        found = _Page(lines=[], has_picture=None in self._paints.colours)
        glyphs = list(self._glyphs())
        # A scan's text layer is written invisibly over the picture of the same words.
        scan = all(ink.mode in _INVISIBLE_MODES for _, _, ink in glyphs if ink) and any(
            (min(box[2], right) - max(box[0], left)) * (min(box[3], top) - max(box[1], bottom)) >= _FILLS_PAGE * area
            for box in self._paints.pictures
        )
        line = _LineMaker()
        for code, box, ink in glyphs:
            if ink is None:  # a space or a line's end that PDFium put there
                line.gap(found.lines, code)
                continue
            found.glyphs += code > 32
            if not (scan and self._inside(box)) and self._is_unseen(box, ink):
                found.hidden += code > 32
                continue
            found.unmapped += (
                code in (0, 0xFFFD) or 0xE000 <= code <= 0xF8FF or (code < 32 and code not in (2, 9, 10, 13))
            )
            line.add(found.lines, code, self._upright(box))
        line.end(found.lines)
        return found

    def _glyphs(self) -> Iterator[tuple[int, Box, _Ink | None]]:
        """Yield (character code, box, ink); no ink for what PDFium put between the glyphs."""
        pdfium, text, rectangle = self._pdfium, self._text, self._pdfium.FS_RECTF()
        box: Box = (0.0, 0.0, 0.0, 0.0)
        for index in range(text.count_chars()):
            code = pdfium.FPDFText_GetUnicode(text, index)
            item = pdfium.FPDFText_GetTextObject(text, index)
            if not item:
                yield code, box, None
                continue
            address = ctypes.addressof(item.contents)
            ink = self._inks.get(address)
            if new := ink is None:
                ink = self._inks[address] = self._ink(item, index, address)
            pdfium.FPDFText_GetLooseCharBox(text, index, rectangle)
            left, bottom, right, top = rectangle.left, rectangle.bottom, rectangle.right, rectangle.top
            if right - left > 0.05 and top - bottom > 0.05:
                box = (left, bottom, right, top)
            elif new:  # a mark without a width, such as a vowel sign, lies where the glyph before it does
                box = (left, bottom - 0.2 * ink.size, right, bottom + 0.8 * ink.size)
            if code == _HYPHEN and not pdfium.FPDFText_IsHyphen(text, index):
                code = 0
            yield code, box, ink

    def _ink(self, item: Any, index: int, address: int) -> _Ink:
        pdfium = self._pdfium
        mode = int(pdfium.FPDFTextObj_GetTextRenderMode(item))
        red, green, blue, alpha = (ctypes.c_uint() for _ in range(4))
        ask = pdfium.FPDFText_GetStrokeColor if mode == _STROKED else pdfium.FPDFText_GetFillColor
        known = ask(self._text, index, red, green, blue, alpha)
        matrix = pdfium.FS_MATRIX()
        pdfium.FPDFText_GetMatrix(self._text, index, matrix)
        scale = max(math.hypot(matrix.a, matrix.b), math.hypot(matrix.c, matrix.d))
        colour = (red.value, green.value, blue.value) if known else None
        return _Ink(
            mode=mode,
            colour=colour,
            transparent=bool(known) and alpha.value < 13,
            size=scale * abs(pdfium.FPDFText_GetFontSize(self._text, index)),
            order=self._order.get(address, 0),
            doubtful=self._paints.hides(colour),
        )

    def _note(self, item: Any, matrix: tuple[float, ...], depth: int) -> None:
        """Note what a page object paints, and before which texts."""
        pdfium = self._pdfium
        kind = pdfium.FPDFPageObj_GetType(item)
        order = len(self._paints.orders) + len(self._order)
        if kind == pdfium.FPDF_PAGEOBJ_TEXT:
            self._order[ctypes.addressof(item.contents)] = order
        elif kind == pdfium.FPDF_PAGEOBJ_FORM and depth < _MAX_NESTED:
            inner = _times(self._matrix(item), matrix)
            for index in range(pdfium.FPDFFormObj_CountObjects(item)):
                self._note(pdfium.FPDFFormObj_GetObject(item, index), inner, depth + 1)
        elif kind in (pdfium.FPDF_PAGEOBJ_PATH, pdfium.FPDF_PAGEOBJ_IMAGE, pdfium.FPDF_PAGEOBJ_SHADING):
            painted, colour = self._painted(item, kind)
            edges = [ctypes.c_float() for _ in range(4)]
            if painted and pdfium.FPDFPageObj_GetBounds(item, *edges):
                left, bottom, right, top = (edge.value for edge in edges)
                corners = [_moved(x, y, matrix) for x in (left, right) for y in (bottom, top)]
                xs, ys = [x for x, _ in corners], [y for _, y in corners]
                if min(max(xs) - min(xs), max(ys) - min(ys)) >= _SMALLEST_PT:  # no rule between the rows of a table
                    box = (min(xs), min(ys), max(xs), max(ys))
                    self._paints.add(box, colour, order, picture=kind == pdfium.FPDF_PAGEOBJ_IMAGE)

    def _painted(self, item: Any, kind: int) -> tuple[bool, Colour | None]:
        pdfium = self._pdfium
        if kind != pdfium.FPDF_PAGEOBJ_PATH:
            return True, None
        fill, stroke = ctypes.c_int(), ctypes.c_int()
        red, green, blue, alpha = (ctypes.c_uint() for _ in range(4))
        if not pdfium.FPDFPath_GetDrawMode(item, fill, stroke) or not fill.value:
            return False, None
        if not pdfium.FPDFPageObj_GetFillColor(item, red, green, blue, alpha):
            return True, None
        # Of other shapes than rectangles it is not known where inside their bounds they have colour.
        rectangle = pdfium.FPDFPath_CountSegments(item) <= 5
        return alpha.value > 127, (red.value, green.value, blue.value) if rectangle else None

    def _matrix(self, item: Any) -> tuple[float, ...]:
        found = self._pdfium.FS_MATRIX()
        self._pdfium.FPDFPageObj_GetMatrix(item, found)
        return found.a, found.b, found.c, found.d, found.e, found.f

    def _inside(self, box: Box) -> bool:
        x, y = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
        left, bottom, right, top = self._edges
        return left <= x <= right and bottom <= y <= top

    def _is_unseen(self, box: Box, ink: _Ink) -> bool:
        if ink.mode in _INVISIBLE_MODES or ink.transparent or ink.size < _SMALLEST_PT or not self._inside(box):
            return True
        if not ink.doubtful:
            return False
        x, y = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
        return same_colour(ink.colour, self._paints.behind(x, y, ink.order))

    def _upright(self, box: Box) -> Box:
        """Return a box as it lies on the page when that is shown, turned by its own rotation."""
        left, bottom, right, top = box
        if self._rotation == 90:
            return bottom, -right, top, -left
        if self._rotation == 180:
            return -right, -top, -left, -bottom
        if self._rotation == 270:
            return -top, left, -bottom, right
        return box


class _LineMaker:
    """Puts glyphs into lines as they come."""

    def __init__(self) -> None:
        self._clear()

    def _clear(self) -> None:
        self._text: list[str] = []
        self._boxes: list[Box] = []

    def gap(self, lines: list[Line], code: int) -> None:
        """Take a space or a line's end that is no glyph."""
        if code in (10, 13):
            self.end(lines)
        elif self._text:
            self._text.append(" ")

    def add(self, lines: list[Line], code: int, box: Box) -> None:
        """Take a glyph; a hyphen at a line's end ends it."""
        if code == _HYPHEN:
            self._text.append("-")
            self._boxes.append(box)
            self.end(lines, hyphenated=True)
            return
        character = chr(code) if code else ""
        if character.isdigit() and self._text and self._text[-1].isdigit() and _is_raised(box, self._boxes[-1]):
            self._text.append("^")  # the 6 of ten to the sixth does not make it 106
        self._text.append(character)
        self._boxes.append(box)

    def end(self, lines: list[Line], *, hyphenated: bool = False) -> None:
        """End the line, if there is one."""
        if "".join(self._text).strip():
            heights = sorted(top - bottom for _, bottom, _, top in self._boxes)
            lines.append(
                Line(
                    text="".join(self._text).strip(),
                    left=min(box[0] for box in self._boxes),
                    bottom=min(box[1] for box in self._boxes),
                    right=max(box[2] for box in self._boxes),
                    top=max(box[3] for box in self._boxes),
                    size=heights[len(heights) // 2],
                    hyphenated=hyphenated,
                )
            )
        self._clear()


def _is_raised(box: Box, before: Box) -> bool:
    height, whole = box[3] - box[1], before[3] - before[1]
    return height < 0.85 * whole and box[1] > before[1] + 0.15 * whole


def _times(first: tuple[float, ...], second: tuple[float, ...]) -> tuple[float, ...]:
    a, b, c, d, e, f = first
    g, h, i, j, k, m = second
    return a * g + b * i, a * h + b * j, c * g + d * i, c * h + d * j, e * g + f * i + k, e * h + f * j + m


def _moved(x: float, y: float, matrix: tuple[float, ...]) -> tuple[float, float]:
    a, b, c, d, e, f = matrix
    return a * x + c * y + e, b * x + d * y + f
