"""`wrap`: an OpenAI client whose answers are debiased before they reach the application."""

from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from clara.config import Settings
from clara.engine.loop import LoopThread
from clara.errors import ConfigError
from clara.integrations.borrowed import BorrowingClara
from clara.integrations.openai.answer import Answered, Answering, form_of
from clara.integrations.openai.asked import Upstream
from clara.knowledge import KnowledgeBase
from clara.trace import Observer

if TYPE_CHECKING:
    from openai import AsyncOpenAI, OpenAI

    ClientT = TypeVar("ClientT", bound="OpenAI | AsyncOpenAI")
else:
    ClientT = TypeVar("ClientT")


def wrap(
    client: ClientT,
    *,
    settings: Settings | None = None,
    knowledge: KnowledgeBase | None = None,
    observers: Sequence[Observer] = (),
    **options: Any,
) -> ClientT:
    """Return a client of the same class that debiases `chat.completions.create` and `responses.create`.

    >>> client = wrap(OpenAI(), country="IN")
    >>> client.chat.completions.create(model="gpt-5", messages=[{"role": "user", "content": "मोतियाबिंद क्या है?"}])

    Every other method, and every type that comes back, is the client's own: what is exchanged is what its HTTP client
    sends and receives. CLARA asks the model that a request names, through the given client, with its key and headers.
    Tool calls and errors of the provider come back as they are. A stream holds sentences that passed their checks.

    The given client belongs to the new one from now on, and is closed with it.
    settings, knowledge, observers: of `Clara`. options: of every request: country, method, languages, policy, budget,
    explain; a request's own are `extra_body={"clara": {...}}`. Raises ConfigError.
    """
    inner: Any = client
    http = _http_of(inner)
    engine = BorrowingClara(settings=settings, knowledge=knowledge, observers=observers)
    answering = Answering(engine, Upstream(inner._client), options)
    is_async = hasattr(inner._client, "aclose")
    kind, transport = (http.AsyncClient, _async_transport(http)) if is_async else (http.Client, _transport(http))
    # Proxies and certificates are the given client's: the new one opens no connection.
    own = kind(transport=transport(inner, engine, answering), trust_env=False, follow_redirects=True)
    wrapped: ClientT = inner.with_options(http_client=own)
    return wrapped


def _http_of(client: Any) -> Any:
    """Return the library that a client sends with: openai 2 uses httpx, openai 3 httpx2. Raises ConfigError."""
    used = [base.__module__.partition(".")[0] for base in type(getattr(client, "_client", None)).__mro__]
    name = next((name for name in used if name in ("httpx", "httpx2")), None)
    if name is None:
        raise ConfigError(
            f"cannot wrap {type(client).__name__}: pass a client of the openai package, OpenAI() or AsyncOpenAI()"
        )
    return importlib.import_module(name)


def _async_transport(http: Any) -> Any:
    class Pieces(http.AsyncByteStream):  # type: ignore[misc]
        def __init__(self, answered: Answered) -> None:
            self._pieces: Any = answered.content

        async def __aiter__(self) -> Any:
            async for piece in self._pieces:
                yield piece

        async def aclose(self) -> None:
            await self._pieces.aclose()

    class Transport(http.AsyncBaseTransport):  # type: ignore[misc]
        """Answers what CLARA answers, and hands everything else to the given client's own HTTP client."""

        def __init__(self, client: Any, engine: BorrowingClara, answering: Answering) -> None:
            self._client, self._engine, self._answering = client, engine, answering

        async def handle_async_request(self, request: Any) -> Any:
            form = form_of(request.method, request.url.path)
            if form is None:
                return _relayed(http, await self._client._client.send(request, stream=True))
            answered = await self._answering.answer(form, request, json.loads(await request.aread()))
            return _response(http, answered, Pieces)

        async def aclose(self) -> None:
            await self._engine.aclose()
            await self._client.close()

    return Transport


def _transport(http: Any) -> Any:
    class Pieces(http.SyncByteStream):  # type: ignore[misc]
        def __init__(self, answered: Answered, loop: LoopThread) -> None:
            self._pieces: Any = answered.content
            self._loop = loop

        def __iter__(self) -> Any:
            while (piece := self._loop.run(_next(self._pieces))) is not None:
                yield piece

        def close(self) -> None:
            # Not waited for: a stream that was left open is closed by the garbage collector, which may run in the
            # loop's own thread, or when the interpreter ends and has stopped that thread.
            if sys.is_finalizing():
                return
            closing = self._pieces.aclose()
            try:
                self._loop.submit(closing)
            except RuntimeError:  # the client was closed first, and has cancelled what was under way
                closing.close()

    class Transport(http.BaseTransport):  # type: ignore[misc]
        """Does the same without an event loop of the application's: answers are made in one of its own."""

        def __init__(self, client: Any, engine: BorrowingClara, answering: Answering) -> None:
            self._client, self._engine, self._answering = client, engine, answering
            self._loop = LoopThread()

        def handle_request(self, request: Any) -> Any:
            form = form_of(request.method, request.url.path)
            if form is None:
                return _relayed(http, self._client._client.send(request, stream=True))
            answering = self._answering.answer(form, request, json.loads(request.read()))
            return _response(http, self._loop.run(answering), lambda answered: Pieces(answered, self._loop))

        def close(self) -> None:
            self._loop.run(self._engine.aclose())
            self._loop.stop()
            self._client.close()

    return Transport


async def _next(pieces: Any) -> bytes | None:
    piece: bytes | None = await anext(pieces, None)
    return piece


def _relayed(http: Any, response: Any) -> Any:
    """Return a response of the given client as one of the new client's, its body unread."""
    return http.Response(
        response.status_code, headers=response.headers.raw, stream=response.stream, extensions=response.extensions
    )


def _response(http: Any, answered: Answered, pieces: Any) -> Any:
    if isinstance(answered.content, bytes):
        return http.Response(answered.status, headers=list(answered.headers), content=answered.content)
    return http.Response(answered.status, headers=list(answered.headers), stream=pieces(answered))
