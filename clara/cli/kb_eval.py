"""`clara kb eval`: how well the knowledge base finds what is asked, in each language."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from clara.evaluation import Results

_QUERIES_PER_WORKER = 200  # starting a process costs as much as ranking for so many


def evaluate(
    data: Annotated[
        str,
        typer.Option(
            "--data", metavar="NAME:PATH", help="Published files: xquad, belebele, beir, clirudit or clirudit-en."
        ),
    ],
    systems: Annotated[
        str | None,
        typer.Option(help="Of dense, bm25, fusion, and the policies none, equal, query-first, balanced; default all."),
    ] = None,
    variants: Annotated[
        str | None,
        typer.Option(help="none: the query only; parallel: with its translations, if the data has them. Default both."),
    ] = None,
    languages: Annotated[
        str | None, typer.Option(metavar="TAGS", help="Only documents and queries in these, e.g. en,hi.")
    ] = None,
    limit: Annotated[
        int | None, typer.Option(min=1, help="Ask so many questions, drawn at random; the pool stays whole.")
    ] = None,
    depth: Annotated[int, typer.Option(min=100, help="Documents looked at in each ranking.")] = 100,
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Write retrieval.json, .csv, .md, .png and .svg there.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Measure retrieval on a published collection, in a knowledge base made for it and thrown away."""
    from clara.config import load_settings
    from clara.evaluation import load_collection, load_extra, make_folder, measure_retrieval, write_report
    from clara.evaluation.retrieval.systems import SYSTEMS
    from clara.languages import canonical

    if out is not None:
        load_extra("matplotlib")
        make_folder(out)
    collection = load_collection(data)
    if languages is not None:
        collection = collection.only({canonical(tag) for tag in _listed(languages)})
    if limit is not None:
        collection = collection.sample(limit, seed=0)
    with _progress() as progress:
        results = measure_retrieval(
            collection,
            systems=SYSTEMS if systems is None else _listed(systems),
            variants=None if variants is None else _listed(variants),
            depth=depth,
            workers=min(os.cpu_count() or 1, 1 + len(collection.queries) // _QUERIES_PER_WORKER),
            settings=load_settings(),
            progress=progress,
        )
    written = write_report(results, out) if out is not None else []
    if as_json:
        sys.stdout.write(json.dumps(results.to_dict(), ensure_ascii=False, indent=2) + "\n")
        return
    _show(results, written)


def _show(results: Results, written: Sequence[Path]) -> None:
    from rich.console import Console

    from clara.cli.render import plain
    from clara.evaluation import describe, to_tables

    console = Console(highlight=False)
    console.print(plain(describe(results)))
    for table in to_tables(results):
        console.print(table)
    console.print("Shares in per cent, ranks as they are; averages over the languages of the queries.", style="dim")
    ranked = len(results.systems) * sum(results.queries.values())
    console.print(f"pool built in {results.build_s:.1f} s, {ranked} rankings in {results.rank_s:.1f} s", style="dim")
    for path in written:
        console.print("wrote", plain(str(path)), soft_wrap=True)


def _listed(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


@contextmanager
def _progress() -> Iterator[Callable[[str, int, int], None]]:
    """Show a bar per step on standard error, where that is a terminal."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    console = Console(stderr=True)
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bars:
        steps = {}

        def show(step: str, done: int, total: int) -> None:
            if step not in steps:
                steps[step] = bars.add_task(step, total=total)
            bars.update(steps[step], completed=done)

        yield show
