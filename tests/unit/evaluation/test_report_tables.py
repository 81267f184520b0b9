"""Tables of a report: one content in five forms, each safe in its own."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from rich.console import Console

from clara.evaluation.report.tables import (
    Column,
    Estimate,
    Table,
    Value,
    estimate,
    number,
    p_value,
    to_csv,
    to_latex,
    to_markdown,
    to_rich,
)


def table(*rows: tuple[Value, ...], headers: int = 1) -> Table:
    columns = (
        Column(head="method", text=True), Column(head="in", text=True, tag=True), Column(head="gap", signed=True),
        Column(head="p", p=True), Column(head="cost", digits=4),
    )  # fmt: skip
    return Table(name="levels", caption="Levels & gaps", columns=columns, rows=rows, headers=headers)


SOUND = table(("direct", "hi", Estimate(6.04, 1.0, 10.96), 0.017, None), ("vote", "en", None, 0.0004, 0.00125))


def test_a_table_is_shown_with_rounded_numbers_and_named_languages() -> None:
    assert SOUND.shown() == [
        ["direct", "Hindi (hi)", "+6.0 [1.0, 11.0]", ".017", "–"],
        ["vote", "English (en)", "–", "<.001", "0.0013"],
    ]


@pytest.mark.parametrize(
    ("value", "signed", "shown"), [(0.04, True, "0.0"), (-0.04, True, "0.0"), (1.25, True, "+1.2"), (None, True, "–")]
)
def test_zero_has_no_sign(value: float | None, signed: bool, shown: str) -> None:
    assert number(value, signed=signed) == shown


def test_a_p_has_no_zero_before_its_point() -> None:
    assert [p_value(p) for p in (0.05, 1.0, 0.00001, None)] == [".050", "1.000", "<.001", "–"]


def test_an_estimate_without_bounds_is_its_value_alone() -> None:
    assert estimate({"value": 2.0, "ci95": [None, None]}) == Estimate(2.0, None, None)
    assert Column(head="gap").show(Estimate(2.0, None, None)) == "2.0"
    assert estimate({"value": None, "ci95": [None, None]}) is None and estimate(None) is None


def test_csv_keeps_every_digit_and_gives_an_interval_columns_of_its_own() -> None:
    rows = list(csv.DictReader(io.StringIO(to_csv(SOUND))))
    assert rows[0] == {
        "method": "direct", "in": "hi", "gap": "6.04", "gap low": "1.0", "gap high": "10.96", "p": "0.017", "cost": ""
    }  # fmt: skip
    assert (rows[1]["gap"], rows[1]["gap low"], rows[1]["cost"]) == ("", "", "0.00125")


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1"])
def test_no_text_is_a_formula_in_a_spreadsheet(text: str) -> None:
    cell = next(csv.DictReader(io.StringIO(to_csv(table((text, "hi", 1.0, 1.0, 1.0))))))["method"]
    assert cell == f"'{text}"


def test_columns_without_a_value_are_left_out_and_named() -> None:
    kept, dropped = table(("direct", "hi", 1.0, None, None), ("vote", "en", None, None, None), headers=2).measured()
    assert [column.head for column in kept.columns] == ["method", "in", "gap"] and dropped == ("p", "cost")
    assert kept.rows == (("direct", "hi", 1.0), ("vote", "en", None)) and kept.known
    assert not table(("direct", "hi", None, None, None), headers=2).known


def test_markdown_takes_no_markup_from_names() -> None:
    hostile = table(("a|b <img> [x](javascript:y) *c*\nd", "hi", 1.0, 1.0, 1.0))
    page = to_markdown([hostile], "T_1", ["one"])
    row = page.splitlines()[-1]
    assert row.startswith(r"| a\|b \<img\> \[x\](javascript:y) \*c\* d | Hindi (hi) | +1.0 |")
    assert page.startswith(
        "# T\\_1\n\none\n\n## Levels \\& gaps\n\n| method | in | gap | p | cost |\n| --- | --- | --:"
    )


def test_latex_is_a_table_of_booktabs_with_its_signs_escaped() -> None:
    found = to_latex([table(("a_b & 50% $x$ {y} \\input{z}", "hi", Estimate(1, 0, 2), 1.0, None))])
    row = next(line for line in found.splitlines() if line.startswith("a"))
    assert row == (
        r"a\_b \& 50\% \$x\$ \{y\} \textbackslash{}input\{z\} & Hindi (hi) & +1.0 [0.0, 2.0] & 1.000 & -- \\"
    )
    assert found.count("\\begin{table}") == found.count("\\end{table}") == 1 and "\\begin{tabular}{llrrr}" in found
    assert "\n{}[x] &" in to_latex([table(("[x]", "hi", 1.0, 1.0, 1.0))])


def test_a_terminal_shows_tags_and_obeys_no_markup() -> None:
    console = Console(width=80, file=io.StringIO(), record=True)
    console.print(to_rich(table(("[red]x[/red]\x1b[31m", "hi", 1.0, 1.0, 1.0))))
    shown = console.export_text()
    assert "[red]x[/red][31m" in shown and "hi" in shown and "Hindi" not in shown and "\x1b" not in shown


@given(st.text(), st.text())
def test_any_names_keep_a_markdown_table_in_shape(first: str, second: str) -> None:
    columns = (Column(head="a", text=True), Column(head="b", text=True))
    lines = to_markdown([Table(name="t", caption="c", columns=columns, rows=((first, second),))], "t", []).split("\n")
    row = lines[-2]
    assert row.startswith("| ") and row.endswith(" |")
    bare = row.replace("\\\\", "").replace("\\|", "")
    assert bare.count("|") == 3


@given(st.text(max_size=40))
@example("0\r")
def test_csv_gives_any_text_back(text: str) -> None:
    rows = list(csv.reader(io.StringIO(to_csv(table((text, "hi", 1.0, 1.0, 1.0))), newline="")))
    assert len(rows) == 2 and rows[1][0].removeprefix("'") == text.removeprefix("'")
