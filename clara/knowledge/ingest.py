"""From files to documents and chunks."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from clara import languages
from clara.errors import InputError, KnowledgeError
from clara.text import clean

VERSION = "2"
"""Changes when reading or chunking changes, so that documents are read again."""

READABLE = (".md", ".txt")
_MAX_BYTES = 50_000_000
_CHUNK_CHARACTERS = 1200
_FRONT = re.compile(r"\A---\n(.*?)\n---\n", re.DOTALL)
_HEADING = re.compile(r"^(#{1,6})[ \t]+(.*?)(?:[ \t]+#+)?[ \t]*$", re.MULTILINE)
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Chunk:
    """A stretch of a document: characters `start` to `end` of its body."""

    id: str
    ordinal: int
    section: str
    start: int
    end: int
    text: str
    group: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """One file as it goes into the knowledge base."""

    id: str
    path: str
    origin: str
    title: str
    language: str
    sources: tuple[str, ...]
    licence: str
    reviewed: str
    trust: str
    group: str
    country: str | None
    sha256: str
    chunks: tuple[Chunk, ...]


def find_files(paths: list[Path]) -> Iterator[Path]:
    """Yield the readable files among `paths` and inside folders among them, sorted."""
    for path in paths:
        if path.is_dir():
            yield from sorted(p for p in path.rglob("*") if p.suffix.lower() in READABLE and _is_visible(p, path))
        else:
            yield path


def _is_visible(path: Path, folder: Path) -> bool:
    return path.is_file() and not any(part.startswith(".") for part in path.relative_to(folder).parts)


def content_hash(path: Path, language: str | None = None) -> str:
    """Return the hash that decides whether a file is read again: of its content, the reader and the language given.

    Raises KnowledgeError.
    """
    try:
        if path.stat().st_size > _MAX_BYTES:
            raise KnowledgeError(f"{path}: larger than {_MAX_BYTES // 1_000_000} MB; split it")
        return hashlib.sha256(f"{VERSION}/{language or ''}/".encode() + path.read_bytes()).hexdigest()
    except OSError as error:
        raise KnowledgeError(f"{path}: {error.strerror or error}") from None


def read_document(path: Path, *, root: Path | None = None, language: str | None = None) -> Document:
    """Read one Markdown or text file.

    root: given for shipped files, whose id is their path below it; other ids come from name and content.
    language: overrides the front matter's `lang` and detection.
    Raises KnowledgeError with the file and the reason.
    """
    sha256 = content_hash(path, language)
    if path.suffix.lower() not in READABLE:
        raise KnowledgeError(
            f"{path}: cannot read {path.suffix or 'this kind of'} files; readable: {', '.join(READABLE)}"
        )
    try:
        text = clean(path.read_bytes().decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise KnowledgeError(f"{path}: not UTF-8 text; convert it first") from None
    meta: Mapping[str, Any] = {}
    if front := _FRONT.match(text):
        meta, text = _front_matter(front.group(1), path), text[front.end() :]
    body = _COMMENT.sub("", text).strip("\n")
    if not body.strip():
        raise KnowledgeError(f"{path}: the file holds no text")
    found = language or str(meta.get("lang") or "") or languages.detect(body[:4000]).language
    try:
        tag = languages.canonical(found)
    except InputError as error:
        raise KnowledgeError(f"{path}: {error}") from None
    if tag == languages.UNKNOWN:
        raise KnowledgeError(f"{path}: cannot tell its language; name it, e.g. --lang en")
    identifier = path.relative_to(root).with_suffix("").as_posix() if root else f"{path.stem}-{sha256[:8]}"
    # A user's file never joins a shipped translation group: it would be quoted as what that group says.
    named = str(meta.get("group") or "")
    group = (named if root else f"user:{named}") if named else identifier
    sections = list(_sections(body))
    titles = [s.heading for s in sections if s.level == 1]
    title = str(meta.get("title") or (titles[0] if titles else path.stem))
    chunks: list[Chunk] = []
    for number, section in enumerate(s for s in sections if body[s.start : s.end].strip()):
        for part, (start, end) in enumerate(_split(body, section.start, section.end)):
            ordinal = len(chunks)
            chunks.append(
                Chunk(
                    id=f"{identifier}#{ordinal}",
                    ordinal=ordinal,
                    section=section.heading if section.level > 1 else "",
                    start=start,
                    end=end,
                    text=body[start:end],
                    group=f"{group}#{number}.{part}" if meta.get("group") else f"{identifier}#{ordinal}",
                )
            )
    if not chunks:
        raise KnowledgeError(f"{path}: the file holds headings and no text")
    return Document(
        id=identifier,
        path=str(path.resolve()),
        origin="shipped" if root else "user",
        title=title,
        language=tag,
        sources=_listed(meta.get("sources")),
        licence=str(meta.get("licence") or ""),
        reviewed=str(meta.get("reviewed") or ""),
        trust=str(meta.get("trust") or "unrated") if root else "user",
        group=group,
        country=str(meta["country"]) if meta.get("country") else None,
        sha256=sha256,
        chunks=tuple(chunks),
    )


def _front_matter(text: str, path: Path) -> Mapping[str, Any]:
    try:
        meta = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise KnowledgeError(f"{path}: front matter is not YAML: {' '.join(str(error).split())}") from None
    if not isinstance(meta, Mapping):
        raise KnowledgeError(f"{path}: front matter must hold key: value lines")
    return meta


def _listed(value: object) -> tuple[str, ...]:
    """Return a front matter value that may be a list, one item, or missing."""
    return tuple(str(item) for item in (value if isinstance(value, list) else [value]) if item)


@dataclass(frozen=True, slots=True)
class _Section:
    level: int
    heading: str
    start: int
    end: int


def _sections(body: str) -> Iterator[_Section]:
    """Yield the stretches between headings, heading lines excluded."""
    marks = list(_HEADING.finditer(body))
    first = marks[0].start() if marks else len(body)
    if body[:first].strip():
        yield _Section(0, "", 0, first)
    for mark, end in zip(marks, [*(m.start() for m in marks[1:]), len(body)], strict=False):
        yield _Section(len(mark.group(1)), mark.group(2), mark.end(), end)


def _split(body: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Yield spans of at most about _CHUNK_CHARACTERS, cut after a paragraph, line or sentence."""
    while start < end and body[start].isspace():
        start += 1
    while end > start and body[end - 1].isspace():
        end -= 1
    while end - start > _CHUNK_CHARACTERS:
        window = body[start : start + _CHUNK_CHARACTERS]
        cuts = [window.rfind(mark) + len(mark) for mark in ("\n\n", "\n", "。", ". ", "। ", " ")]
        cut = next((c for c in cuts if c > _CHUNK_CHARACTERS // 3), _CHUNK_CHARACTERS)
        yield start, start + len(window[:cut].rstrip())
        start += cut
        while start < end and body[start].isspace():
            start += 1
    if start < end:
        yield start, end
