"""XLingHealth: health questions with experts' answers in English, Spanish, Chinese and Hindi (arXiv 2310.13132).

LiveQA, MedicationQA and HealthQA, put into the other languages by machine and checked. XLingEval's three criteria:

- consistency: the questions, asked several times (epochs)
- verifiability: questions with a right or another question's answer, to be told apart
- correctness: what a run answered, compared with the expert's answer by a judge, which is the model that is asked here
"""

from __future__ import annotations

import csv
import hashlib
import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from clara.errors import DatasetError
from clara.evaluation.datasets.base import Dataset, Item, make_dataset
from clara.evaluation.datasets.sheets import read_sheets
from clara.evaluation.datasets.tasks import ask
from clara.evaluation.records import load_rows
from clara.evaluation.retrieval.tables import Row, missing, text_of
from clara.languages import english_name

NAME, VERIFY, CORRECTNESS = "xlinghealth", "xlinghealth-verify", "xlinghealth-correctness"
SOURCE = "claws-lab/XLingEval on GitHub"
LICENCE = "Apache-2.0"
LANGUAGES = {"English": "en", "Spanish": "es", "Chinese": "zh-Hans", "Hindi": "hi"}
YES, NO = "yes", "no"

_PARTS = ("LiveQA", "MedicationQA", "HealthQA")
_VERIFY = {"en": "eval/verify_en", "es": "eval/verify_es", "zh-Hans": "eval/verify_zh", "hi": "eval/verify_hi"}


@dataclass(frozen=True, slots=True)
class _Pair:
    """A question with an answer, in one language. right: whether it is the question's own answer."""

    question_id: str
    answer_id: str
    language: str
    question: str
    answer: str
    right: bool


def load(folder: Path) -> Dataset:
    """Read the questions of every part that is there, with the expert's answer as the reference. Raises DatasetError.

    A question that has no text in one of its languages is left out of all.
    """
    items = [
        Item(id=pair.question_id, language=pair.language, question=pair.question, references=(pair.answer,),
             tags=(pair.question_id.partition("/")[0],))
        for pair in _pairs(folder) if pair.right
    ]  # fmt: skip
    return make_dataset(NAME, items, where=folder, source=SOURCE, licence=LICENCE, scorer=NAME)


def load_verify(folder: Path) -> Dataset:
    """Read questions with right and wrong answers: is this answer right? Raises DatasetError."""
    items = [
        Item(
            id=f"{pair.question_id}/{pair.answer_id}", language=pair.language,
            question=ask(_VERIFY[pair.language], question=pair.question, answer=pair.answer),
            references=(YES if pair.right else NO,),
            tags=(pair.question_id.partition("/")[0],),
        )
        for pair in _pairs(folder)
    ]  # fmt: skip
    if not any(NO in item.references for item in items):
        raise DatasetError(f"{folder}: holds no wrong answers; verifiability needs the workbooks (.xlsx) of {SOURCE}")
    return make_dataset(VERIFY, items, where=folder, source=SOURCE, licence=LICENCE, scorer=VERIFY)


def load_correctness(path: Path) -> Dataset:
    """Read `PATH,RUN`: the questions of PATH and what the run in the folder RUN answered to them.

    The model that is asked is the judge; an item is one answer of one method. Raises DatasetError.
    """
    data, _, run = str(path).rpartition(",")
    if not data:
        raise DatasetError(f"{path}: give {CORRECTNESS}:PATH,RUN, with RUN the folder of a run of {NAME}")
    asked = {(item.id, item.language): item for item in load(Path(data)).items}
    items = []
    for row in load_rows(Path(run) / "records.jsonl", words=True):
        item = asked.get((row["id"], row["language"]))
        if item is None:
            raise DatasetError(f"{run}: answers question {row['id'][:40]!r}, which {data} does not hold")
        if row["status"] == "ok" and row.get("text"):
            items.append(
                Item(
                    id=f"{row['method']}/{row['epoch']}/{item.id}", language=item.language,
                    question=_comparison(item, row["text"]),
                    tags=(row["method"],),
                )
            )  # fmt: skip
    return make_dataset(CORRECTNESS, items, where=Path(run), source=SOURCE, licence=LICENCE, scorer=CORRECTNESS)


def _comparison(item: Item, answer: str) -> str:
    """Return what a judge is asked. The fence depends on the answer, so that no answer can hold it."""
    fence = hashlib.sha256("\0".join((item.question, *item.references, answer)).encode()).hexdigest()[:12]
    return ask(
        "eval/correctness", fence=fence, language=english_name(item.language), question=item.question,
        reference=item.references[0], answer=answer,
    )  # fmt: skip


def _pairs(folder: Path) -> Iterator[_Pair]:
    found = list(itertools.chain.from_iterable(_part(folder, part) for part in _PARTS))
    if not found:
        raise missing(
            folder, "LiveQA.xlsx, MedicationQA.xlsx, HealthQA.xlsx or XLingHealth_*_benchmark.tsv",
            f"it is published as {SOURCE} ({LICENCE})",
        )  # fmt: skip
    empty = {pair.question_id for pair in found if not pair.question or (pair.right and not pair.answer)}
    return (pair for pair in found if pair.question_id not in empty and pair.answer)


def _part(folder: Path, part: str) -> Iterator[_Pair]:
    """Yield one part's pairs from whichever of its published forms is there, the fullest first."""
    for path in sorted(folder.rglob(f"{part}.xlsx"))[:1]:
        sheets = read_sheets(path)
        if set(LANGUAGES) <= sheets.keys():
            yield from _by_sheet(part.lower(), sheets)
        else:
            yield from _by_column(part.lower(), next(iter(sheets.values()), []))
        return
    for path in sorted(folder.rglob(f"XLingHealth_{part.lower()}_benchmark.tsv"))[:1]:
        yield from _by_translation(part.lower(), path)


def _by_column(part: str, rows: list[tuple[str, Row]]) -> Iterator[_Pair]:
    """One sheet: id, label, answer_ids, and `question_LANGUAGE`, `answer_LANGUAGE`."""
    for where, row in rows:
        for name, tag in LANGUAGES.items():
            yield _Pair(
                f"{part}/{text_of(row, 'id', where)}", text_of(row, "answer_ids", where), tag,
                text_of(row, f"question_{name}", where, optional=True).strip(),
                text_of(row, f"answer_{name}", where, optional=True).strip(), text_of(row, "label", where) == "1",
            )  # fmt: skip


def _by_sheet(part: str, sheets: dict[str, list[tuple[str, Row]]]) -> Iterator[_Pair]:
    """A sheet per language: question and answer, `_translated` but in English; a label, or the ids of wrong answers."""
    for name, tag in LANGUAGES.items():
        suffix = "" if tag == "en" else "_translated"
        rows = sheets[name]
        texts = [
            (text_of(row, f"question{suffix}", where, optional=True).strip(),
             text_of(row, f"answer{suffix}", where, optional=True).strip())
            for where, row in rows
        ]  # fmt: skip
        for place, (where, row) in enumerate(rows):
            question, answer = texts[place]
            label = text_of(row, "label", where, optional=True)
            yield _Pair(f"{part}/{place}", str(place), tag, question, answer, label in ("1", ""))
            for other in () if label else _wrong(row, where, len(rows)):
                yield _Pair(f"{part}/{place}", str(other), tag, question, texts[other][1], False)


def _wrong(row: Row, where: str, count: int) -> list[int]:
    """Return the places of the wrong answers, which are written as a list: `[195, 136]`."""
    listed = text_of(row, "neg_sample", where, optional=True).strip("[] ")
    places = [part.strip() for part in listed.split(",") if part.strip()]
    if not all(place.isdecimal() and int(place) < count for place in places):
        raise DatasetError(f"{where}: the field 'neg_sample' must be a list of row numbers")
    return list(dict.fromkeys(map(int, places)))


def _by_translation(part: str, path: Path) -> Iterator[_Pair]:
    """A table: question, answer, and `translated_question_LANGUAGE`, `translated_answer_LANGUAGE`."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.DictReader(file, delimiter="\t"))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DatasetError(f"{path}: cannot be read ({error}); copy the file again") from None
    for place, row in enumerate(rows):
        for name, tag in LANGUAGES.items():
            prefix, suffix = ("", "") if tag == "en" else ("translated_", f"_{name}")
            question, answer = (
                text_of(row, f"{prefix}{field}{suffix}", f"{path}, row {place + 1}", optional=True).strip()
                for field in ("question", "answer")
            )
            yield _Pair(f"{part}/{place}", str(place), tag, question, answer, True)
