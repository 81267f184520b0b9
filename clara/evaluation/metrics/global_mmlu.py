"""Global-MMLU: accuracy on questions that need knowledge of a culture, and on those that do not (arXiv 2412.03304)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from clara.evaluation.datasets.base import Item
from clara.evaluation.datasets.global_mmlu import AGNOSTIC, SENSITIVE
from clara.evaluation.metrics.base import ChoiceScorer, accuracy, by_language, difference
from clara.evaluation.records import Row


class GlobalMMLU(ChoiceScorer):
    """Accuracy on the sensitive and the agnostic subset, and how far that moves a language in the ranking."""

    def summarise(self, rows: Sequence[Row], items: Sequence[Item]) -> dict[str, Any]:
        labels = {item.id: label for item in items for label in (SENSITIVE, AGNOSTIC) if label in item.tags}
        languages = {}
        for language, found in by_language(rows).items():
            sensitive = [row for row in found if labels.get(row["id"]) == SENSITIVE]
            agnostic = [row for row in found if labels.get(row["id"]) == AGNOSTIC]
            languages[language] = {
                "sensitive": accuracy(sensitive), "n_sensitive": len(sensitive),
                "agnostic": accuracy(agnostic), "n_agnostic": len(agnostic),
                "difference": difference(accuracy(agnostic), accuracy(sensitive)),
            }  # fmt: skip
        subsets = {tag: (found["agnostic"], found["sensitive"]) for tag, found in languages.items()}
        return {"languages": languages, "rank_change": rank_changes(subsets)}


def rank_changes(scores: Mapping[str, tuple[float | None, float | None]]) -> dict[str, int]:
    """Return how many places each name rises from the first to the second of its scores; minus where it falls.

    Names are languages of one method, or as in the paper models; the highest score has rank 1, and equal scores share
    the better one. Names without one of the scores are left out.
    """
    known = {name: (a, b) for name, (a, b) in scores.items() if a is not None and b is not None}

    def rank(place: int, name: str) -> int:
        return 1 + sum(other[place] > known[name][place] for other in known.values())

    return {name: rank(0, name) - rank(1, name) for name in known}
