"""Word documents: the text that a page shows, without hidden runs, comments and tracked deletions."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from clara.errors import KnowledgeError
from clara.knowledge.documents import Record
from clara.knowledge.readers.files import needs_extra, shown
from clara.knowledge.readers.styles import WHITE, Colour, colour, same_colour
from clara.knowledge.readers.visible import Blocks, one_line

_MAX_UNPACKED = 150_000_000
_SMALLEST = 4  # half points
_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_MC = "{http://schemas.openxmlformats.org/markup-compatibility/2006}"
_RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_CORE = "http://schemas.openxmlformats.org/package/2006/relationships/metadata/core-properties"
_OFF = ("0", "false", "off", "none")
_INSIDE = frozenset(
    _W + name
    for name in "body document ins moveTo hyperlink smartTag sdt sdtContent fldSimple customXml bdo dir".split()
)
_REMOVED = frozenset(_W + name for name in ("del", "moveFrom"))


def read(path: Path) -> Iterator[Record]:
    """Yield a Word document as one record. Raises KnowledgeError for damaged and encrypted files and for zip bombs."""
    try:
        import docx
    except ImportError:
        raise needs_extra(path, "Word documents") from None
    from docx.opc.exceptions import OpcError

    try:
        with zipfile.ZipFile(path) as archive:
            parts = archive.infolist()
        if any(part.flag_bits & 1 for part in parts):
            raise KnowledgeError(f"{path}: encrypted with a password; save a copy without one")
        if sum(part.file_size for part in parts) > _MAX_UNPACKED:
            raise KnowledgeError(f"{path}: unpacks to more than {_MAX_UNPACKED // 1_000_000} MB; split it")
        document = docx.Document(str(path))
        if document.element.body is None:
            raise KeyError("body")
        properties, notes = _properties(document), _notes(document)
    # What zipfile, python-docx and lxml (SyntaxError) raise for parts that are missing, cut short or of another form.
    except (zipfile.BadZipFile, zlib.error, OpcError, SyntaxError, LookupError, ValueError, AttributeError, EOFError):
        raise KnowledgeError(f"{path}: a damaged Word document; open it in Word, repair it and save it again") from None
    except NotImplementedError as error:
        raise KnowledgeError(f"{path}: packed in an unusual way ({shown(error)}); save it again in Word") from None
    body, hidden = _Reading(document).read(notes)
    yield replace(properties, body=body, hidden=hidden)


def _properties(document: Any) -> Record:
    """Return what the document says of itself; python-docx makes properties up where there are none."""
    if not any(rel.reltype == _CORE for rel in document.part.package.rels.values()):
        return Record(body="")
    core = document.core_properties
    return Record(
        body="",
        title=one_line(core.title or ""),
        language=one_line(core.language or "", 40),
        publisher=one_line(core.author or ""),
        published=core.created.date().isoformat() if core.created else "",
    )


def _notes(document: Any) -> list[Any]:
    """Return the footnotes and endnotes, which stand at the foot of pages, as elements."""
    from docx.oxml.parser import parse_xml

    parts = [
        rel.target_part
        for rel in document.part.rels.values()
        if rel.reltype in (f"{_RELATIONS}/footnotes", f"{_RELATIONS}/endnotes")
    ]
    notes = [note for part in parts for note in parse_xml(part.blob)]
    return [note for note in notes if note.get(f"{_W}type") in (None, "normal")]  # others are the lines above them


class _Reading:
    """Walks a document's XML, which says more than python-docx's objects do."""

    def __init__(self, document: Any) -> None:
        self._body = document.element.body
        self._styles = {style.style_id: style for style in document.styles}
        self._default = document.styles.element.find(f"{_W}docDefaults/{_W}rPrDefault/{_W}rPr")
        ground = document.element.find(f"{_W}background")
        self._paper = WHITE if ground is None else colour("#" + (ground.get(f"{_W}color") or "")) or WHITE
        self._blocks = Blocks()

    def read(self, notes: list[Any]) -> tuple[str, int]:
        """Return the text as Markdown, `notes` after the rest, and the count of hidden characters."""
        for part in (self._body, *notes):
            self._parts(part, self._paper)
        return self._blocks.markdown()

    def _parts(self, parent: Any, ground: Colour | None) -> None:
        for part in parent:
            if part.tag == f"{_W}p":
                self._paragraph(part, ground)
            elif part.tag == f"{_W}tbl":
                self._table(part, ground)
            elif part.tag in _REMOVED:
                self._hide(part)
            elif part.tag in _INSIDE:
                self._parts(part, ground)

    def _table(self, table: Any, ground: Colour | None) -> None:
        nested = self._blocks.in_row
        for row in table.iter(f"{_W}tr"):
            if next(row.iterancestors(f"{_W}tbl")) is not table:
                continue
            if _is_on(row, "trPr/hidden") or row.find(f"{_W}trPr/{_W}del") is not None:
                self._hide(row)
                continue
            if not nested:
                self._blocks.start_row()
            for cell in row.iter(f"{_W}tc"):
                if next(cell.iterancestors(f"{_W}tr")) is row:
                    self._parts(cell, _shade(cell.find(f"{_W}tcPr"), ground))
                    self._blocks.write(" ")
                    if not nested:
                        self._blocks.end_cell()
            if not nested:
                self._blocks.end_row()

    def _paragraph(self, paragraph: Any, ground: Colour | None) -> None:
        properties = paragraph.find(f"{_W}pPr")
        style = self._styles.get(_value(properties, "pStyle") or "")
        kind, level = self._kind(properties, style)
        self._blocks.start(kind, level)
        self._inline(paragraph, style, _shade(properties, ground))
        self._blocks.start("paragraph")
        # A text box hangs on a paragraph and stands beside it.
        for box in paragraph.iter(f"{_W}txbxContent"):
            copy = next(box.iterancestors(f"{_MC}Fallback"), None)  # for programs that do not know the other form
            if copy is None and next(box.iterancestors(f"{_W}p")) is paragraph:
                self._parts(box, self._paper)

    def _kind(self, properties: Any, style: Any) -> tuple[str, int]:
        numbered = properties is not None and properties.find(f"{_W}numPr") is not None
        outline = _value(properties, "outlineLvl")
        for level in _lineage(style):
            name = (level.name or "").lower()
            if name.startswith("heading ") and name[8:9].isdigit():
                return "heading", min(int(name[8:9]), 6)
            if name == "title":
                return "heading", 1
            numbered = numbered or name.startswith("list ")
            outline = outline or _value(level.element.find(f"{_W}pPr"), "outlineLvl")
        if outline and outline.isdigit() and int(outline) < 6:
            return "heading", int(outline) + 1
        return ("item", 0) if numbered else ("paragraph", 0)

    def _inline(self, parent: Any, style: Any, ground: Colour | None) -> None:
        for part in parent:
            if part.tag == f"{_W}r":
                self._run(part, style, ground)
            elif part.tag in _REMOVED:
                self._hide(part)
            elif part.tag in _INSIDE:
                self._inline(part, style, ground)

    def _run(self, run: Any, style: Any, ground: Colour | None) -> None:
        properties = run.find(f"{_W}rPr")
        text = "".join(_text(part) for part in run)
        if not text:
            return
        levels = [
            properties,
            *self._style_levels(_value(properties, "rStyle")),
            *self._style_levels(style),
            self._default,
        ]
        if _is_unseen(levels, _shade(properties, ground)):
            self._blocks.hidden += len("".join(text.split()))
            return
        raised = _first(levels, "vertAlign") == "superscript"
        if raised and text.strip("+-\u2212").isdigit() and self._blocks.last.isdigit():
            text = "^" + text  # 10 to the sixth is not 106
        self._blocks.write(text)

    def _style_levels(self, style: Any) -> Iterator[Any]:
        """Yield the run properties of a style, given as itself or its id, and of those it is based on."""
        for level in _lineage(self._styles.get(style) if isinstance(style, str) else style):
            yield level.element.find(f"{_W}rPr")

    def _hide(self, part: Any) -> None:
        for text in part.iter(f"{_W}t", f"{_W}delText"):
            self._blocks.hidden += len("".join((text.text or "").split()))


def _lineage(style: Any) -> Iterator[Any]:
    """Yield a style and those it is based on; a damaged document may base one on itself."""
    for _ in range(20):
        if style is None:
            return
        yield style
        style = style.base_style


def _text(part: Any) -> str:
    if part.tag == f"{_W}t":
        return part.text or ""
    return {f"{_W}tab": "\t", f"{_W}br": "\n", f"{_W}cr": "\n", f"{_W}noBreakHyphen": "-"}.get(part.tag, "")


def _value(properties: Any, name: str) -> str | None:
    found = None if properties is None else properties.find(f"{_W}{name}")
    return None if found is None else found.get(f"{_W}val")


def _is_on(parent: Any, way: str) -> bool:
    """Whether a switch such as <w:vanish/> is there and not turned off."""
    found = parent.find("/".join(f"{_W}{name}" for name in way.split("/")))
    return found is not None and (found.get(f"{_W}val") or "on").lower() not in _OFF


def _first(levels: list[Any], name: str, attribute: str = "val") -> str | None:
    """Return what the innermost level that says something says of a property; `on` for a bare switch."""
    for properties in levels:
        found = None if properties is None else properties.find(f"{_W}{name}")
        if found is not None:
            return str(found.get(f"{_W}{attribute}") or "on")
    return None


def _is_unseen(levels: list[Any], ground: Colour | None) -> bool:
    for switch in ("vanish", "specVanish", "strike", "dstrike"):  # what is struck out no longer holds
        if (_first(levels, switch) or "off").lower() not in _OFF:
            return True
    size = _first(levels, "sz") or "24"
    if size.isdigit() and int(size) < _SMALLEST:
        return True
    ink = _first(levels, "color") or "auto"
    if (_first(levels, "color", "themeColor") or "").startswith(("background1", "light1")):
        ink = "FFFFFF"
    return ink != "auto" and same_colour(colour("#" + ink), ground)  # "auto" turns white on dark paper


def _shade(properties: Any, ground: Colour | None) -> Colour | None:
    """Return the colour behind text with these properties: highlighting, shading, or else what lies behind."""
    marked = _value(properties, "highlight")
    if marked and marked.lower() != "none":
        return colour(marked)
    shading = None if properties is None else properties.find(f"{_W}shd")
    fill = None if shading is None else shading.get(f"{_W}fill")
    return colour("#" + fill) if fill and fill.lower() != "auto" else ground
