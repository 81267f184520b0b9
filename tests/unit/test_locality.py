"""Local and global evidence: whose country counts, and which claim stands under each policy."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from clara.languages import SUPPORTED, country_code, country_name
from clara.messages import Messages
from clara.resources import data_folder
from clara.stages.claims import CheckedClaim
from clara.stages.locality import settle_locality
from clara.trace import Trace
from clara.types import Claim, Question


def run(policy: str, country: str | None = "India", language: str = "hi") -> Any:
    question = Question(text="-", language=language, country=country)
    return SimpleNamespace(
        question=question,
        settings=SimpleNamespace(policy=policy),
        trace=Trace(),
        say=lambda key, **values: Messages(data_folder("prompts")).say(key, language, **values),
    )


def claim(text: str, country: str | None, *conflicts: int, state: str = "supported") -> CheckedClaim:
    return CheckedClaim(
        claim=Claim(text=text), route="english", state=state, citation=None, agreed=False, conflicted=False,
        country=country, conflicts=frozenset(conflicts),
    )  # type: ignore[arg-type]  # fmt: skip


def standing(checked: list[CheckedClaim]) -> list[str]:
    return [c.claim.text for c in checked if c.accepted]


LOCAL, GLOBAL = "Screening begins at 30.", "Screening begins at 40."


@pytest.mark.parametrize(
    ("policy", "left"),
    [
        ("universal", [GLOBAL]),
        ("local-first", [LOCAL]),
        ("show-both", [f"भारत: {LOCAL}", GLOBAL]),
    ],
)
def test_the_policy_decides_between_local_and_global_evidence(policy: str, left: list[str]) -> None:
    r = run(policy)
    settled = settle_locality(r, [claim(LOCAL, "IN", 1), claim(GLOBAL, None, 0)])
    assert standing(settled) == left
    assert [e.data["words"] for e in r.trace.events] == [f"policy {policy}: evidence of IN differs from other evidence"]


def test_a_country_is_named_in_the_language_of_the_answer() -> None:
    r = run("show-both")
    r.question = replace(r.question, answer_in="en")
    assert standing(settle_locality(r, [claim(LOCAL, "IN", 1), claim(GLOBAL, None, 0)])) == [f"India: {LOCAL}", GLOBAL]


@pytest.mark.parametrize("policy", ["universal", "local-first", "show-both"])
def test_another_country_s_evidence_never_stands_against_the_rest(policy: str) -> None:
    settled = settle_locality(run(policy), [claim(LOCAL, "Mexico", 1), claim(GLOBAL, None, 0)])
    assert standing(settled) == [GLOBAL]


@pytest.mark.parametrize("policy", ["universal", "local-first", "show-both"])
def test_claims_that_do_not_contradict_each_other_all_stand(policy: str) -> None:
    checked = [claim(LOCAL, "IN"), claim(GLOBAL, None), claim("x", None, 0, state="refuted")]
    assert settle_locality(run(policy), checked) == checked


@pytest.mark.parametrize(
    ("named", "code"),
    [
        ("India", "IN"), ("भारत", "IN"), ("Inde", "IN"), ("印度", "IN"), ("الهند", "IN"), ("in", "IN"),
        ("México", "MX"), ("Brasil", "BR"), ("Pilipinas", "PH"), ("UK", "GB"),
        ("United States", "US"), ("Narnia", None),
    ],
)  # fmt: skip
def test_countries_are_known_by_code_and_by_name_in_any_language(named: str, code: str | None) -> None:
    assert country_code(named) == code


@pytest.mark.parametrize("language", [*SUPPORTED, "hi-Latn", "ar"])
def test_a_country_has_a_name_in_every_language(language: str) -> None:
    assert len(country_name("PH", language)) > 2
