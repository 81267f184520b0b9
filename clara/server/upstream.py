"""Upstream models served as they are: the provider's bytes through, and nothing of the client's but its request."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import httpx2
from pydantic_core import to_json
from starlette.types import Send

from clara.config import Settings, openai_key
from clara.models.openai import open_client
from clara.server.catalogue import OPENAI
from clara.server.errors import RequestError
from clara.server.exchange import Exchange
from clara.server.metering import cost_of
from clara.server.streaming import STREAM_HEADERS

_OPENAI_URL = "https://api.openai.com/v1"
_NOT_PASSED_ON = frozenset({"clara", "api_key", "api_base", "base_url", "api_version", "extra_headers"})
"""CLARA's own, and what gateways take for an address or a key of the client's choice."""
_PASSED_BACK = (b"content-type", b"content-encoding", b"retry-after", b"x-should-retry", b"retry-after-ms")
_TAIL = 4096
_BYTES_A_TOKEN = 4
_EVENT = b"data: {"
_USED = re.compile(rb'"(prompt_tokens|completion_tokens|input_tokens|output_tokens)"\s*:\s*(\d+)')


class Upstream:
    """The OpenAI-compatible server that the settings name. One client serves every request."""

    def __init__(self, settings: Settings) -> None:
        own = settings.model.partition(":")[0] == OPENAI
        self._url = ((settings.base_url if own else None) or _OPENAI_URL).rstrip("/")
        key = openai_key(settings)
        self._headers = {"content-type": "application/json", "accept-encoding": "identity"}
        if key is not None:
            self._headers["authorization"] = f"Bearer {key.get_secret_value()}"
        self._timeout_s = settings.timeout_s
        self._settings = settings
        self._client = open_client(settings.timeout_s)

    async def forward(self, path: str, body: Mapping[str, Any], raw: bytes, send: Send, exchange: Exchange) -> None:
        """Pass a request on and its reply back, byte by byte as it comes. Raises RequestError."""
        model = str(body["model"]).removeprefix(f"{OPENAI}:")
        if model != body["model"] or not _NOT_PASSED_ON.isdisjoint(body):
            raw = to_json({k: v for k, v in body.items() if k not in _NOT_PASSED_ON} | {"model": model})
        counting = Counting(len(raw))
        try:
            status = await self._relay(path, raw, send, counting)
            if status >= 400:
                exchange.error = "upstream_rate_limited" if status == 429 else "upstream_error"
        finally:
            prompt, completion = counting.tokens()
            exchange.used(prompt, completion, cost_of(self._settings, model, prompt, completion))

    async def _relay(self, path: str, raw: bytes, send: Send, counting: Counting) -> int:
        request = self._client.build_request("POST", f"{self._url}{path}", content=raw, headers=self._headers)
        try:
            response = await self._client.send(request, stream=True)
            try:
                if response.status_code in (401, 403):
                    raise RequestError(
                        502, "upstream_refused_key", "the model's provider refused the server's key",
                        headers={"x-should-retry": "false"},
                    )  # fmt: skip
                kept = [(name, value) for name, value in response.headers.raw if name.lower() in _PASSED_BACK]
                if response.headers.get("content-type", "").startswith("text/event-stream"):
                    kept += STREAM_HEADERS
                await send({"type": "http.response.start", "status": response.status_code, "headers": kept})
                async for piece in response.aiter_raw():
                    if response.is_success:  # what is refused took no tokens
                        counting.add(piece)
                    await send({"type": "http.response.body", "body": piece, "more_body": True})
                await send({"type": "http.response.body", "body": b"", "more_body": False})
                return response.status_code
            finally:
                await response.aclose()
        except httpx2.TimeoutException:
            raise RequestError(
                504, "upstream_timeout", f"the model did not reply within {self._timeout_s:g} s",
                headers={"x-should-retry": "false"},
            ) from None  # fmt: skip
        except httpx2.TransportError as error:
            said = type(error).__name__
            raise RequestError(
                502, "upstream_unreachable", f"the model cannot be reached ({said})", retry_after_s=1
            ) from None

    async def reachable(self) -> str:
        """Return `ok`, or what stands in the way."""
        try:
            reply = await self._client.get(f"{self._url}/models", headers=self._headers, timeout=3.0)
        except httpx2.HTTPError as error:
            return f"unreachable ({type(error).__name__})"
        if reply.status_code in (401, 403):
            return "the key is refused"
        return "ok" if reply.status_code < 500 else f"answers {reply.status_code}"

    async def aclose(self) -> None:
        """Close the connections."""
        await self._client.aclose()


class Counting:
    """Finds the tokens that a reply says it took, at its end; where it says nothing they are estimated.

    A stream says nothing of them unless it was asked to. A model sends an event for each token or few, which is nearer
    than the size: most of an event is names. asked: bytes of the request.
    """

    def __init__(self, asked: int) -> None:
        self._asked = asked
        self._tail = b""
        self._size = self._events = 0

    def add(self, piece: bytes) -> None:
        """Take the next piece of a reply."""
        self._size += len(piece)
        # An event's first line may come in two pieces; what was counted before is not counted again.
        self._events += (self._tail[-len(_EVENT) + 1 :] + piece).count(_EVENT)
        self._tail = (self._tail + piece)[-_TAIL:]

    def tokens(self) -> tuple[int, int]:
        """Return prompt and completion tokens."""
        if not self._size:
            return 0, 0
        found = {name: int(count) for name, count in _USED.findall(self._tail)}
        prompt = found.get(b"prompt_tokens", found.get(b"input_tokens"))
        completion = found.get(b"completion_tokens", found.get(b"output_tokens"))
        if prompt is None or completion is None:
            return -(-self._asked // _BYTES_A_TOKEN), self._events or -(-self._size // _BYTES_A_TOKEN)
        return prompt, completion
