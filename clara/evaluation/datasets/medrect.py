"""MedRECT: find and correct the one medical error in a clinical text, or say that there is none (arXiv 2511.00421).

English texts come from MEDEC, Japanese ones from the medical licensing examination: they are not parallel.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from clara.errors import DatasetError
from clara.evaluation.datasets.base import Dataset, Item, make_dataset
from clara.evaluation.datasets.tasks import ask
from clara.evaluation.retrieval.tables import missing, read_json, text_of, whole_number
from clara.text import fold

NAME = "medrect"
SOURCE = "pfnet-research/medrect on GitHub"
LICENCE = "CC-BY-4.0"
PROMPTS = {"en": "eval/medrect_en", "ja": "eval/medrect_ja"}
NO_ERROR = "CORRECT"

_LEFT_OUT = re.compile("rejected|step")  # stages of the making of the data, not the data
_NUMBER = re.compile(r"^(\d+)\.\s*", re.MULTILINE)


def load(folder: Path) -> Dataset:
    """Read `medrect-en*.json` and `medrect-ja*.json`, either or both. Raises DatasetError.

    An item's reference is the reply that is wanted: `CORRECT`, or `NUMBER: corrected sentence`.
    """
    items: list[Item] = []
    for language in PROMPTS:
        paths = [path for path in sorted(folder.glob(f"{NAME}-{language}*.json")) if not _LEFT_OUT.search(path.name)]
        if len(paths) > 1:
            raise DatasetError(f"{folder}: {', '.join(path.name for path in paths)}: keep one of them for {language}")
        items += [item for path in paths for item in _items(path, language)]
    if not items:
        raise missing(folder, f"{NAME}-en*.json or {NAME}-ja*.json", f"it is published as {SOURCE} ({LICENCE})")
    return make_dataset(NAME, items, where=folder, source=SOURCE, licence=LICENCE, scorer="medrect")


def _items(path: Path, language: str) -> list[Item]:
    rows = read_json(path)
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise DatasetError(f"{path}: expected a JSON list of objects; copy the file again")
    texts = Counter(fold(str(row.get("sentences"))) for row in rows)
    items = []
    for place, row in enumerate(rows, 1):
        where = f"{path}, entry {place}"
        sentences = text_of(row, "sentences", where)
        flags = [] if texts[fold(sentences)] == 1 else ["text comes twice"]
        reference, damage = _reference(row, sentences, where)
        items.append(
            Item(
                id=text_of(row, "sample_id", where),
                language=language,
                question=ask(PROMPTS[language], sentences=sentences),
                references=(reference,),
                tags=tuple(filter(None, [text_of(row, "error_type", where, optional=True)])) or ("no error",),
                flags=(*flags, *damage),
                damaged=bool(damage),
            )
        )
    return items


def _reference(row: dict[str, Any], sentences: str, where: str) -> tuple[str, Sequence[str]]:
    """Return the wanted reply, and what is wrong with it."""
    if not whole_number(row, "error_flag", where):
        return NO_ERROR, ()
    number, sentence = whole_number(row, "error_sentence_id", where), text_of(row, "corrected_sentence", where).strip()
    damage = []
    if str(number) not in _NUMBER.findall(sentences):
        damage.append("no such sentence")
    if fold(sentence) == fold(text_of(row, "error_sentence", where)):
        damage.append("nothing corrected")
    return f"{number}: {sentence}", damage
