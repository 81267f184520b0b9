"""What a measurement left in its folder, read for showing: results, what became of each answer, and the questions."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from clara.errors import DatasetError
from clara.evaluation.records import Key, key_of, read_rows, score_of
from clara.evaluation.results import QUESTIONS, RECORDS, RESULTS, read_questions, read_results

Cell = tuple[str, str]
"""A question's id and a language."""


@dataclass(frozen=True, slots=True)
class Mark:
    """One answer, as far as a table needs it. score: 0 to 1."""

    epoch: int
    status: str
    choice: str | None
    score: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """One folder. answers: cell -> method -> its answers by epoch. asked: cell -> its row of questions.jsonl, empty
    where the questions may not be shown."""

    folder: Path
    results: dict[str, Any]
    answers: Mapping[Cell, Mapping[str, Sequence[Mark]]]
    asked: Mapping[Cell, Mapping[str, Any]]

    @property
    def methods(self) -> tuple[str, ...]:
        """The methods, in the order of the results."""
        return tuple(self.results["methods"])

    @property
    def baseline(self) -> str:
        """The method that the others are compared with."""
        named = self.results["manifest"].get("baseline")
        return named if named in self.results["methods"] else self.methods[0]

    @property
    def languages(self) -> tuple[str, ...]:
        """The languages, in the order of the results."""
        return tuple(next(iter(self.results["methods"].values()))["languages"])

    @property
    def questions(self) -> tuple[str, ...]:
        """The ids, in the order of the records."""
        return tuple(dict.fromkeys(identifier for identifier, _ in self.answers))

    def records(self, questions: Collection[str]) -> dict[Key, dict[str, Any]]:
        """Return the whole rows of these questions: the file is read again, so that memory holds no others."""
        return {key_of(row): row for row in read_rows(self.folder / RECORDS) if row["id"] in questions}


def right(marks: Sequence[Mark]) -> float | None:
    """Return the mean score over epochs, 0 to 1; None where an answer is missing, as an error is."""
    if not marks or any(mark.status == "error" for mark in marks):
        return None
    return sum(mark.score for mark in marks) / len(marks)


def load_results(folder: Path) -> dict[str, Any]:
    """Return a folder's results. Raises DatasetError, which says what to do where there are none yet."""
    if not (folder / RESULTS).exists():
        begun = (folder / RECORDS).exists()
        advice = f"finish it, or score what is there: clara eval score {folder}" if begun else "measure into it first"
        raise DatasetError(f"{folder}: holds no results yet; {advice}")
    results = read_results(folder)
    if not results["methods"]:
        raise DatasetError(f"{folder / RESULTS}: no method was measured; measure again")
    return results


def load(folder: Path) -> Measured:
    """Read a folder that `clara eval run` or `replay` wrote. Of two rows for one answer the later counts.

    Raises DatasetError where a file is missing or damaged.
    """
    results = load_results(folder)
    answers: dict[Cell, dict[str, dict[int, Mark]]] = {}
    for row in read_rows(folder / RECORDS):
        mark = Mark(row["epoch"], row["status"], row.get("choice"), score_of(row))
        answers.setdefault((row["id"], row["language"]), {}).setdefault(row["method"], {})[mark.epoch] = mark
    ordered = {
        cell: {method: [by_epoch[epoch] for epoch in sorted(by_epoch)] for method, by_epoch in methods.items()}
        for cell, methods in answers.items()
    }
    asked = {(row["id"], row["language"]): row for row in read_questions(folder / QUESTIONS)}
    return Measured(folder=folder, results=results, answers=ordered, asked=asked)
