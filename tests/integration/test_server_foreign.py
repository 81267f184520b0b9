"""Other people's tools, unchanged, against `clara serve`: inspect, lm-evaluation-harness, and schemathesis.

They live in an environment of their own.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from clara import KnowledgeBase
from tests.environments import environment
from tests.fake_openai import FakeOpenAI
from tests.serving import Served, serving

PACKAGES = ("inspect-ai>=0.3.200,<0.4", "lm_eval[api]>=0.4.9,<0.5", "openai>=2,<4", "schemathesis>=4.30,<5")
KEY = "tool-key-0123456789abcdef"
QUESTIONS = [
    {
        "question": "Which symptom is typical of an acute attack of angle-closure glaucoma?",
        "a": "itchy lids with crusts",
        "b": "coloured halos around lights and severe eye pain",
        "c": "slow loss of side vision without pain",
        "answer": "B",
    },
    {
        "question": "¿Qué síntoma es típico de un ataque agudo de glaucoma de ángulo cerrado?",
        "a": "párpados con costras",
        "b": "halos de colores alrededor de las luces y dolor intenso del ojo",
        "c": "picor de los párpados",
        "answer": "B",
    },
]
INSPECT_TASK = """
import json, pathlib
from inspect_ai import Task, task
from inspect_ai.dataset import Sample
from inspect_ai.scorer import choice
from inspect_ai.solver import multiple_choice

@task
def eye():
    rows = [json.loads(line) for line in (pathlib.Path(__file__).parent / "questions.jsonl").read_text().splitlines()]
    samples = [Sample(input=r["question"], choices=[r["a"], r["b"], r["c"]], target=r["answer"]) for r in rows]
    return Task(dataset=samples, solver=multiple_choice(), scorer=choice())
"""
LM_EVAL_TASK = """
task: eye
dataset_path: json
dataset_kwargs: {data_files: {test: %s}}
test_split: test
output_type: generate_until
doc_to_text: "{{question}}\\nA. {{a}}\\nB. {{b}}\\nC. {{c}}\\nAnswer with the letter only."
doc_to_target: "{{answer}}"
generation_kwargs: {until: ["\\n\\n"], max_gen_toks: 64}
filter_list:
  - name: letter
    filter:
      - {function: regex, regex_pattern: "([A-C])"}
      - {function: take_first}
metric_list:
  - {metric: exact_match, aggregation: mean, higher_is_better: true}
metadata: {version: 1}
"""
HOOKS = """
import json
import schemathesis

MODELS = ("clara", "clara:evidence", "clara:vote", "fake-1")  # the fake provider has no Responses API

@schemathesis.hook
def map_body(context, body):
    # A name made up is a 404 and nothing more: most requests name what is there.
    if isinstance(body, dict) and isinstance(body.get("model"), str) and len(body["model"]) != 3:
        body["model"] = MODELS[len(body["model"]) % (4 if "messages" in body else 3)]
    return body

@schemathesis.check
def no_failure_of_its_own(context, response, case):
    if response.status_code >= 500:
        code = json.loads(response.content)["error"]["code"]
        assert code.startswith("upstream_"), f"{response.status_code} {code}"
"""


@pytest.fixture(scope="session")
def foreign() -> Path:
    """The folder of the other tools' commands."""
    return environment("foreign", *PACKAGES)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    lines = [json.dumps(row, ensure_ascii=False) for row in QUESTIONS]
    (tmp_path / "questions.jsonl").write_text("\n".join(lines), encoding="utf-8")
    return tmp_path


@pytest.fixture
def served(shipped_kb: KnowledgeBase, tmp_path: Path) -> Iterator[Served]:
    """Without a model: real answers, from the shipped evidence alone."""
    with serving(shipped_kb, home=tmp_path / "home", server={"keys": {"tools": {"key": KEY}}}) as running:
        yield running


def run(command: list[str | Path], folder: Path, **variables: str) -> str:
    environment = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ} | variables
    done = subprocess.run(
        list(map(str, command)), cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=300
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
    return done.stdout


def test_inspect(foreign: Path, served: Served, folder: Path) -> None:
    (folder / "eye.py").write_text(INSPECT_TASK)
    run(
        [foreign / "inspect", "eval", "eye.py", "--model", "openai-api/clara/clara", "--log-format", "json",
         "--display", "plain", "--log-dir", "logs"],
        folder, CLARA_BASE_URL=served.api, CLARA_API_KEY=KEY,
    )  # fmt: skip
    (log,) = (folder / "logs").glob("*.json")
    told = json.loads(log.read_text())
    assert told["status"] == "success"
    assert told["results"]["scores"][0]["metrics"]["accuracy"]["value"] == 1.0


def test_lm_evaluation_harness(foreign: Path, served: Served, folder: Path) -> None:
    (folder / "eye.yaml").write_text(LM_EVAL_TASK % (folder / "questions.jsonl"))
    arguments = f"model=clara,base_url={served.api}/chat/completions,num_concurrent=2,max_retries=1"
    run(
        [foreign / "lm_eval", "run", "--model", "local-chat-completions", "--model_args", arguments, "--tasks", "eye",
         "--include_path", ".", "--apply_chat_template", "--output_path", "out"],
        folder, OPENAI_API_KEY=KEY, HF_HUB_OFFLINE="1", HF_DATASETS_OFFLINE="1", HF_HOME=str(folder / "hf"),
    )  # fmt: skip
    (found,) = (folder / "out").rglob("results_*.json")
    assert json.loads(found.read_text())["results"]["eye"]["exact_match,letter"] == 1.0


def test_schemathesis_finds_no_failure_of_its_own(
    foreign: Path, openai_server: FakeOpenAI, shipped_kb: KnowledgeBase, folder: Path
) -> None:
    (folder / "hooks.py").write_text(HOOKS)
    openai_server.script = lambda _: "Plain words."
    settings: dict[str, Any] = {"model": "openai:fake-1", "method": "direct", "base_url": openai_server.base_url}
    with serving(shipped_kb, home=folder / "home", attempts=1, **settings) as served:
        checks = "no_failure_of_its_own,status_code_conformance,content_type_conformance,response_schema_conformance"
        run(
            [foreign / "schemathesis", "run", f"{served.url}/openapi.json", "--checks", checks, "--seed", "1",
             "--max-examples", "60", "--phases", "examples,coverage,fuzzing", "--no-color", "--mode", "all"],
            folder, SCHEMATHESIS_HOOKS="hooks", PYTHONPATH=str(folder),
        )  # fmt: skip
