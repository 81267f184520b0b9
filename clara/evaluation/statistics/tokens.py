"""The token premium: how many tokens the same content takes in a language, relative to English.

(Petrov et al., arXiv 2305.15425; Ahia et al., arXiv 2305.13707.) It is what a question costs more, and how much sooner
a context is full.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from clara.evaluation.statistics.levels import ENGLISH, Interval
from clara.evaluation.statistics.resampling import Floats, Resampler

RESAMPLES = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Premium:
    """A language's tokens over those of English for the same questions, its 95% interval, and tokens per question."""

    value: float
    interval: Interval
    questions: int
    tokens_per_question: float


def measure_premium(counts: Floats, languages: Sequence[str], *, seed: int) -> dict[str, Premium]:
    """Return language -> premium, of a table of tokens (questions, languages) that has English.

    The premium is a ratio of sums, as Petrov et al. have it, so that long texts count for more; the interval is that of
    the bootstrap over questions. Only questions that are there (not NaN) in English and the language count; a language
    that shares none is left out.
    """
    english = list(languages).index(ENGLISH)
    resampler = _resampler(len(counts), seed)
    found = {}
    for column, tag in enumerate(languages):
        pair = counts[:, [english, column]]
        shared = np.asarray(~np.isnan(pair).any(axis=1))
        if not shared.any() or not pair[shared, 0].sum():
            continue
        drawn = resampler.sums(np.where(shared[:, None], pair, 0.0))
        drawn = drawn[drawn[:, 0] > 0]
        low, high = np.percentile(drawn[:, 1] / drawn[:, 0], [2.5, 97.5])
        total = pair[shared].sum(axis=0)
        found[tag] = Premium(
            value=float(total[1] / total[0]), interval=(float(low), float(high)), questions=int(shared.sum()),
            tokens_per_question=float(total[1] / shared.sum()),
        )  # fmt: skip
    return found


@lru_cache(maxsize=1)  # methods and languages of one measurement have their questions, and so their draws, in common
def _resampler(questions: int, seed: int) -> Resampler:
    return Resampler(questions, RESAMPLES, seed)
