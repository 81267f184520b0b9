"""A call in the form of the OpenAI API, which every provider's package is given or turns into its own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from clara.models.base import Call
from clara.types import Turn


def wire_messages(call: Call) -> list[Mapping[str, Any]]:
    """Return the messages of a call: the application's own, or system text and turns."""
    if call.messages:
        return list(call.messages)
    system: list[Mapping[str, Any]] = [{"role": "system", "content": call.system}] if call.system else []
    return system + [{"role": turn.role, "content": _content(turn)} for turn in call.turns]


def _content(turn: Turn) -> str | list[Mapping[str, Any]]:
    return [{"type": "text", "text": turn.text}, *turn.attachments] if turn.attachments else turn.text
