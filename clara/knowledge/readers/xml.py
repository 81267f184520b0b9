"""XML collections: MedlinePlus health topics and MediaWiki dumps, told apart by their root, read piece by piece."""

from __future__ import annotations

import bz2
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, NoReturn, cast
from xml.parsers import expat

from clara.errors import KnowledgeError
from clara.knowledge.documents import Record
from clara.knowledge.readers.files import MAX_FIELD, shown

_PIECE = 1 << 16


@dataclass(slots=True)
class Element:
    """An element with all that is in it. `text` is what stands directly in it."""

    name: str
    attributes: dict[str, str]
    text: str = ""
    children: list[Element] = field(default_factory=list)

    def first(self, name: str) -> Element | None:
        """Return the first child of that name."""
        return next((child for child in self.children if child.name == name), None)

    def text_of(self, name: str) -> str:
        """Return the text of the first child of that name, stripped; empty where there is none."""
        child = self.first(name)
        return child.text.strip() if child else ""


def read(path: Path) -> Iterator[Record]:
    """Yield the topics or pages of a MedlinePlus file or a MediaWiki dump, plain or bzip2. Raises KnowledgeError."""
    from clara.knowledge.readers import mediawiki, medlineplus

    readers = {"health-topics": medlineplus.topics, "mediawiki": mediawiki.pages}
    with _opened(path) as file:
        parts = elements(path, file)
        root = next(parts)
        reader = readers.get(root.name)
        if reader is None:
            raise KnowledgeError(
                f"{path}: XML of another kind (<{shown(root.name)}>); "
                "readable are MedlinePlus health topics and MediaWiki dumps; convert it to .html or .txt"
            )
        yield from reader(path, root, parts)


def _opened(path: Path) -> IO[bytes]:
    return cast(IO[bytes], bz2.open(path)) if path.name.lower().endswith(".bz2") else path.open("rb")


def elements(path: Path, file: IO[bytes]) -> Iterator[Element]:
    """Yield the root, still without what is in it, then each element directly in it, whole; hold one at a time.

    Of several revisions of a page the last is kept. Entities that the file declares are refused, and nothing is
    fetched. Raises KnowledgeError with the line for broken XML and for fields over MAX_FIELD characters.
    """
    tree = _Tree(path)
    fed = 0
    while True:
        try:
            piece = file.read(_PIECE)
        except (EOFError, OSError) as error:
            raise KnowledgeError(f"{path}: damaged bzip2 data ({error}); get the file again") from None
        fed += len(piece)
        failure = None
        try:
            tree.feed(piece, fed)
        except KnowledgeError as error:
            failure = error
        yield from tree.taken()  # what was whole before it broke
        if failure:
            raise failure
        if not piece:
            return


class _Tree:
    """Builds elements from a stream and lets go of them."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._open: list[Element] = []
        self._sizes: list[int] = []
        self._pieces: list[list[str]] = []
        self._ready: list[Element] = []
        self._parser = parser = expat.ParserCreate()
        parser.buffer_text = True
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._characters
        parser.EntityDeclHandler = self._entity
        parser.SkippedEntityHandler = self._unknown_entity

    def feed(self, piece: bytes, fed: int) -> None:
        """Parse `piece`, the end of `fed` bytes so far; empty at the end of the file."""
        try:
            self._parser.Parse(piece, not piece)
        except expat.ExpatError as error:
            reason = expat.ErrorString(error.code) or "not well-formed"
            raise KnowledgeError(
                f"{self._path}: line {error.lineno}: not well-formed XML ({reason}); get the file again or correct it"
            ) from None
        except (LookupError, ValueError) as error:
            raise KnowledgeError(f"{self._path}: cannot be decoded ({shown(error)}); save it as UTF-8") from None
        if fed - self._parser.CurrentByteIndex > 4 * MAX_FIELD:  # one tag or comment that does not end
            self._too_long()

    def taken(self) -> list[Element]:
        """Return the elements that are complete, and forget them."""
        ready, self._ready = self._ready, []
        return ready

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        element = Element(name, attributes)
        if not self._open:
            self._ready.append(element)
        elif len(self._open) > 1:
            siblings = self._open[-1].children
            if name == "revision" and siblings and siblings[-1].name == name:
                siblings.pop()
            siblings.append(element)
        if len(self._open) > 200:
            self._fail("its elements lie too deep inside each other")
        self._open.append(element)
        self._sizes.append(0)
        self._pieces.append([])

    def _end(self, _: str) -> None:
        element = self._open.pop()
        self._sizes.pop()
        element.text = "".join(self._pieces.pop())
        if len(self._open) == 1:
            self._ready.append(element)

    def _characters(self, text: str) -> None:
        if len(self._open) > 1:  # between the pieces there is only space
            self._sizes[-1] += len(text)
            if self._sizes[-1] > MAX_FIELD:
                self._too_long()
            self._pieces[-1].append(text)

    def _entity(self, name: str, *_: object) -> None:
        self._fail(f"declares the entity {shown(name)}, which is not read for safety")

    def _unknown_entity(self, name: str, is_parameter: bool) -> None:
        if not is_parameter:
            self._fail(f"uses the unknown entity {shown(name)}")

    def _too_long(self) -> NoReturn:
        self._fail(f"a field is longer than {MAX_FIELD // 1_000_000} million characters")

    def _fail(self, reason: str) -> NoReturn:
        line = self._parser.CurrentLineNumber
        raise KnowledgeError(f"{self._path}: line {line}: {reason}; correct it or leave the file out")
