"""An event loop in which waiting costs no time: the clock jumps to whatever is due next.

So a simulated model can take a second a call, as rounds and budgets need it, and a bench of thousands of calls only
the time of its own work. What the engine does in threads is done at once in this one: the same events, in the same
order, in every run.
"""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


class _Selector(selectors.DefaultSelector):
    """Waits for nothing; `waited_s` is how long it would have waited."""

    waited_s = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is not None and timeout > 0:
            self.waited_s += timeout
            timeout = 0
        return super().select(timeout)


class _Loop(asyncio.SelectorEventLoop):
    def __init__(self) -> None:
        self._clock = _Selector()
        super().__init__(self._clock)

    def time(self) -> float:
        return self._clock.waited_s

    def run_in_executor(self, executor: object, func: Callable[..., Any], *args: Any) -> asyncio.Future[Any]:  # type: ignore[override]
        future: asyncio.Future[Any] = self.create_future()
        try:
            future.set_result(func(*args))
        except Exception as error:
            future.set_exception(error)
        return future


def run_simulated(main: Coroutine[Any, Any, T]) -> T:
    """Run `main` to its end in simulated time, and return its result."""
    with asyncio.Runner(loop_factory=_Loop) as runner:
        return runner.run(main)
