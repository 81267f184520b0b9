"""`clara ask` on a terminal, and the rows that it and `clara chat` set there."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from tests.fake_openai import Body, FakeOpenAI, Reply
from tests.integration.test_chat import HINDI, run_piped, serve, writer
from tests.integration.test_chat_api import ASKED
from tests.terminal import Terminal


@pytest.fixture
def environment(shipped_home: Path, openai_server: FakeOpenAI) -> dict[str, str]:
    return os.environ | {
        "CLARA_HOME": str(shipped_home), "CLARA_BASE_URL": openai_server.base_url, "CLARA_API_KEY": "sk-test-secret",
        "TERM": "xterm-256color", "LC_ALL": "C.UTF-8",
    }  # fmt: skip


def test_ask_shows_an_answer_as_the_chat_does(
    environment: dict[str, str], openai_server: FakeOpenAI, tmp_path: Path
) -> None:
    held = threading.Event()
    model = writer()

    def halfway(body: Body) -> Any:
        made = serve(model)(body)
        return Reply(text=made, hold=held) if body.get("stream") else made

    openai_server.script = halfway
    arguments = ["-m", "clara", "ask", ASKED, "--explain", "--model", "openai:fake-1"]
    try:
        with Terminal(arguments, environment, tmp_path) as terminal:
            terminal.expect("Evidencia encontrada.")  # stages, in the language of the question
            terminal.expect("En el ataque agudo se ven")  # before the whole has come
            held.set()
            terminal.expect("Fuentes:")
            terminal.expect("[1] Glaucoma de ángulo cerrado (es)")
            terminal.expect("quote exact")
            terminal.expect("Confianza: 90%")
            terminal.expect("native · Spanish · 80%")
            terminal.expect("bm25:es")
            terminal.expect("supported (by evidence)")
            terminal.expect("write/answer · fake-1 · ok")
            terminal.expect("clara · Spanish · 5 model calls in 4 rounds")
            assert terminal.wait() == 0
    finally:
        held.set()


def test_ask_is_stopped_by_ctrl_c(environment: dict[str, str], openai_server: FakeOpenAI, tmp_path: Path) -> None:
    openai_server.script = lambda _: Reply(mode="hang")
    with Terminal(["-m", "clara", "ask", ASKED, "--model", "openai:fake-1"], environment, tmp_path) as terminal:
        terminal.expect("Preparando la respuesta.")
        terminal.type("\x03")
        assert terminal.wait() == 130
        assert "Traceback" not in terminal.text


def test_in_tmux_no_row_is_broken_inside_a_word(environment: dict[str, str], tmp_path: Path) -> None:
    tmux = shutil.which("tmux")
    if tmux is None:
        pytest.skip("needs tmux: apt-get install tmux")
    lines = (HINDI, "/compare zh", "/quit")
    words = set(run_piped("\n".join(lines), environment, tmp_path, "--no-save").stdout.decode().split())
    explained = [sys.executable, "-m", "clara", "ask", HINDI, "--explain"]
    words |= set(subprocess.run(explained, capture_output=True, env=environment, check=True).stdout.decode().split())

    def run(*arguments: str) -> str:
        return subprocess.run(
            [tmux, "-S", str(tmp_path / "tmux"), "-u", *arguments], capture_output=True, text=True, timeout=60,
            check=True, env=environment, cwd=tmp_path,
        ).stdout  # fmt: skip

    try:
        for columns in (80, 40):  # both at once, each in a terminal of its own
            ended = f"tmux -S {tmp_path / 'tmux'} wait-for -S ended{columns}"
            asked = f"{sys.executable} -m clara ask '{HINDI}' --explain"
            command = f"{sys.executable} -m clara chat --no-save; {asked}; {ended}; exec sleep 60"
            run("new-session", "-d", "-x", str(columns), "-y", "500", "-s", f"w{columns}", command)
            for line in lines:
                run("send-keys", "-t", f"w{columns}", "-l", line)
                run("send-keys", "-t", f"w{columns}", "Enter")
        for columns in (80, 40):
            run("wait-for", f"ended{columns}")
            rows = run("capture-pane", "-p", "-t", f"w{columns}").splitlines()
            answered = rows[next(i for i, row in enumerate(rows) if "ज्ञानकोश" in row) :]
            shown = [word for row in answered for word in row.split() if re.search("[ऀ-ॿ]", word)]
            assert len(shown) > 250 and set(shown) <= words, set(shown) - words
            assert "白内障" in "".join(answered)
    finally:
        run("kill-server")
