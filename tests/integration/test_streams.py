"""`Clara.chat_stream` and `achat_stream` over real HTTP: what happens, in order, and what leaving them ends."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

from clara import Clara, Event, KnowledgeBase, Reply
from clara.errors import InputError, ModelStatusError
from tests import fake_openai
from tests.agreeable import ANSWER, ASKED, FIRST, SECOND, Agreeable
from tests.fake_openai import Body, FakeOpenAI

MESSAGES = [{"role": "user", "content": ASKED}]


@pytest.fixture
def clara(openai_server: FakeOpenAI, shipped_kb: KnowledgeBase) -> Iterator[Clara]:
    openai_server.script = Agreeable().serve
    given: dict[str, Any] = {"base_url": openai_server.base_url, "api_key": "sk-test", "attempts": 1}
    with Clara("openai:fake-1", knowledge=shipped_kb, **given) as made:
        yield made


def hanging(mark: str) -> Any:
    """Return a script that never answers the calls whose system text holds `mark`."""
    inner = Agreeable()

    def script(body: Body) -> Any:
        if mark in str(body["messages"][0]["content"]):
            return fake_openai.Reply(mode="hang")
        return inner.serve(body)

    return script


def told(happened: list[Event | Reply]) -> list[str]:
    *events, reply = happened
    assert isinstance(reply, Reply) and reply.text == ANSWER and all(isinstance(event, Event) for event in events)
    assert any(isinstance(event, Event) and event.kind == "started" for event in events)
    return [event.data["text"] for event in events if isinstance(event, Event) and event.kind == "sentence"]


def test_events_come_in_order_and_the_reply_last(clara: Clara) -> None:
    seen: list[Event] = []
    with clara.chat_stream(MESSAGES, observers=[seen.append]) as stream:
        assert told(list(stream)) == [FIRST, f" {SECOND}"]
        assert list(stream) == []
    assert any(event.kind == "sentence" for event in seen)  # the request's own observers are told too


async def test_the_same_in_an_event_loop(clara: Clara) -> None:
    async with clara.achat_stream(MESSAGES) as stream:
        assert told([happened async for happened in stream]) == [FIRST, f" {SECOND}"]
        assert [happened async for happened in stream] == []
    await clara.aclose()


def test_leaving_ends_what_is_under_way(openai_server: FakeOpenAI, clara: Clara) -> None:
    openai_server.script = hanging("You check medical claims")
    with clara.chat_stream(MESSAGES) as stream:
        openai_server.wait_for_requests(4)
        next(stream)
    openai_server.wait_for(0)
    assert openai_server.abandoned == 1 and list(stream) == []


async def test_leaving_in_an_event_loop_waits_for_the_end(openai_server: FakeOpenAI, clara: Clara) -> None:
    openai_server.script = hanging("You check medical claims")
    before = asyncio.all_tasks()
    async with clara.achat_stream(MESSAGES) as stream:
        await asyncio.to_thread(openai_server.wait_for_requests, 4)
        await anext(stream)
    assert asyncio.all_tasks() == before
    await asyncio.to_thread(openai_server.wait_for, 0)
    assert openai_server.abandoned == 1
    await clara.aclose()


def test_a_failure_is_raised_where_the_reply_would_be(openai_server: FakeOpenAI, clara: Clara) -> None:
    openai_server.script = lambda _: fake_openai.Reply(status=500)
    with clara.chat_stream(MESSAGES) as stream, pytest.raises(ModelStatusError):
        list(stream)
    with clara.chat_stream([]) as stream, pytest.raises(InputError):
        next(stream)
