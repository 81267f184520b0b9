"""From files to records: one reader per kind of file, chosen by its name and checked against its content."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from clara.errors import KnowledgeError
from clara.knowledge.documents import Record
from clara.knowledge.readers import docx, html, markdown, pdf, tables, xml
from clara.knowledge.readers.files import kind_of

__all__ = ["READABLE", "READER_VERSION", "read_records"]

READER_VERSION = "1"
"""Changes when reading changes, so that files are read again."""

_READERS: Mapping[str, Callable[[Path], Iterator[Record]]] = {
    ".md": markdown.read,
    ".markdown": markdown.read,
    ".txt": markdown.read_plain,
    ".html": html.read,
    ".htm": html.read,
    ".xhtml": html.read,
    ".pdf": pdf.read,
    ".docx": docx.read,
    ".csv": tables.read_csv,
    ".tsv": tables.read_csv,
    ".jsonl": tables.read_jsonl,
    ".ndjson": tables.read_jsonl,
    ".xml": xml.read,
    ".xml.bz2": xml.read,
}

READABLE = tuple(_READERS)
"""File name endings (lower case; one has two dots) that a folder is searched for."""


def read_records(path: Path) -> Iterator[Record]:
    """Yield the documents of one file, as they are read; no body is empty.

    Rows and pages are read one by one: what comes before a broken one has been yielded when the error is raised.
    Nothing that a document names is opened or run. Raises KnowledgeError: one line, the file first, what to do last.
    """
    kind = kind_of(path, READABLE)
    hidden, found = 0, False
    try:
        for record in _READERS[kind](path):
            hidden += record.hidden
            if record.body.strip():
                found = True
                yield replace(record, body=record.body.strip("\n"))
    except OSError as error:
        raise KnowledgeError(
            f"{path}: cannot be read: {error.strerror or error}; check the disk and try again"
        ) from None
    except RecursionError:
        raise KnowledgeError(f"{path}: its parts lie too deep inside each other; save it as plain text") from None
    if not found and hidden:
        raise KnowledgeError(
            f"{path}: holds no text but {hidden} hidden characters, which nobody sees; show them or leave it out"
        )
    if not found:
        raise KnowledgeError(f"{path}: the file holds no text; add some or leave it out")
