"""Run parts of one answer at once."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar, overload

from clara.stages.meter import ROUND

A = TypeVar("A")
B = TypeVar("B")


@overload
async def together(a: Coroutine[Any, Any, A], b: Coroutine[Any, Any, B], /) -> tuple[A, B]: ...
@overload
async def together(*parts: Coroutine[Any, Any, A]) -> tuple[A, ...]: ...
async def together(*parts: Coroutine[Any, Any, Any]) -> tuple[Any, ...]:
    """Return the results in order, in the round of the latest part.

    If one part raises, the others are cancelled and its error is raised as it is.
    """
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(_with_round(part)) for part in parts]
    except BaseExceptionGroup as errors:
        raise errors.exceptions[0] from None
    done = [task.result() for task in tasks]
    ROUND.set(max([ROUND.get(), *(reached for _, reached in done)]))
    return tuple(result for result, _ in done)


async def _with_round(part: Coroutine[Any, Any, A]) -> tuple[A, int]:
    return await part, ROUND.get()
