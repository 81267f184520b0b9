"""What a scorer is: it says what an open answer is worth, and sums up a dataset's own metrics."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from clara.choices import read_choice
from clara.evaluation.datasets.base import Item
from clara.evaluation.records import Row, Status, score_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """What one answer is worth. score: 0 to 1. values: the metrics of this answer, kept in its row."""

    status: Status
    score: float
    values: Mapping[str, float] = field(default_factory=dict)


UNPARSED = Score(status="unparsed", score=0.0)
"""The score of an answer that holds nothing of what was asked for."""


class Scorer(Protocol):
    """Scores the answers to one dataset."""

    def score(self, item: Item, text: str, language: str) -> Score:
        """Return what an answer to an open question is worth. language: the one that was asked in."""

    def summarise(self, rows: Sequence[Row], items: Sequence[Item]) -> dict[str, Any]:
        """Return the dataset's own metrics for one method's rows, errors left out; shares are per cent."""


class ChoiceScorer:
    """The half of a scorer for datasets whose questions have options: an answer is worth the option that it names."""

    def score(self, item: Item, text: str, language: str) -> Score:
        choice = read_choice(text, item.options, language)
        return UNPARSED if choice is None else Score(status="ok", score=float(choice == item.answer))


def by_language(rows: Iterable[Row]) -> dict[str, list[Row]]:
    """Return language -> its rows, in their order."""
    found: dict[str, list[Row]] = {}
    for row in rows:
        found.setdefault(row["language"], []).append(row)
    return found


def accuracy(rows: Sequence[Row]) -> float | None:
    """Return the mean score in per cent, None of no rows."""
    return percent(sum(map(score_of, rows)), len(rows))


def percent(part: float, whole: int) -> float | None:
    """Return a share in per cent with four decimals, None of nothing."""
    return round(100 * part / whole, 4) if whole else None


def share(rows: Sequence[Row], name: str) -> float | None:
    """Return the mean of a value of the rows in per cent; a row without it counts as 0."""
    return percent(sum(row.get("values", {}).get(name, 0.0) for row in rows), len(rows))


def difference(left: float | None, right: float | None) -> float | None:
    """Return the difference of two shares, None where one is not known."""
    return None if left is None or right is None else round(left - right, 4)


def mean(values: Iterable[float | None]) -> float | None:
    """Return the mean of the values that are known, None of none."""
    known = [value for value in values if value is not None]
    return round(sum(known) / len(known), 4) if known else None
