"""What an application is answered: the response to one request, whole or as a stream."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any, Self

from clara.engine import Clara
from clara.engine.streams import AsyncStream
from clara.errors import ClaraError, ConfigError, InputError, ModelError
from clara.integrations.borrowed import check_options, lend
from clara.integrations.openai.asked import Asked, Upstream
from clara.integrations.openai.forms import FORMS, Body, Form
from clara.openai_form import Replies
from clara.types import Event, Reply

_ALLOWED = ("method", "languages", "country", "policy", "budget", "explain")
_STREAM = [("content-type", "text/event-stream; charset=utf-8")]
_FINAL = [("content-type", "application/json"), ("x-should-retry", "false")]  # each call has been tried again already


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """A response. content: whole, or a stream to be closed."""

    status: int = 200
    headers: Sequence[tuple[str, str]] = ()
    content: bytes | StreamedReplies


def form_of(method: str, path: str) -> Form | None:
    """Return the form of a request that CLARA answers; None for one that is the provider's alone."""
    return next((form for form in FORMS if method == "POST" and path.endswith(form.path)), None)


class Answering:
    """Answers requests with an engine. options: of every request that does not say otherwise. Raises ConfigError."""

    def __init__(self, engine: Clara, upstream: Upstream, options: Mapping[str, Any]) -> None:
        self._engine, self._upstream, self._options = engine, upstream, _told(options)
        check_options(engine, {name: value for name, value in self._options.items() if name != "explain"})

    async def answer(self, form: Form, request: Any, body: Body) -> Answered:
        """Return the response to a request, once there is something to say; a failure is one in the provider's form."""
        asked = Asked(self._upstream, form, request, body)
        try:
            read = form.read(body)
            told = self._options | _told(body.get("clara") or {})
            explain = bool(told.pop("explain", False))
            options = read.options | told
            streams = [
                lend(asked).run(self._engine.achat_stream, read.messages, **options, sample=str(number or ""))
                for number in range(read.count)
            ]
            return await self._answer(form, asked, body, streams, explain)
        except ClaraError as error:
            return _failed(asked, error)

    async def _answer(
        self, form: Form, asked: Asked, body: Body, streams: Sequence[AsyncStream[Reply]], explain: bool
    ) -> Answered:
        async with AsyncExitStack() as stack:
            for stream in streams:
                await stack.enter_async_context(stream)
            if not body.get("stream"):
                replies = await asyncio.gather(*(_reply(stream) for stream in streams))
                if passed_on := _passed_on(asked, replies[0]):
                    return passed_on
                whole = json.dumps(form.replies(body, explain).whole(replies), ensure_ascii=False, default=str)
                return Answered(headers=[("content-type", "application/json")], content=whole.encode())
            first = await _first(streams[0])
            if isinstance(first, Reply) and (passed_on := _passed_on(asked, first)):
                return passed_on
            made = StreamedReplies(form, form.replies(body, explain), streams, first, stack.pop_all())
            return Answered(headers=_STREAM, content=made)


class StreamedReplies:
    """The pieces of one streamed response. Replies follow one another; all are made at once.

    first: what was taken from the first stream to see that there is something to say.
    stack: holds the streams open; closing cancels what is under way.
    """

    def __init__(
        self,
        form: Form,
        replies: Replies,
        streams: Sequence[AsyncStream[Reply]],
        first: Event | Reply,
        stack: AsyncExitStack,
    ) -> None:
        self._form, self._replies, self._streams, self._stack = form, replies, streams, stack
        self._pieces = self._made(first)

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes:
        return await anext(self._pieces)

    async def aclose(self) -> None:
        """Cancel what is under way."""
        await self._stack.aclose()  # first, since pieces that are just being waited for cannot be closed
        await self._pieces.aclose()

    async def _made(self, first: Event | Reply) -> AsyncGenerator[bytes, None]:
        try:
            async for event in self._events(first):
                yield _line(event)
        except ClaraError as error:
            yield _line(self._form.failed(self._replies, str(error)))
        yield b"data: [DONE]\n\n"

    async def _events(self, first: Event | Reply) -> AsyncIterator[Body]:
        replies = []
        for event in self._replies.begin(len(self._streams)):
            yield event
        for number, stream in enumerate(self._streams):
            happened: Event | Reply = await _first(stream) if number else first
            while not isinstance(happened, Reply):
                for event in self._replies.event(number, happened):
                    yield event
                happened = await _first(stream)
            replies.append(happened)
            for event in self._replies.end(number, happened):
                yield event
        for event in self._replies.close(replies):
            yield event


async def _first(stream: AsyncStream[Reply]) -> Event | Reply:
    """Return the next sentence, or the reply."""
    while True:
        happened = await anext(stream)
        if isinstance(happened, Reply) or happened.kind == "sentence":
            return happened


async def _reply(stream: AsyncStream[Reply]) -> Reply:
    while not isinstance(happened := await anext(stream), Reply):
        pass
    return happened


def _told(told: Any) -> dict[str, Any]:
    """Return what is said to CLARA alone. Raises InputError."""
    if not isinstance(told, Mapping) or (unknown := set(told) - {*_ALLOWED}):
        named = f" {min(unknown)[:40]!r}" if isinstance(told, Mapping) else ""
        raise InputError(f"clara{named}: give an object with any of {', '.join(_ALLOWED)}")
    return {name: value for name, value in told.items() if value is not None}


def _passed_on(asked: Asked, reply: Reply) -> Answered | None:
    """Return tool calls as the provider gave them."""
    if not reply.tool_calls or asked.own is None:
        return None
    return Answered(headers=asked.own.headers, content=asked.own.content)


def _failed(asked: Asked, error: ClaraError) -> Answered:
    """Return a failure: the provider's own response where that is what failed."""
    if (held := asked.response_to(error)) is not None:
        return Answered(status=held.status, headers=[*held.headers, ("x-should-retry", "false")], content=held.content)
    status = 400 if isinstance(error, ConfigError) else 502 if isinstance(error, ModelError) else 500
    kind = "invalid_request_error" if status == 400 else "server_error"
    told = {"error": {"message": str(error), "type": kind, "param": None, "code": type(error).__name__}}
    return Answered(status=status, headers=_FINAL, content=json.dumps(told, ensure_ascii=False).encode())


def _line(event: Body) -> bytes:
    return b"data: " + json.dumps(event, ensure_ascii=False, default=str).encode() + b"\n\n"
