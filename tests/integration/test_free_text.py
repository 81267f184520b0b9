"""Free answers from question to sentences: what is shown when, what is mended or removed, and what is said about it."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from clara import Answer, Clara
from clara.errors import KnowledgeError
from clara.knowledge import KnowledgeBase
from clara.languages import is_written_in
from clara.methods import METHODS
from clara.models import ScriptedModel
from tests.fake_openai import FakeOpenAI, Reply
from tests.writer import NAMES, QUESTIONS, SPOKEN, SideBySide, Watcher, Writer
from tests.written import CLAIMS, WRITTEN

Ask = Callable[..., tuple[Answer, Watcher]]


@pytest.fixture
def ask(shipped_kb: KnowledgeBase) -> Ask:
    def run(writer: Writer, question: str = "", *, slowly: bool = False, **settings: Any) -> tuple[Answer, Watcher]:
        watcher = Watcher()
        with Clara(SideBySide(writer) if slowly else writer.model(), knowledge=shipped_kb, **settings) as clara:
            answer = clara.ask(question or QUESTIONS[writer.language], language=writer.language, observers=[watcher])
        assert "".join(watcher.texts) == answer.answer  # whatever happened, the observers have seen the answer
        assert answer.usage.calls <= 6 and answer.usage.rounds <= 4
        return answer, watcher

    return run


@pytest.mark.parametrize("language", SPOKEN)
def test_a_good_answer_is_shown_sentence_by_sentence_in_every_language(language: str, ask: Ask) -> None:
    writer = Writer(language, quotes=True)
    answer, watcher = ask(writer)
    marked = [re.sub(r" \[\d\]$", " [1]", sentence) for sentence in writer.sentences]  # one passage backs all three
    assert watcher.texts == [marked[0], *(f" {sentence}" for sentence in marked[1:])]
    assert answer.language == language and not answer.abstained and len(answer.citations) == 1
    shown = [e.data["citations"] for e in watcher.events if e.kind == "sentence"]
    assert shown == [{1: answer.citations[0]}] * 3
    assert "mend" not in [name for name, _, _ in writer.asked]


@pytest.mark.parametrize("language", [tag for tag in SPOKEN if tag != "en"])
def test_without_a_round_left_a_failing_sentence_is_removed_and_that_is_said(language: str, ask: Ask) -> None:
    good = Writer(language).sentences
    bad = good[2].replace("15", "99")
    if language == "fr":
        bad = good[2].replace("un quart d'heure", "99 minutes")
    writer = Writer(language, written=f"{good[0]} {bad} {good[1]}")
    answer, watcher = ask(writer)
    removed = watcher.texts[-1].strip()
    assert "99" not in answer.answer and removed in answer.warnings
    assert all(is_written_in(warning, language) for warning in answer.warnings)
    assert [text.strip() for text in watcher.texts[:2]] == [WRITTEN[language][name] for name in NAMES[:2]]
    assert [e.data["problems"] for e in answer.trace if e.kind == "removed"] == [{"number": 1}]


def test_with_a_round_left_a_failing_sentence_is_mended_in_its_place(ask: Ask) -> None:
    good = Writer("en").sentences
    writer = Writer("en", written=f"{good[0]} Wash for 99 minutes. [3] {good[1]}", mended=[good[2]])
    answer, watcher = ask(writer, slowly=True)
    assert answer.answer == " ".join(WRITTEN["en"][name] for name in ("lenses", "rinse", "steroids"))
    mend = next(user for name, _, user in writer.asked if name == "mend")
    assert "Wash for 99 minutes. [3]" in mend and "has a number that its claims do not have" in mend
    assert (answer.usage.calls, answer.usage.rounds) == (5, 4) and len(watcher.texts) == 3
    assert not any(e.kind == "removed" for e in answer.trace)


def test_nothing_is_shown_after_a_failing_sentence_before_it_is_mended(ask: Ask) -> None:
    good = Writer("en").sentences
    writer = Writer("en", written=f"{good[0]} Take fantasolol. [2] {good[1]}", mended=[""])
    _, watcher = ask(writer, slowly=True)
    order = [e.stage if e.kind == "call" else e.kind for e in watcher.events if e.kind in ("call", "sentence")]
    assert order[-5:] == ["sentence", "write/answer", "write/repair", "sentence", "sentence"]
    assert watcher.texts[1].strip() == WRITTEN["en"]["steroids"]  # and the last is the notice


@pytest.mark.parametrize("mended", [["Wash for 88 minutes. [3]"], ["Lave el ojo con agua limpia. [3]"], [], [""]])
def test_what_fails_again_is_removed(mended: list[str], ask: Ask) -> None:
    good = Writer("en").sentences
    writer = Writer("en", written=f"{good[0]} Wash for 99 minutes. [3] {good[1]}", mended=mended)
    answer, _ = ask(writer, slowly=True)
    kept = " ".join(WRITTEN["en"][name] for name in ("lenses", "steroids"))
    assert answer.answer.startswith(f"{kept}\n\nSentences that could not be checked")
    assert [name for name, _, _ in writer.asked].count("mend") == 1


def test_a_mending_reply_that_cannot_be_read_removes_the_sentence(ask: Ask) -> None:
    good = Writer("en").sentences
    writer = Writer("en", written=f"{good[0]} Wash for 99 minutes. [3]", overrides={"mend": "I would rather not."})
    answer, _ = ask(writer, slowly=True)
    assert answer.answer.startswith(WRITTEN["en"]["lenses"]) and "99" not in answer.answer


def test_a_sentence_that_states_no_claim_is_removed(ask: Ask) -> None:
    good = Writer("es").sentences
    closing = "Recuerde que la salud es lo primero y confíe siempre en nosotros."
    answer, _ = ask(Writer("es", written=f"{good[0]} {closing}"))
    assert closing not in answer.answer and WRITTEN["es"]["lenses"] in answer.answer
    # One that says what a draft says in this language needs no mark.
    answer, _ = ask(Writer("es", written=f"{good[0]} {WRITTEN['es']['rinse']}"))
    assert answer.answer == f"{WRITTEN['es']['lenses']} {WRITTEN['es']['rinse']}"


def test_lists_keep_their_form_where_an_item_goes(ask: Ask) -> None:
    good = Writer("es").sentences
    answer, _ = ask(Writer("es", written=f"- {good[0]}\n- Tome 99 gotas. [2]\n- {good[2]}"))
    first, second, _, notice = answer.answer.split("\n")
    one_line, _ = ask(Writer("es", written=f"- {good[0]}\n- Tome 99 gotas. [2] {good[2]}"))
    assert one_line.answer == answer.answer
    assert (first, second) == (f"- {WRITTEN['es']['lenses']}", f"- {WRITTEN['es']['rinse']}") and notice


@pytest.mark.parametrize(
    ("language", "written"),
    [("es", "en"), ("en", "es"), ("hi", "hi-Latn"), ("hi-Latn", "hi"), ("hi-Latn", "en"), ("zh-Hans", "en")],
)
def test_an_answer_in_the_wrong_language_gives_way_to_the_drafts_own_words(
    language: str, written: str, ask: Ask
) -> None:
    text = " ".join(Writer(written).sentences)
    answer, _ = ask(Writer(language, written=text, overrides={"mend": "{}"}))
    own = CLAIMS if language == "en" else WRITTEN[language]
    assert answer.answer == "\n".join(f"- {own[name]}" for name in NAMES)


def test_a_draft_s_own_wording_is_checked_before_it_is_shown_and_allows_nothing(ask: Ask) -> None:
    slip = WRITTEN["es"]["rinse"].replace("15", "5")
    by_native = [
        {"claim": WRITTEN["es"]["lenses"], "english": CLAIMS["lenses"]},
        {"claim": slip, "english": CLAIMS["rinse"]},
    ]
    free = json.dumps({"claims": by_native})
    english = " ".join(Writer("en").sentences)
    answer, _ = ask(Writer("es", names=("lenses", "rinse"), written=english, overrides={"free": free}))
    assert answer.answer == f"- {WRITTEN['es']['lenses']}"
    answer, _ = ask(Writer("es", names=("lenses", "rinse"), written=f"{slip} [2]", overrides={"free": free}))
    assert "5 minutos" not in answer.answer


def test_romanised_hindi_is_asked_for_and_answered_in_latin_letters(ask: Ask) -> None:
    writer = Writer("hi-Latn")
    answer, _ = ask(writer)
    system = next(system for name, system, _ in writer.asked if name == "write")
    assert "in Hindi written in Latin letters, in Latin script" in system
    assert not re.search("[\u0900-\u097f]", answer.answer)


def test_a_question_in_hinglish_is_answered_in_romanised_hindi(ask: Ask, shipped_kb: KnowledgeBase) -> None:
    writer = Writer("hi-Latn")
    asked = "Mujhe contact lens pehenne ke baad eye mein irritation ho rahi hai, kya karun?"
    with Clara(writer.model(), knowledge=shipped_kb) as clara:
        assert clara.ask(asked).language == "hi-Latn"


def test_an_arabic_answer_is_written_and_checked(ask: Ask) -> None:
    arabic = {"lenses": "لا ترتدِ العدسات اللاصقة عند وجود التهاب في العين.", "rinse": "اغسل العين 15 دقيقة على الأقل."}
    writer = Writer("ar", names=("lenses", "rinse"), overrides={"free": json.dumps({"claims": [
        {"claim": arabic[name], "english": CLAIMS[name]} for name in ("lenses", "rinse")]})},
        written=f"{arabic['lenses']} [1] اغسل العين ٩٩ دقيقة. [2]")  # fmt: skip
    answer, watcher = ask(writer)
    assert watcher.texts[0] == arabic["lenses"] and "٩٩" not in answer.answer and "حُذفت" in answer.answer


def test_opposite_claims_that_the_checker_calls_the_same_are_a_conflict(ask: Ask) -> None:
    wear = "Contact lenses must be worn during an eye infection."
    writer = Writer("es", names=("lenses",), stated={"lenses": {"claim": wear, "polarity": "affirmed"}})
    answer, _ = ask(writer)
    assert answer.abstained and "los borradores se contradicen" in answer.answer
    words = [e.data["words"] for e in answer.trace if e.kind == "decision" and e.stage == "match"]
    assert words == ["claims 1 and 2 differ in polarity or dose: a conflict, whatever else agrees"]


def test_another_dose_is_a_conflict_and_a_dose_that_one_draft_lacks_is_not_confirmed(ask: Ask) -> None:
    other = {"dose": {"claim": CLAIMS["dose"].replace("250", "500"), "dose": "500 mg 4 times a day for 5 days"}}
    assert ask(Writer("es", names=("dose",), stated=other))[0].abstained
    vague = "Take acetazolamide tablets."
    by_native = json.dumps({"claims": [{"claim": "Tome acetazolamida.", "english": vague}]})
    for lacking in ({"stated": {"dose": {"claim": vague}}}, {"overrides": {"free": by_native}}):
        writer = Writer("es", names=("dose",), written="Tome acetazolamida. [1]", **lacking)
        answer, _ = ask(writer)
        accepted = next(user for name, _, user in writer.asked if name == "write").split("Accepted claims:")[1]
        assert f"[1] {vague}" in accepted and "250" not in accepted and not answer.abstained


@pytest.mark.parametrize("language", [*SPOKEN, "ar"])
def test_why_there_is_no_answer_is_said_in_the_asker_s_language(language: str, ask: Ask) -> None:
    writer = Writer(language, agree=False, overrides={"free": '{"claims": ["Cut."]}'})
    answer, watcher = ask(writer)
    why, closest, *passages_shown = [line for line in answer.answer.splitlines() if line]
    assert answer.abstained and watcher.texts == [answer.answer] and not answer.citations
    assert is_written_in(why, language) and len(re.findall("[.।。]", why)) >= 2  # why, and what is missing
    assert is_written_in(closest, language) and len(passages_shown) == 3
    held_in = {"hi-Latn": "hi", "ar": "en"}.get(language, language)
    assert all(is_written_in(line.partition(": ")[2], held_in) for line in passages_shown)


@pytest.mark.parametrize(
    ("settings", "said"),
    [({"evidence": False}, "no se encontró ninguna"), ({}, "Falta una fuente que diga la respuesta")],
)
def test_what_is_missing_is_said(settings: dict[str, Any], said: str, ask: Ask) -> None:
    answer, _ = ask(Writer("es", agree=False, overrides={"free": '{"claims": ["Cut."]}'}), **settings)
    assert answer.abstained and said in answer.answer.splitlines()[0]


@pytest.mark.parametrize("language", SPOKEN)
def test_warnings_are_in_the_asker_s_language(language: str, ask: Ask) -> None:
    answer, _ = ask(Writer(language))
    assert len(answer.warnings) == 1 and is_written_in(answer.warnings[0], language)
    broken = {"verify": "no", "translate": json.dumps({"question": "", "options": []})}
    answer, _ = ask(Writer(language, overrides=broken))
    assert answer.warnings and all(is_written_in(warning, language) for warning in answer.warnings)


@pytest.mark.parametrize("language", SPOKEN)
def test_evidence_that_cannot_be_searched_is_said_and_logged(
    language: str,
    ask: Ask,
    shipped_kb: KnowledgeBase,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def search(*_: object, **__: object) -> None:
        raise KnowledgeError("the index is gone; run clara kb rebuild")

    monkeypatch.setattr(shipped_kb, "search", search)
    answer, _ = ask(Writer(language))
    assert not answer.abstained and len(answer.warnings) == 2
    assert all(is_written_in(warning, language) for warning in answer.warnings)
    assert "run clara kb rebuild" in caplog.text and QUESTIONS[language] not in caplog.text


@pytest.mark.parametrize("broken", ["translate", "free", "free_evidence", "verify", "write", "mend"])
@pytest.mark.parametrize("language", ["en", "hi"])
def test_whatever_goes_wrong_costs_at_most_six_calls_in_four_rounds(language: str, broken: str, ask: Ask) -> None:
    writer = Writer(language, quotes=True, overrides={broken: "I would rather not say."})
    answer, _ = ask(writer)
    assert answer.answer and (not answer.abstained or broken in ("translate", "free_evidence"))
    # What the checker fails to say must not cost the round in which the answer is written.
    assert broken != "verify" or "write" in [name for name, _, _ in writer.asked]


def test_the_last_round_is_kept_for_writing(ask: Ask) -> None:
    replies = iter(["no JSON at all"])
    writer = Writer("hi", quotes=True)
    writer.overrides = {"translate": lambda: next(replies, json.dumps(writer._translate("")))}
    answer, _ = ask(writer)
    asked = [name for name, _, _ in writer.asked]
    assert "verify" not in asked and asked[-1] == "write" and answer.usage.rounds == 4
    assert len(answer.citations) == 1 and answer.answer.startswith(WRITTEN["hi"]["lenses"])
    assert any("तुलना" in warning for warning in answer.warnings)


def test_the_text_of_an_answer_is_shown_and_not_kept_in_its_record(ask: Ask) -> None:
    answer, watcher = ask(Writer("en"))
    assert any(e.kind == "sentence" for e in watcher.events) and not any(e.kind == "sentence" for e in answer.trace)
    assert WRITTEN["en"]["lenses"] not in repr(answer.trace)


@pytest.fixture
def over_http(openai_server: FakeOpenAI, shipped_home: Path) -> Any:
    made: list[Clara] = []

    def build(**given: Any) -> Clara:
        settings: dict[str, Any] = {"retry_wait_s": 0.001, "home": shipped_home} | given
        made.append(Clara("openai:fake-1", base_url=openai_server.base_url, api_key="sk-test", **settings))
        return made[-1]

    yield build
    for clara in made:
        clara.close()


def test_a_sentence_is_shown_while_the_model_still_writes(openai_server: FakeOpenAI, over_http: Any) -> None:
    hold = threading.Event()
    writer = Writer("es", quotes=True)

    def serve(body: dict[str, Any]) -> Any:
        made = writer.serve(body)
        return Reply(text=made, hold=hold) if body.get("stream") else made

    openai_server.script = serve
    watcher = Watcher(lambda _: hold.set())  # the server sends the rest only now
    answer = over_http().ask(QUESTIONS["es"], observers=[watcher])
    assert "".join(watcher.texts) == answer.answer and len(watcher.texts) == 3
    written = next(e for e in answer.trace if e.kind == "call" and e.stage == "write/answer")
    assert written.data["completion_tokens"] > 0


def test_an_observer_that_fails_is_not_taken_for_a_model_that_fails(openai_server: FakeOpenAI, over_http: Any) -> None:
    failures = [BrokenPipeError("the reader has gone")]

    def fail(_: str) -> None:
        if failures:  # once, so that nothing later in the answer can raise it in its place
            raise failures.pop()

    openai_server.script = Writer("es", quotes=True).serve
    with pytest.raises(BrokenPipeError):
        over_http().ask(QUESTIONS["es"], observers=[Watcher(fail)])


def test_a_stream_that_breaks_leaves_the_checked_sentences_and_says_so(
    openai_server: FakeOpenAI, over_http: Any
) -> None:
    writer = Writer("es", quotes=True)
    openai_server.script = lambda body: (
        Reply(text=writer.serve(body), mode="truncate") if body.get("stream") else writer.serve(body)
    )
    watcher = Watcher()
    answer = over_http().ask(QUESTIONS["es"], observers=[watcher])
    assert "".join(watcher.texts) == answer.answer
    assert answer.answer.startswith(WRITTEN["es"]["lenses"]) and "se interrumpió" in answer.answer
    assert WRITTEN["es"]["rinse"] not in answer.answer


def test_a_reply_cut_at_the_length_limit_loses_its_unfinished_sentence(
    openai_server: FakeOpenAI, over_http: Any
) -> None:
    writer = Writer("es", written=f"{Writer('es').sentences[0]} No use colirios con")

    def serve(body: dict[str, Any]) -> Any:
        made = writer.serve(body)
        return Reply(text=made, finish="length") if writer.asked[-1][0] == "write" else made

    openai_server.script = serve
    answer = over_http().ask(QUESTIONS["es"])
    assert answer.answer.startswith(f"{WRITTEN['es']['lenses']}\n\n") and "No use colirios con" not in answer.answer


def test_watched_or_not_the_answer_is_the_same_and_only_a_watched_one_is_streamed(
    openai_server: FakeOpenAI, over_http: Any
) -> None:
    writer = Writer("es", quotes=True)
    openai_server.script = writer.serve
    clara = over_http()
    alone = clara.ask(QUESTIONS["es"])
    assert not any(r.get("stream") for r in openai_server.requests)
    watched = clara.ask(QUESTIONS["es"], observers=[Watcher()])
    assert sum(bool(r.get("stream")) for r in openai_server.requests) == 1
    assert (alone.answer, alone.citations, alone.usage) == (watched.answer, watched.citations, watched.usage)


@pytest.mark.parametrize("method", [name for name in METHODS if name != "vote"])
def test_every_method_shows_its_answer(method: str, ask: Ask) -> None:
    overrides = {
        "direct": "Use gotas. Descanse.", "back": "Use gotas. Descanse.",
        "evaluate": json.dumps({"faithful": True, "problem": "", "needs_context": True}),
        "grade": json.dumps({"relevant": [1], "sufficient": True, "query": ""}),
    }  # fmt: skip
    answer, watcher = ask(Writer("es", overrides=overrides), method=method)
    assert answer.answer and len(watcher.texts) >= 1


def test_a_choice_is_shown_too(shipped_kb: KnowledgeBase) -> None:
    watcher = Watcher()
    chosen = json.dumps({"choice": "A", "confidence": 90})
    with Clara(ScriptedModel(lambda _: chosen), knowledge=shipped_kb, method="vote", vote_languages=("en",)) as clara:
        answer = clara.ask("Which?", options={"x": "red eye", "y": "white eye"}, language="en", observers=[watcher])
    assert watcher.texts == [answer.answer] and answer.choice in ("x", "y")
