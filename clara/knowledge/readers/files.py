"""What a file is before it is read: there, of a readable kind, not too large, and holding what its name says."""

from __future__ import annotations

import codecs
import io
import re
import stat
import zipfile
from collections.abc import Generator, Iterator
from pathlib import Path

from clara.errors import KnowledgeError
from clara.knowledge.readers.visible import one_line

MAX_FIELD = 5_000_000
"""Characters that one row, page or field of a file may have."""

_MAX_BYTES = 50_000_000
_MAX_LINE = 4 * MAX_FIELD
_HEAD = 4096
_MARKS: tuple[tuple[bytes, str], ...] = (
    (b"%PDF-", "a PDF"),
    (b"PK\x03\x04", "a ZIP archive"),
    (b"PK\x05\x06", "a ZIP archive"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old Office file"),
    (b"\x89PNG", "a picture"),
    (b"\xff\xd8\xff", "a picture"),
    (b"GIF8", "a picture"),
    (b"II*\x00", "a picture"),
    (b"MM\x00*", "a picture"),
    (b"\x1f\x8b", "gzip data"),
    (b"BZh", "bzip2 data"),
    (b"\xfd7zXZ", "xz data"),
    (b"\x28\xb5\x2f\xfd", "zstd data"),
    (b"7z\xbc\xaf", "a 7-Zip archive"),
    (b"Rar!", "a RAR archive"),
    (b"{\\rtf", "an RTF document"),
    (b"SQLite format 3\x00", "a database"),
    (b"\x7fELF", "a program"),
    (b"MZ\x90\x00", "a program"),
)
_HTML = re.compile(rb"(?:\s|<!--(?>.*?-->)|<\?xml[^>]*>)*+<(?:!doctype\s+html|html[\s>])", re.IGNORECASE | re.DOTALL)
_XML = re.compile(rb"\s*<\?xml\s")
_ADVICE = {
    "a PDF": "rename it to .pdf",
    "a Word document": "rename it to .docx",
    "an HTML page": "rename it to .html",
    "XML": "rename it to .xml",
    "bzip2 data": "rename it to .xml.bz2 if it is a MediaWiki dump, else unpack it",
    "an old Office file": "save it as .docx, without a password",
    "an RTF document": "save it as .docx",
    "an OpenDocument file": "save it as .docx or .pdf",
    "an Excel workbook": "save its sheet as .csv",
    "a PowerPoint presentation": "save it as .pdf",
    "a picture": "run text recognition (OCR) on it and add the result",
    "text": "rename it to .txt or .md",
}
_PACKED = ("a ZIP archive", "a 7-Zip archive", "a RAR archive", "gzip data", "xz data", "zstd data")
_ACCEPTED = {
    ".pdf": ("a PDF",),
    ".docx": ("a Word document",),
    ".html": ("an HTML page", "XML", "text"),
    ".htm": ("an HTML page", "XML", "text"),
    ".xhtml": ("an HTML page", "XML", "text"),
    ".xml": ("XML", "text"),
    ".xml.bz2": ("bzip2 data",),
}
STREAMED = (".csv", ".tsv", ".jsonl", ".ndjson", ".xml", ".xml.bz2")
"""Kinds that are read piece by piece, so that their files may have any size."""


def kind_of(path: Path, known: tuple[str, ...]) -> str:
    """Return the ending of `path` among the `known` ones, after checking that it can be read as that.

    Raises KnowledgeError for a file that is missing, no file, unreadable, empty, too large, of an unknown kind, or
    that holds something else than its name says.
    """
    try:
        found = path.stat()
        if stat.S_ISDIR(found.st_mode):
            raise KnowledgeError(f"{path}: a folder, not a file; add the folder, or name the files in it")
        if not stat.S_ISREG(found.st_mode):
            raise KnowledgeError(f"{path}: not an ordinary file; copy its content into one")
        with path.open("rb") as file:
            head = file.read(_HEAD)
    except FileNotFoundError:
        raise KnowledgeError(f"{path}: No such file; check the path") from None
    except PermissionError:
        raise KnowledgeError(f"{path}: may not be read (Permission denied); change its permissions") from None
    name = path.name.lower()
    kind = next((ending for ending in sorted(known, key=len, reverse=True) if name.endswith(ending)), "")
    held = _held(path, head)
    if not kind:
        rename = f"it holds {held}: {advice(held)}" if held != "text" and held in _ADVICE else ""
        ending = f"{path.suffix} files" if path.suffix else "files without an ending"
        raise KnowledgeError(f"{path}: cannot read {ending}; {rename or 'readable: ' + ', '.join(known)}")
    if not head:
        raise KnowledgeError(f"{path}: the file is empty; it holds no text")
    if kind not in STREAMED and found.st_size > _MAX_BYTES:
        raise KnowledgeError(f"{path}: larger than {_MAX_BYTES // 1_000_000} MB; split it")
    if held not in _ACCEPTED.get(kind, ("text",)):
        _refuse(path, kind, held)
    return kind


def _refuse(path: Path, kind: str, held: str) -> None:
    if kind == ".docx" and held == "an old Office file":
        if "EncryptedPackage".encode("utf-16-le") in path.read_bytes():
            raise KnowledgeError(f"{path}: encrypted with a password; save a copy without one")
        raise KnowledgeError(f"{path}: an old Office file, not a Word document; save it as .docx")
    if kind == ".pdf" and held == "text":
        raise KnowledgeError(f"{path}: not a PDF, or damaged at its start; {advice('text')}, or get the file again")
    raise KnowledgeError(f"{path}: named {kind}, but holds {held}; {advice(held)}")


def advice(held: str) -> str:
    """Return what to do with a file that holds this and cannot be read as it is named."""
    return _ADVICE.get(held, "unpack it and add what is in it" if held in _PACKED else "leave it out")


def _held(path: Path, head: bytes) -> str:
    text = head.removeprefix(codecs.BOM_UTF8)
    for mark, held in _MARKS:
        if text.startswith(mark):
            return _archive(path) if held == "a ZIP archive" else held
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "a picture"
    if b"%PDF-" in head[:1024] and b"\x00" not in text[: text.find(b"%PDF-")]:
        return "a PDF"  # mail and web servers leave lines before it
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        text = head[: len(head) // 2 * 2].decode("utf-16", "replace").removeprefix("\ufeff").encode("utf-8", "replace")
    elif b"\x00" in head:
        return "binary data"
    if _HTML.match(text):
        return "an HTML page"
    return "XML" if _XML.match(text) else "text"


def _archive(path: Path) -> str:
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
            if "mimetype" in names and "opendocument" in archive.read("mimetype")[:100].decode("ascii", "replace"):
                return "an OpenDocument file"
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, ValueError, KeyError):
        return "a Word document" if path.suffix.lower() == ".docx" else "a ZIP archive"  # its reader says what is wrong
    parts = {"word/": "a Word document", "xl/": "an Excel workbook", "ppt/": "a PowerPoint presentation"}
    return next((held for start, held in parts.items() if any(n.startswith(start) for n in names)), "a ZIP archive")


def read_text(path: Path) -> str:
    """Return a text file's content: UTF-8, or UTF-16 with a byte order mark. Raises KnowledgeError."""
    return decode(path, path.read_bytes())


def decode(path: Path, data: bytes) -> str:
    """Decode UTF-8, or UTF-16 with a byte order mark. Raises KnowledgeError naming the line that is neither."""
    try:
        if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            return data.decode("utf-16")
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _not_utf8(path, data[: error.start].count(b"\n") + 1) from None


def lines(path: Path) -> Generator[str]:
    """Yield a text file's lines with their ends, holding one at a time in memory.

    Raises KnowledgeError, with the line's number, for other encodings than `decode` reads and for endless lines.
    """
    with path.open("rb") as file:
        wide = file.read(2) in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
        file.seek(0)
        if wide:
            yield from _wide_lines(path, file)
            return
        number = 0
        while line := file.readline(_MAX_LINE):
            number += 1
            if len(line) == _MAX_LINE:
                raise KnowledgeError(f"{path}: line {number} is longer than {_MAX_LINE // 1_000_000} MB; split it")
            try:
                yield line.decode("utf-8-sig" if number == 1 else "utf-8")
            except UnicodeDecodeError:
                raise _not_utf8(path, number) from None


def _wide_lines(path: Path, file: io.BufferedReader) -> Iterator[str]:
    text = io.TextIOWrapper(file, encoding="utf-16", newline="")
    number = 0
    try:
        while line := text.readline(_MAX_LINE):
            number += 1
            if len(line) == _MAX_LINE:
                raise KnowledgeError(f"{path}: line {number} is longer than {_MAX_LINE // 1_000_000} MB; split it")
            yield line
    except UnicodeError:
        raise KnowledgeError(f"{path}: not UTF-16 text after line {number}; convert it to UTF-8") from None
    finally:
        text.detach()  # whoever opened the file closes it


def _not_utf8(path: Path, line: int) -> KnowledgeError:
    return KnowledgeError(f"{path}: not UTF-8 text (line {line}); convert it first")


def shown(value: object) -> str:
    """Return a name from inside a file as an error message may show it: one short, clean line."""
    return one_line(value, 40)


def needs_extra(path: Path, what: str) -> KnowledgeError:
    """Return the error for a file whose reader is not installed."""
    return KnowledgeError(f'{path}: reading {what} needs an extra; pip install "clara-debias[documents]"')
