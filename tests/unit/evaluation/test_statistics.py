"""Averages computed by hand, and intervals against simulations whose truth is known."""

from __future__ import annotations

import numpy as np
import pytest

from clara.evaluation import Query, Score
from clara.evaluation.retrieval.statistics import RESAMPLES, Bootstrap
from clara.evaluation.statistics import resampling


def asked(questions: int, languages: str) -> list[Query]:
    return [
        Query(id=f"{number}{language}", language=language, text="?", group=str(number))
        for number in range(questions)
        for language in languages.split()
    ]


def values(queries: list[Query], numbers: object) -> dict[str, float]:
    return dict(zip([query.id for query in queries], np.asarray(numbers, dtype=float).ravel(), strict=True))


def test_each_language_weighs_the_same_however_many_queries_it_has() -> None:
    bootstrap = Bootstrap(asked(3, "en hi"), seed=0)
    mean, languages = bootstrap.summarise({"0en": 1.0, "1en": 0.0, "2en": 0.5, "0hi": 1.0})
    assert mean is not None and mean.value == pytest.approx((0.5 + 1) / 2) and mean.queries == 4
    assert languages["en"].value == pytest.approx(0.5) and languages["en"].queries == 3
    # One value does not vary, where it is drawn at all.
    assert languages["hi"] == Score(value=1.0, queries=1, low=1.0, high=1.0)


def test_medians_have_no_interval() -> None:
    bootstrap = Bootstrap(asked(3, "en hi"), seed=0)
    mean, languages = bootstrap.medians({"0en": 4, "1en": 101, "2en": 5, "0hi": 6, "1hi": 8})
    assert languages == {"en": Score(value=5.0, queries=3), "hi": Score(value=7.0, queries=2)}
    assert mean == Score(value=6.0, queries=5)


def test_without_values_there_is_no_score() -> None:
    bootstrap = Bootstrap(asked(2, "en hi"), seed=0)
    assert bootstrap.summarise({}) == bootstrap.medians({}) == (None, {})
    assert list(bootstrap.summarise({"0hi": 1.0})[1]) == ["hi"]


def test_the_interval_is_that_of_a_mean_of_questions() -> None:
    queries = asked(400, "en")
    numbers = np.random.default_rng(1).normal(size=400)
    score, _ = Bootstrap(queries, seed=0).summarise(values(queries, numbers))
    assert score is not None and score.low is not None and score.high is not None
    half = 1.96 * numbers.std() / 20
    assert score.low == pytest.approx(numbers.mean() - half, abs=0.1 * half)
    assert score.high == pytest.approx(numbers.mean() + half, abs=0.1 * half)


def test_languages_of_one_question_are_drawn_together() -> None:
    queries = asked(200, "en hi")
    english = np.random.default_rng(2).random(200)
    bootstrap = Bootstrap(queries, seed=0)
    alike, per_language = bootstrap.summarise(values(queries, np.stack([english, english], axis=1)))
    opposite, _ = bootstrap.summarise(values(queries, np.stack([english, 1 - english], axis=1)))
    assert alike is not None and opposite is not None
    # Two languages that always agree say no more than one; two that always differ have a mean without variance.
    assert (alike.low, alike.high) == pytest.approx((per_language["en"].low, per_language["en"].high))
    assert (opposite.low, opposite.high) == pytest.approx((0.5, 0.5))


def test_intervals_cover_the_truth_as_often_as_they_say() -> None:
    queries = asked(60, "en hi")
    rng = np.random.default_rng(3)
    covered = 0
    for trial in range(300):
        hard = rng.random((60, 1)) < 0.3  # a question is hard in both languages or in none
        right = rng.random((60, 2)) < np.where(hard, 0.2, 0.9)
        score, _ = Bootstrap(queries, seed=trial, resamples=400).summarise(values(queries, right))
        assert score is not None and score.low is not None and score.high is not None
        covered += score.low <= 0.3 * 0.2 + 0.7 * 0.9 <= score.high
    assert 0.91 <= covered / 300 <= 0.98


def test_a_seed_repeats_the_intervals_whatever_is_drawn_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    queries = asked(50, "en hi")
    numbers = values(queries, np.random.default_rng(4).random(100))
    once = Bootstrap(queries, seed=5).summarise(numbers)
    assert once == Bootstrap(queries, seed=5).summarise(numbers) != Bootstrap(queries, seed=6).summarise(numbers)
    monkeypatch.setattr(resampling, "BLOCK", 120)  # two draws of fifty at once
    assert len(resampling.Resampler(50, RESAMPLES, seed=5).blocks) == RESAMPLES // 2
    apart = Bootstrap(queries, seed=5).summarise(numbers)
    assert apart[0] is not None and once[0] is not None
    assert (apart[0].low, apart[0].high) == pytest.approx((once[0].low, once[0].high))
