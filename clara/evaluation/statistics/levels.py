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
    """What the levels of one method have between them, in percentage points.

    gap: English less the mean of the others. parity: whether two one-sided tests at 5% put the gap inside +-2 points
    (Schuirmann 1987). range_null: the mean of the range, highest less lowest accuracy, if the language made no
    difference: the range is biased upward (Lum, Zhang and Bower, arXiv 2205.05770) and says nothing without it.
    """

    gap: float
    gap_interval: Interval
    parity: bool
    range_null: float


def measure_levels(table: Floats, languages: Sequence[str], *, seed: int) -> Levels:
    """Return the levels of a table (questions, languages) that has English and at least one other language.

    Questions that are complete count. Where there are none, values are NaN.
    """
    complete = table[~np.isnan(table).any(axis=1)]
    gaps = gap_per_question(complete, languages)
    return Levels(
        gap=float(gaps.mean()) if gaps.size else math.nan,
        gap_interval=mean_interval(gaps, 0.95),
        parity=_parity(gaps),
        range_null=_range_without_effect(complete, seed),
    )


def _parity(gaps: Floats) -> bool:
    """Tell whether the gap is shown to be within two points.

    Where it is the same in every question, the interval has no width; then a question unlike all of them must be so
    rare, at 95% confidence (1 - 0.05^(1/n), the exact form of the rule of three), that it cannot make two points.
    """
    low, high = mean_interval(gaps, 0.90)
    unseen = 100 * (1 - 0.05 ** (1 / gaps.size)) if gaps.size and not np.ptp(gaps) else 0.0
    return low > -PARITY and high < PARITY and unseen < PARITY


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
        ranges.append(np.ptp(means))
    return float(np.mean(ranges))
