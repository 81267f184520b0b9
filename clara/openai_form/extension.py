"""What CLARA says beside the OpenAI API's own fields: the top-level `clara` object, and the sums of usage."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from clara.types import Event, Reply, Usage


def clara_object(reply: Reply, *, explain: bool = False) -> dict[str, Any]:
    """Return what a reply rests on. explain: with its drafts and its whole record.

    A reply that hands tool calls back has no answer, and says only what it cost.
    """
    cost: dict[str, Any] = {"calls": reply.usage.calls, "rounds": reply.usage.rounds, "cost": reply.usage.cost}
    answer = reply.answer
    if answer is None:
        return {"method": None, **cost}
    told: dict[str, Any] = {
        "method": answer.method,
        "language": answer.language,
        "choice": answer.choice,
        "confidence": answer.confidence,
        "abstained": answer.abstained,
        "citations": [asdict(citation) for citation in answer.citations],
        "verdicts": [asdict(verdict) for verdict in answer.verdicts],
        "warnings": list(answer.warnings),
        **cost,
    }
    if explain:
        told["drafts"] = [asdict(draft) for draft in answer.drafts]
        told["trace"] = [asdict(event) for event in answer.trace]
    return told


def progress_object(event: Event, *, explain: bool = False) -> dict[str, Any]:
    """Return one thing that happened on the way to an answer. explain: with its identifiers, counts and decisions."""
    told = {"kind": event.kind, "stage": event.stage, "at_s": event.at_s}
    return told | {"data": dict(event.data)} if explain else told


def usage_object(usages: Sequence[Usage]) -> dict[str, int]:
    """Return the sums over every upstream call, in the names of chat completions."""
    prompt = sum(usage.prompt_tokens for usage in usages)
    completion = sum(usage.completion_tokens for usage in usages)
    return {"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion}
