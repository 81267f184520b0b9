"""What is a command and what a question, whatever keyboard it was typed on."""

from __future__ import annotations

import pytest

from clara.chat.commands import COMMANDS, read_command


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("/lang hi", ("lang", "hi")),
        (" /LANG   es ", ("lang", "es")),
        ("／ｌａｎｇ　zh", ("lang", "zh")),  # full-width letters, and the wide space
        ("、help", ("help", "")),  # what the key of / gives with Chinese punctuation
        ("/save my notes.md", ("save", "my notes.md")),
        ("/compare\tes hi", ("compare", "es hi")),
        ("/", ("help", "")),
        ("/?", ("help", "")),
        ("/exit", ("quit", "")),
        ("Exit", ("quit", "")),
        ("help", ("help", "")),
        ("/halp me", ("halp", "me")),
    ],
)
def test_commands_are_read_as_people_type_them(typed: str, read: tuple[str, str]) -> None:
    assert read_command(typed) == read


@pytest.mark.parametrize("typed", ["help me, my eye hurts", "quit smoking?", "1/2 tablet?", "", "  ", "青光眼、白内障"])
def test_a_question_is_no_command(typed: str) -> None:
    assert read_command(typed) is None


def test_every_other_name_leads_to_a_command() -> None:
    for typed in ("/", "/?", "/exit", "exit", "quit", "help", "?"):
        read = read_command(typed)
        assert read is not None and read[0] in COMMANDS
