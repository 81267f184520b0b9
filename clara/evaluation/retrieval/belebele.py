"""Belebele: FLORES-200 passages with questions in 122 language variants (Bandarkar et al., arXiv 2308.16884)."""

from __future__ import annotations

from pathlib import Path

from clara.errors import DatasetError
from clara.evaluation.retrieval.data import Asked, Collection, parallel_collection
from clara.evaluation.retrieval.tables import missing, read_rows, tag_of, text_of

SOURCE = "facebook/belebele on the Hugging Face hub"
LICENCE = "CC-BY-SA-4.0"

# FLORES-200 names one language of a group where others name the group.
_GROUPS = {
    "als": "sq", "arb": "ar", "azj": "az", "fuv": "ff", "gaz": "om", "khk": "mn", "lvs": "lv", "npi": "ne",
    "ory": "or", "pbt": "ps", "pes": "fa", "plt": "mg", "swh": "sw", "uzn": "uz", "zsm": "ms",
}  # fmt: skip
_ONE_SCRIPT = ("Hang", "Jpan")  # what the languages' own tags already say


def load(folder: Path) -> Collection:
    """Read `LANG_Script.jsonl` files into one pool of every language's passages. Raises DatasetError."""
    paths = sorted(folder.glob("*_*.jsonl"), key=lambda path: (path.stem != "eng_Latn", path.stem))
    if not paths:
        raise missing(folder, "files such as eng_Latn.jsonl", f"Belebele is published as {SOURCE} ({LICENCE})")
    passages: dict[str, dict[str, str]] = {}
    questions: dict[str, list[Asked]] = {}
    groups: dict[str, str] = {}
    for path in paths:
        language = _language(path)
        rows = _rows(path)
        if not groups:
            groups = _groups(rows)
        passages[language], questions[language] = {}, []
        for key, (passage, question) in rows.items():
            if key not in groups:
                raise DatasetError(f"{path}: a question that {paths[0].name} does not hold; take all from one release")
            passages[language].setdefault(groups[key], passage)
            questions[language].append(Asked(key=key, text=question, passage=groups[key]))
    return parallel_collection("belebele", passages, questions, source=SOURCE, licence=LICENCE)


def _language(path: Path) -> str:
    base, _, script = path.stem.partition("_")
    base = _GROUPS.get(base, base)
    return tag_of(base if script in _ONE_SCRIPT else f"{base}-{script}", str(path))


def _rows(path: Path) -> dict[str, tuple[str, str]]:
    """Return question key -> (passage, question). Some releases tell passages of one link apart by a split."""
    rows: dict[str, tuple[str, str]] = {}
    for where, row in read_rows(path):
        named = [text_of(row, "link", where), text_of(row, "split", where, optional=True)]
        key = "#".join([*filter(None, named), text_of(row, "question_number", where)])
        if key in rows:
            raise DatasetError(f"{where}: a second question with this link and question_number; copy the file again")
        rows[key] = (text_of(row, "flores_passage", where).strip(), text_of(row, "question", where).strip())
    if not rows:
        raise DatasetError(f"{path}: holds no question; copy the file again")
    return rows


def _groups(rows: dict[str, tuple[str, str]]) -> dict[str, str]:
    """Return question key -> passage group: the first key that has the same passage."""
    first: dict[str, str] = {}
    return {key: first.setdefault(passage, key) for key, (passage, _) in rows.items()}
