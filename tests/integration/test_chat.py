"""`clara chat` as a person uses it: on a terminal, against a model over real HTTP, and in a pipe."""

from __future__ import annotations

import base64
import json
import os
import re
import shutil
import stat
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from clara.cli import main
from tests.doctors import Doctor
from tests.fake_openai import Body, FakeOpenAI, Reply
from tests.integration.test_chat_api import ASKED, QUOTE, doctor
from tests.terminal import Terminal

WRITTEN = "En el ataque agudo se ven halos de colores alrededor de las luces. [1] Duele mucho el ojo. [1]"
HINDI = "मोतियाबिंद का इलाज क्या है?"

Open = Callable[..., Terminal]


@pytest.fixture(scope="module")
def home(shipped_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder to keep chats in, with the shipped knowledge base built."""
    own = tmp_path_factory.mktemp("chats")
    shutil.copytree(shipped_home / "knowledge", own / "knowledge")
    return own


@pytest.fixture
def environment(home: Path, openai_server: FakeOpenAI) -> dict[str, str]:
    shutil.rmtree(home / "chats", ignore_errors=True)
    return os.environ | {
        "CLARA_HOME": str(home), "CLARA_BASE_URL": openai_server.base_url, "CLARA_API_KEY": "sk-test-secret",
        "CLARA_RETRY_WAIT_S": "0.001", "TERM": "xterm-256color", "LC_ALL": "C.UTF-8",
    }  # fmt: skip


@pytest.fixture
def chat(environment: dict[str, str], tmp_path: Path) -> Open:
    def begin(*arguments: str, columns: int = 100, **more: str) -> Terminal:
        return Terminal(["-m", "clara", "chat", *arguments], environment | more, tmp_path, columns)

    return begin


def writer(written: str = WRITTEN) -> Doctor:
    """A model with one claim in each draft, backed by a line of the shipped evidence; it writes `written`."""

    def write(system: str, user: str) -> str:
        return written if "Spanish" in system else "Halos are seen around lights. [1]"

    return doctor(write=write, direct="Es una enfermedad del ojo.")


def serve(model: Doctor) -> Callable[[Body], Any]:
    """Answer whatever the number of turns: the last message is what a prompt was rendered to."""
    return lambda body: model.reply(body["messages"][0]["content"], body["messages"][-1]["content"])


def run_piped(said: str, environment: dict[str, str], cwd: Path, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-W", "error", "-m", "clara", "chat", *arguments], input=said.encode(), capture_output=True,
        cwd=cwd, env=environment, timeout=120,
    )  # fmt: skip


def kept(home: Path) -> dict[str, Any]:
    (path,) = (home / "chats").glob("*.json")
    saved: dict[str, Any] = json.loads(path.read_bytes())
    return saved


def look_at_the_answer(terminal: Terminal) -> None:
    """Every command that shows something of the last answer."""
    terminal.enter("/sources")
    assert QUOTE in terminal.expect("quote exact")
    terminal.expect("https://")
    terminal.enter("/drafts")
    terminal.expect("english · English · 90%   ")
    terminal.expect("native · Spanish · 80%")
    terminal.expect("- Halos are seen around")
    terminal.expect("- En el ataque agudo")
    terminal.enter("/verdicts")
    terminal.expect("supported (by evidence)")
    terminal.expect("decision: 1 of 2 claims accepted")
    terminal.enter("/cost")
    terminal.expect("last question: 5 calls in 4 rounds")
    terminal.expect("cost unknown: set prices")
    terminal.enter("/compare en fr")
    terminal.expect("Spanish · es")
    terminal.expect("English · en")
    terminal.expect("French · fr")
    terminal.expect("La pregunta no")  # this model knows English alone
    terminal.expect("Sin respuesta:")
    terminal.expect("fr: ")


def take_it_elsewhere(terminal: Terminal) -> None:
    """Every command that takes a chat out or in, with a new one between."""
    terminal.enter("/copy")
    terminal.expect("handed to the terminal's clipboard")
    assert b"\x1b]52;c;" + base64.b64encode(b"Es una enfermedad del ojo.") in terminal.raw
    terminal.enter("/save notes.md")
    terminal.expect("wrote notes.md")
    terminal.enter("/save notes.json")
    terminal.expect("wrote notes.json")
    terminal.enter("/save notes.json")
    terminal.expect("wrote notes.json")
    terminal.enter("/save ward.txt")
    terminal.expect("error: ward.txt: end the name in .md")
    terminal.enter("/lang hi")
    terminal.expect("answers are in Hindi")
    terminal.enter("/new")
    terminal.expect("a new chat")
    terminal.enter("/load notes.json")
    terminal.expect("loaded 3 questions")
    terminal.expect("Es una enfermedad del ojo.")


def test_every_command_with_a_model(chat: Open, openai_server: FakeOpenAI, home: Path, tmp_path: Path) -> None:
    openai_server.script = serve(writer())
    with chat("--model", "openai:fake-1", "--session", "ward") as terminal:
        terminal.expect("model openai:fake-1")
        terminal.expect("> ")
        terminal.enter("/sources")
        terminal.expect("nothing was asked yet")
        terminal.enter(ASKED)
        terminal.expect("luces. [1] Duele mucho el ojo. [1]")
        terminal.expect("Fuentes:")
        terminal.expect("[1] Glaucoma de ángulo cerrado (es)")
        terminal.expect("Confianza: 90%")
        look_at_the_answer(terminal)
        terminal.enter("/country IN")
        terminal.expect("country IN")
        terminal.enter("/method direct")
        terminal.expect("method direct")
        terminal.enter("/retry")
        terminal.expect("Es una enfermedad del ojo.")
        terminal.enter("/edit")
        terminal.expect("takes the place")
        terminal.expect(f"> {ASKED}")
        terminal.enter(" ¿Y en niños?")
        terminal.expect("Es una enfermedad del ojo.")
        take_it_elsewhere(terminal)
        terminal.enter("/model openai:fake-2")
        terminal.expect("model openai:fake-2, method direct")
        terminal.enter("/model nonsense")
        terminal.expect("error: ")
        terminal.enter("/model evidence")
        terminal.expect("model evidence, method evidence")
        terminal.enter("/help")
        listed = terminal.expect("/quit")
        for name in ("lang", "model", "method", "country", "sources", "drafts", "compare", "verdicts", "cost", "retry",
                     "copy", "save", "load", "edit", "help"):  # fmt: skip
            assert f"/{name} " in listed
        terminal.enter("/quit")
        assert terminal.wait() == 0
    ward = json.loads((home / "chats" / "ward.json").read_bytes())
    assert [(e["question"], e["superseded"]) for e in ward["exchanges"]] == [
        (ASKED, True), (ASKED, True), (f"{ASKED} ¿Y en niños?", False)
    ]  # fmt: skip
    assert ward["method"] == "direct" and ward["country"] == "IN" and ward["language"] == "hi"
    assert [column["language"] for column in ward["exchanges"][0]["compared"]] == ["en", "fr"]
    notes = (tmp_path / "notes.md").read_text(encoding="utf-8")
    assert f"> {ASKED}" in notes and "quote exact" in notes and "### English" in notes
    assert stat.S_IMODE((tmp_path / "notes.json").stat().st_mode) == 0o600
    direct = openai_server.requests[-1]["messages"]
    assert "niños" in str(direct) and "Duele" not in str(direct)  # what was asked again is no history


def test_ctrl_c_keeps_what_came_and_the_chat_goes_on(chat: Open, openai_server: FakeOpenAI, home: Path) -> None:
    never = threading.Event()
    model = writer(f"{WRITTEN} {' '.join(['Se ven halos de colores alrededor de las luces. [1]'] * 20)}")

    def halfway(body: Body) -> Any:
        made = serve(model)(body)
        return Reply(text=made, hold=never) if body.get("stream") else made

    openai_server.script = halfway
    try:
        with chat("--model", "openai:fake-1") as terminal:
            terminal.expect("> ")
            terminal.enter(ASKED)
            terminal.expect("Duele mucho el ojo. [1]")
            terminal.type("not shown\x03")
            terminal.expect("Interrumpido. Se conserva lo que ya había llegado.")
            openai_server.script = serve(model)
            saved = kept(home)["exchanges"][0]
            assert saved["stopped"] and saved["answer"] is None and saved["text"].startswith(WRITTEN)
            assert saved["usage"]["calls"] == 5
            assert "not shown" not in terminal.text
            terminal.expect("\n> ")
            terminal.type("\x03")
            terminal.expect("Ctrl-D or /quit ends the chat")
            terminal.enter("/retry")
            terminal.expect("Confianza: 90%")
            assert terminal.leave() == 0
    finally:
        never.set()
    assert [e["superseded"] for e in kept(home)["exchanges"]] == [True, False]


def test_a_model_that_fails_is_said_and_the_question_can_be_asked_again(
    chat: Open, openai_server: FakeOpenAI, home: Path
) -> None:
    openai_server.script = lambda _: Reply(status=401)
    with chat("--model", "openai:fake-1", "--method", "direct") as terminal:
        terminal.expect("> ")
        terminal.enter(ASKED)
        terminal.expect("error: ")
        assert "sk-test-secret" not in terminal.text
        openai_server.script = lambda _: "Es una enfermedad."
        terminal.enter("/retry")
        terminal.expect("Es una enfermedad.")
        terminal.enter("/quit")
        assert terminal.wait() == 0
    assert [(e["stopped"], e["text"]) for e in kept(home)["exchanges"]] == [(True, ""), (False, "Es una enfermedad.")]


def test_several_lines_and_the_search_for_earlier_messages(chat: Open, openai_server: FakeOpenAI, home: Path) -> None:
    openai_server.script = lambda _: "Es una enfermedad."
    with chat("--model", "openai:fake-1", "--method", "direct") as terminal:
        terminal.expect("> ")
        terminal.type("What is\x1b\rglaucoma?\r")  # Alt-Enter
        terminal.expect("Confidence: ")
        terminal.type("\x1b[200~What is\ra cataract?\x1b[201~\r")  # pasted
        terminal.expect("Confidence: ")
        terminal.type("What is\\\ruveitis?\r")  # a backslash before Enter
        terminal.expect("Confidence: ")
        terminal.type("\x12cataract\r\r")  # Ctrl-R, its find taken, then entered
        terminal.expect("Confidence: ")
        terminal.type("/ver\t\r")  # Tab
        terminal.expect("nothing was checked")
        assert terminal.leave() == 0
    asked = [exchange["question"] for exchange in kept(home)["exchanges"]]
    assert asked == [
        "What is\nglaucoma?", "What is\na cataract?", "What is\nuveitis?", "What is\na cataract?"
    ]  # fmt: skip


def test_without_a_model_in_hindi_and_resumed(
    chat: Open, home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with chat("--session", "आँख", columns=80) as terminal:
        terminal.expect("model evidence")
        terminal.expect("> ")
        terminal.enter(HINDI)
        terminal.expect("ज्ञानकोश से हूबहू:")
        terminal.expect("स्रोत:")
        terminal.expect("अंशों का मेल: ")
        terminal.enter("/compare zh es")
        terminal.expect("मॉडल के बिना सवाल जैसा था वैसा ही पूछा गया")
        terminal.expect("Simplified Chinese")
        terminal.enter("/cost")
        terminal.expect("0 calls in 0 rounds")
        with chat("--session", "आँख") as second:
            second.expect("is open elsewhere")
            assert second.wait() == 2
        assert terminal.leave() == 0
    (path,) = (home / "chats").glob("*.json")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600 and stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    with chat("--resume", "--lang", "zh", columns=80) as terminal:
        terminal.expect(f"> {HINDI}")
        terminal.expect("ज्ञानकोश से हूबहू:")
        terminal.expect("> ")
        terminal.enter("/sources")
        terminal.expect("quote exact")
        terminal.enter("काला मोतिया क्या है?")
        terminal.expect("以下内容逐字引自知识库：")
        terminal.expect("来源：")
        terminal.enter("/quit")
        assert terminal.wait() == 0
    monkeypatch.setenv("CLARA_HOME", str(home))
    (home / "chats" / "broken.json").write_text('{"name": "broken"}', encoding="utf-8")
    (home / "chats" / "worse.json").write_text("{", encoding="utf-8")
    with pytest.raises(SystemExit):
        main(["chat", "--list"])
    listed = dict(line.split("  ", 1) for line in capsys.readouterr().out.splitlines())
    assert listed.pop("आँख") == HINDI and listed.keys() == {"broken", "worse"} and "no saved chat" in listed["worse"]


def test_no_escape_of_a_model_reaches_the_terminal(chat: Open, openai_server: FakeOpenAI) -> None:
    openai_server.script = lambda _: (
        "El \x1b]0;owned\x07ojo \x1b[2J\x9b31m \u202e[rojo](http://x.y\x1b[8m) &#x1b;[5m y `\x1b[1A`"
    )
    with chat("--model", "openai:fake-1", "--method", "direct") as terminal:
        terminal.expect("> ")
        terminal.enter(ASKED)
        terminal.expect("Confianza")
        terminal.enter("/drafts")
        terminal.expect("native")
        terminal.leave()
    for harm in (b"\x1b]0", b"\x1b[2J", b"\xc2\x9b", "\u202e".encode(), b"\x1b[8m", b"\x1b[5m", b"\x1b[1A"):
        answered = terminal.raw.split(b"cerrado?")[-1]
        assert harm not in answered, harm


def test_what_is_edited_is_the_next_message_alone(environment: dict[str, str], tmp_path: Path, home: Path) -> None:
    said = f"{HINDI}\n/edit\n/cost\nकाला मोतिया क्या है?\n/edit\nमोतियाबिंद क्या है?\n"
    done = run_piped(said, environment, tmp_path)
    assert done.returncode == 0, done.stdout.decode()
    assert [e["superseded"] for e in kept(home)["exchanges"]] == [False, True, False]


def test_a_comparison_that_failed_is_not_said_to_have_been_asked(
    environment: dict[str, str], tmp_path: Path, openai_server: FakeOpenAI
) -> None:
    def goes_away(body: Body) -> Any:
        return "Es una enfermedad." if len(openai_server.requests) == 1 else Reply(status=401)

    openai_server.script = goes_away
    said = f"{ASKED}\n/compare hi，en\n"
    done = run_piped(said, environment, tmp_path, "--no-save", "--model", "openai:fake-1", "--method", "direct")
    out = done.stdout.decode()
    assert "La pregunta no pudo traducirse" in out and "Sin un modelo" not in out, out


def test_in_a_pipe_it_is_plain_text(environment: dict[str, str], tmp_path: Path, home: Path) -> None:
    said = f"{HINDI}\n/sources\n/drafts\n/verdicts\n/compare zh\n/save a.json\n/copy\nlast \\\nline"
    done = run_piped(said, environment, tmp_path)
    out = done.stdout.decode()
    assert done.returncode == 1 and "error: no terminal whose clipboard" in out, done.stderr.decode()
    assert "\x1b" not in out and "\r" not in out and not done.stderr
    assert f"> {HINDI}" in out and "> last line" in out
    assert all(len(row) == len(row.rstrip()) for row in out.splitlines())
    assert [e["question"] for e in kept(home)["exchanges"]] == [HINDI, "last \nline"]


@pytest.mark.parametrize("arguments", [("--plain",), ()])
def test_plain_on_a_terminal(arguments: tuple[str, ...], chat: Open) -> None:
    with chat("--no-save", *arguments, TERM="xterm" if arguments else "dumb") as terminal:
        terminal.expect("> ")
        terminal.enter(HINDI)
        terminal.expect("Working on the answer.")
        terminal.expect("अंशों का मेल: ")
        assert terminal.leave() == 0
    shown = terminal.raw.decode()
    assert not re.search(r"\x1b(?!\[\?2004[hl])", shown)  # the line editor of the shell may ask for marked pastes


def test_without_colour_nothing_is_coloured(chat: Open) -> None:
    with chat("--no-save", NO_COLOR="1") as terminal:
        terminal.expect("> ")
        terminal.enter("/help")
        terminal.expect("/quit")
        assert terminal.leave() == 0
    assert not re.search(rb"\x1b\[[\d;]*[34]\d[\d;]*m", terminal.raw)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--session", "../x"), "no name for a chat"),
        (("--session", ".x"), "no name for a chat"),
        (("--resume",), "no chat is kept yet"),
        (("--method", "clara"), "needs a chat model"),
        (("--method", "magic"), "unknown method"),
        (("--lang", "xyzzy"), "unknown language"),
        (("--model", "gpt-5"), "PROVIDER:NAME"),
    ],
)
def test_what_cannot_be_begun_is_one_line(
    arguments: tuple[str, ...], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as left:
        main(["chat", *arguments])
    shown = capsys.readouterr()
    assert left.value.code == 2 and said in shown.err and shown.err.count("\n") == 1 and not shown.out
