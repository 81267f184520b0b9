"""What is known of one request beside its content: all that logs, metrics and traces are made from."""

from __future__ import annotations

import re
import secrets
import time
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

from starlette.types import Scope

from clara.types import Reply

_FIT = re.compile(rb"[A-Za-z0-9._-]{1,64}")
_KEY = "clara.exchange"
_CURRENT: ContextVar[Exchange | None] = ContextVar("clara_exchange", default=None)


@dataclass(slots=True, kw_only=True)
class Exchange:
    """One request and its answer.

    route: the path's name, not the path as it came. model: as the request names it, once it is known to exist.
    error: the code that it was answered with. calls: of models, those of replies that never came to their end too.
    began: by the monotonic clock, and `at_ns` by the wall clock.
    """

    request_id: str
    route: str = "other"
    method: str = ""
    began: float = field(default_factory=time.perf_counter)
    at_ns: int = field(default_factory=time.time_ns)
    status: int = 0
    key: str | None = None
    model: str | None = None
    streamed: bool = False
    error: str | None = None
    cause: str | None = None
    disconnected: bool = False
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cost: float | None = 0.0
    replies: list[Reply] = field(default_factory=list)
    calls: int = 0
    content: dict[str, Any] = field(default_factory=dict)

    @property
    def seconds(self) -> float:
        """How long it has taken so far."""
        return time.perf_counter() - self.began

    def used(self, prompt_tokens: int, completion_tokens: int, cost: float | None) -> None:
        """Count a call upstream. cost: None where no price is known."""
        self.calls += 1
        self.prompt_tokens += prompt_tokens
        self.completion_tokens += completion_tokens
        self.cost = None if self.cost is None or cost is None else self.cost + cost


def open_exchange(scope: Scope) -> Exchange:
    """Begin the record of a request, under the id that the client or a balancer gave it where that is fit for logs."""
    given = next((value for name, value in scope["headers"] if name == b"x-request-id"), b"")
    request_id = given.decode() if _FIT.fullmatch(given) else f"req_{secrets.token_hex(12)}"
    exchange = Exchange(request_id=request_id, method=scope["method"])
    scope[_KEY] = exchange
    _CURRENT.set(exchange)
    return exchange


def exchange_of(scope: Scope) -> Exchange:
    """Return the record of the request that is being answered."""
    exchange: Exchange = scope[_KEY]
    return exchange


def current_exchange() -> Exchange | None:
    """Return the record of the request that this code runs for; None outside of one."""
    return _CURRENT.get()
