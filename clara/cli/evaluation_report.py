"""`clara eval report` and `compare`: measurements as pages, pictures and tables."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer


def report(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="What run, score or replay wrote.")],
    questions: Annotated[
        int, typer.Option(min=1, help="How many questions the page shows at most; questions.csv has all.")
    ] = 100,
) -> None:
    """Write DIR/report.html, charts as PNG and SVG, tables as CSV, Markdown and LaTeX; show the main tables."""
    from clara.cli.base import show
    from clara.cli.evaluation import show_results
    from clara.evaluation.report import load, write_report
    from clara.evaluation.report.words import headline

    measured = load(folder)
    written = write_report(measured, questions=questions)
    show_results(measured.results)
    show(headline(measured.results), "bold")
    _show_written(written)


def compare(
    folders: Annotated[list[Path], typer.Argument(metavar="DIR", help="Runs on the same questions.")],
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Write compare.html, charts and tables there.")
    ] = None,
) -> None:
    """Show several runs side by side; each is compared with the first, method by method, question by question."""
    from clara.cli.base import print_rich, show
    from clara.evaluation.report import compare_runs, write_comparison
    from clara.evaluation.report.compare import compared_title, screen_tables
    from clara.evaluation.report.tables import to_rich
    from clara.evaluation.report.words import verdict_sentence

    results = compare_runs(folders)
    written = [] if out is None else write_comparison(results, out)
    show(compared_title(results), "bold")
    for found in results["comparisons"]:
        show(verdict_sentence(results, found))
    for table in screen_tables(results):
        print_rich(to_rich(table))
    _show_written(written)


def _show_written(paths: Sequence[Path]) -> None:
    from clara.cli.base import show

    if paths:
        show(f"wrote into {paths[0].parent}: {', '.join(path.name for path in paths)}")
