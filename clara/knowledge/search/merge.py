"""From hits in several languages to one order: little repetition, places shared between languages."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from clara.config import SearchSettings
from clara.knowledge.search.coverage import passage_terms
from clara.knowledge.search.hits import Hit

_NOVEL = 20  # hits of a language that are ordered for novelty; further ones follow by score
_FIRST = 2  # places the asker's language has before the others have one each

Placed = tuple[Hit, str]


def order_hits(hits: Sequence[Hit], settings: SearchSettings, own: str | None) -> list[Placed]:
    """Return the hits in order, each with the reason for its place. own: the asker's language.

    Scores of two languages are not on one scale: idf, word forms and the trust in a translation differ. So
    balanced: two places for the asker's language and one for each other, then whatever comes closest to the best
        of its own language;
    equal: the languages take turns;
    query-first: the asker's language before all others;
    none: by score alone.
    """
    by_language: dict[str, list[Hit]] = {}
    for hit in hits:
        by_language.setdefault(hit.passage.language, []).append(hit)
    languages = sorted(by_language, key=lambda tag: (tag != own, -by_language[tag][0].score, tag))
    ranked = {tag: _diversify(by_language[tag], settings.mmr) for tag in languages}
    if settings.policy == "none" or len(languages) < 2:
        return _by_value((value, hit, "by score") for tag in languages for value, hit in ranked[tag])
    if settings.policy == "equal":
        turns = [(turn, i, hit) for i, tag in enumerate(languages) for turn, (_, hit) in enumerate(ranked[tag], 1)]
        turns.sort(key=lambda item: item[:2])
        return [(hit, f"turn {turn} of {hit.passage.language}") for turn, _, hit in turns]
    shares = {tag: _FIRST if tag == own else 1 for tag in languages}
    if settings.policy == "query-first":
        shares = {tag: len(ranked[tag]) if tag == own else 0 for tag in languages}
    placed = [(hit, f"place {n} for {tag}") for tag in languages for n, hit in _numbered(ranked[tag][: shares[tag]])]
    rest = []
    for tag in languages:
        best = ranked[tag][0][0] or 1.0
        rest += [
            (value / best, hit, f"{value / best:.2f} of the best in {tag}") for value, hit in ranked[tag][shares[tag] :]
        ]
    return [*placed, *_by_value(rest)]


def cap_sources(placed: Iterable[Placed], per_source: int) -> list[Placed]:
    """Leave out what a document gives beyond its share."""
    given: dict[str, int] = {}
    kept = []
    for hit, reason in placed:
        source = hit.passage.document
        given[source] = given.get(source, 0) + 1
        if given[source] <= per_source:
            kept.append((hit, reason))
    return kept


def _numbered(ranked: Sequence[tuple[float, Hit]]) -> Iterable[tuple[int, Hit]]:
    return ((n, hit) for n, (_, hit) in enumerate(ranked, 1))


def _by_value(valued: Iterable[tuple[float, Hit, str]]) -> list[Placed]:
    ranked = sorted(valued, key=lambda item: (-item[0], item[1].passage.id))
    return [(hit, reason) for _, hit, reason in ranked]


def _diversify(hits: Sequence[Hit], balance: float) -> list[tuple[float, Hit]]:
    """Return (value, hit), best first: value = score - (1 - balance) / balance * overlap with the hits before it.

    Maximal marginal relevance (Carbonell and Goldstein 1998), the similarity being the Jaccard overlap of terms.
    """
    if balance >= 1:
        return [(hit.score, hit) for hit in hits]
    penalty = (1 - balance) / max(balance, 1e-6)
    words = [passage_terms(hit.passage) for hit in hits[: 2 * _NOVEL]]
    overlap = [0.0] * len(words)
    left = list(range(len(words)))
    order: list[tuple[float, Hit]] = []
    while left and len(order) < _NOVEL:
        best = max(left, key=lambda i: hits[i].score - penalty * overlap[i])
        left.remove(best)
        order.append((hits[best].score - penalty * overlap[best], hits[best]))
        for i in left:
            shared = len(words[i] & words[best])
            overlap[i] = max(overlap[i], shared / max(1, len(words[i]) + len(words[best]) - shared))
    lowest = order[-1][0] if order else 0.0
    later = [hits[i] for i in (*left, *range(len(words), len(hits)))]
    return [*order, *((min(lowest, hit.score), hit) for hit in later)]
