"""The bootstrap over questions (Efron 1979)."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
BLOCK = 4_000_000  # numbers drawn at once, so that hundreds of thousands of questions fit into memory


class Resampler:
    """Draws questions with replacement, the same draws for everything that is measured on them.

    questions: their number. resamples: how often as many are drawn. seed: makes the draws repeatable.
    """

    def __init__(self, questions: int, resamples: int, seed: int) -> None:
        self.blocks = _drawn(questions, resamples, seed)

    def sums(self, table: Floats) -> Floats:
        """Return the column sums of a table of shape (questions, columns) in every draw: (resamples, columns)."""
        return np.concatenate([counts.astype(np.float64) @ table for counts in self.blocks])


@lru_cache(maxsize=1)
def _drawn(questions: int, resamples: int, seed: int) -> list[npt.NDArray[np.uint8]]:
    """Return all draws; the last ones are kept, since one measurement uses the same for each of its figures."""
    return list(_draw(questions, resamples, seed))


def _draw(questions: int, resamples: int, seed: int) -> Iterator[npt.NDArray[np.uint8]]:
    """Yield how often each question is drawn, in blocks of shape (resamples of the block, questions)."""
    rng = np.random.default_rng(seed)
    rows = max(1, BLOCK // questions)
    for start in range(0, resamples, rows):
        size = min(rows, resamples - start)
        # Every count follows nearly a Poisson law of mean 1, or is bounded by the few questions: a byte holds it.
        yield rng.multinomial(questions, np.full(questions, 1 / questions), size=size).astype(np.uint8)
