"""The seam to chat models: one call in, one completion out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from clara.types import Turn

Show = Callable[[str], None]
"""Is handed a reply piece by piece, as it is made."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One request: a trusted system text and the turns after it.

    messages: an application's own messages, in the form of the OpenAI API; sent as they are, in place of both.
    options: sampling, tools and limits by their names in that API; a model is not sent what it has no name for.
    sample: tells independent replies to the same request apart in a cache; it is never sent.
    """

    system: str = ""
    turns: tuple[Turn, ...] = ()
    messages: tuple[Mapping[str, Any], ...] = ()
    options: Mapping[str, Any] = field(default_factory=dict)
    sample: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Completion:
    """One reply. Token counts are the provider's, of a `cached` reply those that it once took; 0 where it reports none.

    truncated: the provider stopped at a length limit.
    attempts: how often the call was tried.
    tool_calls: calls of the application's tools as the model made them, in the form of the OpenAI API.
    """

    text: str
    model: str
    prompt_tokens: int = 0
    completion_tokens: int = 0
    truncated: bool = False
    cached: bool = False
    attempts: int = 1
    tool_calls: tuple[Mapping[str, Any], ...] = ()


class ChatModel(Protocol):
    """What every model, wrapper and fake implements. `complete` raises ModelError and nothing else."""

    @property
    def name(self) -> str:
        """The model's name, as prices and records use it."""

    async def complete(self, call: Call, show: Show | None = None) -> Completion:
        """Answer `call`. Cancellation passes through.

        show: where given, the reply is asked for as a stream, and each piece of its text handed over as it arrives; the
        pieces together are the completion's text. After the first piece nothing is tried again.
        """

    async def aclose(self) -> None:
        """Release connections. The model must not be used afterwards."""
