"""Tables and lines of JSON: one document a row, read one at a time."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

from clara.errors import KnowledgeError
from clara.knowledge.documents import Record
from clara.knowledge.readers.fields import TEXT_NAMES, described, field_name
from clara.knowledge.readers.files import MAX_FIELD, lines, shown
from clara.knowledge.readers.visible import one_line, visible


def read_csv(path: Path) -> Iterator[Record]:
    """Yield the rows of a CSV or TSV file with a header; a CSV's columns may be set apart by `,`, `;` or tabs.

    Raises KnowledgeError: no text column (naming those found), or a broken row (with its line).
    """
    # The limit is the process's: it is only ever raised, so that readers side by side do not lower each other's.
    csv.field_size_limit(max(csv.field_size_limit(), MAX_FIELD))
    delimiter = "\t" if path.name.lower().endswith(".tsv") else _delimiter(path)
    with closing(lines(path)) as source:
        rows = csv.reader(source, delimiter=delimiter, strict=True)
        try:
            yield from _rows(path, rows, delimiter)
        except csv.Error as error:
            raise KnowledgeError(f"{path}: line {rows.line_num}: {_reason(error)}; correct that row") from None


def _rows(path: Path, rows: Any, delimiter: str) -> Iterator[Record]:
    header: list[str] = next(rows, [])
    names = [field_name(column) for column in header]
    if not set(names) & set(TEXT_NAMES):
        found = ", ".join(shown(column) for column in header[:12])
        raise KnowledgeError(f"{path}: no column called {' or '.join(TEXT_NAMES)} among: {found}; rename one")
    for row in rows:
        if not any(row):
            continue
        if len(row) > len(names):
            raise KnowledgeError(
                f"{path}: line {rows.line_num} has {len(row)} cells and the header {len(names)}; "
                f"put cells that hold {'a tab' if delimiter == chr(9) else repr(delimiter)} in quotation marks"
            )
        cells: dict[str, object] = {}
        for name, cell in zip(names, row, strict=False):
            cells.setdefault(name, cell)
        yield _record(path, cells, rows.line_num)


def _reason(error: csv.Error) -> str:
    if "field larger than field limit" in str(error):
        return f"a cell is longer than {MAX_FIELD // 1_000_000} million characters, or its quotation mark is not closed"
    if "unexpected end of data" in str(error):
        return "a quotation mark is not closed"
    return str(error)


def _delimiter(path: Path) -> str:
    """Return what sets the columns of a CSV apart: spreadsheets in many languages write semicolons."""
    with closing(lines(path)) as source:
        header = next(source, "")
    return max(",;\t", key=header.count)


def read_jsonl(path: Path) -> Iterator[Record]:
    """Yield the objects of a file with one JSON object a line, such as BEIR's corpus.jsonl. Raises KnowledgeError."""
    with closing(lines(path)) as source:
        for number, line in enumerate(source, start=1):
            if line.strip():
                yield _record(path, _object(path, line, number), number)


def _object(path: Path, line: str, number: int) -> Mapping[str, object]:
    try:
        found = json.loads(line)
    except (ValueError, RecursionError) as error:
        reason = error.msg if isinstance(error, json.JSONDecodeError) else "nested too deep or a number too long"
        raise KnowledgeError(f"{path}: line {number} is not JSON: {reason}; write one object a line") from None
    if not isinstance(found, dict):
        raise KnowledgeError(f"{path}: line {number} is not a JSON object; write one object a line")
    fields: dict[str, object] = {}
    for name, value in found.items():
        fields.setdefault(field_name(name), value)
    if not set(fields) & set(TEXT_NAMES):
        names = ", ".join(shown(name) for name in list(found)[:12])
        raise KnowledgeError(
            f"{path}: line {number} has no field called {' or '.join(TEXT_NAMES)} among: {names}; rename one"
        )
    return fields


def _record(path: Path, fields: Mapping[str, object], line: int) -> Record:
    text = next((fields[name] for name in TEXT_NAMES if fields.get(name)), "")
    if not isinstance(text, str):
        raise KnowledgeError(f"{path}: line {line}: its text is not a string; put it in quotation marks")
    if longest := next((n for n, v in fields.items() if isinstance(v, str) and len(v) > MAX_FIELD), None):
        raise KnowledgeError(
            f"{path}: line {line}: {shown(longest)} has over {MAX_FIELD // 1_000_000} million characters; split it"
        )
    body, hidden = visible(text)
    key = one_line(fields.get("id") or "", 200) if not isinstance(fields.get("id"), dict | list) else ""
    try:
        record = described(Record(body=body.strip(), hidden=hidden), fields)
    except ValueError as error:
        raise KnowledgeError(f"{path}: line {line}: {error}; correct that line") from None
    return replace(record, key=key or f"line-{line}")
