"""Gaps, tests and verdicts: by hand, against SciPy, and against simulations whose truth is known."""

from __future__ import annotations

import itertools
import math

import numpy as np
import numpy.typing as npt
import pytest

from clara.evaluation.extras import load_extra
from clara.evaluation.statistics.comparison import Change, Comparison, compare, detectable, judge
from clara.evaluation.statistics.levels import gap_per_question, mean_interval, measure_levels, wilson
from clara.evaluation.statistics.resampling import Floats, Resampler
from clara.evaluation.statistics.significance import holm, mcnemar, sign_flip

LANGUAGES = ("en", "es", "hi")
# Four questions; English right in three, Spanish in two, Hindi in one.
BEFORE = 100 * np.array([[1, 1, 0], [1, 0, 0], [1, 1, 1], [0, 0, 0]], dtype=float)
AFTER = 100 * np.array([[1, 1, 1], [1, 1, 0], [1, 1, 1], [0, 0, 0]], dtype=float)
BENCHMARK = ("en", "es", "pt", "fil", "zh-Hans", "fr", "hi-Latn")
QUESTIONS = 164
stats = load_extra("scipy.stats")


def points(right: npt.NDArray[np.bool_]) -> Floats:
    return np.asarray(100.0 * right, dtype=np.float64)


def test_levels_are_those_counted_by_hand() -> None:
    levels = measure_levels(BEFORE, LANGUAGES, seed=0)
    # English less the mean of the others: 50, 100, 0, 0.
    assert gap_per_question(BEFORE, LANGUAGES).tolist() == [50.0, 100.0, 0.0, 0.0]
    assert levels.gap == 37.5 and not levels.parity
    # sd 47.87, standard error 23.94, t of three degrees of freedom 3.182.
    assert levels.gap_interval == pytest.approx((37.5 - 3.182 * 23.94, 37.5 + 3.182 * 23.94), abs=0.02)


def test_the_interval_of_a_mean_is_students() -> None:
    values = np.random.default_rng(0).normal(3, 2, 30)
    expected = stats.t.interval(0.9, 29, loc=values.mean(), scale=stats.sem(values))
    assert mean_interval(values, 0.9) == pytest.approx(expected)
    assert all(math.isnan(bound) for bound in mean_interval(values[:1], 0.9))


@pytest.mark.parametrize(("correct", "n"), [(0, 9), (3, 10), (104, 164), (164, 164)])
def test_the_interval_of_a_share_is_wilsons(correct: int, n: int) -> None:
    expected = stats.binomtest(correct, n).proportion_ci(method="wilson")
    assert wilson(correct, n) == pytest.approx((100 * expected.low, 100 * expected.high))


def test_of_nothing_nothing_is_said() -> None:
    assert all(math.isnan(bound) for bound in wilson(0, 0))
    empty = np.full((2, 3), math.nan)
    levels = measure_levels(empty, LANGUAGES, seed=0)
    assert math.isnan(levels.gap) and math.isnan(levels.range_null) and not levels.parity
    found = compare(empty, empty, LANGUAGES, resampler=Resampler(2, 100, 0), seed=0)
    assert found.verdict == "incomplete" and math.isnan(found.gap_reduction.value)


def test_the_range_is_shown_beside_what_chance_makes_of_it() -> None:
    table = points(np.random.default_rng(1).random((400, 7)) < 0.5)
    levels = measure_levels(table, BENCHMARK, seed=0)
    # The mean range of seven independent normal means is 2.704 standard errors (Tippett 1925).
    assert levels.range_null == pytest.approx(2.704 * 50 / math.sqrt(400), rel=0.05)
    # One answer for all languages leaves nothing to chance.
    assert measure_levels(table[:, :1].repeat(7, axis=1), BENCHMARK, seed=0).range_null == 0


def test_parity_is_a_claim_of_its_own() -> None:
    same = points(np.random.default_rng(2).random((2000, 1)) < 0.7).repeat(3, axis=1)
    assert measure_levels(same, LANGUAGES, seed=0).parity
    apart = points(np.random.default_rng(2).random((60, 3)) < 0.7)
    assert not measure_levels(apart, LANGUAGES, seed=0).parity  # no difference found is no parity shown


@pytest.mark.parametrize(("questions", "parity"), [(2, False), (148, False), (149, True), (164, True)])
def test_that_no_question_differs_shows_parity_only_of_many(questions: int, parity: bool) -> None:
    # What no question of 149 shows is in at most 1.99% of all, with 95% confidence: 0.98 ** 149 = 0.0493.
    assert measure_levels(np.zeros((questions, 3)), LANGUAGES, seed=0).parity is parity


def test_a_comparison_is_that_counted_by_hand() -> None:
    found = compare(BEFORE, AFTER, LANGUAGES, resampler=Resampler(4, 2000, 0), seed=0)
    assert found.change_english.value == 0 and all(map(math.isnan, found.change_english.interval))
    assert found.lift_others.value == found.gap_reduction.value == 25.0
    assert {tag: change.diff for tag, change in found.languages.items()} == {"en": 0.0, "es": 25.0, "hi": 25.0}
    assert found.worst == ("hi", 25.0)
    assert found.languages["hi"].p == 1.0 and found.relative is None  # one question more proves nothing
    assert found.verdict.startswith("no detectable change (smallest detectable ")


def test_reduction_is_lift_less_the_change_of_english() -> None:
    rng = np.random.default_rng(3)
    before, after = (points(rng.random((50, 3)) < level) for level in (0.5, 0.6))
    found = compare(before, after, LANGUAGES, resampler=Resampler(50, 500, 0), seed=0)
    assert found.gap_reduction.value == pytest.approx(found.lift_others.value - found.change_english.value)
    assert found.gap_reduction.value == pytest.approx(
        gap_per_question(before, LANGUAGES).mean() - gap_per_question(after, LANGUAGES).mean()
    )


@pytest.mark.parametrize("questions", [2, 5])
def test_a_handful_of_questions_proves_nothing(questions: int) -> None:
    before = np.tile([100.0, 0.0, 0.0], (questions, 1))
    found = compare(before, np.full_like(before, 100.0), LANGUAGES, resampler=Resampler(questions, 500, 0), seed=0)
    assert found.gap_reduction.value == 100 and (found.gap_reduction.p or 0) > 0.05
    assert found.verdict == "no detectable change (smallest detectable unknown)"


def test_of_languages_that_were_worst_together_the_one_that_falls_counts() -> None:
    before = points(np.tile([True, False, False, False], (40, 1)))
    before[:10, 1:] = 100
    after = before.copy()
    after[10:, 1] = after[10:, 3] = 100
    after[0, 2] = 0  # Hindi falls, while Spanish, which was as bad, rises
    found = compare(before, after, ("en", "es", "hi", "fr"), resampler=Resampler(40, 500, 0), seed=0)
    assert found.worst == ("hi", -2.5) and found.verdict == "levelled down"


def test_bounds_that_are_zero_are_zero() -> None:
    # Thirds of a hundred that add up to nothing, but for rounding.
    before = np.tile([[0.0, 100 / 3, 200 / 3, 0.0]], (12, 1))
    found = compare(before, before[:, [0, 2, 1, 3]], ("en", "es", "hi", "fr"), resampler=Resampler(12, 500, 0), seed=0)
    assert found.gap_reduction.interval == (0.0, 0.0) and found.verdict.startswith("no detectable change")


def test_answers_that_are_partly_right_are_tested_by_their_size() -> None:
    before = np.full((40, 3), 50.0)
    after = before.copy()
    after[:30, 2] += 1.0  # McNemar's test would take these 30 for more than the 10 that lose all
    after[30:, 2] = 0.0
    found = compare(before, after, LANGUAGES, resampler=Resampler(40, 500, 0), seed=0)
    changes = after[:, 2] - before[:, 2]
    expected = stats.permutation_test((changes,), np.mean, permutation_type="samples", n_resamples=9999, rng=0).pvalue
    assert found.languages["hi"].diff < 0 and found.languages["hi"].p == pytest.approx(expected, abs=0.005)


def test_mcnemars_test_is_exact() -> None:
    # One of ten questions that only one method got right went the other way: 2 * (1 + 10) / 1024.
    assert mcnemar(9, 1) == mcnemar(1, 9) == pytest.approx(22 / 1024)
    assert mcnemar(0, 0) == mcnemar(5, 5) == 1.0


def test_swapping_labels_gives_what_all_swaps_give() -> None:
    values = np.array([3.0, -1.0, 2.0, 4.0, 0.0, 1.0, -2.0, 5.0, 2.0, 1.0])
    swaps = np.array(list(itertools.product([1, -1], repeat=10))) @ values
    exact = (np.abs(swaps) >= values.sum() - 1e-9).mean()
    assert sign_flip(values, seed=0) == pytest.approx(exact, abs=0.01)
    assert sign_flip(np.zeros(5), seed=0) == sign_flip(np.array([]), seed=0) == 1.0
    assert sign_flip(np.full(40, 100.0), seed=0) == pytest.approx(1 / 10_001)


def test_holms_adjustment_by_hand() -> None:
    adjusted = holm({"es": 0.01, "fr": 0.04, "hi": 0.03, "zh": 0.005})
    assert adjusted == pytest.approx({"es": 0.03, "fr": 0.06, "hi": 0.06, "zh": 0.02})
    assert list(adjusted) == ["es", "fr", "hi", "zh"] and holm({}) == {}
    assert holm({"es": 0.6, "hi": 0.5}) == {"es": 1.0, "hi": 1.0}


def test_several_epochs_are_averaged_and_tested_by_sign_flips() -> None:
    before = np.full((30, 3), 50.0)
    after = before.copy()
    after[:20, 2] = 75.0
    found = compare(before, after, LANGUAGES, resampler=Resampler(30, 500, 0), seed=0, epochs=4)
    assert found.languages["hi"].diff == pytest.approx(50 / 3)
    assert found.languages["hi"].p < 0.001 and found.languages["es"].p == 1.0


def test_the_smallest_detectable_effect_is_found_four_times_in_five() -> None:
    rng = np.random.default_rng(4)
    smallest = detectable(rng.normal(0, 30, 2000)) * math.sqrt(2000 / 100)
    hits = [stats.ttest_1samp(rng.normal(smallest, 30, 100), 0).pvalue < 0.05 for _ in range(500)]
    assert 0.75 < np.mean(hits) < 0.85
    assert math.isnan(detectable(np.array([1.0])))


def test_a_relative_reduction_is_stated_only_of_a_gap_that_is_there() -> None:
    rng = np.random.default_rng(5)
    before = points(rng.random((300, 3)) < np.array([0.8, 0.5, 0.5]))
    after = before.copy()
    after[:, 1:] = before[:, :1]
    resampler = Resampler(300, 500, 0)
    assert compare(before, after, LANGUAGES, resampler=resampler, seed=0).relative == pytest.approx(100.0)
    small = points(rng.random((300, 3)) < np.array([0.55, 0.5, 0.5]))
    assert compare(small, small, LANGUAGES, resampler=resampler, seed=0).relative is None


def change(value: float, low: float, high: float) -> Change:
    return Change(value=value, interval=(low, high))


@pytest.mark.parametrize(
    ("reduction", "lift", "english", "worst", "verdict"),
    [
        (change(6, 2, 10), change(6, 2, 10), change(0, 0, 0), 5, "win"),
        (change(6, 2, 10), change(5, 1, 9), change(-0.5, -0.9, 0.1), 5, "win"),
        (change(6, 2, 10), change(6, 2, 10), change(0, 0, 0), -1, "levelled down"),
        (change(6, 2, 10), change(3, 1, 5), change(-3, -6, -1), 5, "levelled down"),
        (change(6, 2, 10), change(0, -1, 1), change(-6, -9, -3), 0, "levelled down"),
        (change(6, 2, 10), change(7, 3, 11), change(1, -3, 5), 5, "levelled down (not ruled out)"),
        (change(6, 2, 10), change(6, -1, 13), change(0, -0.5, 0.5), 5, "levelled down (not ruled out)"),
        (change(-5, -9, -1), change(3, 1, 5), change(8, 5, 11), 2, "wider, everyone better"),
        (change(-5, -9, -1), change(3, 1, 5), change(8, 5, 11), -2, "wider"),
        (change(-5, -9, -1), change(-5, -9, -1), change(0, 0, 0), -5, "wider"),
        (change(2, -1, 5), change(9, 5, 13), change(7, 3, 11), 9, "no detectable change (smallest detectable 4.0)"),
    ],
)
def test_verdicts_in_words(reduction: Change, lift: Change, english: Change, worst: float, verdict: str) -> None:
    assert judge(reduction, lift, english, worst, 4.0) == verdict


def test_of_methods_that_never_differ_no_detectable_effect_is_claimed() -> None:
    table = points(np.random.default_rng(7).random((50, 3)) < 0.6)
    found = compare(table, table, LANGUAGES, resampler=Resampler(50, 500, 0), seed=0)
    assert found.verdict == "no detectable change (smallest detectable unknown)"


def test_one_answer_that_is_missing_withholds_the_verdict() -> None:
    before = points(np.random.default_rng(6).random((200, 3)) < np.array([0.9, 0.4, 0.4]))
    after = before[:, :1].repeat(3, axis=1)
    resampler = Resampler(200, 500, 0)
    assert compare(before, after, LANGUAGES, resampler=resampler, seed=0).verdict == "win"
    after[0, 2] = math.nan
    found = compare(before, after, LANGUAGES, resampler=resampler, seed=0)
    assert found.verdict == "incomplete"
    assert found.lift_others.value == pytest.approx((after - before)[1:, 1:].mean())
    assert found.lift_others.interval[0] < found.lift_others.value < found.lift_others.interval[1]


class Simulation:
    """Benchmarks of 164 questions in seven languages, a third of which are hard in all of them."""

    def __init__(self, seed: int) -> None:
        self._rng = np.random.default_rng(seed)
        self.resampler = Resampler(QUESTIONS, 2000, seed)

    def draw(self, *methods: tuple[float, float]) -> list[Floats]:
        """Return a table per method, of which the chance to be right in English and elsewhere on easy questions is
        given; hard questions are right half as often. Methods share nine answers in ten where their chances agree."""
        hard = self._rng.random((QUESTIONS, 1)) < 1 / 3
        shared, fresh = self._rng.random((2, QUESTIONS, 7))
        tables = []
        for turn, (english, others) in enumerate(methods):
            own = self._rng.random((QUESTIONS, 7)) < 0.1
            chance = np.where(hard, 0.5, 1.0) * np.array([english, *[others] * 6])
            tables.append(points(np.where(own & (turn > 0), fresh, shared) < chance))
        return tables

    def compare(self, *methods: tuple[float, float]) -> Comparison:
        before, after = self.draw(*methods)
        return compare(before, after, BENCHMARK, resampler=self.resampler, seed=0)


EASE = 5 / 6
"""The mean over questions of what hardness leaves of a chance."""


def test_intervals_hold_the_truth_as_often_as_they_say() -> None:
    simulation = Simulation(1)
    before, after = (0.78, 0.62), (0.78, 0.70)
    reduction = 100 * EASE * (0.70 - 0.62)
    covered = np.zeros(4)
    for _ in range(1000):
        first, second = simulation.draw(before, after)
        low, high = mean_interval(gap_per_question(first, BENCHMARK), 0.95)
        found = compare(first, second, BENCHMARK, resampler=simulation.resampler, seed=0)
        truths = (
            ((low, high), 100 * EASE * (0.78 - 0.62)), (found.gap_reduction.interval, reduction),
            (found.lift_others.interval, reduction), (found.change_english.interval, 0.0),
        )  # fmt: skip
        covered += [low - 1e-9 <= truth <= high + 1e-9 for (low, high), truth in truths]
    assert ((covered >= 930) & (covered <= 970)).all(), covered


@pytest.mark.parametrize("questions", [6, 12, 30])
def test_intervals_of_few_questions_hold_the_truth_too(questions: int) -> None:
    rng, resampler = np.random.default_rng(8), Resampler(questions, 2000, 0)
    covered = 0
    for _ in range(1000):
        ease = rng.normal(0, 0.7, (questions, 1))
        before, after = (points(ease + rng.normal(0, 1, (questions, 4)) < [0.5, 0.1, 0.0, -0.2]) for _ in range(2))
        tags = ("en", "es", "fr", "hi")
        low, high = compare(before, after, tags, resampler=resampler, seed=0).gap_reduction.interval
        covered += low <= 0 <= high
    assert 925 <= covered <= 975, covered


def test_without_an_effect_a_win_is_rare_and_p_values_are_even() -> None:
    simulation = Simulation(2)
    found = []
    for _ in range(500):
        before, after = simulation.draw((0.75, 0.60), (0.75, 0.60))
        after[:, 0] = before[:, 0]  # English answered as before: the one condition of a win that chance seldom meets
        found.append(compare(before, after, BENCHMARK, resampler=simulation.resampler, seed=0))
    assert np.mean([comparison.verdict == "win" for comparison in found]) <= 0.05
    assert 0.02 <= np.mean([(comparison.gap_reduction.p or 0) < 0.05 for comparison in found]) <= 0.08
    assert np.mean([min(c.p_holm for c in comparison.languages.values()) < 0.05 for comparison in found]) <= 0.05


def test_levelling_down_is_never_a_win() -> None:
    simulation = Simulation(3)
    for after in ((0.55, 0.60), (0.45, 0.55), (0.60, 0.62)):
        verdicts = [simulation.compare((0.80, 0.60), after).verdict for _ in range(60)]
        assert "win" not in verdicts
        assert verdicts.count("levelled down") >= 57, after


def test_a_true_win_is_found() -> None:
    simulation = Simulation(4)
    before, _ = simulation.draw((0.75, 0.55), (0.75, 0.55))
    after = before.copy()
    after[:, 1:] = before[:, :1]  # every language gets what English has
    assert compare(before, after, BENCHMARK, resampler=Resampler(QUESTIONS, 2000, 0), seed=0).verdict == "win"
