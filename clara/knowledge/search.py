"""Search across languages: ranked lists per language, fused, gated, and one piece of evidence per translation group."""

from __future__ import annotations

import csv
import math
import re
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from clara.config import SearchSettings
from clara.errors import ResourceError
from clara.knowledge.embeddings import Embedder
from clara.knowledge.glossary import Glossary
from clara.knowledge.store import Store
from clara.knowledge.vectors import VectorIndex
from clara.languages import UNKNOWN, script, to_script, usual_script
from clara.text import fold, strip_accents, terms, words
from clara.types import Evidence, Passage

_STEM = 4  # letters two words must share at their beginning to count as forms of one
_FORM_WEIGHT = 0.75
# Glossary terms alone lose how they stood together, besides what they do not cover; swapping in preferred
# terms loses a little.
_GLOSSARY = 0.8
_SUBSTITUTED = 0.99
_SECOND_OPINION = 0.35
_STRAY_PAIR = 1.5
_UNSEEN = 4.5  # as much as a word that one chunk in a hundred holds
_KNOWN_SHARE = 0.6
_MOST_TERMS = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchResult:
    """What was found. `evidence` passed the gate, `rejected` did not; both are sorted, best first.

    queries: language -> the words that were searched there.
    """

    evidence: tuple[Evidence, ...] = ()
    rejected: tuple[Evidence, ...] = ()
    queries: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Query:
    """Words to look for in one language; `trust` scales what they find."""

    language: str
    words: str
    trust: float


@dataclass(slots=True)
class _Hit:
    passage: Passage
    fused: float
    relevance: float
    origins: dict[str, int]
    asked_in: str
    about: float = 0.0
    second: float = 0.0

    @property
    def own(self) -> float:
        """What the query that found it best says of it."""
        return 0.45 * self.relevance + 0.4 * self.fused + 0.15 * self.about

    @property
    def score(self) -> float:
        """That, and the second opinion of a query in another language."""
        return (self.own + _SECOND_OPINION * self.second) / (1 + _SECOND_OPINION)


class Searcher:
    """Searches one knowledge base. Scores lie in [0, 1]: coverage of the query and fused rank, how far the
    document's title is what was asked about, then the second opinion of another query."""

    def __init__(
        self,
        store: Store,
        index: VectorIndex,
        embedder: Embedder,
        glossary: Glossary,
        stopwords: Mapping[str, frozenset[str]],
        settings: SearchSettings,
    ) -> None:
        self._store, self._index, self._embedder = store, index, embedder
        self._glossary, self._stopwords, self._settings = glossary, stopwords, settings
        self._headings: dict[tuple[str, str], list[str]] = {}

    def with_index(self, index: VectorIndex) -> Searcher:
        """Return the same searcher over a new vector index."""
        return Searcher(self._store, index, self._embedder, self._glossary, self._stopwords, self._settings)

    def search(
        self, query: str, language: str, *, variants: Mapping[str, str] | None = None, k: int | None = None
    ) -> SearchResult:
        """Find evidence for `query`.

        variants: translations of the query by language; where one is missing for English, the glossary's
            terms stand in. An unknown language, or one the base does not hold, is searched in every language.
        k: passages wanted, default from the settings.
        """
        k = k or self._settings.k
        available = self._store.languages()
        queries = self._queries(query, language, variants or {}, available)
        own = self.own_language(language, available)
        hits: dict[str, _Hit] = {}
        for asked in queries:
            for hit in self._run(asked, available[asked.language]):
                known = hits.get(hit.passage.group)
                hits[hit.passage.group] = hit if known is None else _merge(known, hit, own)
        if len({q.language for q in queries}) == 1:  # no second opinion was asked for
            for hit in hits.values():
                hit.second = hit.own
        ranked = sorted(hits.values(), key=lambda h: (-h.score, h.passage.id))
        passed = [h for h in ranked if h.relevance >= self._settings.gate]
        rejected = [h for h in ranked if h.relevance < self._settings.gate]
        return SearchResult(
            evidence=_numbered(self._diverse(passed, k)),
            rejected=_numbered(rejected[:k]),
            queries={q.language: q.words for q in reversed(queries)},
        )

    def own_language(self, language: str, available: Mapping[str, int] | None = None) -> str | None:
        """Return the base's language to quote from for an asker: the same, or the same in another script."""
        available = self._store.languages() if available is None else available
        if language in available:
            return language
        base = language.partition("-")[0]
        return next((tag for tag in sorted(available) if tag.partition("-")[0] == base), None)

    def likely_language(self, text: str) -> str | None:
        """Guess the language of a text too short to identify by the words that the base knows; None if unsure.

        The one language in which most of the words are function words or occur in the base, at least 60% of them.
        """
        words_ = list(dict.fromkeys(terms(text)))
        shares = {}
        for language in self._store.languages():
            seen = self._store.document_frequency(language, words_)
            stop = self._stopwords.get(language) or frozenset()
            shares[language] = sum(word in seen or word in stop for word in words_) / max(1, len(words_))
        best = max(shares, key=lambda tag: shares[tag], default=None)
        alone = best is not None and sum(share == shares[best] for share in shares.values()) == 1
        return best if best is not None and alone and shares[best] >= _KNOWN_SHARE else None

    def content(self, text: str, language: str) -> str:
        """Return folded `text` without the language's function and question words."""
        stop = self._stopwords.get(language) or frozenset()
        if language == UNKNOWN:
            stop = frozenset().union(*self._stopwords.values())
        text = strip_accents(fold(text))
        if unspaced := sorted((word for word in stop if script(word) == "Hani"), key=len, reverse=True):
            # Without spaces a function word is cut out first, or its neighbours would pair up across it.
            text = re.sub("|".join(map(re.escape, unspaced)), " ", text)
        return " ".join(word for word in words(text) if word not in stop)

    def content_terms(self, text: str, language: str) -> list[str]:
        """Return the search terms of `text` without the language's function and question words, each once."""
        return list(dict.fromkeys(terms(self.content(text, language))))[:_MOST_TERMS]

    def relevance(self, query_terms: Sequence[str], passage: Passage, weights: Mapping[str, float]) -> float:
        """Return the share of the query's information (idf-weighted terms) that a passage covers, in [0, 1]."""
        return coverage(query_terms, passage_terms(passage), weights)

    def weights(self, language: str, query_terms: Sequence[str]) -> dict[str, float]:
        """Return each term's inverse document frequency in one language, as in BM25; that of unseen words is capped."""
        total = self._store.languages().get(language, 0)
        frequency = self._store.document_frequency(language, query_terms)
        # A pair of characters that never occurs mostly spans two words, and its absence says little; but
        # where most pairs never occur, the question is about something else.
        pairs = [term for term in query_terms if script(term) == "Hani"]
        familiar = sum(term in frequency for term in pairs) >= len(pairs) / 2
        weights = {}
        for term in query_terms:
            held = frequency.get(term, 0)
            weight = math.log(1 + (total - held + 0.5) / (held + 0.5))
            if not held:
                weight = min(weight, _STRAY_PAIR if familiar and script(term) == "Hani" else _UNSEEN)
            weights[term] = weight
        return weights

    def _queries(
        self, query: str, language: str, variants: Mapping[str, str], available: Mapping[str, int]
    ) -> list[_Query]:
        own = self.own_language(language, available)
        everywhere = language == UNKNOWN or own is None
        targets = list(available) if everywhere else [own or "", *(["en"] if "en" in available and own != "en" else [])]
        queries = []
        for target in targets:
            if target == language or {target, language} == {"zh-Hans", "zh-Hant"}:
                query = to_script(query, target)
                queries.append(_Query(target, query, 1.0))
                preferred = self._glossary.prefer(query, target)
                if fold(preferred) != strip_accents(fold(query)):
                    queries.append(_Query(target, preferred, _SUBSTITUTED))
            elif target in variants:
                queries.append(_Query(target, variants[target], 1.0))
            else:
                found = self._glossary.translate_terms(query, language, target)
                if found:
                    queries.append(_Query(target, " ".join(found), _GLOSSARY * self._share(query, language)))
                if everywhere and script(query) == usual_script(target):
                    queries.append(_Query(target, query, 1.0))  # cognates, and mixed or unidentified languages
        return queries

    def _share(self, query: str, language: str) -> float:
        """Return how much of the query's content the glossary could translate, in [0, 1]."""
        inside, outside = self._glossary.rest(query, language)
        found = sum(map(len, self.content_terms(inside, language)))
        lost = sum(map(len, self.content_terms(outside, language)))
        return found / (found + lost) if found else 0.0

    def _run(self, asked: _Query, total: int) -> list[_Hit]:
        settings, language = self._settings, asked.language
        content = self.content(asked.words, language) or asked.words
        wanted = list(dict.fromkeys(terms(content)))[:_MOST_TERMS]
        lexical = self._store.lexical(language, wanted, settings.candidates)
        vector = self._embedder.embed([content])[0]
        near = self._index.query(language, vector, min(settings.candidates, total)) if vector.any() else []
        fused: dict[str, float] = {}
        origins: dict[str, dict[str, int]] = {}
        lists = (
            (f"bm25:{language}", lexical, settings.lexical_weight),
            (f"vector:{language}", near, settings.vector_weight),
        )
        for name, ranking, weight in lists:
            for rank, (chunk_id, _) in enumerate(ranking, 1):
                fused[chunk_id] = fused.get(chunk_id, 0.0) + weight / (settings.rrf_k + rank)
                origins.setdefault(chunk_id, {})[name] = rank
        # The best possible fused score is first place in both lists; dividing by it makes languages comparable.
        best = (settings.lexical_weight + settings.vector_weight) / (settings.rrf_k + 1)
        top = sorted(fused, key=lambda i: (-fused[i], i))[: settings.candidates]
        passages = self._store.passages(top)
        weights = self.weights(language, wanted)
        return [
            _Hit(
                passages[i],
                asked.trust * fused[i] / best,
                asked.trust * self.relevance(wanted, passages[i], weights),
                origins[i],
                language,
                asked.trust * self._about(wanted, passages[i]),
            )
            for i in top
            if i in passages
        ]

    def _about(self, query_terms: Sequence[str], passage: Passage) -> float:
        """Return how far the query names the passage's title and section: "Cataract" fits a question on cataract
        better than "Congenital cataract" does, and its "Treatment" one on how it is treated."""
        named = frozenset(query_terms)
        shares = []
        for heading in (passage.title, passage.section):
            words = self._headings.get((heading, passage.language))
            if words is None:
                words = self._headings[heading, passage.language] = self.content_terms(heading, passage.language)
            shares.append(coverage(words, named, dict.fromkeys(words, 1.0)))
        return sum(shares) / len(shares)

    def _diverse(self, hits: Sequence[_Hit], k: int) -> list[_Hit]:
        """Maximal marginal relevance (Carbonell and Goldstein 1998) over term overlap, few passages per document."""
        chosen: list[_Hit] = []
        pool = [(hit, set(terms(hit.passage.text))) for hit in hits[: 4 * k]]
        taken: list[set[str]] = []
        while pool and len(chosen) < k:
            balance = self._settings.mmr

            def value(item: tuple[_Hit, set[str]], balance: float = balance) -> float:
                hit, words = item
                overlap = max((len(words & other) / max(1, len(words | other)) for other in taken), default=0.0)
                return balance * hit.score - (1 - balance) * overlap

            best = max(pool, key=value)
            pool.remove(best)
            if sum(h.passage.document == best[0].passage.document for h in chosen) < self._settings.per_source:
                chosen.append(best[0])
                taken.append(best[1])
        return chosen


def _merge(known: _Hit, hit: _Hit, own: str | None) -> _Hit:
    """Make one hit of two passages that say the same: the asker's own version, or else the better one."""
    first, second = (hit, known) if hit.own > known.own else (known, hit)
    passage = next((h.passage for h in (first, second) if h.passage.language == own), first.passage)
    # Only another language is a second opinion; the same question in preferred terms is not.
    another = second.own if first.asked_in != second.asked_in else 0.0
    agreed = max(another, first.second, second.second)
    origins = {**second.origins, **first.origins}
    return _Hit(passage, first.fused, first.relevance, origins, first.asked_in, first.about, agreed)


@lru_cache(maxsize=8192)
def passage_terms(passage: Passage) -> frozenset[str]:
    """Return the search terms of a passage, its title and section included."""
    return frozenset(terms(f"{passage.title} {passage.section} {passage.text}"))


def coverage(query_terms: Sequence[str], held: Set[str], weights: Mapping[str, float]) -> float:
    """Return sum of weights of the terms in `held` over the sum of all; another form of a word counts in part."""
    total = sum(weights.get(t, 0.0) for t in query_terms)
    if total <= 0:
        return 0.0
    by_start = _by_start(frozenset(held))
    got = 0.0
    for term in query_terms:
        if term in held:
            got += weights.get(term, 0.0)
        elif len(term) >= _STEM and any(_same_stem(term, word) for word in by_start.get(term[:_STEM], ())):
            got += _FORM_WEIGHT * weights.get(term, 0.0)
    return min(1.0, got / total)


@lru_cache(maxsize=8192)
def _by_start(held: frozenset[str]) -> dict[str, list[str]]:
    by_start: dict[str, list[str]] = {}
    for word in held:
        by_start.setdefault(word[:_STEM], []).append(word)
    return by_start


def _same_stem(a: str, b: str) -> bool:
    shared = 0
    for x, y in zip(a, b, strict=False):
        if x != y:
            break
        shared += 1
    return shared >= _STEM and shared >= 0.6 * max(len(a), len(b))


def _numbered(hits: Sequence[_Hit]) -> tuple[Evidence, ...]:
    return tuple(
        Evidence(passage=hit.passage, score=round(hit.score, 4), rank=rank, origins=hit.origins)
        for rank, hit in enumerate(hits, 1)
    )


@lru_cache(maxsize=4)
def load_stopwords(path: Path) -> Mapping[str, frozenset[str]]:
    """Read function and question words per language, from a TSV of `language` and space-separated `words`."""
    try:
        with path.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
        return {row["language"]: frozenset(strip_accents(fold(row["words"])).split()) for row in rows}
    except (OSError, UnicodeDecodeError, KeyError, csv.Error) as error:
        raise ResourceError(f"cannot read {path}: {error}") from None
