"""Asking all live sources at once."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from itertools import zip_longest

from clara.errors import KnowledgeError
from clara.knowledge.live.base import Retriever
from clara.types import Evidence


async def search_live(
    retrievers: Sequence[Retriever], queries: Mapping[str, str], k: int
) -> tuple[list[Evidence], list[str]]:
    """Ask every source in every language that it knows; return what was found, joined by rank, and the problems.

    queries: language -> the question in it, the asker's language first: at equal rank it stands first.
    k: passages a source; so there are at most `k * len(retrievers)`.
    A source that fails costs only its own passages; why is one line among the problems. When the caller is
    cancelled, so are the requests.
    """

    async def ask(retriever: Retriever, language: str, query: str) -> tuple[list[Evidence], str]:
        try:
            return await retriever.search(query, language, k), ""
        except KnowledgeError as error:
            return [], str(error)

    try:
        async with asyncio.TaskGroup() as group:
            asked = [
                [group.create_task(ask(retriever, language, query)) for language, query in queries.items()]
                for retriever in retrievers
            ]
    except BaseExceptionGroup as errors:
        raise errors.exceptions[0] from None
    answers = [[task.result() for task in tasks] for tasks in asked]
    found = _joined([_joined([evidence for evidence, _ in answer])[:k] for answer in answers])
    problems = dict.fromkeys(problem for answer in answers for _, problem in answer if problem)
    return found, list(problems)


def _joined(lists: Sequence[Sequence[Evidence]]) -> list[Evidence]:
    """Return the lists as one: all first places, then all second ones; a passage of several lists once."""
    by_id: dict[str, list[Evidence]] = {}
    for places in zip_longest(*lists):
        for item in places:
            if item is not None:
                by_id.setdefault(item.passage.id, []).append(item)
    return [
        Evidence(
            passage=same[0].passage,
            score=1 / rank,
            rank=rank,
            origins={name: place for item in reversed(same) for name, place in item.origins.items()},
        )
        for rank, same in enumerate(by_id.values(), 1)
    ]
