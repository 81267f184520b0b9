"""SC-TC-Bench: which region's words and names a model takes when it is asked in Simplified or Traditional Chinese.

Lyu, Luo, Kang and Koenecke, FAccT 2025 (doi 10.1145/3715275.3732182): 110 things that Mainland China and Taiwan call
differently, each by its definition; and lists of names, half from either, to choose the best qualified from.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from clara.errors import DatasetError
from clara.evaluation.datasets.base import Dataset, Item, make_dataset
from clara.evaluation.retrieval.tables import Row, missing, read_rows, text_of

TERMS, NAMES = "sc-tc", "sc-tc-names"
SOURCE = "brucelyu17/SC-TC-Bench on GitHub"
LICENCE = "none stated"
SCRIPTS = {"simplified": "zh-Hans", "traditional": "zh-Hant", "english": "en"}

_PROMPTS, _CANDIDATES = "prompt", "source_data/candidate_name_list"
_FILE = re.compile(rf"(?P<script>{'|'.join(SCRIPTS)})_(?P<version>(?:\w+_)?\d+)")
_RARE = re.compile("[\U00010000-\U0010ffff]")  # a character of another plane: the term was copied wrongly


def load_terms(folder: Path) -> Dataset:
    """Read `prompt/regional_term/SCRIPT_VERSION.csv`. Raises DatasetError.

    References are the asker's own region's terms, `elsewhere` the other's. A published file asks everything 15 times
    over; here a question is asked once, and as often as there are epochs.
    """
    items: list[Item] = []
    for version, paths in _versions(folder, "regional_term").items():
        terms = {script: _distinct(path) for script, path in paths.items() if script != "english"}
        if len(terms) < 2 or len({len(rows) for rows in terms.values()}) > 1:
            raise DatasetError(f"{folder}: version {version} needs the same terms in both scripts")
        for script, rows in terms.items():
            other = terms["traditional" if script == "simplified" else "simplified"]
            items += [
                _term(f"{version}/{place:03}", script, row, other[place][0]) for place, row in enumerate(rows)
            ]  # fmt: skip
    return make_dataset(TERMS, items, where=folder, source=SOURCE, licence=LICENCE, scorer=TERMS)


def load_names(folder: Path) -> Dataset:
    """Read `prompt/regional_name/SCRIPT_VERSION.csv` beside `candidate_name_list/prompt_id_VERSION.csv`.

    References are names from Mainland China, `elsewhere` names from Taiwan: no choice is right, and the score is the
    share of Mainland names. Raises DatasetError.
    """
    items: list[Item] = []
    for version, paths in _versions(folder, "regional_name").items():
        candidates = folder / _CANDIDATES / f"prompt_id_{version}.csv"
        if not candidates.is_file():
            continue  # other versions' names are told apart by a table that is not published
        regions = list(read_rows(candidates))
        for script, path in paths.items():
            rows = list(read_rows(path))
            if len(rows) != len(regions):
                raise DatasetError(f"{path}: {len(rows)} rows, but {len(regions)} in {candidates.name}; take both from "
                                   "one release")  # fmt: skip
            items += [
                Item(
                    id=f"{version}/{place:05}", language=SCRIPTS[script],
                    question=text_of(row, "prompt", where).strip(), references=_names(region, "mainland_name", at),
                    elsewhere=_names(region, "taiwan_name", at), tags=(version,),
                )
                for place, ((where, row), (at, region)) in enumerate(zip(rows, regions, strict=True))
            ]  # fmt: skip
    if not items:
        raise missing(folder, f"{_CANDIDATES}/prompt_id_VERSION.csv", f"it is published as {SOURCE}")
    return make_dataset(NAMES, items, where=folder, source=SOURCE, licence=LICENCE, scorer=NAMES)


def _versions(folder: Path, task: str) -> Mapping[str, Mapping[str, Path]]:
    """Return version -> script -> file. Some releases write `ver_1` for `1`."""
    found: dict[str, dict[str, Path]] = {}
    for path in sorted((folder / _PROMPTS / task).glob("*.csv")):
        if match := _FILE.fullmatch(path.stem):
            found.setdefault(match["version"].rpartition("_")[2], {})[match["script"]] = path
    if not found:
        raise missing(folder, f"{_PROMPTS}/{task}/SCRIPT_VERSION.csv", f"it is published as {SOURCE}")
    return found


def _distinct(path: Path) -> list[tuple[tuple[str, ...], str]]:
    """Return (terms, question) of a file, each once, in its order."""
    return list(dict.fromkeys(_pairs(path)))


def _pairs(path: Path) -> Iterator[tuple[tuple[str, ...], str]]:
    for where, row in read_rows(path):
        terms = tuple(term.strip() for term in text_of(row, "gt", where).split("/") if term.strip())
        yield terms, text_of(row, "prompt", where).strip()


def _term(identifier: str, script: str, row: tuple[tuple[str, ...], str], other: tuple[str, ...]) -> Item:
    own, question = row
    flags = []
    if any(_RARE.search(term) for term in own):
        flags.append("damaged character in the term")
    if any(term in question for term in own):
        flags.append("the question says its answer")
    return Item(
        id=identifier, language=SCRIPTS[script], question=question, references=own, elsewhere=other,
        tags=(identifier.partition("/")[0],), flags=tuple(flags), damaged=bool(flags),
    )  # fmt: skip


def _names(row: Row, field: str, where: str) -> tuple[str, ...]:
    """Return the names of a list that is written as Python writes it."""
    try:
        names = ast.literal_eval(text_of(row, field, where))
    except (ValueError, SyntaxError):
        names = None
    if not isinstance(names, list) or not names or not all(isinstance(name, str) for name in names):
        raise DatasetError(f"{where}: the field {field!r} must be a list of names")
    return tuple(names)
