"""What a retrieval measurement needs: documents to find, queries, and which documents answer which query."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Collection as Container
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from clara.errors import DatasetError

Qrels = Mapping[str, Mapping[str, int]]
"""Query id -> document id -> grade; 0 or missing is not relevant."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Doc:
    """One document of the pool. Documents of one `group` say the same in different languages."""

    id: str
    language: str
    text: str
    group: str
    title: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """One question in one language. Queries of one `group` are the same question in different languages."""

    id: str
    language: str
    text: str
    group: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Collection:
    """A test collection. Every query has a relevant document; languages are canonical tags.

    source: where the files are published; licence: the terms its publishers name.
    """

    name: str
    docs: tuple[Doc, ...]
    queries: tuple[Query, ...]
    qrels: Qrels
    source: str
    licence: str

    @property
    def parallel(self) -> bool:
        """Whether any question is asked in more than one language."""
        return len({query.group for query in self.queries}) < len(self.queries)

    def translations(self) -> dict[str, dict[str, str]]:
        """Return question group -> language -> its text: what a perfect translator would say."""
        texts: dict[str, dict[str, str]] = {}
        for query in self.queries:
            texts.setdefault(query.group, {})[query.language] = query.text
        return texts

    def only(self, languages: Container[str]) -> Collection:
        """Return the documents and queries of these languages.

        Raises DatasetError where no query with a relevant document is left.
        """
        docs = tuple(doc for doc in self.docs if doc.language in languages)
        held = {doc.id for doc in docs}
        asked = [query for query in self.queries if query.language in languages]
        qrels = {
            query.id: {doc: grade for doc, grade in self.qrels[query.id].items() if doc in held} for query in asked
        }
        queries = tuple(query for query in asked if any(qrels[query.id].values()))
        if not queries:
            has = ", ".join(sorted({doc.language for doc in self.docs} | {query.language for query in self.queries}))
            raise DatasetError(
                f"{self.name}: no query with a relevant document in {', '.join(sorted(languages))}; it holds {has}"
            )
        return replace(self, docs=docs, queries=queries, qrels={query.id: qrels[query.id] for query in queries})

    def sample(self, questions: int, seed: int) -> Collection:
        """Return the collection with that many questions drawn at random, each in every language.

        The pool of documents stays whole: a smaller one would be easier.
        """
        groups = sorted({query.group for query in self.queries})
        kept = set(random.Random(seed).sample(groups, min(questions, len(groups))))
        queries = tuple(query for query in self.queries if query.group in kept)
        return replace(self, queries=queries, qrels={query.id: self.qrels[query.id] for query in queries})

    def document_counts(self) -> dict[str, int]:
        """Return the number of documents per language, the most first."""
        return dict(Counter(doc.language for doc in self.docs).most_common())

    def query_counts(self) -> dict[str, int]:
        """Return the number of queries per language, sorted by language."""
        return dict(sorted(Counter(query.language for query in self.queries).items()))


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One question of a reading-comprehension set: its id in every language, its text, the passage's group."""

    key: str
    text: str
    passage: str


def parallel_collection(
    name: str,
    passages: Mapping[str, Mapping[str, str]],
    questions: Mapping[str, Sequence[Asked]],
    *,
    source: str,
    licence: str,
) -> Collection:
    """Return one mixed pool of a reading-comprehension set that says the same in several languages.

    passages: language -> passage group -> text. questions: language -> what is asked there.
    Every language's version of a question's passage is relevant. Questions that read the same in some
    language are one, with all their passages, since nobody could tell which of them is meant.
    """
    same = _same_questions(questions.values())
    docs = tuple(
        Doc(id=f"{group}/{language}", language=language, text=text, group=group)
        for language, texts in passages.items()
        for group, text in texts.items()
    )
    versions: dict[str, list[str]] = {}
    for doc in docs:
        versions.setdefault(doc.group, []).append(doc.id)
    about: dict[str, set[str]] = {}
    for asked in questions.values():
        for question in asked:
            about.setdefault(same[question.key], set()).add(question.passage)
    queries, qrels = [], {}
    for language, asked in questions.items():
        texts: dict[str, str] = {}
        for question in asked:
            texts.setdefault(same[question.key], question.text)
        for topic, text in texts.items():
            query = Query(id=f"{topic}/{language}", language=language, text=text, group=topic)
            queries.append(query)
            qrels[query.id] = {doc: 1 for group in sorted(about[topic]) for doc in versions[group]}
    return Collection(name=name, docs=docs, queries=tuple(queries), qrels=qrels, source=source, licence=licence)


def _same_questions(languages: Iterable[Sequence[Asked]]) -> dict[str, str]:
    """Return key -> the first key of those that are the same question, by union-find."""
    parent: dict[str, str] = {}

    def root(key: str) -> str:
        while parent.setdefault(key, key) != key:
            parent[key] = key = parent[parent[key]]
        return key

    order: dict[str, int] = {}
    for asked in languages:
        first: dict[str, str] = {}
        for question in asked:
            order.setdefault(question.key, len(order))
            a, b = root(first.setdefault(question.text, question.key)), root(question.key)
            early, late = sorted((a, b), key=order.__getitem__)
            parent[late] = early
    return {key: root(key) for key in order}
