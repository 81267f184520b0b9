"""`ClaraMiddleware`: the final answers of an agent debiased, with the agent's own model."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Self

from langchain.agents.middleware import AgentMiddleware, ModelRequest, ModelResponse
from langchain.agents.structured_output import ProviderStrategy, ResponseFormat, ToolStrategy

from clara.config import Settings
from clara.integrations.borrowed import BorrowingClara, check_options
from clara.integrations.langchain.chat_model import ChatClara
from clara.knowledge import KnowledgeBase


class ClaraMiddleware(AgentMiddleware[Any, Any, Any]):
    """Debiases what an agent of `create_agent` says in the end.

    >>> agent = create_agent("openai:gpt-5", tools=[...], middleware=[ClaraMiddleware(country="IN")])

    Each model call is made with the agent's model, messages and tools as they stand. Tool calls go through as they
    came; a text in their place is the draft in the asker's language, and the answer is reconciled from that draft and
    others of the same model. A stream shows verified sentences of the answer, and no draft.

    settings: CLARA's; otherwise they are read. knowledge: an open knowledge base, which the caller closes.
    options: of `ChatClara`, such as `country`, `method` or `budget`. Use it as a context manager, or call `close` or
    `aclose`. Raises ConfigError.
    """

    def __init__(
        self, *, settings: Settings | None = None, knowledge: KnowledgeBase | None = None, **options: Any
    ) -> None:
        super().__init__()
        self._engine = BorrowingClara(settings=settings, knowledge=knowledge)
        self._options = options
        check_options(self._engine, options)

    def wrap_model_call(
        self, request: ModelRequest[Any], handler: Callable[[ModelRequest[Any]], ModelResponse[Any]]
    ) -> ModelResponse[Any]:
        """Make the call through CLARA."""
        return handler(self._debiased(request))

    async def awrap_model_call(
        self, request: ModelRequest[Any], handler: Callable[[ModelRequest[Any]], Awaitable[ModelResponse[Any]]]
    ) -> ModelResponse[Any]:
        """Make the call through CLARA."""
        return await handler(self._debiased(request))

    def _debiased(self, request: ModelRequest[Any]) -> ModelRequest[Any]:
        if isinstance(request.model, ChatClara):
            return request
        model = ChatClara(model=request.model, engine=self._engine, **self._options)
        return request.override(model=model, response_format=_written(request.response_format))

    def close(self) -> None:
        """Release connections and files."""
        self._engine.close()

    async def aclose(self) -> None:
        """Do what `close` does, without blocking."""
        await self._engine.aclose()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _written(wanted: ResponseFormat[Any] | None) -> ResponseFormat[Any] | None:
    """Return a form as one that the answer is written in: a tool's call would go back unchecked.

    A choice between several forms stays the tools that it is made of.
    """
    if isinstance(wanted, ToolStrategy) and len(wanted.schema_specs) == 1:
        return ProviderStrategy(wanted.schema_specs[0].schema)
    return wanted
