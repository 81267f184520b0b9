"""What is known of one request beside its content: all that logs, metrics and traces are made from."""

from __future__ import annotations

import re
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from starlette.types import Scope

from clara.types import Event, Reply

_FIT = re.compile(rb"[A-Za-z0-9._-]{1,64}")
_KEY = "clara.exchange"


@dataclass(slots=True, kw_only=True)
class Exchange:
    """One request and its answer.

    route: the path's name, not the path as it came. model: as the request names it, once it is known to exist.
    error: the code that it was answered with. calls: of each reply that is being streamed, by its number.
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
    calls: dict[int, list[Event]] = field(default_factory=dict)
    content: dict[str, Any] = field(default_factory=dict)

    @property
    def seconds(self) -> float:
        """How long it has taken so far."""
        return time.perf_counter() - self.began

    def answered(self, reply: Reply) -> None:
        """Count what a reply took."""
        self.replies.append(reply)
        self.used(reply.usage.prompt_tokens, reply.usage.completion_tokens, reply.usage.cost)

    def saw(self, number: int, event: Event | None) -> None:
        """Note a model call of the reply of a number that is under way."""
        if event is not None and event.kind == "call":
            self.calls.setdefault(number, []).append(event)

    def broke_off(self, number: int, price: Callable[[str], tuple[float, float] | None]) -> None:
        """Count what a reply took that never came to its end: a client that leaves before it has used it all the same.

        price: of a model, per million prompt and completion tokens.
        """
        for event in self.calls.get(number, ()):
            prompt, completion = event.data.get("prompt_tokens", 0), event.data.get("completion_tokens", 0)
            held = price(event.data["model"])
            cost = None if held is None else (held[0] * prompt + held[1] * completion) / 1e6
            self.used(prompt, completion, cost)

    def used(self, prompt_tokens: int, completion_tokens: int, cost: float | None) -> None:
        """Count what was used upstream. cost: None where no price is known."""
        self.prompt_tokens += prompt_tokens
        self.completion_tokens += completion_tokens
        self.cost = None if self.cost is None or cost is None else self.cost + cost


def open_exchange(scope: Scope) -> Exchange:
    """Begin the record of a request, under the id that the client or a balancer gave it where that is fit for logs."""
    given = next((value for name, value in scope["headers"] if name == b"x-request-id"), b"")
    request_id = given.decode() if _FIT.fullmatch(given) else f"req_{secrets.token_hex(12)}"
    exchange = Exchange(request_id=request_id, method=scope["method"])
    scope[_KEY] = exchange
    return exchange


def exchange_of(scope: Scope) -> Exchange:
    """Return the record of the request that is being answered."""
    exchange: Exchange = scope[_KEY]
    return exchange
