"""How many questions are needed: by hand, and against simulated measurements whose effect is known."""

from __future__ import annotations

import importlib
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from clara.errors import DatasetError
from clara.evaluation.pilot import plan_measurement, spreads_assumed, spreads_measured
from clara.evaluation.statistics.comparison import compare
from clara.evaluation.statistics.levels import gap_per_question
from clara.evaluation.statistics.plan import (
    Design,
    Spread,
    assumed_gap,
    assumed_reduction,
    pilot_spread,
    questions_needed,
    smallest_effect,
)
from clara.evaluation.statistics.resampling import Floats, Resampler
from tests.command import Run, in_process
from tests.unit.evaluation.questions import TEXTS, published, write_lines

stats: Any = importlib.import_module("scipy.stats")

LANGUAGES = ("en", "es", "fr", "pt", "zh-Hans", "hi", "fil")
DESIGN = Design()


def draw(rng: np.random.Generator, questions: int, chances: Floats, correlation: float) -> Floats:
    """Return per cent right, of the shape (questions, languages), correlated between languages of one chance.

    Each language takes the question's own luck with probability sqrt(correlation), its own otherwise.
    """
    shared, own = rng.random((questions, 1)), rng.random((questions, chances.size))
    luck = np.where(rng.random(own.shape) < math.sqrt(correlation), shared, own)
    return np.asarray(100.0 * (luck < chances))


def record(method: str, table: Floats, epoch: int = 0) -> list[dict[str, Any]]:
    """Return the rows of a table (questions, languages)."""
    return [
        {
            "config": "c", "method": method, "language": tag, "id": str(number), "epoch": epoch, "status": "ok",
            "choice": "A", "answer": "A" if right else "B", "correct": bool(right),
        }
        for number, values in enumerate(table)
        for tag, right in zip(LANGUAGES, values, strict=True)
    ]  # fmt: skip


def test_questions_and_effects_by_hand() -> None:
    assert DESIGN.standard_errors == pytest.approx(1.95996 + 0.84162, abs=1e-4)
    # (2.8016 * 30 / 5)^2 = 282.56.
    assert questions_needed(Spread(between=900), 5, DESIGN) == 283
    assert smallest_effect(Spread(between=900), 283, DESIGN) == pytest.approx(4.996, abs=1e-3)
    # Four comparisons, at a quarter of the 5% each.
    assert Design(comparisons=4).standard_errors == pytest.approx(2.49771 + 0.84162, abs=1e-4)
    # Of 900 between epochs 500, four of them leave 400 + 125.
    spread = Spread(between=400, within=500)
    assert spread.deviation() == 30 and questions_needed(spread, 5, DESIGN, epochs=4) == 165
    assert questions_needed(Spread(between=0), 5, DESIGN) == 2


def test_assumed_spreads_are_those_of_correlated_answers() -> None:
    for accuracy, correlation in ((0.6, 0.5), (0.9, 0.2), (0.3, 0.8)):
        table = draw(np.random.default_rng(0), 200_000, np.full(7, accuracy), correlation)
        measured = gap_per_question(table, LANGUAGES).std()
        assumed = assumed_gap(6, accuracy=accuracy, correlation=correlation)
        assert assumed.deviation() == pytest.approx(measured, rel=0.01)
    # 100 * sqrt(0.24 * 7/6 * 0.5); two gaps correlated by one half differ by as much as one varies.
    assert assumed_gap(6).deviation() == pytest.approx(37.417, abs=1e-3)
    assert assumed_reduction(assumed_gap(6)).between == pytest.approx(assumed_gap(6).between)


def test_what_is_assumed_is_near_what_five_models_did() -> None:
    from clara.evaluation.datasets import load_dataset, load_runs
    from clara.evaluation.replay.methods import make_cases

    deviations = []
    for name, folder in (
        ("multi-ophthalingua", "multi_ophthalingua"),
        ("african-medical-mmlu", "african_medical_mmlu"),
    ):
        dataset = load_dataset(f"{name}:{published(folder)}")
        for answers in load_runs("all", dataset).values():
            cases = make_cases(dataset, answers)
            table = np.array([[100.0 * (c.choices.get(tag) == c.answer) for tag in dataset.languages] for c in cases])
            deviations.append(gap_per_question(table, dataset.languages).std(ddof=1))
    assert len(deviations) == 5 and (min(deviations), max(deviations)) == pytest.approx((28.2, 39.0), abs=0.1)
    assert min(deviations) < assumed_gap(6).deviation() < max(deviations)


def test_a_gap_is_found_as_often_as_planned() -> None:
    rng = np.random.default_rng(1)
    questions = questions_needed(assumed_gap(6), 5, DESIGN)
    found, none = [], []
    for _ in range(1000):
        luck = draw(rng, questions, np.array([0.625, *[0.575] * 6]), 0.5)
        found.append(stats.ttest_1samp(gap_per_question(luck, LANGUAGES), 0).pvalue < 0.05)
        none.append(
            stats.ttest_1samp(gap_per_question(draw(rng, questions, np.full(7, 0.6), 0.5), LANGUAGES), 0).pvalue
        )
    assert 0.76 <= np.mean(found) <= 0.84
    assert 0.03 <= np.mean(np.array(none) < 0.05) <= 0.07


def test_a_reduction_is_found_by_compare_as_often_as_planned_from_a_pilot() -> None:
    """The method answers everything as in English, so that the baseline's gap of 6 points is what it takes away."""
    rng = np.random.default_rng(2)
    chances = np.array([0.65, *[0.59] * 6])
    before = draw(rng, 600, chances, 0.5)
    rows = record("direct", before) + record("clara", before[:, :1].repeat(7, axis=1))
    spread = spreads_measured(rows)["gap reduction, clara against direct"]
    questions = questions_needed(spread, 6, DESIGN)
    resampler = Resampler(questions, 500, 0)
    found = []
    for _ in range(150):
        before = draw(rng, questions, chances, 0.5)
        after = before[:, :1].repeat(7, axis=1)
        found.append(compare(before, after, LANGUAGES, resampler=resampler, seed=0).gap_reduction.up)
    assert 0.7 <= np.mean(found) <= 0.9


def test_a_pilot_tells_questions_from_epochs() -> None:
    rng = np.random.default_rng(3)
    contrasts = rng.normal(5, 20, (3000, 1)) + rng.normal(0, 30, (3000, 4))
    spread = pilot_spread(contrasts)
    assert spread.between == pytest.approx(400, rel=0.15) and spread.within == pytest.approx(900, rel=0.05)
    assert spread.deviation(4) == pytest.approx(contrasts.mean(axis=1).std(), rel=0.01)
    # What is missing is left out: the same truth from questions of one to four epochs.
    contrasts[rng.random(contrasts.shape) < 0.4] = math.nan
    spread = pilot_spread(contrasts)
    assert spread.between == pytest.approx(400, rel=0.2) and spread.within == pytest.approx(900, rel=0.1)
    # By hand: means 10 and 30, variance 200; within each 2 * 5^2 / 1 = 50, of which half is in a mean of two.
    assert pilot_spread(np.array([[5.0, 15.0], [25.0, 35.0]])) == Spread(between=175, within=50)
    assert pilot_spread(np.array([[1.0], [3.0], [math.nan]])) == Spread(between=2.0)
    assert pilot_spread(np.array([[5.0, 15.0], [6.0, 14.0]])).between == 0  # all of it is noise
    assert math.isnan(pilot_spread(np.array([[1.0], [math.nan]])).between)


def test_planned_epochs_hold_what_they_promise() -> None:
    rng = np.random.default_rng(4)
    pilot = rng.normal(0, 20, (2000, 1)) + rng.normal(0, 40, (2000, 3))
    spread = pilot_spread(pilot)
    for epochs in (1, 4):
        questions = questions_needed(spread, 6, DESIGN, epochs=epochs)
        drawn = rng.normal(6, 20, (1000, questions, 1)) + rng.normal(0, 40, (1000, questions, epochs))
        assert 0.75 <= np.mean(stats.ttest_1samp(drawn.mean(axis=2), 0, axis=1).pvalue < 0.05) <= 0.85


def test_a_pilot_of_several_methods_and_epochs() -> None:
    rng = np.random.default_rng(5)
    tables = [draw(rng, 50, np.full(7, 0.6), 0.5) for _ in range(4)]
    rows = record("direct", tables[0]) + record("direct", tables[1], 1)
    rows += record("clara", tables[2]) + record("clara", tables[3], 1)
    found = spreads_measured(rows)
    assert list(found) == ["gap, direct", "gap, clara", "gap reduction, clara against direct"]
    planned = list(plan_measurement(found, 50, effect=5, design=Design(comparisons=3)))
    assert [row.epochs for row in planned] == [1, 2, 4] * 3
    gaps = np.stack([gap_per_question(table, LANGUAGES) for table in tables])
    pooled = math.sqrt(pilot_spread((gaps[:2] - gaps[2:]).T).between + pilot_spread((gaps[:2] - gaps[2:]).T).within)
    assert planned[6].deviation == pytest.approx(pooled)
    # Only reductions are several tests.
    assert planned[0].smallest == pytest.approx(DESIGN.standard_errors * planned[0].deviation / math.sqrt(50))
    adjusted = Design(comparisons=3).standard_errors
    assert adjusted > DESIGN.standard_errors
    assert planned[6].smallest == pytest.approx(adjusted * planned[6].deviation / math.sqrt(50))
    rows[0]["status"] = "error"  # the first question has no gap in that epoch, and all others have
    assert spreads_measured(rows)["gap, clara"] == found["gap, clara"]
    assert spreads_measured(rows)["gap, direct"] != found["gap, direct"]


def test_pilots_that_say_nothing() -> None:
    rows = record("direct", np.full((5, 7), 100.0))
    (flat,) = plan_measurement(spreads_measured(rows), 100, effect=5, design=DESIGN)
    assert (flat.deviation, flat.needed, flat.smallest) == (0.0, None, None)
    with pytest.raises(DatasetError, match="in English and another language; this has hi"):
        spreads_measured([row for row in rows if row["language"] == "hi"])
    with pytest.raises(DatasetError, match="two or more questions"):
        spreads_measured(record("direct", np.full((1, 7), 100.0)))


def test_without_a_pilot_the_plan_says_what_it_assumes() -> None:
    gap, reduction = plan_measurement(spreads_assumed(6), 164, effect=5, design=DESIGN)
    assert gap.needed == reduction.needed == 440 and gap.smallest == pytest.approx(8.19, abs=0.01)


@pytest.fixture
def evaluate(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv("COLUMNS", "120")
    return in_process(capsys, "eval", "plan")


def questions(path: Path, tags: tuple[str, ...]) -> str:
    rows = [
        {"id": str(n), "language": tag, "question": TEXTS[tag][0], "options": list(TEXTS[tag][1]), "answer": "B"}
        for tag in tags
        for n in range(40 if tag != "ar" else 30)
    ]
    return str(write_lines(path, rows))


def test_the_command(evaluate: Run, tmp_path: Path) -> None:
    data = questions(tmp_path / "eye.jsonl", ("en", "es", "ar"))
    done = evaluate("--data", data, "--methods", "3", "--effect", "8")
    assert done.returncode == 0 and "30 questions asked in each of 3 languages" in done.stdout
    assert "over 2 comparisons" in done.stdout and "Assumed: 60% right" in done.stdout
    found = json.loads(evaluate("--data", data, "--languages", "en,es", "--json").stdout)
    assert found["questions"] == 40 and found["languages"] == ["en", "es"] and found["pilot"] is None
    assert found["contrasts"][0]["smallest"] == pytest.approx(
        DESIGN.standard_errors * assumed_gap(1).deviation() / 40**0.5
    )
    assert not done.stderr


def test_the_command_with_a_pilot(evaluate: Run, tmp_path: Path) -> None:
    data = questions(tmp_path / "eye.jsonl", ("en", "es"))
    table = draw(np.random.default_rng(6), 30, np.full(7, 0.6), 0.5)
    pivot = table[:, :1].repeat(7, axis=1)
    rows = record("a[b]", table) + record("direct", table[::-1]) + record("pivot:en", pivot)
    write_lines(tmp_path / "pilot" / "records.jsonl", rows)
    done = evaluate("--data", data, "--pilot", str(tmp_path / "pilot"))
    assert done.returncode == 0 and "gap reduction, direct against a[b]" in done.stdout and "Assumed" not in done.stdout
    assert "the same for all of its questions plans nothing" in done.stdout
    lost = evaluate("--data", data, "--pilot", str(tmp_path / "none"))
    assert lost.returncode == 1 and len(lost.stderr.splitlines()) == 1


def test_data_without_a_gap(evaluate: Run, tmp_path: Path) -> None:
    only = evaluate("--data", questions(tmp_path / "es.jsonl", ("es", "hi")))
    assert only.returncode == 1 and "asked in English and every other language" in only.stderr
    apart = [
        {"id": f"{tag}{n}", "language": tag, "question": "?", "options": ["a", "b"], "answer": "a"}
        for tag in ("en", "hi")
        for n in range(3)
    ]
    local = evaluate("--data", str(write_lines(tmp_path / "local.jsonl", apart)))
    assert local.returncode == 1 and "asked in English and every other language" in local.stderr
