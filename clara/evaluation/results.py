"""results.json: the form in which every measurement of accuracy is kept, beside its records.jsonl.

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
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np

from clara import __version__
from clara.errors import ConfigError, DatasetError
from clara.evaluation.datasets import Dataset
from clara.evaluation.records import Answered
from clara.evaluation.statistics.comparison import Change, Comparison
from clara.evaluation.statistics.levels import Interval, measure_levels, wilson
from clara.evaluation.statistics.resampling import Floats

RESULTS, RECORDS = "results.json", "records.jsonl"
REPLAY = "replay"
"""The manifest's `kind` where no model was called."""

_CHECKOUT = Path(__file__).parents[2]
_PACKAGES = ("numpy", "scipy")


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
    worst = levels.accuracy.get(levels.worst, math.nan)
    return {
        "languages": {
            tag: _language_results([found for found in answered if found.language == tag], table[:, column])
            for column, tag in enumerate(languages)
        },
        "mean": number(levels.mean),
        "gap": {"value": number(levels.gap), "ci95": _interval(levels.gap_interval), "parity": levels.parity},
        "worst": {"language": levels.worst, "accuracy": number(worst)},
        "range": number(levels.range),
        "range_null_mean": number(levels.range_null),
        "calls_per_question": number(sum(found.given.calls for found in answered) / len(answered)),
    }


def _language_results(answered: Sequence[Answered], right: Floats) -> dict[str, Any]:
    """Return one language's counts. right: per cent right of each question."""
    statuses = Counter(found.given.status for found in answered)
    correct, known = sum(found.correct for found in answered), len(answered) - statuses["error"]
    # Epochs of one question are not independent: the interval counts questions.
    questions = int((~np.isnan(right)).sum())
    return {
        "n": len(answered), "correct": correct, "accuracy": number(100 * correct / known) if known else None,
        "ci95": _interval(wilson(correct / known * questions if known else 0.0, questions)),
        "unparsed": statuses["unparsed"], "refused": statuses["refused"], "abstained": statuses["abstained"],
        "errors": statuses["error"], "calls": sum(found.given.calls for found in answered), "prompt_tokens": None,
        "completion_tokens": None, "cost": None, "latency_p50_s": None,
    }  # fmt: skip


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
    """Write records.jsonl and results.json into a folder that is made if need be; returns their paths.

    What an earlier replay wrote there is replaced. Raises ConfigError for a folder that holds anything else's records,
    which may have cost model calls, or that cannot be written.
    """
    paths = [folder / RECORDS, folder / RESULTS]
    if paths[0].exists() and not _is_replay(folder):
        raise ConfigError(f"{folder} holds the records of another measurement; choose another folder")
    lines = "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        # The results first: they say whose the records are.
        paths[1].write_text(json.dumps(results, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
        paths[0].write_text(lines, encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"cannot write into {folder}: {error.strerror or error}") from None
    return paths


def _is_replay(folder: Path) -> bool:
    return (folder / RESULTS).exists() and read_results(folder)["manifest"].get("kind") == REPLAY


def read_results(folder: Path) -> dict[str, Any]:
    """Return the content of a folder's results.json. Raises DatasetError."""
    path = folder / RESULTS
    try:
        content = json.loads(path.read_bytes().decode("utf-8"))
    except OSError as error:
        raise DatasetError(f"{path}: {error.strerror or error}") from None
    except ValueError:
        raise DatasetError(f"{path}: not JSON; measure again") from None
    if not isinstance(content, dict) or not {"manifest", "methods", "comparisons"} <= content.keys():
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
