"""Writing a report's files."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from clara.errors import ConfigError
from clara.evaluation.report.charts import Chart
from clara.evaluation.report.figures import FIGURES
from clara.evaluation.report.tables import Table, to_csv, to_latex, to_markdown

_PAGE = 60  # rows


@contextmanager
def writing(folder: Path) -> Iterator[None]:
    """Make the folder if need be. Raises ConfigError where it cannot be written into."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        yield
    except OSError as error:
        raise ConfigError(f"cannot write into {folder}: {error.strerror or error}") from None


def write_text(path: Path, text: str) -> Path:
    """Write a file and return its path. Raises OSError."""
    path.write_text(text, encoding="utf-8", newline="")
    return path


def write_charts(charts: Sequence[Chart], folder: Path) -> list[Path]:
    """Write each chart as PNG and SVG; what an earlier report drew and this one has no numbers for is deleted, since
    it would mislead. Raises OSError."""
    for figure in FIGURES:
        for ending in (".png", ".svg"):
            (folder / f"{figure.name}{ending}").unlink(missing_ok=True)
    return [path for chart in charts for path in chart.write(folder)]


def write_tables(name: str, tables: Sequence[Table], folder: Path, title: str, lines: Sequence[str]) -> list[Path]:
    """Write NAME.md and NAME.tex with the tables that a page has room for, and a CSV file for each that holds
    something; those of an earlier report that hold nothing now are deleted. Raises OSError."""
    for table in tables:
        (folder / f"{table.name}.csv").unlink(missing_ok=True)
    known = [table.measured()[0] for table in tables if table.known]
    short = [table for table in known if len(table.rows) <= _PAGE]
    paths = [
        write_text(folder / f"{name}.md", to_markdown(short, title, lines)),
        write_text(folder / f"{name}.tex", to_latex(short)),
    ]
    return paths + [write_text(folder / f"{table.name}.csv", to_csv(table)) for table in known]
