"""How fast `clara eval run` asks, as ratios: to the ideal rate, and to inspect_ai on the same questions and server.

The server runs in a process of its own and tells when calls came and went, for both alike. inspect_ai is installed in
an environment of its own, which is kept. Run with: pytest tests/benchmark/test_evaluation.py -m benchmark -s
"""

from __future__ import annotations

import json
import math
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.fake_openai import FakeOpenAI

pytestmark = pytest.mark.benchmark
AT_ONCE, QUESTIONS = 64, 500
INSPECT = Path(tempfile.gettempdir()) / "clara-benchmark-inspect"

INSPECT_TASK = """
import json, sys
from inspect_ai import Task, eval
from inspect_ai.dataset import MemoryDataset, Sample
from inspect_ai.scorer import choice
from inspect_ai.solver import multiple_choice

rows = map(json.loads, open(sys.argv[1], encoding="utf-8"))
samples = [Sample(id=r["id"], input=r["question"], choices=r["options"], target=r["answer"]) for r in rows]
task = Task(dataset=MemoryDataset(samples), solver=multiple_choice(), scorer=choice())
logs = eval(
    task, model="openai-api/fake/fake-1", model_base_url=sys.argv[2], max_connections=64, max_samples=64,
    display="none", log_dir="logs",
)
assert logs[0].status == "success", logs[0].error
"""


def serve(latency_s: float) -> None:
    """Answer until standard input closes; each line of it is answered with the calls since: number, begin, end."""
    with FakeOpenAI() as server:
        server.script, server.latency_s = lambda _: "ANSWER: B", latency_s
        print(server.base_url, flush=True)
        for _ in sys.stdin:
            starts, ends = zip(*server.spans, strict=True)
            print(json.dumps([len(starts), min(starts), max(ends)]), flush=True)
            server.spans.clear()


class Server:
    """The server in its process. Times are those of `time.perf_counter`, which on Linux all processes share."""

    def __init__(self, process: subprocess.Popen[str], latency_s: float) -> None:
        assert process.stdin is not None and process.stdout is not None
        self._in, self._out, self.latency_s = process.stdin, process.stdout, latency_s
        self.base_url = self._out.readline().strip()

    def calls(self) -> tuple[int, float, float]:
        self._in.write("\n")
        self._in.flush()
        number, begin, end = json.loads(self._out.readline())
        return number, begin, end


@pytest.fixture
def server(request: pytest.FixtureRequest) -> Iterator[Server]:
    command = [sys.executable, "-m", "tests.benchmark.test_evaluation", str(request.param)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
        yield Server(process, request.param)
        assert process.stdin is not None
        process.stdin.close()


def write_questions(path: Path) -> Path:
    english = [
        row
        for row in map(json.loads, (ROOT / "knowledge_base/ophtha-mini.jsonl").read_text("utf-8").splitlines())
        if row["language"] == "en"
    ]
    with path.open("w", encoding="utf-8") as file:
        for number in range(QUESTIONS):
            row = english[number % len(english)]
            question = f"{row['question']} ({number})"
            row = {"id": str(number), "language": "en", "question": question, "options": row["options"], "answer": "B"}
            file.write(json.dumps(row) + "\n")
    return path


def ask_with_clara(server: Server, questions: Path) -> tuple[float, float]:
    """Return calls a second, and the seconds from the command to the first call."""
    command = [
        sys.executable, "-m", "clara", "eval", "run", "--data", str(questions), "--methods", "direct", "--model",
        "openai:fake-1", "--base-url", server.base_url, "--concurrency", str(AT_ONCE),
        "--out", tempfile.mkdtemp(dir=questions.parent),
    ]  # fmt: skip
    started = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True, env={**os.environ, "PYTHONPATH": str(ROOT)})
    number, begin, end = server.calls()
    assert number == QUESTIONS
    return number / (end - begin), begin - started


def ask_with_inspect(server: Server, questions: Path) -> tuple[float, float]:
    python = INSPECT / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", str(INSPECT)], check=True)
        subprocess.run([str(python), "-m", "pip", "install", "--quiet", "inspect_ai", "openai"], check=True)
    started = time.perf_counter()
    subprocess.run(
        [str(python), "-c", INSPECT_TASK, str(questions), server.base_url],
        check=True,
        capture_output=True,
        env={**os.environ, "FAKE_API_KEY": "k", "FAKE_BASE_URL": server.base_url},
    )
    number, begin, end = server.calls()
    assert number == QUESTIONS
    return number / (end - begin), begin - started


@pytest.mark.parametrize("server", [0.5, 0.05], indirect=True, ids=["500 ms", "50 ms"])
def test_rate(server: Server, tmp_path: Path) -> None:
    questions = write_questions(tmp_path / "questions.jsonl")
    ours, start = zip(*(ask_with_clara(server, questions) for _ in range(2)), strict=True)
    theirs, their_start = zip(*(ask_with_inspect(server, questions) for _ in range(2)), strict=True)
    ideal = AT_ONCE / server.latency_s
    waves = QUESTIONS / (math.ceil(QUESTIONS / AT_ONCE) * server.latency_s)  # the last wave is not full
    print(
        f"\n{1000 * server.latency_s:.0f} ms server, {QUESTIONS} questions, {AT_ONCE} at once, load "
        f"{os.getloadavg()[0]:.1f}: {max(ours):.0f} calls/s, {100 * max(ours) / ideal:.1f}% of {AT_ONCE} all the time, "
        f"{100 * max(ours) / waves:.1f}% of what whole waves allow, "
        f"{max(ours) / max(theirs):.1f} times inspect_ai's {max(theirs):.0f}; first call after {min(start):.1f} s, "
        f"inspect_ai's after {min(their_start):.1f} s (best of two each)"
    )


def test_a_hundred_thousand_records(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.benchmark.test_evaluation", "records", str(tmp_path)]
    done = subprocess.run(command, check=True, capture_output=True, text=True, cwd=ROOT)
    print(f"\n{done.stdout.strip()}")


def measure_records(folder: Path) -> None:
    """Write 100,000 records of usual length, and measure making results of them."""
    from clara.evaluation.datasets import Dataset, Item
    from clara.evaluation.run.finish import finish
    from clara.types import Option

    languages = "en es pt fr zh-Hans hi fil".split()
    options = tuple(Option(id=label, text=f"option {label}") for label in "ABCD")
    items = tuple(
        Item(id=f"q{number}", language=tag, question="?", options=options, answer="ABCD"[number % 4])
        for number in range(7143)
        for tag in languages
    )
    draft = {"route": "native", "confidence": 0.8, "text": "reason " * 60, "error": None, "sufficient": True}
    with (folder / "records.jsonl").open("w", encoding="utf-8") as file:
        for number, item in enumerate(items):
            for method in ("direct", "clara"):
                correct = number * 7919 % 10 < (8 if method == "clara" or item.language == "en" else 6)
                choice = item.answer if correct else "ABCD"[(number // 7 + 1) % 4]
                row = {
                    "config": "c", "method": method, "language": item.language, "id": item.id, "epoch": 0,
                    "status": "ok", "choice": choice, "answer": item.answer, "correct": choice == item.answer,
                    "calls": 3, "prompt_tokens": 1400, "completion_tokens": 200, "cost": 0.001, "seconds": 1.1,
                    "confidence": number % 100 / 100, "agreement": 0.75, "answer_language": item.language,
                    "text": "words " * 60, "drafts": [draft | {"choice": choice, "language": item.language}] * 3,
                }  # fmt: skip
                file.write(json.dumps(row) + "\n")
    identity = {"model": "m", "seed": 0, "settings": {}, "prompts": "", "knowledge": None}
    dataset = Dataset(name="big", items=items, source="", licence="")
    plan = {
        "data": "", "methods": ["direct", "clara"], "languages": languages, "questions": list(dataset.questions),
        "limit": None, "epochs": 1, "baseline": "direct",
    }  # fmt: skip
    manifest = {"identity": identity, "plan": plan, "sessions": [{"began": ""}]}
    (folder / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    size = (folder / "records.jsonl").stat().st_size / 1e6
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    started, cpu = time.perf_counter(), time.process_time()
    finish(folder, dataset)
    took, cpu = time.perf_counter() - started, time.process_time() - cpu
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024 - before
    print(
        f"{2 * len(items)} records of {size:.0f} MB: results in {took:.1f} s ({cpu:.1f} s of CPU), {memory:.0f} MB more"
    )


if __name__ == "__main__":
    if sys.argv[1] == "records":
        measure_records(Path(sys.argv[2]))
    else:
        serve(float(sys.argv[1]))
