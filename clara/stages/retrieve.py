"""Fetch evidence from the knowledge base without holding up the event loop."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import replace

from clara.errors import KnowledgeError
from clara.knowledge import SearchResult
from clara.knowledge.live import search_live
from clara.stages.state import Run
from clara.types import Evidence

logger = logging.getLogger(__name__)


async def retrieve(
    run: Run,
    query: str,
    language: str,
    *,
    variants: Mapping[str, str] | None = None,
    k: int | None = None,
    live: bool = False,
    nearest: bool = False,
) -> SearchResult:
    """Search for `query`; a knowledge base that fails gives no evidence and a warning, not an error.

    nearest: in one language only, the query's own or English.
    live: where nothing passes the gate, ask the live sources that the settings name.
    """
    try:
        result = await asyncio.to_thread(
            run.knowledge.search,
            query,
            language,
            variants=variants,
            k=k,
            country=run.question.country,
            nearest=nearest,
        )
    except KnowledgeError as error:
        note_no_search(run, error)
        result = SearchResult()
    for problem in result.problems:
        run.trace.warn("retrieve", problem)
    if live and run.live and not result.evidence:
        queries = {language: query, **(variants or {})}
        found, problems = await search_live(run.live, queries, run.settings.live.k)
        for problem in problems:
            run.trace.warn("retrieve", problem)
        result = replace(result, evidence=tuple(found))
    run.trace.record(
        "evidence",
        "retrieve",
        languages=sorted(result.queries),
        passed=[_record(e) | {"origins": dict(e.origins), "place": e.place} for e in result.evidence],
        rejected=[_record(e) for e in result.rejected],
    )
    return result


def note_no_search(run: Run, error: KnowledgeError) -> None:
    """Tell the asker in a sentence that there is no evidence, and whoever runs CLARA why."""
    logger.warning("no evidence could be searched: %s", error)
    run.trace.warn("retrieve", run.say("no_search"))


def _record(e: Evidence) -> dict[str, object]:
    return {"id": e.passage.id, "score": e.score}
