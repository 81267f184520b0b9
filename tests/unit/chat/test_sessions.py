"""Kept conversations: whole, private, one process at a time; and transcripts that run and fetch nothing."""

from __future__ import annotations

import os
import stat
from dataclasses import replace
from pathlib import Path

import pytest

from clara.chat.sessions import Column, Exchange, Session, Shelf, from_json, to_json, total, write_private
from clara.chat.transcript import to_markdown
from clara.errors import ConfigError
from clara.types import Answer, Citation, Claim, Draft, Event, Usage, Verdict

CITED = Citation(id="d#0", title="Ojo <b>", language="es", quote="Lave el ojo.", source="NHS", state="exact")
ANSWER = Answer(
    answer="Lave el ojo. [1]", language="es", choice=None, confidence=0.8, abstained=False, method="clara",
    citations=(CITED,),
    drafts=(Draft(route="english", language="en", group="g", claims=(Claim(text="Rinse.", citation=CITED),)),),
    verdicts=(Verdict(claim="Rinse.", against="evidence", state="supported"),),
    usage=Usage(calls=5, rounds=4, prompt_tokens=10, completion_tokens=2, cost=0.5),
    trace=(Event(kind="decision", stage="reconcile", at_s=0.1, data={"words": "w", "scores": {"A": 0.5}}),),
    warnings=("note",),
)  # fmt: skip
ASKED = Exchange(question="¿Qué hago?", at="2026-01-02T03:04:05+00:00", model="m", text=ANSWER.answer, answer=ANSWER,
                 usage=ANSWER.usage)  # fmt: skip
SESSION = Session(name="eye", language="es", exchanges=(ASKED,))


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    return Shelf(tmp_path)


def test_what_is_kept_comes_back_as_it_was(shelf: Shelf) -> None:
    shelf.write(SESSION)
    assert shelf.read("eye") == SESSION and shelf.names() == ["eye"]
    assert shelf.read("eye").exchanges[0].answer == ANSWER


def test_only_the_owner_may_read_it(shelf: Shelf, tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        shelf.write(SESSION)
        write_private(tmp_path / "out.md", b"x")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "chats" / "eye.json").stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "chats").stat().st_mode) == 0o700
    assert stat.S_IMODE((tmp_path / "out.md").stat().st_mode) == 0o600
    assert sorted(path.name for path in (tmp_path / "chats").iterdir()) == ["eye.json"]  # no part is left behind


def test_one_process_at_a_time_has_a_conversation_open(shelf: Shelf) -> None:
    with shelf.holding("eye"):
        with pytest.raises(ConfigError, match="open elsewhere"), shelf.holding("eye"):
            pass
        with shelf.holding("another"):
            pass
        first, second = shelf.fresh_name(), shelf.fresh_name()  # two that begin in the same second
        with shelf.holding(first), shelf.holding(second):
            assert shelf.names() == []  # begun and not kept yet
    with shelf.holding("eye"):
        pass


@pytest.mark.parametrize("name", ["", "../x", ".hidden", "a/b", "x" * 65, "a b", "nul\0"])
def test_a_name_cannot_lead_elsewhere(name: str, shelf: Shelf) -> None:
    with pytest.raises(ConfigError, match="no name for a chat"):
        shelf.path(name)


@pytest.mark.parametrize("name", ["आँख", "眼科-1", "ward_3.b"])
def test_a_name_may_be_in_any_script(name: str, shelf: Shelf) -> None:
    shelf.write(replace(SESSION, name=name))
    assert shelf.read(name).name == name


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"[]", "no saved chat: file"),
        (b'{"name": "x", "exchanges": [{"question": 1}]}', "no saved chat: exchanges.0"),
        (b"\xff", "no saved chat: file"),
        (b'{"name": "x", "format": 99}', "format 99"),
    ],
)
def test_a_file_that_is_no_conversation_is_said_in_one_line(content: bytes, said: str) -> None:
    with pytest.raises(ConfigError, match=said) as refused:
        from_json(content, Path("f.json"))
    assert "\n" not in str(refused.value)


def test_a_missing_conversation_says_where_names_are_listed(shelf: Shelf) -> None:
    with pytest.raises(ConfigError, match="--list"):
        shelf.read("none")
    with pytest.raises(ConfigError, match="nothing was asked"):
        Session(name="x").last()


def test_what_was_asked_again_or_got_no_answer_is_no_history() -> None:
    stopped = Exchange(question="q2", at="", model="m", stopped=True)
    again = replace(SESSION.without_last(), exchanges=(*SESSION.without_last().exchanges, stopped))
    assert again.messages == [] and again.usage == ANSWER.usage
    assert [m["content"] for m in SESSION.messages] == ["¿Qué hago?", "Lave el ojo. [1]"]


def test_costs_are_added_and_an_unknown_one_stays_unknown() -> None:
    one = Usage(calls=2, rounds=1, prompt_tokens=3, completion_tokens=4, cost=0.25)
    assert total([one, one]) == Usage(calls=4, rounds=2, prompt_tokens=6, completion_tokens=8, cost=0.5)
    assert total([one, replace(one, cost=None)]).cost is None and total([]) == Usage()


def test_a_transcript_has_everything_and_runs_nothing() -> None:
    hostile = "<script>x</script> ![track](http://evil/x.png) &amp; \x1b[31m"
    compared = (
        Column(language="hi", question="क्या करूँ?", answer=replace(ANSWER, language="hi")),
        Column(language="fr", question="", note="numbers"),
    )
    bad = replace(ASKED, question=hostile, text=hostile, answer=None, stopped=True)
    text = to_markdown(replace(SESSION, exchanges=(replace(ASKED, compared=compared), bad)))
    assert "> ¿Qué hago?" in text and "[1] Ojo &lt;b> (es), quote exact: “Lave el ojo.” NHS" in text
    assert "### Hindi" in text and "not translated: numbers" in text and "stopped before its end" in text
    assert "<script" not in text and "![" not in text.replace("\\![", "") and "\x1b" not in text
    assert from_json(to_json(SESSION), Path("f")) == SESSION
