"""The page's own words: whole in every language, and none that nothing says."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import get_args

import pytest

from clara.languages import SUPPORTED, detect
from clara.methods import METHODS
from clara.server import page
from clara.server.schemas import ClaraExtension
from clara.types import CitationState, VerdictState

FOLDER = Path(page.__file__).parent
WORDS = {path.stem: json.loads(path.read_text("utf-8")) for path in sorted((FOLDER / "words").glob("*.json"))}
ROUTES = ("native", "native_closed", "english", "evidence", "second", "glossary")


def test_the_page_speaks_every_language_that_clara_does_and_one_from_right_to_left() -> None:
    assert set(WORDS) == {*SUPPORTED, "ar"}
    named = re.search(r"const NAMES = \{(.+?)\};", (FOLDER / "words.js").read_text("utf-8"), re.DOTALL)
    assert named and set(re.findall(r'"?([\w-]+)"?: "', named[1])) == set(WORDS)


@pytest.mark.parametrize("language", WORDS)
def test_no_word_is_missing_left_over_or_in_another_language(language: str) -> None:
    own, english = WORDS[language], WORDS["en"]
    assert list(own) == list(english)
    for key, said in own.items():
        assert said.strip() == said and said
        assert re.findall(r"\{\w+\}", said) == re.findall(r"\{\w+\}", english[key]), key
    assert len(set(own.values())) == len(own)
    longer = " ".join(said for said in own.values() if len(said) > 40)
    assert detect(longer).language == language


def test_every_word_is_said_somewhere() -> None:
    texts = [path.read_text("utf-8") for path in FOLDER.iterdir() if path.suffix in (".js", ".html")]
    said = {key for text in texts for key in re.findall(r'(?:word\(|data-word=|["?:] |key: )"([a-z][\w-]*)"', text)}
    said |= {
        key for text in texts for key in re.findall(r'"(step_\w+|match|confidence|no_answer|ready|stopped)"', text)
    }
    policies = get_args(get_args(ClaraExtension.model_fields["policy"].annotation)[0])
    said |= {f"policy_{name}" for name in policies} | {f"method_{name}" for name in METHODS}
    said |= {f"verdict_{state}" for state in get_args(VerdictState)} | {f"route_{name}" for name in ROUTES}
    said |= {f"quote_{state}" for state in get_args(CitationState)} | {"error_unreachable", "error_cut_off"}
    assert set(WORDS["en"]) <= said
    literal = {key for text in texts for key in re.findall(r'(?:\bword\(|data-word=)"([\w-]+)"', text)}
    assert literal <= set(WORDS["en"])
