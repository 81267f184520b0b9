"""Scoring a replay again from what lies in its folder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from clara.errors import DatasetError
from clara.evaluation.datasets import Dataset, Item
from clara.evaluation.measures import measure
from clara.evaluation.records import Row, load_rows
from clara.evaluation.replay.methods import answers_and_options
from clara.evaluation.results import QUESTIONS, RECORDS, read_questions, read_results, write_results
from clara.types import Option


def rescore_replay(folder: Path) -> tuple[dict[str, Any], int]:
    """Compare a replay's records with the answers in its questions.jsonl and write its results.

    Returns them and the number of answers that changed. Raises ConfigError, DatasetError.
    """
    results = read_results(folder)
    dataset = _dataset(folder, results)
    gold = answers_and_options(dataset)
    before = load_rows(folder / RECORDS, words=True)
    unknown = next((row["id"] for row in before if row["id"] not in gold), None)
    if unknown is not None:
        raise DatasetError(f"{folder / RECORDS}: {QUESTIONS} has no question {str(unknown)[:40]!r}; replay again")
    after = [_judged(row, gold[row["id"]][0]) for row in before]
    manifest = results["manifest"]
    rows: dict[str, list[Row]] = {name: [] for name in results["methods"]}
    for row in after:
        rows.setdefault(row["method"], []).append(row)
    found = measure(rows, dataset, manifest["languages"], baseline=manifest["baseline"], seed=results["seed"])
    write_results(results | found, after, folder)
    return results | found, sum(old != new for old, new in zip(before, after, strict=True))


def _judged(row: Row, answer: str) -> dict[str, Any]:
    return {**row, "answer": answer, "correct": row["status"] == "ok" and row["choice"] == answer}


def _dataset(folder: Path, results: dict[str, Any]) -> Dataset:
    items = tuple(
        Item(
            id=row["id"], language=row["language"], question=row["question"], answer=row.get("answer") or "",
            options=tuple(Option(id=option["id"], text=option["text"]) for option in row.get("options", ())),
        )
        for row in read_questions(folder / QUESTIONS)
    )  # fmt: skip
    if not items:
        raise DatasetError(f"{folder / QUESTIONS}: holds no question; replay again")
    return Dataset(name=results["dataset"], items=items, source="", licence="")
