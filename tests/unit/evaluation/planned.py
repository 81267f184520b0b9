"""Small datasets and rows for tests of the parts of a run."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from clara.evaluation.datasets import Dataset, Item
from clara.types import Option

OPTIONS = (Option(id="A", text="cataract"), Option(id="B", text="glaucoma"))


def dataset(questions: int = 5, languages: str = "en hi", **changes: Any) -> Dataset:
    items = tuple(
        Item(id=f"q{number}", language=tag, question=f"{number}?", options=OPTIONS, answer="B")
        for number in range(questions)
        for tag in languages.split()
    )
    return replace(Dataset(name="d", items=items, source="s", licence="l"), **changes)


def row(**changes: Any) -> dict[str, Any]:
    return {
        "config": "c", "method": "direct", "language": "en", "id": "q0", "epoch": 0, "status": "ok", "choice": "B",
        "answer": "B", "correct": True,
    } | changes  # fmt: skip
