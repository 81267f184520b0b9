"""What a request asks for, whatever its form, and who makes the replies."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from clara.config import Settings
from clara.engine import Clara
from clara.models import Call, ChatModel, build_models
from clara.server.metering import Metered
from clara.server.schemas import ClaraExtension
from clara.trace import Observer
from clara.types import Event, Finish, Reply, Usage

Ask = Callable[[int, Sequence[Observer]], Awaitable[Reply]]
"""Makes the reply of a number, and shows observers what happens on the way."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """messages: in the form of chat completions, as they came. options: of `Clara.achat`. count: of replies."""

    messages: Sequence[Mapping[str, Any]]
    options: Mapping[str, Any]
    count: int = 1
    extension: ClaraExtension = field(default_factory=ClaraExtension)


def ask_clara(clara: Clara, asked: Asked, method: str) -> Ask:
    """Have CLARA make the replies by a method. They raise what `Clara.achat` raises."""
    own = asked.extension
    given = {"country": own.country, "languages": own.languages, "policy": own.policy, "budget": own.budget}
    options = {**asked.options, **{name: value for name, value in given.items() if value is not None}}

    async def ask(number: int, observers: Sequence[Observer]) -> Reply:
        return await clara.achat(
            asked.messages, **options, method=method, sample=_sample(number), observers=tuple(observers)
        )

    return ask


def ask_model(model: ChatModel, asked: Asked, price: tuple[float, float] | None) -> Ask:
    """Have a model reply to the messages as they stand. price: per million prompt and completion tokens."""

    async def ask(number: int, observers: Sequence[Observer]) -> Reply:
        began = time.perf_counter()

        def show(piece: str) -> None:
            at_s = round(time.perf_counter() - began, 4)
            event = Event(kind="sentence", stage="upstream", at_s=at_s, data={"text": piece, "citations": {}})
            for observe in observers:
                observe(event)

        call = Call(messages=tuple(asked.messages), options=asked.options, sample=_sample(number))
        # A stream holds no tool calls on this way, so that one with tools is shown at its end.
        streamed = observers and not asked.options.get("tools")
        completion = await model.complete(call, show if streamed else None)
        finish: Finish = "tool_calls" if completion.tool_calls else "length" if completion.truncated else "stop"
        prompt, written = completion.prompt_tokens, completion.completion_tokens
        cost = None if price is None else (price[0] * prompt + price[1] * written) / 1e6
        usage = Usage(calls=1, rounds=1, prompt_tokens=prompt, completion_tokens=written, cost=cost)
        return Reply(text=completion.text, finish_reason=finish, tool_calls=completion.tool_calls, usage=usage)

    return ask


async def replies_of(ask: Ask, count: int) -> list[Reply]:
    """Make so many replies at once; the first that fails ends the others and is raised."""
    tasks = [asyncio.create_task(_unobserved(ask, number)) for number in range(count)]
    try:
        return list(await asyncio.gather(*tasks))
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _unobserved(ask: Ask, number: int) -> Reply:
    return await ask(number, ())


def _sample(number: int) -> str:
    return str(number) if number else ""


class OtherModels:
    """Chat models of providers that do not speak the OpenAI API, opened when they are first asked."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._open: dict[str, ChatModel] = {}

    def get(self, name: str) -> ChatModel:
        """Return the model called PROVIDER:NAME. Raises ConfigError."""
        if name not in self._open:
            own = name.partition(":")[0] == self._settings.model.partition(":")[0]
            alone: dict[str, Any] = {"model": name, "translate_model": None, "second_model": None}
            # Address, key and options are those of `model`: another provider must never be sent them.
            foreign: dict[str, Any] = {} if own else {"base_url": None, "api_key": None, "model_options": {}}
            settings = self._settings.model_copy(update=alone | foreign | {"fallback_models": (), "cache": "off"})
            self._open[name] = Metered(build_models(settings).draft, settings)
        return self._open[name]

    async def aclose(self) -> None:
        """Close their connections."""
        for model in self._open.values():
            await model.aclose()
