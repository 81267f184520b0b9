"""Budgets: what the meter counts and holds back, and the best answer so far at every limit, wherever it falls."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from clara import Answer, Clara, KnowledgeBase, ScriptedModel
from clara.config import BudgetSettings
from clara.errors import BudgetExceeded, ConfigError
from clara.models import Call, Completion
from clara.stages.meter import Meter
from clara.text import estimated_tokens
from clara.types import Turn
from tests.doctors import Doctor, free_replies, kind

QUESTION = "तीव्र एंगल-क्लोज़र ग्लूकोमा में कौन सा लक्षण होता है?"
OPTIONS = {"क": "पलकों पर पपड़ी", "ख": "रोशनी के चारों ओर घेरे और तेज़ दर्द", "ग": "बिना दर्द नज़र जाना", "घ": "सूखापन"}
ENGLISH = ("crusts on the lids", "halos around lights and severe pain", "painless loss of sight", "dryness")
FREE = "तीव्र एंगल-क्लोज़र ग्लूकोमा के क्या लक्षण हैं?"
QUOTE = "रोशनी के चारों ओर इंद्रधनुषी घेरे दिखना"
CLAIM = "तेज़ दौरे में रोशनी के चारों ओर घेरे दिखते हैं।"
NOTHING = Call()


def split_doctor() -> Doctor:
    """Its drafts differ, so that a choice takes every round there is."""
    return Doctor(
        english="Which symptom occurs in acute angle-closure glaucoma?",
        english_options=ENGLISH,
        picks={"native": OPTIONS["ख"], "english": ENGLISH[2], "evidence": ENGLISH[1]},
        quote=QUOTE,
    )


def free_doctor() -> Doctor:
    return Doctor(
        english="What are the symptoms of acute angle-closure glaucoma?",
        overrides={
            **free_replies(CLAIM, QUOTE, f"{CLAIM} [1]"),
            "grade": json.dumps({"relevant": [1], "sufficient": True}),
            "evaluate": json.dumps({"faithful": True, "needs_context": True}),
            "back": CLAIM,
        },
    )


def ask(
    kb: KnowledgeBase, home: Path, *, choice: bool, method: str = "clara", doctor: Doctor | None = None, **budget: Any
) -> Answer:
    made = doctor or (split_doctor() if choice else free_doctor())
    made.overrides = {**free_doctor().overrides, **made.overrides}
    model = ScriptedModel(made, name="m")
    limits = {"calls": None, "rounds": None, "seconds": None} | budget
    with Clara(model, method=method, knowledge=kb, home=home, budget=limits, prices={"m": (1.0, 1.0)}) as clara:
        return clara.ask(QUESTION if choice else FREE, options=OPTIONS if choice else None)


def usable(answer: Answer) -> bool:
    return any(draft.usable for draft in answer.drafts)


def test_the_meter_counts_rounds_by_what_waited_for_what() -> None:
    meter = Meter(limits=BudgetSettings(calls=4, rounds=3), prices={"m": (1.0, 2.0)})
    done = Completion(text="", model="m", prompt_tokens=1_000_000, completion_tokens=500_000)
    first, beside = meter.begin(NOTHING, "m", 0), meter.begin(NOTHING, "m", 0)
    assert (first.round, beside.round) == (1, 1)
    meter.end(first, done)
    second = meter.begin(NOTHING, "m", 0)
    assert second.round == 2  # `beside` is still running; it held nobody up
    meter.end(beside, None)
    meter.end(second, done)
    usage = meter.usage()
    assert (usage.calls, usage.rounds, usage.prompt_tokens, usage.cost) == (3, 2, 2_000_000, 4.0)
    meter.end(meter.begin(NOTHING, "m", 0), None)
    with pytest.raises(BudgetExceeded, match="4 model calls"):
        meter.begin(NOTHING, "m", 0)


@pytest.mark.parametrize(
    ("limits", "said"),
    [
        ({"rounds": 1}, "1 rounds"),
        ({"tokens": 10}, "10 tokens"),
        ({"cost": 0.5}, "0.5"),
        ({"seconds": 2.0}, "2 seconds"),
    ],
)
def test_every_limit_ends_the_calls(limits: dict[str, float], said: str) -> None:
    meter = Meter(limits=BudgetSettings.model_validate(limits), prices={"m": (1e6, 0.0)})
    meter.end(meter.begin(NOTHING, "m", 0), Completion(text="", model="m", prompt_tokens=12))
    with pytest.raises(BudgetExceeded, match=said):
        meter.begin(NOTHING, "m", 3.0)


def test_a_reply_from_the_cache_is_no_call_and_a_model_without_price_has_no_cost() -> None:
    meter = Meter(limits=BudgetSettings())
    meter.end(meter.begin(NOTHING, "m", 0), Completion(text="", model="m", cached=True))
    assert (meter.usage().calls, meter.usage().rounds, meter.usage().cost) == (0, 0, 0.0)
    meter.end(meter.begin(NOTHING, "m", 0), Completion(text="", model="m", prompt_tokens=1))
    assert meter.usage().cost is None


def test_a_prompt_that_does_not_fit_is_not_sent() -> None:
    call = Call(system="a" * 400, turns=(Turn(role="user", text="b" * 400),))  # 200 tokens
    assert estimated_tokens("a" * 400) == 100
    meter = Meter(limits=BudgetSettings(tokens=1000), prices={"m": (1.0, 1.0)})
    first = meter.begin(call, "m", 0)  # 200, and 600 kept free for its reply
    second = meter.begin(call, "m", 0)
    with pytest.raises(BudgetExceeded, match="no room for another call"):
        meter.begin(call, "m", 0)
    meter.end(first, Completion(text="", model="m", prompt_tokens=200, completion_tokens=10))
    with pytest.raises(BudgetExceeded):  # 210 used, 800 held for the second
        meter.begin(NOTHING, "m", 0)
    meter.end(second, Completion(text="", model="m", prompt_tokens=200, completion_tokens=10))
    meter.begin(call, "m", 0)  # 420 used


def test_money_is_held_back_at_the_model_s_price_and_needs_one() -> None:
    call = Call(turns=(Turn(role="user", text="b" * 400, attachments=({"type": "image_url"},)),))  # 100 + 800 tokens
    meter = Meter(limits=BudgetSettings(cost=0.002), prices={"m": (1.0, 1.0)})
    meter.begin(call, "m", 0)  # 0.0009, and 0.0006 for the reply
    with pytest.raises(BudgetExceeded, match="no room"):
        meter.begin(call, "m", 0)
    with pytest.raises(ConfigError, match="price of other"):
        meter.begin(NOTHING, "other", 0)
    meter.end(meter.begin(NOTHING, "m", 0), Completion(text="", model="unpriced", prompt_tokens=1))
    with pytest.raises(BudgetExceeded, match="cannot be kept"):
        meter.begin(NOTHING, "m", 0)


@pytest.mark.parametrize("choice", [True, False])
@pytest.mark.parametrize("method", ["clara", "direct", "rag", "translate_test", "paper", "vote"])
def test_a_limit_of_calls_ends_in_the_best_answer_so_far(
    shipped_kb: KnowledgeBase, shipped_home: Path, method: str, choice: bool
) -> None:
    if method == "vote" and not choice:
        return  # it has no free answers
    most = ask(shipped_kb, shipped_home, choice=choice, method=method).usage.calls
    for calls in range(1, most + 1):
        answer = ask(shipped_kb, shipped_home, choice=choice, method=method, calls=calls)
        assert answer.usage.calls <= calls
        assert answer.abstained is not usable(answer), calls
        if any(draft.error for draft in answer.drafts):  # a method may also plan with the calls that it has
            assert f"the budget of {calls} model calls is used up" in answer.warnings


@pytest.mark.parametrize("choice", [True, False])
def test_a_limit_of_rounds_ends_in_the_best_answer_so_far(
    shipped_kb: KnowledgeBase, shipped_home: Path, choice: bool
) -> None:
    for rounds in range(1, 5):
        answer = ask(shipped_kb, shipped_home, choice=choice, rounds=rounds)
        assert answer.usage.rounds <= rounds and usable(answer) and not answer.abstained


@pytest.mark.parametrize("choice", [True, False])
@pytest.mark.parametrize("limit", ["tokens", "cost"])
def test_a_limit_of_tokens_or_money_is_passed_by_one_reply_at_most(
    shipped_kb: KnowledgeBase, shipped_home: Path, choice: bool, limit: str
) -> None:
    full = ask(shipped_kb, shipped_home, choice=choice)
    total = full.usage.prompt_tokens + full.usage.completion_tokens
    replies = [e.data["completion_tokens"] for e in full.trace if e.kind == "call"]
    for share in (0.2, 0.4, 0.6, 0.8, 1.0, 1.5):
        allowed = max(1, int(total * share))
        budget: dict[str, Any] = {limit: allowed if limit == "tokens" else allowed / 1e6}
        answer = ask(shipped_kb, shipped_home, choice=choice, **budget)
        used = answer.usage.prompt_tokens + answer.usage.completion_tokens
        assert used <= allowed + max(replies)
        assert answer.abstained is not usable(answer), share


@pytest.mark.parametrize("choice", [True, False])
@pytest.mark.parametrize("stuck", ["translate", "choice", "evidence", "free", "free_evidence", "verify", "write"])
def test_a_limit_of_time_cuts_any_call_off(
    shipped_kb: KnowledgeBase, shipped_home: Path, choice: bool, stuck: str
) -> None:
    doctor = split_doctor() if choice else free_doctor()

    class Stuck(ScriptedModel):
        async def complete(self, call: Call, show: Any = None) -> Completion:
            if kind(call.system) == stuck:
                raise TimeoutError  # what the time limit around a call does to it
            return await super().complete(call, show)

    model = Stuck(doctor, name="m")
    with Clara(model, knowledge=shipped_kb, home=shipped_home, attempts=1, budget={"seconds": 60.0}) as clara:
        clara.models = type(clara.models)(draft=model, translate=model)  # type: ignore[misc]
        answer = clara.ask(QUESTION if choice else FREE, options=OPTIONS if choice else None)
    assert answer.abstained is not usable(answer)
    outcomes = {e.data["outcome"] for e in answer.trace if e.kind == "call"}
    assert ("budget" in outcomes) is any("60 seconds" in warning for warning in answer.warnings)


def test_what_is_left_unsaid_for_another_reason_stays_so(shipped_kb: KnowledgeBase, shipped_home: Path) -> None:
    doctor = free_doctor()
    doctor.locality = "country"
    answer = ask(shipped_kb, shipped_home, choice=False, doctor=doctor, calls=3)
    assert answer.abstained and usable(answer)  # the country is asked for, whatever the budget


def test_the_unchecked_draft_is_said_to_be_unchecked_in_the_asker_s_language(
    shipped_kb: KnowledgeBase, shipped_home: Path
) -> None:
    answer = ask(shipped_kb, shipped_home, choice=False, calls=2)
    assert answer.answer == f"- {CLAIM}" and answer.language == "hi"
    assert "इस जवाब की प्रमाण से पुष्टि होने से पहले ही तय सीमा पूरी हो गई।" in answer.warnings
    assert answer.confidence < 0.3
