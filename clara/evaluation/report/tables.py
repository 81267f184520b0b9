"""A table that is written once and shown as text, HTML, CSV, Markdown and LaTeX alike."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from clara.languages import english_name
from clara.text import clean

if TYPE_CHECKING:
    from rich.table import Table as RichTable

MISSING = "–"
"""What stands where nothing was measured."""

_LATEX = str.maketrans(
    {"&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_", "{": r"\{", "}": r"\}"}
    | {"~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "\\": r"\textbackslash{}", "<": r"\textless{}"}
    | {">": r"\textgreater{}", MISSING: "--"}
)
# CommonMark: a backslash before any of these makes it a plain character.
_MARKDOWN = re.compile(r"([\\`*_{}\[\]<>#|~&])")
# A spreadsheet takes a cell that begins so for a formula (OWASP, CSV injection).
_FORMULA = re.compile(r"[=+\-@\t\r]")


@dataclass(frozen=True, slots=True)
class Estimate:
    """A value with the bounds of its 95% interval; None where there is none."""

    value: float | None
    low: float | None
    high: float | None


Value = str | float | Estimate | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """How a column is headed and its values are shown. text: words, ranged left. p: values of p. tag: of languages,
    named on pages."""

    head: str
    digits: int = 1
    signed: bool = False
    p: bool = False
    text: bool = False
    tag: bool = False

    def show(self, value: Value) -> str:
        """Return a value in words of one line."""
        if isinstance(value, Estimate):
            low, high = value.low, value.high
            if low is None or high is None:
                return self.show(value.value)
            return f"{self.show(value.value)} [{number(low, digits=self.digits)}, {number(high, digits=self.digits)}]"
        if isinstance(value, str) and value and self.tag:
            return f"{english_name(value)} ({value})"
        if value is None or isinstance(value, str):
            return " ".join(clean(value).split()) if value else MISSING
        return p_value(value) if self.p else number(value, digits=self.digits, signed=self.signed)


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Rows under columns. name: of its file. headers: how many columns, from the left, say what a row is."""

    name: str
    caption: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Value, ...], ...]
    headers: int = 1

    def measured(self) -> tuple[Table, tuple[str, ...]]:
        """Return the table without columns that hold nothing, and what these are called."""
        empty = [
            column for column in range(self.headers, len(self.columns)) if not any(map(_known, self.column(column)))
        ]
        kept = [column for column in range(len(self.columns)) if column not in empty]
        rows = tuple(tuple(row[column] for column in kept) for row in self.rows)
        table = replace(self, columns=tuple(self.columns[column] for column in kept), rows=rows)
        return table, tuple(self.columns[column].head for column in empty)

    @property
    def known(self) -> bool:
        """Whether any value was measured."""
        return any(_known(value) for row in self.rows for value in row[self.headers :])

    def column(self, number: int) -> list[Value]:
        """Return one column's values."""
        return [row[number] for row in self.rows]

    def shown(self) -> list[list[str]]:
        """Return the rows as they are shown."""
        return [[column.show(value) for column, value in zip(self.columns, row, strict=True)] for row in self.rows]


def _known(value: Value) -> bool:
    return (value.value if isinstance(value, Estimate) else value) is not None


def number(value: float | None, *, digits: int = 1, signed: bool = False) -> str:
    """Return a number as it is shown; zero has no sign."""
    if value is None:
        return MISSING
    rounded = round(value, digits) + 0.0  # no minus before a zero
    return f"{rounded:+.{digits}f}" if signed and rounded else f"{rounded:.{digits}f}"


def p_value(value: float | None) -> str:
    """Return a p as it is shown, without the zero before the point."""
    return MISSING if value is None else "<.001" if value < 0.001 else f"{value:.3f}".removeprefix("0")


def estimate(found: Mapping[str, Any] | None, key: str = "value") -> Estimate | None:
    """Return a part of the results that holds a value and its `ci95`; None where it holds no value."""
    if not found or found.get(key) is None:
        return None
    low, high = found.get("ci95") or (None, None)
    return Estimate(found[key], low, high)


def to_csv(table: Table) -> str:
    """Return comma-separated values with every digit; an estimate takes three columns."""
    wide = [any(isinstance(value, Estimate) for value in table.column(i)) for i in range(len(table.columns))]

    def cells(row: Sequence[Value]) -> Iterator[Any]:
        for value, is_wide in zip(row, wide, strict=True):
            if isinstance(value, Estimate):
                yield from (value.value, value.low, value.high)
            elif is_wide:
                yield from (value, None, None)
            else:
                yield safe_text(value) if isinstance(value, str) else value

    head: list[str] = []
    for column, is_wide in zip(table.columns, wide, strict=True):
        name = safe_text(column.head)
        head += [name, f"{name} low", f"{name} high"] if is_wide else [name]
    out = io.StringIO()
    writer = csv.writer(out)  # lines end as RFC 4180 has it; with \n alone a \r inside a text would go unquoted
    writer.writerow(head)
    writer.writerows(list(cells(row)) for row in table.rows)
    return out.getvalue()


def safe_text(text: str) -> str:
    """Return text that no spreadsheet takes for a formula."""
    return f"'{text}" if _FORMULA.match(text) else text


def to_markdown(tables: Sequence[Table], title: str, lines: Sequence[str]) -> str:
    """Return a page with the tables."""
    parts = [f"# {_markdown(title)}", *(_markdown(line) for line in lines)]
    for table in tables:
        rule = ["---" if column.text else "--:" for column in table.columns]
        rows = [[_markdown(column.head) for column in table.columns], rule]
        for row in table.rows:
            cells = zip(table.columns, row, strict=True)
            rows.append([_markdown(c.show(v)) if isinstance(v, str) else c.show(v) for c, v in cells])
        parts += [f"## {_markdown(table.caption)}", "\n".join(f"| {' | '.join(row)} |" for row in rows)]
    return "\n\n".join(parts) + "\n"


def _markdown(text: str) -> str:
    return _MARKDOWN.sub(r"\\\1", " ".join(clean(text).split()))


def to_latex(tables: Sequence[Table]) -> str:
    """Return the tables as LaTeX `table` environments, for a document that loads `booktabs`."""
    parts = ["% \\usepackage{booktabs}; names in other scripts than Latin need XeLaTeX or LuaLaTeX"]
    for table in tables:
        rows = [[_latex(cell) for cell in row] for row in table.shown()]
        rows = [
            [f"{{}}{row[0]}", *row[1:]] if row[0].startswith("[") else row for row in rows
        ]  # or it would be an argument of \\
        head = " & ".join(_latex(column.head) for column in table.columns)
        parts.append(
            "\\begin{table}\n\\centering\n"
            f"\\caption{{{_latex(table.caption)}}}\n\\label{{tab:{table.name}}}\n"
            f"\\begin{{tabular}}{{{''.join('l' if column.text else 'r' for column in table.columns)}}}\n\\toprule\n"
            f"{head} \\\\\n\\midrule\n"
            + "".join(f"{' & '.join(row)} \\\\\n" for row in rows)
            + "\\bottomrule\n\\end{tabular}\n\\end{table}"
        )
    return "\n\n".join(parts) + "\n"


def _latex(text: str) -> str:
    return " ".join(clean(text).split()).translate(_LATEX)


def to_rich(table: Table) -> RichTable:
    """Return the table for a terminal; languages by their tags."""
    from rich import box
    from rich.table import Table as RichTable
    from rich.text import Text

    drawn = RichTable(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), title=Text(table.caption), title_justify="left")
    columns = [replace(column, tag=False) for column in table.columns]
    for column in columns:
        drawn.add_column(Text(clean(column.head)), overflow="fold")
    for row in table.rows:
        drawn.add_row(*(Text(column.show(value)) for column, value in zip(columns, row, strict=True)))
    return drawn
