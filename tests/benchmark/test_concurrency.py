"""How many model calls one engine makes a second, against a server in a process of its own.

Run with: pytest tests/benchmark/test_concurrency.py -m benchmark -s
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from clara import Clara
from tests.fake_openai import FakeOpenAI
from tests.integration.test_clara_method import OPTIONS, QUESTION, doctor

pytestmark = pytest.mark.benchmark
AT_ONCE = 64


def serve(latency_s: float) -> None:
    """Answer as the scripted doctor until standard input closes."""
    with FakeOpenAI() as server:
        server.script, server.latency_s = doctor().serve, latency_s
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


@pytest.mark.parametrize(("server", "questions"), [(0.5, 640), (0.05, 1500)], indirect=["server"])
async def test_rate(server: tuple[str, float], questions: int, shipped_home: Path) -> None:
    base_url, latency_s = server
    async with Clara("openai:fake-1", base_url=base_url, home=shipped_home) as clara:
        gate = asyncio.Semaphore(AT_ONCE)

        async def one() -> int:
            async with gate:
                return (await clara.aask(QUESTION, options=OPTIONS)).usage.calls

        await asyncio.gather(*(one() for _ in range(AT_ONCE)))  # imports and connections
        started, cpu = time.perf_counter(), time.process_time()
        calls = sum(await asyncio.gather(*(one() for _ in range(questions))))
        took, cpu = time.perf_counter() - started, time.process_time() - cpu
    assert calls == 3 * questions
    ideal = questions * 2 * latency_s / AT_ONCE  # two rounds a question
    print(
        f"\n{AT_ONCE} questions at once, {1000 * latency_s:.0f} ms server: {calls / took:.0f} calls/s, "
        f"{100 * ideal / took:.0f}% of the ideal rate; {1000 * cpu / questions:.1f} ms of CPU a question"
    )


if __name__ == "__main__":
    serve(float(sys.argv[1]))
