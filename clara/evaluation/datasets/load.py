"""From what `--data` and `--record` name to questions and recorded answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from clara.errors import ConfigError, DatasetError
from clara.evaluation.datasets import african_medical_mmlu, multi_ophthalingua, own
from clara.evaluation.datasets.base import Dataset, Runs

ALL = "all"
"""Names every run that the dataset holds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """A published dataset that CLARA reads as it is published.

    size: number of questions. read_from: what PATH must hold. load: reads a folder; raises DatasetError.
    """

    name: str
    what: str
    languages: str
    size: str
    licence: str
    source: str
    read_from: str
    load: Callable[[Path], Dataset]


DATASETS: Mapping[str, Published] = {
    published.name: published
    for published in (
        Published(
            name=multi_ophthalingua.NAME, what="ophthalmology examination, and several models' answers",
            languages="en es pt fil zh-Hans fr hi-Latn (ja ko in the whole release)", size="164",
            licence=multi_ophthalingua.LICENCE, source=multi_ophthalingua.SOURCE,
            read_from="data/full_dataset_translated.csv, responses*/MODEL_Temperature0_0.csv",
            load=multi_ophthalingua.load,
        ),
        Published(
            name=african_medical_mmlu.NAME, what="medical parts of MMLU translated by people, and o1-mini's answers",
            languages="en and up to 11 of Africa", size="604", licence=african_medical_mmlu.LICENCE,
            source=african_medical_mmlu.SOURCE, read_from="mmlu_cm_ck_vir/, generations_*.jsonl",
            load=african_medical_mmlu.load,
        ),
        Published(
            name=f"{african_medical_mmlu.NAME}-back", what="the same, put back into English by a machine",
            languages="en and up to 11 of Africa", size="604", licence=african_medical_mmlu.LICENCE,
            source=african_medical_mmlu.SOURCE, read_from="mmlu_cm_ck_vir/, mmlu_cm_ck_vir_bt/",
            load=african_medical_mmlu.load_back,
        ),
    )
}  # fmt: skip
"""Name -> dataset."""


def load_dataset(spec: str) -> Dataset:
    """Read what `NAME:PATH` or the path of a file of one's own names. Raises ConfigError or DatasetError."""
    name, _, path = spec.partition(":")
    if name in DATASETS:
        if not path:
            raise ConfigError(f"{name}: say where its files are, e.g. {name}:data/{name}; it is read from "
                              f"{DATASETS[name].source}")  # fmt: skip
        return DATASETS[name].load(Path(path))
    if Path(spec).suffix in own.KINDS:
        return own.load(Path(spec))
    raise ConfigError(
        f"no data named {name[:40]!r}; give NAME:PATH with one of {', '.join(DATASETS)}, or a file of your own that "
        f"ends in {', '.join(own.KINDS)}"
    )


def load_runs(spec: str, dataset: Dataset) -> Runs:
    """Return the runs that `spec` names: `all`, names between commas, or the path of a record of one's own.

    Raises ConfigError for a run that is not there, DatasetError.
    """
    if Path(spec).suffix in own.KINDS and spec not in dataset.runs:
        return own.load_record(Path(spec), dataset)
    if not dataset.runs:
        raise DatasetError(f"{dataset.name}: holds no recorded answers; give a file of them with --record FILE.jsonl")
    names = list(dataset.runs) if spec == ALL else [name for part in spec.split(",") if (name := part.strip())]
    unknown = [name for name in names if name not in dataset.runs]
    if unknown or not names:
        raise ConfigError(
            f"no run {(unknown or [''])[0][:60]!r} in {dataset.name}; there are: {', '.join(dataset.runs)}, or {ALL}"
        )
    return {name: dataset.runs[name] for name in names}
