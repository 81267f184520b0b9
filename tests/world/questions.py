"""The world's questions, what is true in it, and the documents that are written about it."""

from __future__ import annotations

import math
import random
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from clara.languages import SUPPORTED
from tests.world import words

T = TypeVar("T")
EVIDENCE = ("relevant", "irrelevant", "poisoned", "disputed", "none")
"""What the documents say about a question: its answer; nothing that answers it; a wrong answer; both; nothing."""

_NAME = re.compile("[A-Z][a-z]+")
_CONSONANTS, _VOWELS = "bdfgklmnprstvz", "aeiou"
_ENDINGS = ("lix", "dorn", "mex", "vik", "tane", "rol", "nex", "berg")
_SHOWN = 4
_GOLDEN = (math.sqrt(5) - 1) / 2  # its multiples are spread most evenly between 0 and 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One question, the same in every language.

    name: made up, and with the other items' names the only thing that tells them apart.
    other: the name that a translation which loses the question puts in its place.
    options: four, in the order in which they are asked; wrong: the three others, the most tempting first.
    difficulty: in (0, 1), spread evenly over the items; 1 is the hardest.
    local: whether the answer depends on the country. evidence: one of EVIDENCE.
    """

    name: str
    other: str
    kind: str
    number: int
    options: tuple[str, ...]
    answer: str
    wrong: tuple[str, ...]
    difficulty: float
    local: bool
    evidence: str

    def stem(self, language: str, *, name: str = "", number: int = 0) -> str:
        """Return the question in a language, as it is or with another name or number."""
        return words.stem(self.kind, language, name or self.name, number or self.number, local=self.local)

    def slip(self) -> int:
        """Return the number with its digits transposed."""
        return int(str(self.number)[::-1])


@dataclass(frozen=True, slots=True)
class Reading:
    """What a line of text asks: an item, in a language; lost: in truth another question, after a bad translation."""

    item: Item
    language: str
    lost: bool


@dataclass(frozen=True, slots=True)
class Statement:
    """A line of a document that answers the question of an item with an option, rightly or not."""

    item: Item
    option: str


class World:
    """Items, and what every line that can be written about them means.

    questions: how many items. local: whether their answers depend on the country.
    evidence: name in EVIDENCE -> share of the items; the rest is `none`.
    """

    def __init__(self, questions: int, *, seed: int, local: bool = False, evidence: Mapping[str, float]) -> None:
        self.items = _make_items(questions, random.Random(f"world {seed}"), local, evidence)
        self._stems: dict[str, list[tuple[str, Reading]]] = {}
        self._statements: dict[str, Statement] = {}
        for item in self.items:
            for language in SUPPORTED:
                meant, lost = Reading(item, language, lost=False), Reading(item, language, lost=True)
                slipped = (item.stem(language, number=item.slip()), lost)
                self._stems.setdefault(item.name, []).extend([(item.stem(language), meant), slipped])
                self._stems.setdefault(item.other, []).append((item.stem(language, name=item.other), lost))
                for option in item.options:
                    line = words.statement(item.kind, language, item.name, option)
                    self._statements[line] = Statement(item, option)

    def read(self, text: str) -> Iterator[Reading]:
        """Yield what the lines of `text` that begin with a question ask, in order."""
        for line in _lines(text):
            for name in _NAME.findall(line):
                yield from (reading for stem, reading in self._stems.get(name, ()) if line.startswith(stem))

    def statements(self, text: str) -> Iterator[tuple[str, Statement]]:
        """Yield the lines of `text` that answer a question, with what they say."""
        for line in _lines(text):
            if line in self._statements:
                yield line, self._statements[line]

    def documents(self) -> Iterator[dict[str, str]]:
        """Yield what is written about the items, as the fields of a JSON line each."""
        for item in self.items:
            yield from _documents(item)


def _make_items(questions: int, rng: random.Random, local: bool, evidence: Mapping[str, float]) -> tuple[Item, ...]:
    names = _names(2 * questions, rng)
    places = _balanced(range(_SHOWN), questions, rng)
    kinds = _balanced(words.KINDS, questions, rng)
    ranks = rng.sample(range(questions), questions)
    items = []
    for i in range(questions):
        options = rng.sample(words.OPTIONS[kinds[i]], _SHOWN)
        answer = options[places[i]]
        items.append(
            Item(
                name=names[i],
                other=names[questions + i],
                kind=kinds[i],
                number=10 * rng.choice((4, 6, 8)) + rng.choice((3, 5, 7, 9)),
                options=tuple(options),
                answer=answer,
                wrong=tuple(rng.sample([o for o in options if o != answer], _SHOWN - 1)),
                difficulty=(ranks[i] + 0.5) / questions,
                local=local,
                evidence=_documented(ranks[i], evidence),
            )
        )
    return tuple(items)


def _names(count: int, rng: random.Random) -> list[str]:
    """Return names that differ in their first four letters: search takes words that begin alike for forms of one."""
    starts = [a + b + c + d for a in _CONSONANTS for b in _VOWELS for c in _CONSONANTS for d in _VOWELS]
    return [(start + rng.choice(_ENDINGS)).capitalize() for start in rng.sample(starts, count)]


def _balanced(values: Sequence[T], count: int, rng: random.Random) -> list[T]:
    """Return `count` values in random order, each as often as the others."""
    listed = [values[i % len(values)] for i in range(count)]
    rng.shuffle(listed)
    return listed


def _documented(rank: int, evidence: Mapping[str, float]) -> str:
    """Return what is written about the item of a rank in difficulty, so that every kind is found at every rank."""
    place, reached = rank * _GOLDEN % 1, 0.0
    for kind, share in evidence.items():
        reached += share
        if place < reached:
            return kind
    return "none"


def _documents(item: Item) -> Iterator[dict[str, str]]:
    """Yield an item's documents, each in every language."""
    told: dict[str, list[str | None]] = {
        "relevant": [item.answer],
        "poisoned": [item.wrong[0]],
        "disputed": [item.answer, item.wrong[0]],
        "irrelevant": [None],
        "none": [],
    }
    for number, option in enumerate(told[item.evidence]):
        for language in SUPPORTED:
            named = words.statement(item.kind, language, item.name, option) if option else None
            lines = [named or words.research(language, item.name)]
            lines.append(words.remark(language, [o for o in item.options if o != option]))
            lines += [words.guideline(language)] if item.local else []
            yield {
                "id": f"{item.name}-{number}-{language}",
                "group": f"{item.name}-{number}",
                "title": item.name,
                "lang": language,
                "text": "\n".join(f"- {line}" for line in lines),
            }


def _lines(text: str) -> Iterator[str]:
    return (line.strip().removeprefix("- ") for line in text.splitlines())
