"""One request of an application: its provider as a `ChatModel`, asked through the application's own HTTP client."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

from clara.errors import ModelUnreachable
from clara.integrations.blocking import each, waited
from clara.integrations.openai.forms import Body, Form, read_events
from clara.models import Call, Completion, Show
from clara.models.langchain import map_error

_NOT_COPIED = ("content-length", "content-type", "content-encoding", "transfer-encoding", "idempotency-key")


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """A whole response of the provider, to be handed on as it came."""

    status: int
    headers: list[tuple[str, str]]
    content: bytes


class Upstream:
    """The HTTP client of the application, which asks without blocking, of whichever kind it is."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self._is_async = hasattr(client, "aclose")

    def like(self, request: Any, body: Body) -> Any:
        """Return a request with the address and headers of another, and a body of its own."""
        headers = {name: value for name, value in request.headers.items() if name.lower() not in _NOT_COPIED}
        return self._client.build_request(
            "POST", request.url, headers=headers, json=body, extensions=dict(request.extensions)
        )

    async def send(self, request: Any) -> Any:
        """Return a response whose body has not been read; `close` it."""
        if self._is_async:
            return await self._client.send(request, stream=True)
        return await waited(self._client.send, request, stream=True)

    async def read(self, response: Any) -> bytes:
        """Return a body, decoded."""
        return bytes(await (response.aread() if self._is_async else waited(response.read)))

    async def lines(self, response: Any) -> AsyncIterator[str]:
        """Yield a body's lines as they arrive."""
        if self._is_async:
            async for line in response.aiter_lines():
                yield line
            return
        async for line in each(response.iter_lines()):
            yield line

    async def close(self, response: Any) -> None:
        """Release the connection."""
        await (response.aclose() if self._is_async else waited(response.close))


class Asked:
    """The model that a request names.

    own: the provider's response to the application's own call: tool calls are the application's to read as they came.
    """

    def __init__(self, upstream: Upstream, form: Form, request: Any, body: Body) -> None:
        self._upstream, self._form, self._request, self._body = upstream, form, request, body
        self.name = str(body.get("model"))
        self.own: Received | None = None
        self._asking = asyncio.Lock()
        self._failures: list[tuple[Exception, Received]] = []

    async def complete(self, call: Call, show: Show | None = None) -> Completion:
        """Ask the provider. Raises ModelError."""
        try:
            return await (self._application_s() if call.messages else self._beside(call, show))
        except _Refused as refused:
            error = map_error(refused.error, self.name)
            self._failures.append((error, refused.received))
        except Exception as other:
            error = map_error(other, self.name)
        raise error from None

    def response_to(self, error: Exception) -> Received | None:
        """Return the provider's response that an error stands for."""
        return next((received for known, received in self._failures if known is error), None)

    async def _application_s(self) -> Completion:
        """Make the application's call as it stands, once for however many choices it asks for."""
        async with self._asking:
            if self.own is None:
                response = await self._send({name: value for name, value in self._body.items() if name != "clara"})
                try:
                    self.own = _received(response, await self._upstream.read(response))
                finally:
                    await self._upstream.close(response)
        if self._body.get("stream"):
            return self._read(self._form.assembled(list(read_events(self.own.content.decode().splitlines()))))
        return self._read(json.loads(self.own.content))

    async def _beside(self, call: Call, show: Show | None) -> Completion:
        """Make a call of CLARA's own."""
        body = {name: self._body[name] for name in self._form.kept if name in self._body} | self._form.call(call)
        if show is not None:
            body["stream"] = True
            body |= {"stream_options": {"include_usage": True}} if self._form.path == "/chat/completions" else {}
        response = await self._send(body)
        try:
            if show is None:
                return self._read(json.loads(await self._upstream.read(response)))
            events: list[Body] = []
            async for line in self._upstream.lines(response):
                for event in read_events([line]):
                    events.append(event)
                    if piece := self._form.piece(event):
                        show(piece)
            return self._read(self._form.assembled(events))
        finally:
            await self._upstream.close(response)

    async def _send(self, body: Body) -> Any:
        response = await self._upstream.send(self._upstream.like(self._request, body))
        if response.status_code >= 400:
            try:
                received = _received(response, await self._upstream.read(response))
            finally:
                await self._upstream.close(response)
            try:
                response.raise_for_status()
            except Exception as error:
                raise _Refused(error, received) from None
        return response

    def _read(self, reply: Body | None) -> Completion:
        if reply is None:
            raise ModelUnreachable(f"{self.name}: the reply broke off before its end")
        return self._form.completion(reply, self.name)

    async def aclose(self) -> None:
        """The client is the application's to close."""


class _Refused(Exception):
    """A response with an error status."""

    def __init__(self, error: Exception, received: Received) -> None:
        super().__init__(str(error))
        self.error, self.received = error, received


def _received(response: Any, content: bytes) -> Received:
    decoded = ("content-encoding", "content-length", "transfer-encoding")
    headers = [(name, value) for name, value in response.headers.items() if name.lower() not in decoded]
    return Received(status=response.status_code, headers=headers, content=content)
