"""The reconciler: the formula by hand, and its properties."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clara.config import ReconcileSettings
from clara.stages.reconcile import evidence_support, reconcile
from clara.types import Citation, Draft, Option

SETTINGS = ReconcileSettings()
OPTIONS = tuple(
    Option(id=i, text=t) for i, t in zip("ABCD", ("cataract", "glaucoma", "uveitis", "dry eye"), strict=True)
)
QUOTE = Citation(id="p#1", title="t", language="en", quote="it is so", source="s", state="exact")


def draft(route: str, choice: str | None, **more: object) -> Draft:
    base: dict[str, object] = {
        "language": "hi" if route == "native" else "en",
        "group": "evidence" if route.startswith("evidence") else "model:m",
        "confidence": 0.8,
    }
    return Draft(route=route, choice=choice, **(base | more))  # type: ignore[arg-type]


def test_scores_are_the_formula_by_hand() -> None:
    decision = reconcile([draft("english", "B"), draft("native", "C")], OPTIONS, SETTINGS)
    english = math.log(3 * 0.62 / 0.38)
    native = 0.5 * math.log(3 * 0.52 / 0.48)
    assert decision.scores == pytest.approx({"B": english, "C": native}, abs=1e-4)
    total = math.exp(english) + math.exp(native) + 2
    assert decision.confidence == pytest.approx(math.exp(english) / total, abs=1e-4)


def test_agreeing_votes_of_one_model_are_discounted_for_correlation() -> None:
    decision = reconcile([draft("english", "B"), draft("native", "B")], OPTIONS, SETTINGS)
    english, native = math.log(3 * 0.62 / 0.38), 0.5 * math.log(3 * 0.52 / 0.48)
    assert decision.scores["B"] == pytest.approx(max(english, (english + native) / (1 + 0.5 * 0.7)), abs=1e-4)


def test_verified_evidence_adds_beta_and_can_turn_the_answer() -> None:
    drafts = [draft("english", "B"), draft("native", "C"), draft("evidence", "C", citations=(QUOTE,))]
    decision = reconcile(drafts, OPTIONS, SETTINGS)
    assert decision.choice == "C" and decision.switched and decision.evidence == {"C": 1}
    assert "given up for C" in decision.words


def test_a_same_model_native_vote_never_turns_the_english_anchor() -> None:
    decision = reconcile(
        [draft("english", "B", confidence=0.3), draft("native", "C", confidence=0.99)], OPTIONS, SETTINGS
    )
    assert decision.choice == "B" and not decision.switched
    assert "kept against native C" in decision.words


def test_a_local_question_is_anchored_in_the_native_draft() -> None:
    decision = reconcile([draft("english", "B"), draft("native", "C")], OPTIONS, SETTINGS, local=True)
    assert decision.anchor == "native" and decision.choice == "C"


def test_an_unverified_quote_is_no_evidence() -> None:
    unverified = Citation(id="p#1", title="t", language="en", quote="x", source="s", state="unverified")
    assert evidence_support([draft("evidence", "C", citations=(unverified,))]) == {}


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
        st.sampled_from(["english", "native", "evidence", "second"]),
        st.sampled_from("ABCD"),
        confidence=st.floats(0.05, 0.99),
        translation_validity=st.sampled_from([0.5, 1.0]),
        citations=st.sampled_from([(), (QUOTE,)]),
    ),
    min_size=1,
    max_size=5,
    unique_by=lambda d: d.route,
)


@given(drafts_strategy, st.permutations("ABCD"))
def test_renaming_and_reordering_options_renames_the_answer(drafts: list[Draft], names: list[str]) -> None:
    import dataclasses

    mapping = dict(zip("ABCD", names, strict=True))
    renamed = [dataclasses.replace(d, choice=mapping[str(d.choice)]) for d in drafts]
    options = sorted((Option(id=mapping[o.id], text=o.text) for o in OPTIONS), key=lambda o: o.id)
    before, after = reconcile(drafts, OPTIONS, SETTINGS), reconcile(renamed, options, SETTINGS)
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
