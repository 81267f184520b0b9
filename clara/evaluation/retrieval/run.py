"""Measuring: build the pool, rank every query with every system, average."""

from __future__ import annotations

import multiprocessing
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from pathlib import Path

from clara.config import Settings, load_settings
from clara.errors import ConfigError, KnowledgeError
from clara.evaluation.extras import load_extra
from clara.evaluation.retrieval.data import Collection
from clara.evaluation.retrieval.metrics import MAX_RANK, MEDIAN_MAX_RANK, RECALL_AT, mean_shares, measure
from clara.evaluation.retrieval.pool import Pool, Progress, build_pool, open_pool
from clara.evaluation.retrieval.results import Results, SystemResult
from clara.evaluation.retrieval.statistics import Bootstrap, Score
from clara.evaluation.retrieval.systems import SYSTEMS, build_rankers

VARIANTS = ("none", "parallel")
"""none: only the query is known; parallel: the same question in every language, as if a translator made no error."""

_BATCH = 32


@dataclass(frozen=True, slots=True)
class _Task:
    """One query to rank for; `key` is its kind of variants and its id."""

    key: tuple[str, str]
    text: str
    language: str
    variants: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class _Setup:
    """What a process needs to rank."""

    pool: Pool
    settings: Settings
    systems: tuple[str, ...]
    depth: int


class _Bench:
    """The systems over an open pool."""

    def __init__(self, setup: _Setup) -> None:
        self._depth = setup.depth
        self._base = open_pool(setup.pool.folder, setup.settings)
        self._rankers = build_rankers(setup.systems, self._base, setup.pool)

    def rank(self, tasks: Sequence[_Task]) -> list[dict[str, list[str]]]:
        """Return for each task: system -> ranking."""
        return [
            {
                name: ranker.rank(task.text, task.language, task.variants, self._depth)
                for name, ranker in self._rankers.items()
            }
            for task in tasks
        ]

    def close(self) -> None:
        self._base.close()


_bench: _Bench | None = None  # of a worker process


def _begin(setup: _Setup) -> None:
    global _bench
    _bench = _Bench(setup)


def _rank(tasks: Sequence[_Task]) -> list[dict[str, list[str]]]:
    assert _bench is not None
    return _bench.rank(tasks)


def measure_retrieval(
    collection: Collection,
    *,
    systems: Sequence[str] = SYSTEMS,
    variants: Sequence[str] | None = None,
    depth: int = RECALL_AT,
    seed: int = 0,
    workers: int = 1,
    settings: Settings | None = None,
    progress: Progress = lambda *_: None,
) -> Results:
    """Measure how systems rank a collection's documents, in a pool that is built for it and thrown away.

    systems: names in SYSTEMS. variants: names in VARIANTS; default all that the collection allows.
    depth: documents looked at in each ranking, at least 100. seed: of the pool's order and the intervals.
    workers: processes that rank; with more than one, a script that calls this needs a main guard.
    settings: embedder and search settings; default the user's own.
    Raises ConfigError, also where the extra `eval` is not installed, or KnowledgeError.
    """
    load_extra("ir_measures")  # said now, not after minutes of ranking
    kinds = _kinds(collection, systems, variants, depth)
    settings = settings or load_settings()
    tasks = list(_tasks(collection, kinds))
    runs: dict[tuple[str, str], dict[str, list[str]]] = {(kind, name): {} for kind in kinds for name in systems}
    with tempfile.TemporaryDirectory(prefix="clara-eval-", ignore_cleanup_errors=True) as folder:
        began = time.monotonic()
        pool = build_pool(collection, Path(folder), settings, seed, progress)
        built = time.monotonic()
        setup = _Setup(pool, settings, tuple(systems), depth)
        for done, (task, rankings) in enumerate(zip(tasks, _rankings(setup, tasks, workers), strict=True), 1):
            kind, query = task.key
            for name, ranking in rankings.items():
                runs[kind, name][query] = ranking
            progress("ranking", done, len(tasks))
        ranked = time.monotonic()
        with open_pool(pool.folder, settings) as base:
            embedder = base.space.embedder.fingerprint
    bootstrap = Bootstrap(collection.queries, seed)
    found = []
    for number, ((kind, name), run) in enumerate(runs.items(), 1):
        found.append(_summarise(collection, name, kind, run, depth, bootstrap))
        progress("scoring", number, len(runs))
    return Results(
        data=collection.name, source=collection.source, licence=collection.licence,
        documents=collection.document_counts(), queries=collection.query_counts(),
        questions=len({query.group for query in collection.queries}), depth=depth, seed=seed, embedder=embedder,
        quarantined=pool.quarantined, build_s=round(built - began, 2), rank_s=round(ranked - built, 2),
        systems=tuple(found),
    )  # fmt: skip


def _kinds(collection: Collection, systems: Sequence[str], variants: Sequence[str] | None, depth: int) -> list[str]:
    """Check what was asked for and return the kinds of variants."""
    kinds = list(variants if variants is not None else VARIANTS if collection.parallel else ("none",))
    for what, names, known in (("system", systems, SYSTEMS), ("kind of variants", kinds, VARIANTS)):
        if unknown := [name for name in names if name not in known]:
            raise ConfigError(f"no {what} {unknown[0][:40]!r}; there are: {', '.join(known)}")
        if not names:
            raise ConfigError(f"name at least one {what}: {', '.join(known)}")
    if "parallel" in kinds and not collection.parallel:
        raise ConfigError(f"{collection.name} asks no question in two languages; use the variants none only")
    if depth < RECALL_AT:
        raise ConfigError(f"a depth of {depth} is too little for R@{RECALL_AT}; use {RECALL_AT} or more")
    return list(dict.fromkeys(kinds))


def _tasks(collection: Collection, kinds: Sequence[str]) -> Iterator[_Task]:
    translations = collection.translations()
    for kind in kinds:
        for query in collection.queries:
            texts = translations[query.group] if kind == "parallel" else {}
            others = {language: text for language, text in texts.items() if language != query.language}
            yield _Task((kind, query.id), query.text, query.language, others)


def _rankings(setup: _Setup, tasks: Sequence[_Task], workers: int) -> Iterator[dict[str, list[str]]]:
    """Yield system -> ranking for each task, in order."""
    batches = [tasks[start : start + _BATCH] for start in range(0, len(tasks), _BATCH)]
    if workers <= 1:
        bench = _Bench(setup)
        try:
            for batch in batches:
                yield from bench.rank(batch)
        finally:
            bench.close()
        return
    # Fresh processes: a fork would share SQLite's and Chroma's open files and threads.
    context = multiprocessing.get_context("spawn")
    executor = ProcessPoolExecutor(workers, mp_context=context, initializer=_begin, initargs=(setup,))
    try:
        for found in executor.map(_rank, batches):
            yield from found
    except BrokenProcessPool:
        raise KnowledgeError("a ranking process ended early, perhaps for want of memory; try fewer questions") from None
    finally:
        executor.shutdown(cancel_futures=True)


def _summarise(
    collection: Collection, system: str, kind: str, run: Mapping[str, Sequence[str]], depth: int, bootstrap: Bootstrap
) -> SystemResult:
    mean: dict[str, Score] = {}
    languages: dict[str, dict[str, Score]] = {language: {} for language in bootstrap.languages}
    values = measure(collection, run, depth)
    summaries = {metric: bootstrap.summarise(found) for metric, found in values.items()}
    summaries[MEDIAN_MAX_RANK] = bootstrap.medians(values[MAX_RANK])
    for metric, (over_all, per_language) in summaries.items():
        if over_all is not None:
            mean[metric] = over_all
        for language, score in per_language.items():
            languages[language][metric] = score
    shares = mean_shares(collection, run)
    return SystemResult(system=system, variants=kind, mean=mean, languages=languages, shares=shares)
