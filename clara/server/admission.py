"""Which requests are answered now, which wait for their turn, and which are told to come again."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

from clara.server.errors import RequestError

_FIRST_GUESS_S = 2.0
_WEIGHT = 0.1  # of the latest answer, in the mean of how long one takes


class Admission:
    """At most `concurrency` at once, first come, first served; at most `queue` wait, each for `queue_s` at most."""

    def __init__(self, concurrency: int, queue: int, queue_s: float) -> None:
        self._places = asyncio.Semaphore(concurrency)
        self._concurrency, self._queue, self._queue_s = concurrency, queue, queue_s
        self._mean_s = _FIRST_GUESS_S
        self.inside = 0
        self.running = 0
        self.waiting = 0

    @contextmanager
    def entry(self) -> Iterator[None]:
        """Come in, before the body is read, so that no more bodies are held than can run and wait.

        Raises RequestError (429, with Retry-After).
        """
        if self.inside >= self._concurrency + self._queue:
            raise self._full()
        self.inside += 1
        try:
            yield
        finally:
            self.inside -= 1

    @asynccontextmanager
    async def place(self) -> AsyncIterator[None]:
        """Hold a place. Raises RequestError (429, with Retry-After) where none comes free in time."""
        self.waiting += 1
        try:
            async with asyncio.timeout(self._queue_s):
                await self._places.acquire()
        except TimeoutError:
            raise self._full() from None
        finally:
            self.waiting -= 1
        self.running += 1
        began = time.perf_counter()
        try:
            yield
        finally:
            self.running -= 1
            self._places.release()
            self._mean_s += _WEIGHT * (time.perf_counter() - began - self._mean_s)

    def _full(self) -> RequestError:
        wait_s = max(1.0, self._mean_s * (self.waiting + 1) / self._concurrency)
        return RequestError(429, "overloaded", "the service is busy; try again later", retry_after_s=wait_s)
