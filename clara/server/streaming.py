"""Answers in the making, as server-sent events that are never silent for long."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from contextlib import aclosing
from typing import Any

from pydantic_core import to_json
from starlette.types import Send

from clara.server.asking import Ask
from clara.types import Event, Reply

Happening = tuple[int, Event | Reply | None]
_OPENING_S = 0.25
DONE = b"data: [DONE]\n\n"
_LINE_ENDS = re.compile(b"\xc2\x85|\xe2\x80[\xa8\xa9]")
"""U+0085, U+2028 and U+2029: JSON may hold them as they are, and clients that split text into lines split there."""
STREAM_HEADERS = [
    (b"cache-control", b"no-cache"),
    (b"x-accel-buffering", b"no"),  # or a proxy holds the events back
]


async def happenings(ask: Ask, count: int, heartbeat_s: float) -> AsyncGenerator[Happening, None]:
    """Make `count` replies at once, and yield with each one's number what happens and in the end the reply.

    None where nothing happened for `heartbeat_s`, and soon where nothing happens at first: what fails before could
    still be answered with its own status. Closing it, or the first that fails, cancels all.
    """
    queue: asyncio.Queue[tuple[int, Event | Reply | Exception]] = asyncio.Queue()

    async def make(number: int) -> None:
        try:
            queue.put_nowait((number, await ask(number, [lambda event: queue.put_nowait((number, event))])))
        except Exception as error:  # raised where it is taken out
            queue.put_nowait((number, error))

    tasks = [asyncio.create_task(make(number)) for number in range(count)]
    left, patience_s = count, min(_OPENING_S, heartbeat_s)
    try:
        while left:
            try:
                async with asyncio.timeout(patience_s):
                    number, happened = await queue.get()
            except TimeoutError:
                yield 0, None
                continue
            finally:
                patience_s = heartbeat_s
            if isinstance(happened, Exception):
                raise happened
            left -= isinstance(happened, Reply)
            yield number, happened
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def event_bytes(value: Mapping[str, Any]) -> bytes:
    """Return one event: `data:` alone, since clients stumble over `id:`, `event:` and `retry:`."""
    return b"data: " + _LINE_ENDS.sub(_escaped, to_json(value)) + b"\n\n"


def _escaped(found: re.Match[bytes]) -> bytes:
    return b"\\u%04x" % ord(found[0].decode())


async def send_events(
    send: Send, events: AsyncGenerator[bytes, None], on_failure: Callable[[Exception], AsyncIterator[bytes]]
) -> None:
    """Send a stream. A failure before its first event is raised; a later one is its last event, and raised after it.

    on_failure: makes the events that say so.
    """
    failed: Exception | None = None
    async with aclosing(events):
        first = await anext(events)
        headers = [(b"content-type", b"text/event-stream; charset=utf-8"), *STREAM_HEADERS]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        try:
            await send({"type": "http.response.body", "body": first, "more_body": True})
            async for piece in events:
                await send({"type": "http.response.body", "body": piece, "more_body": True})
        except Exception as error:
            failed = error
            async for piece in on_failure(error):
                await send({"type": "http.response.body", "body": piece, "more_body": True})
    await send({"type": "http.response.body", "body": b"", "more_body": False})
    if failed is not None:
        raise failed
