"""`POST /v1/chat/completions` and `/v1/responses`: one pipeline, whatever the form."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

from starlette.types import Receive, Scope, Send

from clara.server.asking import Ask, ask_clara, ask_model, replies_of
from clara.server.body import read_json
from clara.server.catalogue import Named, is_openai
from clara.server.connection import while_connected
from clara.server.errors import RequestError
from clara.server.exchange import Exchange, exchange_of
from clara.server.forms import Form
from clara.server.metering import price_of
from clara.server.replies import send_json
from clara.server.schemas import ClaraExtension
from clara.server.service import Service, service_of
from clara.server.streaming import DONE, event_bytes, happenings, send_events
from clara.types import Event, Reply


class Answers:
    """The endpoint of a form."""

    def __init__(self, form: type[Form]) -> None:
        self._form = form

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        with service_of(scope).admission.entry():
            await self._answer(scope, receive, send)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        service, exchange = service_of(scope), exchange_of(scope)
        limits = service.settings.server
        body, raw = await read_json(scope, receive, limits)
        _check_length(body, limits.max_messages)
        request = self._form.check(body)
        named = service.catalogue.find(request.model)
        exchange.model, exchange.streamed = request.model, bool(request.stream)
        extension = request.clara or ClaraExtension()
        if limits.log_content:
            exchange.content = {"asked": body.get("messages", body.get("input"))}
        if named.upstream is not None and is_openai(named.upstream):
            await while_connected(receive, _forward(service, exchange, self._form.path, body, raw, send))
            return
        body |= request.numbers()
        asked = self._form.read(body, extension)
        if asked.count > limits.max_choices:
            raise RequestError(400, "too_many_choices", f"n is at most {limits.max_choices} here", param="n")
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
    form: Form
    ask: Ask
    count: int

    async def whole(self, send: Send) -> None:
        async with self.service.admission.place(), asyncio.timeout(self.service.settings.server.request_s):
            replies = await replies_of(self.ask, self.count)
            self.exchange.replies = replies
            await send_json(send, self.form.whole(replies))

    async def stream(self, send: Send) -> None:
        limits = self.service.settings.server
        # What takes too long ends with an event that says so; a client that does not read it is left without.
        async with self.service.admission.place(), asyncio.timeout(limits.request_s + limits.heartbeat_s):
            await send_events(send, self._events(), self._failed)

    async def _events(self) -> AsyncGenerator[bytes, None]:
        limits = self.service.settings.server
        ends = time.monotonic() + limits.request_s
        replies: dict[int, Reply] = {}
        opened = False
        try:
            async with aclosing(happenings(self.ask, self.count, limits.heartbeat_s)) as making:
                async for number, happened in making:
                    if not opened and _is_failed_call(happened):
                        continue  # its error may come next, and have a status of its own
                    if not opened:
                        opened = True
                        for event in self.form.begin(self.count):
                            yield event_bytes(event)
                    if isinstance(happened, Reply):
                        replies[number] = happened
                        shown = self.form.end(number, happened)
                    else:
                        shown = self.form.event(number, happened)
                    for event in shown:
                        yield event_bytes(event)
                    if time.monotonic() > ends:
                        raise TimeoutError
        finally:
            self.exchange.replies = [replies[number] for number in sorted(replies)]
        for event in self.form.close(self.exchange.replies):
            yield event_bytes(event)
        yield DONE

    async def _failed(self, error: Exception) -> AsyncIterator[bytes]:
        for event in self.form.failed_with(error):
            yield event_bytes(event)


def _is_failed_call(happened: Event | Reply | None) -> bool:
    return isinstance(happened, Event) and happened.kind == "call" and happened.data["outcome"] != "ok"


def _method(service: Service, named: Named, extension: ClaraExtension) -> str:
    method = extension.method or named.method or ""
    if method not in service.catalogue.methods:
        known = ", ".join(sorted(service.catalogue.methods))
        why = "" if service.clara.models else " (the others need a model: set model)"
        raise RequestError(
            400, "unknown_method", f"no such method here; choose one of {known}{why}", param="clara.method"
        )
    return method


def _check_length(body: Mapping[str, Any], most_messages: int) -> None:
    """Refuse too many messages before they are looked at closely. Raises RequestError (400)."""
    for name in ("messages", "input"):
        given = body.get(name)
        if isinstance(given, list) and len(given) > most_messages:
            raise RequestError(
                400, "too_many_messages", f"{len(given)} {name}; at most {most_messages} are read", param=name
            )
