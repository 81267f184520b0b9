"""inspect_ai runs its own tasks with CLARA as the model, and round another model, in an environment of its own."""

from __future__ import annotations

import json
import subprocess
import sys
import sysconfig
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.agreeable import ANSWER, DRAFT, Agreeable
from tests.conftest import ROOT
from tests.fake_openai import FakeOpenAI

TASKS = ROOT / "examples" / "inspect_task.py"
BOTH = (f"{TASKS}@free", f"{TASKS}@options")
MODEL = Agreeable(
    calls={"eye_pressure": {"eye": "left"}},
    options=("crusts on the lids", "halos around lights", "painless loss of sight"),
    chosen=("halos alrededor de las luces", "halos around lights"),
)


@pytest.fixture(scope="session")
def python(pytestconfig: pytest.Config) -> Path:
    """The interpreter of an environment that has inspect_ai beside all that the tests have, kept from run to run.

    inspect_ai tells plug-ins by their place among installed packages, so that CLARA is installed as its users do.
    """
    folder = pytestconfig.cache.mkdir("inspect-ai") / "venv"
    made = folder / "bin" / "python"
    site = Path(sysconfig.get_path("purelib", vars={"base": str(folder)}))
    if not (site / "inspect_ai").exists():
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(folder)], check=True)
        also = f"import site; site.addsitedir({sysconfig.get_path('purelib')!r})\n"
        (site / "tests.pth").write_text(also, encoding="utf-8")
        subprocess.run([str(made), "-m", "pip", "install", "--quiet", "inspect-ai>=0.3.285,<0.4"], check=True)
    own = ["--quiet", "--no-deps", "--no-build-isolation", "--ignore-installed", str(ROOT)]
    subprocess.run([str(made), "-m", "pip", "install", *own], check=True)
    return made


@pytest.fixture
def evaluate(python: Path, openai_server: FakeOpenAI, shipped_home: Path, tmp_path: Path) -> Any:
    """Run tasks from the command line; returns task name -> log."""
    openai_server.script = MODEL.serve

    def run(*arguments: str, tasks: Sequence[str] = BOTH) -> dict[str, dict[str, Any]]:
        environment = {"OPENAI_API_KEY": "sk-test", "OPENAI_BASE_URL": openai_server.base_url, "PATH": "/usr/bin:/bin"}
        environment |= {"CLARA_HOME": str(shipped_home), "HOME": str(tmp_path), "INSPECT_DISPLAY": "plain"}
        command = [str(python), "-m", "inspect_ai", "eval", *tasks, *arguments]
        logs = tmp_path / "logs"
        done = subprocess.run(
            [*command, "--log-dir", str(logs), "--log-format", "json", "--no-log-realtime"],
            env=environment, cwd=tmp_path, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        read = [json.loads(path.read_text(encoding="utf-8")) for path in logs.glob("*.json")]
        assert all(log["status"] == "success" for log in read), [log.get("error") for log in read]
        return {log["eval"]["task"]: log for log in read}

    return run


def accuracy(log: dict[str, Any]) -> float:
    return float(log["results"]["scores"][0]["metrics"]["accuracy"]["value"])


def tokens(log: dict[str, Any], model: str) -> int:
    return int(log["stats"]["model_usage"][model]["total_tokens"])


def test_clara_is_a_model(evaluate: Any, openai_server: FakeOpenAI) -> None:
    address = openai_server.base_url
    logs = evaluate("--model", "clara/openai:fake-1", "--model-base-url", address, "-M", "country=MX", "--seed", "7")
    assert {name.rpartition("/")[2]: accuracy(log) for name, log in logs.items()} == {"free": 1.0, "options": 1.0}
    (free,), (options,) = (log["samples"] for log in (logs["free"], logs["options"]))
    roles = [message["role"] for message in free["messages"]]
    assert roles == ["user", "assistant", "tool", "assistant"] and free["messages"][-1]["content"] == ANSWER
    assert free["output"]["metadata"]["clara"]["language"] == "es"
    assert options["messages"][-1]["content"] == "ANSWER: B"
    assert {request["seed"] for request in openai_server.requests} == {7}
    assert any("MX" in json.dumps(request) for request in openai_server.requests)
    assert tokens(logs["free"], "clara/openai:fake-1") > 1000  # every call behind the answer


def test_clara_goes_round_another_model(evaluate: Any, openai_server: FakeOpenAI) -> None:
    logs = evaluate("--model", "openai/fake-1", "--solver", "clara/debias", "-S", "country=MX")
    assert {name: accuracy(log) for name, log in logs.items()} == {"free": 1.0, "options": 1.0}
    (free,), (options,) = (log["samples"] for log in (logs["free"], logs["options"]))
    assert [message["role"] for message in free["messages"]] == ["user", "assistant", "tool", "assistant"]
    assert free["messages"][-1]["content"] == ANSWER and free["metadata"]["clara"]["calls"] == 5
    assert options["metadata"]["clara"]["choice"] == "B" and options["output"]["choices"]
    made = [event for event in free["events"] if event["event"] == "model"]
    assert len(made) == 6 and all(event["model"] == "openai/fake-1" for event in made)  # each call is in the log
    assert any(DRAFT in json.dumps(event["output"], ensure_ascii=False) for event in made)


FOLLOWING_UP = """
from inspect_ai import Task, task
from inspect_ai.dataset import Sample
from inspect_ai.model import ChatMessageAssistant, ChatMessageUser
from inspect_ai.scorer import choice
from inspect_ai.solver import multiple_choice

@task
def following_up():
    said = [ChatMessageUser(content="Hablemos del glaucoma agudo."), ChatMessageAssistant(content="De acuerdo."),
            ChatMessageUser(content="¿Qué síntoma tiene?")]
    texts = ["costras en los párpados", "halos alrededor de las luces", "pérdida de visión sin dolor"]
    return Task(dataset=[Sample(input=said, choices=texts, target="B")], solver=multiple_choice(), scorer=choice())
"""


def test_a_choice_keeps_what_was_said_before_it_and_every_option_of_the_solver(
    evaluate: Any, openai_server: FakeOpenAI, tmp_path: Path
) -> None:
    own = tmp_path / "following_up.py"
    own.write_text(FOLLOWING_UP, encoding="utf-8")
    logs = evaluate(
        "--model", "openai/fake-1", "--solver", "clara/debias", "-S", "budget={calls: 1}", tasks=[f"{own}@following_up"]
    )
    (sample,) = logs["following_up"]["samples"]
    assert sample["metadata"]["clara"]["calls"] == 1
    assert "Hablemos del glaucoma agudo." in json.dumps(openai_server.requests, ensure_ascii=False)


def test_an_option_that_nobody_knows_is_said_before_anything_is_asked(evaluate: Any, openai_server: FakeOpenAI) -> None:
    with pytest.raises(AssertionError, match="debias has no option 'colour': give any of method"):
        evaluate("--model", "openai/fake-1", "--solver", "clara/debias", "-S", "colour=red")
    assert not openai_server.requests
