"""What a terminal shows of a run under way."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from clara.evaluation.run.plan import Cell, Progress
from clara.text import clean

if TYPE_CHECKING:
    from rich.console import RenderableType

_EVERY_S = 30.0
_TALL = 24
"""Languages above which the table shows the methods' totals only."""


class Screen:
    """Drawn from the latest progress: answers made, accuracy so far, errors and cost by language and method; the rate,
    and the time left at that rate."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._began = self._said = clock()
        self._progress: Progress | None = None

    def update(self, progress: Progress) -> None:
        """Take note of the latest progress."""
        if self._progress is None:
            self._began = self._clock()
        self._progress = progress

    def line(self, progress: Progress) -> str:
        """Take note of the latest progress and return a line for a log; empty if the last one is not long ago."""
        self.update(progress)
        if self._clock() - self._said < _EVERY_S:
            return ""
        self._said = self._clock()
        return self.describe()

    def __rich__(self) -> RenderableType:
        from rich import box
        from rich.console import Group
        from rich.progress_bar import ProgressBar
        from rich.table import Table
        from rich.text import Text

        progress = self._progress
        if progress is None:
            return Text("loading")
        methods = list(dict.fromkeys(method for method, _ in progress.cells))
        languages = list(dict.fromkeys(language for _, language in progress.cells))
        table = Table("", *map(clean, methods), box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
        if len(languages) <= _TALL:
            for language in languages:
                cells = (progress.cells.get((method, language)) for method in methods)
                table.add_row(clean(language), *(describe_cell(cell) for cell in cells))
        totals = (_sum([cell for (name, _), cell in progress.cells.items() if name == method]) for method in methods)
        table.add_row("all", *(describe_cell(cell, money=True) for cell in totals))
        bar = ProgressBar(total=max(1, progress.total), completed=progress.done)
        return Group(table, bar, Text(self.describe()))

    def describe(self) -> str:
        """Return the line under the table."""
        progress = self._progress or Progress()
        rate = progress.asked / max(1e-9, self._clock() - self._began)
        left = progress.total - progress.done
        parts = [f"{progress.done} of {progress.total}"]
        if progress.asked:
            parts += [f"{rate:.1f} answers/s", f"{_duration(left / rate)} left"]
        if progress.errors:
            parts.append(f"{progress.errors} errors")
        return ", ".join([*parts, f"{progress.running} at once, at most {progress.limit}"])


def describe_cell(cell: Cell | None, *, money: bool = False) -> str:
    """Return how far a method is: done and planned, per cent right so far, errors, and what it cost."""
    if cell is None:
        return "-"
    said = f"{cell.done}/{cell.total}"
    if cell.accuracy is not None:
        said += f" {cell.accuracy:.0f}%"
    if cell.errors:
        said += f" {cell.errors} err"
    return f"{said} cost {cell.cost:.4g}" if money and cell.cost else said


def _sum(cells: list[Cell]) -> Cell:
    costs = [cell.cost for cell in cells if cell.cost is not None]
    return Cell(
        total=sum(cell.total for cell in cells), done=sum(cell.done for cell in cells),
        known=sum(cell.known for cell in cells), right=sum(cell.right for cell in cells),
        errors=sum(cell.errors for cell in cells), cost=sum(costs) if len(costs) == len(cells) else None,
    )  # fmt: skip


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
