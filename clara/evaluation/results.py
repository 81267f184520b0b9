"""results.json and records.jsonl: the form in which every measurement of accuracy is kept.

Numbers are percentage points, None where there is none. A screen, a report or a comparison reads these; none computes
its own.
"""

from __future__ import annotations

import json
import math
import platform
import re
import subprocess
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np

from clara import __version__
from clara.errors import ConfigError, DatasetError
from clara.evaluation.datasets import Dataset
from clara.evaluation.replay.methods import Given
from clara.evaluation.statistics.comparison import Change, Comparison
from clara.evaluation.statistics.levels import Interval, measure_levels, wilson
from clara.evaluation.statistics.resampling import Floats

RESULTS, RECORDS = "results.json", "records.jsonl"

_CHECKOUT = Path(__file__).parents[2]
_PACKAGES = ("numpy", "scipy")


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """One method's answer to one question in one language and epoch. answer: the right option."""

    id: str
    language: str
    epoch: int
    answer: str
    given: Given

    @property
    def correct(self) -> bool:
        """Whether the right option was given; what is unparsed, refused or abstained is not correct."""
        return self.given.status == "ok" and self.given.choice == self.answer

    def to_dict(self, method: str, config: str) -> dict[str, Any]:
        """Return the row of records.jsonl."""
        return {
            "config": config, "method": method, "language": self.language, "id": self.id, "epoch": self.epoch,
            "status": self.given.status, "choice": self.given.choice, "answer": self.answer, "correct": self.correct,
            "calls": self.given.calls,
        }  # fmt: skip


def to_table(answered: Sequence[Answered], questions: Sequence[str], languages: Sequence[str]) -> Floats:
    """Return per cent right, averaged over epochs, of shape (questions, languages); NaN where any epoch is an error."""
    rows = {identifier: row for row, identifier in enumerate(questions)}
    columns = {tag: column for column, tag in enumerate(languages)}
    right = np.zeros((len(questions), len(languages)))
    counts = np.zeros_like(right)
    for found in answered:
        cell = (rows[found.id], columns[found.language])
        right[cell] += math.nan if found.given.status == "error" else 100.0 * found.correct
        counts[cell] += 1
    with np.errstate(invalid="ignore"):
        return np.asarray(right / counts)


def manifest(dataset: Dataset, *, questions: int, model: str, seed: int) -> dict[str, Any]:
    """Return what was measured, on what, with which versions."""
    return {
        "dataset": dataset.name,
        "dataset_version": dataset.version(),
        "questions": questions,
        "model": model,
        "seed": seed,
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "manifest": {
            "clara": __version__,
            "revision": _revision(),
            "python": platform.python_version(),
            "packages": {name: _version(name) for name in _PACKAGES},
            "source": dataset.source,
            "licence": dataset.licence,
        },
    }


def method_results(
    answered: Sequence[Answered], table: Floats, languages: Sequence[str], *, seed: int
) -> dict[str, Any]:
    """Return one method's part of the results: per language, mean, gap, worst, range, calls per question."""
    levels = measure_levels(table, languages, seed=seed)
    per_language = {}
    for column, tag in enumerate(languages):
        own = [found for found in answered if found.language == tag]
        statuses = Counter(found.given.status for found in own)
        # Epochs of one question are not independent: the interval counts questions.
        known = int((~np.isnan(table[:, column])).sum())
        per_language[tag] = {
            "n": len(own), "correct": sum(found.correct for found in own), "accuracy": number(levels.accuracy[tag]),
            "ci95": _interval(wilson(levels.accuracy[tag] / 100 * known if known else 0.0, known)),
            "unparsed": statuses["unparsed"], "refused": statuses["refused"], "abstained": statuses["abstained"],
            "errors": statuses["error"], "calls": sum(found.given.calls for found in own), "prompt_tokens": None,
            "completion_tokens": None, "cost": None, "latency_p50_s": None,
        }  # fmt: skip
    worst = levels.accuracy.get(levels.worst, math.nan)
    return {
        "languages": per_language,
        "mean": number(levels.mean),
        "gap": {"value": number(levels.gap), "ci95": _interval(levels.gap_interval), "parity": levels.parity},
        "worst": {"language": levels.worst, "accuracy": number(worst)},
        "range": number(levels.range),
        "range_null_mean": number(levels.range_null),
        "calls_per_question": number(sum(found.given.calls for found in answered) / len(answered)),
    }


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


def write_results(results: Mapping[str, Any], records: Sequence[Mapping[str, Any]], folder: Path) -> list[Path]:
    """Write records.jsonl and results.json into a folder that is made if need be. Raises ConfigError."""
    paths = [folder / RECORDS, folder / RESULTS]
    lines = "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        paths[0].write_text(lines, encoding="utf-8")
        paths[1].write_text(json.dumps(results, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"cannot write into {folder}: {error.strerror or error}") from None
    return paths


def read_results(folder: Path) -> dict[str, Any]:
    """Return the content of a folder's results.json. Raises DatasetError."""
    path = folder / RESULTS
    try:
        content = json.loads(path.read_bytes().decode("utf-8"))
    except OSError as error:
        raise DatasetError(f"{path}: {error.strerror or error}") from None
    except ValueError:
        raise DatasetError(f"{path}: not JSON; measure again") from None
    if not isinstance(content, dict) or not {"methods", "comparisons"} <= content.keys():
        raise DatasetError(f"{path}: not the results of a measurement of accuracy")
    return content


def folder_name(run: str) -> str:
    """Return a run's name as a folder may be called on every system."""
    return re.sub(r"[^\w.-]+", "_", run).strip(".") or "run"


def number(value: float | None) -> float | None:
    """Return a number as it is kept: four decimals, None for none."""
    return None if value is None or math.isnan(value) else round(float(value), 4)


def _interval(interval: Interval) -> list[float | None]:
    return [number(bound) for bound in interval]


def _change(change: Change) -> dict[str, Any]:
    return {"value": number(change.value), "ci95": _interval(change.interval)}


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _revision() -> str | None:
    """Return the git revision of the checkout that this code runs from, marked where it was changed; None elsewhere."""
    if not (_CHECKOUT / ".git").exists():
        return None
    try:
        done = subprocess.run(
            ["git", "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"],
            cwd=_CHECKOUT, capture_output=True, text=True, timeout=10, check=False,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired):
        return None  # no git here: the version has to do
    return done.stdout.strip() or None
