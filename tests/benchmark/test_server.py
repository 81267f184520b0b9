"""What the service adds to an upstream call, and how it stands a long load. Everything runs in processes of its own.

Run with: pytest tests/benchmark/test_server.py -m benchmark -s
"""

from __future__ import annotations

import asyncio
import statistics
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.benchmark.serving import Client, free_port, helper, load, running
from tests.environments import environment

pytestmark = pytest.mark.benchmark
ASKED = [{"role": "user", "content": "¿Qué es la catarata y cómo se trata?"}]
CLARA = (sys.executable, "-m", "clara", "serve", "--model", "openai:fake-1")
Table = dict[tuple[str, bool, int], list[float]]


def serve_clara(stack: ExitStack, upstream: int, home: Path, **settings: str) -> tuple[int, int]:
    """Start the service; returns its port and process id."""
    port = free_port()
    given = {"CLARA_HOME": str(home), "CLARA_BASE_URL": f"http://127.0.0.1:{upstream}/v1", "CLARA_API_KEY": "x"}
    command = (*CLARA, "--port", str(port))
    process = stack.enter_context(running(*command, port=port, path="/healthz", **given, **settings))
    return port, process.pid


def serve_upstream(stack: ExitStack, latency_s: float) -> int:
    port = free_port()
    stack.enter_context(running(*helper("upstream", port, str(latency_s)), port=port))
    return port


def measure(port: int, body: dict[str, Any], clients: int, seconds: float) -> list[float]:
    def check(status: int, _: bytes) -> None:
        assert status == 200

    asyncio.run(load(port, lambda _: body, clients=clients, seconds=1.0, check=check))
    return asyncio.run(load(port, lambda _: body, clients=clients, seconds=seconds, check=check))


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


def test_what_it_adds(stack: ExitStack, shipped_home: Path) -> None:
    """Three servers before one upstream that answers at once, by turns, so that all see the same machine."""
    upstream = serve_upstream(stack, 0.0)
    bare = free_port()
    stack.enter_context(running(*helper("bare", bare, f"http://127.0.0.1:{upstream}/v1"), port=bare))
    clara, _ = serve_clara(stack, upstream, shipped_home)
    ways = {
        "bare pass-through": (bare, "fake-1"),
        "upstream model": (clara, "fake-1"),
        "clara:direct": (clara, "clara:direct"),
    }
    took: Table = {}
    for _ in range(3):
        for clients in (1, 16, 64):
            for name, (port, model) in ways.items():
                for streamed in (False, True):
                    body = {"model": model, "messages": ASKED, "stream": streamed}
                    took.setdefault((name, streamed, clients), []).extend(measure(port, body, clients, 1.5))
    print(
        "\n| at once | | bare p50 ms | upstream model p50 ms | times | clara:direct p50 ms | adds ms | p95 ms of the three |"
    )
    for streamed in (False, True):
        for clients in (1, 16, 64):
            rows = [took[name, streamed, clients] for name in ways]
            base, passed, direct = (1000 * statistics.median(row) for row in rows)
            tails = " ".join(f"{1000 * statistics.quantiles(row, n=20)[-1]:.1f}" for row in rows)
            print(
                f"| {clients} | {'stream' if streamed else 'whole'} | {base:.2f} | {passed:.2f} | {passed / base:.2f} | "
                f"{direct:.2f} | {direct - base:.2f} | {tails} |"
            )
            assert passed <= 1.5 * base
    alone = [1000 * statistics.median(took[name, False, 1]) for name in ("bare pass-through", "clara:direct")]
    assert alone[1] - alone[0] < 5.0


def test_requests_a_second_beside_litellm(stack: ExitStack, shipped_home: Path, tmp_path: Path) -> None:
    bin_folder = environment("litellm", "litellm[proxy]>=1.80,<2")
    upstream, port = serve_upstream(stack, 0.0), free_port()
    config = tmp_path / "litellm.yaml"
    config.write_text(
        "model_list: [{model_name: fake-1, litellm_params: {model: openai/fake-1, api_key: x, "
        f'api_base: "http://127.0.0.1:{upstream}/v1"}}}}]\n'
    )
    command = (str(bin_folder / "litellm"), "--config", str(config), "--port", str(port), "--num_workers", "1")
    stack.enter_context(running(*command, port=port, path="/health/liveliness", PYTHONUNBUFFERED="1"))
    clara, _ = serve_clara(stack, upstream, shipped_home)
    ways = {"litellm": (port, "fake-1"), "clara:direct": (clara, "clara:direct"), "upstream model": (clara, "fake-1")}
    rates: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(3):
        for name, (at, model) in ways.items():
            took = measure(at, {"model": model, "messages": ASKED}, 16, 4.0)
            rates[name].append(len(took) / 4.0)
    medians = {name: statistics.median(found) for name, found in rates.items()}
    print("\n" + ", ".join(f"{name} {rate:.0f}/s" for name, rate in medians.items()))
    assert medians["clara:direct"] >= 3 * medians["litellm"]


def resident_mb(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.split("VmRSS:")[1].split()[0]) / 1024


def test_two_hundred_streams_for_a_minute(stack: ExitStack, shipped_home: Path) -> None:
    """200 clients that ask one after the other for 60 s, with room for 150 of them: no error, flat memory."""
    upstream = serve_upstream(stack, 0.05)
    limits = {"CLARA_SERVER__CONCURRENCY": "64", "CLARA_SERVER__QUEUE": "86"}
    port, pid = serve_clara(stack, upstream, shipped_home, **limits)
    counts = {200: 0, 429: 0}

    def check(status: int, said: bytes) -> None:
        counts[status] += 1
        assert status == 429 or said.endswith(b"data: [DONE]\n\n")

    def body(_: int) -> dict[str, Any]:
        return {"model": "clara:direct", "messages": ASKED, "stream": True}

    asyncio.run(load(port, body, clients=200, seconds=10.0, check=check))  # until caches and pools are full
    before = resident_mb(pid)
    counts.update({200: 0, 429: 0})
    took = asyncio.run(load(port, body, clients=200, seconds=60.0, check=check))
    after = resident_mb(pid)
    print(
        f"\n200 streams for 60 s: {counts[200]} answered, {counts[429]} told to come again, none failed; "
        f"p50 {1000 * statistics.median(took):.0f} ms; memory {before:.0f} MB before, {after:.0f} MB after"
    )
    assert counts[200] > 0 and counts[429] > 0 and after <= 1.2 * before


async def test_time_to_notice_that_a_client_left(stack: ExitStack, shipped_home: Path) -> None:
    """From the client's close to the moment the service has dropped the upstream call, by the upstream's connections."""
    from tests.fake_openai import FakeOpenAI, Reply

    with FakeOpenAI() as fake:
        fake.script = lambda _: Reply(mode="hang")
        port, _ = serve_clara(stack, int(fake.base_url.split(":")[2].split("/")[0]), shipped_home)
        took = []
        for streamed in (False, True) * 5:
            client = Client(port)
            body = {"model": "clara", "messages": ASKED, "stream": streamed}
            asking = asyncio.create_task(client.post(body))
            await asyncio.to_thread(fake.wait_for, 2)
            left = asyncio.get_running_loop().time()
            await client.aclose()
            await asyncio.to_thread(fake.wait_for, 0)
            took.append(1000 * (asyncio.get_running_loop().time() - left))
            await asyncio.gather(asking, return_exceptions=True)
    print(f"\nupstream calls end {statistics.median(took):.1f} ms after the client left, at most {max(took):.1f} ms")
    assert max(took) < 200
