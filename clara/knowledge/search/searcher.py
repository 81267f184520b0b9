"""Search across languages: ranked lists per language, fused, gated, and one piece of evidence per translation group."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from clara.config import SearchSettings
from clara.errors import KnowledgeCorrupt, KnowledgeError
from clara.knowledge.embedders import Vectors
from clara.knowledge.glossary import Glossary
from clara.knowledge.rerank import Reranker
from clara.knowledge.search.hits import Hit, HitFinder
from clara.knowledge.search.lexicon import Lexicon
from clara.knowledge.search.merge import Placed, cap_sources, order_hits
from clara.knowledge.search.queries import Query, QueryPlanner
from clara.knowledge.space import VectorSpace
from clara.knowledge.store import Store
from clara.languages import country_code
from clara.types import Evidence, Passage


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchResult:
    """What was found. `evidence` passed the gate, `rejected` did not; both are sorted, best first.

    queries: language -> the words that were searched there.
    problems: what could not be searched, a line each.
    """

    evidence: tuple[Evidence, ...] = ()
    rejected: tuple[Evidence, ...] = ()
    queries: Mapping[str, str] = field(default_factory=dict)
    problems: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidates:
    """Hits of all languages, one per translation group, best first, before places are shared."""

    hits: tuple[Hit, ...]
    queries: tuple[Query, ...]
    own: str | None
    problems: tuple[str, ...] = ()


class Searcher:
    """Searches one knowledge base. Scores lie in [0, 1]: coverage of the query and fused rank, how far the
    document's title is what was asked about, then the second opinion of another query."""

    def __init__(
        self,
        store: Store,
        space: VectorSpace,
        lexicon: Lexicon,
        glossary: Glossary,
        settings: SearchSettings,
        reranker: Reranker | None = None,
        reranked: int = 30,
    ) -> None:
        self._space, self._settings, self._reranker, self._reranked = space, settings, reranker, reranked
        self.lexicon = lexicon
        self._planner = QueryPlanner(store, lexicon, glossary)
        self._finder = HitFinder(store, space, lexicon, settings)

    def search(
        self,
        query: str,
        language: str,
        *,
        variants: Mapping[str, str] | None = None,
        k: int | None = None,
        country: str | None = None,
        nearest: bool = False,
    ) -> SearchResult:
        """Find evidence for `query`.

        variants: translations of the query by language; where one is missing, the glossary's terms stand in. An
            unknown language, or one the base does not hold, is searched in every language.
        k: passages wanted, default from the settings.
        country: where the asker is; evidence of that country comes first, that of another country last.
        nearest: run one query only, in the query's own language or, where the base does not hold it, in English, and
            by its words alone where the embedder knows no more than words: a fifth of the work.
        """
        k = k or self._settings.k
        found = self.candidates(query, language, variants or {}, nearest=nearest)
        if self._reranker is not None:
            found = self._rerank(query, found)
        gate, per_source = self._settings.gate, self._settings.per_source
        passed = self._order([hit for hit in found.hits if hit.relevance >= gate], found.own)
        if country and (here := country_code(country)):
            passed.sort(key=lambda item: _distance(item[0].passage, here))
        rejected = [(hit, "below the gate") for hit in found.hits if hit.relevance < gate]
        return SearchResult(
            evidence=_numbered(cap_sources(passed, per_source)[:k]),
            rejected=_numbered(rejected[:k]),
            queries={q.language: q.words for q in reversed(found.queries)},
            problems=found.problems,
        )

    def candidates(
        self, query: str, language: str, variants: Mapping[str, str], *, nearest: bool = False
    ) -> Candidates:
        """Run the queries of every language, and make one hit of passages that say the same."""
        own = self.lexicon.own_language(language)
        queries = self._planner.plan(query, language, variants, nearest=nearest)
        problems: list[str] = []
        vector = self._shared_vector(query, problems)
        words_only = nearest and not self._space.embedder.crosslingual
        hits: dict[str, Hit] = {}
        for asked in queries:
            for hit in self._find(asked, vector, problems, words_only=words_only):
                known = hits.get(hit.passage.group)
                hits[hit.passage.group] = hit if known is None else _join(known, hit, own)
        if len({q.language for q in queries}) == 1:  # no second opinion was asked for
            for hit in hits.values():
                hit.second = hit.own
        ranked = sorted(hits.values(), key=lambda h: (-h.score, h.passage.id))
        return Candidates(hits=tuple(ranked), queries=tuple(queries), own=own, problems=tuple(dict.fromkeys(problems)))

    def merge(self, found: Candidates, depth: int, policy: str | None = None) -> list[str]:
        """Return the first `depth` chunk ids in the order of `policy` (default from the settings), the gate aside."""
        return [hit.passage.id for hit, _ in self._order(found.hits, found.own, policy)[:depth]]

    def _order(self, hits: Sequence[Hit], own: str | None, policy: str | None = None) -> list[Placed]:
        settings = self._settings if policy is None else self._settings.model_copy(update={"policy": policy})
        return order_hits(hits, settings, own)

    def _shared_vector(self, query: str, problems: list[str]) -> Vectors | None:
        """Embed the query once for all languages, where the embedder's meaning crosses them."""
        if not self._space.embedder.crosslingual or self._settings.vector_weight == 0:
            return None
        try:
            return self._space.query_vector(query)
        except KnowledgeCorrupt:
            raise
        except KnowledgeError as error:
            problems.append(str(error))
            return None

    def _find(
        self, asked: Query, vector: Vectors | None, problems: list[str], *, words_only: bool = False
    ) -> list[Hit]:
        """Run one query; without vectors (a server is away) its words alone are searched."""
        try:
            return self._finder.find(asked, vector, words_only=words_only or bool(problems))
        except KnowledgeCorrupt:
            raise
        except KnowledgeError as error:
            problems.append(f"only words were searched, not vectors: {error}")
            return self._finder.find(asked, vector, words_only=True)

    def _rerank(self, query: str, found: Candidates) -> Candidates:
        """Put the first hits in the order of the reranker's scores; on failure the order stays, and that is said."""
        assert self._reranker is not None
        first, rest = found.hits[: self._reranked], found.hits[self._reranked :]
        try:
            scores = self._reranker.rerank(query, [f"{h.passage.title}. {h.passage.text}" for h in first])
        except KnowledgeError as error:
            return replace(found, problems=(*found.problems, f"not reranked: {error}"))
        for hit, score in zip(first, scores, strict=True):
            hit.reranked = score
        return replace(found, hits=(*sorted(first, key=lambda h: (-h.score, h.passage.id)), *rest))


def _join(known: Hit, hit: Hit, own: str | None) -> Hit:
    """Make one hit of two passages that say the same: the asker's own version, or else the better one."""
    first, second = (hit, known) if hit.own > known.own else (known, hit)
    passage = next((h.passage for h in (first, second) if h.passage.language == own), first.passage)
    # Only another language is a second opinion; the same question in preferred terms is not.
    another = second.own if first.asked_in != second.asked_in else 0.0
    agreed = max(another, first.second, second.second)
    origins = {**second.origins, **first.origins}
    return Hit(passage, first.fused, first.relevance, origins, first.asked_in, first.about, agreed)


def _distance(passage: Passage, here: str) -> int:
    """Return 0 for evidence of the asker's country, 1 for evidence of none, 2 for another country's."""
    if not passage.country:
        return 1
    return 0 if country_code(passage.country) == here else 2


def _numbered(placed: Sequence[Placed]) -> tuple[Evidence, ...]:
    return tuple(
        Evidence(
            passage=hit.passage, score=round(hit.score, 4), rank=rank, origins=hit.origins, signals=hit.signals(),
            place=place,
        )
        for rank, (hit, place) in enumerate(placed, 1)
    )  # fmt: skip
