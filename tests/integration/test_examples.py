"""The examples run as they stand, and the pages show them as they are."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.agreeable import ANSWER, DRAFT, Agreeable
from tests.conftest import ROOT
from tests.fake_openai import FakeOpenAI

EXAMPLES = ROOT / "examples"
PAGES = {"langchain.md": "langchain_chat.py", "openai.md": "openai_client.py", "inspect.md": "inspect_task.py",
         "mcp.md": "mcp_client.py"}  # fmt: skip


def run(example: str, server: FakeOpenAI, home: Path, tmp_path: Path) -> str:
    server.script = Agreeable(calls={"eye_pressure": {"eye": "izquierdo"}}).serve
    environment = {"OPENAI_BASE_URL": server.base_url, "OPENAI_API_KEY": "sk-test", "CLARA_BASE_URL": server.base_url,
                   "CLARA_HOME": str(home), "HOME": str(tmp_path), "PATH": "/usr/bin:/bin"}  # fmt: skip
    done = subprocess.run(
        [sys.executable, str(EXAMPLES / example)],
        env=environment, cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0 and not done.stderr, done.stdout + done.stderr
    return done.stdout


def test_a_chat_model(openai_server: FakeOpenAI, shipped_home: Path, tmp_path: Path) -> None:
    said = run("langchain_chat.py", openai_server, shipped_home, tmp_path)
    assert said.startswith(f"{ANSWER}\n\nes, 5 calls, confidence ")


def test_an_agent(openai_server: FakeOpenAI, shipped_home: Path, tmp_path: Path) -> None:
    said = run("langchain_agent.py", openai_server, shipped_home, tmp_path)
    assert said == f"(eye_pressure {{'eye': 'izquierdo'}})\n{ANSWER}\n" and DRAFT not in said


def test_the_openai_client(openai_server: FakeOpenAI, shipped_home: Path, tmp_path: Path) -> None:
    said = run("openai_client.py", openai_server, shipped_home, tmp_path)
    assert said == f"{ANSWER}\n{ANSWER} (5 calls)\n"


def test_an_mcp_client(openai_server: FakeOpenAI, shipped_home: Path, tmp_path: Path) -> None:
    said = run("mcp_client.py", openai_server, shipped_home, tmp_path)
    assert said.startswith("ask search_evidence translate_check\n") and "catarata" in said and "[1]" in said


@pytest.mark.parametrize(("page", "example"), PAGES.items())
def test_the_first_example_of_a_page_is_the_one_that_runs(page: str, example: str) -> None:
    shown = re.search(r"```python\n(.*?)```", (ROOT / "docs" / page).read_text(encoding="utf-8"), re.DOTALL)
    assert shown and shown[1] == (EXAMPLES / example).read_text(encoding="utf-8")
