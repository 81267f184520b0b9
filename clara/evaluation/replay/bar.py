"""The bar: what a method over several models' records has to reach, and whether it does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

ENGLISH_WITHIN, LIFT, GAP, DRAFTS = 0.5, 5.0, 3.0, 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Reached:
    """What a method reaches on one run, in points. drafts: used per question."""

    run: str
    change_english: float
    lift_others: float
    gap: float
    drafts: float
    verdict: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """One condition in words, the value that decides it, and whether it is met."""

    words: str
    value: float
    met: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """What a method reaches on every run, and the conditions."""

    method: str
    runs: tuple[Reached, ...]
    conditions: tuple[Condition, ...]

    @property
    def met(self) -> bool:
        """Whether every condition is."""
        return all(condition.met for condition in self.conditions)


def check_bar(results: Sequence[Mapping[str, Any]], method: str) -> Bar | None:
    """Return how a method stands against the bar, from the results of one or more runs.

    None where the method is not compared, or a run is incomplete: a missing answer decides nothing.
    """
    runs = []
    for found in results:
        compared = [c for c in found["comparisons"] if c["method"] == method and c["verdict"] != "incomplete"]
        if not compared:
            return None
        runs.append(
            Reached(
                run=found["model"],
                change_english=compared[0]["change_english"]["value"],
                lift_others=compared[0]["lift_others"]["value"],
                gap=found["methods"][method]["gap"]["value"],
                drafts=found["methods"][method]["calls_per_question"],
                verdict=compared[0]["verdict"],
            )
        )
    lowest = min(reached.change_english for reached in runs)
    lift = sum(reached.lift_others for reached in runs) / len(runs)
    widest = max((reached.gap for reached in runs), key=abs)
    drafts = sum(reached.drafts for reached in runs) / len(runs)
    conditions = (
        Condition(
            words=f"English keeps within {ENGLISH_WITHIN:g} point on every run", value=lowest,
            met=lowest >= -ENGLISH_WITHIN,
        ),
        Condition(words=f"the other languages gain {LIFT:g} points or more on average", value=lift, met=lift >= LIFT),
        Condition(words=f"the gap is {GAP:g} points or less on every run", value=widest, met=abs(widest) <= GAP),
        Condition(words=f"{DRAFTS:g} drafts a question or fewer on average", value=drafts, met=drafts <= DRAFTS),
    )  # fmt: skip
    return Bar(method=method, runs=tuple(runs), conditions=conditions)
