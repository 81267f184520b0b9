"""Hits of one language: ranked lists fused, and how far each passage is about the query."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass

from clara.config import SearchSettings
from clara.knowledge.embedders import Vectors
from clara.knowledge.search.coverage import coverage
from clara.knowledge.search.lexicon import MOST_TERMS, Lexicon
from clara.knowledge.search.queries import Query
from clara.knowledge.space import VectorSpace
from clara.knowledge.store import Store
from clara.text import terms
from clara.types import Passage

_SECOND_OPINION = 0.35
_REMEMBERED = 4096  # passages whose terms are kept in memory, some 10 KB each


@dataclass(slots=True)
class Hit:
    """A passage and what speaks for it, each in [0, 1].

    fused: its place in the ranked lists; relevance: the share of the query that it covers; about: how far title
    and section are what was asked about; second: the opinion of a query in another language; reranked: a
    cross-encoder's score, which then decides; origins: list -> rank.
    """

    passage: Passage
    fused: float
    relevance: float
    origins: dict[str, int]
    asked_in: str
    about: float = 0.0
    second: float = 0.0
    reranked: float | None = None

    @property
    def own(self) -> float:
        """What the query that found it best says of it."""
        return 0.45 * self.relevance + 0.4 * self.fused + 0.15 * self.about

    @property
    def score(self) -> float:
        """That, and the second opinion of a query in another language; or the reranker's word."""
        if self.reranked is not None:
            return self.reranked
        return (self.own + _SECOND_OPINION * self.second) / (1 + _SECOND_OPINION)

    def signals(self) -> dict[str, float]:
        """Return what the score is made of, rounded."""
        named = {"fused": self.fused, "covered": self.relevance, "title": self.about, "second": self.second}
        named |= {} if self.reranked is None else {"reranked": self.reranked}
        return {name: round(value, 4) for name, value in named.items()}


class HitFinder:
    """Runs one query in one language of the base."""

    def __init__(self, store: Store, space: VectorSpace, lexicon: Lexicon, settings: SearchSettings) -> None:
        self._store, self._space, self._lexicon, self._settings = store, space, lexicon, settings
        self._headings: dict[tuple[str, str], list[str]] = {}
        self._terms: dict[Passage, frozenset[str]] = {}

    def find(self, asked: Query, vector: Vectors | None, *, words_only: bool = False) -> list[Hit]:
        """Return up to `candidates` hits of weighted reciprocal rank fusion (Cormack et al. 2009), best first.

        vector: of the query, where one was made for all languages; None embeds the query's content here.
        words_only: leave the vectors out.
        Raises KnowledgeError where the vectors cannot be searched.
        """
        settings, language = self._settings, asked.language
        content = self._lexicon.content(asked.words, language) or asked.words
        wanted = list(dict.fromkeys(terms(content)))[:MOST_TERMS]
        frequency = self._store.document_frequency(language, wanted)
        rarest = self._lexicon.selective(language, wanted, frequency)
        lexical = self._store.lexical(language, rarest, settings.candidates)
        near = [] if words_only else self._near(language, content, vector)
        best = (settings.lexical_weight + settings.vector_weight) / (settings.rrf_k + 1)
        fused, origins = self._fuse(language, lexical, near)
        cosines = dict(near)
        top = sorted(fused, key=lambda i: (-fused[i], i))[: settings.candidates]
        passages = self._store.passages(top)
        weights = self._lexicon.weights(language, wanted, frequency)
        held = self._terms_of(language, passages)
        about = self._about(wanted, passages.values())
        return [
            Hit(
                passage=passages[i],
                fused=asked.trust * fused[i] / best,
                relevance=asked.trust * self._relevance(wanted, held[i], weights, cosines.get(i, 0.0)),
                origins=origins[i],
                asked_in=language,
                about=asked.trust * (about[passages[i].title] + about[passages[i].section]) / 2,
            )
            for i in top
            if i in passages
        ]

    def _near(self, language: str, content: str, vector: Vectors | None) -> list[tuple[str, float]]:
        if self._settings.vector_weight == 0:
            return []
        vector = self._space.query_vector(content) if vector is None else vector
        count = min(self._settings.candidates, self._store.languages()[language])
        return self._space.index.query(language, vector, count) if vector.any() else []

    def _fuse(
        self, language: str, lexical: Sequence[tuple[str, float]], near: Sequence[tuple[str, float]]
    ) -> tuple[dict[str, float], dict[str, dict[str, int]]]:
        fused: dict[str, float] = {}
        origins: dict[str, dict[str, int]] = {}
        for name, ranking, weight in (
            (f"bm25:{language}", lexical, self._settings.lexical_weight),
            (f"vector:{language}", near, self._settings.vector_weight),
        ):
            for rank, (chunk_id, _) in enumerate(ranking, 1):
                fused[chunk_id] = fused.get(chunk_id, 0.0) + weight / (self._settings.rrf_k + rank)
                origins.setdefault(chunk_id, {})[name] = rank
        return fused, origins

    def _relevance(
        self, query_terms: Sequence[str], held: Set[str], weights: Mapping[str, float], cosine: float
    ) -> float:
        """Return the share of the query's information (idf-weighted terms) that a passage covers, in [0, 1].

        Where the embedder knows meaning, its cosine may stand in: at `semantic_gate` between the background and 1
        it counts as much as words at `gate`.
        """
        covered = coverage(query_terms, held, weights)
        background = self._space.background
        if not self._space.embedder.crosslingual or background >= 1:
            return covered
        near = max(0.0, (cosine - background) / (1 - background))
        return max(covered, min(1.0, self._settings.gate * near / self._settings.semantic_gate))

    def _about(self, query_terms: Sequence[str], passages: Iterable[Passage]) -> dict[str, float]:
        """Return how far the query names each title and section of passages in one language: "Cataract" fits a
        question on cataract better than "Congenital cataract" does, and its "Treatment" one on how it is treated."""
        named, shares = frozenset(query_terms), dict[str, float]()
        for passage in passages:
            for heading in (passage.title, passage.section):
                if heading in shares:
                    continue
                words = self._headings.get((heading, passage.language))
                if words is None:
                    words = self._headings[heading, passage.language] = self._lexicon.content_terms(
                        heading, passage.language
                    )
                shares[heading] = coverage(words, named, dict.fromkeys(words, 1.0))
        return shares

    def _terms_of(self, language: str, passages: Mapping[str, Passage]) -> dict[str, frozenset[str]]:
        """Return the search terms of passages by id. A passage's terms follow from its text: they are read once."""
        known = self._terms
        found = {i: held for i, passage in passages.items() if (held := known.get(passage)) is not None}
        if missing := [i for i in passages if i not in found]:
            read = self._store.terms_of(language, missing)
            if len(known) + len(read) > _REMEMBERED:
                known = self._terms = {}
            known |= {passages[i]: held for i, held in read.items()}
            found |= read
        return found
