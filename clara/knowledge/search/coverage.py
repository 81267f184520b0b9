"""How much of a query a passage covers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from functools import lru_cache

from clara.text import terms
from clara.types import Passage

_STEM = 4  # letters two words must share at their beginning to count as forms of one
_FORM_WEIGHT = 0.75


@lru_cache(maxsize=8192)
def passage_terms(passage: Passage) -> frozenset[str]:
    """Return the search terms of a passage, its title and section included."""
    return frozenset(terms(f"{passage.title} {passage.section} {passage.text}"))


def coverage(query_terms: Sequence[str], held: Set[str], weights: Mapping[str, float]) -> float:
    """Return sum of weights of the terms in `held` over the sum of all; another form of a word counts in part."""
    total = got = 0.0
    by_start: Mapping[str, list[str]] | None = None
    for term in query_terms:
        weight = weights.get(term, 0.0)
        total += weight
        if term in held:
            got += weight
        elif len(term) >= _STEM:
            by_start = _by_start(frozenset(held)) if by_start is None else by_start
            if any(_same_stem(term, word) for word in by_start.get(term[:_STEM], ())):
                got += _FORM_WEIGHT * weight
    return min(1.0, got / total) if total > 0 else 0.0


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
