"""Trans-EnV: the drop from standard English to each variety (arXiv 2505.20875)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from clara.evaluation.datasets.base import Item
from clara.evaluation.metrics.base import UNPARSED, Score, accuracy, by_language, difference, mean
from clara.evaluation.records import Row
from clara.text import ascii_digits

_NUMBER = re.compile(r"-?\d+(?:,\d{3})*(?:\.\d+)?")
_LEARNERS = re.compile(r"en-x-[abc]\d?-")  # a level of the CEFR and a first language


class TransEnv:
    """Accuracy in standard English less that in each variety; a number that is asked for is the last one said."""

    def score(self, item: Item, text: str, language: str) -> Score:
        said = _NUMBER.findall(ascii_digits(text))
        if not said:
            return UNPARSED
        right = float(float(said[-1].replace(",", "")) == float(item.references[0]))
        return Score(status="ok", score=right)

    def summarise(self, rows: Sequence[Row], items: Sequence[Item]) -> dict[str, Any]:
        found = {language: accuracy(listed) for language, listed in by_language(rows).items()}
        standard = found.pop("en", None)
        drops = {variety: difference(standard, value) for variety, value in found.items()}
        known = {variety: drop for variety, drop in drops.items() if drop is not None}
        learners = {variety for variety in known if _LEARNERS.match(variety)}
        return {
            "standard": standard,
            "drop": drops,
            "mean_drop": mean(known.values()),
            "mean_drop_dialects": mean(drop for variety, drop in known.items() if variety not in learners),
            "mean_drop_learners": mean(drop for variety, drop in known.items() if variety in learners),
            "worst": max(known, key=lambda variety: known[variety], default=None),
        }
