"""The embedded default: the same facts in every language, verbatim, and silence where it knows nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from clara import Clara
from clara.knowledge import KnowledgeBase

ACUTE = {
    "en": "What are the symptoms of an acute attack of angle-closure glaucoma?",
    "es": "¿Qué síntomas tiene un ataque agudo de glaucoma de ángulo cerrado?",
    "pt": "Quais são os sintomas de uma crise aguda de glaucoma de ângulo fechado?",
    "fr": "Quels sont les symptômes d'une crise aiguë de glaucome par fermeture de l'angle ?",
    "zh-Hans": "急性闭角型青光眼发作有哪些症状？",
    "hi": "एंगल-क्लोज़र ग्लूकोमा के तीव्र दौरे के क्या लक्षण हैं?",
    "fil": "Ano ang mga sintomas ng acute attack ng angle-closure glaucoma?",
}
CATARACT = {
    "en": "How is a cataract treated?",
    "es": "¿Cómo se tratan las cataratas?",
    "pt": "Como é o tratamento da catarata?",
    "fr": "Quel est le traitement de la cataracte ?",
    "zh-Hans": "白内障怎么治疗？",
    "hi": "मोतियाबिंद का इलाज क्या है?",
    "fil": "Ano ang paggamot sa katarata?",
}


@pytest.fixture(scope="module")
def clara(shipped_home: Path, shipped_kb: KnowledgeBase) -> Iterator[Clara]:
    with Clara(home=shipped_home, knowledge=shipped_kb) as made:
        yield made


@pytest.mark.parametrize("language", ACUTE)
def test_the_same_fact_is_quoted_in_every_language(clara: Clara, shipped_kb: KnowledgeBase, language: str) -> None:
    for questions, group in ((ACUTE, "angle-closure-glaucoma#1.0"), (CATARACT, "cataract#5.0")):
        answer = clara.ask(questions[language])
        assert answer.language == language and not answer.abstained
        assert len(answer.citations) >= 2 and {c.state for c in answer.citations} == {"exact"}
        assert {c.language for c in answer.citations} == {language}
        quoted = shipped_kb.store.passages([c.id for c in answer.citations])
        assert group in {p.group for p in quoted.values()}
        assert all(c.quote in answer.answer for c in answer.citations)


def test_romanised_hindi_is_answered_from_the_hindi_evidence(clara: Clara) -> None:
    answer = clara.ask("motiyabind ka ilaaj kya hai")
    assert answer.citations[0].id.startswith("ophthalmology/cataract/hi#5")
    assert any(w.startswith("Uddharan doosri bhasha ya lipi mein hain") for w in answer.warnings)


def test_a_mixed_question_is_understood(clara: Clara) -> None:
    answer = clara.ask("Doc, ano ang treatment sa dry eyes?")
    assert answer.language == "fil" and answer.citations[0].id.startswith("ophthalmology/dry-eye/fil")


def test_a_language_without_evidence_is_answered_in_english_and_said_so(clara: Clara) -> None:
    answer = clara.ask("Dalili za glaucoma ni nini?")
    assert answer.language == "en" and any("another language or script" in w for w in answer.warnings)


@pytest.mark.parametrize(
    ("question", "message"),
    [
        ("What is the capital of France?", "I cannot answer this reliably"),
        ("¿Cómo se cocina una paella valenciana?", "No puedo responder"),
        ("ما هي أعراض الجلوكوما؟", "لا أستطيع"),
        ("किडनी की पथरी का ऑपरेशन कैसे होता है?", "भरोसेमंद"),
        ("阑尾炎手术后能吃什么？", "无法可靠地回答"),
    ],
)
def test_it_abstains_in_the_asker_s_language_where_it_knows_nothing(clara: Clara, question: str, message: str) -> None:
    answer = clara.ask(question)
    assert answer.abstained and message in answer.answer and not answer.citations


def test_an_unidentified_language_is_searched_everywhere(clara: Clara) -> None:
    answer = clara.ask("glaucoma")
    assert not answer.abstained and answer.citations
    evidence = next(e for e in answer.trace if e.kind == "evidence")
    assert len(evidence.data["languages"]) == 7


def test_the_asker_s_word_on_the_language_wins(clara: Clara) -> None:
    assert clara.ask("glaucoma", language="hi").language == "hi"
    assert clara.ask("glaucoma", language="tl").language == "fil"


def test_many_questions_share_one_engine(clara: Clara) -> None:
    async def all_at_once() -> list[str]:
        answers = await asyncio.gather(*(clara.aask(q) for q in list(ACUTE.values()) * 3))
        return [a.language for a in answers]

    assert asyncio.run(all_at_once()) == list(ACUTE) * 3


async def test_ask_works_inside_a_running_loop(clara: Clara) -> None:
    assert clara.ask(CATARACT["en"]).language == "en"


def test_observers_see_what_the_trace_holds(clara: Clara) -> None:
    seen: list[str] = []
    answer = clara.ask(CATARACT["en"], observers=[lambda event: seen.append(event.kind)])
    assert [kind for kind in seen if kind != "sentence"] == [e.kind for e in answer.trace]
    assert seen[0] == "started" and "sentence" in seen and seen[-1] == "finished"


def test_no_text_of_the_question_stands_in_the_trace(clara: Clara) -> None:
    answer = clara.ask("Can cataract zzyzx be treated without surgery?")
    assert "zzyzx" not in repr(answer.trace)
