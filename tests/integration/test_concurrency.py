"""Many questions through one engine: what they share, and what is left of them once nobody wants the answers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from clara import Clara
from clara.errors import ModelError
from clara.models import openai
from tests.fake_openai import FakeOpenAI, Reply, Script
from tests.integration.test_clara_method import OPTIONS, QUESTION, doctor


@pytest.fixture
async def server() -> AsyncIterator[FakeOpenAI]:
    """A server of this test alone, whose connections are all this test's."""
    with FakeOpenAI() as server:
        server.script = doctor().serve
        yield server


def engine(server: FakeOpenAI, home: Path, **settings: Any) -> Clara:
    return Clara("openai:fake-1", base_url=server.base_url, home=home, **settings)


async def ask(clara: Clara) -> str | None:
    return (await clara.aask(QUESTION, options=OPTIONS)).choice


async def test_an_engine_shares_one_client_and_opens_no_more_connections_than_calls_at_once(
    server: FakeOpenAI, shipped_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[httpx2.AsyncClient] = []
    monkeypatch.setattr(httpx2.AsyncClient, "__init__", _noting(opened))
    server.latency_s = 0.02
    async with engine(server, shipped_home) as clara:
        for _ in range(5):
            assert await ask(clara) == "ख"
        assert server.connections == 2  # a translation and a draft at once, on the same two all the time
        assert await asyncio.gather(*(ask(clara) for _ in range(16))) == ["ख"] * 16
        assert server.most_open <= server.connections <= 32
    assert len(server.requests) == 3 * 21
    assert [client.is_closed for client in opened] == [True]
    await asyncio.to_thread(server.wait_for_connections, 0)


def _noting(opened: list[httpx2.AsyncClient]) -> object:
    init = httpx2.AsyncClient.__init__

    def noting(self: httpx2.AsyncClient, *args: object, **options: object) -> None:
        opened.append(self)
        init(self, *args, **options)  # type: ignore[arg-type]

    return noting


async def test_cancelling_answers_closes_every_call_behind_them(server: FakeOpenAI, shipped_home: Path) -> None:
    async with engine(server, shipped_home) as clara:
        server.script = lambda _: Reply(mode="hang")
        asked = [asyncio.create_task(ask(clara)) for _ in range(16)]
        await asyncio.to_thread(server.wait_for, 32)  # a translation and a draft each
        for task in asked:
            task.cancel()
        ended = await asyncio.gather(*asked, return_exceptions=True)
        assert all(isinstance(error, asyncio.CancelledError) for error in ended)
        await asyncio.to_thread(server.wait_for, 0)
        assert server.abandoned == 32
        server.script = doctor().serve
        assert await ask(clara) == "ख"  # and others can still be asked
    assert len(server.requests) == 32 + 3


async def test_an_answer_whose_draft_fails_for_good_leaves_no_call_behind(
    server: FakeOpenAI, shipped_home: Path
) -> None:
    server.script = lambda _: Reply(status=401)
    async with engine(server, shipped_home) as clara:
        with pytest.raises(ModelError):
            await ask(clara)
        await asyncio.to_thread(server.wait_for, 0)


async def test_no_place_is_lost_to_calls_that_fail_hang_or_are_cancelled(
    server: FakeOpenAI, shipped_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(openai, "_CONNECTIONS", 2)
    async with engine(server, shipped_home, attempts=1, timeout_s=10.0) as clara:
        for fault in (Reply(status=500), Reply(mode="drop"), Reply(mode="truncate", text="{}"), Reply(body=b"{")):
            server.script = _always(fault)
            with pytest.raises(ModelError):
                await ask(clara)
        server.script = lambda _: Reply(mode="hang")
        asked = [asyncio.create_task(ask(clara)) for _ in range(8)]
        await asyncio.to_thread(server.wait_for, 2)  # the other calls wait for a place
        for task in asked:
            task.cancel()
        await asyncio.gather(*asked, return_exceptions=True)
        server.script = doctor().serve
        assert await asyncio.gather(*(ask(clara) for _ in range(8))) == ["ख"] * 8
    assert server.most_open == 2


def _always(reply: Reply) -> Script:
    return lambda _: reply


async def test_connections_that_are_left_over_are_closed(
    server: FakeOpenAI, shipped_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.latency_s = 0.02
    async with engine(server, shipped_home) as clara:
        await asyncio.gather(*(ask(clara) for _ in range(8)))
        assert server.connected > 4
        monkeypatch.setattr(openai, "_LEFT_OVER_S", 0.0)
        for _ in range(8):  # one is closed for each of their 24 calls
            assert await ask(clara) == "ख"
        await asyncio.to_thread(server.wait_for_connections, 2)


async def test_a_connection_that_the_server_closed_is_not_used_again(server: FakeOpenAI, shipped_home: Path) -> None:
    inner = doctor().serve
    server.script = lambda body: Reply(text=inner(body), headers={"connection": "close"})
    async with engine(server, shipped_home, attempts=1) as clara:
        assert await ask(clara) == "ख"
    assert server.connections == len(server.requests) == 3


@pytest.mark.parametrize("variable", ["HTTP_PROXY", "ALL_PROXY"])
async def test_calls_go_through_the_proxy_of_the_environment(
    server: FakeOpenAI, shipped_home: Path, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    monkeypatch.setenv(variable, server.base_url.removesuffix("/v1"))
    async with Clara("openai:fake-1", base_url="http://model.example/v1", home=shipped_home) as clara:
        assert await ask(clara) == "ख"
    assert len(server.requests) == 3
