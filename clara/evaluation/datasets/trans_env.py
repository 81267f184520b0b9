"""Trans-EnV: benchmarks rewritten in 38 varieties of English, dialects and learners' English (arXiv 2505.20875).

Languages are varieties, as private parts of a tag: `en` is the original, `en-x-irish` a dialect, `en-x-b-arabic` the
English of Arabic speakers at level B. So the gap of a method is its drop from standard English.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from clara.choices import LETTERS
from clara.errors import DatasetError
from clara.evaluation.datasets.base import PRIVATE, Dataset, Item, flag_alike, make_dataset
from clara.evaluation.retrieval.tables import KINDS, Row, missing, read_rows, text_of
from clara.types import Option

NAME = "trans-env"
SOURCE = "jiyounglee0523/TransEnV_* on the Hugging Face hub and jiyounglee0523/TransEnV on GitHub"
LICENCE = "MIT, by the README on GitHub; each benchmark its own"
STANDARD = "standard"
"""The folder beside the varieties that holds the original benchmark's test split."""

_NOT_IN_A_TAG = re.compile(r"[^a-z0-9]+")
_RERUN = re.compile(r"(_rerun|-\d{5}-of-\d{5})$")
_SPLITS = re.compile(r"(test|validation|train)(-\d{5}-of-\d{5})?")
_NUMBER = re.compile(r"####\s*(-?[\d,]+(?:\.\d+)?)")


def load(folder: Path) -> Dataset:
    """Read one benchmark: `standard/` with the original, and a folder or a file per variety.

    A file is `VARIETY/test-*.parquet` (hub) or `dialect/VARIETY_rerun.csv`, `l1/LEVEL_LANGUAGE_rerun.csv` (GitHub).
    Rows have the original's fields, in its order: of MMLU, ARC, TruthfulQA, HellaSwag, WinoGrande or GSM8K. A variety
    with fewer rows than the original is refused, since nothing says which are missing. Raises DatasetError.
    """
    paths = [path for path in sorted(folder.rglob("*")) if path.suffix in KINDS]
    named = {path: _variety(folder, path) for path in paths}
    if STANDARD not in named.values() or len(set(named.values())) < 2:
        raise missing(folder, f"{STANDARD}/ with the original test split, and one or more varieties",
                      f"the varieties are published as {SOURCE} ({LICENCE})")  # fmt: skip
    items: list[Item] = []
    counts: dict[str, int] = {}
    for variety in sorted(set(named.values()), key=lambda name: (name != STANDARD, name)):
        tag = "en" if variety == STANDARD else f"en{PRIVATE}{variety}"
        rows = [row for path, name in named.items() if name == variety for row in read_rows(path)]
        items += [_item(f"{number:05}", tag, row, where) for number, (where, row) in enumerate(rows)]
        counts[variety] = len(rows)
    for variety, count in counts.items():
        if count != counts[STANDARD]:
            raise DatasetError(f"{folder}: {variety} has {count} rows and {STANDARD} {counts[STANDARD]}, so they "
                               "cannot be compared; take its files out")  # fmt: skip
    return make_dataset(NAME, items, where=folder, source=SOURCE, licence=LICENCE, scorer=NAME)


def _variety(folder: Path, path: Path) -> str:
    """Return what a file's variety is called in a tag: of its folder if the file is named for a split."""
    inside = path.relative_to(folder)
    name = inside.parent.name if _SPLITS.fullmatch(path.stem) or inside.parts[0] == STANDARD else path.stem
    if inside.parts[0] == STANDARD:
        return STANDARD
    return "-".join(part[:8] for part in _NOT_IN_A_TAG.split(_RERUN.sub("", name).lower()) if part)


def _item(identifier: str, tag: str, row: Row, where: str) -> Item:
    for fields, read in _FORMS.items():
        if set(fields.split()) <= row.keys():
            question, options, answer = read(row, where)
            if not options:
                return Item(id=identifier, language=tag, question=question, references=(answer,))
            listed = tuple(Option(id=letter, text=text) for letter, text in zip(LETTERS, options, strict=False))
            flags = flag_alike(listed)
            return Item(id=identifier, language=tag, question=question, options=listed, answer=answer, flags=flags,
                        damaged=bool(flags))  # fmt: skip
    raise DatasetError(f"{where}: fields of no benchmark that is known: {', '.join(map(str, row))[:200]}")


Read = tuple[str, list[str], str]
"""Question, option texts, and the answer: a letter, or without options the text."""


def _mmlu(row: Row, where: str) -> Read:
    options, answer = _texts(row["choices"], where), text_of(row, "answer", where).strip()
    return text_of(row, "question", where), options, _letter(answer, where)


def _arc(row: Row, where: str) -> Read:
    choices = row["choices"]
    if not isinstance(choices, dict):
        raise DatasetError(f"{where}: the field 'choices' must hold text and label")
    options, labels = _texts(choices.get("text"), where), _texts(choices.get("label"), where)
    answer = text_of(row, "answerKey", where)
    if answer not in labels:
        raise DatasetError(f"{where}: the answer {answer[:20]!r} is none of the labels")
    return text_of(row, "question", where), options, LETTERS[labels.index(answer)]


def _truthful(row: Row, where: str) -> Read:
    targets = row["mc1_targets"]
    if not isinstance(targets, dict) or not isinstance(targets.get("labels"), list) or 1 not in targets["labels"]:
        raise DatasetError(f"{where}: the field 'mc1_targets' must hold choices, and labels of which one is 1")
    options = _texts(targets.get("choices"), where)
    # The right answer comes first in every row: turned by a number that the row itself gives, it does not.
    turn = len(text_of(row, "question", where)) % len(options)
    right = (targets["labels"].index(1) + turn) % len(options)
    return text_of(row, "question", where), options[-turn:] + options[:-turn] if turn else options, LETTERS[right]


def _hellaswag(row: Row, where: str) -> Read:
    return text_of(row, "ctx", where), _texts(row["endings"], where), _letter(text_of(row, "label", where), where)


def _winogrande(row: Row, where: str) -> Read:
    options = [text_of(row, "option1", where), text_of(row, "option2", where)]
    return text_of(row, "sentence", where), options, _letter(text_of(row, "answer", where), where, first=1)


def _gsm8k(row: Row, where: str) -> Read:
    found = _NUMBER.search(text_of(row, "answer", where))
    if found is None:
        raise DatasetError(f"{where}: the answer must end in #### and a number")
    return text_of(row, "question", where), [], found[1].replace(",", "")


_FORMS: Mapping[str, Callable[[Row, str], Read]] = {
    "mc1_targets question": _truthful,
    "choices answerKey question": _arc,
    "choices answer question": _mmlu,
    "ctx endings label": _hellaswag,
    "sentence option1 option2 answer": _winogrande,
    "question answer": _gsm8k,
}
"""Fields -> what reads a row that has them, the most particular first."""


def _letter(answer: str, where: str, *, first: int = 0) -> str:
    """Return the letter of an answer that is one, or a number that counts from `first`."""
    if answer.isdecimal() and first <= int(answer) < first + len(LETTERS):
        return LETTERS[int(answer) - first]
    if answer in LETTERS and len(answer) == 1:
        return answer
    raise DatasetError(f"{where}: the answer {answer[:20]!r} is no letter and no number")


def _texts(value: Any, where: str) -> list[str]:
    """Return a list of texts, also one that a comma-separated table keeps as Python writes it."""
    if isinstance(value, str):
        try:
            value = ast.literal_eval(value)
        except (ValueError, SyntaxError):
            value = None
    if not isinstance(value, list) or not value or not all(isinstance(text, str) for text in value):
        raise DatasetError(f"{where}: options must be a list of texts")
    return value
