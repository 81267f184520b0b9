"""XLingEval's three criteria: correctness, consistency, verifiability (arXiv 2310.13132)."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from clara.evaluation.datasets.base import Item
from clara.evaluation.datasets.xlinghealth import YES
from clara.evaluation.extras import load_extra
from clara.evaluation.metrics.base import UNPARSED, Score, by_language, mean, percent, share
from clara.evaluation.metrics.similarity import length_variation, pairwise
from clara.evaluation.records import Row
from clara.text import fold

LABELS: Mapping[str, str] = {
    "neither": "neither contradictory nor similar information",
    "contradictory": "contradictory information in comparison",
    "more": "more comprehensive and appropriate information",
    "less": "less comprehensive and appropriate information",
}
"""Label -> what a judge's last line says, by which it is told from the others."""

_WORDS = {
    "yes": "yes sí si हाँ हां जी是 是的 对 正确".split(),
    "no": "no नहीं नहीँ 否 不 不是 不对 不正确 错误".split(),
}
_WORD = re.compile(r"[^\W\d_]+(?:[\u0900-\u0963]+[^\W\d_]*)*")


class Consistency:
    """How alike the answers to one question are over epochs. An answer's own score is its chrF with the reference.

    chrF (Popović 2015) says how far an answer is worded as the expert's, not whether it is correct: that takes a judge.
    """

    def score(self, item: Item, text: str, language: str) -> Score:
        if not text.strip():
            return UNPARSED
        chrf = load_extra("sacrebleu").sentence_chrf(text, list(item.references)).score / 100
        return Score(status="ok", score=round(float(chrf), 6), values={"chrf": round(100 * float(chrf), 4)})

    def summarise(self, rows: Sequence[Row], items: Sequence[Item]) -> dict[str, Any]:
        return {"languages": {tag: self._language(found) for tag, found in by_language(rows).items()}}

    def _language(self, rows: Sequence[Row]) -> dict[str, Any]:
        samples: dict[str, list[str]] = defaultdict(list)
        for row in rows:
            if row["status"] == "ok" and row.get("text"):
                samples[row["id"]].append(row["text"])
        several = [texts for texts in samples.values() if len(texts) > 1]
        return {
            "chrf": mean(row.get("values", {}).get("chrf") for row in rows),
            "questions": len(several),
            **(dict.fromkeys(_CONSISTENCY) if not several else pairwise(several) | length_variation(several)),
        }


_CONSISTENCY = ("unigram", "bigram", "sentence", "topic", "length_mean", "length_sd")


class Verifiability:
    """Whether a model tells an expert's answer from another question's. Replies that say neither are left out."""

    def score(self, item: Item, text: str, language: str) -> Score:
        said = read_yes_no(text)
        right = item.references[0] == YES
        if said is None:
            return Score(status="unparsed", score=0.0, values={"right": float(right)})
        return Score(status="ok", score=float(said == right), values={"right": float(right), "said": float(said)})

    def summarise(self, rows: Sequence[Row], items: Sequence[Item]) -> dict[str, Any]:
        return {"languages": {tag: _verified(found) for tag, found in by_language(rows).items()}}


class Correctness:
    """What a judge says of an answer beside the expert's: shares of the four labels, by method and language."""

    def score(self, item: Item, text: str, language: str) -> Score:
        label = read_label(text)
        if label is None:
            return UNPARSED
        return Score(status="ok", score=float(label == "more"), values={name: float(name == label) for name in LABELS})

    def summarise(self, rows: Sequence[Row], items: Sequence[Item]) -> dict[str, Any]:
        """Return judged method -> language -> label -> per cent of the answers that a label was read for."""
        judged = {item.id: item.tags[0] for item in items if item.tags}
        methods: dict[str, list[Row]] = defaultdict(list)
        for row in rows:
            methods[judged.get(row["id"], "")].append(row)
        return {
            "methods": {
                method: {
                    language: {name: share([row for row in found if row["status"] == "ok"], name) for name in LABELS}
                    | {"unparsed": percent(sum(row["status"] != "ok" for row in found), len(found))}
                    for language, found in by_language(listed).items()
                }
                for method, listed in methods.items()
            }
        }


def read_label(text: str) -> str | None:
    """Return the label that a judge's last lines state: the last one said, if it is one of the four."""
    said = fold(text)
    places = {name: said.rfind(words) for name, words in LABELS.items()}
    name = max(places, key=lambda label: places[label])
    return name if places[name] >= 0 else None


def read_yes_no(text: str) -> bool | None:
    """Return whether a reply says yes or no, in English or the language that was asked in; None for neither or both."""
    said = {fold(word) for word in _WORD.findall(text)}
    yes, no = (not said.isdisjoint(map(fold, _WORDS[name])) for name in ("yes", "no"))
    return yes if yes != no else None


def _verified(rows: Sequence[Row]) -> dict[str, Any]:
    metrics = load_extra("sklearn.metrics")
    read = [row["values"] for row in rows if "said" in row.get("values", {})]
    truth, said = (np.array([values[name] for values in read], dtype=int) for name in ("right", "said"))
    result: dict[str, Any] = {"unparsed": percent(len(rows) - len(read), len(rows)), "n": len(read)}
    if not read:
        return result | dict.fromkeys(("macro_precision", "macro_recall", "macro_f1", "accuracy", "auc"))
    precision, recall, f1, _ = metrics.precision_recall_fscore_support(
        truth, said, labels=[0, 1], average="macro", zero_division=0.0
    )
    both = len(set(truth.tolist())) == 2
    return result | {
        "macro_precision": percent(precision, 1), "macro_recall": percent(recall, 1), "macro_f1": percent(f1, 1),
        "accuracy": percent(float((truth == said).mean()), 1),
        "auc": percent(float(metrics.roc_auc_score(truth, said)), 1) if both else None,
    }  # fmt: skip
