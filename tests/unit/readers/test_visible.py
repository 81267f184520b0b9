"""What is seen of a text: characters that show nothing are left out and counted; joiners inside words stay."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clara.knowledge.readers.visible import Blocks, gap, one_line, visible
from tests.unit.readers.texts import EVERY

TAGS = "".join(chr(0xE0000 + ord(letter)) for letter in "ignore")
SELECTORS = "".join(chr(0xE0100 + number) for number in range(5))


@EVERY
def test_what_people_write_loses_nothing(sentence: str) -> None:
    assert visible(sentence) == (sentence, 0)


@pytest.mark.parametrize(
    ("text", "kept", "hidden"),
    [
        ("red\u200b eye", "red eye", 1),
        ("\u202eeye\u202c red\u2066\u2069", "eye red", 4),
        (f"red{TAGS} eye", "red eye", 6),
        (f"red{SELECTORS} eye", "red eye", 5),
        ("re\u200dd", "red", 1),  # a joiner between Latin letters
        ("क्\u200dष और न\u200cहीं", "क्\u200dष और न\u200cहीं", 0),  # and where it is part of the spelling
        ("می\u200cشود", "می\u200cشود", 0),
        ("क\u200d\u200d\u200dष", "क\u200dष", 2),  # nobody writes several
        ("\ufeffred eye", "red eye", 0),
        ("red \ufeffeye", "red eye", 1),
        ("oph\u00adthal\u00admology", "ophthalmology", 0),
        ("one\r\ntwo\rthree\u2028four\x0cfive", "one\ntwo\nthree\nfour\nfive", 0),
        ("one\u2029two", "one\n\ntwo", 0),
        ("half \ud83d gone", "half \ufffd gone", 0),
        ("whole \ud83d\udc41 kept", "whole \U0001f441 kept", 0),
        ("a\x00b\x1b[0m", "ab[0m", 0),
    ],
)
def test_unseen_characters_are_left_out_and_counted(text: str, kept: str, hidden: int) -> None:
    assert visible(text) == (kept, hidden)


@given(st.text(st.characters(codec=None), max_size=200))
def test_what_is_left_can_be_stored_and_is_stable(text: str) -> None:
    kept, hidden = visible(text)
    assert visible(kept)[0] == kept and kept.encode("utf-8", "strict") is not None
    assert 0 <= hidden <= len(text)


def test_one_line_is_short_and_clean() -> None:
    assert one_line(" Dry\n\teye\u202e ") == "Dry eye"
    assert one_line(20260101) == "20260101" and len(one_line("x" * 9000)) == 500


@pytest.mark.parametrize(
    ("before", "after", "between"),
    [
        ("the optic", "nerve", " "),
        ("视神经", "损伤", ""),
        ("，", "眼", ""),
        ("使用 timolol", "滴眼液", ""),
        ("目薬を", "さす", ""),
        ("눈의", "압력", " "),
        ("आँख की", "नस", " "),
        ("العصب", "البصري", " "),
        ("ยา", "หยอดตา", ""),
        ("", "eye", ""),
        ("eye", "", ""),
    ],
)
def test_lines_are_joined_with_a_space_where_the_language_has_one(before: str, after: str, between: str) -> None:
    assert gap(before, after) == between


def test_blocks_become_markdown() -> None:
    blocks = Blocks()
    blocks.write("Before  any\t block. ")
    blocks.start("heading", 2)
    blocks.write("Dose\nand time")
    blocks.start("item")
    blocks.start("paragraph")  # the item's own
    blocks.write("once a day")
    blocks.start("item")
    blocks.write("at night")
    blocks.start("item")
    for row in (("drug", "dose"), ("timolol | gel", " 0.5% "), ("", "")):
        blocks.start_row()
        for cell in row:
            blocks.write(cell)
            blocks.end_cell()
        blocks.end_row()
    blocks.start("paragraph")
    blocks.write("# not a heading\u200b\n\n\n\nend")
    blocks.hidden += 2
    assert blocks.markdown() == (
        "Before any block.\n\n## Dose and time\n\n- once a day\n- at night\n\ndrug | dose\ntimolol / gel | 0.5%\n\n"
        "#\u00a0not a heading\n\nend",
        3,
    )
