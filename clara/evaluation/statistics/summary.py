"""From rows of records.jsonl to the measures of a method that results.json keeps beside accuracy.

Functions take the rows of one method, and some those of one language. An error is a measurement still missing: it
counts for cost only. An answer is right (1) or wrong (0), or what its scorer gave it. Keys are those of results.json;
None where the rows do not say. As there, shares of answers are in per cent; Brier score, calibration error, area under
the curve and bias go from 0 to 1, as the field has them.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping, Sequence
from itertools import combinations
from typing import Any

import numpy as np

from clara.evaluation.datasets.base import PRIVATE
from clara.evaluation.records import Row, score_of
from clara.evaluation.statistics import quality
from clara.evaluation.statistics.curves import Bools, Point, binned_accuracy, risk_coverage, thin
from clara.evaluation.statistics.levels import ENGLISH, gap_per_question, mean_interval
from clara.evaluation.statistics.resampling import Floats
from clara.evaluation.statistics.tokens import Premium, measure_premium
from clara.evaluation.tiers import TIERS, tier
from clara.languages import detect, is_written_in, script_counts

Rows = Sequence[Row]
Kept = float | None

_ABBREVIATION = 6  # letters at most


def answer_language(text: str, asked: str) -> str:
    """Return the language that an answer is written in: `asked` where nothing speaks against it, else as detected.

    It is what the field `answer_language` of a row holds; `und` is a text of no language that is known. Short answers
    in the right script get the benefit of the doubt, as do a few letters in any, such as B or OCT. The private part of
    a tag is no language.
    """
    if is_written_in(text, asked.partition(PRIVATE)[0]) or sum(script_counts(text).values()) <= _ABBREVIATION:
        return asked
    return detect(text).language


def quality_results(
    rows: Rows, english: Rows = (), *, options: Mapping[str, Sequence[str]] | None = None, seed: int
) -> dict[str, Any]:
    """Return the measures of one method in one language.

    in_language: per cent of the answers given that are in the language asked; language_fidelity: per cent of all that
    are right and in it, beside accuracy; refused, coverage: of all. A measure with `_null` beside it is above 0 by
    chance alone, on average by that. token_premium: {"value", "ci95"}, None without usage.

    english: the method's rows in English, which tokens are compared with. options: question id -> ids of its options
    in the order shown, without which position bias is not measured.
    """
    known = [row for row in rows if row["status"] != "error"]
    answered = np.asarray([row["status"] == "ok" for row in known], dtype=bool)
    correct = np.asarray([score_of(row) for row in known], dtype=np.float64)
    faithful = quality.fidelity(
        [row["language"] for row in known if row["status"] == "ok"],
        [row.get("answer_language") for row in known if row["status"] == "ok"],
    )
    told = len(faithful) > 0 and not np.isnan(faithful).any()
    found = {
        "coverage": 100 * quality.coverage(answered),
        "refused": 100 * _share(known, "refused"),
        "selective_accuracy": 100 * quality.selective_accuracy(answered, correct),
        "in_language": 100 * float(faithful.mean()) if told else math.nan,
        "language_fidelity": 100 * float((correct[answered] * faithful).sum()) / len(known) if told else math.nan,
        "cost_per_correct": _cost_per_correct(rows),
        "latency_p95_s": quality.percentile(_floats(known, "seconds"), 95),
        "consistency": 100 * _consistency(known),
    }
    found |= _calibration(known, correct, answered, seed) | _position_bias(known, options or {}, seed)
    return {name: kept(value) for name, value in found.items()} | {"token_premium": _premium(rows, english, seed)}


def curve_results(rows: Rows) -> dict[str, list[list[Kept]]]:
    """Return a method's curves over the rows of all languages together.

    calibration: [mean confidence, accuracy %, n, low %, high %] per bin; agreement: the same by the share of drafts
    that agree with the answer; risk_coverage: [coverage, risk], at most a hundred points. Empty where rows do not say.
    """
    known = [row for row in rows if row["status"] != "error"]
    given = [row for row in known if row["status"] == "ok"]
    confidence = _confidence(known)
    told = _all_told(known, confidence)
    correct = np.asarray([score_of(row) for row in known], dtype=np.float64)
    return {
        "calibration": _points(given, "confidence"),
        "agreement": _points(given, "agreement"),
        "risk_coverage": [[kept(x), kept(y)] for x, y in thin(*risk_coverage(confidence, correct))] if told else [],
    }


def agreement_results(rows: Rows) -> dict[str, Any]:
    """Return how often a method gives two languages the same answer: {"mean", "pairs": [{"languages", "agree"}, ...]}.

    Per cent of the questions answered in both; mean: over all pairs. Where an answer names no option, its status counts
    as what was said.
    """
    said: dict[Hashable, dict[str, Hashable]] = {}
    languages = list(dict.fromkeys(row["language"] for row in rows))
    for row in rows:
        if row["status"] != "error" and _names_option(row):
            said.setdefault((row["id"], row["epoch"]), {})[row["language"]] = _said(row)
    pairs = [
        {"languages": list(pair), "agree": kept(100 * quality.agreement_between(said, *pair))}
        for pair in combinations(languages, 2)
    ]
    shares = [pair["agree"] for pair in pairs if pair["agree"] is not None]
    return {"mean": kept(float(np.mean(shares))) if shares else None, "pairs": pairs}


def tier_results(table: Floats, languages: Sequence[str]) -> dict[str, Any]:
    """Return accuracy and gap to English by tier, from the least text to the most, in percentage points.

    table: (questions, languages), per cent right, NaN where an answer is missing. {tier: {"languages", "accuracy",
    "gap": {"value", "ci95"}}}; English is what the others are compared with and is in none. The gap is over questions
    that are complete in English and the tier.
    """
    found: dict[str, Any] = {}
    english = list(languages).index(ENGLISH)
    for name in TIERS:
        columns = [column for column, tag in enumerate(languages) if column != english and tier(tag) == name]
        if not columns:
            continue
        part = table[:, [english, *columns]]
        gaps = gap_per_question(part[~np.isnan(part).any(axis=1)], [ENGLISH, *(languages[c] for c in columns)])
        means = [float(np.nanmean(table[:, c])) for c in columns if not np.isnan(table[:, c]).all()]
        found[name] = {
            "languages": [languages[column] for column in columns],
            "accuracy": kept(float(np.mean(means))) if means else None,
            "gap": {
                "value": kept(float(gaps.mean())) if gaps.size else None,
                "ci95": [kept(bound) for bound in mean_interval(gaps, 0.95)],
            },
        }
    return found


def usage_premium(rows: Rows, *, seed: int) -> dict[str, Premium]:
    """Return each language's token premium from what calls were recorded to use, prompt and completion together.

    Questions answered in English and the language count, epochs added up. A prompt's fixed part, which is English, is
    among the tokens: of the questions' text alone the premium is larger. Empty without usage or English.
    """
    used: dict[tuple[str, str], float] = {}
    for row in rows:
        if row["status"] != "error" and row.get("prompt_tokens") is not None:
            tokens = row["prompt_tokens"] + (row.get("completion_tokens") or 0)
            used[row["id"], row["language"]] = used.get((row["id"], row["language"]), 0.0) + tokens
    languages = list(dict.fromkeys(tag for _, tag in used))
    if ENGLISH not in languages:
        return {}
    ids = list(dict.fromkeys(identifier for identifier, _ in used))
    table = np.asarray([[used.get((identifier, tag), math.nan) for tag in languages] for identifier in ids])
    return measure_premium(table, languages, seed=seed)


def kept(value: float) -> Kept:
    """Return a number as results.json keeps it: four decimals, None for one that is unknown or infinite."""
    return round(float(value), 4) if math.isfinite(value) else None


def _calibration(known: Rows, correct: Floats, answered: Bools, seed: int) -> dict[str, float]:
    confidence = _confidence(known)
    if not _all_told(known, confidence):
        return dict.fromkeys(("brier", "ece", "ece_null", "aurc"), math.nan)
    stated, right = confidence[answered], correct[answered]
    _, questions = np.unique([row["id"] for row in known if row["status"] == "ok"], return_inverse=True)
    ece = quality.calibration_error(stated, right, questions, seed=seed)
    return {
        "brier": quality.brier(stated, right), "ece": ece.value, "ece_null": ece.null,
        "aurc": quality.area_under_risk_coverage(confidence, correct),
    }  # fmt: skip


def _position_bias(known: Rows, options: Mapping[str, Sequence[str]], seed: int) -> dict[str, float]:
    """Return the bias over the first answer to each question; more epochs of one are no further evidence of it."""
    first: dict[str, tuple[int, int, int]] = {}
    for row in sorted(known, key=lambda row: row["epoch"]):
        listed = list(options.get(row["id"], ()))
        if row["status"] == "ok" and row["choice"] in listed and row["answer"] in listed and len(listed) > 1:
            first.setdefault(row["id"], (listed.index(row["choice"]), listed.index(row["answer"]), len(listed)))
    columns = np.asarray(list(first.values()), dtype=np.int64).reshape(-1, 3).T
    found = quality.position_bias(columns[0], columns[1], columns[2], seed=seed)
    return {"position_bias": found.value, "position_bias_null": found.null}


def _consistency(known: Rows) -> float:
    samples: dict[Hashable, list[Hashable]] = {}
    for row in known:
        if _names_option(row):
            samples.setdefault(row["id"], []).append(_said(row))
    return quality.consistency(samples)


def _names_option(row: Row) -> bool:
    """Whether the answer can be compared with another: free text of the same meaning differs in its words."""
    return row["choice"] is not None or row["status"] != "ok"


def _said(row: Row) -> Hashable:
    return row["choice"] if row["status"] == "ok" else (row["status"],)


def _points(given: Rows, key: str) -> list[list[Kept]]:
    told = [row for row in given if row.get(key) is not None]
    if not told:
        return []
    _, questions = np.unique([row["id"] for row in told], return_inverse=True)
    correct = np.asarray([score_of(row) for row in told], dtype=np.float64)
    return [_listed(point) for point in binned_accuracy(_floats(told, key), correct, questions)]


def _listed(point: Point) -> list[Kept]:
    low, high = point.interval
    return [kept(point.value), kept(point.accuracy), point.n, kept(low), kept(high)]


def _confidence(known: Rows) -> Floats:
    """Return the confidence of each answer, NaN where nothing was answered or nothing is said."""
    return _floats([row if row["status"] == "ok" else {} for row in known], "confidence")


def _all_told(known: Rows, confidence: Floats) -> bool:
    """Whether there are answers and each of them has a confidence."""
    answered = len([row for row in known if row["status"] == "ok"])
    return 0 < answered == int(np.count_nonzero(~np.isnan(confidence)))


def _premium(rows: Rows, english: Rows, seed: int) -> dict[str, Any] | None:
    tags = {row["language"] for row in rows}
    own = [] if ENGLISH in tags else english
    found = [premium for tag, premium in usage_premium([*own, *rows], seed=seed).items() if tag in tags]
    return {"value": kept(found[0].value), "ci95": [kept(bound) for bound in found[0].interval]} if found else None


def _cost_per_correct(rows: Rows) -> float:
    return quality.cost_per_correct(
        _floats(rows, "cost"), np.asarray([score_of(row) for row in rows], dtype=np.float64)
    )


def _share(known: Rows, status: str) -> float:
    return sum(row["status"] == status for row in known) / len(known) if known else math.nan


def _floats(rows: Rows, key: str) -> Floats:
    return np.asarray([math.nan if row.get(key) is None else row[key] for row in rows], dtype=np.float64)
