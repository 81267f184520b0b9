"""Stages by themselves: what code checks in a translation, a reply and a written answer."""

from __future__ import annotations

import pytest
from pydantic import BaseModel

from clara.errors import ModelBadOutput
from clara.knowledge import cite
from clara.stages.claims import enough_sources
from clara.stages.evidence import is_odd_one_out
from clara.stages.fidelity import check
from clara.stages.replies import read_reply
from clara.types import Claim, Evidence, Option, Passage, Question


def asked(text: str, *options: str, language: str = "hi") -> Question:
    return Question(
        text=text, language=language, options=tuple(Option(id=str(i), text=o) for i, o in enumerate(options))
    )


@pytest.mark.parametrize(
    ("question", "translated", "problems"),
    [
        (asked("दबाव ४५ mmHg है"), "The pressure is 45 mmHg", []),
        (asked("दबाव 45 mmHg है"), "The pressure is 54 mmHg", ["numbers"]),
        (asked("दबाव 45 mmHg है"), "The pressure is high", ["numbers"]),
        (asked("Tome 0,5 ml", language="es"), "Take 0.5 ml", []),
        (asked("Prendre 1 000 mg", language="fr"), "Take 1,000 mg", []),
        (asked("1,00,000 IU दें"), "Give 100,000 IU", []),
        (asked("10万单位", language="zh-Hans"), "100,000 units", []),
        (asked("Dos veces al día", language="es"), "2 times a day", ["small numbers"]),
        (asked("Tome 5 mg", language="es"), "Take 6 mg", ["numbers"]),
        (asked("鉴别诊断与性别", language="zh-Hans"), "Differential diagnosis and sex", []),
        (asked("Nicht reiben", language="de"), "Rub", []),
        (asked("बूँद न डालें"), "Do not put drops in", []),
        (asked("बूँद न डालें"), "Put drops in", ["negation"]),
        (asked("不良反应有哪些？", language="zh-Hans"), "What are the adverse reactions?", []),
        (asked("Qual NÃO é sintoma?", language="pt"), "Which of these is a symptom?", ["negation"]),
        (asked("Tous SAUF un", language="fr"), "All except one", []),
        (asked("बिना दर्द नज़र जाना"), "painless loss of sight", []),
        (asked("आँख में दर्द"), "आँख में दर्द", ["script"]),
        (asked("आँख में दर्द"), " ", ["empty"]),
    ],
)
def test_a_translation_is_checked_in_code(question: Question, translated: str, problems: list[str]) -> None:
    assert check(question, translated, [], "en") == problems


def test_options_of_a_translation_are_counted_and_compared_one_by_one() -> None:
    question = asked("कौन सा?", "5 मिनट", "20 मिनट")
    assert check(question, "Which?", ["5 minutes", "20 minutes"], "en") == []
    assert check(question, "Which?", ["20 minutes", "5 minutes"], "en") == ["numbers"]
    assert check(question, "Which?", ["5 minutes"], "en") == ["options"]


class Form(BaseModel):
    choice: str
    confidence: float = 1


@pytest.mark.parametrize(
    "text",
    [
        '{"choice": "B"}',
        'Sure!\n```json\n{"choice": "B", "confidence": 3}\n```\nAnything else?',
        'I think {"choice": "B"}',
        '{"choice": "B", "other": [1, 2]}',
        '<think>perhaps {"choice": "A"}</think>{"choice": "B"}',
    ],
)
def test_json_is_read_out_of_what_models_put_around_it(text: str) -> None:
    assert read_reply(Form, text).choice == "B"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("B", "no JSON"),
        ('{"confidence": 1}', "choice"),
        ('{"choice": ["B"]}', "choice"),
        ("{}", "choice"),
        ('{"choice": "B", "why": "cut o', "no JSON"),
    ],
)
def test_a_reply_in_another_form_says_what_is_wrong(text: str, said: str) -> None:
    with pytest.raises(ModelBadOutput, match=said):
        read_reply(Form, text)


@pytest.mark.parametrize(
    ("stem", "odd"),
    [
        ("Which of these is NOT a symptom of cataract?", True),
        ("Todos son síntomas, excepto:", True),
        ("Tous sont des symptômes, sauf :", True),
        ("以下哪项不是症状？", True),
        ("इनमें से कौन सा लक्षण नहीं है?", True),
        ("Alin ang hindi sintomas?", True),
        ("What is a symptom of cataract?", False),
        ("For at least how long should the eye be rinsed?", False),
        ("Which finding points to orbital, not just preseptal, cellulitis?", False),
        ("Why do doctors not take a biopsy?", False),
        ("Si la vista no está en peligro, ¿qué se da?", False),
        ("眼睛不痛时应检查什么？", False),
        ("मोतियाबिंद का लक्षण क्या है?", False),
    ],
)
def test_questions_for_the_odd_one_out_are_recognised(stem: str, odd: bool) -> None:
    assert is_odd_one_out(stem) is odd


def _evidence(language: str, text: str, *, trust: str, source: str, document: str) -> Evidence:
    passage = Passage(
        id=f"{document}#0", text=text, language=language, title="-", source=source, document=document, trust=trust
    )
    return Evidence(passage=passage, score=1.0, rank=1)


@pytest.mark.parametrize(
    ("language", "quote"),
    [
        ("en", "Give 500 mg of acetazolamide once."),
        ("es", "Administre 500 mg de acetazolamida una vez."),
        ("pt", "Administre 500 mg de acetazolamida uma vez."),
        ("fr", "Donnez 500 mg d'acétazolamide une fois."),
        ("zh-Hans", "给予乙酰唑胺 500 毫克一次。"),
        ("hi", "एसीटाज़ोलामाइड ५०० मि.ग्रा. एक बार दें।"),
        ("fil", "Magbigay ng 500 mg na acetazolamide nang isang beses."),
        ("ar", "أعط 500 mg من أسيتازولاميد مرة واحدة."),
    ],
)
def test_a_dose_needs_two_independent_sources(language: str, quote: str) -> None:
    claim = Claim(text=quote)
    own = _evidence(language, quote, trust="user", source="ward.pdf, added by you; which names: WHO", document="ward")
    citation = cite(own.passage, quote)
    assert citation.state == "exact"
    assert not enough_sources(claim, citation, [own])
    other_dose = quote.replace("500", "250").replace("५००", "२५०")
    contrary = _evidence(language, other_dose, trust="user", source="b.pdf, added by you", document="b")
    assert not enough_sources(claim, citation, [own, contrary])
    second = _evidence(language, f"- {quote}", trust="live", source="PubMed", document="pubmed:1")
    assert enough_sources(claim, citation, [own, second])
    shipped = _evidence(language, quote, trust="curated", source="NICE; WHO", document="s")
    assert enough_sources(claim, cite(shipped.passage, quote), [shipped])


def test_a_claim_without_a_dose_needs_one_source() -> None:
    text = "Acute glaucoma hurts, and about 5 % of patients lose sight in 2 weeks."
    own = _evidence("en", text, trust="user", source="a.md, added by you", document="a")
    assert enough_sources(Claim(text=text), cite(own.passage, text), [own])
