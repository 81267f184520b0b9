"""OpenAI and servers that speak its API, asked through the `openai` client as LangChain sets it up.

LangChain builds the model and knows what each option is called for each model; its own work on a call, and the
client's on turning typed values into the same JSON again, cost more CPU than everything else in an answer.
"""

from __future__ import annotations

import asyncio
import itertools
from typing import TYPE_CHECKING, Any

import httpx2

from clara.models.base import Call, Completion
from clara.models.langchain import LangChainModel

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

_POOLS = 16
_CONNECTIONS = 1000


class OpenAIModel(LangChainModel):
    """A chat completions model built by LangChain, called with as little as possible in between.

    A model that needs the Responses API goes LangChain's way.
    """

    _payload: dict[str, Any] | None = None  # what every request holds but its messages

    async def _complete(self, model: BaseChatModel, call: Call) -> Completion:
        if self._payload is None:
            self._payload = _payload(model)
        payload = self._payload
        if not payload:
            return await super()._complete(model, call)
        client: Any = model.root_async_client  # type: ignore[attr-defined]
        system = [{"role": "system", "content": call.system}] if call.system else []
        body = payload | {"messages": [*system, *({"role": t.role, "content": t.text} for t in call.turns)]}
        response = await client.post("/chat/completions", body=body, cast_to=httpx2.Response)
        reply = response.json()
        choice, usage = reply["choices"][0], reply.get("usage") or {}
        message = choice["message"]
        return Completion(
            text=message.get("content") or message.get("refusal") or "",
            model=self.name,
            prompt_tokens=usage.get("prompt_tokens") or 0,
            completion_tokens=usage.get("completion_tokens") or 0,
            truncated=choice.get("finish_reason") == "length",
        )


def _payload(model: Any) -> dict[str, Any]:
    """Return what every request of a model holds but its messages; nothing for one that uses the Responses API."""
    from langchain_core.messages import HumanMessage

    payload: dict[str, Any] = model._get_request_payload([HumanMessage("-")])
    return {} if model._use_responses_api(payload) else payload


class ManyPools(httpx2.AsyncBaseTransport):
    """Spreads requests over several pools of connections.

    A pool looks at each of its connections for every request, so that one with hundreds spends its time on that.
    """

    def __init__(self) -> None:
        limits = httpx2.Limits(max_connections=_CONNECTIONS // _POOLS, max_keepalive_connections=_CONNECTIONS // _POOLS)
        self._pools = [httpx2.AsyncHTTPTransport(limits=limits) for _ in range(_POOLS)]
        self._turns = itertools.cycle(self._pools)

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        return await next(self._turns).handle_async_request(request)

    async def aclose(self) -> None:
        await asyncio.gather(*(pool.aclose() for pool in self._pools))
