"""CSV, TSV and lines of JSON: a document a row, one at a time."""

from __future__ import annotations

import csv
import io
import json
import tracemalloc
from pathlib import Path

import pytest

from clara.errors import KnowledgeError
from clara.knowledge.documents import Record
from clara.knowledge.readers import files, read_records
from tests.unit.readers.texts import EVERY, SENTENCES, read, refusal, write

FIELDS = {
    "id": "red-eye-es",
    "text": SENTENCES["es"],
    "title": "Ojo rojo",
    "lang": "es",
    "group": "red-eye",
    "url": "https://a.example",
    "source": "NHS | NEI",
    "publisher": "Clínica",
    "license": "CC-BY-4.0",
    "date": "2025-01-31",
    "Reviewed": "2026-11-23",
    "country": "MX",
    "Superseded by": "red-eye-2",
    "notes": "ignored",
}
RECORD = Record(
    body=SENTENCES["es"],
    key="red-eye-es",
    title="Ojo rojo",
    language="es",
    group="red-eye",
    sources=("NHS", "NEI", "https://a.example"),
    publisher="Clínica",
    licence="CC-BY-4.0",
    published="2025-01-31",
    reviewed="2026-11-23",
    country="MX",
    superseded_by="red-eye-2",
)


def table(rows: list[dict[str, str]], delimiter: str = ",") -> str:
    file = io.StringIO()
    writer = csv.DictWriter(file, list(rows[0]), delimiter=delimiter)
    writer.writeheader()
    writer.writerows(rows)
    return file.getvalue()


@pytest.mark.parametrize(("name", "delimiter"), [("a.csv", ","), ("a.csv", ";"), ("a.csv", "\t"), ("a.tsv", "\t")])
def test_columns_describe_a_row(name: str, delimiter: str) -> None:
    assert read(table([FIELDS], delimiter), name) == [RECORD]


@pytest.mark.parametrize("name", ["a.jsonl", "a.ndjson"])
def test_fields_describe_a_line(name: str) -> None:
    assert read(json.dumps(FIELDS) + "\n", name) == [RECORD]


def test_every_language_has_its_row() -> None:
    rows = [{"id": language, "text": text, "lang": language} for language, text in SENTENCES.items()]
    for name, content in (
        ("a.csv", table(rows)),
        ("b.csv", table(rows).encode("utf-16")),
        ("c.tsv", "\ufeff" + table(rows, "\t")),
        ("d.jsonl", "\n".join(json.dumps(row, ensure_ascii=False) for row in rows)),
        ("e.jsonl", "\n".join(map(json.dumps, rows)).encode("utf-16")),
    ):
        records = read(content, name)
        assert {r.key: r.body for r in records} == SENTENCES and not any(r.hidden for r in records)
        assert [r.language for r in records] == list(SENTENCES)


@EVERY
def test_a_corpus_as_beir_has_it_is_read(sentence: str) -> None:
    lines = [
        {"_id": "MED-10", "title": "Eye", "text": sentence, "metadata": {"url": "x"}},
        {"_id": 7, "title": "", "text": sentence},
    ]
    first, second = read("\n".join(map(json.dumps, lines)), "corpus.jsonl")
    assert (first.key, first.title, first.body) == ("MED-10", "Eye", sentence)
    assert (second.key, second.title, second.body) == ("7", "", sentence)


@pytest.mark.parametrize("column", ["text", "body", "Content", "ABSTRACT"])
def test_the_text_column_may_have_several_names(column: str) -> None:
    assert [r.body for r in read(f"{column},lang\nRed eye.,en\n", "a.csv")] == ["Red eye."]
    assert [r.body for r in read(json.dumps({column: "Red eye."}), "a.jsonl")] == ["Red eye."]


def test_of_several_texts_the_first_that_is_filled_counts() -> None:
    rows = "abstract,text\nshort,long text\nonly this,\n"
    assert [r.body for r in read(rows, "a.csv")] == ["long text", "only this"]


def test_rows_without_a_name_are_named_by_their_line_and_empty_ones_left_out() -> None:
    records = read('text,id\nOne.,\n\n,x\n"Two\nlines.",\nThree.,x\n', "a.csv")
    assert [(r.key, r.body) for r in records] == [("line-2", "One."), ("line-6", "Two\nlines."), ("x", "Three.")]
    assert [r.key for r in read('{"text": "One."}\n\n{"text": "Two."}', "a.jsonl")] == ["line-1", "line-3"]


def test_short_rows_lack_what_they_lack() -> None:
    (record,) = read("text,title,country\nRed eye.,Eye\n", "a.csv")
    assert (record.title, record.country) == ("Eye", None)


def test_unseen_characters_are_counted_row_by_row() -> None:
    rows = '{"text": "red\\u200b eye"}\n{"text": "\\u202e"}\n{"text": "\\ud83d half"}'
    records = read(rows, "a.jsonl")
    assert [(r.body, r.hidden) for r in records] == [("red eye", 1), ("\ufffd half", 0)]
    assert "holds no text but 1 hidden characters" in refusal('{"text": "\\u202e"}', "a.jsonl")


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("name,age\nA,5\n", "no column called text or body or content or abstract among: name, age; rename one"),
        ("Red eye is common.\n", "no column called text or body or content or abstract among: Red eye is common."),
        ("text,id\nok,1\na,b,c\n", "line 3 has 3 cells and the header 2; put cells that hold ',' in quotation marks"),
        ('text,id\nok,1\n"a"b,2\n', "line 3: ',' expected after '\"'; correct that row"),
        ('text,id\nok,1\n"never closed,2\n', "line 3: a quotation mark is not closed; correct that row"),
        (b"text,id\nok,1\nni\xf1o,2\n", "not UTF-8 text (line 3); convert it first"),
        ("text,id\n,1\n", "the file holds no text; add some or leave it out"),
        ("text,id\n", "the file holds no text"),
        ("\n\n", "no column called text"),
    ],
)
def test_a_table_that_cannot_be_read_says_why(content: str | bytes, reason: str) -> None:
    assert reason in refusal(content, "rows.csv")


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ('{"text": "ok"}\n{"text": \n', "line 2 is not JSON: Expecting value; write one object a line"),
        ('{"text": "ok"}\nRed eye', "line 2 is not JSON: Expecting value"),
        ('[\n{"text": "ok"}\n]', "line 1 is not JSON: Expecting value; write one object a line"),
        ('["text"]', "line 1 is not a JSON object; write one object a line"),
        ('{"name": "A", "age": 5}', "line 1 has no field called text or body or content or abstract among: name, age"),
        ('{"text": ["Red", "eye"]}', "line 1: its text is not a string; put it in quotation marks"),
        ('{"text": "x", "title": {"en": "Eye"}}', "line 1: title must be one value; correct that line"),
        ("[" * 200_000, "line 1 is not JSON: nested too deep or a number too long"),
        ('{"text": ' + "9" * 5000 + "}", "line 1 is not JSON: nested too deep or a number too long"),
        (b'{"text": "ok"}\n{"text": "ni\xf1o"}', "not UTF-8 text (line 2); convert it first"),
        ('{"text": ""}\n{"text": null}', "the file holds no text"),
    ],
)
def test_lines_of_json_that_cannot_be_read_say_why(content: str | bytes, reason: str) -> None:
    assert reason in refusal(content, "rows.jsonl")


@pytest.mark.parametrize(
    ("content", "name"), [("text\nOne.\nTwo.\na,b\n", "a.csv"), ('{"text":"One."}\n{"text":"Two."}\n{', "a.jsonl")]
)
def test_what_comes_before_a_broken_row_is_read(content: str, name: str) -> None:
    found = []
    with pytest.raises(KnowledgeError):
        for record in read_records(write(content, name)):
            found.append(record.body)
    assert found == ["One.", "Two."]


def test_a_field_that_is_too_long_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    long = "x" * (files.MAX_FIELD + 1)
    assert "line 2: a cell is longer than 5 million characters" in refusal(f"text\n{long}\n", "a.csv")
    assert "line 1: text has over 5 million characters; split it" in refusal(json.dumps({"text": long}), "a.jsonl")
    assert "line 1: notes has over 5 million" in refusal(json.dumps({"text": "ok", "notes": long}), "a.jsonl")
    unclosed = '"' + "x\n" * (files.MAX_FIELD // 2 + 1)
    assert "or its quotation mark is not closed" in refusal(f"text\n{unclosed}", "b.csv")


def test_reading_tables_never_lowers_the_limit_of_others() -> None:
    before = csv.field_size_limit(files.MAX_FIELD + 7)
    try:
        read("text\nRed eye.\n", "a.csv")
        assert csv.field_size_limit() == files.MAX_FIELD + 7
    finally:
        csv.field_size_limit(before)


@pytest.mark.parametrize("name", ["large.csv", "large.jsonl"])
def test_memory_stays_flat_however_large_the_file(name: str) -> None:
    path = Path(name)
    row = json.dumps({"text": "The optic nerve carries what the eye sees. " * 40}) + "\n"
    if name.endswith("csv"):
        row = "The optic nerve carries what the eye sees. " * 40 + "\n"
    with path.open("w", encoding="utf-8") as file:
        file.write("text\n" if name.endswith("csv") else "")
        file.writelines(row for _ in range(20_000_000 // len(row)))
    tracemalloc.start()
    try:
        count = sum(1 for _ in read_records(path))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert count == 20_000_000 // len(row) and path.stat().st_size > 19_000_000
    assert peak < 1_000_000
