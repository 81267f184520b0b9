"""Any LangChain chat model behind the seam, and the one table that maps providers' errors into ours."""

from __future__ import annotations

import asyncio
import re
import weakref
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from clara.errors import (
    ConfigError,
    ModelAuthError,
    ModelBadOutput,
    ModelError,
    ModelRateLimited,
    ModelStatusError,
    ModelTimeout,
    ModelUnreachable,
)
from clara.models.base import Call, Completion
from clara.waiting import retry_after_s

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel
    from langchain_core.messages import AIMessage, BaseMessage

_KEY_LIKE = re.compile(r"(?i)\b(?:sk|pk|key|token|bearer)[-_ ](?=[\w.\-]*[\d*])[\w*.\-]{6,}")


class LangChainModel:
    """Adapts LangChain chat models to `ChatModel`.

    `build` makes the LangChain model. It runs once per event loop: HTTP pools belong to the loop that
    opened them, and a library user may run several loops one after another. With `owned` false the model
    is the caller's, and closing it too.
    """

    def __init__(
        self, name: str, build: Callable[[], BaseChatModel], *, secrets: Iterable[str] = (), owned: bool = True
    ) -> None:
        self._name = name
        self._owned = owned
        self._build = build
        self._secrets = tuple(secret for secret in secrets if secret)
        self._per_loop: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, BaseChatModel] = (
            weakref.WeakKeyDictionary()
        )

    @property
    def name(self) -> str:
        return self._name

    async def complete(self, call: Call) -> Completion:
        model = self._model()
        try:
            return await self._complete(model, call)
        except Exception as error:  # CancelledError is no Exception: it passes
            raise map_error(error, self._name, self._secrets) from None

    async def _complete(self, model: BaseChatModel, call: Call) -> Completion:
        return _completion(await model.ainvoke(_messages(call)), self._name)

    def _model(self) -> BaseChatModel:
        loop = asyncio.get_running_loop()
        if loop not in self._per_loop:
            self._per_loop[loop] = self._build()
        return self._per_loop[loop]

    async def aclose(self) -> None:
        """Close the HTTP client of the running loop, where the provider's model has one."""
        model = self._per_loop.pop(asyncio.get_running_loop(), None)
        client = getattr(model, "http_async_client", None) if self._owned else None
        if client is not None:
            await client.aclose()


def _messages(call: Call) -> list[BaseMessage]:
    from langchain_core.messages import AIMessage, HumanMessage, SystemMessage

    system: list[BaseMessage] = [SystemMessage(call.system)] if call.system else []
    return system + [HumanMessage(turn.text) if turn.role == "user" else AIMessage(turn.text) for turn in call.turns]


def _completion(message: AIMessage, name: str) -> Completion:
    usage: Mapping[str, Any] = message.usage_metadata or {}
    # LangChain marks a reply from its cache by a total cost of zero.
    cached = "total_cost" in usage
    finish = message.response_metadata.get("finish_reason") or message.response_metadata.get("stop_reason")
    return Completion(
        text=message.text,
        model=name,
        prompt_tokens=0 if cached else usage.get("input_tokens", 0),
        completion_tokens=0 if cached else usage.get("output_tokens", 0),
        truncated=finish in ("length", "max_tokens", "MAX_TOKENS"),
        cached=cached,
    )


def map_error(error: Exception, name: str, secrets: Iterable[str] = ()) -> ModelError | ConfigError:
    """Return the error of our tree for whatever a provider's package raised.

    LangChain's provider-neutral classes come first, then the HTTP status that SDKs attach, then
    the plain errors that malformed replies cause inside SDKs. Upstream text is shortened and
    stripped of keys; that of a refused key is not repeated at all.
    """
    from langchain_core import exceptions as lc

    if isinstance(error, ModelError | ConfigError):
        return error
    response = getattr(error, "response", None)
    status = getattr(error, "status_code", None) or getattr(response, "status_code", None) or _status_of(error)
    wait = retry_after_s(getattr(response, "headers", None) or {})
    said = _redact(str(error) or type(error).__name__, secrets)

    if isinstance(error, lc.ModelAuthenticationError | lc.ModelPermissionDeniedError) or status in (401, 403):
        return ModelAuthError(
            f"{name}: the provider refused the key ({status or 401}); set CLARA_API_KEY or the provider's own "
            "variable, e.g. OPENAI_API_KEY",
            status=int(status or 401),
        )
    if isinstance(error, lc.ModelRateLimitError) or status == 429:
        if "insufficient_quota" in str(error):
            return ModelStatusError(f"{name}: the provider says the quota is used up (429)", status=429)
        return ModelRateLimited(f"{name}: the provider asks to slow down (429)", retry_after_s=wait)
    if isinstance(error, lc.ModelNotFoundError) or status == 404:
        return ModelStatusError(f"{name}: no such model or address (404); check model and base_url: {said}", status=404)
    if isinstance(error, lc.ContextOverflowError):
        return ModelStatusError(f"{name}: the question is too long for this model", status=400)
    if isinstance(error, lc.ModelTimeoutError | TimeoutError) or "Timeout" in type(error).__name__:
        return ModelTimeout(f"{name}: no reply in time")
    if _validation_failed(error):
        return ModelBadOutput(f"{name}: the reply was not in the provider's own format: {said}", retryable=True)
    if status is not None and int(status) >= 400:
        return ModelStatusError(
            f"{name}: the provider answered {status}: {said}", status=int(status), retry_after_s=wait
        )
    if isinstance(error, lc.ModelConnectionError | ConnectionError | OSError) or "Connect" in type(error).__name__:
        return ModelUnreachable(f"{name}: cannot reach the provider; check base_url and the network: {said}")
    return ModelBadOutput(f"{name}: {type(error).__name__}: {said}")


def _status_of(error: Exception) -> int | None:
    """Return the status that a provider-neutral class stands for."""
    from langchain_core import exceptions as lc

    stands_for = {lc.ModelInvalidRequestError: 400, lc.ModelAPIError: 500}
    return next((status for cls, status in stands_for.items() if isinstance(error, cls)), None)


def _validation_failed(error: Exception) -> bool:
    # A body cut short or of another kind surfaces as one of these from inside an SDK or LangChain.
    return type(error).__name__ == "APIResponseValidationError" or isinstance(
        error, ValueError | KeyError | TypeError | AttributeError | IndexError
    )


def _redact(text: str, secrets: Iterable[str]) -> str:
    for secret in secrets:
        text = text.replace(secret, "***")
    text = " ".join(_KEY_LIKE.sub("***", text).split())
    return text if len(text) <= 200 else text[:197] + "..."
