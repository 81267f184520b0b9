"""Check and clean what was asked, before anything is spent on it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from clara import languages
from clara.choices import LETTERS, label_options
from clara.engine.answer_language import settle_languages, without_wish
from clara.errors import InputError
from clara.text import clean, fold
from clara.types import Option, Question, Turn

Options = Mapping[str, str] | Sequence[str] | Sequence[Option]
_MAX_CHARACTERS = 20_000
_MAX_LABEL = 60


def make_question(
    text: str,
    *,
    options: Options | None = None,
    language: str = "auto",
    country: str | None = None,
    history: Sequence[Turn] = (),
    instructions: str = "",
    attachments: Sequence[Mapping[str, Any]] = (),
    answer_in: str | None = None,
) -> Question:
    """Check and clean what was asked. Raises InputError in one line that says what to do.

    language: of the question, and so of the answer. With "auto" it is found out, a short question's from the history,
    and a language that was asked for in words is that of the answer.
    answer_in: the language to answer in, whatever was found out.
    """
    text = _checked_text(text, "the question")
    listed = _options(options)
    turns = tuple(replace(turn, text=_checked_text(turn.text, "an earlier message")) for turn in history)
    wished = None
    if language.strip().lower() == "auto":
        asked = [turn.text for turn in turns if turn.role == "user"]
        found, wished = settle_languages([*asked, text], instructions)
        text = without_wish(text)
        if found == languages.UNKNOWN and listed:
            found = languages.detect(" ".join([text, *(option.text for option in listed)])).language
    else:
        found = languages.canonical(language)
    if answer_in is not None:
        wished = languages.canonical(answer_in)
    place = _checked_text(country, "the country")[:_MAX_LABEL] if country else None
    return Question(
        text=text, language=found, options=listed, history=turns, country=place,
        answer_in=wished if wished != found else None,
        instructions=_checked_text(instructions, "the system message") if instructions else "",
        attachments=tuple(attachments),
    )  # fmt: skip


def _checked_text(text: str, what: str) -> str:
    if not isinstance(text, str):
        raise InputError(f"{what} is {type(text).__name__}, not text")
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        raise InputError(f"{what} is not valid UTF-8 text; check the encoding of your terminal or file") from None
    text = clean(text).strip()
    if not text:
        raise InputError(f"{what} is empty; write what you want to know")
    if len(text) > _MAX_CHARACTERS:
        raise InputError(f"{what} has {len(text)} characters; at most {_MAX_CHARACTERS} can be asked at once")
    return text


def _options(options: Options | None) -> tuple[Option, ...]:
    if not options:
        return ()
    if len(options) > len(LETTERS):
        raise InputError(f"{len(options)} options; at most {len(LETTERS)} can be told apart")
    if isinstance(options, Mapping):
        listed = [Option(id=clean(str(label)).strip()[:_MAX_LABEL], text=text) for label, text in options.items()]
    else:
        listed = label_options(options)
    if len(listed) == 1:
        raise InputError("one option is no choice; give at least two, or none for a free answer")
    listed = [Option(id=o.id, text=_checked_text(o.text, f"option {o.id}")) for o in listed]
    seen: dict[str, str] = {}
    for option in listed:
        if not option.id or option.id in {o.id for o in listed if o is not option}:
            raise InputError(f"two options are labelled {option.id!r}; labels must differ")
        if (key := fold(option.text)) in seen:
            raise InputError(f"options {seen[key]} and {option.id} are the same; remove one")
        seen[key] = option.id
    return tuple(listed)
