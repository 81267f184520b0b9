"""Results as tables: for a terminal, for a page, and as files."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from clara.errors import ConfigError
from clara.evaluation.retrieval import metrics
from clara.evaluation.retrieval.figure import write_figure
from clara.evaluation.retrieval.labels import HEADINGS, kind_of, measured, name_of
from clara.evaluation.retrieval.results import Results, SystemResult
from clara.evaluation.retrieval.statistics import Score

if TYPE_CHECKING:
    from rich.table import Table

_RANKS = (metrics.MEDIAN_MAX_RANK, metrics.MAX_RANK)  # all others are shares, shown in per cent
_FILES = ("retrieval.json", "retrieval.csv", "retrieval.md", "retrieval.png", "retrieval.svg")


def to_markdown(results: Results) -> str:
    """Return the results as Markdown: what was measured, averages, values per query language, languages of hits.

    Averages give each query language the same weight. ± is half of the 95% interval.
    """
    shown, asked, held = measured(results), list(results.queries), list(results.documents)
    means = [[_cell(metric, system.mean.get(metric), results.depth) for metric in shown] for system in results.systems]
    parts = [describe(results), _by_system(results, [HEADINGS[metric] for metric in shown], means)]
    for metric in (metrics.COMPLETE, metrics.SAME_LANGUAGE):
        if metric in shown and len(asked) > 1:
            cells = [
                [_cell(metric, s.languages[tag].get(metric), results.depth) for tag in asked] for s in results.systems
            ]
            parts += [f"{HEADINGS[metric]} by language of the query:", _by_system(results, asked, cells)]
    if len(held) > 1:
        total = sum(results.documents.values())
        pool = ("the pool", "", *(f"{100 * results.documents[tag] / total:.1f}" for tag in held))
        cells = [[f"{100 * _share(system, tag):.1f}" for tag in held] for system in results.systems]
        parts += ["Language of the first ten hits, per cent, averaged over the languages of the queries:"]
        parts += [_by_system(results, held, cells, pool)]
    return "\n\n".join(parts) + "\n"


def _by_system(
    results: Results, columns: Sequence[str], cells: Sequence[Sequence[str]], first: Sequence[str] = ()
) -> str:
    """Return a Markdown table with a row per system; `first` is a whole row above them."""
    names = [(name_of(system), kind_of(system.variants)) for system in results.systems]
    rows = [(*name, *row) for name, row in zip(names, cells, strict=True)]
    header, rule = ("system", "variants", *columns), ["---"] * 2 + ["--:"] * len(columns)
    return "\n".join(f"| {' | '.join(row)} |" for row in (header, rule, *([first] if first else []), *rows))


def describe(results: Results) -> str:
    """Return in one paragraph what was measured."""
    documents = ", ".join(f"{tag} {count}" for tag, count in results.documents.items())
    languages = f"{len(results.queries)} language{'s' if len(results.queries) > 1 else ''}"
    queries = f"{results.questions} questions in {languages} ({sum(results.queries.values())} queries)"
    chunks = "1 chunk" if results.quarantined == 1 else f"{results.quarantined} chunks"
    kept_out = f", {chunks} of them in quarantine" if results.quarantined else ""
    return (
        f"{results.data}: {queries} against one pool of {sum(results.documents.values())} documents "
        f"({documents}){kept_out}; embedder {results.embedder}; the first {results.depth} documents of each ranking. "
        f"Source: {results.source}, {results.licence}."
    )


def _share(result: SystemResult, language: str) -> float:
    found = [shares.get(language, 0.0) for shares in result.shares.values()]
    return sum(found) / len(found) if found else 0.0


def _cell(metric: str, score: Score | None, depth: int, *, interval: bool = True) -> str:
    if score is None:
        return "-"
    if metric in _RANKS and score.value > depth:
        return f">{depth}"  # as one rank more stands for documents that were not found
    scale = 1 if metric in _RANKS else 100
    text = f"{scale * score.value:.1f}"
    if interval and score.low is not None and score.high is not None:
        text += f" ± {scale * (score.high - score.low) / 2:.1f}"
    return text


def to_tables(results: Results) -> list[Table]:
    """Return the averages for a terminal, a table for each kind of variants with a column for each system."""
    from rich import box
    from rich.table import Table

    tables = []
    for kind in dict.fromkeys(system.variants for system in results.systems):
        systems = [system for system in results.systems if system.variants == kind]
        table = Table("", title=kind_of(kind), title_justify="left", box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
        for system in systems:
            table.add_column(name_of(system).replace(" ", "\n", 1), justify="right", no_wrap=True)
        for metric in measured(results):
            cells = [_cell(metric, system.mean.get(metric), results.depth, interval=False) for system in systems]
            table.add_row(HEADINGS[metric], *cells)
        tables.append(table)
    return tables


def to_csv(results: Results) -> str:
    """Return every score as a row: system, variants, language of the query (`mean` for the average), metric, value,
    bounds of the 95% interval, number of queries."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("system", "variants", "language", "metric", "value", "low", "high", "queries"))
    for result in results.systems:
        for language, scores in (("mean", result.mean), *result.languages.items()):
            for metric, score in scores.items():
                writer.writerow((result.system, result.variants, language, metric, *_numbers(score), score.queries))
    return text.getvalue()


def _numbers(score: Score) -> Iterator[str]:
    for value in (score.value, score.low, score.high):
        yield "" if value is None else f"{value:.6g}"


def make_folder(folder: Path) -> None:
    """Make the folder for a report, before a measurement that takes minutes. Raises ConfigError."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(f"cannot write into {folder}: {error.strerror or error}") from None


def write_report(results: Results, folder: Path) -> list[Path]:
    """Write retrieval.json, .csv, .md, .png and .svg; returns their paths.

    Raises ConfigError where the folder cannot be written or the extra `eval` is not installed.
    """
    make_folder(folder)
    content = json.dumps(results.to_dict(), ensure_ascii=False, indent=2) + "\n"
    paths = [folder / name for name in _FILES]
    try:
        for path, text in zip(paths, (content, to_csv(results), to_markdown(results)), strict=False):
            path.write_text(text, encoding="utf-8")
        write_figure(results, paths[3:])
    except OSError as error:
        raise ConfigError(f"cannot write into {folder}: {error.strerror or error}") from None
    return paths
