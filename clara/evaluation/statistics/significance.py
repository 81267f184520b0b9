"""Tests of paired differences, and their correction for testing several languages."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from clara.evaluation.extras import load_extra
from clara.evaluation.statistics.resampling import BLOCK, Floats


def mcnemar(gained: int, lost: int) -> float:
    """Return the two-sided exact p of McNemar's test (1947): questions that only one of two methods got right.

    Without an effect each of them falls to either side with probability one half. Raises ConfigError without SciPy.
    """
    if not gained + lost:
        return 1.0
    stats = load_extra("scipy.stats")
    return float(stats.binomtest(gained, gained + lost, 0.5).pvalue)


def sign_flip(differences: Floats, *, seed: int, rounds: int = 10_000) -> float:
    """Return the two-sided p of the mean difference, by swapping the two methods within questions at random.

    Approximate randomisation (Noreen 1989); one is added to both counts so that p is never 0 (Phipson and
    Smyth 2010). differences: one per question.
    """
    observed = abs(differences.sum()) - 1e-9  # sums of the same numbers in another order differ by rounding
    if observed <= 0:
        return 1.0
    # Of equal differences only the number that keep their sign matters; of those without a sign, nothing.
    sizes, counts = np.unique(np.abs(differences[differences != 0]).round(9), return_counts=True)
    rng = np.random.default_rng(seed)
    rows = max(1, BLOCK // sizes.size)
    extreme = 0
    for start in range(0, rounds, rows):
        kept = rng.binomial(counts, 0.5, size=(min(rows, rounds - start), sizes.size))
        extreme += int((np.abs((2 * kept - counts) @ sizes) >= observed).sum())
    return (extreme + 1) / (rounds + 1)


def holm(p_values: Mapping[str, float]) -> dict[str, float]:
    """Return the p-values adjusted for being several (Holm 1979): the smallest times their number, and so on down."""
    adjusted: dict[str, float] = {}
    largest = 0.0
    for rank, name in enumerate(sorted(p_values, key=lambda name: p_values[name])):
        largest = max(largest, min(1.0, (len(p_values) - rank) * p_values[name]))
        adjusted[name] = largest
    return {name: adjusted[name] for name in p_values}
