"""An answer in the making, to iterate over: its events as they happen, and the whole last."""

from __future__ import annotations

import asyncio
import queue
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from types import TracebackType
from typing import Any, Generic, Self, TypeVar

from clara.trace import Observer
from clara.types import Event, Reply

Made = TypeVar("Made")
Start = Callable[[Observer], Coroutine[Any, Any, Made]]


class AsyncStream(Generic[Made]):
    """Yields every `Event` of an answer in the making, then what was made, or raises what kept it from coming about.

    The answer is begun at once. Leaving before its end cancels it: use it as a context manager, or call `aclose`.
    """

    def __init__(self, start: Start[Made]) -> None:
        self._happened: asyncio.Queue[Event | None] = asyncio.Queue()
        self._task = asyncio.create_task(start(self._happened.put_nowait))
        self._task.add_done_callback(lambda _: self._happened.put_nowait(None))
        self._ended = False

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Event | Made:
        if self._ended:
            raise StopAsyncIteration
        if (event := await self._happened.get()) is not None:
            return event
        self._ended = True
        return self._task.result()

    async def aclose(self) -> None:
        """Cancel what is still under way, and wait until it has ended."""
        self._ended = True
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()


class ChatStream:
    """Does what `AsyncStream` does, for a `Reply` and callers without an event loop: it is made in another thread.

    submit: begins a coroutine there.
    """

    def __init__(self, start: Start[Reply], submit: Callable[[Coroutine[Any, Any, Reply]], Future[Reply]]) -> None:
        self._happened: queue.SimpleQueue[Event | None] = queue.SimpleQueue()
        self._future = submit(start(self._happened.put))
        self._future.add_done_callback(lambda _: self._happened.put(None))
        self._ended = False

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> Event | Reply:
        if self._ended:
            raise StopIteration
        if (event := self._happened.get()) is not None:
            return event
        self._ended = True
        return self._future.result()

    def close(self) -> None:
        """Cancel what is still under way."""
        self._ended = True
        self._future.cancel()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
