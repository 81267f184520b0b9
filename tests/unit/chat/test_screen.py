"""Nothing but text and CLARA's own colours reaches a terminal, and what was printed stays."""

from __future__ import annotations

import base64
import io
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from clara.chat.asking import Watcher, Words
from clara.chat.layout import Columns
from clara.chat.screen import Screen, set_rows
from clara.messages import Messages
from clara.resources import data_folder
from clara.types import Event

OWN = re.compile(r"\x1b\[[\d;]*m")
MOVES = re.compile(r"\x1b\[\d+G|\r\x1b\[2K")
HOSTILE = st.text(st.sampled_from("\x1b\x07\x08\x0c\r\n\u202e\u200f\x9b\x9d]0;[31mabc दवा药*_`#")) | st.text()


def make(*, plain: bool = False, columns: int = 60) -> tuple[Screen, io.StringIO]:
    out = io.StringIO()
    console = Console(file=out, force_terminal=not plain, width=columns, legacy_windows=False, color_system="standard")
    return Screen(console, plain=plain), out


@given(HOSTILE, st.booleans())
def test_whatever_a_text_holds_no_escape_of_its_own_gets_out(text: str, plain: bool) -> None:
    screen, out = make(plain=plain)
    reader = screen.markdown()
    reader.feed(text)
    reader.finish()
    screen.line(text, "note", lead="! ")
    screen.tell(text)
    screen.break_row()
    shown = MOVES.sub("", OWN.sub("", out.getvalue()))
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u200e\u200f]", shown)
    if plain:
        assert shown == out.getvalue()


def test_progress_is_wiped_before_text_and_never_drawn_into_a_row() -> None:
    screen, out = make()
    screen.tell("Working on the answer. 3 s")
    screen.tell("Evidence found.")
    screen.write("The eye")
    screen.tell("not now")
    screen.break_row()
    said = OWN.sub("", out.getvalue())
    assert said == "Working on the answer. 3 s\r\x1b[2KEvidence found.\r\x1b[2KThe eye\n"


def test_a_pipe_is_told_no_progress_and_has_no_rows() -> None:
    screen, out = make(plain=True, columns=20)
    screen.tell("Working on the answer.")
    screen.line("word " * 30)
    assert out.getvalue() == ("word " * 30).strip() + "\n" and not screen.to_clipboard(b"")


def test_columns_stand_upright_whatever_a_terminal_makes_of_widths() -> None:
    screen, out = make(columns=60)
    places = Columns.fitting(2, 59)
    assert places is not None
    screen.side_by_side([set_rows(text, places.size) for text in ("दवा लें " * 8, "eye " * 3)], places)
    rows = out.getvalue().splitlines()
    assert "\x1b[32G" in rows[0] and rows[0].endswith("eye eye eye") and "\x1b" not in rows[1]
    assert OWN.sub("", MOVES.sub("", rows[0])).index("eye") >= places.starts[1] - 8  # vowel signs are letters, too


def test_the_clipboard_gets_text_as_base64() -> None:
    screen, out = make()
    assert screen.to_clipboard(base64.b64encode("药".encode()))
    assert out.getvalue() == "\x1b]52;c;6I2v\x07"


@pytest.mark.parametrize(
    ("kind", "stage", "outcome", "told"),
    [
        ("call", "translate/question", "ok", "Pregunta traducida."),
        ("translated", "translate", "ok", "Pregunta traducida."),  # by a service, not a model
        ("evidence", "retrieve", None, "Evidencia encontrada."),
        ("call", "draft/direct", "ok", "Borrador escrito."),
        ("call", "verify/claims", "ok", "Afirmaciones comprobadas."),
        ("call", "write/repair", "ok", "Respuesta escrita."),
        ("call", "draft/free", "ModelTimeout", "Preparando la respuesta."),
        ("checked", "translate", None, "Preparando la respuesta."),
        ("call", "repair/json", "ok", "Preparando la respuesta."),
    ],
)
def test_what_has_been_done_is_told_in_the_language_of_the_question(
    kind: str, stage: str, outcome: str | None, told: str
) -> None:
    screen, out = make()
    watcher = Watcher(screen, Words(Messages(data_folder("prompts"))))
    watcher(Event(kind="started", stage="clara", at_s=0, data={"language": "es"}))
    watcher(Event(kind=kind, stage=stage, at_s=1, data={"outcome": outcome} if outcome else {}))
    assert OWN.sub("", MOVES.sub("\n", out.getvalue())).splitlines()[-1] == told
