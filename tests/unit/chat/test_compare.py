"""What code finds to differ between answers in several languages."""

from __future__ import annotations

from typing import Any

import pytest

from clara.chat.compare import Difference, differences
from clara.chat.sessions import Column
from clara.types import Answer, Citation, Claim, Draft, Verdict

GROUPS = {"rinse/en": "rinse", "rinse/es": "rinse"}


def column(language: str, text: str, claims: tuple[Claim, ...] = (), **fields: Any) -> Column:
    given: dict[str, Any] = {
        "choice": None, "confidence": 0.8, "abstained": False, "method": "clara",
        "drafts": (Draft(route="english", language="en", group="g", claims=claims),) if claims else (),
        "verdicts": tuple(Verdict(claim=c.text, against="evidence", state="supported") for c in claims),
    } | fields  # fmt: skip
    return Column(language=language, question="q", answer=Answer(answer=text, language=language, **given))


def kinds(*columns: Column) -> dict[str, tuple[tuple[str, str], ...]]:
    return {found.kind: found.said for found in differences(columns, GROUPS)}


def test_answers_that_say_the_same_differ_in_nothing() -> None:
    rinse = "Rinse the eye with clean water for 15 minutes."
    es = column("es", "Lave el ojo con agua limpia durante 15 minutos. [2]", (Claim(text=rinse, wording="Lave"),))
    zh = column("zh-Hans", "1. 用清水冲洗眼睛十五分钟。", (Claim(text=rinse, wording="冲洗"),))
    assert differences([es, zh], {}) == []


def test_numbers_that_only_one_has_are_named() -> None:
    en, hi = column("en", "Take 250 mg for 5 days. [1]"), column("hi", "५०० मि.ग्रा. 5 दिन तक लें।")
    assert kinds(en, hi) == {"numbers": (("en", "250"), ("hi", "500"))}
    assert kinds(column("en", "Wait five minutes."), column("es", "Espere 5 minutos.")) == {}
    assert kinds(column("en", "1.50 ml"), column("fr", "1,5 ml")) == {}


def test_choices_and_missing_answers_are_named() -> None:
    a, b = column("en", "A) x", choice="A"), column("hi", "B) y", choice="B")
    silent = Column(language="fr", question="q", note="the model could not be reached")
    unsure = column("zh-Hans", "?", abstained=True)
    assert kinds(a, b)["choice"] == (("en", "A"), ("hi", "B"))
    assert kinds(a, silent, unsure)["answered"] == (("fr", "the model could not be reached"), ("zh-Hans", ""))
    assert differences([silent], {}) == []


def test_statements_are_the_same_by_words_or_by_the_passage_they_rest_on() -> None:
    def cited(name: str) -> Citation:
        return Citation(id=name, title="t", language="en", quote="q", source="s", state="exact")

    one = Claim(text="Wash it under the tap at once.", citation=cited("rinse/en"))
    other = Claim(text="Flush with plenty of water.", wording="Lave con agua.", citation=cited("rinse/es"))
    alone = Claim(text="Contact lenses must come out.", wording="Quítese los lentes.", citation=cited("lenses/es"))
    third = column("fr", "c", (other,))
    assert kinds(column("en", "a", (one, alone)), column("es", "b", (other, alone)), third)["claims"] == (
        ("en, es", "Quítese los lentes."),
    )
    unquoted = Claim(text="Keep both eyes open.", wording="Abra los ojos.")
    assert kinds(column("en", "a", (one,)), column("es", "b", (other, alone, unquoted))) == {
        "claims": (("es", "Quítese los lentes."),)
    }
    assert kinds(column("en", "a", (one,)), column("es", "b", (unquoted,)))["claims"] == (
        ("en", "Wash it under the tap at once."), ("es", "Abra los ojos."),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("said", "against"),
    [
        ("Take acetazolamide 250 mg four times a day.", "Take acetazolamide 500 mg four times a day."),
        ("Contact lenses must be worn during an eye infection.",
         "Contact lenses must not be worn during an eye infection."),
    ],
)  # fmt: skip
def test_statements_that_contradict_each_other_are_named(said: str, against: str) -> None:
    found = differences([column("en", "a", (Claim(text=said),)), column("es", "b", (Claim(text=against),))], {})
    assert Difference(kind="conflict", said=(("en", said), ("es", against))) in found


def test_a_refuted_claim_is_no_statement_of_the_answer() -> None:
    bad = Claim(text="Steroid drops cure every red eye.")
    refuted = (Verdict(claim=bad.text, against="evidence", state="refuted"),)
    assert kinds(column("en", "a", (bad,), verdicts=refuted), column("es", "b")) == {}


def test_quotes_stand_for_statements_where_no_claims_were_made() -> None:
    quote = Citation(id="x", title="t", language="hi", quote="आँख धोएँ।", source="s", state="exact")
    assert kinds(column("hi", "a", citations=(quote,)), column("en", "b")) == {"claims": (("hi", "आँख धोएँ।"),)}
