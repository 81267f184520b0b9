"""The methods with a model that answers as real ones do: its words around the form, and what it leaves out."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from clara import Answer, Clara, ScriptedModel
from clara.models import Call, Completion
from tests.doctors import Doctor, kind, letters
from tests.integration.test_clara_method import ENGLISH, ENGLISH_OPTIONS, OPTIONS, QUESTION, RIGHT, WRONG, doctor

SPLIT = {"native": RIGHT, "english": ENGLISH_OPTIONS[2], "evidence": ENGLISH_OPTIONS[1], "abroad": WRONG}


class Asking:
    """Engines over a scripted model, closed at the end; `calls` is what the last one was asked."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._made: list[Clara] = []
        self._model = ScriptedModel([])

    def __call__(self, script: Any, question: str = QUESTION, options: Any = None, **more: Any) -> Answer:
        self._model = ScriptedModel(script)
        method = more.pop("method", None)
        self._made.append(Clara(self._model, home=self._home, **more))
        return self._made[-1].ask(question, options=options, method=method)

    @property
    def calls(self) -> list[Call]:
        return self._model.calls

    def close(self) -> None:
        for clara in self._made:
            clara.close()


@pytest.fixture
def ask(shipped_home: Path) -> Iterator[Asking]:
    asking = Asking(shipped_home)
    yield asking
    asking.close()


def sloppy(call: Call) -> str:
    """What `doctor` replies, in the words of a model that has its own way with JSON."""
    said = json.loads(doctor()(call))
    said |= {"reason": None, "locality": "None"}
    said["options"] = [f"{n}. {text}" for n, text in enumerate(said.get("options", ()), 1)]
    for quote in said.get("quotes", ()):
        quote |= {"passage": f"[{quote['passage']}]", "stance": "support"}
        del quote["option"]
    if "choice" in said:
        shown = {letter: text for text, letter in letters(call.turns[0].text).items()}
        said["choice"] = f"{said['choice']}) {shown[said['choice']]}"
        said["confidence"] = f"{said['confidence']}%"
    told = json.dumps(said, ensure_ascii=False)
    return f"<think>Is it {{A}}?</think>Here it is:\n```json\n{told}\n```\nTake {{care}}."


def test_what_a_model_writes_round_its_replies_costs_no_call(ask: Asking) -> None:
    answer = ask(sloppy, options=OPTIONS)
    assert answer.choice == "ख" and (answer.usage.calls, answer.usage.rounds) == (3, 2)
    assert answer.citations[0].state == "exact" and not answer.warnings
    assert all(draft.translation_validity == 1 for draft in answer.drafts)


def test_a_refusal_is_asked_again_once_and_costs_its_route_alone(ask: Asking) -> None:
    def script(call: Call) -> Any:
        refuses = kind(call.system) == "choice" and ENGLISH_OPTIONS[0] in call.turns[0].text
        return "I'm sorry, but I can't give medical advice." if refuses else doctor()(call)

    answer = ask(script, options=OPTIONS)
    assert answer.choice == "ख"
    assert [d.error for d in answer.drafts if d.route == "english"] == ["the reply holds no JSON object"]


def test_a_reply_that_was_cut_off_is_asked_for_in_fewer_words(ask: Asking) -> None:
    cut = Completion(text='{"reason": "halos, pain and', model="scripted", truncated=True)
    replies = [cut, json.dumps({"choice": "B", "confidence": 80})]
    answer = ask(replies, ENGLISH, ENGLISH_OPTIONS, native=False, evidence=False, escalate=False)
    assert not answer.abstained and answer.usage.calls == 2
    assert "keep every text in it short" in ask.calls[1].turns[-1].text


@pytest.mark.parametrize("said", ["<think>क? नहीं, ख।</think>\nउत्तर: ख", "क? नहीं, ख।\n</think>\n\nउत्तर: ख"])
def test_direct_shows_no_thoughts(ask: Asking, said: str) -> None:
    answer = ask([said], options=OPTIONS, method="direct")
    assert (answer.answer, answer.choice) == ("उत्तर: ख", "ख")


def test_thoughts_that_never_end_are_no_answer(ask: Asking) -> None:
    answer = ask(["<think>क? नहीं, ख"], options=OPTIONS, method="direct")
    assert answer.abstained and answer.choice is None and "think" not in answer.answer


@pytest.mark.parametrize("back", ["<think>hm</think>तेज़ दर्द होता है।", ""])
def test_an_answer_is_brought_back_without_thoughts_or_stays_as_it_was(ask: Asking, back: str) -> None:
    free = {"claims": [{"claim": "It hurts a lot."}], "confidence": 90}
    script = Doctor(english=ENGLISH, overrides={"free": json.dumps(free), "back": back})
    answer = ask(script, method="translate_test")
    assert answer.answer == ("तेज़ दर्द होता है।" if back else "It hurts a lot.")
    assert bool(answer.warnings) is not bool(back)


def test_what_the_english_draft_holds_is_shown_beside_a_local_answer(ask: Asking) -> None:
    answer = ask(doctor(picks=SPLIT, locality="country"), options=OPTIONS, policy="show-both", country="IN")
    assert answer.choice == "ख"
    assert f"अंग्रेज़ी में पूछने पर जवाब अलग है: ग) {OPTIONS['ग']}" in answer.warnings


@pytest.mark.parametrize("where", ["", " in my country"])
def test_an_english_question_about_the_asker_s_country_asks_which_it_is(ask: Asking, where: str) -> None:
    picks = {"english": ENGLISH_OPTIONS[1], "evidence": ENGLISH_OPTIONS[1]}
    question = ENGLISH.replace("?", f"{where}?")
    answer = ask(doctor(picks=picks), question, dict(zip("ABCD", ENGLISH_OPTIONS, strict=True)))
    assert answer.choice == "B"
    assert any("which country" in warning for warning in answer.warnings) is bool(where)


def test_no_answer_to_a_choice_says_what_is_missing(ask: Asking) -> None:
    answer = ask(doctor(picks=SPLIT, sufficient=False), options=OPTIONS, reconcile={"abstain_below": 0.95})
    assert answer.abstained and "कमी" in answer.answer and "- " in answer.answer


@pytest.mark.parametrize("setting", ["native", "evidence", "verify", "escalate", "permute"])
def test_an_ablation_by_name_asks_what_its_switch_does(ask: Asking, setting: str) -> None:
    def asked(**more: Any) -> list[str]:
        answer = ask(doctor(picks=SPLIT), options=OPTIONS, **more)
        assert answer.method == more.get("method", "clara")
        fence = re.compile(r"<<\w{12}|\w{12}>>")
        return sorted(fence.sub("", call.system + call.turns[0].text) for call in ask.calls)

    by_name = asked(method=f"clara_no_{setting}")
    assert by_name == asked(**{setting: False}) != asked()


def test_step_by_step_has_a_name_too(ask: Asking) -> None:
    ask(doctor(), options=OPTIONS, method="translate_test_cot")
    assert any("step by step" in call.system for call in ask.calls)
