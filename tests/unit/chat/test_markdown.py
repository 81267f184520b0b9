"""Markdown as it arrives, and the rows it is set in: nothing that was printed changes, and no row is too wide."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clara.chat.layout import Columns, Flow, Rows, atoms, crop, filled_to, width
from clara.chat.markdown import Markdown
from clara.chat.screen import set_rows
from tests.written import WRITTEN

SAID = [text for written in WRITTEN.values() for text in written.values()]
PIECES = st.sampled_from(
    ["**", "*", "`", "_", "[1]", "[a](http://b.c)", "\n", "\n\n", "- ", "# ", "1. ", "> ", "| a | b |\n", "```\n", " ",
     "दवा", "药水", "eye", "...", "\\", "~~~", "5 * 3", "snake_case", "。", "[", "](", "!", "&#27;"]
)  # fmt: skip
# What a stream is never cut inside of: it comes sentence by sentence.
WHOLE = st.sampled_from(
    [
        *SAID[:12],
        " **bold words**",
        " `x = 1`",
        " [a](http://b.c)",
        " [1]",
        "\n",
        "\n\n",
        "\n- ",
        "\n1. ",
        "\n# ",
        " eye",
        "。",
    ]
)


def plain(text: str, columns: int | None) -> list[str]:
    return ["".join(piece for piece, _ in row) for row in set_rows(text, columns)]


def styled(text: str) -> list[list[tuple[str, str]]]:
    return set_rows(text, None)


def test_blocks_are_set_by_hand_counted_rows() -> None:
    text = "# Dose\nTake it **twice a day** for a week.\n\n- with `water`\n- not with milk, which binds it\n10. ten"
    assert plain(text, 20) == [
        "Dose",
        "Take it twice a day",
        "for a week.",
        "",
        "- with water",
        "- not with milk,",
        "  which binds it",
        "10. ten",
    ]
    assert styled("**a b** _c_ `d` [e](http://f)") == [
        [("a", "bold"), (" ", ""), ("b", "bold"), (" ", ""), ("c", "italic"), (" ", ""), ("d", "code"), (" ", ""),
         ("e", ""), (" ", ""), ("(http://f)", "link")]
    ]  # fmt: skip


@pytest.mark.parametrize(
    "text",
    ["5 * 3 = 15 * 1", "snake_case_name", "2 ** 3", "a * b", "unclosed [bracket", "an ** open end", "#hash", "1.5 mg",
     "-5 dioptres", "a_b and c_d"],
)  # fmt: skip
def test_what_is_no_markdown_stands_as_written(text: str) -> None:
    assert plain(text, None) == [text]


def test_a_line_of_chinese_breaks_between_letters_and_keeps_marks_with_their_letter() -> None:
    assert plain("没有医生处方，不要使用激素类眼药水。", 12) == ["没有医生处", "方，不要使用", "激素类眼药", "水。"]
    assert styled("请**立即就医。**谢谢")[0][1:] == [
        ("立", "bold"), ("即", "bold"), ("就", "bold"), ("医。", "bold"), ("谢", ""), ("谢", "")
    ]  # fmt: skip


def test_tables_are_columns_where_they_fit_and_lines_where_not() -> None:
    table = "| drug | dose |\n|:--|--:|\n| timolol | 0.5% |\n| acetazolamide | 250 mg |\n\nend"
    assert plain(table, 40) == ["drug           dose  ", "timolol        0.5%  ", "acetazolamide  250 mg", "", "end"]
    assert plain(table, 14)[:3] == ["drug: timolol", "dose: 0.5%", "drug:"]


def test_further_lines_of_an_item_stand_under_it() -> None:
    text = "1. **Dose**\n   Two drops a day.\n   - with water\nend"
    assert plain(text, 40) == ["1. Dose", "   Two drops a day.", "   - with water", "end"]


def test_an_address_longer_than_a_row_is_the_terminal_s_to_break() -> None:
    address = "https://www.nhs.uk/conditions/glaucoma/"
    for wraps, rows in (
        (True, ["see the", address, "for more"]),
        (False, ["see the", address[:20], f"{address[20:]}", "for more"]),
    ):
        collected = Rows()
        flow = Flow(collected, 20, wraps=wraps)
        flow.begin()
        flow.put(f"see the {address} for more")
        flow.end()
        assert ["".join(text for text, _ in row).rstrip() for row in collected.done()] == rows


def test_code_keeps_its_spaces() -> None:
    assert plain("```py\nif x:\n    y  = 1\n```\nend", 40) == ["  if x:", "      y  = 1", "end"]


@given(st.lists(PIECES, max_size=25), st.integers(20, 90))
def test_no_row_is_wider_than_it_may_be(pieces: list[str], columns: int) -> None:
    assert all(filled_to(row) <= columns for row in set_rows("".join(pieces), columns))


@given(st.lists(st.sampled_from(SAID), min_size=1, max_size=5), st.integers(20, 90))
def test_every_word_is_whole_in_some_row_and_in_order(sentences: list[str], columns: int) -> None:
    rows = plain("\n".join(f"- {sentence}" for sentence in sentences), columns)
    marked = [atom for sentence in sentences for atom, _ in atoms(sentence)]
    found = [atom for row in rows for atom, _ in atoms(row.strip().removeprefix("- "))]
    assert found == marked


@given(st.lists(WHOLE, max_size=12))
def test_however_it_is_cut_up_the_same_letters_are_printed(pieces: list[str]) -> None:
    collected = Rows()
    reader = Markdown(Flow(collected, None), None)
    for piece in pieces:
        reader.feed(piece)
    reader.finish()
    assert _letters(collected.done()) == _letters(set_rows("".join(pieces), None))


def _letters(rows: list[list[tuple[str, str]]]) -> str:
    return "".join("".join(piece for piece, _ in row) for row in rows).replace(" ", "")


@given(st.lists(st.sampled_from(SAID), min_size=1, max_size=6), st.integers(24, 90))
def test_sentence_by_sentence_the_rows_are_those_of_the_whole(sentences: list[str], columns: int) -> None:
    pieces = [sentences[0], *(f"\n- {sentence} [1]" for sentence in sentences[1:])]
    collected = Rows()
    reader = Markdown(Flow(collected, columns), columns)
    printed: list[str] = []
    for piece in pieces:
        reader.feed(piece)
        now = "\n".join("".join(text for text, _ in row) for row in collected.rows)
        assert now.startswith("".join(printed[-1:]))  # only ever added to
        printed.append(now)
    reader.finish()
    assert collected.done() == set_rows("".join(pieces), columns)


def test_a_width_is_the_most_that_a_terminal_makes_of_it() -> None:
    assert (width("eye"), width("白内障"), width("दवा"), width("मोतियाबिंद"), width("é")) == (3, 6, 3, 9, 1)
    for character in "ािीोौं":
        assert width(character) == (unicodedata.category(character) == "Mc")
    assert crop("白内障手术", 7) == "白内障…" and crop("eye", 7) == "eye"


def test_columns_are_shared_out_or_refused() -> None:
    assert Columns.fitting(2, 79) == Columns((0, 41), 38)
    assert Columns.fitting(3, 78) == Columns((0, 27, 54), 24)
    assert Columns.fitting(3, 39) is None and Columns.fitting(2, None) is None and Columns.fitting(1, 200) is None
