"""Any LangChain chat model behind the seam, and the one table that maps providers' errors into ours."""

from __future__ import annotations

import asyncio
import json
import re
import weakref
from collections.abc import AsyncGenerator, Callable, Iterable, Mapping
from contextlib import aclosing
from inspect import signature
from typing import TYPE_CHECKING, Any, cast

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
from clara.models.base import Call, Completion, Show
from clara.models.wire import wire_messages
from clara.waiting import retry_after_s

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel
    from langchain_core.messages import AIMessage
    from langchain_core.runnables import Runnable, RunnableConfig

ALONE: RunnableConfig = {"callbacks": []}
"""How CLARA's own calls are made: inside an application's run they would be shown as the application's."""
_KEY_LIKE = re.compile(r"(?i)\b(?:sk|pk|key|token|bearer)[-_ ](?=[\w.\-]*[\d*])[\w*.\-]{6,}")
_BROKEN = re.compile("Connect|RemoteProtocol|ReadError")
"""Names of what HTTP clients raise where a connection is not made or breaks off; openai 2 lets them through."""


class LangChainModel:
    """Adapts LangChain chat models to `ChatModel`.

    `build` makes the LangChain model. It runs once per event loop: HTTP pools belong to the loop that
    opened them, and a library user may run several loops one after another. With `owned` false the model
    is the caller's, and closing it too. `options` are handed to the model with each call, whatever they mean to it.
    """

    def __init__(
        self,
        name: str,
        build: Callable[[], BaseChatModel],
        *,
        secrets: Iterable[str] = (),
        owned: bool = True,
        options: Mapping[str, Any] | None = None,
    ) -> None:
        self._name = name
        self._owned = owned
        self._options = options or {}
        self._build = build
        self._secrets = tuple(secret for secret in secrets if secret)
        self._per_loop: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, BaseChatModel] = (
            weakref.WeakKeyDictionary()
        )

    @property
    def name(self) -> str:
        return self._name

    async def complete(self, call: Call, show: Show | None = None) -> Completion:
        model = self._model()
        try:
            return await (self._stream(model, call, show) if show else self._complete(model, call))
        except Exception as error:  # CancelledError is no Exception: it passes
            raise map_error(error, self._name, self._secrets) from None

    async def _complete(self, model: BaseChatModel, call: Call) -> Completion:
        asked, options = with_options(model, call.options)
        return completion_of(await asked.ainvoke(wire_messages(call), ALONE, **options, **self._options), self._name)

    async def _stream(self, model: BaseChatModel, call: Call, show: Show) -> Completion:
        asked, options = with_options(model, call.options, streamed=True)
        whole: Any = None
        chunked = asked.astream(wire_messages(call), ALONE, **options, **self._options)
        async with aclosing(cast("AsyncGenerator[Any]", chunked)) as chunks:
            async for chunk in chunks:
                whole = chunk if whole is None else whole + chunk
                if chunk.text:
                    show(chunk.text)
        if whole is None:
            raise ModelBadOutput(f"{self._name}: the reply was empty", retryable=True)
        return completion_of(whole, self._name)

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


def with_options(
    model: BaseChatModel, options: Mapping[str, Any], *, streamed: bool = False
) -> tuple[Runnable[Any, AIMessage], dict[str, Any]]:
    """Return the model with the call's tools bound, and the options that it has a name for."""
    # What a model has no field for, its provider's package may refuse: not every one knows a seed.
    known = {k: v for k, v in options.items() if k in type(model).model_fields or k == "stop"}
    if streamed and "stream_usage" in type(model).model_fields.keys() - model.model_fields_set:
        known["stream_usage"] = True  # left alone, LangChain asks only OpenAI itself for token counts
    tools, choice = options.get("tools"), options.get("tool_choice")
    if not tools or choice == "none":
        return model, known
    if isinstance(choice, Mapping):
        choice = choice.get("function", {}).get("name")
    elif choice == "required":
        choice = "any"  # LangChain's word for it, whatever the provider's
    bound: dict[str, Any] = {"tool_choice": choice} if choice else {}
    parallel = "parallel_tool_calls"
    if options.get(parallel) is not None and parallel in signature(model.bind_tools).parameters:
        bound[parallel] = options[parallel]
    return model.bind_tools(tools, **bound), known


def completion_of(message: AIMessage, name: str) -> Completion:
    """Return a reply of the model called `name` as a completion."""
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
        tool_calls=_tool_calls(message),
    )


def _tool_calls(message: AIMessage) -> tuple[Mapping[str, Any], ...]:
    """Return the tool calls of a reply in the OpenAI form; arguments that are no JSON stay as they came."""
    calls = [(call["id"], call["name"], json.dumps(call["args"], ensure_ascii=False)) for call in message.tool_calls]
    calls += [(call["id"], call["name"] or "", call["args"] or "") for call in message.invalid_tool_calls]
    return tuple({"id": i, "type": "function", "function": {"name": n, "arguments": a}} for i, n, a in calls)


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
    if isinstance(error, lc.ModelConnectionError | ConnectionError | OSError) or _BROKEN.search(type(error).__name__):
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
