"""How many answers are in the making at once: as many as allowed, fewer where a provider asks to slow down."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field

from clara.errors import ModelRateLimited
from clara.models import Call, ChatModel, Completion, Show

Prices = Mapping[str, tuple[float, float]]
"""Model name -> (prompt, completion) price per million tokens."""

_APART_S = 0.001
"""How far apart the first answers begin. Together, their replies come together each time and wait for one another."""


class Pace:
    """Lets answers begin, at most `limit` at once: additive increase, multiplicative decrease (Chiu and Jain 1989).

    A refusal (HTTP 429) halves the limit, once for all calls that had begun before it was halved; every call that is
    accepted raises it by one part in itself, up to `most`. No other error moves it: a server that fails is not one that
    is asked too much. Where the provider says how long to wait, no answer begins before.
    """

    def __init__(self, most: int, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._most = most
        self._clock = clock
        self.limit = float(most)
        self.running = 0
        self._begun = 0
        self._halved_at = -1.0
        self._closed_until = 0.0
        self._changed = asyncio.Event()

    async def begin(self) -> None:
        """Wait until another answer may begin, and count it."""
        while (wait := self._wait_s()) != 0:
            self._changed.clear()
            try:
                async with asyncio.timeout(wait):
                    await self._changed.wait()
            except TimeoutError:
                pass
        self.running += 1
        self._begun += 1
        if self._begun < self._most:
            await asyncio.sleep(_APART_S)

    def end(self) -> None:
        """Count an answer as over."""
        self.running -= 1
        self._changed.set()

    async def change(self) -> None:
        """Wait until an answer is over or more may be in the making."""
        self._changed.clear()
        await self._changed.wait()

    def accepted(self) -> None:
        """Take note of a reply."""
        before = self.limit
        self.limit = min(self._most, before + 1 / before)
        if int(self.limit) > int(before):
            self._changed.set()

    def refused(self, started: float, retry_after_s: float | None) -> None:
        """Take note of a refusal of a call that began at `started`, by this pace's clock."""
        now = self._clock()
        self._closed_until = max(self._closed_until, now + (retry_after_s or 0.0))
        if started > self._halved_at:
            self.limit = max(1.0, self.limit / 2)
            self._halved_at = now

    def now(self) -> float:
        """Return the time by the clock that refusals are told by."""
        return self._clock()

    def _wait_s(self) -> float | None:
        """Return the seconds until an answer may begin, 0 for now, None for when another has ended."""
        closed = self._closed_until - self._clock()
        if closed > 0:
            return closed
        return 0 if self.running < int(self.limit) else None


@dataclass(slots=True)
class Tally:
    """What one answer's calls took so far, whatever becomes of the answer. cost: None where a price is unknown."""

    prices: Prices = field(default_factory=dict)
    calls: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cost: float | None = 0.0

    def add(self, completion: Completion) -> None:
        """Count a reply."""
        self.calls += 1
        self.prompt_tokens += completion.prompt_tokens
        self.completion_tokens += completion.completion_tokens
        price = self.prices.get(completion.model)
        if price is None or self.cost is None:
            self.cost = None
        else:
            self.cost += (price[0] * completion.prompt_tokens + price[1] * completion.completion_tokens) / 1e6


TALLY: ContextVar[Tally] = ContextVar("tally")
"""That of the answer whose call it is; each answer is made in a task of its own."""


class Watched:
    """A model whose every single try, inside the retries, is seen by the pace and the answer's tally."""

    def __init__(self, model: ChatModel, pace: Pace) -> None:
        self._model = model
        self._pace = pace

    @property
    def name(self) -> str:
        return self._model.name

    async def complete(self, call: Call, show: Show | None = None) -> Completion:
        started = self._pace.now()
        try:
            completion = await self._model.complete(call, show)
        except ModelRateLimited as error:
            self._pace.refused(started, error.retry_after_s)
            raise
        if not completion.cached:
            self._pace.accepted()
        TALLY.get().add(completion)
        return completion

    async def aclose(self) -> None:
        await self._model.aclose()
