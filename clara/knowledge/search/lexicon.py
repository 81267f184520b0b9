"""The words of a query and of the base: which carry content, how much, and what language they are."""

from __future__ import annotations

import csv
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from pathlib import Path

from clara.errors import ResourceError
from clara.knowledge.store import Store
from clara.languages import UNKNOWN
from clara.text import fold, has_unspaced, strip_accents, terms, words

_STRAY_PAIR = 1.5
_UNSEEN = 4.5  # as much as a word that one chunk in a hundred holds
_KNOWN_SHARE = 0.6
_LEAST_TERMS = 2
_MOST_MET = 3000  # chunks that the terms of a query occur in, counted once a term
MOST_TERMS = 200


class Lexicon:
    """What words say in one knowledge base. `stopwords`: language -> its function and question words, folded."""

    def __init__(self, store: Store, stopwords: Mapping[str, frozenset[str]]) -> None:
        self._store = store
        self._stopwords = {**stopwords, UNKNOWN: frozenset().union(*stopwords.values())}
        # Without spaces a function word is cut out first, or its neighbours would pair up across it.
        self._unspaced = {
            tag: _any_of(word for word in listed if has_unspaced(word)) for tag, listed in self._stopwords.items()
        }

    def own_language(self, language: str) -> str | None:
        """Return the base's language to quote from for an asker: the same, or the same in another script."""
        available = self._store.languages()
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
        text = strip_accents(fold(text))
        if unspaced := self._unspaced.get(language):
            text = unspaced.sub(" ", text)
        return " ".join(word for word in words(text) if word not in stop)

    def content_terms(self, text: str, language: str) -> list[str]:
        """Return the search terms of `text` without the language's function and question words, each once."""
        return list(dict.fromkeys(terms(self.content(text, language))))[:MOST_TERMS]

    def selective(
        self, language: str, query_terms: Sequence[str], frequency: Mapping[str, int] | None = None
    ) -> list[str]:
        """Return the terms to look passages up by: the rarest, until those of thousands of passages are met.

        In a large base a frequent word costs much and finds nothing that a rarer one beside it does not; what it
        says of a passage still counts in `weights`.

        frequency: term -> passages that hold it, where it is known.
        """
        if frequency is None:
            frequency = self._store.document_frequency(language, query_terms)
        ranked = sorted(query_terms, key=lambda term: frequency.get(term, 0))
        met, chosen = 0, set()
        for number, term in enumerate(ranked):
            met += frequency.get(term, 0)
            if number >= _LEAST_TERMS and met > _MOST_MET:
                break
            chosen.add(term)
        return [term for term in query_terms if term in chosen]

    def weights(
        self, language: str, query_terms: Sequence[str], frequency: Mapping[str, int] | None = None
    ) -> dict[str, float]:
        """Return each term's inverse document frequency in one language, as in BM25; that of unseen words is capped.

        frequency: term -> passages that hold it, where it is known.
        """
        total = self._store.languages().get(language, 0)
        if frequency is None:
            frequency = self._store.document_frequency(language, query_terms)
        # A pair of characters that never occurs mostly spans two words, and its absence says little; but
        # where most pairs never occur, the question is about something else.
        pairs = {term for term in query_terms if has_unspaced(term)}
        familiar = sum(term in frequency for term in pairs) >= len(pairs) / 2
        weights = {}
        for term in query_terms:
            held = frequency.get(term, 0)
            weight = math.log(1 + (total - held + 0.5) / (held + 0.5))
            if not held:
                weight = min(weight, _STRAY_PAIR if familiar and term in pairs else _UNSEEN)
            weights[term] = weight
        return weights


def _any_of(words_: Iterable[str]) -> re.Pattern[str] | None:
    listed = sorted(words_, key=len, reverse=True)
    return re.compile("|".join(map(re.escape, listed))) if listed else None


@lru_cache(maxsize=4)
def load_stopwords(path: Path) -> Mapping[str, frozenset[str]]:
    """Read function and question words per language, from a TSV of `language` and space-separated `words`."""
    try:
        with path.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
        return {row["language"]: frozenset(strip_accents(fold(row["words"])).split()) for row in rows}
    except (OSError, UnicodeDecodeError, KeyError, csv.Error) as error:
        raise ResourceError(f"cannot read {path}: {error}") from None
