"""Reading recorded answers again, with the parsers and scorers as they are now; no model is asked."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from clara.choices import read_choice
from clara.errors import ConfigError, DatasetError
from clara.evaluation.datasets import DIRECT, Dataset, load_dataset
from clara.evaluation.records import load_rows
from clara.evaluation.replay.rescore import rescore_replay
from clara.evaluation.results import RECORDS, is_replay, write_atomically
from clara.evaluation.run.answer import judge
from clara.evaluation.run.finish import asked_of, finish
from clara.evaluation.run.folder import MANIFEST, RunFolder, read_manifest


def rescore(folder: Path, data: str | None = None) -> tuple[dict[str, Any], int]:
    """Score the records of a run or replay again and write its results; returns them and how many answers changed.

    The option of `direct` is read from the text again, open answers are scored again; what other methods decided
    stands, and is compared with the dataset's answers as they are now. Rows that a later one replaced are dropped.
    data: where the dataset lies, if not where it lay. Raises ConfigError, DatasetError.
    """
    if not (folder / MANIFEST).exists() and is_replay(folder):
        return rescore_replay(folder)
    shown = read_manifest(folder)
    spec = data or shown["plan"]["data"]
    if not spec:
        raise ConfigError(f"{folder} does not say what it asked; give --data NAME:PATH")
    whole = load_dataset(spec, shown["plan"]["languages"])
    if whole.name != shown["identity"]["dataset"]:
        raise DatasetError(f"{folder} asked {shown['identity']['dataset']}, not {whole.name}; give its --data")
    dataset = asked_of(whole, shown["plan"])
    with RunFolder(folder) as held:
        held.mend()
        rows = load_rows(folder / RECORDS, words=True)
        changed = 0

        def lines() -> Iterator[str]:
            nonlocal changed
            for before, row in zip(rows, _rescored(rows, whole), strict=True):
                changed += before != row
                yield json.dumps(row, ensure_ascii=False)

        write_atomically(folder / RECORDS, lines())
        return finish(folder, dataset), changed


def _rescored(rows: list[dict[str, Any]], dataset: Dataset) -> Iterator[dict[str, Any]]:
    items = {(item.id, item.language): item for item in dataset.items}
    for row in rows:
        item = items.get((row["id"], row["language"]))
        if item is None or row["status"] == "error" or "text" not in row:
            yield row  # no longer asked, still missing, or private
            continue
        # The baseline decides nothing: its option is what its text is read as.
        read = row["method"] == DIRECT and item.options
        choice = read_choice(row["text"], item.options, item.language) if read else row["choice"]
        judged = judge(dataset, item, row["method"], row["text"], choice, abstained=row["status"] == "abstained")
        yield {**row, **judged}
