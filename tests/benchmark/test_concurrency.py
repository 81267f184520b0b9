"""How many model calls one engine makes a second, against a server in a process of its own, and how soon it stops.

Run with: pytest tests/benchmark/test_concurrency.py -m benchmark -s
"""

from __future__ import annotations

import asyncio
import gc
import itertools
import json
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from clara import Clara
from tests.doctors import kind
from tests.fake_openai import FakeOpenAI, Reply
from tests.integration.test_clara_method import OPTIONS, QUESTION, doctor

pytestmark = pytest.mark.benchmark
AT_ONCE = 64
CALLS, ROUNDS = 3, 2  # of a question whose drafts agree
_MARK = re.compile(r" \([a-z]{8}\)")
_LETTERS = "bcdfghjklmnpqrst"


def marked(number: int) -> tuple[str, dict[str, str]]:
    """Return a question and options like no other's, so that nothing is known from the question before."""
    letters = "".join(_LETTERS[int(digit, 16)] for digit in f"{number * 2654435761 % 2**32:08x}")
    return f"{QUESTION} ({letters})", {label: f"{text} ({letters})" for label, text in OPTIONS.items()}


def answer_marked(body: dict[str, Any]) -> str:
    """Answer as the scripted doctor would without the mark, and keep the mark in a translation."""
    system, user = (message["content"] for message in body["messages"])
    reply: str = doctor().reply(system, _MARK.sub("", user))
    if kind(system) != "translate":
        return reply
    mark = _MARK.findall(user)[0]
    made = json.loads(reply)
    return json.dumps({"question": made["question"] + mark, "options": [option + mark for option in made["options"]]})


def serve(latency_s: float) -> None:
    """Answer until standard input closes."""
    with FakeOpenAI() as server:
        server.script, server.latency_s = answer_marked, latency_s
        print(server.base_url, flush=True)
        sys.stdin.read()


@pytest.fixture
def server(request: pytest.FixtureRequest) -> Iterator[tuple[str, float]]:
    latency_s = request.param
    command = [sys.executable, "-m", "tests.benchmark.test_concurrency", str(latency_s)]
    root = Path(__file__).parents[2]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=root) as process:
        assert process.stdout is not None and process.stdin is not None
        yield process.stdout.readline().strip(), latency_s
        process.stdin.close()
        process.wait()


@pytest.mark.parametrize(("server", "seconds"), [(0.5, 20.0), (0.05, 10.0)], indirect=["server"])
async def test_rate(server: tuple[str, float], seconds: float, shipped_home: Path) -> None:
    """Ask 64 questions at once, the next as soon as one is answered, and count what is answered in a while.

    The first answers, which all begin at the same instant and load what is loaded once, are not counted.
    """
    base_url, latency_s = server
    numbers, answered, ending = itertools.count(), 0, False

    async def keep_asking(clara: Clara) -> None:
        nonlocal answered
        while not ending:
            question, options = marked(next(numbers))
            answer = await clara.aask(question, options=options)
            assert (answer.choice, answer.usage.calls) == ("ख", CALLS)
            answered += 1

    async with Clara("openai:fake-1", base_url=base_url, home=shipped_home) as clara, asyncio.TaskGroup() as group:
        for _ in range(AT_ONCE):
            group.create_task(keep_asking(clara))
        await asyncio.sleep(5.0)
        gc.freeze()  # as `clara eval run` does: what is loaded by now stays
        before, started, cpu = answered, time.perf_counter(), time.process_time()
        await asyncio.sleep(seconds)
        questions, took, cpu = answered - before, time.perf_counter() - started, time.process_time() - cpu
        ending = True
    rate, ideal = CALLS * questions / took, CALLS * AT_ONCE / (ROUNDS * latency_s)
    print(
        f"\n{AT_ONCE} questions at once, {1000 * latency_s:.0f} ms server: {rate:.0f} calls/s, "
        f"{100 * rate / ideal:.1f}% of the ideal rate; CPU {1000 * cpu / questions:.2f} ms a question, "
        f"{1000 * cpu / questions / CALLS:.2f} ms a call, {100 * cpu / took:.0f}% of a core"
    )


async def test_time_to_cancel(openai_server: FakeOpenAI, shipped_home: Path) -> None:
    openai_server.script = answer_marked
    async with Clara("openai:fake-1", base_url=openai_server.base_url, home=shipped_home) as clara:
        question, options = marked(0)
        await clara.aask(question, options=options)  # imports
        openai_server.script = lambda _: Reply(mode="hang")
        for number in range(1, 4):
            asked = [asyncio.create_task(clara.aask(question, options=options)) for _ in range(AT_ONCE)]
            await asyncio.to_thread(openai_server.wait_for, 2 * AT_ONCE)
            started = time.perf_counter()
            for task in asked:
                task.cancel()
            await asyncio.gather(*asked, return_exceptions=True)
            ours = time.perf_counter() - started
            await asyncio.to_thread(openai_server.wait_for, 0)
            took = time.perf_counter() - started
            assert openai_server.abandoned == number * 2 * AT_ONCE
            print(
                f"\n{AT_ONCE} questions cancelled: all ended after {1000 * ours:.0f} ms, "
                f"the server saw all {2 * AT_ONCE} calls close after {1000 * took:.0f} ms"
            )


if __name__ == "__main__":
    serve(float(sys.argv[1]))
