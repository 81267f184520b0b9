"""The record of one answer: events in order, shown to observers as they happen."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from clara.types import Citation, Event

Observer = Callable[[Event], None]
Clock = Callable[[], float]


class Trace:
    """Collects `Event`s and passes each to the observers.

    Events carry identifiers, counts and decisions; never the text of a question or an answer. The one exception,
    `say`, is shown and not kept.
    """

    def __init__(self, observers: Sequence[Observer] = (), *, clock: Clock = time.perf_counter) -> None:
        self._observers = tuple(observers)
        self._clock = clock
        self._start = clock()
        self._events: list[Event] = []
        self._said: list[str] = []

    @property
    def observed(self) -> bool:
        """Whether anybody is shown what happens."""
        return bool(self._observers)

    @property
    def said(self) -> str:
        """What the observers were shown of the answer so far."""
        return "".join(self._said)

    @property
    def events(self) -> tuple[Event, ...]:
        """Everything recorded so far, oldest first."""
        return tuple(self._events)

    def elapsed_s(self) -> float:
        """Seconds since the answer was begun."""
        return self._clock() - self._start

    def record(self, kind: str, stage: str, **data: Any) -> Event:
        """Add an event and show it to every observer."""
        event = Event(kind=kind, stage=stage, at_s=round(self.elapsed_s(), 4), data=data)
        self._events.append(event)
        for observe in self._observers:
            observe(event)
        return event

    def say(self, text: str, citations: Mapping[int, Citation] | None = None) -> None:
        """Show the observers the next part of the answer: an event `sentence` with its `text` and `citations`.

        The texts of all of them, put together as they are, make the answer. citations: by the numbers in `text`.
        """
        self._said.append(text)
        data = {"text": text, "citations": dict(citations or {})}
        event = Event(kind="sentence", stage="write", at_s=round(self.elapsed_s(), 4), data=data)
        for observe in self._observers:
            observe(event)

    def warn(self, stage: str, message: str) -> None:
        """Record something the reader of the answer should know; each message once."""
        if message not in self.warnings:
            self.record("warning", stage, message=message)

    @property
    def warnings(self) -> tuple[str, ...]:
        """The messages of all warnings, in order."""
        return tuple(event.data["message"] for event in self._events if event.kind == "warning")
