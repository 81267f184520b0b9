"""What an accuracy measurement needs: questions with options in several languages, and answers already recorded."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from clara.errors import DatasetError
from clara.text import fold
from clara.types import Option

DIRECT = "direct"
"""The method of an answer that was asked for in the question's own language and not worked on."""

CHOICE = "choice"
"""The scorer of questions with options: the option that was read is the right one, or not."""

PRIVATE = "-x-"
"""What begins the private part of a tag (RFC 5646, 2.2.7): a variety, or the language that was translated from."""

_NAMED = 5  # of what does not fit, in a message


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One question in one language. Items of one `id` are the same question in different languages.

    question: all that is asked, as any method may ask it; of a task, what its prompt file makes of the row. answer: the
    id of the right option. An open question has no options and no `answer`; its `references` are the answers that count
    as right, or that an answer is compared with. elsewhere: answers that would be right in another region or script.
    tags: subject and the like. flags: what is known to be odd about the row. damaged: whether a flag means that the
    text is not the question any more.
    """

    id: str
    language: str
    question: str
    options: tuple[Option, ...] = ()
    answer: str = ""
    references: tuple[str, ...] = ()
    elsewhere: tuple[str, ...] = ()
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
    rule for reading an answer, None where there is none. scorer: the name in `clara.evaluation.metrics.SCORERS` of what
    scores open answers and sums up the dataset's own metrics. private: whether its publishers ask that no text of it is
    stored or shown.
    """

    name: str
    items: tuple[Item, ...]
    source: str
    licence: str
    runs: Runs = field(default_factory=dict)
    read_strictly: Callable[[str], str | None] | None = None
    scorer: str = CHOICE
    private: bool = False

    @property
    def languages(self) -> tuple[str, ...]:
        """The languages, in the order of the files."""
        return tuple(dict.fromkeys(item.language for item in self.items))

    @property
    def questions(self) -> tuple[str, ...]:
        """The ids, in the order of the files."""
        return tuple(dict.fromkeys(item.id for item in self.items))

    def parallel(self, languages: Collection[str]) -> tuple[str, ...]:
        """Return the ids of the questions that are asked in all of these languages, in the order of the files."""
        asked = Counter(item.id for item in self.items if item.language in languages)
        return tuple(identifier for identifier in self.questions if asked[identifier] == len(languages))

    def version(self) -> str:
        """Return a fingerprint of the items: twelve hexadecimal digits, the same for the same questions."""
        rows = sorted(
            (
                item.id, item.language, item.question, item.answer, *(f"{o.id}={o.text}" for o in item.options),
                *item.references, *item.elsewhere,
            )
            for item in self.items
        )  # fmt: skip
        return hashlib.sha256(json.dumps(rows).encode()).hexdigest()[:12]

    def only(self, languages: Collection[str]) -> Dataset:
        """Return the items in these languages and in variants of them. Raises DatasetError where one is not there.

        A variant has a private part: `en-x-irish` comes with `en`; `hi-x-en`, translated from English, with `hi` where
        `en` is asked for as well.
        """
        held = self.languages
        missing = [language for language in languages if language not in held]
        if missing or not languages:
            what = f"nothing in {', '.join(missing)}" if missing else "no language is named"
            raise DatasetError(f"{self.name}: {what}; it holds {', '.join(held)}")
        known = {language.casefold() for language in held}
        wanted = {language.casefold() for language in languages}

        def kept(tag: str) -> bool:
            base, _, private = tag.casefold().partition(PRIVATE)
            return tag.casefold() in wanted or (base in wanted and private not in known - wanted and private != "")

        return replace(self, items=tuple(item for item in self.items if kept(item.language)))

    def without_damaged(self) -> Dataset:
        """Return the questions that are damaged in none of the languages. Raises DatasetError if none is left."""
        damaged = {item.id for item in self.items if item.damaged}
        kept = tuple(item for item in self.items if item.id not in damaged)
        if not kept:
            raise DatasetError(f"{self.name}: every question is damaged in some language; choose fewer languages")
        return replace(self, items=kept)


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """A published dataset that CLARA reads as it is published.

    size: number of questions, per language where it differs. read_from: what PATH must hold. load: reads a folder or
    file and, where it takes a second argument (`selects`), only these languages; raises DatasetError. hub: its name on
    the Hugging Face hub, empty where it has none; files: the patterns of the files to fetch from there, of which
    `{language}` stands for a language as the hub names it. shipped: where the copy lies that comes with CLARA.
    """

    name: str
    what: str
    languages: str
    size: str
    licence: str
    source: str
    read_from: str
    load: Callable[..., Dataset]
    selects: bool = False
    hub: str = ""
    files: tuple[str, ...] = ()
    shipped: Callable[[], Path] | None = None


def make_dataset(
    name: str,
    items: Sequence[Item],
    *,
    where: Path,
    source: str,
    licence: str,
    runs: Runs | None = None,
    read_strictly: Callable[[str], str | None] | None = None,
    scorer: str = CHOICE,
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
        wanted = {option.id for option in item.options} or {""}
        if not item.damaged and item.answer not in wanted:
            labels = ", ".join(option.id[:20] for option in item.options)
            raise DatasetError(
                f"{where}: the answer {item.answer[:20]!r} of question {item.id[:40]!r} in {item.language} "
                f"is none of its options {labels}"
            )
    for run, answers in (runs or {}).items():
        check_recorded(run, answers, asked, where)
    return Dataset(
        name=name, items=tuple(items), source=source, licence=licence, runs=runs or {}, read_strictly=read_strictly,
        scorer=scorer,
    )  # fmt: skip


def flag_alike(options: Sequence[Option]) -> tuple[str, ...]:
    """Return the flag of options of which two read the same, so that no answer can tell them apart; else none."""
    texts = [fold(option.text) for option in options]
    return ("options alike",) if len(set(texts)) < len(texts) else ()


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
