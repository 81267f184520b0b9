"""results.json: the form in which every measurement of accuracy is kept, beside its records.jsonl.

Numbers are percentage points, None where there is none. A screen, a report or a comparison reads these; none computes
its own.
"""

from __future__ import annotations

import json
import math
import os
import platform
import re
import subprocess
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from clara import __version__
from clara.errors import ConfigError, DatasetError
from clara.evaluation.datasets import Dataset

RESULTS, RECORDS, QUESTIONS = "results.json", "records.jsonl", "questions.jsonl"
REPLAY = "replay"
"""The manifest's `kind` where no model was called."""

_NEEDED = {
    "dataset", "dataset_version", "questions", "model", "seed", "created", "manifest", "methods", "comparisons"
}  # fmt: skip
_CHECKOUT = Path(__file__).parents[2]
PACKAGES = ("numpy", "scipy")
"""Whose versions decide the figures of a replay."""


def manifest(
    dataset: Dataset, *, questions: int, model: str, seed: int, packages: Sequence[str] = PACKAGES
) -> dict[str, Any]:
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
            "revision": revision(),
            "python": platform.python_version(),
            "packages": {name: _version(name) for name in packages},
            "source": dataset.source,
            "licence": dataset.licence,
        },
    }


def write_results(results: Mapping[str, Any], records: Sequence[Mapping[str, Any]], folder: Path) -> list[Path]:
    """Write records.jsonl and results.json into a folder that is made if need be; returns their paths.

    What an earlier replay wrote there is replaced. Raises ConfigError for a folder that holds anything else's records,
    which may have cost model calls, or that cannot be written.
    """
    paths = [folder / RECORDS, folder / RESULTS]
    if paths[0].exists() and not is_replay(folder):
        raise ConfigError(f"{folder} holds the records of another measurement; choose another folder")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(f"cannot write into {folder}: {error.strerror or error}") from None
    # The results first: they say whose the records are.
    write_atomically(paths[1], [json.dumps(results, ensure_ascii=False, indent=2)])
    write_atomically(paths[0], (json.dumps(record, ensure_ascii=False) for record in records))
    return paths


def write_questions(dataset: Dataset, folder: Path) -> None:
    """Write questions.jsonl, a row for each question that a report may show: none of a private dataset.

    Raises ConfigError for a folder that cannot be written.
    """
    rows = (
        {
            "id": item.id, "language": item.language, "question": item.question,
            "options": [{"id": option.id, "text": option.text} for option in item.options],
            "answer": item.answer or None, "tags": list(item.tags), "flags": list(item.flags),
        }
        for item in (() if dataset.private else dataset.items)
    )  # fmt: skip
    write_atomically(folder / QUESTIONS, (json.dumps(row, ensure_ascii=False) for row in rows))


def read_questions(path: Path) -> Iterator[dict[str, Any]]:
    """Yield the rows of questions.jsonl; none where the file was not written.

    Raises DatasetError.
    """
    if not path.exists():
        return
    number = 0
    try:
        with path.open("rb") as file:
            for number, line in enumerate(file, 1):  # noqa: B007  it is named below
                row = json.loads(line)
                if not isinstance(row, dict) or not row.keys() >= {"id", "language", "question"}:
                    raise ValueError("no question")
                yield row
    except OSError as error:
        raise DatasetError(f"{path}: {error.strerror or error}") from None
    except ValueError:
        raise DatasetError(f"{path}, line {number}: no question; measure again") from None


def write_atomically(path: Path, lines: Iterable[str]) -> None:
    """Write lines into a file that is there as a whole or not at all. Raises ConfigError."""
    made = path.with_name(f"{path.name}.new")
    try:
        with made.open("w", encoding="utf-8", newline="") as file:
            file.writelines(f"{line}\n" for line in lines)
            file.flush()
            os.fsync(file.fileno())
        made.replace(path)
    except OSError as error:
        with suppress(OSError):
            made.unlink(missing_ok=True)  # half of it is of no use, and takes the room that may be lacking
        raise ConfigError(f"cannot write into {path.parent}: {error.strerror or error}") from None


def is_replay(folder: Path) -> bool:
    """Tell whether a folder holds a replay's results. Raises DatasetError where these cannot be read."""
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
    if not isinstance(content, dict) or not content.keys() >= _NEEDED:
        raise DatasetError(f"{path}: not the results of a measurement of accuracy")
    return content


def folder_name(run: str) -> str:
    """Return a run's name as a folder may be called on every system."""
    return re.sub(r"[^\w.-]+", "_", run).strip(".") or "run"


def number(value: float | None) -> float | None:
    """Return a number as it is kept: four decimals, None for none."""
    return None if value is None or math.isnan(value) else round(float(value), 4)


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def revision() -> str | None:
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
