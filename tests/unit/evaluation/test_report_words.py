"""The verdict in sentences."""

from __future__ import annotations

from typing import Any

import pytest

from clara.evaluation.report.words import headline, verdict_sentence


def comparison(method: str, verdict: str, english: float = 0.0) -> dict[str, Any]:
    return {
        "baseline": "direct", "method": method, "verdict": verdict,
        "gap_reduction": {"value": 6.0, "ci95": [1.0, 10.9], "p": 0.0168},
        "lift_others": {"value": 6.0, "ci95": [1.0, 10.9]},
        "change_english": {"value": english, "ci95": [english - 1, english + 1]},
        "worst_at_baseline": {"language": "hi", "diff": 12.8},
    }  # fmt: skip


def results(*comparisons: dict[str, Any]) -> dict[str, Any]:
    names = ["direct", *(found["method"] for found in comparisons)]
    gaps = [6.04, *([0.0] * len(comparisons))]
    methods = {
        name: {"mean": 58.3, "gap": {"value": gap, "ci95": [gap - 5, gap + 5]}}
        for name, gap in zip(names, gaps, strict=True)
    }
    return {"methods": methods, "comparisons": list(comparisons)}


def test_one_method_is_told_with_what_it_changed() -> None:
    assert headline(results(comparison("clara", "win"))) == (
        "clara narrows the gap from 6.0 to 0.0 points: the other languages change by +6.0 [1.0, 10.9], "
        "English by 0.0 [-1.0, 1.0] (p = .017 for the gap)."
    )


def test_who_pays_is_said_where_a_method_levels_down() -> None:
    said = headline(results(comparison("vote", "levelled down", -1.8)))
    assert "but levels down: English changes by -1.8 [-2.8, -0.8]" in said
    assert "Hindi, the worst before, by +12.8" in said


@pytest.mark.parametrize(
    ("verdict", "part"),
    [
        ("levelled down (not ruled out)", "but a loss in English of a point, or no gain of the others, is not ruled"),
        ("wider", "widens the gap from 6.0 to 0.0 points: English"),
        ("wider, everyone better", "although everyone gains"),
        ("incomplete", "No verdict on x yet"),
        ("no detectable change (smallest detectable 4.1)", "x: no detectable change (smallest detectable 4.1)"),
        ("something new", "x: something new"),
    ],
)
def test_every_verdict_has_its_sentence(verdict: str, part: str) -> None:
    found = comparison("x", verdict)
    assert part in verdict_sentence(results(found), found)


def test_of_several_methods_none_is_picked_out() -> None:
    found = results(comparison("vote", "levelled down"), comparison("clara", "win"), comparison("pivot:en", "win"),
                    comparison("odd", "no detectable change (smallest detectable 3.0)"))  # fmt: skip
    assert headline(found) == (
        "Compared with direct: clara and pivot:en win; vote levels down; odd shows no detectable change of the gap."
    )


def test_a_verdict_that_has_no_words_yet_is_not_left_out() -> None:
    said = headline(results(comparison("clara", "win"), comparison("odd", "strange")))
    assert said == "Compared with direct: clara wins; odd has the verdict strange."


def test_a_single_method_has_a_level_and_no_verdict() -> None:
    assert headline(results()) == (
        "Nothing is compared: direct gets 58.3% right on average, English +6.0 [1.0, 11.0] points above the other "
        "languages."
    )
    alone = {"methods": {"direct": {"mean": 50.0, "gap": {"value": None, "ci95": [None, None]}}}, "comparisons": []}
    assert "without English and another language there is no gap" in headline(alone)
