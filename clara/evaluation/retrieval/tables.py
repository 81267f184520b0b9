"""Rows of published tables: JSON lines, comma- or tab-separated values, Parquet."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from clara import languages
from clara.errors import DatasetError, InputError
from clara.evaluation.extras import load_extra

Row = Mapping[str, Any]
KINDS = (".parquet", ".jsonl", ".csv", ".tsv")
"""File name endings that `read_rows` reads, in the order in which they are preferred."""


def missing(folder: Path, expected: str, published: str) -> DatasetError:
    """Return the error for a folder that does not hold a dataset's files."""
    found = "no such folder" if not folder.is_dir() else f"expected {expected}"
    return DatasetError(f"{folder}: {found}; {published}")


def read_json(path: Path) -> Any:
    """Return the content of a JSON file. Raises DatasetError."""
    try:
        return json.loads(path.read_bytes().decode("utf-8-sig"))
    except OSError as error:
        raise DatasetError(f"{path}: {error.strerror or error}") from None
    except ValueError as error:  # JSON's and UTF-8's errors are both of this class
        raise DatasetError(f"{path}: not JSON ({error}); copy the file again") from None


def read_rows(path: Path) -> Iterator[tuple[str, Row]]:
    """Yield (where, row) of a table; `where` names file and line for messages. Raises DatasetError."""
    readers = {".parquet": _parquet, ".jsonl": _json_lines, ".csv": _separated, ".tsv": _separated}
    try:
        yield from readers[path.suffix](path)
    except OSError as error:
        raise DatasetError(f"{path}: {error.strerror or error}") from None
    except UnicodeDecodeError:
        raise DatasetError(f"{path}: not UTF-8 text; copy the file again") from None


def _json_lines(path: Path) -> Iterator[tuple[str, Row]]:
    with path.open(encoding="utf-8-sig") as file:
        for number, line in enumerate(file, 1):
            if not line.strip():
                continue
            where = f"{path}, line {number}"
            try:
                row = json.loads(line)
            except json.JSONDecodeError as error:
                raise DatasetError(f"{where}: not JSON ({error.msg}); copy the file again") from None
            if not isinstance(row, dict):
                raise DatasetError(f"{where}: expected a JSON object with named fields")
            yield where, row


def _separated(path: Path) -> Iterator[tuple[str, Row]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        # A tab-separated table quotes nothing; a text in it may begin with a quotation mark.
        reader = (
            csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
            if path.suffix == ".tsv"
            else csv.DictReader(file)
        )
        try:
            for row in reader:
                yield f"{path}, line {reader.line_num}", row
        except csv.Error as error:
            raise DatasetError(f"{path}, line {reader.line_num}: {error}; copy the file again") from None


def _parquet(path: Path) -> Iterator[tuple[str, Row]]:
    arrow = load_extra("pyarrow")
    parquet = load_extra("pyarrow.parquet")
    try:
        with parquet.ParquetFile(path) as file:
            number = 0
            for batch in file.iter_batches():
                for row in batch.to_pylist():
                    number += 1
                    yield f"{path}, row {number}", row
    except arrow.ArrowException as error:
        raise DatasetError(f"{path}: not a readable Parquet file ({_first_line(error)}); copy it again") from None


def _first_line(error: BaseException) -> str:
    return next(iter(str(error).splitlines()), type(error).__name__)


def text_of(row: Row, field: str, where: str, *, optional: bool = False) -> str:
    """Return a field as text, numbers included. Raises DatasetError where it is missing or of another kind."""
    value = row.get(field)
    if value is None and optional:
        return ""
    if isinstance(value, bool) or not isinstance(value, (str, int)):
        has = ", ".join(str(name) for name in row if name is not None)
        raise DatasetError(f"{where}: no text in the field {field!r}; it has {has[:200] or 'no fields'}")
    return str(value)


def whole_number(row: Row, field: str, where: str) -> int:
    """Return a field as a whole number. Raises DatasetError."""
    value = row.get(field)
    try:
        if isinstance(value, (str, int, float)) and float(value).is_integer():
            return int(float(value))
    except ValueError:
        pass  # said below, as for any other value
    raise DatasetError(f"{where}: the field {field!r} must be a whole number")


def tag_of(name: str, where: str) -> str:
    """Return the canonical tag of a language that a file names. Raises DatasetError."""
    try:
        return languages.canonical(name)
    except InputError as error:
        raise DatasetError(f"{where}: {error}") from None
