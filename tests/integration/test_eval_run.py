"""`clara eval run`: asked once, whatever happens in between."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from clara.evaluation.records import key_of, load_rows, read_rows
from clara.evaluation.results import read_results
from clara.models import Call
from clara.models.scripted import reply_by_hash
from clara.types import Turn
from tests.command import Run, in_process
from tests.conftest import ROOT
from tests.fake_openai import Body, FakeOpenAI, Reply

KILLS = 20


@pytest.fixture
def evaluate(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, shipped_home: Path) -> Run:
    """`clara eval` in this process, with the shipped knowledge base."""
    monkeypatch.setenv("COLUMNS", "160")
    monkeypatch.setenv("CLARA_HOME", str(shipped_home))
    return in_process(capsys, "eval")


def by_hash(body: Body) -> str:
    """What the scripted model would say, over HTTP."""
    system = "".join(m["content"] for m in body["messages"] if m["role"] == "system")
    turns = tuple(Turn(role=m["role"], text=m["content"]) for m in body["messages"] if m["role"] != "system")
    return reply_by_hash(Call(system=system, turns=turns))


def over_http(server: FakeOpenAI) -> list[str]:
    return ["--model", "openai:fake-1", "--base-url", server.base_url]


def rows_of(folder: str) -> list[dict[str, Any]]:
    return list(read_rows(Path(folder) / "records.jsonl"))


def errors_in(folder: str) -> list[dict[str, Any]]:
    return [row for row in rows_of(folder) if row["status"] == "error"]


MINI = ["--data", "ophtha-mini", "--languages", "en,hi,zh", "--limit", "6"]


def test_a_run_from_one_end_to_the_other(evaluate: Run) -> None:
    done = evaluate("run", *MINI, "--methods", "evidence,direct,clara", "--model", "scripted", "--out", "out")
    assert done.returncode == 0, done.stderr
    rows = rows_of("out")
    assert len(rows) == len({key_of(row) for row in rows}) == 3 * 3 * 6
    found = read_results(Path("out"))
    assert (found["model"], found["questions"], found["missing"]) == ("scripted", 6, 0)
    assert found["manifest"]["languages"] == ["en", "zh-Hans", "hi"] and found["manifest"]["baseline"] == "direct"
    assert set(found["methods"]) == {"evidence", "direct", "clara"} and len(found["comparisons"]) == 2
    direct = found["methods"]["direct"]["languages"]["hi"]
    assert direct["n"] == direct["calls"] == 6 and direct["prompt_tokens"] > 0 and direct["latency_p50_s"] is not None
    assert found["methods"]["evidence"]["languages"]["hi"]["calls"] == 0
    asked = {
        (row["id"], row["language"]) for row in map(json.loads, Path("out/questions.jsonl").read_text().splitlines())
    }
    assert asked == {(row["id"], row["language"]) for row in rows}
    clara = next(row for row in rows if row["method"] == "clara")
    assert clara["drafts"] and clara["decision"] and clara["text"] and clara["answer_language"]
    assert found["usage"] == [
        {
            "model": "scripted", "calls": sum(row["calls"] for row in rows), "lost": 0,
            "prompt_tokens": sum(row["prompt_tokens"] for row in rows),
            "completion_tokens": sum(row["completion_tokens"] for row in rows),
        }
    ]  # fmt: skip


def test_a_run_goes_on_and_can_be_widened(evaluate: Run, openai_server: FakeOpenAI) -> None:
    openai_server.script = by_hash
    command = ["run", *over_http(openai_server), "--data", "ophtha-mini", "--out", "out"]
    first = evaluate(*command, "--languages", "en,es", "--limit", "3", "--methods", "direct")
    assert first.returncode == 0 and len(openai_server.requests) == 6, first.stderr
    assert evaluate(*command, "--languages", "en,es", "--limit", "3", "--methods", "direct").returncode == 0
    assert len(openai_server.requests) == 6  # nothing is asked twice
    wider = evaluate(*command, "--languages", "en,es,hi", "--limit", "5", "--methods", "direct,rag", "--epochs", "2")
    assert wider.returncode == 0, wider.stderr
    rows = rows_of("out")
    assert len(rows) == len({key_of(row) for row in rows}) == 3 * 5 * 2 * 2
    assert rows_of("out")[:6] == rows[:6]
    kept = {row["id"] for row in rows[:6]}
    assert len(kept) == 3 and kept < {row["id"] for row in rows}
    found = read_results(Path("out"))
    assert len(found["manifest"]["sessions"]) == 3
    assert found["methods"]["direct"]["languages"]["hi"]["n"] == 10
    # Two epochs are two questions to the model, though their words are the same.
    asked = Counter(json.dumps(body["messages"]) for body in openai_server.requests)
    assert set(asked.values()) == {2}


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        (["--model", "scripted:s.jsonl"], "out holds a run with model scripted, not scripted:s.jsonl"),
        (["--seed", "1"], "out holds a run with seed 0, not 1"),
        (["--data", "mine.jsonl"], "out holds a run with dataset ophtha-mini, not mine"),
    ],
)
def test_another_measurement_is_refused(evaluate: Run, changed: list[str], reason: str) -> None:
    Path("s.jsonl").write_text('{"contains": "?", "reply": "A"}\n')
    question = {"id": "1", "language": "en", "question": "?", "options": ["x", "y"], "answer": "A"}
    Path("mine.jsonl").write_text(json.dumps(question) + "\n")
    command = ["--data", "ophtha-mini", "--model", "scripted", "--methods", "direct", "--limit", "1", "--out", "out"]
    assert evaluate("run", *command, "--languages", "en").returncode == 0
    before = Path("out/records.jsonl").read_bytes()
    done = evaluate("run", *command, "--languages", "en", *changed)
    assert done.returncode == 2 and reason in done.stderr and done.stderr.count("\n") == 1
    assert Path("out/records.jsonl").read_bytes() == before


def test_other_settings_are_named_and_keys_never_stored(evaluate: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLARA_API_KEY", "sk-never-to-be-seen")
    command = ["run", *MINI, "--model", "scripted", "--methods", "direct", "--out", "out"]
    assert evaluate(*command).returncode == 0
    monkeypatch.setenv("CLARA_COUNTRY", "IN")
    monkeypatch.setenv("CLARA_TIMEOUT_S", "7")  # changes no answer
    done = evaluate(*command)
    assert done.returncode == 2 and "other settings: country; choose another folder" in done.stderr
    for path in Path("out").rglob("*"):
        assert path.is_dir() or b"never-to-be-seen" not in path.read_bytes()


def test_failed_answers_are_errors_and_asked_again(evaluate: Run, openai_server: FakeOpenAI) -> None:
    failing = [True]

    def script(body: Body) -> Reply | str:
        broken = failing[0] and "मोतिया" in body["messages"][-1]["content"]
        return Reply(status=400) if broken else by_hash(body)

    openai_server.script = script
    command = ["run", *over_http(openai_server), "--data", "ophtha-mini", "--languages", "en,hi", "--limit", "30"]
    done = evaluate(*command, "--methods", "direct,rag", "--out", "out")
    assert done.returncode == 1 and done.stderr == ""
    found = read_results(Path("out"))
    failed = found["methods"]["direct"]["languages"]["hi"]["errors"]
    assert failed > 0 and found["comparisons"][0]["verdict"] == "incomplete"
    said = " ".join(done.stdout.split())
    assert f"0 answers are missing and {len(errors_in('out'))} failed: run the same command again" in said
    errors = errors_in("out")
    assert {row["error"] for row in errors} == {"ModelStatusError"} and not any(row["correct"] for row in errors)
    failing[0] = False
    before = len(openai_server.requests)
    assert evaluate(*command, "--methods", "direct,rag", "--out", "out").returncode == 0
    assert len(openai_server.requests) - before == len(errors)
    found = read_results(Path("out"))
    assert found["methods"]["direct"]["languages"]["hi"]["errors"] == 0
    assert found["methods"]["direct"]["languages"]["hi"]["n"] == 30
    assert found["comparisons"][0]["verdict"] != "incomplete"
    served = sum(1 for body in openai_server.requests) - len(errors)
    assert found["usage"][0]["calls"] == served and found["usage"][0]["lost"] == 0


def test_an_outage_and_a_refused_key_end_the_run(evaluate: Run, openai_server: FakeOpenAI) -> None:
    openai_server.script = lambda _: Reply(status=401)
    command = ["run", *over_http(openai_server), "--data", "ophtha-mini", "--methods", "direct"]
    done = evaluate(*command, "--out", "a", "--concurrency", "4")
    assert done.returncode == 1 and "refused the key" in done.stderr and len(openai_server.requests) <= 8
    openai_server.script = lambda _: Reply(status=400)
    done = evaluate(*command, "--out", "b", "--concurrency", "4")
    assert done.returncode == 1 and "the last 30 answers failed with ModelStatusError" in done.stderr
    assert done.stderr.count("\n") == 1 and len(rows_of("b")) <= 34


def test_a_provider_that_asks_to_slow_down_loses_no_answer(
    evaluate: Run, openai_server: FakeOpenAI, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CLARA_RETRY_WAIT_S", "0.01")
    monkeypatch.setenv("CLARA_ATTEMPTS", "2")

    def script(body: Body) -> Reply | str:
        crowded = openai_server.open_now > 3
        return (
            Reply(status=429, headers={"retry-after-ms": "20"}) if crowded else Reply(text=by_hash(body), delay_s=0.01)
        )

    openai_server.script = script
    done = evaluate(
        "run", *over_http(openai_server), "--data", "ophtha-mini", "--languages", "en,es", "--methods", "direct",
        "--concurrency", "32", "--out", "out",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    rows = rows_of("out")
    assert len(rows) == 140 and {row["status"] for row in rows} == {"ok"}
    # Answers that were refused are made again; a fixed 32 at once would be refused for nearly every call.
    assert len(openai_server.requests) < 3 * 140


def test_answers_are_scored_again_without_a_call(evaluate: Run, openai_server: FakeOpenAI) -> None:
    openai_server.script = by_hash
    command = [*MINI, "--methods", "direct", "--out", "out"]
    assert evaluate("run", *command, *over_http(openai_server)).returncode == 0
    asked = len(openai_server.requests)
    before = load_rows(Path("out/records.jsonl"), words=True)
    # As an older parser might have left them: nothing read, and a row that a later one replaced.
    worse = [{**row, "status": "unparsed", "choice": None, "correct": False, "score": 0.0} for row in before]
    replaced = {**before[0], "status": "error"}
    lines = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in [replaced, *worse])
    Path("out/records.jsonl").write_text(lines + '{"torn": ', encoding="utf-8")
    done = evaluate("score", "out")
    assert done.returncode == 0, done.stderr
    assert f"{len(before)} answers are read or scored otherwise" in done.stdout
    assert rows_of("out") == before and len(openai_server.requests) == asked
    assert evaluate("score", "out").stdout.count("\n0 answers are read or scored otherwise") == 1


@pytest.mark.parametrize(
    ("arguments", "code", "reason"),
    [
        (["run", *MINI, "--model", "scripted", "--methods", "guess", "--out", "o"], 2, "no method 'guess'; choose of"),
        (["run", *MINI, "--methods", "direct", "--out", "o"], 2, "method direct needs a chat model"),
        (["run", "--data", "nowhere.jsonl", "--model", "scripted", "--out", "o"], 1, "nowhere.jsonl: no such file"),
        (["run", *MINI, "--model", "scripted:no.jsonl", "--out", "o"], 2, "cannot read the script no.jsonl"),
        (["run", *MINI, "--model", "scripted", "--out", "file"], 2, "cannot write into file"),
        (["run", *MINI, "--model", "scripted", "--out", "replayed"], 2, "replayed holds the records of another"),
        (["score", "nothing"], 1, "nothing: holds no run"),
    ],
)
def test_what_cannot_work_is_one_line(evaluate: Run, arguments: list[str], code: int, reason: str) -> None:
    Path("file").write_text("")
    Path("replayed").mkdir()
    Path("replayed/records.jsonl").write_text("{}\n")
    done = evaluate(*arguments)
    assert done.returncode == code and done.stderr.startswith("error: ") and reason in done.stderr
    assert done.stderr.count("\n") == 1


# A process that has loaded everything and forks a run for each line it reads: a run begins at once.
FORKING = """
import asyncio, json, os, sys
import clara.evaluation.run, clara.evaluation.datasets, chromadb, langchain_openai, rich.live, scipy.stats
from clara.cli import main
from clara.evaluation.run.answer import load
load()
print("ready", flush=True)
for line in sys.stdin:
    child = os.fork()
    if not child:
        try:
            main(json.loads(line))
        except SystemExit as stop:
            os._exit(stop.code or 0)
        os._exit(0)
    print(child, flush=True)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""


@pytest.fixture
def forking(monkeypatch: pytest.MonkeyPatch, shipped_home: Path) -> Iterator[subprocess.Popen[str]]:
    monkeypatch.setenv("CLARA_HOME", str(shipped_home))
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    command = [sys.executable, "-c", FORKING]
    with (
        Path("output").open("wb") as output,
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=output, text=True) as process,
    ):
        assert process.stdin is not None and process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        yield process
        process.stdin.close()


def begin(process: subprocess.Popen[str], arguments: list[str]) -> int:
    """Start a run; its process id."""
    assert process.stdin is not None and process.stdout is not None
    process.stdin.write(json.dumps(arguments) + "\n")
    process.stdin.flush()
    return int(process.stdout.readline())


def ended(process: subprocess.Popen[str]) -> int:
    """Wait for the run's end; its exit code, negative for a signal."""
    assert process.stdout is not None
    lines = iter(process.stdout.readline, "")
    return int(next(line for line in lines if line.strip().lstrip("-").isdigit()))


def wait_for_more(server: FakeOpenAI, count: int) -> None:
    try:
        server.wait_for_requests(len(server.requests) + count)
    except TimeoutError as error:
        raise AssertionError(f"{error}; the run said: {Path('output').read_text(encoding='utf-8')}") from None


def test_killed_twenty_times_nothing_is_lost_or_paid_twice(
    forking: subprocess.Popen[str], openai_server: FakeOpenAI
) -> None:
    draw = random.Random(20261126)
    openai_server.script, openai_server.latency_s = by_hash, 0.004
    command = [
        "eval", "run", *over_http(openai_server), "--data", "ophtha-mini", "--languages", "en,es,hi", "--limit", "40",
        "--methods", "direct,clara", "--concurrency", "8", "--out", "out",
    ]  # fmt: skip
    planned, codes = 2 * 3 * 40, []
    for kill in range(KILLS):
        child = begin(forking, command)
        # Somewhere in the making of the next answers: while a call is made, a reply kept, a row written.
        wait_for_more(openai_server, draw.randint(1, 12))
        time.sleep(draw.random() * 0.03)
        os.kill(child, signal.SIGKILL)
        codes.append(ended(forking))
        kept = [key_of(row) for row in rows_of("out")] if Path("out/records.jsonl").exists() else []
        assert len(kept) == len(set(kept)) < planned, kill
    assert codes == [-signal.SIGKILL] * KILLS
    begin(forking, command)
    assert ended(forking) == 0, Path("output").read_text()

    rows = rows_of("out")
    assert len(rows) == len({key_of(row) for row in rows}) == planned
    assert {row["status"] for row in rows} <= {"ok", "abstained", "unparsed"}
    paid = read_results(Path("out"))["usage"][0]
    # What the records say was used is what was paid for, and what the server replied to, each call once.
    assert paid["calls"] == sum(row["calls"] for row in rows)
    assert paid["prompt_tokens"] == sum(row["prompt_tokens"] for row in rows)
    assert paid["completion_tokens"] == sum(row["completion_tokens"] for row in rows)
    different = {json.dumps(body["messages"]): body for body in openai_server.requests}.values()
    assert paid["calls"] == len(different)
    words = [sum(len(m["content"].split()) for m in body["messages"]) for body in different]
    assert paid["prompt_tokens"] == sum(words)
    # Calls under way when the process was killed may have been replied to: they are told apart, none is forgotten.
    assert paid["calls"] <= len(openai_server.requests) <= paid["calls"] + paid["lost"]


def test_interrupted_it_says_how_to_go_on(forking: subprocess.Popen[str], openai_server: FakeOpenAI) -> None:
    openai_server.script, openai_server.latency_s = by_hash, 0.01
    command = ["eval", "run", *over_http(openai_server), *MINI, "--methods", "direct", "--out", "out"]
    child = begin(forking, [*command, "--concurrency", "2"])
    openai_server.wait_for_requests(6)
    os.kill(child, signal.SIGINT)
    assert ended(forking) == 130
    assert "stopped; what was answered is in out, and the same command goes on from there" in Path("output").read_text()
    made = rows_of("out")
    assert 0 < len(made) < 18
    begin(forking, command)
    assert ended(forking) == 0
    assert rows_of("out")[: len(made)] == made and len(rows_of("out")) == 18


def test_two_processes_never_write_one_run(
    forking: subprocess.Popen[str], evaluate: Run, openai_server: FakeOpenAI
) -> None:
    openai_server.script = lambda _: Reply(mode="hang")
    command = ["run", *over_http(openai_server), *MINI, "--methods", "direct", "--out", "out"]
    child = begin(forking, ["eval", *command])
    openai_server.wait_for(16)
    done = evaluate(*command)
    assert done.returncode == 2 and "out is being written by another process" in done.stderr
    os.kill(child, signal.SIGKILL)
    assert ended(forking) == -signal.SIGKILL
