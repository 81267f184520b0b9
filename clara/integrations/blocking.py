"""Calls of a blocking client, waited for without blocking an event loop."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import Future
from typing import Any, TypeVar

T = TypeVar("T")


async def waited(function: Callable[..., T], *args: Any, **kwargs: Any) -> T:
    """Return what a blocking function returns. Cancelled, it is waited for no more, and runs to its end."""
    made: Future[T] = Future()
    made.set_running_or_notify_cancel()  # what has begun cannot be cancelled

    def call() -> None:
        try:
            made.set_result(function(*args, **kwargs))
        except BaseException as error:
            made.set_exception(error)

    # A thread that an executor keeps is joined when the interpreter ends: Ctrl-C would wait for a silent provider.
    threading.Thread(target=call, name="clara-waiting", daemon=True).start()
    return await asyncio.wrap_future(made)


async def each(items: Iterator[T]) -> AsyncIterator[T]:
    """Yield the items of a blocking iterator, of which none is None."""
    while (item := await waited(next, items, None)) is not None:
        yield item
