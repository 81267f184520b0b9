"""The reconciler: the formula by hand, and its properties."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clara.config import ReconcileSettings
from clara.languages import SUPPORTED
from clara.messages import Messages
from clara.resources import data_folder
from clara.stages.reconcile import evidence_support, reconcile
from clara.types import Citation, Draft

SETTINGS = ReconcileSettings()
OPTIONS = 4
QUOTE = Citation(id="p#1", title="t", language="en", quote="it is so", source="s", state="exact")
ENGLISH, OTHER = math.log(3 * 0.62 / 0.38), math.log(3 * 0.52 / 0.48)
EVIDENCE = math.log(3 * 0.80 / 0.20)


def draft(route: str, choice: str | None, **more: object) -> Draft:
    base: dict[str, object] = {
        "language": {"native": "hi", "native_closed": "hi", "reading": "hi"}.get(route, "en"),
        "group": "evidence" if route in ("evidence", "reading") else "model:m",
        "model": "m",
        "confidence": 0.8,
    }
    return Draft(route=route, choice=choice, **(base | more))  # type: ignore[arg-type]


def test_scores_are_the_formula_by_hand() -> None:
    decision = reconcile([draft("english", "B"), draft("native", "C")], OPTIONS, SETTINGS)
    native = 0.5 * OTHER
    assert decision.scores == pytest.approx({"B": ENGLISH, "C": native}, abs=1e-4)
    total = math.exp(ENGLISH) + math.exp(native) + 2
    assert decision.confidence == pytest.approx(math.exp(ENGLISH) / total, abs=1e-4)


def test_agreeing_votes_of_one_model_in_one_language_are_discounted_for_correlation() -> None:
    decision = reconcile([draft("english", "B"), draft("second", "B")], OPTIONS, SETTINGS)
    assert decision.scores["B"] == pytest.approx(2 * ENGLISH / 1.7, abs=1e-4)
    other_language = reconcile([draft("english", "B"), draft("native", "B")], OPTIONS, SETTINGS)
    assert other_language.scores["B"] == pytest.approx(ENGLISH + 0.5 * OTHER, abs=1e-4)


def test_another_model_votes_with_its_whole_weight() -> None:
    drafts = [draft("english", "B"), draft("second", "C", group="model:n", model="n", language="hi")]
    assert reconcile(drafts, OPTIONS, SETTINGS).scores["C"] == pytest.approx(OTHER, abs=1e-4)


def test_verified_evidence_can_turn_the_answer_and_two_readings_count_twice_one() -> None:
    drafts = [draft("english", "B"), draft("native", "C"), draft("evidence", "C")]
    decision = reconcile(drafts, OPTIONS, SETTINGS)
    assert decision.choice == "C" and decision.switched and decision.evidence == {"C": 0.5}
    assert decision.scores["C"] == pytest.approx(0.5 * OTHER + 0.5 * EVIDENCE, abs=1e-4)
    assert "given up for C" in decision.words
    both = reconcile([draft("english", "B"), draft("reading", "C"), draft("evidence", "C")], OPTIONS, SETTINGS)
    assert both.scores["C"] == pytest.approx(EVIDENCE, abs=1e-4) and both.choice == "C"


def test_readings_that_differ_settle_nothing() -> None:
    drafts = [draft("english", "B"), draft("reading", "C"), draft("evidence", "D")]
    decision = reconcile(drafts, OPTIONS, SETTINGS)
    assert decision.evidence == {"C": 0.0, "D": 0.0} and decision.choice == "B"


def test_one_same_model_native_vote_never_turns_the_english_anchor() -> None:
    decision = reconcile(
        [draft("english", "B", confidence=0.7), draft("native", "C", confidence=0.99)], OPTIONS, SETTINGS
    )
    assert decision.choice == "B" and not decision.switched
    assert "kept against native C" in decision.words
    hesitant = reconcile(
        [draft("english", "B", confidence=0.1), draft("native", "C", confidence=0.99)], OPTIONS, SETTINGS
    )
    assert hesitant.choice == "B" and "one correlated vote" in hesitant.words


def test_three_languages_together_turn_it() -> None:
    drafts = [draft("english", "B"), draft("native", "C"), draft("es", "C", language="es")]
    assert reconcile(drafts, OPTIONS, SETTINGS).choice == "B"
    assert reconcile([*drafts, draft("zh-Hans", "C", language="zh-Hans")], OPTIONS, SETTINGS).choice == "C"


def test_what_is_equal_in_everything_leaves_the_anchor() -> None:
    settings = ReconcileSettings(same_model_weight=1.0)
    drafts = [draft("english", "B", translation_validity=0.5)]
    drafts += [draft(tag, choice, language=tag) for tag, choice in zip(("hi", "es", "fr", "pt"), "CCDD", strict=True)]
    decision = reconcile(drafts, OPTIONS, settings)
    assert decision.scores["C"] == decision.scores["D"] > decision.scores["B"] and decision.choice == "B"


def test_a_local_question_is_anchored_in_the_native_draft() -> None:
    decision = reconcile([draft("english", "B"), draft("native", "C")], OPTIONS, SETTINGS, local=True)
    assert decision.anchor == "native" and decision.choice == "C"


def test_a_draft_that_went_by_the_original_is_no_english_anchor() -> None:
    drafts = [draft("english", "B", language="hi"), draft("native", "C")]
    assert reconcile(drafts, OPTIONS, SETTINGS).anchor == "native"


def test_an_insufficient_reading_is_no_evidence() -> None:
    assert evidence_support([draft("evidence", "C", citations=(QUOTE,), sufficient=False)]) == {}


def test_evidence_against_the_only_answer_abstains() -> None:
    drafts = [draft("english", "B"), draft("native", "B"), draft("evidence", "D", sufficient=False, refuted=("B",))]
    decision = reconcile(drafts, OPTIONS, SETTINGS)
    assert decision.abstain == "abstain_contradicted"


def test_no_usable_draft_abstains() -> None:
    drafts = [draft("english", None, error="timeout"), draft("native", "C", translation_validity=0.0)]
    decision = reconcile(drafts, OPTIONS, SETTINGS)
    assert decision.choice is None and decision.abstain == "abstain_routes"


def test_low_confidence_abstains() -> None:
    settings = ReconcileSettings(abstain_below=0.9)
    assert reconcile([draft("english", "B"), draft("native", "C")], OPTIONS, settings).abstain == "abstain_unsure"


drafts_strategy = st.lists(
    st.builds(
        draft,
        st.sampled_from(["english", "native", "evidence", "reading", "second", "es"]),
        st.sampled_from("ABCD"),
        confidence=st.floats(0.05, 0.99),
        translation_validity=st.sampled_from([0.5, 1.0]),
        citations=st.sampled_from([(), (QUOTE,)]),
    ),
    min_size=1,
    max_size=6,
    unique_by=lambda d: d.route,
)


@given(drafts_strategy, st.permutations("ABCD"))
def test_renaming_and_reordering_options_renames_the_answer(drafts: list[Draft], names: list[str]) -> None:
    mapping = dict(zip("ABCD", names, strict=True))
    renamed = [replace(d, choice=mapping[str(d.choice)]) for d in drafts]
    before, after = reconcile(drafts, OPTIONS, SETTINGS), reconcile(renamed, OPTIONS, SETTINGS)
    assert mapping[str(before.choice)] == after.choice
    assert before.confidence == pytest.approx(after.confidence)


@given(drafts_strategy, st.randoms())
def test_the_order_of_drafts_does_not_matter(drafts: list[Draft], random: object) -> None:
    shuffled = list(drafts)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert reconcile(drafts, OPTIONS, SETTINGS).choice == reconcile(shuffled, OPTIONS, SETTINGS).choice


@given(drafts_strategy, st.sampled_from("ABCD"))
def test_an_invalid_draft_changes_nothing(drafts: list[Draft], choice: str) -> None:
    invalid = draft("third", choice, translation_validity=0.0, confidence=0.99)
    before, after = reconcile(drafts, OPTIONS, SETTINGS), reconcile([*drafts, invalid], OPTIONS, SETTINGS)
    assert (before.choice, before.confidence) == (after.choice, after.confidence)


@given(drafts_strategy)
def test_confidence_rises_with_agreement(drafts: list[Draft]) -> None:
    before = reconcile(drafts, OPTIONS, SETTINGS)
    mean = sum(d.confidence for d in drafts) / len(drafts)
    more = draft("another", before.choice, group="model:other", language="en", confidence=mean)
    assert reconcile([*drafts, more], OPTIONS, SETTINGS).confidence >= before.confidence


@pytest.mark.parametrize("language", [*SUPPORTED, "hi-Latn", "zh-Hant", "ar"])
@pytest.mark.parametrize(
    ("drafts", "settings", "keys"),
    [
        ([], SETTINGS, ["abstain_routes"]),
        ([draft("native", "C")], SETTINGS, ["decided_alone"]),
        ([draft("english", "B"), draft("native", "B")], SETTINGS, ["decided_agree"]),
        ([draft("english", "B"), draft("native", "C")], SETTINGS, ["decided_kept", "reason_weight", "reason_open"]),
        (
            [draft("english", "B"), draft("native", "C"), draft("evidence", "C")],
            SETTINGS,
            ["decided_changed", "reason_evidence"],
        ),
        (
            [draft("english", "B"), draft("native", "C"), draft("evidence", "C")],
            SETTINGS.model_copy(update={"margin": 9.0}),
            ["decided_kept", "reason_margin"],
        ),
    ],
)
def test_the_asker_is_told_what_was_decided_and_why(
    language: str, drafts: list[Draft], settings: ReconcileSettings, keys: list[str]
) -> None:
    reasons = reconcile(drafts, OPTIONS, settings).reasons
    assert [key for key, _ in reasons] == keys
    for key, values in reasons:
        said = Messages(data_folder("prompts")).say(key, language, **values)
        assert all(str(value) in said for value in values.values()) and "{" not in said
