"""The seam to chat models: one call in, one completion out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from clara.types import Turn


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One request: a trusted system text and the turns after it."""

    system: str
    turns: tuple[Turn, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Completion:
    """One reply. Token counts are the provider's; 0 where it reports none or the reply was `cached`.

    truncated: the provider stopped at a length limit.
    attempts: how often the call was tried.
    """

    text: str
    model: str
    prompt_tokens: int = 0
    completion_tokens: int = 0
    truncated: bool = False
    cached: bool = False
    attempts: int = 1


class ChatModel(Protocol):
    """What every model, wrapper and fake implements. `complete` raises ModelError and nothing else."""

    @property
    def name(self) -> str:
        """The model's name, as prices and records use it."""

    async def complete(self, call: Call) -> Completion:
        """Answer `call`. Cancellation passes through."""

    async def aclose(self) -> None:
        """Release connections. The model must not be used afterwards."""
