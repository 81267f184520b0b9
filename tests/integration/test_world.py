"""The scripted world: the simulated model errs as it is set to, and the methods hold their promises in it."""

from __future__ import annotations

import asyncio
import math
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from clara import Clara, Option, Question, Turn
from clara.languages import SUPPORTED
from clara.methods import METHODS
from clara.models import Call
from clara.stages.fidelity import check
from tests.world import words
from tests.world.bench import CALIBRATED, Results, run_bench
from tests.world.knowledge import WorldKnowledge, default_settings
from tests.world.loop import run_simulated
from tests.world.mind import Behaviour, Mind
from tests.world.model import SimulatedModel, count_tokens
from tests.world.questions import Item, Reading, World
from tests.world.scenarios import LIMIT, SCENARIOS
from tests.world.tables import (
    FORMS,
    ONE_SIDED,
    PAGE,
    RESULT_MARKS,
    SCENARIO_MARKS,
    Estimate,
    bar_table,
    best_baseline,
    compare,
    estimate,
    put_between,
    result_table,
    scenario_table,
    verdict,
)

BASE = SCENARIOS[0].behaviour
PLAIN = replace(BASE, letter_bias=0.0, translation_loss=0.0)
SCORED = [scenario.name for scenario in SCENARIOS if scenario.name != LIMIT]
# Where the bar is missed by so much that this size shows it; strict, so that the mark goes when the method gets there.
# docs/debiasing.md says where it is missed at full size.
MISSED = {
    (
        "clara",
        "drafts always agree",
    ): "memories that agree and are wrong outweigh two readings of a document, as long as "
    "nobody has measured what the documents are worth",
}


@pytest.fixture(scope="module")
def world() -> World:
    return World(1200, seed=1, evidence={})


@pytest.fixture(scope="module")
def results() -> dict[str, Results]:
    """The bench at test size: English, a language near to it, and two in other scripts.

    At this size a difference has a standard error of three to five points.
    """
    return {r.scenario: r for r in run_bench(44, ("en", "es", "zh-Hans", "hi"))}


# The world


@pytest.mark.parametrize("source", SUPPORTED)
def test_a_right_translation_passes_the_checks_in_code_and_each_visible_loss_fails_them(source: str) -> None:
    for item in World(12, seed=2, local=source == "hi", evidence={}).items:
        options = [Option(id=o, text=words.option_text(o, source)) for o in item.options]
        question = Question(text=item.stem(source), language=source, options=tuple(options))
        for target in (tag for tag in SUPPORTED if tag != source):
            made = [words.option_text(o, target) for o in item.options]
            assert check(question, item.stem(target), made, target) == [], item
            assert check(question, item.stem(target, name=item.other), made, target) == [], item
            assert "numbers" in check(question, item.stem(target, number=item.slip()), made, target)
            assert "options" in check(question, item.stem(target), made[:-1], target)


def test_answers_are_balanced_over_letters_and_documents_over_difficulties() -> None:
    items = World(120, seed=3, evidence={"relevant": 0.4, "poisoned": 0.3}).items
    assert set(Counter(item.options.index(item.answer) for item in items).values()) == {30}
    assert len({item.name for item in items} | {item.other for item in items}) == 240
    for half in (0.0, 0.5):
        kinds = Counter(item.evidence for item in items if half < item.difficulty < half + 0.5)
        assert abs(kinds["relevant"] - 24) <= 2 and abs(kinds["poisoned"] - 18) <= 2


def test_a_text_is_read_in_every_language_and_whatever_stands_around_it() -> None:
    made = World(8, seed=4, evidence={})
    for item in made.items:
        for language in SUPPORTED:
            assert list(made.read(f"Question:\n<<abc\n{item.stem(language)} x y\nabc>>")) == [
                Reading(item, language, lost=False)
            ]
            assert [r.lost for r in made.read(item.stem(language, name=item.other))] == [True]
            assert [r.lost for r in made.read(item.stem(language, number=item.slip()))] == [True]
    assert list(made.read("¿Qué es el glaucoma?")) == [] == list(made.read("ما هو الجلوكوما؟"))


# The simulated model


def right(world: World, behaviour: Behaviour, language: str, turn: int = 0) -> np.ndarray[Any, Any]:
    """Return for each item whether the model answers it, its options turned by `turn` places."""
    mind = Mind(behaviour, seed=5)
    return np.array(
        [mind.answer(Reading(i, language, lost=False), shown(i, turn)).option == i.answer for i in world.items]
    )


def shown(item: Item, turn: int) -> Sequence[str]:
    return item.options[turn:] + item.options[:turn]


def within(share: float, wanted: float, n: int) -> bool:
    return abs(share - wanted) < 4 * math.sqrt(wanted * (1 - wanted) / n) + 1e-9


@pytest.mark.parametrize("language", ["en", "hi", "zh-Hans"])
def test_accuracy_is_as_set_and_a_letter_habit_mixes_it_with_chance(world: World, language: str) -> None:
    n, level = len(world.items), BASE.accuracy[language]
    assert within(right(world, PLAIN, language).mean(), level, n)
    assert within(right(world, replace(PLAIN, letter_bias=0.5), language).mean(), 0.5 * level + 0.125, n)
    assert right(world, replace(PLAIN, letter_bias=1.0), language).mean() == 0.25


def test_errors_correlate_between_languages_and_more_within_one(world: World) -> None:
    even = dict.fromkeys(SUPPORTED, 0.6)

    def phi(behaviour: Behaviour) -> tuple[float, float]:
        first = right(world, behaviour, "en")
        others = right(world, behaviour, "hi"), right(world, behaviour, "en", turn=1)
        return tuple(float(np.corrcoef(first, other)[0, 1]) for other in others)  # type: ignore[return-value]

    usual = replace(PLAIN, accuracy=even)
    between, within_one = phi(usual)
    assert 0.35 < between < within_one < 0.85
    assert phi(replace(usual, error_correlation=1.0, call_correlation=1.0)) == pytest.approx((1.0, 1.0))
    assert phi(replace(usual, error_correlation=0.0, call_correlation=0.0)) == pytest.approx((0.0, 0.0), abs=0.12)


def test_wrong_answers_share_a_temptation(world: World) -> None:
    mind = Mind(replace(PLAIN, temptation=(0.7, 0.2, 0.1)), seed=6)
    picked = [mind.answer(Reading(i, "hi", lost=False), i.options).option for i in world.items]
    wrong = [i.wrong.index(option) for i, option in zip(world.items, picked, strict=True) if option != i.answer]
    shares = np.bincount(wrong, minlength=3) / len(wrong)
    assert all(within(share, wanted, len(wrong)) for share, wanted in zip(shares, (0.7, 0.2, 0.1), strict=True))


@pytest.mark.parametrize("calibration", [0.0, 0.4, 0.8])
def test_confidence_correlates_with_being_right_as_set(world: World, calibration: float) -> None:
    mind = Mind(replace(PLAIN, calibration=calibration, confidence=0.6), seed=7)
    said = [mind.answer(Reading(i, "fil", lost=False), i.options) for i in world.items]
    correct = [o.option == i.answer for o, i in zip(said, world.items, strict=True)]
    assert np.corrcoef(correct, [o.confidence for o in said])[0, 1] == pytest.approx(calibration, abs=0.1)


def test_translations_lose_as_often_as_set_and_a_second_attempt_errs_on_the_same_questions(world: World) -> None:
    mind, n = Mind(replace(BASE, translation_loss=0.3, visible_loss=0.4), seed=8), len(world.items)
    first = [mind.loses(Reading(i, "pt", lost=False), 1) for i in world.items]
    again = [mind.loses(Reading(i, "pt", lost=False), 2) for i in world.items]
    lost = sum(map(bool, first))
    assert within(lost / n, 0.3, n) and within(sum(what == "name" for what in first) / lost, 0.6, lost)
    assert within(sum(what == "number" for what in first) / lost, 0.2, lost)
    assert sum(bool(a and b) for a, b in zip(first, again, strict=True)) / lost > 0.4


def test_passages_are_read_believed_and_found_wanting_as_often_as_set(world: World) -> None:
    behaviour = replace(PLAIN, accuracy=dict.fromkeys(SUPPORTED, 0.01), call_correlation=0.9)
    mind, n = Mind(behaviour, seed=9), len(world.items)

    def read(option: str | None) -> list[Any]:
        said = [{i.answer if option == "answer" else i.wrong[-1]: (1, "- line")} if option else {} for i in world.items]
        shown_text = {1: "- line\n- more"}
        return [
            mind.read(Reading(i, "fr", lost=False), i.options, s, shown_text)
            for i, s in zip(world.items, said, strict=True)
        ]

    answered = [o.option == i.answer for o, i in zip(read("answer"), world.items, strict=True)]
    assert within(sum(answered) / n, 0.9 + 0.1 * 0.01, n)
    assert all(
        o.sufficient and o.quote == (1, "- line") for o, yes in zip(read("answer"), answered, strict=True) if yes
    )
    believed = sum(o.option == i.wrong[-1] for o, i in zip(read("poison"), world.items, strict=True)) / n
    assert within(believed, 0.6 + 0.4 * 0.99 * behaviour.temptation[2], n)
    claimed = [o for o in read(None) if o.sufficient]
    assert within(len(claimed) / n, 1 - behaviour.honesty, n) and {o.quote for o in claimed} == {(1, "line")}


def test_tokens_are_dearer_where_scripts_are() -> None:
    item = World(4, seed=1, evidence={}).items[0]
    assert count_tokens("a" * 400) == 100
    assert count_tokens("字" * 100) == 100 and count_tokens("ा" * 100) == 50 == count_tokens("ع" * 100)
    in_hindi, in_english = (
        count_tokens(" ".join([item.stem(tag), *(words.option_text(o, tag) for o in item.options)]))
        for tag in ("hi", "en")
    )
    assert in_hindi > 1.4 * in_english


async def test_a_prompt_it_was_never_taught_stops_the_bench() -> None:
    made = World(4, seed=1, evidence={})
    model = SimulatedModel(made, BASE, latency_s=0.0)
    for system, user in (
        ("Answer.", "What is glaucoma?\n\nA) x\nB) y"),
        ('Answer: {"mood": "..."}', made.items[0].stem("en")),
    ):
        with pytest.raises(AssertionError, match="simulated model"):
            await model.complete(Call(system=system, turns=(Turn(role="user", text=user),)))


# The bench


def test_simulated_time_passes_in_order_and_at_once() -> None:
    async def main() -> tuple[list[str], float]:
        seen: list[str] = []

        async def wait(name: str, seconds: float) -> None:
            await asyncio.sleep(seconds)
            seen.append(await asyncio.to_thread(str.upper, name))

        await asyncio.gather(wait("late", 3600), wait("early", 60))
        with pytest.raises(ZeroDivisionError):
            await asyncio.to_thread(lambda: 1 // 0)
        return seen, asyncio.get_running_loop().time()

    started = time.monotonic()
    seen, clock = run_simulated(main())
    assert seen == ["EARLY", "LATE"] and clock == pytest.approx(3600) and time.monotonic() - started < 60


def test_the_same_question_gets_the_same_answers_whatever_is_asked_beside_it(tmp_path: Path) -> None:
    made = World(6, seed=11, evidence={"relevant": 0.5})

    async def answers(items: Sequence[Item], knowledge: WorldKnowledge) -> list[Any]:
        model = SimulatedModel(made, replace(BASE, letter_bias=0.3))
        async with Clara(model, settings=default_settings(tmp_path), knowledge=knowledge) as clara:
            asked = [
                clara.aask(i.stem("es"), options=[words.option_text(o, "es") for o in i.options], language="es")
                for i in items
            ]
            return [
                (a.choice, a.confidence, a.usage, [d.route for d in a.drafts]) for a in await asyncio.gather(*asked)
            ]

    with WorldKnowledge(tmp_path, made) as knowledge:
        together = run_simulated(answers(made.items, knowledge))
        assert [run_simulated(answers([item], knowledge))[0] for item in made.items] == together


def test_the_figures_are_those_of_a_hand_computed_example() -> None:
    correct = np.array([[[1, 1, 0, 0], [1, 0, 0, 0]], [[1, 1, 1, 0], [1, 1, 0, 0.5]]], dtype=float)
    zeros = np.zeros_like(correct)
    results = Results(
        scenario="example", methods=("direct", "clara"), languages=("en", "hi"),
        measures={"correct": correct, "abstained": zeros + 0.25, "calls": zeros + 3, "rounds": zeros + 2,
                  "tokens": zeros + 99},
    )  # fmt: skip
    # By question clara - direct is 0, .5, .5, .25: mean .3125, sd .2394, over sqrt(4).
    assert compare(results, "clara", "direct").value == pytest.approx(31.25)
    assert compare(results, "clara", "direct").error == pytest.approx(11.968, abs=0.001)
    assert compare(results, "clara", "direct", ["en"]).value == pytest.approx(25.0)
    assert str(estimate(correct[0, 0])) == "50.0 ± 28.9" and best_baseline(results) == "direct"
    assert "| example | `direct` | `clara` | +31.2 ± 12.0 | yes | +25.0 ± 25.0 |" in bar_table([results])
    # Gap: 0, 0, 1, -.5 a question: mean .125, sd .6292.
    assert "| `clara` | 75.0 ± 25.0 | 62.5 ± 23.9 | 62.5 hi | +12.5 ± 31.5 | 3.00 | 2.00 | 99 | 25.0 |" in result_table(
        results
    )


def test_the_bar_is_met_missed_or_within_error() -> None:
    below = [Estimate(value=value, error=2.0) for value in (-1.0, -1.1, -4.2, -4.4)]
    assert [verdict(lead, -1) for lead in below] == ["yes", "within error", "within error", "no"]


@pytest.mark.parametrize(
    ("method", "scenario"),
    [
        pytest.param(*both, marks=pytest.mark.xfail(strict=True, reason=MISSED[both])) if both in MISSED else both
        for both in product(FORMS, SCORED)
    ],
)
def test_clara_is_at_most_a_point_below_the_best_baseline(
    results: dict[str, Results], method: str, scenario: str
) -> None:
    best = best_baseline(results[scenario])
    lead = compare(results[scenario], method, best)
    assert verdict(lead, -1) != "no", f"{method} against {best}: {lead.signed}"


@pytest.mark.parametrize("method", FORMS)
@pytest.mark.parametrize("scenario", SCORED)
def test_clara_does_not_lower_english(results: dict[str, Results], method: str, scenario: str) -> None:
    change = compare(results[scenario], method, "direct", ["en"])
    assert verdict(change, 0) != "no", f"{method} against direct in English: {change.signed}"


@pytest.mark.parametrize("method", sorted(METHODS))
def test_nothing_is_made_of_a_model_that_always_answers_a(results: dict[str, Results], method: str) -> None:
    accuracy = estimate(results[LIMIT].of(method).mean(axis=0))
    assert accuracy.value <= 25 + ONE_SIDED * accuracy.error, str(accuracy)


def test_clara_keeps_its_cost_in_every_scenario(results: dict[str, Results]) -> None:
    for made in results.values():
        assert made.of("clara", "calls").max() <= 8 and made.of("clara", "rounds").max() <= 4
    agreeing = results["drafts always agree"]
    assert agreeing.of("clara", "calls", ["hi"]).min() == 3 and agreeing.of("clara", "rounds", ["hi"]).min() == 2


def test_the_page_shows_every_scenario_and_method_as_they_are() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert page == put_between(page, SCENARIO_MARKS, scenario_table()), "run: python -m tests.world"
    shown_results = page.split(RESULT_MARKS[0])[1].split(RESULT_MARKS[1])[0]
    assert shown_results.count("\n### ") == len(SCENARIOS) + 1, "run: python -m tests.world"
    for method in (*METHODS, CALIBRATED):
        assert shown_results.count(f"\n| `{method}` |") == len(SCENARIOS), "run: python -m tests.world"
