"""A request of chat completions as the messages and options of a conversation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

_OPTIONS = ("temperature", "top_p", "seed", "parallel_tool_calls", "response_format", "tools", "tool_choice", "stop")


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatRequest:
    """messages: as they came. options: those of `Clara.achat` that the request names. count: of choices."""

    messages: Sequence[Mapping[str, Any]]
    options: dict[str, Any]
    count: int


def read_chat_request(body: Mapping[str, Any]) -> ChatRequest:
    """Take a request apart; what `Clara.achat` refuses is found out there."""
    options = {name: body[name] for name in _OPTIONS if body.get(name) is not None}
    if limit := body.get("max_completion_tokens") or body.get("max_tokens"):
        options["max_tokens"] = limit
    return ChatRequest(messages=body.get("messages") or [], options=options, count=body.get("n") or 1)
