"""How often a public service may be asked: one limiter per address and process, whatever loop or thread asks."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import Future
from contextlib import asynccontextmanager
from functools import lru_cache
from threading import Lock

_WINDOW_S = 1.1  # a little over a second: requests that leave a second apart may arrive closer together
_LONGEST_HOLD_S = 3600.0


class Limiter:
    """Lets `per_s` requests begin in any second, and at most `at_once` be under way (None: no limit).

    clock: seconds that only grow; sleep: waits so many of them.
    """

    def __init__(
        self,
        *,
        per_s: int,
        at_once: int | None = None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._clock, self._sleep = clock, sleep
        self._begun: deque[float] = deque(maxlen=per_s)
        self._free = at_once
        self._waiting: deque[Future[None]] = deque()
        self._held_until = float("-inf")
        self._lock = Lock()

    @property
    def held_s(self) -> float:
        """Seconds for which the service asked to be left alone; 0 if it did not."""
        return max(0.0, self._held_until - self._clock())

    def hold(self, seconds: float) -> None:
        """Begin no request for so many seconds (an hour at most), because the service asked for it."""
        with self._lock:
            self._held_until = max(self._held_until, self._clock() + min(seconds, _LONGEST_HOLD_S))

    @asynccontextmanager
    async def place(self) -> AsyncIterator[None]:
        """Wait until another request may be under way; it is until the block is left."""
        await self._enter()
        try:
            yield
        finally:
            self._leave()

    async def start(self) -> None:
        """Wait until a request may begin."""
        if (wait_s := self._reserve()) > 0:
            await self._sleep(wait_s)

    def _reserve(self) -> float:
        """Book the next free start, and return the seconds until then."""
        with self._lock:
            now = self._clock()
            start = max(now, self._held_until)
            if len(self._begun) == self._begun.maxlen:
                start = max(start, self._begun[0] + _WINDOW_S)
            self._begun.append(start)
            return start - now

    async def _enter(self) -> None:
        with self._lock:
            if self._free is None:
                return
            if self._free:
                self._free -= 1
                return
            place: Future[None] = Future()
            self._waiting.append(place)
        try:
            await asyncio.wrap_future(place)  # the one who leaves may be in another thread and loop
        except BaseException:
            if not place.cancel():  # the place was given just as the waiting was called off
                self._leave()
            raise

    def _leave(self) -> None:
        with self._lock:
            if self._free is None:
                return
            while self._waiting:
                place = self._waiting.popleft()
                if place.set_running_or_notify_cancel():
                    break
            else:
                self._free += 1
                return
        place.set_result(None)


@lru_cache(maxsize=64)
def shared_limiter(address: str, *, per_s: int, at_once: int | None = None) -> Limiter:
    """Return this process's limiter for the service at `address`."""
    return Limiter(per_s=per_s, at_once=at_once)
