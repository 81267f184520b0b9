"""What to search for in which language: the question as asked, its translations, or the glossary's terms."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from clara.knowledge.citations import negations
from clara.knowledge.glossary import Glossary
from clara.knowledge.search.lexicon import Lexicon
from clara.knowledge.store import Store
from clara.languages import UNKNOWN, script, to_script, usual_script
from clara.text import fold, strip_accents, terms

# Glossary terms alone lose how they stood together, besides what they do not cover; swapping in preferred
# terms loses a little; words of another language meet only where they look alike.
_GLOSSARY = 0.8
_SUBSTITUTED = 0.99
_COGNATES = 0.5
_GLOSSARY_TERMS = 8
_WELL_KNOWN = 0.25  # share of a query that the glossary translates, from which its own words add little
_MOST_TARGETS = 4
_LEAST_SHARE = 0.05
_NOT = {"en": "not", "es": "no", "pt": "não", "fr": "pas", "zh-Hans": "不", "hi": "नहीं", "fil": "hindi"}


@dataclass(frozen=True, slots=True)
class Query:
    """Words to look for in one language; `trust` scales what they find.

    kind: asked (as it stands), variant (a translation), preferred (synonyms replaced), glossary, or cognates.
    """

    language: str
    words: str
    trust: float
    kind: str


class QueryPlanner:
    """Decides in which languages of the base to search, and with which words."""

    def __init__(self, store: Store, lexicon: Lexicon, glossary: Glossary) -> None:
        self._store, self._lexicon, self._glossary = store, lexicon, glossary
        self._further: dict[tuple[str, ...], list[str]] = {}

    def targets(self, language: str) -> list[str]:
        """Return the languages to search: the query's, English, and others that hold at least a twentieth of the
        base in passages that have no version in those two; at most four. An unknown language, or one the base does
        not hold, is searched in all."""
        available = self._store.languages()
        own = self._lexicon.own_language(language)
        if language == UNKNOWN or own is None:
            return sorted(available, key=lambda tag: (tag != "en", tag))
        first = list(dict.fromkeys([own, "en"] if "en" in available else [own]))
        return [*first, *self._others(first, available)][:_MOST_TARGETS]

    def plan(self, query: str, language: str, variants: Mapping[str, str], *, nearest: bool = False) -> list[Query]:
        """Return the queries to run, those of the query's own language first. nearest: one query, in one language."""
        # Of a language the base does not hold, or a mixture, nothing better than its own words is there.
        foreign = language == UNKNOWN or self._lexicon.own_language(language) is None
        queries = []
        for target in self.targets(language)[: 1 if nearest else None]:
            if target == language or {target, language} == {"zh-Hans", "zh-Hant"}:
                query = to_script(query, target)
                queries.append(Query(target, query, 1.0, "asked"))
                preferred = self._glossary.prefer(query, target)
                if fold(preferred) != strip_accents(fold(query)):
                    queries.append(Query(target, preferred, _SUBSTITUTED, "preferred"))
                continue
            if target in variants:
                queries.append(Query(target, variants[target], 1.0, "variant"))
                continue
            found = self._glossary.translate_terms(query, language, target)[:_GLOSSARY_TERMS]
            known = self._share(query, language) if found else 0.0
            if found:
                if target in _NOT and negations(query, language):
                    found.append(_NOT[target])
                queries.append(Query(target, " ".join(found), _GLOSSARY * known, "glossary"))
            if (foreign or known < _WELL_KNOWN) and (alike := _alike(query, target)):
                trust = 1.0 if foreign and alike == query else _COGNATES
                queries.append(Query(target, alike, trust, "cognates"))
        if nearest and len(queries) > 1:
            return [next((q for q in queries if q.kind == "preferred"), queries[0])]
        return queries

    def _others(self, first: Sequence[str], available: Mapping[str, int]) -> list[str]:
        key = (*first, *map(str, sorted(available.items())))
        if key not in self._further:
            alone = self._store.untranslated(first)
            least = _LEAST_SHARE * sum(available.values())
            self._further[key] = sorted((t for t, n in alone.items() if n >= least), key=lambda t: (-alone[t], t))
        return self._further[key]

    def _share(self, query: str, language: str) -> float:
        """Return how much of the query's content the glossary could translate, in [0, 1]."""
        inside, outside = self._glossary.rest(query, language)
        found = sum(map(len, self._lexicon.content_terms(inside, language)))
        lost = sum(map(len, self._lexicon.content_terms(outside, language)))
        return found / (found + lost) if found else 0.0


def _alike(query: str, target: str) -> str:
    """Return the words of a query that a text in another language may hold: all in its own script; names, terms and
    numbers written in Latin letters elsewhere."""
    if script(query) == usual_script(target):
        return query
    return " ".join(term for term in terms(query) if script(term) in (None, "Latn"))
