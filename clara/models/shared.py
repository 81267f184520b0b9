"""Replies that several replicas keep together, in Redis, so that none pays for what another has paid for.

Beside `cache.Cached`: that one keeps accounts of what was paid and can replay a run; this one only saves calls, and
forgets after some days.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import secrets
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from pydantic import SecretStr, TypeAdapter, ValidationError

from clara.errors import ConfigError
from clara.models.base import Call, ChatModel, Completion, Show

if TYPE_CHECKING:
    from redis.asyncio import ConnectionPool, Redis

    from clara.config import Settings

logger = logging.getLogger(__name__)

_FORM = TypeAdapter(Completion)
_DAY_S = 86_400
_TIMEOUT_S = 2.0
_FENCE_KEY = "clara:fence"


def open_pool(url: SecretStr) -> ConnectionPool:
    """Return connections to Redis that nothing uses yet; one event loop's. Raises ConfigError."""
    try:
        from redis.asyncio import ConnectionPool
    except ImportError:
        raise ConfigError("redis_url needs a package: pip install 'clara-debias[redis]'") from None
    try:
        return ConnectionPool.from_url(
            url.get_secret_value(), socket_timeout=_TIMEOUT_S, socket_connect_timeout=_TIMEOUT_S
        )
    except ValueError as error:
        raise ConfigError(f"redis_url: {str(error).splitlines()[0]}; write e.g. redis://127.0.0.1:6379/0") from None


class SharedReplies:
    """Keeps replies in Redis. What fails there is logged, and costs a call, not an answer."""

    def __init__(self, settings: Settings) -> None:
        self._url = _url(settings)
        self._keep_s = int(settings.redis_days * _DAY_S)
        open_pool(self._url)  # a wrong address is said here, not at the first question
        self._by_loop: dict[asyncio.AbstractEventLoop, Redis] = {}

    async def find(self, key: str) -> Completion | None:
        """Return the reply that is kept, marked `cached`."""
        kept = await self._run("get", f"clara:reply:{key}")
        try:
            return replace(_FORM.validate_json(kept), cached=True) if kept else None
        except ValidationError:  # kept by a version of CLARA whose replies had other parts
            return None

    async def keep(self, key: str, completion: Completion) -> None:
        """Keep a reply for a while."""
        await self._run("set", f"clara:reply:{key}", _FORM.dump_json(completion), ex=self._keep_s)

    async def aclose(self) -> None:
        """Close the running loop's connections."""
        if (client := self._by_loop.pop(asyncio.get_running_loop(), None)) is not None:
            await client.connection_pool.aclose()

    async def _run(self, command: str, *values: Any, **options: Any) -> Any:
        from redis.asyncio import Redis
        from redis.exceptions import RedisError

        loop = asyncio.get_running_loop()
        if loop not in self._by_loop:
            self._by_loop[loop] = Redis(connection_pool=open_pool(self._url))
        try:
            return await getattr(self._by_loop[loop], command)(*values, **options)
        except (RedisError, OSError) as error:
            logger.warning("the shared response cache could not be used: %s", type(error).__name__)
            return None


class SharedCached:
    """Asks a model only what is not kept. identity: what else decides a reply, such as address and options."""

    def __init__(self, model: ChatModel, replies: SharedReplies, identity: str) -> None:
        self._model, self._replies, self._identity = model, replies, identity

    @property
    def name(self) -> str:
        return self._model.name

    async def complete(self, call: Call, show: Show | None = None) -> Completion:
        key = hashlib.sha256(f"{self.name}\0{self._identity}\0{call!r}".encode()).hexdigest()
        if (kept := await self._replies.find(key)) is not None:
            if show and kept.text:
                show(kept.text)
            return kept
        completion = await self._model.complete(call, show)
        await self._replies.keep(key, completion)
        return completion

    async def aclose(self) -> None:
        await self._model.aclose()
        await self._replies.aclose()


def shared_secret(settings: Settings) -> bytes:
    """Return a secret that all replicas have, made by the first of them. Raises ConfigError where Redis fails."""
    url = _url(settings)
    open_pool(url)  # a wrong address, or a missing package, is said in its own words
    from redis import Redis
    from redis.exceptions import RedisError

    try:
        with Redis.from_url(
            url.get_secret_value(), socket_timeout=_TIMEOUT_S, socket_connect_timeout=_TIMEOUT_S
        ) as client:
            client.set(_FENCE_KEY, secrets.token_bytes(32), nx=True)
            held = client.get(_FENCE_KEY)
    except (RedisError, OSError) as error:
        name = type(error).__name__
        raise ConfigError(f"redis_url: Redis does not answer ({name}); start it, or set cache = off") from None
    if not isinstance(held, bytes) or len(held) < 32:
        raise ConfigError(f"redis_url: the key {_FENCE_KEY} holds something else; choose another database")
    return held


def _url(settings: Settings) -> SecretStr:
    if settings.redis_url is None:
        raise ConfigError("cache = redis needs redis_url, e.g. redis://127.0.0.1:6379/0")
    return settings.redis_url
