"""What a request uses of models, counted as each call ends: who leaves before the answer has used it all the same."""

from __future__ import annotations

from dataclasses import replace

from clara.config import Settings
from clara.models import Call, ChatModel, Completion, Models, Show
from clara.server.exchange import current_exchange


class Metered:
    """A model whose replies are counted for the request that they are made for; kept ones cost nothing."""

    def __init__(self, model: ChatModel, settings: Settings) -> None:
        self._model, self._settings = model, settings

    @property
    def name(self) -> str:
        """The model's name, as prices and records use it."""
        return self._model.name

    async def complete(self, call: Call, show: Show | None = None) -> Completion:
        """Answer `call` as the model does."""
        completion = await self._model.complete(call, show)
        exchange = current_exchange()
        if exchange is not None and not completion.cached:
            prompt, written = completion.prompt_tokens, completion.completion_tokens
            exchange.used(prompt, written, cost_of(self._settings, completion.model, prompt, written))
        return completion

    async def aclose(self) -> None:
        """Release connections."""
        await self._model.aclose()


def metered(models: Models, settings: Settings) -> Models:
    """Return models whose every reply is counted."""
    own = {id(model): Metered(model, settings) for model in (models.draft, models.translate, models.second) if model}
    second = None if models.second is None else own[id(models.second)]
    return replace(models, draft=own[id(models.draft)], translate=own[id(models.translate)], second=second)


def cost_of(settings: Settings, name: str, prompt_tokens: int, completion_tokens: int) -> float | None:
    """Return what tokens of a model cost; None where it has no price."""
    price = price_of(settings, name)
    return None if price is None else (price[0] * prompt_tokens + price[1] * completion_tokens) / 1e6


def price_of(settings: Settings, name: str) -> tuple[float, float] | None:
    """Return the price of a million prompt and completion tokens of a model, named with its provider or without."""
    prices = settings.prices_by_model
    return prices.get(name) or prices.get(name.partition(":")[2])
