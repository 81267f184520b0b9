"""What goes into the knowledge base: records as readers find them, documents and chunks as they are stored."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One document as a reader found it in a file; a file of rows or pages gives many.

    body: the visible text, cleaned (`text.clean`); headings are Markdown `#` lines, list items `- ` lines.
    key: tells it apart inside its file (a row's or page's id); empty where a file is one document.
    language: a tag or name as the file gives it; empty to have it detected.
    group: documents of one group say the same in different languages.
    sources: what it rests on, as it says itself.
    reviewed, published: dates as the file gives them.
    superseded_by: what replaces it; such a document is kept and no longer searched.
    hidden: characters that a reader of the page would not have seen, and that were left out.
    """

    body: str
    key: str = ""
    title: str = ""
    language: str = ""
    group: str = ""
    sources: tuple[str, ...] = ()
    publisher: str = ""
    licence: str = ""
    published: str = ""
    reviewed: str = ""
    trust: str = ""
    country: str | None = None
    superseded_by: str = ""
    hidden: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Flag:
    """A span of text (characters `start` to `end`) that looks meant for a model rather than a reader."""

    kind: str
    start: int
    end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Chunk:
    """A stretch of a document: characters `start` to `end` of its body. A flagged chunk waits in quarantine."""

    id: str
    ordinal: int
    section: str
    start: int
    end: int
    text: str
    group: str
    flags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """One document as it goes into the knowledge base. `path` is its file, `sha256` the hash of what was read."""

    id: str
    path: str
    origin: str
    title: str
    language: str
    sources: tuple[str, ...]
    publisher: str
    licence: str
    published: str
    reviewed: str
    trust: str
    group: str
    country: str | None
    superseded_by: str
    sha256: str
    hidden: int
    chunks: tuple[Chunk, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Quarantined:
    """A chunk that is kept and not searched, since it holds text that looks meant for a model."""

    id: str
    document: str
    title: str
    path: str
    language: str
    flags: tuple[str, ...]
    text: str
