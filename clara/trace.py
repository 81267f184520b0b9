"""The record of one answer: events in order, shown to observers as they happen."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

from clara.types import Event

Observer = Callable[[Event], None]
Clock = Callable[[], float]


class Trace:
    """Collects `Event`s and passes each to the observers.

    Events carry identifiers, counts and decisions; never the text of a question or an answer.
    """

    def __init__(self, observers: Sequence[Observer] = (), *, clock: Clock = time.perf_counter) -> None:
        self._observers = tuple(observers)
        self._clock = clock
        self._start = clock()
        self._events: list[Event] = []

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

    def warn(self, stage: str, message: str) -> None:
        """Record something the reader of the answer should know; each message once."""
        if message not in self.warnings:
            self.record("warning", stage, message=message)

    @property
    def warnings(self) -> tuple[str, ...]:
        """The messages of all warnings, in order."""
        return tuple(event.data["message"] for event in self._events if event.kind == "warning")
