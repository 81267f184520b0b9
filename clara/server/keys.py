"""Who may ask, and how much: keys, rates, and daily budgets, counted in memory or for all replicas in Redis."""

from __future__ import annotations

import hashlib
import hmac
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING

from limits import RateLimitItem, RateLimitItemPerDay, RateLimitItemPerMinute
from limits.aio.storage import MemoryStorage, RedisStorage
from limits.aio.strategies import FixedWindowRateLimiter, SlidingWindowCounterRateLimiter
from pydantic import SecretStr

from clara.config import KeySettings
from clara.models.shared import open_pool
from clara.server.errors import RequestError

if TYPE_CHECKING:
    from redis.asyncio import ConnectionPool

_MILLIONTHS = 1_000_000  # money is counted in whole numbers


class Keys:
    """The configured keys. Without any, everybody who reaches the service may use it."""

    def __init__(self, keys: Mapping[str, KeySettings]) -> None:
        self._digests = {name: _digest(held.key.get_secret_value().encode()) for name, held in keys.items()}

    def holder(self, authorization: bytes) -> str | None:
        """Return the name of the key that was sent; None where none is needed. Raises RequestError (401)."""
        if not self._digests:
            return None
        scheme, _, sent = authorization.partition(b" ")
        digest = _digest(sent.strip() if scheme.lower() == b"bearer" else b"")
        # Every key is compared, each in constant time: how long it takes tells nothing of any.
        matches = [name for name, held in self._digests.items() if hmac.compare_digest(digest, held)]
        if not matches:
            said = "the key is not known here" if sent else "this service needs a key"
            raise RequestError(
                401, "invalid_api_key", f"{said}; send it as Authorization: Bearer",
                headers={"www-authenticate": "Bearer"},
            )  # fmt: skip
        return matches[0]


class Quotas:
    """What each key may use: requests a minute, tokens and money a day.

    Requests are counted before, by a sliding window. What an answer takes is known only after it: a daily budget is
    passed by what was under way when it was reached. A day begins with the first use.
    redis_url: where replicas count together. Raises RequestError, 429 over a limit and 503 where Redis fails: a limit
    that cannot be counted is not given away.
    """

    def __init__(self, keys: Mapping[str, KeySettings], redis_url: SecretStr | None) -> None:
        self._keys = keys
        self._pool = None if redis_url is None else open_pool(redis_url)
        self._storage = MemoryStorage() if self._pool is None else _shared(self._pool)
        self._by_minute = SlidingWindowCounterRateLimiter(self._storage)
        self._by_day = FixedWindowRateLimiter(self._storage)
        known = self._storage.base_exceptions
        self.failures: tuple[type[Exception], ...] = known if isinstance(known, tuple) else (known,)

    async def admit(self, name: str | None) -> None:
        """Count a request of a key."""
        if name is None or not (limits := self._limits(name)):
            return
        try:
            for kind, item in limits.items():
                if kind == "requests":
                    free, window = await self._by_minute.hit(item, kind, name), self._by_minute
                else:
                    free, window = await self._by_day.test(item, kind, name), self._by_day  # type: ignore[assignment]
                if not free:
                    stats = await window.get_window_stats(item, kind, name)
                    raise RequestError(
                        429, f"{kind}_limit", f"the limit of this key is reached: {_words(kind, item)}",
                        retry_after_s=max(1.0, stats.reset_time - time.time()),
                    )  # fmt: skip
        except self.failures:
            raise _uncounted() from None

    async def spent(self, name: str | None, tokens: int, cost: float | None) -> None:
        """Count what a request of a key took."""
        if name is None:
            return
        used = {"tokens": tokens, "cost": round((cost or 0.0) * _MILLIONTHS)}
        for kind, item in self._limits(name).items():
            if used.get(kind):
                await self._by_day.hit(item, kind, name, cost=used[kind])

    async def reachable(self) -> bool:
        """Tell whether what is used can be counted."""
        try:
            return await self._storage.check()
        except self.failures:
            return False

    async def aclose(self) -> None:
        """Close the connections to Redis."""
        if self._pool is not None:
            await self._pool.aclose()

    def _limits(self, name: str) -> dict[str, RateLimitItem]:
        held = self._keys[name]
        limits: dict[str, RateLimitItem] = {}
        if held.requests_per_minute is not None:
            limits["requests"] = RateLimitItemPerMinute(held.requests_per_minute)
        if held.tokens_per_day is not None:
            limits["tokens"] = RateLimitItemPerDay(held.tokens_per_day)
        if held.cost_per_day is not None:
            limits["cost"] = RateLimitItemPerDay(max(1, round(held.cost_per_day * _MILLIONTHS)))
        return limits


def _shared(pool: ConnectionPool) -> RedisStorage:
    # The address is taken from the pool; the first argument only says what is behind it.
    return RedisStorage(
        "async+redis://", implementation="redispy", key_prefix="clara-limits",
        connection_pool=pool,  # type: ignore[arg-type]
    )  # fmt: skip


def _words(kind: str, item: RateLimitItem) -> str:
    if kind == "requests":
        return f"{item.amount} requests a minute"
    return f"{item.amount} tokens a day" if kind == "tokens" else f"{item.amount / _MILLIONTHS:g} a day"


def _uncounted() -> RequestError:
    return RequestError(503, "limits_unavailable", "limits cannot be counted: Redis does not answer", retry_after_s=5)


def _digest(key: bytes) -> bytes:
    return hashlib.sha256(key).digest()
