"""`ophtha-mini`: parallel ophthalmology questions that ship with CLARA and were written for it.

A smoke test: whoever wrote them also wrote the shipped evidence, so they say nothing about medicine at large.
"""

from __future__ import annotations

from pathlib import Path

from clara.choices import label_options
from clara.errors import DatasetError
from clara.evaluation.datasets.base import Dataset, Item, make_dataset
from clara.evaluation.retrieval.tables import Row, missing, read_rows, tag_of, text_of
from clara.resources import data_folder

NAME = "ophtha-mini"
SOURCE = "CLARA itself"
LICENCE = "Apache-2.0"
COVERED, NOT_COVERED = "covered", "not covered"
"""Tags: whether the shipped evidence answers the question."""


def shipped() -> Path:
    """Return the file that comes with CLARA."""
    return data_folder("knowledge_base") / "ophtha-mini.jsonl"


def load(path: Path) -> Dataset:
    """Read the file, or the folder that holds it. Raises DatasetError."""
    file = path / "ophtha-mini.jsonl" if path.is_dir() else path
    if not file.is_file():
        raise missing(path, "ophtha-mini.jsonl", f"leave the path out, {NAME} ships with CLARA")
    items = [_item(row, where) for where, row in read_rows(file)]
    return make_dataset(NAME, items, where=file, source=SOURCE, licence=LICENCE)


def _item(row: Row, where: str) -> Item:
    options, tags = row.get("options"), row.get("tags")
    if not isinstance(options, list) or not isinstance(tags, dict):
        raise DatasetError(f"{where}: not a row of {NAME}; install CLARA again")
    return Item(
        id=text_of(row, "id", where),
        language=tag_of(text_of(row, "language", where), where),
        question=text_of(row, "question", where),
        options=tuple(label_options([str(text) for text in options])),
        answer=text_of(row, "answer", where),
        tags=(
            text_of(tags, "topic", where),
            text_of(tags, "difficulty", where),
            COVERED if tags.get("covered") else NOT_COVERED,
        ),
    )
