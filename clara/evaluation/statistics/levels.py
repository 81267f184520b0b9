"""What one method reaches: accuracy per language, the gap to English, the worst language, the range."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from clara.evaluation.extras import load_extra
from clara.evaluation.statistics.resampling import Floats

ENGLISH = "en"
PARITY = 2.0
"""Points within which the gap's 90% interval must lie for parity to be claimed."""
_SHUFFLES = 2000

Interval = tuple[float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Levels:
    """One method's levels, in percentage points.

    accuracy: language -> mean over questions. mean: of the languages. gap: English less the mean of the others.
    parity: whether two one-sided tests at 5% put the gap inside +-2 points (Schuirmann 1987).
    worst: the language with the lowest accuracy. range: highest less lowest accuracy; range_null: the mean of that
    if the language made no difference. The range is biased upward (Lum, Zhang and Bower, arXiv 2205.05770), so it
    says nothing without it.
    """

    accuracy: dict[str, float]
    mean: float
    gap: float
    gap_interval: Interval
    parity: bool
    worst: str
    range: float
    range_null: float


def measure_levels(table: Floats, languages: Sequence[str], *, seed: int) -> Levels:
    """Return the levels of a table (questions, languages) that has English and at least one other language.

    Accuracy is over the answers that are there; the gap, over the questions that are complete. Where there are
    none, values are NaN.
    """
    complete = table[~np.isnan(table).any(axis=1)]
    accuracy = {tag: _mean(table[:, column]) for column, tag in enumerate(languages)}
    gaps = gap_per_question(complete, languages)
    low, high = mean_interval(gaps, 0.90)
    known = {tag: value for tag, value in accuracy.items() if not math.isnan(value)}
    spread = max(known.values()) - min(known.values()) if known else math.nan
    return Levels(
        accuracy=accuracy,
        mean=float(np.mean(list(accuracy.values()))),
        gap=_mean(gaps),
        gap_interval=mean_interval(gaps, 0.95),
        parity=low > -PARITY and high < PARITY,
        worst=min(known, key=lambda tag: known[tag]) if known else "",
        range=spread,
        range_null=_range_without_effect(complete, seed),
    )


def gap_per_question(table: Floats, languages: Sequence[str]) -> Floats:
    """Return each question's correctness in English less its mean in the other languages, whose mean is the gap."""
    english = list(languages).index(ENGLISH)
    others = np.delete(table, english, axis=1)
    return np.asarray(table[:, english] - others.mean(axis=1))


def mean_interval(values: Floats, level: float) -> Interval:
    """Return the interval of a mean of independent questions: mean +- t * sd / sqrt(n) (Miller, arXiv 2411.00640).

    Student's t, since a dataset of one's own may be small (Bowyer et al., arXiv 2503.01747). NaN below two values.
    """
    if values.size < 2:
        return (math.nan, math.nan)
    stats = load_extra("scipy.stats")
    mean, half = float(values.mean()), float(values.std(ddof=1)) / math.sqrt(values.size)
    half *= float(stats.t.ppf((1 + level) / 2, values.size - 1))
    return (mean - half, mean + half)


def wilson(correct: float, n: int) -> Interval:
    """Return the 95% interval of a share in per cent (Wilson 1927). correct: may be a fraction, averaged over epochs.

    NaN where n is 0.
    """
    if not n:
        return (math.nan, math.nan)
    z = 1.959963984540054
    share = correct / n
    centre = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    return (100 * max(0.0, centre - half), 100 * min(1.0, centre + half))


def _range_without_effect(table: Floats, seed: int) -> float:
    """Return the mean range when each question's results are dealt to the languages at random."""
    if not table.size:
        return math.nan
    rng = np.random.default_rng(seed)
    ranges = []
    for _ in range(_SHUFFLES):
        means = rng.permuted(table, axis=1).mean(axis=0)
        ranges.append(means.max() - means.min())
    return float(np.mean(ranges))


def _mean(values: Floats) -> float:
    known = values[~np.isnan(values)]
    return float(known.mean()) if known.size else math.nan
