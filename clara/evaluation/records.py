"""One answer as it is kept: a row of records.jsonl."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from clara.errors import DatasetError
from clara.evaluation.statistics.resampling import Floats

Status = Literal["ok", "unparsed", "refused", "abstained", "error"]
"""What became of an answer. An error is a measurement still missing; all others count, and only ok can be right."""

Row = Mapping[str, Any]
Key = tuple[str, str, str, int]
"""Method, language, question, epoch: what a row answers."""

WORDS = ("text", "drafts", "citations", "verdicts", "decision", "warnings")
"""The fields of a row that no figure is made of; nearly all of its length."""

_NEEDED = {"config", "method", "language", "id", "epoch", "status", "correct"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """What a method answers. calls: model calls, or in a replay the recorded drafts it used."""

    status: Status
    choice: str | None
    calls: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """One method's answer to one question in one language and epoch. answer: the right option."""

    id: str
    language: str
    epoch: int
    answer: str
    given: Given

    @property
    def correct(self) -> bool:
        """Whether the right option was given."""
        return self.given.status == "ok" and self.given.choice == self.answer

    def to_dict(self, method: str, config: str) -> dict[str, Any]:
        """Return the row. config: fingerprint of the measurement."""
        return {
            "config": config, "method": method, "language": self.language, "id": self.id, "epoch": self.epoch,
            "status": self.given.status, "choice": self.given.choice, "answer": self.answer, "correct": self.correct,
            "calls": self.given.calls,
        }  # fmt: skip


def key_of(row: Row) -> Key:
    """Return what a row answers."""
    return row["method"], row["language"], row["id"], row["epoch"]


def score_of(row: Row) -> float:
    """Return what an answer is worth, 0 to 1: the share that its scorer gave, else whether it is right."""
    score = row.get("score")
    return float(row["correct"] if score is None else score)


def read_rows(path: Path) -> Iterator[dict[str, Any]]:
    """Yield the rows of a file as they were written; what a killed run left of its last line is none.

    Raises DatasetError for a file that cannot be read or is damaged elsewhere.
    """
    try:
        with path.open("rb") as file:
            for number, line in enumerate(file, 1):
                if not line.endswith(b"\n"):
                    return
                try:
                    row = json.loads(line)
                except ValueError:
                    row = None
                if not isinstance(row, dict) or not row.keys() >= _NEEDED:
                    raise DatasetError(f"{path}, line {number}: no record of an answer; take the line out or measure "
                                       "again")  # fmt: skip
                yield row
    except OSError as error:
        raise DatasetError(f"{path}: {error.strerror or error}") from None


def load_rows(path: Path, *, words: bool = False) -> list[dict[str, Any]]:
    """Return the rows that count: of several for one answer the last one. words: with what was said."""
    latest: dict[Key, dict[str, Any]] = {}
    for row in read_rows(path):
        latest[key_of(row)] = row if words else _without_words(row)
    return list(latest.values())


def _without_words(row: dict[str, Any]) -> dict[str, Any]:
    """Return the figures of a row; names and short values, which all rows repeat, are held in memory once."""
    return {
        sys.intern(name): sys.intern(value) if isinstance(value, str) else value
        for name, value in row.items()
        if name not in WORDS
    }


def to_table(rows: Sequence[Row], questions: Sequence[str], languages: Sequence[str], *, epochs: int = 1) -> Floats:
    """Return per cent right, averaged over epochs, of shape (questions, languages).

    NaN where any epoch is an error, and where there are fewer answers than `epochs`.
    """
    places = {identifier: place for place, identifier in enumerate(questions)}
    columns = {tag: column for column, tag in enumerate(languages)}
    right = np.zeros((len(questions), len(languages)))
    counts = np.zeros_like(right)
    for row in rows:
        if row["id"] in places:
            cell = (places[row["id"]], columns[row["language"]])
            right[cell] += math.nan if row["status"] == "error" else 100.0 * score_of(row)
            counts[cell] += 1
    return np.divide(right, counts, out=np.full_like(right, math.nan), where=counts >= epochs)
