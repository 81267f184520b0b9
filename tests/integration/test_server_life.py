"""`clara serve` under load, when clients leave, and when it is told to stop."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest

from clara import KnowledgeBase
from tests import fake_openai
from tests.benchmark.serving import Client, free_port, load
from tests.conftest import ROOT
from tests.doctors import kind
from tests.fake_openai import FakeOpenAI, Reply
from tests.integration.test_chat_api import ASKED, WRITTEN, doctor
from tests.serving import Served, serving

KEY = "clinic-key-0123456789abcdef"
MESSAGES = [{"role": "user", "content": ASKED}]


def body(model: str = "clara", **more: Any) -> dict[str, Any]:
    return {"model": model, "messages": MESSAGES, **more}


@contextmanager
def started(fake: FakeOpenAI, base: KnowledgeBase, home: Path, **server: Any) -> Iterator[Served]:
    with serving(base, model="openai:fake-1", base_url=fake.base_url, home=home, attempts=1, server=server) as running:
        yield running


def port_of(served: Served) -> int:
    return int(served.url.rpartition(":")[2])


@pytest.fixture
def fake() -> Iterator[FakeOpenAI]:
    """A provider of this test alone, whose open requests are all this test's."""
    with FakeOpenAI() as server:
        server.script = doctor().serve
        yield server


@pytest.mark.parametrize("sent", [body(), body(stream=True), body("fake-1"), body("fake-1", stream=True), body(n=3)])
async def test_a_client_that_leaves_cancels_its_upstream_calls(
    fake: FakeOpenAI, shipped_kb: KnowledgeBase, tmp_path: Path, sent: dict[str, Any]
) -> None:
    fake.script = lambda _: Reply(mode="hang")
    with started(fake, shipped_kb, tmp_path) as served:
        client = Client(port_of(served))
        asking = asyncio.create_task(client.post(sent))
        calls = {"clara": 2, "fake-1": 1}[sent["model"]] * sent.get("n", 1)
        await asyncio.to_thread(fake.wait_for, calls)
        await client.aclose()
        left = time.perf_counter()
        await asyncio.to_thread(fake.wait_for, 0)
        print(f"\n{calls} upstream calls ended {1000 * (time.perf_counter() - left):.0f} ms after the client left")
        assert fake.abandoned == calls
        await asyncio.gather(asking, return_exceptions=True)
        fake.script = doctor().serve
        async with Client(port_of(served)) as another:
            assert (await another.post(body()))[0] == 200  # and its place is free again
        assert served.service.admission.running == 0


@pytest.mark.parametrize("sent", [body(), body(stream=True)])
async def test_what_a_client_that_leaves_has_used_is_counted(
    fake: FakeOpenAI, shipped_kb: KnowledgeBase, tmp_path: Path, sent: dict[str, Any]
) -> None:
    inner, asked_last = doctor(), threading.Event()

    def script(asked: dict[str, Any]) -> Any:
        if kind(asked["messages"][0]["content"]) != "verify":
            return inner.serve(asked)
        asked_last.set()
        return Reply(mode="hang")

    fake.script = script
    keys = {"clinic": {"key": KEY, "tokens_per_day": 50}}
    with started(fake, shipped_kb, tmp_path, keys=keys) as served:
        client = Client(port_of(served), KEY)
        asking = asyncio.create_task(client.post(sent))
        await asyncio.to_thread(asked_last.wait, 10)
        await client.aclose()
        await asyncio.gather(asking, return_exceptions=True)
        await _until(lambda: served.service.admission.running == 0)
        async with Client(port_of(served), KEY) as again:
            status, said = await again.post(body())
        assert status == 429 and b"tokens_limit" in said
        metrics = served.service.metrics.page().decode()
        assert float(metrics.split('clara_tokens_total{kind="prompt",language=""} ')[1].split()[0]) > 50


async def test_what_waits_for_its_turn_leaves_the_queue_when_its_client_leaves(
    fake: FakeOpenAI, shipped_kb: KnowledgeBase, tmp_path: Path
) -> None:
    fake.script = lambda _: Reply(mode="hang")
    with started(fake, shipped_kb, tmp_path, concurrency=1, queue=5) as served:
        clients = [Client(port_of(served)) for _ in range(3)]
        asking = [asyncio.create_task(client.post(body())) for client in clients]
        await _until(lambda: (served.service.admission.running, served.service.admission.waiting) == (1, 2))
        for client in clients:
            await client.aclose()
        await _until(lambda: (served.service.admission.running, served.service.admission.waiting) == (0, 0))
        await asyncio.gather(*asking, return_exceptions=True)


async def test_what_finds_no_place_is_told_when_to_come_again(
    fake: FakeOpenAI, shipped_kb: KnowledgeBase, tmp_path: Path
) -> None:
    fake.latency_s = 0.3
    with started(fake, shipped_kb, tmp_path, concurrency=2, queue=3) as served:
        async with httpx2.AsyncClient() as client:
            asked = [client.post(f"{served.api}/chat/completions", json=body(), timeout=30) for _ in range(12)]
            replies = await asyncio.gather(*asked)
    statuses = sorted(reply.status_code for reply in replies)
    assert statuses == [200] * 5 + [429] * 7
    refused = [reply for reply in replies if reply.status_code == 429]
    assert all(int(reply.headers["retry-after"]) >= 1 for reply in refused)
    assert {reply.json()["error"]["code"] for reply in refused} == {"overloaded"}


async def test_bodies_under_way_are_no_more_than_can_run_and_wait(
    fake: FakeOpenAI, shipped_kb: KnowledgeBase, tmp_path: Path
) -> None:
    begun = b"POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n"
    with started(fake, shipped_kb, tmp_path, concurrency=1, queue=2) as served:
        writers = []
        for _ in range(3):
            _, writer = await asyncio.open_connection("127.0.0.1", port_of(served))
            writer.write(begun + b'content-length: 500\r\n\r\n{"model":')
            writers.append(writer)
        async with httpx2.AsyncClient(base_url=served.api) as client:
            large = body() | {"padding": "x" * 5_000_000}
            replies = [await client.post("/chat/completions", json=large, timeout=30) for _ in range(2)]
            assert {(reply.status_code, reply.json()["error"]["code"]) for reply in replies} == {(429, "overloaded")}
            assert (await client.get("/models")).status_code == 200
            for writer in writers:
                writer.close()
                await writer.wait_closed()
            await _until(lambda: served.service.admission.inside == 0)
            assert (await client.post("/chat/completions", json=body(), timeout=30)).status_code == 200


async def test_a_client_that_does_not_read_holds_no_place_for_long(
    fake: FakeOpenAI, shipped_kb: KnowledgeBase, tmp_path: Path
) -> None:
    whole = Reply(text="word " * 4_000_000)  # more than the buffers of a connection hold
    fake.script = lambda _: Reply(body=fake_openai._completion({}, whole))
    with started(fake, shipped_kb, tmp_path, request_s=1.0, heartbeat_s=0.2) as served:
        _, writer = await asyncio.open_connection("127.0.0.1", port_of(served))
        sent = json.dumps(body("fake-1")).encode()
        head = b"POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n"
        writer.write(head + b"content-length: %d\r\n\r\n" % len(sent) + sent)
        await _until(lambda: served.service.admission.running == 1)
        await _until(lambda: served.service.admission.running == 0)
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()


async def test_embedding_takes_no_longer_than_a_request_may(
    fake: FakeOpenAI, shipped_kb: KnowledgeBase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    go_on = threading.Event()
    monkeypatch.setattr(shipped_kb.space.embedder, "embed", lambda texts: go_on.wait(30))
    with started(fake, shipped_kb, tmp_path, request_s=0.2) as served:
        try:
            async with httpx2.AsyncClient() as client:
                asked = {"model": "clara", "input": "ojo"}
                reply = await client.post(f"{served.api}/embeddings", json=asked, timeout=10)
        finally:
            go_on.set()
    assert (reply.status_code, reply.json()["error"]["code"]) == (504, "timeout")


async def test_two_hundred_streams_for_a_while(fake: FakeOpenAI, shipped_kb: KnowledgeBase, tmp_path: Path) -> None:
    """None fails, each gets its whole answer, and what does not fit is told so. The benchmark does it for a minute."""
    fake.latency_s = 0.05
    counts = {200: 0, 429: 0}

    def check(status: int, said: bytes) -> None:
        counts[status] += 1
        if status == 200:
            assert said.endswith(b"data: [DONE]\n\n") and WRITTEN[:20].encode() in said

    with started(fake, shipped_kb, tmp_path, concurrency=48, queue=100) as served:
        await load(port_of(served), lambda _: body(stream=True), clients=200, seconds=5, check=check)
        assert (served.service.admission.running, served.service.admission.waiting) == (0, 0)
    assert counts[200] > 100 and counts[429] > 0, counts


@contextmanager
def process(fake: FakeOpenAI, home: Path, **variables: str) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """`clara serve` as a process, once it is ready."""
    port = free_port()
    command = [str(Path(sys.executable).parent / "clara"), "serve", "--model", "openai:fake-1", "--port", str(port)]
    variables = {"CLARA_BASE_URL": fake.base_url, "CLARA_HOME": str(home), "CLARA_ATTEMPTS": "1", **variables}
    with subprocess.Popen(
        command, cwd=home.parent, env=os.environ | variables, stderr=subprocess.PIPE, text=True
    ) as running:
        assert running.stderr is not None
        lines: list[str] = []
        for line in running.stderr:
            lines.append(line)
            if "Uvicorn running" in line:
                break
        else:
            raise RuntimeError("".join(lines))
        drain = threading.Thread(target=lambda: lines.extend(running.stderr or ()), daemon=True)
        drain.start()
        try:
            yield running, port
        finally:
            running.kill()
            running.wait(10)
            drain.join(10)


async def test_sigterm_loses_no_accepted_request(fake: FakeOpenAI, shipped_home: Path) -> None:
    fake.script = lambda asked: Reply(text=doctor().serve(asked), delay_s=0.5)
    with process(fake, shipped_home) as (running, port):
        sent = [body(), body(stream=True), body("fake-1"), body("clara:direct", stream=True)] * 4
        fake.script = lambda asked: Reply(
            text=str(doctor().serve(asked)) if asked["messages"][0]["role"] == "system" else "plain", delay_s=0.5
        )
        asking = [asyncio.create_task(_ask(port, one)) for one in sent]
        await asyncio.to_thread(fake.wait_for_requests, 24)  # all have come: two first calls for `clara`
        running.send_signal(signal.SIGTERM)
        replies = await asyncio.gather(*asking)
        assert [status for status, _ in replies] == [200] * 16
        for one, (_, said) in zip(sent, replies, strict=True):
            assert said.endswith(b"data: [DONE]\n\n") if one.get("stream") else json.loads(said)["choices"]
        await asyncio.to_thread(running.wait, 20)
        with pytest.raises(OSError):
            await _ask(port, body())


async def _ask(port: int, sent: dict[str, Any]) -> tuple[int, bytes]:
    async with Client(port) as client:
        return await client.post(sent)


def test_the_command_refuses_what_cannot_be_served(tmp_path: Path) -> None:
    command = [str(Path(sys.executable).parent / "clara"), "serve"]
    done = subprocess.run(
        [*command, "--host", "0.0.0.0"], capture_output=True, text=True, cwd=tmp_path, check=False, timeout=60
    )
    assert done.returncode == 2 and "set server.keys" in done.stderr
    with serving(home=tmp_path / "home") as served:
        done = subprocess.run(
            [*command, "--port", str(port_of(served))],
            capture_output=True,
            text=True,
            cwd=ROOT,
            check=False,
            timeout=60,
        )
    assert done.returncode == 2 and "address already in use" in done.stderr.lower()
    assert done.stderr.splitlines()[-1].startswith("error: cannot listen on 127.0.0.1:")


def test_what_keeps_the_service_from_opening_is_said_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    command = [str(Path(sys.executable).parent / "clara"), "serve", "--port", "0"]
    variables = os.environ | {"CLARA_HOME": str(tmp_path / "file")}
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, env=variables, check=False, timeout=60)
    assert done.returncode == 1 and "Traceback" not in done.stderr
    assert "set CLARA_HOME to a writable folder" in done.stderr.splitlines()[-1]


async def _until(happened: Callable[[], bool]) -> None:
    for _ in range(1000):
        if happened():
            return
        await asyncio.sleep(0.01)
    raise TimeoutError("it did not happen")
