"""Workbooks (.xlsx) as rows with named fields."""

from __future__ import annotations

import warnings
import zipfile
from pathlib import Path
from typing import Any

from clara.errors import DatasetError
from clara.evaluation.extras import load_extra
from clara.evaluation.retrieval.tables import Row


def read_sheets(path: Path) -> dict[str, list[tuple[str, Row]]]:
    """Return sheet name -> (where, row) of a workbook whose first rows are headings. Raises DatasetError.

    Whole numbers that a workbook keeps as fractions (1.0) are whole numbers.
    """
    openpyxl = load_extra("openpyxl")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # of a style that openpyxl does not know
            book = openpyxl.load_workbook(path, read_only=True, data_only=True)
        try:
            return {sheet.title: _rows(path, sheet) for sheet in book.worksheets}
        finally:
            book.close()
    except (OSError, zipfile.BadZipFile, KeyError, ValueError) as error:
        raise DatasetError(f"{path}: not a readable workbook ({type(error).__name__}); copy the file again") from None


def _rows(path: Path, sheet: Any) -> list[tuple[str, Row]]:
    lines = sheet.iter_rows(values_only=True)
    headings = [str(name) for name in next(lines, ())]
    return [
        (f"{path}, sheet {sheet.title}, row {number}", dict(zip(headings, map(_plain, values), strict=False)))
        for number, values in enumerate(lines, 2)
    ]


def _plain(value: object) -> object:
    return int(value) if isinstance(value, float) and value.is_integer() else value
