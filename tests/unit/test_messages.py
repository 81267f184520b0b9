"""What CLARA itself says: every message in every language it speaks, in that language's script."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from string import Formatter

import pytest

from clara.errors import ResourceError
from clara.languages import SUPPORTED, canonical, is_written_in, script, usual_script
from clara.messages import Messages
from clara.resources import data_folder
from tests.conftest import ROOT

FOLDER = data_folder("prompts")
TABLE: dict[str, dict[str, str]] = tomllib.loads((FOLDER / "messages.toml").read_text(encoding="utf-8"))
SPOKEN = (*SUPPORTED, "hi-Latn", "zh-Hant", "ar")


@pytest.mark.parametrize("key", TABLE)
def test_each_message_is_said_in_every_spoken_language(key: str) -> None:
    assert set(TABLE[key]) == set(SPOKEN)
    texts = list(TABLE[key].values())
    assert all(text == text.strip() and text for text in texts)
    assert len(set(texts)) == len(texts)


def places(text: str) -> set[str]:
    """Return the names of the values that a message needs."""
    return {name for _, name, _, _ in Formatter().parse(text) if name}


@pytest.mark.parametrize("key", TABLE)
def test_each_message_needs_the_same_values_in_every_language(key: str) -> None:
    assert len({frozenset(places(text)) for text in TABLE[key].values()}) == 1


def test_values_are_put_in_as_they_are_and_none_may_be_missing() -> None:
    messages = Messages(FOLDER)
    assert messages.say("decided_votes", "hi", option="{x}", votes=2, count=3) == "{x} को 3 में से 2 मत मिले।"
    with pytest.raises(KeyError):
        messages.say("decided_votes", "hi", option="A")


@pytest.mark.parametrize("language", SPOKEN)
@pytest.mark.parametrize("key", TABLE)
def test_each_message_is_written_in_its_language(key: str, language: str) -> None:
    said = Messages(FOLDER).say(key, language, **dict.fromkeys(places(TABLE[key]["en"]), "1"))
    assert canonical(language) == language and is_written_in(said, language)
    assert script(said) == ("Latn" if language.endswith("-Latn") else usual_script(language))


@pytest.mark.parametrize("key", TABLE)
def test_messages_end_alike_in_every_language(key: str) -> None:
    ends = {
        "colon" if re.search("[:：]$", text) else "stop" if re.search("[.。।]$", text) else text
        for text in TABLE[key].values()
    }
    assert ends in ({"colon"}, {"stop"})


def test_english_stands_in_for_a_language_not_listed() -> None:
    messages = Messages(FOLDER)
    for language in ("sw", "und", "ja"):
        assert messages.say("closest", language) == TABLE["closest"]["en"]


def test_every_message_is_used_and_every_used_one_exists() -> None:
    code = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "clara").rglob("*.py"))
    said = set(re.findall(r"\.say\(\s*[\"'](\w+)[\"']", code))
    named = set(re.findall(r'"((?:abstain|stage|decided|reason)_\w+)"', code)) - {"abstain_below"}  # a setting
    assert said | named == set(TABLE)


def test_an_unknown_message_is_a_slip_in_the_code() -> None:
    with pytest.raises(KeyError):
        Messages(FOLDER).say("nope", "en")


@pytest.mark.parametrize("content", [None, b"[closest", b'[closest]\nen = "\xff"'])
def test_a_missing_or_broken_catalogue_is_named(content: bytes | None, tmp_path: Path) -> None:
    if content is not None:
        (tmp_path / "messages.toml").write_bytes(content)
    with pytest.raises(ResourceError, match=r"cannot read .*messages\.toml"):
        Messages(tmp_path)
