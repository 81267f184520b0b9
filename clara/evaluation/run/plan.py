"""What is to be asked: methods, languages, questions and epochs, in an order that leaves a broken-off run balanced."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from clara.errors import ConfigError, DatasetError
from clara.evaluation.datasets import DIRECT, Dataset, Item
from clara.evaluation.records import Key, Row, score_of
from clara.methods import ABLATIONS, METHODS, find_method


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One answer to be made. number: its place in the plan."""

    number: int
    method: str
    item: Item
    epoch: int

    @property
    def key(self) -> Key:
        """What its row answers."""
        return self.method, self.item.language, self.item.id, self.epoch


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Methods to be asked the questions of a dataset, each `epochs` times.

    limit: so many questions were drawn, by `seed`. whole: the dataset before questions or languages were left out.
    data: how it was named, so that answers can be scored again. baseline: the method that the others are compared with.
    """

    dataset: Dataset
    methods: tuple[str, ...]
    epochs: int = 1
    limit: int | None = None
    seed: int = 0
    whole: Dataset
    data: str = ""
    baseline: str = DIRECT

    def __len__(self) -> int:
        return len(self.dataset.items) * len(self.methods) * self.epochs

    def tasks(self) -> Iterator[Task]:
        """Yield every answer, one question after the other: all its languages and methods side by side."""
        number = 0
        for epoch in range(self.epochs):
            for item in self.dataset.items:
                for method in self.methods:
                    yield Task(number=number, method=method, item=item, epoch=epoch)
                    number += 1

    def places(self) -> Callable[[Key], int | None]:
        """Return what tells the place in the plan of what a row answers; None for what is not planned."""
        items = {(item.language, item.id): place for place, item in enumerate(self.dataset.items)}
        methods = {name: place for place, name in enumerate(self.methods)}

        def place(key: Key) -> int | None:
            method, language, identifier, epoch = key
            item = items.get((language, identifier))
            if item is None or method not in methods or not 0 <= epoch < self.epochs:
                return None
            return (epoch * len(items) + item) * len(methods) + methods[method]

        return place


def make_plan(
    dataset: Dataset,
    methods: Sequence[str],
    *,
    limit: int | None = None,
    epochs: int = 1,
    seed: int = 0,
    baseline: str = DIRECT,
    data: str = "",
    whole: Dataset | None = None,
) -> Plan:
    """Return the plan of a measurement; the fields of `Plan` say what is what.

    Of `limit` questions drawn, a higher limit keeps those of a lower one. A baseline that is not among the methods
    gives way to the first of them.
    Raises ConfigError for a method that there is not, DatasetError for a dataset without questions.
    """
    unknown = [name for name in methods if find_method(name) is None]
    if unknown or not methods:
        wrong = f"no method {unknown[0][:40]!r}" if unknown else "no method is named"
        raise ConfigError(f"{wrong}; choose of {', '.join((*METHODS, *ABLATIONS))}")
    if epochs < 1 or (limit is not None and limit < 1):
        raise ConfigError("limit and epochs are at least 1")
    questions = list(dataset.questions)
    if not questions:
        raise DatasetError(f"{dataset.name}: holds no question")
    drawn = questions
    if limit is not None and limit < len(questions):
        drawn = random.Random(seed).sample(questions, len(questions))[:limit]
    wanted = set(drawn)
    by_question: dict[str, list[Item]] = {identifier: [] for identifier in questions if identifier in wanted}
    for item in dataset.items:
        if item.id in wanted:
            by_question[item.id].append(item)
    items = tuple(item for listed in by_question.values() for item in listed)
    return Plan(
        dataset=replace(dataset, items=items), methods=tuple(dict.fromkeys(methods)), epochs=epochs, limit=limit,
        seed=seed, whole=dataset if whole is None else whole, data=data,
        baseline=baseline if baseline in methods else methods[0],
    )  # fmt: skip


@dataclass(slots=True)
class Cell:
    """How far a method is in a language. total: answers planned."""

    total: int = 0
    done: int = 0
    known: int = 0
    right: float = 0.0
    errors: int = 0
    cost: float | None = 0.0

    @property
    def accuracy(self) -> float | None:
        """Per cent right of what is known so far; None before that."""
        return 100 * self.right / self.known if self.known else None

    def count(self, row: Row) -> None:
        """Take note of an answer."""
        self.done += 1
        if row["status"] == "error":
            self.errors += 1
        else:
            self.known += 1
            self.right += score_of(row)
        cost = row.get("cost")
        self.cost = None if cost is None or self.cost is None else self.cost + cost


@dataclass(slots=True)
class Progress:
    """How far a run is. cells: (method, language) -> how far that is. asked: answers made since the run was begun or
    resumed; running and limit: answers in the making, and how many may be."""

    cells: dict[tuple[str, str], Cell] = field(default_factory=dict)
    asked: int = 0
    running: int = 0
    limit: int = 0

    @property
    def total(self) -> int:
        """Answers planned."""
        return sum(cell.total for cell in self.cells.values())

    @property
    def done(self) -> int:
        """Answers recorded, errors among them."""
        return sum(cell.done for cell in self.cells.values())

    @property
    def errors(self) -> int:
        """Answers that failed and are still missing."""
        return sum(cell.errors for cell in self.cells.values())


def begin_progress(plan: Plan) -> Progress:
    """Return the progress of a plan of which nothing is done."""
    progress = Progress()
    for item in plan.dataset.items:
        for method in plan.methods:
            progress.cells.setdefault((method, item.language), Cell()).total += plan.epochs
    return progress
