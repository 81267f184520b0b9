"""How many questions a measurement needs, and the smallest effect it can find. Percentage points throughout.

A contrast is a number per question whose mean is what is measured: the gap of a method (English less the mean of the
other languages), or the gap reduction (the baseline's gap less the method's). The question is the cluster: what its
languages, methods and epochs have in common is in the contrast already (Miller, arXiv 2411.00640).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from clara.evaluation.extras import load_extra
from clara.evaluation.statistics.resampling import Floats

ACCURACY, CORRELATION, GAP_CORRELATION = 0.6, 0.5, 0.5
"""What is assumed without a pilot. Between languages, correctness correlated by 0.43 to 0.61 over questions in five
recorded models (four on multi-ophthalingua, o1-mini on african-medical-mmlu), whose gap had a standard deviation of 28
to 39 points; assumed are 37. A method that closes the gap leaves the baseline's alone to vary, which a correlation of
the two gaps of 0.5 amounts to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Design:
    """What a measurement is to find. power: the chance to find it; alpha: to find it where there is nothing.

    comparisons: of how many two-sided tests `alpha` is the family's (Bonferroni, which is Holm's first step).
    """

    power: float = 0.8
    alpha: float = 0.05
    comparisons: int = 1

    @property
    def standard_errors(self) -> float:
        """How many standard errors an effect must be away from 0. Raises ConfigError without SciPy."""
        norm = load_extra("scipy.stats").norm
        return float(norm.isf(self.alpha / self.comparisons / 2) + norm.ppf(self.power))


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """The variance of a contrast in squared points: between questions, and within one from epoch to epoch.

    within is 0 where it is not known apart: then `between` is that of one epoch, and more epochs promise nothing.
    """

    between: float
    within: float = 0.0

    def deviation(self, epochs: int = 1) -> float:
        """Return the standard deviation per question of the mean of so many epochs."""
        return math.sqrt(self.between + self.within / epochs)


def questions_needed(spread: Spread, effect: float, design: Design, *, epochs: int = 1) -> int:
    """Return n = (z_(alpha/2) + z_(1-power))^2 (omega^2 + sigma^2/K) / effect^2, rounded up (Miller, section 5)."""
    return max(2, math.ceil((design.standard_errors * spread.deviation(epochs) / effect) ** 2))


def smallest_effect(spread: Spread, questions: int, design: Design, *, epochs: int = 1) -> float:
    """Return the effect that so many questions find with the design's power: the same formula, solved for it."""
    return design.standard_errors * spread.deviation(epochs) / math.sqrt(questions)


def assumed_gap(others: int, *, accuracy: float = ACCURACY, correlation: float = CORRELATION) -> Spread:
    """Return the spread of the gap to `others` languages where all have one accuracy and one correlation (0 to 1).

    Var(y_en - mean y_l) = p (1 - p) (1 + 1/L) (1 - rho): of equally correlated values of one variance.
    """
    return Spread(between=1e4 * accuracy * (1 - accuracy) * (1 + 1 / others) * (1 - correlation))


def assumed_reduction(gap: Spread, *, correlation: float = GAP_CORRELATION) -> Spread:
    """Return the spread of the difference of two methods' gaps that have one spread and this correlation."""
    return Spread(between=2 * (1 - correlation) * gap.between, within=2 * gap.within)


def pilot_spread(contrasts: Floats) -> Spread:
    """Return the spread of a contrast from a pilot of shape (questions, epochs), NaN where an answer is missing.

    One-way analysis of variance: within is the pooled variance of a question's epochs, between the variance of their
    means less what epochs add to it, at least 0. Questions without a value are left out; below two, NaN.
    """
    counts = (~np.isnan(contrasts)).sum(axis=1)
    values, counts = contrasts[counts > 0], counts[counts > 0]
    if len(values) < 2:
        return Spread(between=math.nan)
    means = np.nansum(values, axis=1) / counts
    freedom = int((counts - 1).sum())
    if not freedom:
        return Spread(between=float(means.var(ddof=1)))
    within = float(np.nansum((values - means[:, None]) ** 2)) / freedom
    return Spread(between=max(0.0, float(means.var(ddof=1)) - within * float((1 / counts).mean())), within=within)
