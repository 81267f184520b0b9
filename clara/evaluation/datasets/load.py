"""From what `--data` and `--record` name to questions and recorded answers."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from clara.errors import ConfigError, DatasetError
from clara.evaluation.datasets import own
from clara.evaluation.datasets.base import Dataset, Published, Runs
from clara.evaluation.datasets.hub import fetch
from clara.evaluation.datasets.published import DATASETS

ALL = "all"
"""Names every run that the dataset holds."""


def load_dataset(spec: str, languages: Collection[str] = ()) -> Dataset:
    """Read what `NAME:PATH`, `NAME` or the path of a file of one's own names. Raises ConfigError or DatasetError.

    Without a path, a dataset is read as it ships with CLARA or from the Hugging Face hub. languages: where given, a
    large dataset reads no others; `Dataset.only` is still to be called.
    """
    name, _, path = spec.partition(":")
    if name in DATASETS:
        found = DATASETS[name]
        place = Path(path) if path else _place(found, languages)
        return found.load(place, languages) if found.selects else found.load(place)
    if Path(spec).suffix in own.KINDS:
        return own.load(Path(spec))
    raise ConfigError(
        f"no data named {name[:40]!r}; give NAME:PATH with one of {', '.join(DATASETS)}, or a file of your own that "
        f"ends in {', '.join(own.KINDS)}"
    )


def _place(found: Published, languages: Collection[str]) -> Path:
    """Return where a dataset lies that was named without a path."""
    if found.shipped is not None:
        return found.shipped()
    if found.hub:
        return fetch(found, languages)
    raise ConfigError(
        f"{found.name}: say where its files are, e.g. {found.name}:data/{found.name}; it is read from {found.source}"
    )


def load_runs(spec: str, dataset: Dataset) -> Runs:
    """Return the runs that `spec` names: `all`, names between commas, or the path of a record of one's own.

    The beginning of a name will do where one run alone begins so: o1-mini for o1-mini-2024-09-12.
    Raises ConfigError for a run that is not there, DatasetError.
    """
    if Path(spec).suffix in own.KINDS and spec not in dataset.runs:
        return own.load_record(Path(spec), dataset)
    if not dataset.runs:
        raise DatasetError(f"{dataset.name}: holds no recorded answers; give a file of them with --record FILE.jsonl")
    said = list(dataset.runs) if spec == ALL else [name for part in spec.split(",") if (name := part.strip())]
    names = [_whole_name(name, dataset.runs) for name in said]
    unknown = [name for name in names if name not in dataset.runs]
    if unknown or not names:
        raise ConfigError(
            f"no run {(unknown or [''])[0][:60]!r} in {dataset.name}; there are: {', '.join(dataset.runs)}, or {ALL}"
        )
    return {name: dataset.runs[name] for name in names}


def _whole_name(said: str, runs: Collection[str]) -> str:
    begun = [name for name in runs if name.startswith(said)]
    return begun[0] if said not in runs and len(begun) == 1 else said
