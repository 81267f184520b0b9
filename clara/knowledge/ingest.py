"""From files to documents: which files, whether they changed, and what is stored of a record."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from clara import languages
from clara.errors import InputError, KnowledgeError
from clara.knowledge import chunking
from clara.knowledge.documents import Chunk, Document, Record
from clara.knowledge.readers import READABLE, READER_VERSION, read_records
from clara.knowledge.safety import instruction_spans

_BLOCK = 1 << 20
_ID_CHARACTERS = 80


def find_files(paths: Sequence[Path]) -> Iterator[Path]:
    """Yield the files among `paths`, and the readable, visible ones inside folders among them, sorted."""
    for path in paths:
        if path.is_dir():
            yield from sorted(p for p in path.rglob("*") if p.name.lower().endswith(READABLE) and _is_visible(p, path))
        else:
            yield path


def _is_visible(path: Path, folder: Path) -> bool:
    return path.is_file() and not any(part.startswith((".", "~$")) for part in path.relative_to(folder).parts)


def content_hash(path: Path, language: str | None = None) -> str:
    """Return the hash that decides whether a file is read again: of its content, the language given, and how
    files are read and cut.

    Raises KnowledgeError.
    """
    if (name := printable(path.resolve())) != str(path.resolve()):
        raise KnowledgeError(f"{name}: the name is not UTF-8; rename it")
    digest = hashlib.sha256(f"{READER_VERSION}/{chunking.VERSION}/{language or ''}/".encode())
    try:
        with path.open("rb") as file:
            while block := file.read(_BLOCK):
                digest.update(block)
    except IsADirectoryError:
        raise KnowledgeError(f"{path}: is a folder; give the files in it") from None
    except OSError as error:
        raise KnowledgeError(f"{path}: {error.strerror or error}") from None
    return digest.hexdigest()


def printable(path: Path) -> str:
    """Return a path with a question mark for each byte that is not UTF-8."""
    return str(path).encode(errors="replace").decode()


def read_documents(path: Path, *, root: Path | None = None, language: str | None = None) -> Iterator[Document]:
    """Yield the documents of one file.

    root: given for shipped files, whose id is their path below it.
    language: overrides what the file says and detection.
    Raises KnowledgeError with the file and the reason; documents before that point have been yielded.
    """
    for record in read_records(path):
        yield make_document(record, path=path, root=root, language=language)


def make_document(record: Record, *, path: Path, root: Path | None = None, language: str | None = None) -> Document:
    """Return a record as it is stored: identified, its language found, cut into chunks, screened for instructions.

    Raises KnowledgeError where the language is unknown or nothing but headings is left.
    """
    where = f"{path}: {record.key}" if record.key else str(path)
    body = record.body
    tag = _language(record, language, where)
    identifier = path.relative_to(root).with_suffix("").as_posix() if root else _identifier(path, record.key)
    # A user's file never joins a shipped translation group: it would be quoted as what that group says.
    group = (record.group if root else f"user:{record.group}") if record.group else identifier
    title = record.title or chunking.first_heading(body) or path.stem
    chunks: list[Chunk] = []
    for number, section in enumerate(chunking.sections(body)):
        for part, (start, end) in enumerate(chunking.split(body, section.start, section.end)):
            chunks.append(
                Chunk(
                    id=f"{identifier}#{len(chunks)}",
                    ordinal=len(chunks),
                    section=section.heading if section.level > 1 else "",
                    start=start,
                    end=end,
                    text=body[start:end],
                    group=f"{group}#{number}.{part}" if record.group else f"{identifier}#{len(chunks)}",
                )
            )
    if not chunks:
        raise KnowledgeError(f"{where}: holds headings and no text")
    if root is None:
        chunks = _screened(chunks, body, title)
    return Document(
        id=identifier,
        path=str(path.resolve()),
        origin="shipped" if root else "user",
        title=title,
        language=tag,
        sources=record.sources,
        publisher=record.publisher,
        licence=record.licence,
        published=record.published,
        reviewed=record.reviewed,
        trust=(record.trust or "unrated") if root else "user",
        group=group,
        country=record.country,
        superseded_by=record.superseded_by,
        sha256=hashlib.sha256(f"{READER_VERSION}/{chunking.VERSION}/{tag}/{record!r}".encode()).hexdigest(),
        hidden=record.hidden,
        chunks=tuple(chunks),
    )


def _screened(chunks: Sequence[Chunk], body: str, title: str) -> list[Chunk]:
    """Flag the chunks that instruction-like spans touch. The whole body is screened, since a span may go over two
    chunks; what stands between two of them, a heading, is the later one's; the title is shown with every chunk."""
    spans = instruction_spans(body)
    everywhere = [flag.kind for flag in instruction_spans(title)]
    screened = []
    for number, chunk in enumerate(chunks):
        first = chunks[number - 1].end if number else 0
        last = chunk.end if number + 1 < len(chunks) else len(body)
        kinds = [flag.kind for flag in spans if flag.start < last and flag.end > first]
        screened.append(replace(chunk, flags=tuple(dict.fromkeys([*everywhere, *kinds]))))
    return screened


def _language(record: Record, given: str | None, where: str) -> str:
    found = given or record.language or languages.detect(record.body[:4000]).language
    try:
        tag = languages.canonical(found)
    except InputError as error:
        raise KnowledgeError(f"{where}: {error}") from None
    if tag == languages.UNKNOWN:
        raise KnowledgeError(f"{where}: cannot tell its language; name it, e.g. --lang en")
    return tag


def _identifier(path: Path, key: str) -> str:
    """Return an id that stays when the content changes: the file's name, the key, and a hash of where it lies."""
    where = hashlib.sha256(f"{path.resolve()}\n{key}".encode()).hexdigest()[:8]
    named = re.sub(r"\s+", "-", f"{path.stem}-{key}" if key else path.stem)[:_ID_CHARACTERS]
    return f"{named}-{where}"
