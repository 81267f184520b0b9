"""An engine that asks, for each request, the model that the request came with, and what each has to be begun with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextvars import Context, ContextVar
from typing import Any

from clara.config import Settings, load_settings
from clara.engine import ChatOptions, Clara
from clara.knowledge import KnowledgeBase
from clara.models import Call, ChatModel, Completion, Show
from clara.trace import Observer

_lent: ContextVar[ChatModel] = ContextVar("clara_lent_model")


class BorrowingClara(Clara):
    """One engine, with its knowledge base and connections, for applications that bring a model with every request.

    Begin each answer in `lend`'s context. settings, knowledge, observers, overrides: as of `Clara`, without `model`.
    Raises ConfigError.
    """

    def __init__(
        self,
        *,
        settings: Settings | None = None,
        knowledge: KnowledgeBase | None = None,
        observers: Sequence[Observer] = (),
        **overrides: Any,
    ) -> None:
        ready = load_settings(overrides) if settings is None or overrides else settings
        super().__init__(_Borrowed(), settings=ready, knowledge=knowledge, observers=observers)


def check_options(engine: Clara, options: Mapping[str, Any]) -> None:
    """Say a mistake in what holds for every request before the first one. Raises ConfigError."""
    ChatOptions.read(options).settings(engine.settings)
    engine.check_method(options.get("method") or engine.method)


def lend(model: ChatModel | None = None, context: Context | None = None) -> Context:
    """Return a context to begin an answer in: `model` is the one that it asks.

    Without `context` it is new but for that. Whatever libraries keep in the caller's context, such as LangChain its
    callbacks, would take CLARA's own calls for the application's: drafts would be shown, and tokens counted twice.
    """
    begun = Context() if context is None else context
    if model is not None:
        begun.run(_lent.set, model)
    return begun


class _Borrowed:
    """Passes each call on to the model that was lent."""

    @property
    def name(self) -> str:
        return _lent.get().name

    async def complete(self, call: Call, show: Show | None = None) -> Completion:
        return await _lent.get().complete(call, show)

    async def aclose(self) -> None:
        """What is borrowed is its owner's to close."""
