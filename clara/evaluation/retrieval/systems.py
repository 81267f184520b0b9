"""What is compared: three plain ways to rank a pool of several languages, and CLARA's search under each policy."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

from clara.errors import KnowledgeError
from clara.evaluation.retrieval.pool import Pool
from clara.knowledge import KnowledgeBase, Searcher
from clara.knowledge.search import Candidates
from clara.text import terms

BASELINES = ("dense", "bm25", "fusion")
POLICIES = ("none", "equal", "query-first", "balanced")
SYSTEMS = (*BASELINES, *POLICIES)
"""Names of all systems. dense: one query vector, or one per translation, against every language's vectors, merged by
cosine; bm25: the same with words, merged by score; fusion: reciprocal rank fusion of those two; the others are
CLARA's search, named after how it shares places between languages."""

_RRF_K = 60  # Cormack, Clarke and Buettcher (SIGIR 2009)


class Ranker(Protocol):
    """Ranks the pool for one query."""

    def rank(self, query: str, language: str, variants: Mapping[str, str], depth: int) -> list[str]:
        """Return up to `depth` document ids, best first, each once. `variants`: language -> translation."""


class _Latest:
    """Keeps the latest result of a function, for systems that need the same costly step one after the other."""

    def __init__(self, compute: Callable[..., Any]) -> None:
        self._compute = compute
        self._asked: tuple[Any, ...] | None = None
        self._result: Any = None

    def __call__(self, *asked: Any) -> Any:
        if asked != self._asked:
            self._result, self._asked = self._compute(*asked), asked
        return self._result


class PlainLists:
    """Ranked lists of chunks over all languages, merged by raw score.

    A language's list is made with the translation into it where there is one, else with the query as it stands.
    """

    def __init__(self, base: KnowledgeBase) -> None:
        self._base = base
        self.dense: Callable[[str, Mapping[str, str], int], list[str]] = _Latest(self._dense)
        self.lexical: Callable[[str, Mapping[str, str], int], list[str]] = _Latest(self._lexical)

    def _dense(self, query: str, variants: Mapping[str, str], k: int) -> list[str]:
        space = self._base.space
        vectors = {text: space.query_vector(text) for text in {query, *variants.values()}}
        found: list[tuple[str, float]] = []
        for language, held in self._base.store.languages().items():
            vector = vectors[variants.get(language, query)]
            if vector.any():
                found += space.index.query(language, vector, min(k, held))
        return _merged(found, k)

    def _lexical(self, query: str, variants: Mapping[str, str], k: int) -> list[str]:
        found: list[tuple[str, float]] = []
        for language in self._base.store.languages():
            found += self._base.store.lexical(language, terms(variants.get(language, query)), k)
        return _merged(found, k)


def _merged(found: Iterable[tuple[str, float]], k: int) -> list[str]:
    return [chunk for chunk, _ in sorted(found, key=lambda hit: (-hit[1], hit[0]))[:k]]


def fuse(rankings: Sequence[Sequence[str]]) -> list[str]:
    """Return the reciprocal rank fusion of rankings that all weigh the same."""
    scores: dict[str, float] = {}
    for ranking in rankings:
        for rank, chunk in enumerate(ranking, 1):
            scores[chunk] = scores.get(chunk, 0.0) + 1 / (_RRF_K + rank)
    return sorted(scores, key=lambda chunk: (-scores[chunk], chunk))


class PolicyLists:
    """CLARA's ranking of chunks under any policy; what the policies share is done once per query.

    It is the order before the evidence gate and the limit per source, without a reranker: what is found, not what
    would be shown.
    """

    def __init__(self, searcher: Searcher) -> None:
        self._searcher = searcher
        self._candidates: Callable[[str, str, Mapping[str, str]], Candidates] = _Latest(searcher.candidates)

    def rank(self, query: str, language: str, variants: Mapping[str, str], k: int, policy: str) -> list[str]:
        """Return up to `k` chunk ids. Raises KnowledgeError where something could not be searched."""
        found = self._candidates(query, language, variants)
        if found.problems:
            raise KnowledgeError(found.problems[0])
        return self._searcher.merge(found, k, policy)


@dataclass(frozen=True, slots=True)
class _System:
    """A system: how it ranks chunks for (query, language, variants, how many), and the pool they are of."""

    chunks: Callable[[str, str, Mapping[str, str], int], Sequence[str]]
    pool: Pool

    def rank(self, query: str, language: str, variants: Mapping[str, str], depth: int) -> list[str]:
        chunks = self.chunks(query, language, variants, depth + self.pool.spare)
        # A document stands where its first chunk stands.
        return list(dict.fromkeys(self.pool.doc_of[chunk] for chunk in chunks))[:depth]


def build_rankers(names: Iterable[str], base: KnowledgeBase, pool: Pool) -> dict[str, Ranker]:
    """Return the named systems over an open pool. They share work on one query, so they serve one thread."""
    plain, searching = PlainLists(base), PolicyLists(base.searcher)
    ways: dict[str, Callable[[str, str, Mapping[str, str], int], Sequence[str]]] = {
        "dense": lambda query, _, variants, k: plain.dense(query, variants, k),
        "bm25": lambda query, _, variants, k: plain.lexical(query, variants, k),
        "fusion": lambda query, _, variants, k: fuse(
            [plain.dense(query, variants, k), plain.lexical(query, variants, k)]
        ),
    }
    ways |= {policy: partial(searching.rank, policy=policy) for policy in POLICIES}
    return {name: _System(ways[name], pool) for name in names}
