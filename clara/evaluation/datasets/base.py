"""What an accuracy measurement needs: questions with options in several languages, and answers already recorded."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from clara.errors import DatasetError
from clara.types import Option

DIRECT = "direct"
"""The method of an answer that was asked for in the question's own language and not worked on."""

_NAMED = 5  # of what does not fit, in a message


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One question in one language. Items of one `id` are the same question in different languages.

    answer: the id of the right option. tags: subject and the like. flags: what is known to be odd about the row.
    damaged: whether a flag means that the text is not the question any more.
    """

    id: str
    language: str
    question: str
    options: tuple[Option, ...]
    answer: str
    tags: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()
    damaged: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """One recorded answer. choice: the option id that it was read as, None where it names none."""

    id: str
    language: str
    choice: str | None
    method: str = DIRECT
    epoch: int = 0


Runs = Mapping[str, tuple[Recorded, ...]]
"""Run (a model's name, or what the file calls it) -> its recorded answers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dataset:
    """Questions and what was recorded on them. Languages are canonical tags.

    source: where the files are published; licence: the terms its publishers name. read_strictly: the authors' own
    rule for reading an answer, None where there is none.
    """

    name: str
    items: tuple[Item, ...]
    source: str
    licence: str
    runs: Runs = field(default_factory=dict)
    read_strictly: Callable[[str], str | None] | None = None

    @property
    def languages(self) -> tuple[str, ...]:
        """The languages, in the order of the files."""
        return tuple(dict.fromkeys(item.language for item in self.items))

    @property
    def questions(self) -> tuple[str, ...]:
        """The ids, in the order of the files."""
        return tuple(dict.fromkeys(item.id for item in self.items))

    def version(self) -> str:
        """Return a fingerprint of the items: twelve hexadecimal digits, the same for the same questions."""
        rows = sorted(
            (item.id, item.language, item.question, item.answer, *(f"{o.id}={o.text}" for o in item.options))
            for item in self.items
        )
        return hashlib.sha256(json.dumps(rows).encode()).hexdigest()[:12]

    def only(self, languages: Collection[str]) -> Dataset:
        """Return the items in these languages. Raises DatasetError where one is not there."""
        missing = [language for language in languages if language not in self.languages]
        if missing or not languages:
            named = ", ".join(missing) or "no language"
            raise DatasetError(f"{self.name}: nothing in {named}; it holds {', '.join(self.languages)}")
        return replace(self, items=tuple(item for item in self.items if item.language in languages))

    def without_damaged(self) -> Dataset:
        """Return the questions that are damaged in none of the languages. Raises DatasetError if none is left."""
        damaged = {item.id for item in self.items if item.damaged}
        kept = tuple(item for item in self.items if item.id not in damaged)
        if not kept:
            raise DatasetError(f"{self.name}: every question is damaged in some language; choose fewer languages")
        return replace(self, items=kept)


def make_dataset(
    name: str,
    items: Sequence[Item],
    *,
    where: Path,
    source: str,
    licence: str,
    runs: Runs | None = None,
    read_strictly: Callable[[str], str | None] | None = None,
) -> Dataset:
    """Return a dataset whose parts fit together.

    where: the file or folder, for messages. Raises DatasetError for a question that comes twice in a language, an
    answer that is no option of a sound item, and recorded answers to questions that are not there or that come twice.
    """
    if not items:
        raise DatasetError(f"{where}: holds no question")
    asked: dict[str, set[str]] = {}
    for item in items:
        if item.language in asked.setdefault(item.id, set()):
            raise DatasetError(f"{where}: question {item.id[:40]!r} comes twice in {item.language}")
        asked[item.id].add(item.language)
        if not item.damaged and item.answer not in {option.id for option in item.options}:
            labels = ", ".join(option.id[:20] for option in item.options)
            raise DatasetError(
                f"{where}: the answer {item.answer[:20]!r} of question {item.id[:40]!r} in {item.language} "
                f"is none of its options {labels}"
            )
    for run, answers in (runs or {}).items():
        check_recorded(run, answers, asked, where)
    return Dataset(
        name=name, items=tuple(items), source=source, licence=licence, runs=runs or {}, read_strictly=read_strictly
    )


def check_recorded(run: str, answers: Sequence[Recorded], asked: Mapping[str, Collection[str]], where: Path) -> None:
    """Raise DatasetError for answers to questions that are not asked, and for a second answer to the same one.

    asked: question id -> the languages it is asked in.
    """
    unknown = dict.fromkeys(f"{a.id[:40]} in {a.language}" for a in answers if a.language not in asked.get(a.id, ()))
    if unknown:
        named = ", ".join(list(unknown)[:_NAMED])
        raise DatasetError(f"{where}: the record {run[:60]} answers what the data do not ask: {named}")
    counts = Counter((answer.method, answer.language, answer.id, answer.epoch) for answer in answers)
    if twice := next((key for key, count in counts.items() if count > 1), None):
        raise DatasetError(
            f"{where}: the record {run[:60]} answers question {twice[2][:40]!r} in {twice[1]} twice; "
            "give each answer its own method, run or epoch"
        )
