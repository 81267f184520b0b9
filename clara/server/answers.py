"""`POST /v1/chat/completions` and `/v1/responses`: one pipeline in two forms."""

from __future__ import annotations

import asyncio
import secrets
import time
from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any, ClassVar

from starlette.types import Receive, Scope, Send

from clara.openai_form import (
    ChatChunks,
    ResponseEvents,
    chat_completion,
    read_responses_request,
    response_object,
)
from clara.server.asking import Ask, Asked, ask_clara, ask_model, replies_of
from clara.server.body import read_json
from clara.server.catalogue import Named, is_openai
from clara.server.connection import while_connected
from clara.server.errors import RequestError, failure_of
from clara.server.exchange import Exchange, exchange_of
from clara.server.replies import send_json
from clara.server.schemas import ChatCompletionRequest, ClaraExtension, ResponsesRequest, checked
from clara.server.service import Service, service_of
from clara.server.streaming import DONE, event_bytes, happenings, send_events
from clara.server.upstream import price_of
from clara.types import Event, Reply

_OPTIONS = ("temperature", "top_p", "seed", "parallel_tool_calls", "response_format", "tools", "tool_choice", "stop")


class _Form(ABC):
    """A form in which replies are asked for and given; one object a request."""

    prefix: ClassVar[str]
    path: ClassVar[str]

    def __init__(self, body: dict[str, Any], explain: bool) -> None:
        self._body, self._explain = body, explain
        self._id = f"{self.prefix}{secrets.token_hex(12)}"
        self._created = int(time.time())
        self._model = body["model"]

    @classmethod
    @abstractmethod
    def check(cls, body: dict[str, Any]) -> ChatCompletionRequest | ResponsesRequest:
        """Check a body's form. Raises RequestError."""

    @classmethod
    @abstractmethod
    def read(cls, body: dict[str, Any], extension: ClaraExtension) -> Asked:
        """Return what a body asks for. Raises InputError."""

    @abstractmethod
    def whole(self, replies: Sequence[Reply]) -> dict[str, Any]:
        """Return the reply's object."""

    @abstractmethod
    def begin(self, count: int) -> list[Mapping[str, Any]]:
        """Return the first events of a stream."""

    @abstractmethod
    def event(self, number: int, event: Event | None) -> list[Mapping[str, Any]]:
        """Return what is shown of something that happened; None is that nothing has, for a while."""

    @abstractmethod
    def end(self, number: int, reply: Reply) -> list[Mapping[str, Any]]:
        """Return the last events of one reply."""

    @abstractmethod
    def close(self, replies: Sequence[Reply]) -> list[Mapping[str, Any]]:
        """Return what comes after all replies."""

    @abstractmethod
    def failed(self, error: Exception) -> list[Mapping[str, Any]]:
        """Return the last events of a stream that fails."""


class ChatForm(_Form):
    """Chat completions."""

    prefix, path = "chatcmpl-", "/chat/completions"

    def __init__(self, body: dict[str, Any], explain: bool) -> None:
        super().__init__(body, explain)
        self._chunks = ChatChunks(
            completion_id=self._id, created=self._created, model=self._model, explain=self._explain
        )

    @classmethod
    def check(cls, body: dict[str, Any]) -> ChatCompletionRequest:
        return checked(ChatCompletionRequest, body)

    @classmethod
    def read(cls, body: dict[str, Any], extension: ClaraExtension) -> Asked:
        options = {name: body[name] for name in _OPTIONS if body.get(name) is not None}
        limit = body.get("max_completion_tokens") or body.get("max_tokens")
        return Asked(
            messages=body["messages"], options=options | ({"max_tokens": limit} if limit else {}),
            count=body.get("n") or 1, extension=extension,
        )  # fmt: skip

    def whole(self, replies: Sequence[Reply]) -> dict[str, Any]:
        return chat_completion(
            replies, completion_id=self._id, created=self._created, model=self._model, explain=self._explain
        )

    def begin(self, count: int) -> list[Mapping[str, Any]]:
        return [self._chunks.begin(number) for number in range(count)]

    def event(self, number: int, event: Event | None) -> list[Mapping[str, Any]]:
        return [self._chunks.waiting(number) if event is None else self._chunks.event(event, number)]

    def end(self, number: int, reply: Reply) -> list[Mapping[str, Any]]:
        return list(self._chunks.end(reply, number))

    def close(self, replies: Sequence[Reply]) -> list[Mapping[str, Any]]:
        wanted = (self._body.get("stream_options") or {}).get("include_usage")
        return [self._chunks.usage(replies)] if wanted else []

    def failed(self, error: Exception) -> list[Mapping[str, Any]]:
        return [failure_of(error).body]


class ResponsesForm(_Form):
    """Responses."""

    prefix, path = "resp_", "/responses"

    def __init__(self, body: dict[str, Any], explain: bool) -> None:
        super().__init__(body, explain)
        self._events = ResponseEvents(
            body, response_id=self._id, created=self._created, model=self._model, explain=explain
        )

    @classmethod
    def check(cls, body: dict[str, Any]) -> ResponsesRequest:
        return checked(ResponsesRequest, body)

    @classmethod
    def read(cls, body: dict[str, Any], extension: ClaraExtension) -> Asked:
        read = read_responses_request(body)
        return Asked(messages=read.messages, options=read.options, extension=extension)

    def whole(self, replies: Sequence[Reply]) -> dict[str, Any]:
        return response_object(
            replies[0], self._body, response_id=self._id, created=self._created, model=self._model,
            explain=self._explain,
        )  # fmt: skip

    def begin(self, count: int) -> list[Mapping[str, Any]]:
        return list(self._events.begin())

    def event(self, number: int, event: Event | None) -> list[Mapping[str, Any]]:
        return [self._events.waiting()] if event is None else list(self._events.event(event))

    def end(self, number: int, reply: Reply) -> list[Mapping[str, Any]]:
        return list(self._events.end(reply))

    def close(self, replies: Sequence[Reply]) -> list[Mapping[str, Any]]:
        return []

    def failed(self, error: Exception) -> list[Mapping[str, Any]]:
        failure = failure_of(error)
        code = "rate_limit_exceeded" if failure.status == 429 else "server_error"  # of that API's own few
        return [self._events.failed(code, failure.message)]


class Answers:
    """The endpoint of a form."""

    def __init__(self, form: type[_Form]) -> None:
        self._form = form

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        service, exchange = service_of(scope), exchange_of(scope)
        limits = service.settings.server
        body, raw = await read_json(scope, receive, limits)
        _check_sizes(body, limits.max_messages, limits.max_choices)
        request = self._form.check(body)
        named = service.catalogue.find(request.model)
        exchange.model, exchange.streamed = request.model, bool(request.stream)
        extension = request.clara or ClaraExtension()
        if limits.log_content:
            exchange.content = {"asked": body.get("messages", body.get("input"))}
        if named.upstream is not None and is_openai(named.upstream):
            await while_connected(receive, _forward(service, exchange, self._form.path, body, raw, send))
            return
        asked = self._form.read(body, extension)
        if named.upstream is not None:
            price = price_of(service.settings, named.upstream)
            ask = ask_model(service.others.get(named.upstream), asked, price)
        else:
            ask = ask_clara(service.clara, asked, _method(service, named, extension))
        answer = _Answer(service, exchange, self._form(body, extension.explain), ask, asked.count)
        await while_connected(receive, (answer.stream if request.stream else answer.whole)(send))


async def _forward(
    service: Service, exchange: Exchange, path: str, body: Mapping[str, Any], raw: bytes, send: Send
) -> None:
    async with service.admission.place(), asyncio.timeout(service.settings.server.request_s):
        await service.upstream.forward(path, body, raw, send, exchange)


@dataclass(frozen=True, slots=True)
class _Answer:
    service: Service
    exchange: Exchange
    form: _Form
    ask: Ask
    count: int

    async def whole(self, send: Send) -> None:
        async with self.service.admission.place(), asyncio.timeout(self.service.settings.server.request_s):
            replies = await replies_of(self.ask, self.count)
        for reply in replies:
            self.exchange.answered(reply)
        await send_json(send, self.form.whole(replies))

    async def stream(self, send: Send) -> None:
        async with self.service.admission.place():
            await send_events(send, self._events(), self._failed)

    async def _events(self) -> AsyncGenerator[bytes, None]:
        limits = self.service.settings.server
        ends = time.monotonic() + limits.request_s
        replies: dict[int, Reply] = {}
        for event in self.form.begin(self.count):
            yield event_bytes(event)
        async with aclosing(happenings(self.ask, self.count, limits.heartbeat_s)) as making:
            async for number, happened in making:
                if isinstance(happened, Reply):
                    replies[number] = happened
                    self.exchange.answered(happened)
                    shown = self.form.end(number, happened)
                else:
                    shown = self.form.event(number, happened)
                for event in shown:
                    yield event_bytes(event)
                if time.monotonic() > ends:
                    raise TimeoutError
        for event in self.form.close([replies[number] for number in sorted(replies)]):
            yield event_bytes(event)
        yield DONE

    async def _failed(self, error: Exception) -> AsyncIterator[bytes]:
        for event in self.form.failed(error):
            yield event_bytes(event)


def _method(service: Service, named: Named, extension: ClaraExtension) -> str:
    method = extension.method or named.method or ""
    if method not in service.catalogue.methods:
        known = ", ".join(sorted(service.catalogue.methods))
        raise RequestError(400, "unknown_method", f"no such method here; choose one of {known}", param="clara.method")
    return method


def _check_sizes(body: Mapping[str, Any], most_messages: int, most_choices: int) -> None:
    """Refuse what is too much before it is looked at closely. Raises RequestError (400)."""
    for name in ("messages", "input"):
        given = body.get(name)
        if isinstance(given, list) and len(given) > most_messages:
            raise RequestError(
                400, "too_many_messages", f"{len(given)} {name}; at most {most_messages} are read", param=name
            )
    if isinstance(body.get("n"), int) and body["n"] > most_choices:
        raise RequestError(400, "too_many_choices", f"n is at most {most_choices} here", param="n")
