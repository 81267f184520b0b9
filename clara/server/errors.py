"""Errors as the OpenAI API shapes them: `{"error": {"message", "type", "param", "code"}}` with the right status.

SDKs try 408, 409, 429 and 5xx again, twice. `x-should-retry: false` keeps them from it where another try would cost
as much and fail as well.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from starlette.exceptions import HTTPException
from starlette.types import Receive, Send

from clara.errors import (
    BudgetExceeded,
    ClaraError,
    InputError,
    KnowledgeError,
    ModelAuthError,
    ModelBadOutput,
    ModelError,
    ModelRateLimited,
    ModelStatusError,
    ModelTimeout,
)

_TYPES = {401: "authentication_error", 403: "permission_error", 429: "rate_limit_error"}
_LINGER_S = 2.0
_UPSTREAM_WAIT_S = 1.0  # where the provider names no time


class RequestError(Exception):
    """A request that is answered with an error `status` and one line that says what to do.

    param: the field at fault. retry_after_s: when to come again.
    """

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        *,
        param: str | None = None,
        retry_after_s: float | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status, self.code, self.param, self.retry_after_s = status, code, param, retry_after_s
        self.headers = dict(headers or {})


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """An error as it is sent."""

    status: int
    code: str
    message: str
    param: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def body(self) -> dict[str, Any]:
        """The object that clients read."""
        kind = _TYPES.get(self.status) or ("server_error" if self.status >= 500 else "invalid_request_error")
        return {"error": {"message": self.message, "type": kind, "param": self.param, "code": self.code}}

    async def send(self, receive: Receive, send: Send) -> None:
        """Send it as a whole response.

        A connection that is closed while its client still sends is reset, and the client never sees why: what it sends
        is read and thrown away for a moment first.
        """
        payload = json.dumps(self.body, ensure_ascii=False).encode()
        headers = {"content-type": "application/json", "content-length": str(len(payload)), **self.headers}
        raw = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
        await send({"type": "http.response.start", "status": self.status, "headers": raw})
        closes = headers.get("connection") == "close"
        await send({"type": "http.response.body", "body": payload, "more_body": closes})
        if closes:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_LINGER_S):
                    while (await receive()).get("more_body"):
                        pass
            await send({"type": "http.response.body", "body": b""})


def failure_of(error: Exception) -> Failure:
    """Return how an error is answered. What nobody foresaw is a 500 that tells nothing of itself."""
    if isinstance(error, RequestError):
        waiting = {} if error.retry_after_s is None else {"retry-after": str(math.ceil(error.retry_after_s))}
        return Failure(
            status=error.status, code=error.code, message=str(error), param=error.param,
            headers={**error.headers, **waiting},
        )  # fmt: skip
    if isinstance(error, HTTPException):  # the router's own: no such path, or no such method
        words = {404: "no such path; the API lies under /v1, see /openapi.json", 405: "this path takes another method"}
        code = {404: "not_found", 405: "method_not_allowed"}.get(error.status_code, "http_error")
        message = words.get(error.status_code, error.detail)
        return Failure(status=error.status_code, code=code, message=message, headers=dict(error.headers or {}))
    if isinstance(error, ModelError):
        return _upstream(error)
    if isinstance(error, InputError):
        return Failure(status=400, code="invalid_request", message=str(error))
    if isinstance(error, BudgetExceeded):
        return Failure(status=400, code="budget_exceeded", message=str(error))
    if isinstance(error, KnowledgeError):
        return Failure(status=503, code="knowledge_unavailable", message=str(error), headers={"retry-after": "5"})
    if isinstance(error, TimeoutError):
        return _final(504, "timeout", "the answer took too long; raise server.request_s, or limit it with clara.budget")
    if isinstance(error, ClaraError):
        return _final(500, "misconfigured", str(error))
    return _final(500, "internal_error", "something went wrong in CLARA; the log has it under this request's id")


def _upstream(error: ModelError) -> Failure:
    """Return how a provider's failure is passed on: its own status where that says something to the client."""
    wait = error.retry_after_s if error.retry_after_s is not None else _UPSTREAM_WAIT_S
    again = {"retry-after": str(math.ceil(wait))}
    if isinstance(error, ModelRateLimited):
        return Failure(status=429, code="upstream_rate_limited", message=str(error), headers=again)
    if isinstance(error, ModelTimeout):
        return _final(504, "upstream_timeout", str(error))
    if isinstance(error, ModelAuthError):  # the server's key, not the client's: a 401 would blame the wrong one
        return _final(502, "upstream_refused_key", "the model's provider refused the server's key")
    if isinstance(error, ModelBadOutput):
        return _final(502, "upstream_bad_output", str(error))
    if isinstance(error, ModelStatusError):
        if error.status >= 500:
            return Failure(status=error.status, code="upstream_error", message=str(error), headers=again)
        if error.status == 429:  # a quota that is used up does not come back in seconds
            return _final(429, "upstream_quota", str(error))
        if error.status in (400, 413, 422):
            return Failure(status=400, code="upstream_refused_request", message=str(error))
        return _final(502, "upstream_error", str(error))
    return Failure(status=502, code="upstream_unreachable", message=str(error), headers=again)


def _final(status: int, code: str, message: str) -> Failure:
    return Failure(status=status, code=code, message=message, headers={"x-should-retry": "false"})
