"""What a finished or small measurement says to the next one: variances for planning, tokens that calls used."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from clara.errors import DatasetError
from clara.evaluation.datasets import Dataset
from clara.evaluation.records import Row, load_rows, score_of
from clara.evaluation.results import RECORDS
from clara.evaluation.statistics import plan
from clara.evaluation.statistics.levels import ENGLISH
from clara.evaluation.statistics.plan import Design, Spread
from clara.evaluation.statistics.resampling import Floats

EPOCHS = (1, 2, 4)
"""Numbers of epochs that are compared where a pilot tells what they are worth."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """One contrast: its standard deviation per question in points, and what follows from it.

    needed: questions for the effect that was asked for. smallest: effect that the dataset's questions find. Both are
    None where the contrast is the same for every question of a pilot, which plans nothing.
    """

    contrast: str
    epochs: int
    deviation: float
    needed: int | None
    smallest: float | None


def read_records(folder: Path) -> list[dict[str, Any]]:
    """Return the rows of a measurement's records.jsonl. Raises DatasetError."""
    rows = load_rows(folder / RECORDS)
    if not rows:
        raise DatasetError(f"{folder / RECORDS}: holds no record; measure first")
    return rows


def parallel_questions(dataset: Dataset) -> int:
    """Return how many questions are asked in all languages. Raises DatasetError where English or such questions lack.

    Only these have a gap of their own.
    """
    complete = len(dataset.parallel(dataset.languages))
    if ENGLISH not in dataset.languages or len(dataset.languages) < 2 or not complete:
        raise DatasetError(
            f"{dataset.name}: a gap needs questions that are asked in English and every other language; choose "
            "languages that share them with --languages"
        )
    return complete


def spreads_assumed(others: int) -> dict[str, Spread]:
    """Return the contrasts and their spread without a pilot, for a gap to so many other languages."""
    gap = plan.assumed_gap(others)
    return {"gap": gap, "gap reduction": plan.assumed_reduction(gap)}


def spreads_measured(rows: Sequence[Row]) -> dict[str, Spread]:
    """Return the gap of each method and the reduction against the first one, with their spread in a pilot's rows.

    Raises DatasetError where the rows hold no gap.
    """
    languages = list(dict.fromkeys(row["language"] for row in rows))
    if ENGLISH not in languages or len(languages) < 2:
        raise DatasetError(f"a pilot needs answers in English and another language; this has {', '.join(languages)}")
    gaps = {name: _gaps(table, languages) for name, table in _tables(rows, languages)}
    baseline = next(iter(gaps))
    contrasts = {f"gap, {name}": found for name, found in gaps.items()} | {
        f"gap reduction, {name} against {baseline}": gaps[baseline] - found
        for name, found in gaps.items()
        if name != baseline
    }
    spreads = {name: plan.pilot_spread(values) for name, values in contrasts.items()}
    if any(math.isnan(spread.between) for spread in spreads.values()):
        raise DatasetError("a pilot needs two or more questions that are answered in all its languages by all methods")
    return spreads


def plan_measurement(
    spreads: Mapping[str, Spread], questions: int, *, effect: float, design: Design
) -> Iterator[Planned]:
    """Yield what each contrast needs. A gap is one test; of reductions there are as many as the design compares."""
    single = Design(power=design.power, alpha=design.alpha)
    for name, spread in spreads.items():
        test = design if "reduction" in name else single
        for epochs in EPOCHS if spread.within else EPOCHS[:1]:
            deviation = spread.deviation(epochs)
            yield Planned(
                contrast=name, epochs=epochs, deviation=deviation,
                needed=plan.questions_needed(spread, effect, test, epochs=epochs) if deviation else None,
                smallest=plan.smallest_effect(spread, questions, test, epochs=epochs) if deviation else None,
            )  # fmt: skip


def _tables(rows: Sequence[Row], languages: Sequence[str]) -> Iterator[tuple[str, Floats]]:
    """Yield each method's per cent right, of shape (questions, epochs, languages); NaN where an answer is missing."""
    ids = {identifier: place for place, identifier in enumerate(dict.fromkeys(row["id"] for row in rows))}
    epochs = {epoch: place for place, epoch in enumerate(sorted({row["epoch"] for row in rows}))}
    tables: dict[str, Floats] = {}
    for row in rows:
        table = tables.setdefault(row["method"], np.full((len(ids), len(epochs), len(languages)), math.nan))
        if row["status"] != "error":
            table[ids[row["id"]], epochs[row["epoch"]], languages.index(row["language"])] = 100 * score_of(row)
    yield from tables.items()


def _gaps(table: Floats, languages: Sequence[str]) -> Floats:
    """Return the gap per question and epoch, NaN where an answer is missing."""
    english = list(languages).index(ENGLISH)
    return np.asarray(table[..., english] - np.delete(table, english, axis=-1).mean(axis=-1))
