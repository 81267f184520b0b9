"""MedRECT's three subtasks, all scored on one reply (arXiv 2511.00421): detection, the sentence, its correction.

Left out of the authors' correction score are BERTScore and BLEURT, which need model weights: the composite here is
their ROUGE-1 composite. Japanese is compared by characters, where they cut it into words with MeCab.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from clara.evaluation.datasets.base import Item
from clara.evaluation.datasets.medrect import NO_ERROR
from clara.evaluation.extras import load_extra
from clara.evaluation.metrics.base import Score, by_language, percent
from clara.evaluation.records import Row
from clara.text import ascii_digits, clean

_DECORATION = re.compile(r"```\w*|[`*_\"“”]+")
_CORRECTED = re.compile(r"\s*(?:文番号\s*[:：]?|文|sentence)?\s*(\d{1,3})\s*[:：]\s*(\S.*)", re.IGNORECASE)
_REPLY = re.compile(r"(\d+): (.*)", re.DOTALL)


class MedRECT:
    """A missing or unreadable reply misses an error that is there and sees one that is not, as the authors count it."""

    def score(self, item: Item, text: str, language: str) -> Score:
        said, wanted = read_correction(text), _REPLY.fullmatch(item.references[0])
        values = {"error": float(wanted is not None)}
        if said is None:
            return Score(status="unparsed", score=0.0, values=values)
        number, sentence = said
        values |= {"detected": float(number > 0), "sentence": float(number == (int(wanted[1]) if wanted else 0))}
        if number and wanted:
            values["rouge1"] = rouge1(wanted[2], sentence, language)
        score = values.get("rouge1", float(not number and not wanted))
        return Score(status="ok", score=score, values=values)

    def summarise(self, rows: Sequence[Row], items: Sequence[Item]) -> dict[str, Any]:
        return {"languages": {language: _subtasks(found) for language, found in by_language(rows).items()}}


def read_correction(text: str) -> tuple[int, str] | None:
    """Return the number of the sentence that a reply corrects and its correction, (0, "") for none, None if unread.

    Strictly the two forms that were asked for, without the marks that models put round them, each in a line of its own;
    several corrections are none.
    """
    lines = [_DECORATION.sub("", line).strip() for line in ascii_digits(clean(text)).splitlines()]
    found = [(int(match[1]), match[2].strip()) for line in lines if (match := _CORRECTED.fullmatch(line))]
    none = any(line.rstrip(".。").upper() == NO_ERROR for line in lines)
    if len(found) == 1 and not none:
        return found[0]
    return (0, "") if none and not found else None


def rouge1(reference: str, candidate: str, language: str) -> float:
    """Return ROUGE-1 F (Lin 2004): words of English, characters of Japanese."""
    return float(_scorer(language).score(reference, candidate)["rouge1"].fmeasure)


class _Characters:
    """Cuts a text into its characters, for languages that write no spaces."""

    def tokenize(self, text: str) -> list[str]:
        return [character for character in text if not character.isspace()]


@lru_cache(maxsize=8)
def _scorer(language: str) -> Any:
    rouge = load_extra("rouge_score.rouge_scorer")
    return rouge.RougeScorer(["rouge1"], tokenizer=None if language == "en" else _Characters())


def _subtasks(rows: Sequence[Row]) -> dict[str, Any]:
    metrics = load_extra("sklearn.metrics")
    kept = [row.get("values", {}) for row in rows]
    truth = [int(values.get("error", 0.0)) for values in kept]
    detected = [int(values.get("detected", 1 - true)) for values, true in zip(kept, truth, strict=True)]
    precision, recall, f1, _ = metrics.precision_recall_fscore_support(
        truth, detected, average="binary", zero_division=0.0
    )
    errors = [values for values, true in zip(kept, truth, strict=True) if true]
    pairs = [values["rouge1"] for values in kept if "rouge1" in values]
    right_none = sum(values.get("detected") == 0.0 and not true for values, true in zip(kept, truth, strict=True))
    return {
        "detection": {
            "accuracy": percent(float(metrics.accuracy_score(truth, detected)), 1), "precision": percent(precision, 1),
            "recall": percent(recall, 1), "f1": percent(f1, 1),
        },
        "sentence": {
            "exact_match": percent(sum(values.get("sentence", 0.0) for values in kept), len(kept)),
            "on_errors": percent(sum(values.get("sentence", 0.0) for values in errors), len(errors)),
        },
        "correction": {
            "rouge1": percent(sum(pairs), len(pairs)), "pairs": len(pairs),
            "composite": percent(sum(pairs) + right_none, len(kept)),
        },
        "unparsed": percent(sum("detected" not in values for values in kept), len(kept)),
    }  # fmt: skip
