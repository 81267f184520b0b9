"""What tables and figures call metrics, systems and variants."""

from __future__ import annotations

from collections.abc import Mapping

from clara.evaluation.retrieval import metrics
from clara.evaluation.retrieval.results import Results, SystemResult

HEADINGS: Mapping[str, str] = {
    metrics.NDCG: "nDCG@10",
    metrics.RECALL: "R@100",
    metrics.MAP: "MAP",
    metrics.COMPLETE: "Complete@10",
    metrics.SAME_LANGUAGE: "same-language nDCG@10",
    metrics.OWN_LANGUAGE: "own-language nDCG@10",
    metrics.OVERLAP: "overlap@10",
    metrics.OWN_SHARE: "own-language hits@10",
    metrics.MEDIAN_MAX_RANK: "Max@R median",
    metrics.MAX_RANK: "Max@R mean",
}
"""Metric -> heading, in the order of columns."""

_KINDS = {"none": "query only", "parallel": "with translations"}
_PLAIN = {"dense": "dense", "bm25": "BM25", "fusion": "RRF fusion"}


def measured(results: Results) -> list[str]:
    """Return the metrics that have a value, in the order of columns."""
    return [metric for metric in HEADINGS if any(metric in system.mean for system in results.systems)]


def name_of(result: SystemResult) -> str:
    """Return what a system is called."""
    return _PLAIN.get(result.system, f"CLARA {result.system}")


def kind_of(variants: str) -> str:
    """Return what a kind of variants is called."""
    return _KINDS[variants]
