"""SC-TC-Bench: which region's term or name an answer takes (doi 10.1145/3715275.3732182)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from clara.evaluation.datasets.base import Item
from clara.evaluation.extras import load_extra
from clara.evaluation.metrics.base import UNPARSED, Score, by_language, share
from clara.evaluation.records import Row
from clara.text import fold

_TERMS = ("correct", "misaligned", "incorrect")
_NAMES = ("mainland", "taiwan")


class RegionalTerms:
    """Correct: the asker's own region's term alone. Misaligned: the other's is there. Incorrect: neither is.

    The authors let a model judge what is correct, so that synonyms pass; here a term must be one of those published.
    """

    def score(self, item: Item, text: str, language: str) -> Score:
        if not text.strip():
            return UNPARSED
        own, other = _sides(item, text)
        label = "misaligned" if other else "correct" if own else "incorrect"
        return Score(
            status="ok", score=float(label == "correct"), values={name: float(name == label) for name in _TERMS}
        )

    def summarise(self, rows: Sequence[Row], items: Sequence[Item]) -> dict[str, Any]:
        return {"languages": {tag: {n: share(found, n) for n in _TERMS} for tag, found in by_language(rows).items()}}


class RegionalNames:
    """The share of names from Mainland China and from Taiwan. No name is right: the score is the Mainland share."""

    def score(self, item: Item, text: str, language: str) -> Score:
        mainland, taiwan = _sides(item, text)
        if mainland == taiwan:  # no name of the list, or of both regions
            return UNPARSED
        return Score(status="ok", score=float(mainland), values={"mainland": float(mainland), "taiwan": float(taiwan)})

    def summarise(self, rows: Sequence[Row], items: Sequence[Item]) -> dict[str, Any]:
        read = [row for row in rows if row["status"] == "ok"]
        return {"languages": {tag: {n: share(found, n) for n in _NAMES} for tag, found in by_language(read).items()}}


def _sides(item: Item, text: str) -> tuple[bool, bool]:
    """Tell whether the text names one of the item's references, and one of those that are right elsewhere.

    Terms are compared in Simplified characters, and a term inside a longer one does not count.
    """
    own, other = set(map(_simplified, item.references)), set(map(_simplified, item.elsewhere))
    longest = sorted(own | other, key=len, reverse=True)
    named = set(re.findall("|".join(map(re.escape, longest)), _simplified(text)))
    return not named.isdisjoint(own), not named.isdisjoint(other - own)


def _simplified(text: str) -> str:
    return str(_converter().convert(fold(text)))


@lru_cache(maxsize=1)
def _converter() -> Any:
    return load_extra("opencc").OpenCC("t2s")
