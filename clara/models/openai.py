"""OpenAI and servers that speak its API, asked through the `openai` client as LangChain sets it up.

LangChain builds the model and knows what each option is called for each model; its own work on a call, and the
client's on turning typed values into the same JSON again, cost more CPU than everything else in an answer.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping
from typing import TYPE_CHECKING, Any
from urllib.request import getproxies

import httpx2

from clara.errors import ModelUnreachable
from clara.models.base import Call, Completion, Show
from clara.models.langchain import LangChainModel
from clara.models.wire import wire_messages
from clara.sdk import openai_http

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

_CONNECTIONS = 1000
_ONE = httpx2.Limits(max_connections=1)
_LEFT_OVER_S = 30.0


class OpenAIModel(LangChainModel):
    """A chat completions model built by LangChain, called with as little as possible in between.

    A model that needs the Responses API goes LangChain's way.
    """

    _payload: dict[str, Any] | None = None  # what every request holds but its messages

    async def _complete(self, model: BaseChatModel, call: Call) -> Completion:
        if (body := self._body(model, call)) is None:
            return await super()._complete(model, call)
        client: Any = model.root_async_client  # type: ignore[attr-defined]
        response = await client.post("/chat/completions", body=body, cast_to=openai_http().Response)
        reply = response.json()
        choice, usage = reply["choices"][0], reply.get("usage") or {}
        message = choice["message"]
        return Completion(
            text=_text(message),
            model=self.name,
            prompt_tokens=usage.get("prompt_tokens") or 0,
            completion_tokens=usage.get("completion_tokens") or 0,
            truncated=choice.get("finish_reason") == "length",
            tool_calls=tuple(message.get("tool_calls") or ()),
        )

    async def _stream(self, model: BaseChatModel, call: Call, show: Show) -> Completion:
        if (body := self._body(model, call)) is None:
            return await super()._stream(model, call, show)
        from openai import AsyncStream

        client: Any = model.root_async_client  # type: ignore[attr-defined]
        body |= {"stream": True, "stream_options": {"include_usage": True}}
        text, finish, usage = "", None, dict[str, Any]()
        stream = await client.post(
            "/chat/completions", body=body, cast_to=object, stream=True, stream_cls=AsyncStream[object]
        )
        async with stream:
            async for chunk in stream:
                usage = chunk.get("usage") or usage
                for choice in chunk.get("choices") or ():  # the chunk that holds the usage has none
                    piece = _text(choice.get("delta") or {})
                    finish = choice.get("finish_reason") or finish
                    text += piece
                    if piece:
                        show(piece)
        if finish is None:
            raise ModelUnreachable(f"{self.name}: the reply broke off before its end")
        return Completion(
            text=text,
            model=self.name,
            prompt_tokens=usage.get("prompt_tokens") or 0,
            completion_tokens=usage.get("completion_tokens") or 0,
            truncated=finish == "length",
        )

    def _body(self, model: BaseChatModel, call: Call) -> dict[str, Any] | None:
        """Return the request; None for a model that uses the Responses API."""
        if self._payload is None:
            self._payload = _payload(model)
        return self._payload | _named(call.options) | {"messages": wire_messages(call)} if self._payload else None


def _text(message: Mapping[str, Any]) -> str:
    """Return what a message, or a piece of one, says; of content in parts, as reasoning models send it, the text."""
    content = message.get("content")
    if isinstance(content, list):
        content = "".join(part.get("text") or "" for part in content if part.get("type") == "text")
    return content or message.get("refusal") or ""


def _named(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return a call's options as they are sent. The limit of a reply goes by its newer name, as with LangChain."""
    named = dict(options)
    if "max_tokens" in named:
        named["max_completion_tokens"] = named.pop("max_tokens")
    return named


def _payload(model: Any) -> dict[str, Any]:
    """Return what every request of a model holds but its messages; nothing for one that uses the Responses API."""
    from langchain_core.messages import HumanMessage

    payload: dict[str, Any] = model._get_request_payload([HumanMessage("-")])
    return {} if model._use_responses_api(payload) else payload


def open_model_client(timeout_s: float) -> Any:
    """Open the HTTP client that `openai` is to send with, of the library that it knows."""
    if (http := openai_http()) is httpx2:
        return open_client(timeout_s)
    limits = http.Limits(max_connections=_CONNECTIONS, max_keepalive_connections=_CONNECTIONS)
    return http.AsyncClient(timeout=timeout_s, limits=limits)


def open_client(timeout_s: float) -> httpx2.AsyncClient:
    """Open the HTTP client that all calls of one event loop share; behind a proxy it is httpx's own."""
    if {"http", "https", "all"} & getproxies().keys():  # a client that is given a transport looks for no proxy
        limits = httpx2.Limits(max_connections=_CONNECTIONS, max_keepalive_connections=_CONNECTIONS)
        return httpx2.AsyncClient(timeout=timeout_s, limits=limits)
    return httpx2.AsyncClient(timeout=timeout_s, transport=LastFirst())


class LastFirst(httpx2.AsyncBaseTransport):
    """Connections as a stack: a request takes the one used last, and opens another where none is free.

    httpx's pool looks at each of its connections twice for every request, so that one with hundreds spends its time
    on that. Here each connection is a pool of its own, which still tells one that the server closed.
    """

    def __init__(self) -> None:
        self._ssl = httpx2.create_ssl_context()  # takes as long as ten calls: one for all
        self._places = asyncio.Semaphore(_CONNECTIONS)
        self._opened: set[httpx2.AsyncHTTPTransport] = set()
        self._free: deque[tuple[httpx2.AsyncHTTPTransport, float]] = deque()  # with the time since when, in seconds

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        await self._places.acquire()
        connection = self._free.pop()[0] if self._free else self._open()

        def give_back() -> None:
            self._free.append((connection, time.monotonic()))
            self._places.release()

        try:
            await self._close_what_is_left_over()
            response = await connection.handle_async_request(request)
        except BaseException:
            give_back()
            raise
        response.stream = _Reply(response.stream, give_back)
        return response

    async def aclose(self) -> None:
        await asyncio.gather(*(connection.aclose() for connection in self._opened))

    def _open(self) -> httpx2.AsyncHTTPTransport:
        connection = httpx2.AsyncHTTPTransport(verify=self._ssl, limits=_ONE)
        self._opened.add(connection)
        return connection

    async def _close_what_is_left_over(self) -> None:
        """Close the connection that has been free for longest, if for too long: one a request, so that none waits."""
        if self._free and self._free[0][1] < time.monotonic() - _LEFT_OVER_S:
            connection, _ = self._free.popleft()
            self._opened.remove(connection)
            await connection.aclose()


class _Reply(httpx2.AsyncByteStream):
    """The body of a reply; its connection is free once it is closed."""

    def __init__(self, body: Any, give_back: Callable[[], None]) -> None:
        self._body = body
        self._give_back = give_back

    def __aiter__(self) -> AsyncIterator[bytes]:
        return aiter(self._body)

    async def aclose(self) -> None:
        try:
            await self._body.aclose()
        finally:
            self._give_back()
