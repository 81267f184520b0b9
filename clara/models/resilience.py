"""Retrying one model and falling back to others."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace

from tenacity import AsyncRetrying, RetryCallState, retry_if_exception, stop_after_attempt, wait_random_exponential

from clara.errors import ModelError, ModelTimeout
from clara.models.base import Call, ChatModel, Completion, Show


class _Shown:
    """Hands pieces on and remembers that it did: what somebody has seen cannot be asked for again."""

    def __init__(self, show: Show) -> None:
        self._show = show
        self.begun = False

    def __call__(self, piece: str) -> None:
        self.begun = True
        self._show(piece)


class Retrying:
    """Tries a model again on errors that may pass, with exponential back-off and full jitter.

    A server's Retry-After is waited out where it is at most `wait_max_s`; a longer one ends the
    tries, so that an answer is not held up by a provider that is down for minutes.
    """

    def __init__(
        self,
        model: ChatModel,
        *,
        attempts: int = 4,
        timeout_s: float = 60.0,
        wait_s: float = 0.5,
        wait_max_s: float = 30.0,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._model = model
        self._timeout_s = timeout_s
        self._backoff = wait_random_exponential(multiplier=wait_s, max=wait_max_s)
        self._wait_max_s = wait_max_s
        self._attempts = attempts
        self._sleep = sleep

    @property
    def name(self) -> str:
        return self._model.name

    async def complete(self, call: Call, show: Show | None = None) -> Completion:
        shown = _Shown(show) if show else None
        retrying = AsyncRetrying(
            stop=stop_after_attempt(self._attempts),
            wait=self._wait,
            retry=retry_if_exception(lambda error: self._may_pass(error) and not (shown and shown.begun)),
            sleep=self._sleep,
            reraise=True,
        )
        attempt_number = 0
        try:
            async for attempt in retrying:
                attempt_number = attempt.retry_state.attempt_number
                with attempt:
                    return replace(await self._once(call, shown), attempts=attempt_number)
        except ModelError as error:
            error.attempts = attempt_number
            raise
        raise AssertionError("unreachable: the last attempt returns or raises")

    async def _once(self, call: Call, show: Show | None) -> Completion:
        try:
            async with asyncio.timeout(self._timeout_s):
                return await self._model.complete(call, show)
        except TimeoutError:
            raise ModelTimeout(f"{self.name}: no reply within {self._timeout_s:g} s") from None

    def _may_pass(self, error: BaseException) -> bool:
        return (
            isinstance(error, ModelError)
            and error.retryable
            and (error.retry_after_s is None or error.retry_after_s <= self._wait_max_s)
        )

    def _wait(self, state: RetryCallState) -> float:
        error = state.outcome.exception() if state.outcome else None
        asked = error.retry_after_s if isinstance(error, ModelError) else None
        # Never sooner than asked; jitter on top keeps clients that were refused together apart.
        return self._backoff(state) if asked is None else asked + self._backoff(state) * 0.1

    async def aclose(self) -> None:
        await self._model.aclose()


class Fallback:
    """Asks the first model; on any ModelError the next one, and raises the last one's error."""

    def __init__(self, models: Sequence[ChatModel]) -> None:
        if not models:
            raise ValueError("at least one model")
        self._models = tuple(models)

    @property
    def name(self) -> str:
        return self._models[0].name

    async def complete(self, call: Call, show: Show | None = None) -> Completion:
        attempts = 0
        shown = _Shown(show) if show else None
        for model in self._models:
            try:
                completion = await model.complete(call, shown)
                return replace(completion, attempts=attempts + completion.attempts)
            except ModelError as error:
                attempts += error.attempts
                error.attempts = attempts
                if model is self._models[-1] or (shown and shown.begun):
                    raise
        raise AssertionError("unreachable: the last model returns or raises")

    async def aclose(self) -> None:
        for model in self._models:
            await model.aclose()
