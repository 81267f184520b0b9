"""What each method makes of recorded answers, one question at a time."""

from __future__ import annotations

import pytest

from clara.config import ReconcileSettings
from clara.errors import ConfigError
from clara.evaluation.datasets import Dataset, Item, Recorded
from clara.evaluation.records import Given
from clara.evaluation.replay.methods import (
    Case,
    Policy,
    answer_directly,
    answer_reconciled,
    build_method,
    further_languages,
    make_cases,
    vote,
)
from clara.types import Option
from tests.unit.evaluation.questions import TEXTS

LANGUAGES = ("en", "es", "pt", "fil", "zh-Hans", "fr", "hi")
OPTIONS = tuple(Option(id=label, text=text) for label, text in zip("ABCD", TEXTS["en"][1], strict=True))
DEFAULT = Policy(settings=ReconcileSettings(), further=("es", "fr", "pt", "fil", "zh-Hans", "hi"))


def case(choices: str) -> Case:
    """Return a question with a letter per language, - for an answer that names none, a space for nothing recorded."""
    said = {
        tag: None if letter == "-" else letter for tag, letter in zip(LANGUAGES, choices, strict=False) if letter != " "
    }
    return Case(id="q", epoch=0, answer="B", options=OPTIONS, choices=said)


def test_direct_and_pivot_are_the_record_as_it_stands() -> None:
    asked = case("BA-")
    assert answer_directly(asked, "en") == Given(status="ok", choice="B", calls=1)
    assert answer_directly(asked, "pt") == Given(status="unparsed", choice=None, calls=1)
    assert answer_directly(asked, "fil") == Given(status="error", choice=None, calls=0)
    pivot = build_method("pivot:English", LANGUAGES, "m", DEFAULT)
    assert [pivot(asked, tag).choice for tag in LANGUAGES] == ["B"] * 7
    assert build_method("pivot:es", LANGUAGES, "m", DEFAULT)(asked, "en").choice == "A"


def test_the_vote_is_the_majority_and_its_ties_favour_no_letter() -> None:
    assert vote(case("ABBCB-A"), "en", LANGUAGES) == Given(status="ok", choice="B", calls=7)
    assert vote(case("AABBCC-"), "fr", LANGUAGES).choice == "A"  # a tie: English
    assert vote(case("CAABB--"), "es", LANGUAGES).choice == "A"  # English is not among the tied: the asker's own
    assert vote(case("CAABB--"), "zh-Hans", LANGUAGES).choice == "B"
    tied = {vote(case(f"-{x}{x}{y}{y}--"), "en", LANGUAGES).choice for x, y in (("A", "B"), ("B", "A"))}
    assert len(tied) == 1  # which language said it does not matter
    assert vote(case("-------"), "en", LANGUAGES) == Given(status="unparsed", choice=None, calls=7)
    assert vote(case("ABBCB A"), "en", LANGUAGES).status == "error"


def test_agreeing_drafts_end_it_and_differing_ones_call_two_more() -> None:
    agreed, differing = case("BBABBBA"), case("BBBAAAA")
    assert answer_reconciled(agreed, "en", "m", DEFAULT) == Given(status="ok", choice="B", calls=1)
    assert answer_reconciled(agreed, "es", "m", DEFAULT) == Given(status="ok", choice="B", calls=2)
    assert answer_reconciled(differing, "hi", "m", DEFAULT) == Given(status="ok", choice="B", calls=4)
    # A further language that is the asker's own is not asked twice.
    assert answer_reconciled(case("BA B   "), "es", "m", DEFAULT).calls == 3
    assert answer_reconciled(case("B BB   "), "es", "m", DEFAULT).status == "error"
    assert answer_reconciled(case(" BBB   "), "es", "m", DEFAULT).status == "error"


def test_one_models_drafts_outvote_its_english_draft_three_to_one_only() -> None:
    assert answer_reconciled(case("ABBBBBB"), "en", "m", DEFAULT).choice == "A"
    for tag in LANGUAGES[1:]:
        assert answer_reconciled(case("ABBBBBB"), tag, "m", DEFAULT).choice == "B"
        assert answer_reconciled(case("AABBBAB"), "hi", "m", DEFAULT).choice == "A"


def test_without_an_english_answer_the_others_decide() -> None:
    found = answer_reconciled(case("-BBAABA"), "pt", "m", DEFAULT)
    assert found == Given(status="ok", choice="B", calls=4)
    assert answer_reconciled(case("-BBBBBB"), "en", "m", DEFAULT) == Given(status="abstained", choice=None, calls=1)
    assert answer_reconciled(case("-------"), "es", "m", DEFAULT).status == "abstained"


def test_abstaining_is_the_reconcilers_own() -> None:
    unsure = Policy(settings=ReconcileSettings(abstain_below=0.9), further=DEFAULT.further)
    assert answer_reconciled(case("ABCD"), "es", "m", unsure) == Given(status="abstained", choice=None, calls=4)


def test_rules_open_the_way_out_of_the_english_draft() -> None:
    ready = ReconcileSettings(margin=0.1, prior_english=0.6, prior_other=0.5, abstain_below=0)
    policy = Policy(settings=ready, further=("fr", "fil", "es"), rules={"es": "open", "pt": "native", "en": "open"})
    assert answer_reconciled(case("AB B BB"), "es", "m", policy) == Given(status="ok", choice="B", calls=4)
    assert answer_reconciled(case("AB C BB"), "es", "m", policy).choice == "A"  # native and one more are too few
    assert answer_reconciled(case("AABBBBB"), "pt", "m", policy) == Given(status="ok", choice="B", calls=2)
    assert answer_reconciled(case("AA-BBBB"), "pt", "m", policy).choice == "A"  # no native draft: English
    assert answer_reconciled(case("ABBBBBB"), "en", "m", policy) == Given(status="ok", choice="A", calls=3)
    assert answer_reconciled(case("ABBBBBB"), "hi", "m", policy).calls == 4  # no rule for Hindi: open


def test_further_languages_are_the_preferred_ones_first() -> None:
    assert further_languages(LANGUAGES, ("en", "fr", "ko", "es")) == ("fr", "es", "pt", "fil", "zh-Hans", "hi")


def test_cases_hold_every_question_in_every_epoch_with_english_options() -> None:
    items = tuple(
        Item(
            id=name, language=tag, question="?", answer="B",
            options=tuple(Option(id=label, text=text) for label, text in zip("ABCD", TEXTS[tag][1], strict=True)),
        )
        for tag in ("hi", "en")
        for name in ("q", "r")
    )  # fmt: skip
    dataset = Dataset(name="d", items=items, source="s", licence="l")
    answers = [
        Recorded(id="q", language="en", choice="B", epoch=0), Recorded(id="q", language="hi", choice=None, epoch=2)
    ]  # fmt: skip
    cases = make_cases(dataset, answers)
    assert [(c.id, c.epoch, dict(c.choices)) for c in cases] == [
        ("q", 0, {"en": "B"}), ("q", 2, {"hi": None}), ("r", 0, {}), ("r", 2, {}),
    ]  # fmt: skip
    assert all(c.options == OPTIONS and c.answer == "B" for c in cases)


def test_a_method_that_there_is_not_is_named_with_those_that_there_are() -> None:
    with pytest.raises(ConfigError, match="no method 'majority'; there are: direct, pivot:LANG, vote, reconcile"):
        build_method("majority", LANGUAGES, "m", DEFAULT)
    with pytest.raises(ConfigError, match="pivot:sw: the record holds nothing in sw; it holds en, es"):
        build_method("pivot:sw", LANGUAGES, "m", DEFAULT)
    with pytest.raises(ConfigError, match="unknown language 'qqqq'"):
        build_method("pivot:qqqq", LANGUAGES, "m", DEFAULT)
