"""What accuracy does not say of a set of answers: calibration, selective answering, bias, consistency, price.

Confidences and all measures are from 0 to 1, but for costs. NaN where there is nothing to measure.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from clara.evaluation.statistics.curves import BINS, Bools, Integers, bin_of, risk_coverage
from clara.evaluation.statistics.resampling import Floats

_SIMULATIONS = 400  # their mean is then known to a twentieth of its spread


@dataclass(frozen=True, slots=True, kw_only=True)
class Biased:
    """A measure that is above 0 by chance alone, and its mean under the hypothesis that there is no effect."""

    value: float
    null: float


_NOTHING = Biased(value=math.nan, null=math.nan)


def brier(confidence: Floats, correct: Floats) -> float:
    """Return the mean squared difference of confidence and correctness, 0 to 1, lower is better (Brier 1950)."""
    return _mean((confidence - correct) ** 2)


def calibration_error(confidence: Floats, correct: Floats, questions: Integers, *, seed: int) -> Biased:
    """Return the expected calibration error: the mean over answers of |accuracy - mean confidence| in their bin.

    Ten bins of equal width (Naeini et al. 2015; Guo et al., arXiv 1706.04599), as published figures have; see
    `binned_accuracy` for why. It is biased upward in small samples (Kumar et al., arXiv 1909.10155), so the null is
    the mean of what a model of the same confidences would get that is right exactly as often as it says. Epochs of one
    question are right or wrong together in it.
    """
    if not confidence.size:
        return _NOTHING
    where = bin_of(confidence, BINS)
    rng = np.random.default_rng(seed)
    _, question = np.unique(questions, return_inverse=True)
    simulated = []
    for _ in range(_SIMULATIONS):
        right = rng.random(int(np.max(question)) + 1)[question] < confidence
        simulated.append(_calibration_error(where, confidence - right))
    return Biased(value=_calibration_error(where, confidence - correct), null=float(np.mean(simulated)))


def _calibration_error(where: Integers, excess: Floats) -> float:
    """Return the error of answers that are in the bins `where` and whose confidence exceeds correctness by `excess`."""
    return float(np.abs(np.bincount(where, weights=excess, minlength=BINS)).sum() / excess.size)


def coverage(answered: Bools) -> float:
    """Return the share of questions that were answered: not refused, abstained from or unparsed."""
    return _mean(answered.astype(np.float64))


def selective_accuracy(answered: Bools, correct: Floats) -> float:
    """Return the share that is right of what was answered."""
    return _mean(correct[answered])


def area_under_risk_coverage(confidence: Floats, correct: Floats) -> float:
    """Return the mean risk over all coverages, 0 to 1, lower is better (AURC; Geifman et al., arXiv 1805.08206).

    Confidence that orders nothing gives the share of wrong answers. confidence: NaN where no answer was given, which
    comes last and counts as wrong.
    """
    return _mean(risk_coverage(confidence, correct)[1])


def position_bias(chosen: Integers, right: Integers, options: Integers, *, seed: int) -> Biased:
    """Return how far the letters that are chosen are from those that are right: total variation distance, 0 to 1.

    (Zheng et al., arXiv 2309.03882, and Pezeshkpour and Hruschka, arXiv 2308.11483, on the bias.) The null is its mean
    where the same questions are missed and every wrong letter is as likely as another. chosen, right: positions of
    letters from 0, one answer per question; options: how many the question has, at least two.
    """
    if not chosen.size:
        return _NOTHING
    letters = int(np.max(options))
    gold = np.bincount(right, minlength=letters)
    hit = np.bincount(right[chosen == right], minlength=letters)
    # Of misses only their number per right letter and number of options matters.
    missed, counts = np.unique(np.stack([right, options])[:, chosen != right], axis=1, return_counts=True)
    rng = np.random.default_rng(seed)
    drawn = np.tile(hit, (_SIMULATIONS, 1))
    for (letter, number), count in zip(missed.T, counts, strict=True):
        odds = np.zeros(letters)
        odds[:number] = 1 / (number - 1)
        odds[letter] = 0
        drawn += rng.multinomial(count, odds, size=_SIMULATIONS)
    observed = np.bincount(chosen, minlength=letters)
    distance = np.abs(np.vstack([observed, drawn]) - gold).sum(axis=1) / (2 * chosen.size)
    return Biased(value=float(distance[0]), null=float(distance[1:].mean()))


def consistency(answers: Mapping[Any, Sequence[Hashable]]) -> float:
    """Return the chance that two samples of a question agree, the mean over questions with at least two.

    answers: question -> what its samples said; one that named nothing says its status. Pairs are of different samples,
    so that the number of samples does not matter.
    """
    shares = []
    for said in answers.values():
        if len(said) > 1:
            alike = sum(count * (count - 1) for count in Counter(said).values())
            shares.append(alike / (len(said) * (len(said) - 1)))
    return _mean(np.asarray(shares))


def agreement_between(answers: Mapping[Any, Mapping[str, Any]], first: str, second: str) -> float:
    """Return the share of questions to which two languages give the same answer, of those answered in both.

    answers: question (and epoch) -> language -> what was said.
    """
    pairs = [said[first] == said[second] for said in answers.values() if first in said and second in said]
    return _mean(np.asarray(pairs, dtype=np.float64))


def fidelity(asked: Sequence[str], found: Sequence[str | None]) -> Floats:
    """Return 1 where an answer is in the language that was asked, 0 where not, NaN where its language is unknown."""
    return np.asarray(
        [math.nan if tag is None else float(tag == wanted) for wanted, tag in zip(asked, found, strict=True)]
    )


def cost_per_correct(costs: Floats, correct: Floats) -> float:
    """Return what a right answer costs: all that was paid over the number of right answers; infinite if none is.

    costs: NaN where unknown, which makes the result unknown.
    """
    if not costs.size or np.isnan(costs).any():
        return math.nan
    right = float(correct.sum())
    return float(costs.sum()) / right if right else math.inf


def percentile(values: Floats, share: float) -> float:
    """Return a percentile of the known values, by linear interpolation; share: 50 for the median."""
    known = values[~np.isnan(values)]
    return float(np.percentile(known, share)) if known.size else math.nan


def _mean(values: Floats) -> float:
    return float(values.mean()) if values.size else math.nan
