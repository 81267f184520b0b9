"""The verdict in sentences."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from clara.evaluation.report.tables import Column, estimate, number, p_value
from clara.languages import english_name

_POINTS = Column(head="", signed=True)
# Verdict of statistics/comparison, without numbers -> what the methods do that have it (one method, several).
_GROUPS = {
    "win": ("wins", "win"),
    "levelled down": ("levels down", "level down"),
    "levelled down (not ruled out)": (
        "narrows the gap, and that it levels down is not ruled out",
        "narrow the gap, and that they level down is not ruled out",
    ),
    "wider, everyone better": ("widens the gap although everyone gains", "widen the gap although everyone gains"),
    "wider": ("widens the gap", "widen the gap"),
    "no detectable change": (
        "shows no detectable change of the gap",
        "show no detectable change of the gap",
    ),
    "incomplete": ("is incomplete", "are incomplete"),
}


def headline(results: Mapping[str, Any]) -> str:
    """Return the verdict in one sentence. Of several methods none is picked out: each is counted under its verdict."""
    comparisons = results["comparisons"]
    if not comparisons:
        return f"Nothing is compared: {'; '.join(_level(*named) for named in results['methods'].items())}."
    if len(comparisons) == 1:
        return verdict_sentence(results, comparisons[0])
    groups: dict[str, list[str]] = {}
    for found in comparisons:
        groups.setdefault(kind_of(found["verdict"]), []).append(found["method"])
    baseline = comparisons[0]["baseline"]
    ordered = [kind for kind in (*_GROUPS, *groups) if kind in groups]
    parts = [f"{_listed(groups[kind])} {_does(kind, len(groups[kind]))}" for kind in dict.fromkeys(ordered)]
    return f"Compared with {baseline}: {'; '.join(parts)}."


def _does(kind: str, methods: int) -> str:
    one, several = _GROUPS.get(kind, (f"has the verdict {kind}", f"have the verdict {kind}"))
    return one if methods == 1 else several


def verdict_sentence(results: Mapping[str, Any], found: Mapping[str, Any]) -> str:
    """Return what one method did to the gap, and at whose expense."""
    method, baseline, kind = found["method"], found["baseline"], kind_of(found["verdict"])
    gaps = [(results["methods"][name].get("gap") or {}).get("value") for name in (baseline, method)]
    moved = f"from {number(gaps[0])} to {number(gaps[1])} points"
    others, english = _changed(found["lift_others"]), _changed(found["change_english"])
    if kind == "incomplete":
        return f"No verdict on {method} yet: answers of it or of {baseline} are missing; so far the gap goes {moved}."
    sentences = {
        "win": f"{method} narrows the gap {moved}: the other languages change by {others}, English by {english}",
        "levelled down": f"{method} narrows the gap {moved}, but levels down: English changes by {english}, "
        f"the other languages by {others}, {_worst(found)}",
        "levelled down (not ruled out)": f"{method} narrows the gap {moved}, but a loss in English of a point, or no "
        f"gain of the others, is not ruled out: English changes by {english}, the other languages by {others}",
        "wider, everyone better": f"{method} widens the gap {moved}, although everyone gains: English {english}, "
        f"the other languages {others}",
        "wider": f"{method} widens the gap {moved}: English changes by {english}, the other languages by {others}",
    }
    plain = (
        f"{method}: {found['verdict']}; the gap goes {moved}, the other languages change by {others}, "
        f"English by {english}"
    )
    return f"{sentences.get(kind, plain)} (p {_equals(found['gap_reduction'].get('p'))} for the gap)."


def kind_of(verdict: str) -> str:
    """Return a verdict without its numbers."""
    return verdict if verdict in _GROUPS else verdict.partition(" (")[0]


def _level(method: str, found: Mapping[str, Any]) -> str:
    gap, mean = estimate(found.get("gap")), number(found.get("mean"))
    if gap is None:
        return f"{method} gets {mean}% right, and without English and another language there is no gap"
    return f"{method} gets {mean}% right on average, English {_POINTS.show(gap)} points above the other languages"


def _changed(found: Mapping[str, Any]) -> str:
    return _POINTS.show(estimate(found))


def _worst(found: Mapping[str, Any]) -> str:
    worst = found.get("worst_at_baseline") or {}
    language = english_name(worst["language"]) if worst.get("language") else "the worst language"
    return f"{language}, the worst before, by {number(worst.get('diff'), signed=True)}"


def _equals(p: float | None) -> str:
    shown = p_value(p)
    return shown if shown.startswith("<") else f"= {shown}"


def _listed(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
