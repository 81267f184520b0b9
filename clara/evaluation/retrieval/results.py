"""What a measurement found, and its JSON form."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from clara.evaluation.retrieval.statistics import Score

Scores = Mapping[str, Score]
"""Metric -> score."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SystemResult:
    """One system with one kind of variants.

    mean: each metric averaged over query languages. languages: query language -> the same.
    shares: query language -> document language -> mean share of the first ten hits.
    """

    system: str
    variants: str
    mean: Scores
    languages: Mapping[str, Scores]
    shares: Mapping[str, Mapping[str, float]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Results:
    """A measurement. documents, queries: their number per language; questions: parallel ones count once.

    depth: how many documents of each ranking were looked at. seed: of the samples and intervals. quarantined:
    chunks that were not searched. build_s, rank_s: seconds for building the pool and for ranking with all systems.
    """

    data: str
    source: str
    licence: str
    documents: Mapping[str, int]
    queries: Mapping[str, int]
    questions: int
    depth: int
    seed: int
    embedder: str
    quarantined: int
    build_s: float
    rank_s: float
    systems: tuple[SystemResult, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON form."""
        return asdict(self)


def read_results(content: Mapping[str, Any]) -> Results:
    """Return the results of which `content` is the JSON form."""
    systems = tuple(
        SystemResult(
            system=found["system"],
            variants=found["variants"],
            mean=_scores(found["mean"]),
            languages={language: _scores(scores) for language, scores in found["languages"].items()},
            shares=found["shares"],
        )
        for found in content["systems"]
    )
    return Results(**{**content, "systems": systems})


def _scores(content: Mapping[str, Mapping[str, Any]]) -> dict[str, Score]:
    return {metric: Score(**score) for metric, score in content.items()}
