"""Fetch evidence from the knowledge base without holding up the event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from clara.errors import KnowledgeError
from clara.knowledge import SearchResult
from clara.stages.state import Run


async def retrieve(
    run: Run, query: str, language: str, *, variants: Mapping[str, str] | None = None, k: int | None = None
) -> SearchResult:
    """Search for `query`; a knowledge base that fails gives no evidence and a warning, not an error."""
    try:
        result = await asyncio.to_thread(run.knowledge.search, query, language, variants=variants, k=k)
    except KnowledgeError as error:
        run.trace.warn("retrieve", f"no evidence could be searched: {error}")
        return SearchResult()
    run.trace.record(
        "evidence",
        "retrieve",
        languages=sorted(result.queries),
        passed=[{"id": e.passage.id, "score": e.score, "origins": dict(e.origins)} for e in result.evidence],
        rejected=[{"id": e.passage.id, "score": e.score} for e in result.rejected],
    )
    return result
