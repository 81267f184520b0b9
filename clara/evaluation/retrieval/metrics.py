"""How good a ranking is, and how it treats languages.

A ranking is a list of document ids, best first, each once. Every function gives one value per query or question;
`statistics` averages them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection as Container
from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations

from clara.evaluation.extras import load_extra
from clara.evaluation.retrieval.data import Collection, Qrels

Run = Mapping[str, Sequence[str]]
"""Query id -> its ranking."""
Values = Mapping[str, float]
"""Query id -> a metric's value there; queries for which it is not defined are left out."""

K = 10
"""Hits that a reader, or a model's prompt, is likely to see."""
RECALL_AT = 100

NDCG, RECALL, MAP = f"ndcg@{K}", f"r@{RECALL_AT}", "map"
COMPLETE, MAX_RANK, MEDIAN_MAX_RANK = f"complete@{K}", "max@r", "median max@r"
SAME_LANGUAGE, OWN_LANGUAGE = f"same-language ndcg@{K}", f"own-language ndcg@{K}"
OVERLAP, OWN_SHARE = f"overlap@{K}", f"own-language share@{K}"
METRICS = (
    NDCG, RECALL, MAP, COMPLETE, MAX_RANK, MEDIAN_MAX_RANK, SAME_LANGUAGE, OWN_LANGUAGE, OVERLAP, OWN_SHARE,
)  # fmt: skip
"""Every metric's name, in the order in which tables show them."""


def standard(qrels: Qrels, run: Run) -> dict[str, dict[str, float]]:
    """Return trec_eval's nDCG@10, R@100 and average precision: metric -> query id -> value.

    Gains are grades, discounts 1 / log2(1 + rank). Raises ConfigError without the extra `eval`.
    """
    measures = load_extra("ir_measures")
    names = {measures.nDCG @ K: NDCG, measures.R @ RECALL_AT: RECALL, measures.AP: MAP}
    # trec_eval sorts by score: falling scores keep the order as it was returned.
    scores = {query: {doc: -float(rank) for rank, doc in enumerate(ranking)} for query, ranking in run.items()}
    found: dict[str, dict[str, float]] = {name: {} for name in names.values()}
    for metric in measures.iter_calc(list(names), {q: dict(grades) for q, grades in qrels.items()}, scores):
        found[names[metric.measure]][metric.query_id] = float(metric.value)
    return found


def is_complete(ranking: Sequence[str], relevant: Container[str], k: int = K) -> bool:
    """Whether every relevant document is among the first `k`: no language's version is missing."""
    return set(relevant) <= set(ranking[:k])


def max_rank(ranking: Sequence[str], relevant: Container[str], depth: int) -> int:
    """Return Max@R (arXiv 2604.05684): the rank, from 1, at which the last relevant document is found.

    Lower is better, the number of relevant documents the least. `depth` + 1 where the first `depth` do not hold
    them all. It is given as a rank, not scaled to the size of the pool.
    """
    ranks = {doc: rank for rank, doc in enumerate(ranking[:depth], 1)}
    return max(ranks.get(doc, depth + 1) for doc in relevant)


def overlap(a: Sequence[str], b: Sequence[str], groups: Mapping[str, str], k: int = K) -> float:
    """Return how far two rankings say the same, in [0, 1]: the share of the groups of parallel documents among
    the first `k` hits that both hold, over the larger of the two numbers of groups; 0 where both are empty."""
    first, second = ({groups[doc] for doc in ranking[:k]} for ranking in (a, b))
    return len(first & second) / max(len(first), len(second), 1)


def language_shares(ranking: Sequence[str], languages: Mapping[str, str], k: int = K) -> dict[str, float]:
    """Return language -> its share of the first `k` hits; empty where there is no hit."""
    counts = Counter(languages[doc] for doc in ranking[:k])
    return {language: count / counts.total() for language, count in counts.items()}


def measure(collection: Collection, run: Run, depth: int) -> dict[str, dict[str, float]]:
    """Return metric -> query id -> value, for every metric of single queries; `run` is cut at `depth`.

    The same-language nDCG counts only documents in the query's language as relevant and leaves the ranking as it
    is; the own-language nDCG also takes all other documents out of the ranking. Both, and Complete@10 where more
    than ten documents are relevant, leave queries out for which they are not defined.
    """
    languages = {doc.id: doc.language for doc in collection.docs}
    values = standard(collection.qrels, run)
    own_qrels: dict[str, dict[str, int]] = {}
    own_run: dict[str, list[str]] = {}
    for metric in (COMPLETE, MAX_RANK, OWN_SHARE):
        values[metric] = {}
    for query in collection.queries:
        ranking = run[query.id]
        relevant = [doc for doc, grade in collection.qrels[query.id].items() if grade > 0]
        if len(relevant) <= K:
            values[COMPLETE][query.id] = float(is_complete(ranking, relevant))
        values[MAX_RANK][query.id] = float(max_rank(ranking, relevant, depth))
        if shares := language_shares(ranking, languages):
            values[OWN_SHARE][query.id] = shares.get(query.language, 0.0)
        own = {doc: collection.qrels[query.id][doc] for doc in relevant if languages[doc] == query.language}
        if own:
            own_qrels[query.id] = own
            own_run[query.id] = [doc for doc in ranking if languages[doc] == query.language]
    values[SAME_LANGUAGE] = standard(own_qrels, {query: run[query] for query in own_qrels})[NDCG]
    values[OWN_LANGUAGE] = standard(own_qrels, own_run)[NDCG]
    values[OVERLAP] = overlaps(collection, run)
    return values


def overlaps(collection: Collection, run: Run) -> dict[str, float]:
    """Return query id -> mean overlap@10 with the same question in each other language in which it is asked."""
    groups = {doc.id: doc.group for doc in collection.docs}
    asked: dict[str, list[str]] = {}
    for query in collection.queries:
        asked.setdefault(query.group, []).append(query.id)
    found: dict[str, list[float]] = {}
    for versions in asked.values():
        for a, b in combinations(versions, 2):
            shared = overlap(run[a], run[b], groups)
            found.setdefault(a, []).append(shared)
            found.setdefault(b, []).append(shared)
    return {query: sum(values) / len(values) for query, values in found.items()}


def mean_shares(collection: Collection, run: Run) -> dict[str, dict[str, float]]:
    """Return query language -> document language -> mean share of the first ten hits, over queries with a hit."""
    languages = {doc.id: doc.language for doc in collection.docs}
    by_language: dict[str, list[dict[str, float]]] = {}
    for query in collection.queries:
        if shares := language_shares(run[query.id], languages):
            by_language.setdefault(query.language, []).append(shares)
    return {
        asked: {language: _mean(s.get(language, 0.0) for s in shares) for language in collection.document_counts()}
        for asked, shares in sorted(by_language.items())
    }


def _mean(values: Iterable[float]) -> float:
    listed = list(values)
    return sum(listed) / len(listed)
