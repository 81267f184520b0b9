"""MultiLoKo: normalised exact match, the gap between languages, mother-tongue and locality effect (arXiv 2504.10356).

Answers are compared by the rule of the authors' script: in lower case, without punctuation, with and without articles,
without what a model wraps an answer in.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any

from clara.evaluation.datasets.base import PRIVATE, Item
from clara.evaluation.metrics.base import UNPARSED, Score, accuracy, by_language, difference, mean
from clara.evaluation.records import Row

# Only those that are no number as well: "un" may be the answer to "how many".
_ARTICLES: Mapping[str, str] = {
    "en": "a an the", "de": "der die das den dem des", "nl": "de het", "fr": "le la les des",
    "it": "il lo la i gli le", "es": "el la los las unos unas", "pt": "o a os as uns umas", "ro": "niste niște",
    "fil": "ang ng mga si sina",
}  # fmt: skip
_PREFIXES: Mapping[str, str] = {"ar": "ال", "he": "ה"}
_FRAMES: Mapping[str, tuple[str, str]] = {"ur": ("جواب", "ہے")}
_SYMBOLS = frozenset("$+<=>^`|~＄＋＜＝＞＾｀｜～")  # no punctuation by Unicode, and left out all the same


class MultiLoKo:
    """Exact match with any of the accepted answers."""

    def score(self, item: Item, text: str, language: str) -> Score:
        base = language.partition(PRIVATE)[0]
        said = variants(text, base)
        if not said:
            return UNPARSED
        right = float(any(not said.isdisjoint(variants(reference, base)) for reference in item.references))
        return Score(status="ok", score=right, values={"exact_match": right})

    def summarise(self, rows: Sequence[Row], items: Sequence[Item]) -> dict[str, Any]:
        found = {language: accuracy(listed) for language, listed in by_language(rows).items()}
        own = {language: value for language, value in found.items() if PRIVATE not in language and value is not None}
        mother, locality = {}, {}
        for language, value in own.items():
            if language != "en":
                mother[language] = difference(value, found.get(f"en{PRIVATE}{language.lower()}"))
                locality[language] = difference(value, found.get(f"{language}{PRIVATE}en"))
        return {
            "exact_match": mean(own.values()),
            "best": max(own, key=lambda name: own[name], default=None),
            "worst": min(own, key=lambda name: own[name], default=None),
            "gap": difference(max(own.values()), min(own.values())) if own else None,
            "mother_tongue_effect": {"mean": mean(mother.values()), "languages": mother},
            "locality_effect": {"mean": mean(locality.values()), "languages": locality},
        }


def variants(text: str, language: str) -> set[str]:
    """Return the forms in which an answer may be meant; none is empty."""
    answer = _unwrapped(_canonical(text))
    prefix, suffix = _FRAMES.get(language, ("", ""))
    framed = answer.removeprefix(f"{prefix} ").removesuffix(f" {suffix}").strip() if prefix else answer
    forms = {answer, framed, _without_articles(answer, language), _without_articles(framed, language)}
    for form in tuple(forms):  # a break inside a word, typed as a space or not at all
        forms |= {" ".join(form.replace("\u200c", " ").split()), form.replace("\u200c", "")}
    return forms - {""}


def _canonical(text: str) -> str:
    kept = (c for c in text.lower() if not unicodedata.category(c).startswith("P") and c not in _SYMBOLS)
    return " ".join("".join(kept).split())


def _unwrapped(answer: str) -> str:
    if "answer is " in answer:
        return answer.rpartition("answer is ")[2]
    return answer.removesuffix("です")


def _without_articles(answer: str, language: str) -> str:
    if prefix := _PREFIXES.get(language):
        words = answer.split()
        return " ".join(word.removeprefix(prefix) if len(word) >= len(prefix) + 2 else word for word in words)
    if articles := _ARTICLES.get(language):
        return " ".join(re.sub(rf"\b(?:{'|'.join(articles.split())})\b", " ", answer).split())
    return answer
