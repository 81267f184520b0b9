"""Files before they are read: kinds, encodings, sizes, and names that do not fit what the file holds."""

from __future__ import annotations

import gzip
import io
import os
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clara.errors import KnowledgeError
from clara.knowledge.readers import READABLE, READER_VERSION, files, read_records
from tests.unit.readers.texts import EVERY, Page, pdf, read, refusal, refusal_of, write


def archive(*names: str, mimetype: str = "") -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as out:
        for name in names:
            out.writestr(name, "<x/>")
        if mimetype:
            out.writestr("mimetype", mimetype)
    return file.getvalue()


def test_what_is_readable_is_named() -> None:
    assert set(READABLE) == {
        *(".md", ".markdown", ".txt", ".html", ".htm", ".xhtml", ".pdf", ".docx"),
        *(".csv", ".tsv", ".jsonl", ".ndjson", ".xml", ".xml.bz2"),
    }
    assert all(ending == ending.lower() for ending in READABLE) and READER_VERSION


@EVERY
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-be"])
def test_text_is_read_in_utf8_and_marked_utf16(sentence: str, encoding: str) -> None:
    mark = b"\xfe\xff" if encoding == "utf-16-be" else b""
    (record,) = read(mark + f"{sentence}\r\n".encode(encoding), "NOTE.TXT")
    assert (record.body, record.hidden) == (sentence, 0)


def test_another_encoding_is_named_with_its_line() -> None:
    assert refusal("Ojo.\nEl niño".encode("latin-1"), "es.txt") == "es.txt: not UTF-8 text (line 2); convert it first"
    assert "not UTF-8 text (line 1)" in refusal(b"\xff\xfe\x00\xd8\x00", "half.txt")


def test_a_missing_file_and_a_folder_say_so(tmp_path: Path) -> None:
    assert refusal_of(Path("nowhere.md")) == "nowhere.md: No such file; check the path"
    folder = tmp_path / "kb.md"
    folder.mkdir()
    assert "a folder, not a file" in refusal_of(folder)


def test_a_pipe_is_not_waited_for() -> None:
    os.mkfifo("pipe.md")
    assert "not an ordinary file" in refusal_of(Path("pipe.md"))


def test_a_file_that_may_not_be_read_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    path = write("Red eye.", "locked.md")

    def locked(self: Path, *_: Any, **__: Any) -> Any:
        raise PermissionError(13, "Permission denied", str(self))

    monkeypatch.setattr(Path, "open", locked)  # the tests may run as root, whom no permission stops
    assert refusal_of(path) == "locked.md: may not be read (Permission denied); change its permissions"


def test_a_disk_that_fails_while_reading_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    path = write("Red eye.", "bad.md")

    def failing(_: Path) -> bytes:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(Path, "read_bytes", failing)
    assert refusal_of(path) == "bad.md: cannot be read: Input/output error; check the disk and try again"


@pytest.mark.parametrize(
    "name", ["a.md", "a.txt", "a.html", "a.pdf", "a.docx", "a.csv", "a.jsonl", "a.xml", "a.xml.bz2"]
)
def test_an_empty_file_says_so(name: str) -> None:
    assert refusal(b"", name) == f"{name}: the file is empty; it holds no text"


@pytest.mark.parametrize("name", ["a.md", "a.txt", "a.html"])
def test_a_file_of_nothing_but_hidden_text_counts_it(name: str) -> None:
    assert refusal(" \n\n ", name) == f"{name}: the file holds no text; add some or leave it out"
    assert "holds no text but 3 hidden characters, which nobody sees" in refusal("\u200b\u202e\n\u2066", name)


@pytest.mark.parametrize("name", ["huge.md", "huge.txt", "huge.html", "huge.pdf", "huge.docx"])
def test_a_file_too_large_to_hold_is_refused_before_it_is_read(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write("Red eye.", name)
    with path.open("r+b") as file:
        file.truncate(200_000_000)  # sparse: it takes no room
    monkeypatch.setattr(Path, "read_bytes", lambda _: pytest.fail("the file was read"))
    assert refusal_of(path) == f"{name}: larger than 50 MB; split it"


def test_an_endless_line_of_a_streamed_file_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    path = write('{"text": "', "huge.jsonl")
    with path.open("r+b") as file:
        file.truncate(200_000_000)
        file.seek(10)
        file.write(b"x" * 5000)
    assert refusal_of(path) == "huge.jsonl: line 1 is longer than 20 MB; split it"
    monkeypatch.setattr(files, "_MAX_LINE", 1000)
    for name, content in (("a.jsonl", '{"text": "ok"}\n' + "y" * 2000), ("b.csv", "text\n" + "y" * 2000)):
        assert "line 2 is longer than" in refusal(content, name)
    assert "line 2 is longer than" in refusal(("text\n" + "y" * 2000).encode("utf-16"), "wide.csv")


DOCX = archive("[Content_Types].xml", "word/document.xml")
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\x00" * 600


@pytest.mark.parametrize(
    ("content", "name", "reason"),
    [
        (b"%PDF-1.7 ...", "a.txt", "named .txt, but holds a PDF; rename it to .pdf"),
        (b"%PDF-1.7 ...", "a.html", "named .html, but holds a PDF; rename it to .pdf"),
        (b"\xef\xbb\xbf%PDF-1.7 ...", "a.csv", "named .csv, but holds a PDF; rename it to .pdf"),
        (DOCX, "a.md", "named .md, but holds a Word document; rename it to .docx"),
        (DOCX, "a.pdf", "named .pdf, but holds a Word document; rename it to .docx"),
        (archive("xl/workbook.xml"), "a.csv", "but holds an Excel workbook; save its sheet as .csv"),
        (archive("xl/workbook.xml"), "a.docx", "but holds an Excel workbook; save its sheet as .csv"),
        (archive("ppt/presentation.xml"), "a.docx", "but holds a PowerPoint presentation; save it as .pdf"),
        (
            archive(mimetype="application/vnd.oasis.opendocument.text"),
            "a.docx",
            "an OpenDocument file; save it as .docx",
        ),
        (archive("notes.txt"), "a.txt", "but holds a ZIP archive; unpack it and add what is in it"),
        (archive("notes.txt"), "a.docx", "but holds a ZIP archive; unpack it and add what is in it"),
        (b"PK\x03\x04 cut short", "a.txt", "but holds a ZIP archive; unpack it"),
        (OLE, "a.txt", "but holds an old Office file; save it as .docx, without a password"),
        (OLE, "a.docx", "an old Office file, not a Word document; save it as .docx"),
        (OLE + "EncryptedPackage".encode("utf-16-le"), "a.docx", "encrypted with a password; save a copy without one"),
        (b"\x89PNG\r\n\x1a\n", "a.txt", "but holds a picture; run text recognition (OCR) on it"),
        (b"\xff\xd8\xff\xe0", "a.html", "but holds a picture"),
        (b"RIFF\x00\x00\x00\x00WEBP", "a.md", "but holds a picture"),
        (gzip.compress(b"Red eye."), "a.txt", "but holds gzip data; unpack it and add what is in it"),
        (b"BZh91AY&SY", "a.xml", "but holds bzip2 data; rename it to .xml.bz2 if it is a MediaWiki dump"),
        (b"7z\xbc\xaf\x27\x1c", "a.txt", "but holds a 7-Zip archive; unpack it"),
        (b"{\\rtf1 Red eye}", "a.docx", "but holds an RTF document; save it as .docx"),
        (b"SQLite format 3\x00", "a.txt", "but holds a database; leave it out"),
        (b"\x7fELF\x02", "a.txt", "but holds a program; leave it out"),
        (b"Red\x00eye", "a.txt", "but holds binary data; leave it out"),
        (b"<!DOCTYPE html><p>Red eye", "a.txt", "but holds an HTML page; rename it to .html"),
        (b"\n<!-- saved --> <HTML lang=en>Red", "a.md", "but holds an HTML page; rename it to .html"),
        ("<!doctype html><p>Ojo".encode("utf-16"), "a.txt", "but holds an HTML page; rename it to .html"),
        (b"<html><body>Red eye</body></html>", "a.xml", "but holds an HTML page; rename it to .html"),
        (b"<?xml version='1.0'?><health-topics/>", "a.txt", "but holds XML; rename it to .xml"),
        (b"<mediawiki/>", "a.xml.bz2", "but holds text"),
        (b"Red eye is common.", "a.docx", "but holds text; rename it to .txt or .md"),
        (b"Red eye.", "a.doc", "cannot read .doc files; readable: .md, .markdown, .txt"),
        (b"%PDF-1.7", "a.bin", "cannot read .bin files; it holds a PDF: rename it to .pdf"),
        (b"Red eye.", "README", "cannot read files without an ending; readable: .md"),
    ],
)
def test_a_name_that_does_not_fit_is_answered_with_what_to_do(content: bytes, name: str, reason: str) -> None:
    assert reason in refusal(content, name)


def test_names_inside_a_file_cannot_break_the_message() -> None:
    nasty = "a\x1b[31m\u202eevil" + "n" * 500
    message = refusal(f'"{nasty}\nsecond line",other\n1,2\n', "nasty.csv")
    assert len(message) < 250 and "\x1b" not in message and "\u202e" not in message


def test_telling_what_a_file_holds_takes_linear_time() -> None:
    assert "holds no text but" in refusal("<!---->" * 580 + "<!-- x -->", "a.html")


EXTRA = ("pypdfium2", "docx", "mwparserfromhell")


@pytest.mark.parametrize(
    ("name", "content", "what"),
    [
        ("a.pdf", pdf(Page().lines("Red eye.")), "PDF"),
        ("a.docx", DOCX, "Word documents"),
        ("a.xml", b"<mediawiki><page><ns>0</ns></page></mediawiki>", "MediaWiki dumps"),
    ],
)
def test_a_reader_that_is_not_installed_says_what_to_install(
    name: str, content: bytes, what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in EXTRA:
        monkeypatch.setitem(sys.modules, module, None)
    assert refusal(content, name) == f'{name}: reading {what} needs an extra; pip install "clara-debias[documents]"'


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.md", "Red eye."),
        ("a.txt", "Red eye."),
        ("a.html", "<p>Red eye."),
        ("a.csv", "text\nRed eye.\n"),
        ("a.jsonl", '{"text": "Red eye."}'),
        ("a.xml", "<health-topics><health-topic><full-summary>Red eye.</full-summary></health-topic></health-topics>"),
    ],
)
def test_the_other_kinds_need_no_extra(name: str, content: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in EXTRA:
        monkeypatch.setitem(sys.modules, module, None)
    assert [record.body for record in read(content, name)] == ["Red eye."]


def test_loading_the_readers_loads_no_parser() -> None:
    heavy = "{'selectolax', 'lxml', 'docx', 'pypdfium2', 'mwparserfromhell'}"
    code = f"import sys, clara.knowledge.readers; print([m for m in sys.modules if m.split('.')[0] in {heavy}])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


SAMPLES = {
    "a.md": "---\nlang: en\ntitle: Eye\n---\n<div hidden>x</div> [a](b 'c') ![x](y)\n\n[//]: # (x)\nRed eye.\n",
    "a.txt": "---\nlang: en\n---\nRed eye.",
    "a.html": "<html lang=en><style>.x{display:none}</style><p class=x>a<table><tr><td>b</table><!-- c --><p>Red",
    "a.csv": 'id,text,title\n1,"Red, eye",Eye\n2,Dry,Eye\n',
    "a.jsonl": '{"_id": "1", "text": "Red eye", "sources": ["a"]}\n',
    "a.xml": "<mediawiki><page><ns>0</ns><revision><text>'''Red''' [[eye]] {{x}}</text></revision></page></mediawiki>",
    "b.xml": "<health-topics><health-topic><full-summary>&lt;p&gt;Red</full-summary></health-topic></health-topics>",
    "a.pdf": pdf(Page().lines("Red eye is", "common.")),
}


@pytest.mark.parametrize("name", SAMPLES)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(at=st.floats(0, 1), cut=st.integers(0, 30), put=st.binary(max_size=12))
def test_a_damaged_file_is_read_or_refused_in_one_line(name: str, at: float, cut: int, put: bytes) -> None:
    sample = SAMPLES[name]
    data = sample if isinstance(sample, bytes) else sample.encode()
    where = int(at * len(data))
    path = write(data[:where] + put + data[where + cut :], name)
    try:
        assert all(record.body.strip() for record in read_records(path))
    except KnowledgeError as error:
        assert str(error).startswith(f"{name}: ") and str(error).isprintable()
