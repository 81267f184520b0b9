"""From rows of records.jsonl to the methods' and comparisons' parts of results.json, for runs and replays alike."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from clara.evaluation.datasets import CHOICE, Dataset
from clara.evaluation.records import Row, score_of, to_table
from clara.evaluation.results import number
from clara.evaluation.statistics.comparison import RESAMPLES, Change, Comparison, compare
from clara.evaluation.statistics.levels import ENGLISH, Interval, measure_levels, wilson
from clara.evaluation.statistics.quality import percentile
from clara.evaluation.statistics.resampling import Floats, Resampler
from clara.evaluation.statistics.summary import agreement_results, curve_results, quality_results, tier_results

Rows = Sequence[Row]


def measure(
    rows: Mapping[str, Rows],
    dataset: Dataset,
    languages: Sequence[str],
    *,
    baseline: str,
    seed: int,
    epochs: int = 1,
) -> dict[str, Any]:
    """Return the parts `methods` and `comparisons` of results.json.

    rows: method -> its rows. epochs: answers that each question must have; a table is incomplete where there are fewer.
    Methods are compared on the questions that are asked in all languages; without such, or without English, not at all.
    """
    questions = dataset.questions
    compared = dataset.parallel(languages)
    tables = {name: to_table(found, questions, languages, epochs=epochs) for name, found in rows.items()}
    options = {item.id: [option.id for option in item.options] for item in dataset.items}
    methods = {
        name: _method_results(found, tables[name], dataset, languages, options=options, seed=seed)
        for name, found in rows.items()
    }
    comparisons = []
    if compared and _has_gap(languages):
        kept = np.isin(np.asarray(questions), np.asarray(compared))
        resampler = Resampler(int(kept.sum()), RESAMPLES, seed)
        several = max((len({row["epoch"] for row in found}) for found in rows.values()), default=1)
        for name in rows:
            if name != baseline:
                found = compare(
                    tables[baseline][kept], tables[name][kept], languages, resampler=resampler, seed=seed,
                    epochs=several,
                )  # fmt: skip
                comparisons.append(comparison_results(baseline, name, found))
    return {"methods": methods, "comparisons": comparisons}


def _has_gap(languages: Sequence[str]) -> bool:
    return ENGLISH in languages and len(languages) > 1


def _method_results(
    rows: Rows,
    table: Floats,
    dataset: Dataset,
    languages: Sequence[str],
    *,
    options: Mapping[str, Sequence[str]],
    seed: int,
) -> dict[str, Any]:
    by_language: dict[str, list[Row]] = {tag: [] for tag in languages}
    for row in rows:
        by_language[row["language"]].append(row)
    cells = {
        tag: _language_results(found, by_language.get(ENGLISH, ()), options, seed)
        for tag, found in by_language.items()
    }  # fmt: skip
    return {
        "languages": cells,
        **_level_results({tag: cell["accuracy"] for tag, cell in cells.items()}, table, languages, seed),
        "calls_per_question": number(sum(row.get("calls") or 0 for row in rows) / len(rows)) if rows else None,
        "curves": curve_results(rows),
        "agreement": agreement_results(rows),
        "by_tier": tier_results(table, languages) if _has_gap(languages) else {},
        "metrics": _own_metrics(rows, dataset),
    }


def _level_results(
    accuracy: Mapping[str, float | None], table: Floats, languages: Sequence[str], seed: int
) -> dict[str, Any]:
    """Return mean, gap, worst language and range; without English or another language there is no gap."""
    known = {tag: value for tag, value in accuracy.items() if value is not None}
    worst = min(known, key=lambda tag: known[tag], default="")
    found: dict[str, Any] = {
        "mean": number(sum(known.values()) / len(known)) if known and len(known) == len(accuracy) else None,
        "gap": {"value": None, "ci95": [None, None], "parity": False},
        "worst": {"language": worst, "accuracy": known.get(worst)},
        "range": None,
        "range_null_mean": None,
    }
    if not _has_gap(languages):
        return found
    levels = measure_levels(table, languages, seed=seed)
    return found | {
        "gap": {"value": number(levels.gap), "ci95": _interval(levels.gap_interval), "parity": levels.parity},
        "range": number(max(known.values()) - min(known.values())) if known else None,
        "range_null_mean": number(levels.range_null),
    }


def _language_results(rows: Rows, english: Rows, options: Mapping[str, Sequence[str]], seed: int) -> dict[str, Any]:
    """Return one language's counts, usage and quality. english: the method's rows in English."""
    statuses = Counter(row["status"] for row in rows)
    known = [row for row in rows if row["status"] != "error"]
    share = sum(map(score_of, known)) / len(known) if known else 0.0
    # Epochs of one question are not independent: the interval counts questions.
    questions = len({row["id"] for row in known})
    seconds = np.asarray([row["seconds"] for row in known if row.get("seconds") is not None], dtype=np.float64)
    return {
        "n": len(rows), "correct": sum(bool(row["correct"]) for row in known),
        "accuracy": number(100 * share) if known else None, "ci95": _interval(wilson(share * questions, questions)),
        "unparsed": statuses["unparsed"], "refused": statuses["refused"], "abstained": statuses["abstained"],
        "errors": statuses["error"], "calls": _total(rows, "calls"), "prompt_tokens": _total(rows, "prompt_tokens"),
        "completion_tokens": _total(rows, "completion_tokens"), "cost": _total(rows, "cost"),
        "latency_p50_s": number(percentile(seconds, 50)),
        "quality": quality_results(rows, english, options=options, seed=seed),
    }  # fmt: skip


def _own_metrics(rows: Rows, dataset: Dataset) -> dict[str, Any]:
    """Return what the dataset's own scorer makes of a method's answers."""
    known = [row for row in rows if row["status"] != "error"]
    if dataset.scorer == CHOICE or not known:
        return {}
    from clara.evaluation.metrics import SCORERS

    return dict(SCORERS[dataset.scorer].summarise(known, dataset.items))


def _total(rows: Iterable[Row], name: str) -> float | None:
    """Return the sum of a figure; None where a row does not say, as in a replay."""
    values = [row.get(name) for row in rows]
    if not values or any(value is None for value in values):
        return None
    total = sum(value for value in values if value is not None)
    return round(total, 6) if isinstance(total, float) else total


def comparison_results(baseline: str, method: str, found: Comparison) -> dict[str, Any]:
    """Return a comparison's part of the results."""
    reduction = _change(found.gap_reduction) | {
        "p": number(found.gap_reduction.p), "relative": number(found.relative)
    }  # fmt: skip
    return {
        "baseline": baseline,
        "method": method,
        "gap_reduction": reduction,
        "lift_others": _change(found.lift_others),
        "change_english": _change(found.change_english),
        "worst_at_baseline": {"language": found.worst[0], "diff": number(found.worst[1])},
        "per_language": {
            tag: {"diff": number(change.diff), "p_mcnemar": number(change.p), "p_holm": number(change.p_holm)}
            for tag, change in found.languages.items()
        },
        "verdict": found.verdict,
    }


def _interval(interval: Interval) -> list[float | None]:
    return [number(bound) for bound in interval]


def _change(change: Change) -> dict[str, Any]:
    return {"value": number(change.value), "ci95": _interval(change.interval)}
