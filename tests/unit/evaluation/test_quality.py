"""Measures beside accuracy: by hand, against scikit-learn, and against simulations whose truth is known."""

from __future__ import annotations

import importlib
import itertools
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clara.evaluation.statistics import quality
from clara.evaluation.statistics.curves import BINS, bin_of, binned_accuracy, risk_coverage, thin
from clara.evaluation.statistics.levels import wilson
from clara.evaluation.statistics.resampling import Floats

calibration: Any = importlib.import_module("sklearn.calibration")
metrics: Any = importlib.import_module("sklearn.metrics")


def floats(*values: float) -> Floats:
    return np.asarray(values, dtype=np.float64)


def stated(n: int, seed: int, bias: float = 0.0) -> tuple[Floats, Floats]:
    """Return confidences and correctness of a model that is right `bias` less often than it says."""
    rng = np.random.default_rng(seed)
    confidence = rng.uniform(0.2, 1, n)
    return confidence, (rng.random(n) < confidence - bias).astype(np.float64)


def test_brier_by_hand_and_as_scikit_learn_has_it() -> None:
    assert quality.brier(floats(0.9, 0.6, 0.3), floats(1, 0, 1)) == pytest.approx((0.01 + 0.36 + 0.49) / 3)
    confidence, correct = stated(500, 0)
    assert quality.brier(confidence, correct) == pytest.approx(metrics.brier_score_loss(correct, confidence))
    assert math.isnan(quality.brier(floats(), floats()))


def test_calibration_error_by_hand() -> None:
    # Two at 0.95, of which one is right: off by 0.45. Two at 0.55, both right: off by 0.45 the other way.
    found = quality.calibration_error(floats(0.95, 0.95, 0.55, 0.55), floats(1, 0, 1, 1), np.arange(4), seed=0)
    assert found.value == pytest.approx(0.45)
    # Three at 0.95, all right, off by 0.05; one at 0.2, right, off by 0.8: (3 * 0.05 + 0.8) / 4.
    found = quality.calibration_error(floats(0.95, 0.95, 0.95, 0.2), floats(1, 1, 1, 1), np.arange(4), seed=0)
    assert found.value == pytest.approx(0.2375)
    assert math.isnan(quality.calibration_error(floats(), floats(), np.arange(0), seed=0).value)


def test_bins_are_those_of_scikit_learn() -> None:
    confidence, correct = stated(400, 1)
    right, mean = calibration.calibration_curve(correct, confidence, n_bins=BINS, strategy="uniform")
    points = binned_accuracy(confidence, correct, np.arange(400))
    assert [point.value for point in points] == pytest.approx(mean)
    assert [point.accuracy for point in points] == pytest.approx(100 * right)
    weights = np.array([point.n for point in points]) / 400
    found = quality.calibration_error(confidence, correct, np.arange(400), seed=0)
    assert found.value == pytest.approx(float(weights @ np.abs(right - mean)))
    assert bin_of(floats(0, 0.1, 0.11, 0.95, 1), BINS).tolist() == [0, 0, 1, 9, 9]


def test_the_null_is_what_a_calibrated_model_gets() -> None:
    found = [quality.calibration_error(*stated(120, seed), np.arange(120), seed=seed) for seed in range(60)]
    values, nulls = np.array([f.value for f in found]), np.array([f.null for f in found])
    # Perfectly calibrated, and yet nine points off at n = 120: the null says so.
    assert values.mean() == pytest.approx(nulls.mean(), rel=0.08) and nulls.mean() > 0.06
    biased = quality.calibration_error(*stated(2000, 0, bias=0.2), np.arange(2000), seed=0)
    assert biased.value == pytest.approx(0.2, abs=0.02) and biased.null < 0.03


def test_epochs_of_a_question_are_no_further_evidence_of_miscalibration() -> None:
    confidence, correct = (np.repeat(values, 5) for values in stated(100, 3))
    apart = quality.calibration_error(confidence, correct, np.arange(500), seed=0)
    together = quality.calibration_error(confidence, correct, np.repeat(np.arange(100), 5), seed=0)
    alone = quality.calibration_error(confidence[::5], correct[::5], np.arange(100), seed=0)
    assert together.value == apart.value == pytest.approx(alone.value)
    assert together.null == pytest.approx(alone.null, rel=0.05) and apart.null < 0.6 * together.null


def test_points_have_intervals_over_questions() -> None:
    (point,) = binned_accuracy(np.full(20, 0.75), np.tile([1.0, 0.0], 10), np.repeat(np.arange(10), 2))
    assert (point.value, point.accuracy, point.n, point.interval) == (0.75, 50.0, 20, wilson(5, 10))
    assert binned_accuracy(floats(), floats(), np.arange(0)) == []


def test_risk_and_coverage_by_hand() -> None:
    coverage, risk = risk_coverage(floats(0.7, 0.9, 0.8), floats(1, 1, 0))
    assert coverage.tolist() == pytest.approx([1 / 3, 2 / 3, 1]) and risk.tolist() == pytest.approx([0, 1 / 2, 1 / 3])
    assert quality.area_under_risk_coverage(floats(0.7, 0.9, 0.8), floats(1, 1, 0)) == pytest.approx(5 / 18)
    # Of two that are equally sure, either may come first: half a mistake at coverage one half.
    assert risk_coverage(floats(0.5, 0.5), floats(1, 0))[1].tolist() == [0.5, 0.5]
    # One right answer, and one question without: silence is the last resort and no success.
    assert risk_coverage(floats(math.nan, 0.9), floats(1, 1))[1].tolist() == [0, 0.5]
    assert math.isnan(quality.area_under_risk_coverage(floats(), floats()))


Answer = tuple[float, int]


@given(st.lists(st.tuples(st.sampled_from([0.2, 0.5, 0.9]), st.integers(0, 1)), min_size=1, max_size=6))
def test_ties_are_averaged_over_all_orders(answers: Sequence[Answer]) -> None:
    orders = [order for order in itertools.permutations(answers) if sorted(order, key=lambda a: -a[0]) == list(order)]
    risks = [np.cumsum([1 - right for _, right in order]) / np.arange(1, len(order) + 1) for order in orders]
    found = risk_coverage(floats(*(a[0] for a in answers)), floats(*(a[1] for a in answers)))[1]
    assert found == pytest.approx(np.mean(risks, axis=0))


def test_confidence_that_says_nothing_has_the_risk_of_all() -> None:
    correct = (np.random.default_rng(4).random(300) < 0.7).astype(np.float64)
    flat = quality.area_under_risk_coverage(np.full(300, 0.5), correct)
    assert flat == pytest.approx(1 - correct.mean())
    assert (
        quality.area_under_risk_coverage(correct, correct) < flat < quality.area_under_risk_coverage(-correct, correct)
    )
    confidence, right = stated(3000, 5)
    assert quality.area_under_risk_coverage(confidence, right) < quality.area_under_risk_coverage(0 * right, right)


def test_silence_where_it_would_have_erred_gains_nothing() -> None:
    confidence, correct = floats(0.9, 0.8, 0.4, 0.3), floats(1, 1, 0, 0)
    silent = np.where(correct == 1, confidence, math.nan)
    assert quality.area_under_risk_coverage(silent, correct) == quality.area_under_risk_coverage(confidence, correct)
    answered = ~np.isnan(silent)
    assert quality.coverage(answered) == 0.5 and quality.selective_accuracy(answered, correct) == 1.0
    assert math.isnan(quality.selective_accuracy(np.zeros(2, dtype=bool), floats(0, 0)))


def test_a_curve_is_thinned_to_its_ends() -> None:
    coverage, risk = risk_coverage(*stated(5000, 6))
    points = thin(coverage, risk)
    assert len(points) == 100 and points[0] == (coverage[0], risk[0]) and points[-1] == (1.0, risk[-1])
    assert thin(coverage[:3], risk[:3]) == list(zip(coverage[:3], risk[:3], strict=True))


def test_position_bias_by_hand() -> None:
    # A to D right once each, always A said: |4 - 1| + 3 * |0 - 1| over 2 * 4.
    right, chosen, options = np.arange(4), np.zeros(4, dtype=np.int64), np.full(4, 4)
    found = quality.position_bias(chosen, right, options, seed=0)
    assert found.value == pytest.approx(0.75)
    # A is hit; the three misses fall on any of three wrong letters each: all 27 ways.
    ways = itertools.product(*[[letter for letter in range(4) if letter != gold] for gold in (1, 2, 3)])
    distances = [np.abs(np.bincount([0, *way], minlength=4) - 1).sum() / 8 for way in ways]
    assert found.null == pytest.approx(float(np.mean(distances)), abs=0.015)
    assert quality.position_bias(right, right, options, seed=0) == quality.Biased(value=0.0, null=0.0)
    assert math.isnan(quality.position_bias(right[:0], right[:0], right[:0], seed=0).value)


def test_only_a_model_with_a_favourite_letter_exceeds_the_null() -> None:
    rng = np.random.default_rng(7)
    fair, fond = [], []
    for seed in range(60):
        right, options = rng.integers(0, 4, 164), np.full(164, 4)
        options[:40] = 5  # questions of five options among those of four
        missed = rng.random(164) < 0.4
        wrong = (right + 1 + rng.integers(0, options - 1)) % options
        fair.append(quality.position_bias(np.where(missed, wrong, right), right, options, seed=seed))
        fond.append(quality.position_bias(np.where(missed, 0, right), right, options, seed=seed))
    assert np.mean([f.value for f in fair]) == pytest.approx(np.mean([f.null for f in fair]), rel=0.08)
    assert all(f.value > 2 * f.null for f in fond)


@given(
    st.lists(st.lists(st.sampled_from("AB") | st.just(("refused",)), min_size=2, max_size=5), min_size=1, max_size=4)
)
def test_consistency_is_the_share_of_pairs_that_agree(samples: list[list[Any]]) -> None:
    shares = [np.mean([said[a] == said[b] for a, b in itertools.combinations(range(len(said)), 2)]) for said in samples]
    assert quality.consistency(dict(enumerate(samples))) == pytest.approx(float(np.mean(shares)))


def test_one_sample_has_no_consistency() -> None:
    assert math.isnan(quality.consistency({"1": ["A"], "2": ["B"]}))
    # Three of A and one of B: three of six pairs.
    assert quality.consistency({"1": ["A", "A", "B", "A"], "2": ["C"]}) == 0.5


def test_languages_agree_on_what_both_were_asked() -> None:
    said = {"1": {"en": "A", "hi": "A"}, "2": {"en": "A", "hi": "B"}, "3": {"en": "A"}, "4": {"en": "C", "hi": "C"}}
    assert quality.agreement_between(said, "en", "hi") == pytest.approx(2 / 3)
    assert math.isnan(quality.agreement_between(said, "en", "es"))


def test_what_a_right_answer_costs() -> None:
    assert quality.cost_per_correct(floats(1, 2, 3), floats(1, 0, 1)) == 3.0
    assert quality.cost_per_correct(floats(1, 2), floats(0, 0)) == math.inf
    assert math.isnan(quality.cost_per_correct(floats(1, math.nan), floats(1, 1)))
    assert math.isnan(quality.cost_per_correct(floats(), floats()))


def test_percentiles_of_what_is_known() -> None:
    seconds = floats(1, 2, 3, 4, math.nan)
    assert [quality.percentile(seconds, share) for share in (50, 95)] == pytest.approx([2.5, 3.85])
    assert math.isnan(quality.percentile(floats(math.nan), 50))
