"""Curves of a report: calibration, risk against coverage, agreement against accuracy.

Confidence, coverage, risk and agreement are shares from 0 to 1; accuracy is in per cent. An answer is right (1) or
wrong (0); answers that name nothing (unparsed, refused, abstained) are wrong and carry no confidence.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from clara.evaluation.statistics.levels import Interval, wilson
from clara.evaluation.statistics.resampling import Floats

BINS = 10
Bools = npt.NDArray[np.bool_]
Integers = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """One bin: mean of what it is sorted by, accuracy in per cent with its 95% interval, number of answers."""

    value: float
    accuracy: float
    n: int
    interval: Interval


def binned_accuracy(values: Floats, correct: Floats, questions: Integers, *, bins: int = BINS) -> list[Point]:
    """Return accuracy by value (confidence, or share of drafts that agree) in bins of equal width, empty ones left out.

    Of calibration it is the reliability diagram. Equal width, not equal mass: stated confidences take a few round
    values, which bins of equal mass would split between bins at random. A bin is open below and closed above.

    questions: the number of each answer's question. Epochs of one question are not independent, so the Wilson interval
    counts questions.
    """
    found = []
    where = bin_of(values, bins)
    for index in np.unique(where):
        inside = where == index
        accuracy = float(correct[inside].mean())
        apart = np.unique(questions[inside]).size
        found.append(
            Point(
                value=float(values[inside].mean()), accuracy=100 * accuracy, n=int(inside.sum()),
                interval=wilson(accuracy * apart, apart),
            )
        )  # fmt: skip
    return found


def bin_of(values: Floats, bins: int) -> Integers:
    """Return the bin, 0 to bins - 1, of each value from 0 to 1."""
    return np.searchsorted(np.linspace(0, 1, bins + 1)[1:-1], values).astype(np.int64)


def risk_coverage(confidence: Floats, correct: Floats) -> tuple[Floats, Floats]:
    """Return coverage k/n and the risk, the share of wrong answers, among the k most confident, for k = 1 to n.

    (El-Yaniv and Wiener 2010; Geifman and El-Yaniv, arXiv 1705.08500.) Of equally confident answers the order is open:
    the risk is the mean over all orders. confidence: NaN where no answer was given. Those come last and are wrong, so
    that a method does not gain by being silent where it would have erred.
    """
    given = np.where(np.isnan(confidence), -np.inf, confidence)
    levels, group = np.unique(-given, return_inverse=True)  # the most confident first
    wrong = 1.0 - np.where(np.isnan(confidence), 0.0, correct)
    sizes = np.bincount(group, minlength=levels.size)
    shares = np.bincount(group, weights=wrong, minlength=levels.size) / sizes
    n = np.arange(1, confidence.size + 1)
    return n / confidence.size, np.cumsum(np.repeat(shares, sizes)) / n


def thin(coverage: Floats, risk: Floats, *, points: int = 100) -> list[tuple[float, float]]:
    """Return at most so many points of a curve, evenly spaced, the last one among them."""
    kept = np.unique(np.linspace(0, coverage.size - 1, min(points, coverage.size)).round().astype(int))
    return [(float(coverage[index]), float(risk[index])) for index in kept]
