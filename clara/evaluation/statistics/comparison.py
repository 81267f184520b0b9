"""One method against a baseline: what became of the gap, and who paid for it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from clara.evaluation.extras import load_extra
from clara.evaluation.statistics.levels import ENGLISH, Interval, gap_per_question, mean_interval
from clara.evaluation.statistics.resampling import Floats, Resampler
from clara.evaluation.statistics.significance import holm, mcnemar, sign_flip

RESAMPLES = 10_000
ENGLISH_MAY_LOSE = 1.0
"""Points of which a win must rule out, at the bound of the 95% interval, that English lost them."""
GAP_TO_REDUCE = 2.0
"""Points above which the baseline gap's lower bound must lie for a relative reduction to be stated."""
FEWEST = 6
"""Questions below which there is no interval: that five differ one way comes by chance more than once in 20 (2/2^5)."""
_DETECTABLE = 2.80  # standard errors: z for 5% two-sided plus z for 80% power
_NOISE = 9  # decimals: sums of the same numbers in another order differ after more of them


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A mean difference in points with its 95% interval and, where it is tested, its p."""

    value: float
    interval: Interval
    p: float | None = None

    @property
    def up(self) -> bool:
        """Whether the interval lies above 0."""
        return self.interval[0] > 0

    @property
    def down(self) -> bool:
        """Whether the interval lies below 0."""
        return self.interval[1] < 0


@dataclass(frozen=True, slots=True, kw_only=True)
class LanguageChange:
    """One language's change in points, its p and the p adjusted for the number of languages."""

    diff: float
    p: float
    p_holm: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """A method against a baseline, in percentage points.

    gap_reduction is R = lift_others U - change_english D. relative: R in per cent of the baseline's gap, None where
    that gap is too small or too uncertain to divide by. worst: the language that was worst at baseline, and its change.
    """

    gap_reduction: Change
    lift_others: Change
    change_english: Change
    relative: float | None
    worst: tuple[str, float]
    languages: Mapping[str, LanguageChange]
    verdict: str


def compare(
    baseline: Floats,
    method: Floats,
    languages: Sequence[str],
    *,
    resampler: Resampler,
    seed: int,
    epochs: int = 1,
) -> Comparison:
    """Compare two tables (questions, languages) of the same questions.

    Intervals are percentiles of the bootstrap over questions, the same draws for R, U and D, NaN below six questions;
    the p of R comes from swapping the methods within questions. Per language: McNemar's exact test at one epoch, sign
    flips at several and for answers that may be partly right. Of languages that were worst together, `worst` is the one
    that gains least.
    Only questions that are complete in both count; the verdict is `incomplete` where any is not.
    """
    whole = np.asarray(~np.isnan(np.concatenate([baseline, method], axis=1)).any(axis=1))
    english = list(languages).index(ENGLISH)
    before, after = baseline[whole], method[whole]
    difference = after - before
    d = difference[:, english]
    u = np.delete(difference, english, axis=1).mean(axis=1)
    changes = _intervals(np.stack([u - d, u, d], axis=1), resampler, whole)
    reduction, lift, change = changes
    reduction = Change(value=reduction.value, interval=reduction.interval, p=sign_flip(u - d, seed=seed))
    means = difference.mean(axis=0) if difference.size else np.full(len(languages), math.nan)
    lowest = int(np.lexsort((means, before.mean(axis=0).round(_NOISE)))[0]) if difference.size else english
    worst = (languages[lowest], float(means[lowest]))
    p_values = {tag: _p_of_language(difference[:, column], seed, epochs) for column, tag in enumerate(languages)}
    adjusted = holm(p_values)
    return Comparison(
        gap_reduction=reduction,
        lift_others=lift,
        change_english=change,
        relative=_relative(gap_per_question(before, languages), reduction.value),
        worst=worst,
        languages={
            tag: LanguageChange(diff=float(means[column]), p=p_values[tag], p_holm=adjusted[tag])
            for column, tag in enumerate(languages)
        },
        verdict=judge(reduction, lift, change, worst[1], detectable(u - d)) if whole.all() else "incomplete",
    )


def judge(reduction: Change, lift: Change, english: Change, worst: float, smallest: float) -> str:
    """Return the verdict in words.

    win: the gap closed because the others rose, while English held and the language that was worst has not fallen.
    levelled down: it closed and English or the worst language fell (Mittelstadt et al., arXiv 2302.02404);
    `(not ruled out)` where neither fell, but English may have lost a point or the others gained nothing.
    wider, everyone better, and wider: the gap opened. worst: that language's change. smallest: what 80% of such
    measurements would detect, NaN or 0 where that is unknown.
    """
    if reduction.up:
        if lift.up and english.interval[0] > -ENGLISH_MAY_LOSE and worst >= 0:
            return "win"
        return "levelled down" if english.value < 0 or worst < 0 else "levelled down (not ruled out)"
    if reduction.down:
        return "wider, everyone better" if lift.up and english.up and worst >= 0 else "wider"
    # Where no question's gap differs, nothing says what would have been found.
    return f"no detectable change (smallest detectable {f'{smallest:.1f}' if smallest > 0 else 'unknown'})"


def detectable(differences: Floats) -> float:
    """Return the smallest mean difference that a two-sided test at 5% finds with 80% power on such questions."""
    if differences.size < 2:
        return math.nan
    return _DETECTABLE * float(differences.std(ddof=1)) / math.sqrt(differences.size)


def _intervals(values: Floats, resampler: Resampler, whole: npt.NDArray[np.bool_]) -> list[Change]:
    """Return the mean of each column with its bootstrap interval; questions that are not `whole` weigh nothing.

    Percentiles lie further out than 2.5 and 97.5, since those of few questions hold the truth less than 95 times in
    100: the expanded percentile interval (Hesterberg, arXiv 1411.5279), which has the width of Student's.
    """
    n = int(whole.sum())
    means = values.mean(axis=0).round(_NOISE).tolist() if n else [math.nan] * values.shape[1]
    if n < FEWEST:
        return [Change(value=mean, interval=(math.nan, math.nan)) for mean in means]
    padded = np.zeros((whole.size, values.shape[1] + 1))
    padded[whole, :-1] = values
    padded[whole, -1] = 1.0
    drawn = resampler.sums(padded)
    drawn = drawn[drawn[:, -1] > 0]
    stats = load_extra("scipy.stats")
    tail = 100 * float(stats.norm.cdf(stats.t.ppf(0.025, n - 1) * math.sqrt(n / (n - 1))))
    bounds = np.percentile(drawn[:, :-1] / drawn[:, -1:], [tail, 100 - tail], axis=0).round(_NOISE)
    return [
        Change(value=mean, interval=(float(low), float(high))) for mean, low, high in zip(means, *bounds, strict=True)
    ]


def _p_of_language(differences: Floats, seed: int, epochs: int) -> float:
    if epochs == 1 and np.isin(np.abs(differences), (0, 100)).all():
        return mcnemar(int((differences > 0).sum()), int((differences < 0).sum()))
    return sign_flip(differences, seed=seed)


def _relative(gaps: Floats, reduction: float) -> float | None:
    low, _ = mean_interval(gaps, 0.95)
    return 100 * reduction / float(gaps.mean()) if low > GAP_TO_REDUCE else None
