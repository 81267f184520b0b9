"""Medical parts of MMLU in African languages: human translations, and those translated back by machine.

Clinical knowledge, college medicine and virology (Hendrycks et al., arXiv 2009.03300), translated by people for
Bridging the Gap (arXiv 2412.12417).
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from clara.errors import DatasetError
from clara.evaluation.datasets.base import Dataset, Item, Recorded, Runs, flag_alike, make_dataset
from clara.evaluation.retrieval.tables import missing, read_rows, tag_of, text_of
from clara.types import Option

NAME = "african-medical-mmlu"
SOURCE = "InstituteforDiseaseModeling/Bridging-the-Gap-Low-Resource-African-Languages on GitHub"
LICENCE = "MIT"
SUBJECTS = ("clinical_knowledge", "college_medicine", "virology")

_HUMAN, _BACK = "mmlu_cm_ck_vir", "mmlu_cm_ck_vir_bt"
_FILE = re.compile(rf"(?P<subject>{'|'.join(SUBJECTS)})_test(?:_(?P<language>[a-z]{{2,3}}))?")
_CUSTOM_ID = re.compile(
    rf"(?P<run>.+)-on-(?P<language>[a-z]{{2,3}})-mmlu-(?P<subject>{'|'.join(SUBJECTS)})"
    r"-(?P<number>\d+)-answer-(?P<answer>[A-D])"
)
_OTHER_BENCHMARK = re.compile(r".+-on-[a-z]{2,3}-(?:winogrande|belebele)")
_LETTERS = "ABCD"


def load(folder: Path) -> Dataset:
    """Read English and the human translations, and recorded answers to them. Raises DatasetError."""
    items = _items(folder, _HUMAN)
    answers = {(item.language, item.id): item.answer for item in items}
    return make_dataset(
        NAME, items, where=folder, source=SOURCE, licence=LICENCE, runs=_runs(folder, answers),
        read_strictly=read_strictly,
    )  # fmt: skip


def load_back(folder: Path) -> Dataset:
    """Read the human translations as a machine put them back into English: what a pivot through English is asked.

    Every item keeps the language of its translation, so that accuracy stands beside that of the original; English
    is the original. There are no recorded answers to these. Raises DatasetError.
    """
    english = [item for item in _items(folder, _HUMAN) if item.language == "en"]
    return make_dataset(
        f"{NAME}-back", [*english, *_items(folder, _BACK)], where=folder, source=SOURCE, licence=LICENCE,
        read_strictly=read_strictly,
    )  # fmt: skip


def read_strictly(text: str) -> str | None:
    """Return the option that a generation counts for by the authors' rule, which their table comes from.

    The first character besides space and brackets, in either case, if it is one of A to D.
    """
    first = text.strip().replace("(", "").replace(")", "")[:1].upper()
    return first if first and first in _LETTERS else None


def _items(folder: Path, name: str) -> list[Item]:
    """Return the items of one folder of tables, English first."""
    found = [(match, path) for path in sorted((folder / name).glob("*.csv")) if (match := _FILE.fullmatch(path.stem))]
    if not found:
        raise missing(folder, f"{name}/SUBJECT_test_LANGUAGE.csv", f"it is published as {SOURCE} ({LICENCE})")
    items = []
    for match, path in sorted(found, key=lambda file: (file[0]["language"] is not None, file[1].name)):
        language = tag_of(match["language"] or "en", str(path))
        for number, (where, cells) in enumerate(_rows(path)):
            question, *texts, answer = (cell.strip() for cell in cells)
            if answer not in tuple(_LETTERS):
                raise DatasetError(f"{where}: the last column must be the answer, a letter A to D")
            options = tuple(Option(id=letter, text=text) for letter, text in zip(_LETTERS, texts, strict=True))
            flags = _flags(question, options)
            items.append(
                Item(
                    id=f"{match['subject']}/{number}", language=language, question=question,
                    options=options, answer=answer, tags=(match["subject"],), flags=flags, damaged=bool(flags),
                )
            )  # fmt: skip
    return items


def _flags(question: str, options: tuple[Option, ...]) -> tuple[str, ...]:
    """Return what a translation left out or made the same."""
    written = [option for option in options if option.text]
    lost = ("text missing",) if not question or len(written) < len(options) else ()
    return (*lost, *flag_alike(written))


def _rows(path: Path) -> Iterator[tuple[str, list[str]]]:
    """Yield (where, cells) of a table without a header row: question, four options, answer."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file)
            for cells in filter(None, reader):  # an empty line is no row
                where = f"{path}, line {reader.line_num}"
                if len(cells) != 6:
                    raise DatasetError(f"{where}: expected a question, four options and an answer; copy the file again")
                yield where, cells
    except OSError as error:
        raise DatasetError(f"{path}: {error.strerror or error}") from None
    except (UnicodeDecodeError, csv.Error) as error:
        raise DatasetError(f"{path}: not a comma-separated UTF-8 table ({error}); copy the file again") from None


def _runs(folder: Path, answers: Mapping[tuple[str, str], str]) -> Runs:
    """Return the recorded answers of `generations_*.jsonl`, those to other benchmarks left out."""
    runs: dict[str, list[Recorded]] = {}
    for path in sorted(folder.glob("generations_*.jsonl")):
        for where, row in read_rows(path):
            custom_id = text_of(row, "custom_id", where)
            if _OTHER_BENCHMARK.match(custom_id):
                continue
            match = _CUSTOM_ID.fullmatch(custom_id)
            if match is None:
                raise DatasetError(
                    f"{where}: custom_id must be MODEL-on-LANG-mmlu-SUBJECT-NUMBER-answer-LETTER, not "
                    f"{custom_id[:80]!r}"
                )
            language = tag_of(match["language"], where)
            question = f"{match['subject']}/{match['number']}"
            # Files with some of the languages are good for those.
            if not any(held == language for held, _ in answers):
                continue
            if answers.get((language, question), match["answer"]) != match["answer"]:
                raise DatasetError(f"{where}: names another answer to {question} than the questions' table; take both "
                                   "from one release")  # fmt: skip
            # A reply without a text, as of a refusal, is an answer that names no option; without the field it is none.
            choice = read_strictly(text_of(row, "content", where, optional="content" in row))
            runs.setdefault(match["run"], []).append(Recorded(id=question, language=language, choice=choice))
    return {run: tuple(recorded) for run, recorded in sorted(runs.items())}
