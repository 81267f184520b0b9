"""Rows as they are kept, and the measures that results.json makes of them."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from clara.evaluation.statistics.summary import (
    agreement_results,
    answer_language,
    curve_results,
    kept,
    quality_results,
    tier_results,
    usage_premium,
)
from tests.unit.evaluation.parallel import TEXTS

OPTIONS = {str(number): ["A", "B", "C", "D"] for number in range(20)}


def row(number: int, *, language: str = "hi", said: str | None = "A", **more: Any) -> dict[str, Any]:
    """Return an answer to a question of which A is right."""
    fields = {"method": "m", "language": language, "id": str(number), "epoch": 0, "status": "ok", "answer": "A"}
    return fields | {"choice": said, "correct": said == "A", "answer_language": language} | more


def test_answers_by_hand() -> None:
    rows = [
        row(0, confidence=0.9, cost=1.0, seconds=1.0), row(1, said="B", confidence=0.6, cost=1.0, seconds=2.0),
        row(2, confidence=0.7, answer_language="en", cost=1.0, seconds=3.0),
        row(3, said=None, status="refused", cost=1.0, seconds=0.5),
        row(4, said=None, status="error", correct=False, cost=2.0),
    ]  # fmt: skip
    found = quality_results(rows, options=OPTIONS, seed=0)
    assert (found["coverage"], found["refused"], found["selective_accuracy"]) == (75, 25, pytest.approx(66.6667))
    # Two of four are right, and one of them in Hindi.
    assert (found["in_language"], found["language_fidelity"]) == (pytest.approx(66.6667), 25)
    assert found["brier"] == pytest.approx((0.01 + 0.36 + 0.09) / 3, abs=1e-4)
    assert found["ece"] == pytest.approx((0.1 + 0.6 + 0.3) / 3, abs=1e-4)
    assert found["aurc"] == pytest.approx((0 + 0 + 1 / 3 + 2 / 4) / 4, abs=1e-4)
    assert found["cost_per_correct"] == 3.0  # what failed was paid for too
    assert found["latency_p95_s"] == pytest.approx(2.85, abs=1e-4)
    assert found["position_bias"] == pytest.approx(1 / 3, abs=1e-4) and found["consistency"] is None
    assert found["token_premium"] is None


def test_what_rows_do_not_say_is_unknown() -> None:
    bare = [{key: value for key, value in row(number).items() if key != "answer_language"} for number in range(3)]
    found = quality_results(bare, seed=0)
    assert {name for name, value in found.items() if value is not None} == {"coverage", "refused", "selective_accuracy"}
    assert curve_results(bare) == {"calibration": [], "agreement": [], "risk_coverage": []}
    assert all(value is None for value in quality_results([], seed=0).values())
    assert all(value is None for value in quality_results([row(0, status="error")], seed=0).values())
    # One answer without a confidence: none is made up for it, and the others are no fair sample.
    assert quality_results([row(0, confidence=0.9), row(1)], seed=0)["brier"] is None


def test_samples_and_first_answers() -> None:
    rows = [row(0, epoch=epoch, said=said) for epoch, said in enumerate("AAAB")]
    rows += [row(1, epoch=epoch, said=None, status="abstained") for epoch in range(4)]
    found = quality_results(rows, options=OPTIONS, seed=0)
    assert found["consistency"] == 75  # half of the pairs of one question, all of the other
    assert found["position_bias"] == 0  # the first epoch's answer was right
    free = [row(0, epoch=epoch, said=None, correct=True, text=f"answer {epoch}") for epoch in range(3)]
    assert quality_results(free, seed=0)["consistency"] is None  # words may differ where the meaning does not


def test_a_graded_answer_counts_for_what_it_was_given() -> None:
    rows = [row(0, said=None, score=0.5, confidence=0.5), row(1, said=None, score=1.0, confidence=1.0)]
    found = quality_results(rows, seed=0)
    assert (found["selective_accuracy"], found["brier"]) == (75, 0)


def test_tokens_against_english_for_the_same_questions() -> None:
    english = [row(n, language="en", prompt_tokens=100, completion_tokens=n * 10) for n in range(10)]
    hindi = [row(n, prompt_tokens=300, completion_tokens=30 * n) for n in range(12)]  # two more, which English has not
    found = quality_results(hindi, english, seed=0)["token_premium"]
    assert found == {"value": 3.0, "ci95": [3.0, 3.0]}
    assert quality_results(english, english, seed=0)["token_premium"]["value"] == 1.0
    assert usage_premium(hindi, seed=0) == {}
    epochs = [row(n, epoch=epoch, prompt_tokens=150) for n in range(10) for epoch in range(2)]
    assert usage_premium([*english, *epochs], seed=0)["hi"].value == pytest.approx(3000 / 1450)


def test_curves_by_hand() -> None:
    rows = [
        row(0, confidence=0.85, agreement=1.0), row(1, confidence=0.95, agreement=1.0),
        row(2, said="B", confidence=0.85, agreement=0.5), row(3, said=None, status="abstained", agreement=0.5),
    ]  # fmt: skip
    found = curve_results(rows)
    assert [point[:3] for point in found["calibration"]] == [[0.85, 50, 2], [0.95, 100, 1]]
    assert [point[:3] for point in found["agreement"]] == [[0.5, 0, 1], [1, 100, 2]]
    assert found["risk_coverage"] == [[0.25, 0], [0.5, 0.25], [0.75, 0.3333], [1, 0.5]]
    assert all(low <= accuracy <= high for _, accuracy, _, low, high in found["calibration"])  # type: ignore[operator]


def test_languages_that_say_the_same() -> None:
    rows = [row(n, language=tag, said=said) for tag, answers in (("en", "AAB"), ("es", "AAB"), ("hi", "ABC"))
            for n, said in enumerate(answers)]  # fmt: skip
    rows.append(row(3, language="en") | {"status": "error"})
    found = agreement_results(rows)
    assert found["pairs"] == [
        {"languages": ["en", "es"], "agree": 100}, {"languages": ["en", "hi"], "agree": 33.3333},
        {"languages": ["es", "hi"], "agree": 33.3333},
    ]  # fmt: skip
    assert found["mean"] == pytest.approx(55.5555)
    assert agreement_results([row(0)]) == {"mean": None, "pairs": []}


def test_tiers_group_the_languages_with_little_text_first() -> None:
    table = 100.0 * np.array([[1, 1, 0, 0], [1, 0, 1, math.nan], [1, 1, 1, 1], [0, 0, 0, 0]])
    found = tier_results(table, ["en", "es", "hi", "wo"])
    assert list(found) == ["extreme-low", "mid", "high"]
    assert [part["languages"] for part in found.values()] == [["wo"], ["hi"], ["es"]]
    assert found["mid"]["accuracy"] == 50 and found["mid"]["gap"]["value"] == 25
    # Wolof lacks one answer: its gap is that of the other three questions, 100, 0 and 0.
    assert found["extreme-low"]["gap"]["value"] == pytest.approx(33.3333)
    nothing = tier_results(np.full((2, 2), math.nan), ["en", "hi"])
    assert nothing["mid"] == {"languages": ["hi"], "accuracy": None, "gap": {"value": None, "ci95": [None, None]}}


@pytest.mark.parametrize("tag", TEXTS)
def test_the_language_of_an_answer(tag: str) -> None:
    passage, _ = TEXTS[tag][1]
    assert answer_language(passage, tag) == tag
    other = "hi" if tag != "hi" else "ar"
    assert answer_language(passage, other) == tag


@pytest.mark.parametrize(
    ("text", "asked", "found"),
    [
        ("Cirugía.", "pt", "pt"),  # one word of two languages
        ("B", "zh-Hans", "zh-Hans"),
        ("OCT", "ar", "ar"),
        ("Cataract surgery", "hi", "und"),  # not Hindi, whatever it is
        ("Glaucoma is treated with eye drops that lower the pressure.", "hi", "en"),
        ("Aankh mein dard aur khujli hai to doctor ko dikhana chahiye, ye dawai aap mat lijiye.", "hi-Latn", "hi-Latn"),
        ("Glaucoma ke liye drops daily use kare, aur doctor se checkup karein.", "hi-Latn", "hi-Latn"),
        ("Wash your hands often, and do not share towels with other people.", "en-x-irish", "en-x-irish"),
        ("手术用透明的人工晶状体代替它。", "hi", "zh-Hans"),
    ],
)
def test_short_mixed_and_varied_answers(text: str, asked: str, found: str) -> None:
    assert answer_language(text, asked) == found


def test_numbers_as_they_are_kept() -> None:
    assert (kept(1 / 3), kept(math.nan), kept(math.inf)) == (0.3333, None, None)
