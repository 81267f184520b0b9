"""A dataset and recorded answers of one's own: CSV or JSON lines."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from clara.choices import LETTERS, read_choice
from clara.errors import DatasetError
from clara.evaluation.datasets.base import DIRECT, Dataset, Item, Recorded, Runs, check_recorded, make_dataset
from clara.evaluation.retrieval.tables import Row, read_rows, tag_of, text_of, whole_number
from clara.text import fold
from clara.types import Option

KINDS = (".jsonl", ".csv", ".tsv", ".parquet")
"""File name endings that are read."""


def load(path: Path) -> Dataset:
    """Read the columns id, language, question, options, answer and, if there, tags.

    options: a list of texts, which are labelled A, B, C, ..., or `A=...|B=...`. answer: the label of the right one,
    or its text. tags: a list, or words between `|`. Raises DatasetError.
    """
    items = [_item(row, where) for where, row in _rows(path)]
    return make_dataset(path.stem, items, where=path, source=path.name, licence="your own")


def load_record(path: Path, dataset: Dataset) -> Runs:
    """Read the columns id, language, answer and, if there, method, run and epoch: answers to `dataset`.

    answer: what was said, in any form that CLARA reads; null or empty names no option. run: default the file's name.
    Raises DatasetError.
    """
    items = {(item.id, item.language): item for item in dataset.items}
    asked: dict[str, set[str]] = {}
    for identifier, language in items:
        asked.setdefault(identifier, set()).add(language)
    runs: dict[str, list[Recorded]] = {}
    for where, row in _rows(path):
        identifier, language = text_of(row, "id", where), tag_of(text_of(row, "language", where), where)
        run = text_of(row, "run", where, optional=True).strip() or path.stem
        item = items.get((identifier, language))
        said = text_of(row, "answer", where, optional=True)
        runs.setdefault(run, []).append(
            Recorded(
                id=identifier,
                language=language,
                choice=read_choice(said, item.options, language) if item and said.strip() else None,
                method=text_of(row, "method", where, optional=True).strip() or DIRECT,
                epoch=whole_number(row, "epoch", where) if row.get("epoch") not in (None, "") else 0,
            )
        )
    if not runs:
        raise DatasetError(f"{path}: holds no answer to a question of {dataset.name}")
    for run, answers in runs.items():
        check_recorded(run, answers, asked, path)
    return {run: tuple(answers) for run, answers in runs.items()}


def _rows(path: Path) -> list[tuple[str, Row]]:
    if path.suffix not in KINDS:
        raise DatasetError(f"{path}: cannot read this kind of file; give one ending in {', '.join(KINDS)}")
    if not path.is_file():
        raise DatasetError(f"{path}: no such file")
    return list(read_rows(path))


def _item(row: Row, where: str) -> Item:
    options = _options(row.get("options"), where)
    return Item(
        id=text_of(row, "id", where),
        language=tag_of(text_of(row, "language", where), where),
        question=text_of(row, "question", where).strip(),
        options=options,
        answer=_answer(text_of(row, "answer", where), options),
        tags=_tags(row.get("tags"), where),
    )


def _options(value: Any, where: str) -> tuple[Option, ...]:
    """Return the options of a list, a JSON list in a string, a mapping of label to text, or `A=...|B=...`."""
    if isinstance(value, str) and value.lstrip().startswith("["):
        try:
            value = json.loads(value)
        except json.JSONDecodeError as error:
            raise DatasetError(f"{where}: the options are no JSON list ({error.msg})") from None
    if isinstance(value, list) and all(isinstance(text, str) for text in value):
        pairs = list(zip(LETTERS, value, strict=False))
    elif isinstance(value, Mapping) and all(isinstance(text, str) for text in value.values()):
        pairs = list(value.items())
    elif isinstance(value, str):
        pairs = [(label.strip(), text.strip()) for label, _, text in (part.partition("=") for part in value.split("|"))]
    else:
        pairs = []
    labels = [label for label, _ in pairs]
    if not 2 <= len(pairs) <= len(LETTERS) or len(set(labels)) < len(labels) or not all(map(all, pairs)):
        raise DatasetError(
            f"{where}: options must be a list of two or more texts, or A=...|B=... with labels that differ"
        )
    return tuple(Option(id=label, text=text) for label, text in pairs)


def _answer(said: str, options: tuple[Option, ...]) -> str:
    """Return the label that the answer is, in either case, or whose text it is; else the answer, which is refused."""
    wanted = said.strip()
    for matches in (
        [option.id for option in options if option.id.casefold() == wanted.casefold()],
        [option.id for option in options if fold(option.text) == fold(wanted)],
    ):
        if len(matches) == 1:
            return matches[0]
    return wanted


def _tags(value: Any, where: str) -> tuple[str, ...]:
    if value is None:
        return ()
    if isinstance(value, str):
        value = value.split("|")
    if not isinstance(value, list) or not all(isinstance(tag, str) for tag in value):
        raise DatasetError(f"{where}: tags must be a list of texts, or texts between |")
    return tuple(tag.strip() for tag in value if tag.strip())
