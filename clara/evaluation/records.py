"""One answer as it is kept: a row of records.jsonl."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from clara.evaluation.statistics.resampling import Floats

Status = Literal["ok", "unparsed", "refused", "abstained", "error"]
"""What became of an answer. An error is a measurement still missing; all others count, and only ok can be right."""


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


def to_table(answered: Sequence[Answered], questions: Sequence[str], languages: Sequence[str]) -> Floats:
    """Return per cent right, averaged over epochs, of shape (questions, languages); NaN where any epoch is an error."""
    rows = {identifier: row for row, identifier in enumerate(questions)}
    columns = {tag: column for column, tag in enumerate(languages)}
    right = np.zeros((len(questions), len(languages)))
    counts = np.zeros_like(right)
    for found in answered:
        cell = (rows[found.id], columns[found.language])
        right[cell] += math.nan if found.given.status == "error" else 100.0 * found.correct
        counts[cell] += 1
    return np.asarray(right / counts)
