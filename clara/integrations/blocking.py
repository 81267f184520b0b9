"""Calls of a blocking client, waited for without blocking an event loop."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, TypeVar

T = TypeVar("T")

# The threads do nothing but wait for providers; an event loop's own few would let requests queue for them.
_WAITING = ThreadPoolExecutor(max_workers=256, thread_name_prefix="clara-waiting")


async def waited(function: Callable[..., T], *args: Any, **kwargs: Any) -> T:
    """Return what a blocking function returns. Cancelled, it is waited for no more, and runs to its end."""
    return await asyncio.get_running_loop().run_in_executor(_WAITING, partial(function, *args, **kwargs))


async def each(items: Iterator[T]) -> AsyncIterator[T]:
    """Yield the items of a blocking iterator, of which none is None."""
    while (item := await waited(next, items, None)) is not None:
        yield item
