"""From a run's records to its results.json."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from clara.evaluation.datasets import CHOICE, Dataset
from clara.evaluation.measures import measure
from clara.evaluation.records import load_rows
from clara.evaluation.results import RECORDS, RESULTS, write_atomically
from clara.evaluation.run.folder import CACHE, read_manifest
from clara.evaluation.run.plan import Plan
from clara.models.cache import REPLIES, Replies

RUN = "run"
"""The manifest's `kind` where models were asked."""


def finish(folder: Path, dataset: Dataset) -> dict[str, Any]:
    """Write results.json from the records and return its content. dataset: the questions that were asked.

    What is still missing makes a comparison `incomplete`. Raises ConfigError, DatasetError.
    """
    shown = read_manifest(folder)
    asked, identity = shown["plan"], shown["identity"]
    dataset = asked_of(dataset, asked)
    plan = Plan(dataset=dataset, methods=tuple(asked["methods"]), epochs=asked["epochs"], whole=dataset)
    place = plan.places()
    rows: dict[str, list[dict[str, Any]]] = {name: [] for name in plan.methods}
    for row in load_rows(folder / RECORDS, words=dataset.scorer != CHOICE):
        if place((row["method"], row["language"], row["id"], row["epoch"])) is not None:
            rows[row["method"]].append(row)
    measured = measure(
        rows, dataset, dataset.languages, baseline=asked["baseline"], seed=identity["seed"], epochs=plan.epochs
    )  # fmt: skip
    session = shown["sessions"][-1]
    results = {
        "dataset": dataset.name, "dataset_version": dataset.version(), "questions": len(dataset.questions),
        "model": identity["model"], "seed": identity["seed"], "created": session["began"],
        "manifest": {
            **{name: value for name, value in session.items() if name != "began"}, "kind": RUN,
            "baseline": asked["baseline"], "languages": list(dataset.languages), "settings": identity["settings"],
            "prompts": identity["prompts"], "knowledge": identity["knowledge"], "data": asked["data"],
            "limit": asked["limit"], "epochs": plan.epochs, "sessions": shown["sessions"], "profiles": {},
        },
        "missing": len(plan) - sum(map(len, rows.values())),
        "usage": usage(folder),
        **measured,
    }  # fmt: skip
    write_atomically(folder / RESULTS, [json.dumps(results, ensure_ascii=False, indent=2)])
    return results


def asked_of(dataset: Dataset, asked: Mapping[str, Any]) -> Dataset:
    """Return the questions of a dataset that a manifest's plan names."""
    languages, questions = set(asked["languages"]), set(asked["questions"])
    kept = tuple(item for item in dataset.items if item.language in languages and item.id in questions)
    return replace(dataset, items=kept)


def usage(folder: Path) -> list[dict[str, Any]]:
    """Return what the run took, a model each, whatever became of the answers: {"model", "calls", "prompt_tokens",
    "completion_tokens", "lost"}. lost: calls whose reply never arrived, which may have been paid for or not.

    Empty where no reply is kept, as for a private dataset.
    """
    path = folder / CACHE / REPLIES
    if not path.exists():
        return []
    replies = Replies(path)
    try:
        return [
            {
                "model": paid.model, "calls": paid.calls, "prompt_tokens": paid.prompt_tokens,
                "completion_tokens": paid.completion_tokens, "lost": paid.lost,
            }
            for paid in replies.paid()
        ]  # fmt: skip
    finally:
        replies.close()
