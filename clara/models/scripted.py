"""The fake that ships: a chat model that answers from a script."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable

from clara.errors import ModelBadOutput
from clara.models.base import Call, Completion

Reply = str | BaseException | Completion
Script = Callable[[Call], Reply]


class ScriptedModel:
    """Answers with `script(call)`, or with the items of an iterable in turn; exceptions are raised.

    Tokens are counted as words, so that usage is never zero. `calls` keeps what was asked.
    """

    def __init__(self, script: Script | Iterable[Reply], *, name: str = "scripted", latency_s: float = 0.0) -> None:
        self._name = name
        self._latency_s = latency_s
        if callable(script):
            self._script = script
        else:
            replies = iter(script)
            self._script = lambda _call: next(replies, ModelBadOutput("the script is used up"))
        self.calls: list[Call] = []

    @property
    def name(self) -> str:
        return self._name

    async def complete(self, call: Call) -> Completion:
        """Return or raise what the script says to `call`."""
        self.calls.append(call)
        # Yields even without latency, so that concurrent calls interleave as real ones do.
        await asyncio.sleep(self._latency_s)
        reply = self._script(call)
        if isinstance(reply, BaseException):
            raise reply
        if isinstance(reply, Completion):
            return reply
        asked = sum(len(turn.text.split()) for turn in call.turns) + len(call.system.split())
        return Completion(
            text=reply, model=self._name, prompt_tokens=max(asked, 1), completion_tokens=max(len(reply.split()), 1)
        )

    async def aclose(self) -> None:
        """Nothing to release."""
