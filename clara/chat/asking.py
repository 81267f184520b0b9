"""One question through the engine, shown as it comes."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from dataclasses import dataclass, replace
from typing import TypeVar

from clara.chat.screen import Screen
from clara.messages import Messages
from clara.types import Event, Usage

T = TypeVar("T")
# What a call has done, by the folder of its prompt; a translation service makes no call of a model.
_STAGES = {
    "translate": "stage_translated",
    "retrieve": "stage_evidence",
    "draft": "stage_draft",
    "verify": "stage_checked",
    "write": "stage_written",
}
_DONE = ("call", "evidence", "translated")


@dataclass(slots=True)
class Words:
    """CLARA's own words in the language of the conversation."""

    messages: Messages
    language: str = "en"

    def say(self, key: str) -> str:
        """Return a message in the language, in English where it is not translated."""
        return self.messages.say(key, self.language)


class Watcher:
    """Shows stages on the line about progress, and sentences as Markdown; counts what the calls took.

    shows: whether the answer itself is shown. answer_in: the language that was chosen, else it is the question's.
    """

    def __init__(self, screen: Screen, words: Words, *, shows: bool = True, answer_in: str | None = None) -> None:
        self._screen, self._words, self._shows, self._answer_in = screen, words, shows, answer_in
        self._markdown = screen.markdown()
        self._done: list[str] = []
        self.text = ""
        self.usage = Usage()

    def __call__(self, event: Event) -> None:
        if event.kind == "started":
            self._words.language = self._answer_in or str(event.data["language"])
        elif event.kind == "call":
            self._count(event)
        elif event.kind == "sentence" and self._shows:
            self.text += event.data["text"]
            self._markdown.feed(event.data["text"])
        key = _STAGES.get(event.stage.partition("/")[0])
        if key and event.kind in _DONE and event.data.get("outcome", "ok") == "ok":
            self._done = [done for done in self._done if done != key] + [key]
        self.tell(0)

    def tell(self, seconds: int) -> None:
        """Say what is done so far, and for how long it has taken."""
        said = [self._words.say(key) for key in self._done[-3:]] or [self._words.say("stage_working")]
        self._screen.tell(" ".join([*said, *([f"{seconds} s"] if seconds else [])]))

    def end(self) -> None:
        """Close the answer's last row."""
        if self.text:
            self._markdown.finish()
        self._screen.break_row()

    def _count(self, event: Event) -> None:
        used, data = self.usage, event.data
        cached = bool(data.get("cached"))
        self.usage = replace(
            used,
            calls=used.calls + (not cached),
            rounds=max(used.rounds, int(data.get("round", 0))),
            prompt_tokens=used.prompt_tokens + (0 if cached else int(data.get("prompt_tokens", 0))),
            completion_tokens=used.completion_tokens + (0 if cached else int(data.get("completion_tokens", 0))),
            cost=used.cost if cached else None,
        )


async def watched(work: Awaitable[T], watcher: Watcher) -> T:
    """Wait for what is asked, and say each second that it is still being worked on."""

    async def tick() -> None:
        seconds = 0
        while True:
            await asyncio.sleep(1)
            seconds += 1
            watcher.tell(seconds)

    ticking = asyncio.create_task(tick())
    try:
        watcher.tell(0)
        return await work
    finally:
        ticking.cancel()
