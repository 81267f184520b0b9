"""Read a model's JSON reply: out of what stands round it, and forgiving what changes no meaning.

What is forgiven costs nothing; what is not costs a call that asks for the form again, and with it a round. So labels,
nulls, lists in place of one, words in another case and small faults of JSON are read as what they mean, and one item
that cannot be read is left out instead of the whole. Nothing is made up: what a length limit cut off is no reply.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Annotated, Any, TypeVar, get_args

from pydantic import BaseModel, BeforeValidator, OnErrorOmit, ValidationError, model_validator

from clara.errors import ModelBadOutput
from clara.text import clean
from clara.types import Locality

T = TypeVar("T")
Reply = TypeVar("Reply", bound=BaseModel)

THOUGHT_TAGS = ("think", "thinking", "thought", "reasoning")
"""What models that reason aloud put round it, where the server does not take it out."""
_TAGS = "|".join(THOUGHT_TAGS)
_THOUGHTS = re.compile(rf"<({_TAGS})>(?:(?!<(?:{_TAGS})>).)*?</\1>", re.DOTALL)
_BEFORE_END = re.compile(rf"\A.*</(?:{_TAGS})>", re.DOTALL)  # templates may write the opening tag themselves
_UNENDED = re.compile(rf"<(?:{_TAGS})>.*\Z", re.DOTALL)

_DECODER = json.JSONDecoder(strict=False)
_MOST_OBJECTS, _MOST_QUOTES = 20, 20
_ESCAPE = re.compile(r'\\(["\\/bfnrtu])?')
_TRAILING_COMMA = re.compile(r",(\s*[}\]])")
_KEY = re.compile(r"""['"]?\w+['"]?\s*:""")
_NUMBER = re.compile(r"\d+")
_DECIMAL = re.compile(r"\d+(?:[.,]\d+)?")
_LABEL = re.compile(r"\s*[(\[]?(\d{1,2}|[A-Z])[.)\]:]\s+(?=\S)")


def without_thoughts(text: str) -> str:
    """Return a reply without the reasoning that stands in tags; nothing is left of one that never gets past it."""
    text = _BEFORE_END.sub("", _THOUGHTS.sub("", text))
    return _UNENDED.sub("", text).strip()


def read_reply(reply_type: type[Reply], text: str) -> Reply:
    """Return the last JSON object in a reply that fits `reply_type`, which models that think aloud end with.

    Raises ModelBadOutput that says what is wrong.
    """
    text = without_thoughts(text)
    found: Reply | None = None
    wrong = ""
    for value in _objects(text):
        try:
            found = reply_type.model_validate(value)
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            wrong = f"field {'.'.join(map(str, first['loc']))}: {first['msg'].lower()}"
    if found is not None:
        return found
    raise ModelBadOutput(wrong or _why_not(text))


def _objects(text: str) -> Iterator[dict[str, Any]]:
    """Yield the whole JSON objects in a text, in order, and of one that is a mere wrapper what it holds."""
    at, tries = text.find("{"), 0
    while at >= 0 and tries < _MOST_OBJECTS:
        tries += 1
        try:
            value, text = _decoded(text[at:])
        except (ValueError, RecursionError):
            at = text.find("{", at + 1)
            continue
        yield value
        inner = next(iter(value.values())) if len(value) == 1 else None
        if isinstance(inner, dict):
            yield inner
        at = text.find("{")


def _decoded(text: str) -> tuple[dict[str, Any], str]:
    """Return the object that a text begins with, and what follows it. Raises ValueError where it is none.

    Mended are backslashes that begin no escape, as in LaTeX, commas before a closing bracket, and quotation marks
    inside a text that should have been escaped.
    """
    try:
        value, end = _DECODER.raw_decode(text)
        return value, text[end:]
    except json.JSONDecodeError:
        text = _TRAILING_COMMA.sub(r"\1", _ESCAPE.sub(lambda found: found[0] if found[1] else r"\\", text))
    for _ in range(_MOST_QUOTES):
        try:
            value, end = _DECODER.raw_decode(text)
            return value, text[end:]
        except json.JSONDecodeError as error:
            early = text.rfind('"', 0, error.pos)
            went_on = error.msg.startswith(("Expecting ',' delimiter", "Expecting property name", "Illegal trailing"))
            # Another key after it: the text has ended, and something else is wrong.
            if not went_on or early < 0 or _KEY.match(text, error.pos):
                raise
            text = f"{text[:early]}\\{text[early:]}"
    raise ValueError("too many quotation marks that are not escaped")


def _why_not(text: str) -> str:
    begun = text.find("{")
    if begun < 0 or "}" not in text[begun:]:
        return "the reply holds no JSON object"
    try:
        _DECODER.raw_decode(text[begun:])
    except (ValueError, RecursionError) as error:
        return f"the reply is not valid JSON: {str(error).splitlines()[0][:100]}"
    return "the reply holds too many JSON objects"


class JsonReply(BaseModel):
    """What a prompt asks for. A null says nothing: the field's default stands."""

    @model_validator(mode="before")
    @classmethod
    def _without_nulls(cls, value: Any) -> Any:
        return {key: held for key, held in value.items() if held is not None} if isinstance(value, dict) else value


def _words(value: Any) -> Any:
    """Accept a list, or fields, of texts for one text."""
    if isinstance(value, dict):
        value = [f"{key}: {_words(held)}" for key, held in value.items()]
    if isinstance(value, list):
        value = "; ".join(str(_words(held)) for held in value)
    return clean(value if isinstance(value, str) else str(value))


def _one(value: Any) -> Any:
    """Accept a list of one text for the text, and a number for its digits."""
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    return clean(str(value)) if isinstance(value, str | int) else value


def _number(value: Any) -> Any:
    """Accept the number of "[2]" or "passage 2"; 0, which numbers nothing, where there is none."""
    if isinstance(value, str):
        found = _NUMBER.search(value)
        return int(found[0][:6]) if found else 0
    return value


def _many(value: Any) -> Any:
    """Accept one item for a list of one."""
    return value if isinstance(value, list) else [value]


def _numbers(value: Any) -> Any:
    """Accept one number, or a text that lists some."""
    if isinstance(value, str):
        return [int(found[:6]) for found in _NUMBER.findall(value)]
    return [_number(item) for item in _many(value)]


def _texts(value: Any) -> Any:
    """Accept options as fields by label, or as objects; labels in order, which only repeat the prompt's, go."""
    if isinstance(value, dict):
        value = list(value.values())
    if not isinstance(value, list):
        return value
    texts = [_words(item.get("text") or list(item.values()) if isinstance(item, dict) else item) for item in value]
    labels = [found[1] if (found := _LABEL.match(text)) else "" for text in texts]
    if len(texts) > 1 and labels in (_labels("1", len(texts)), _labels("A", len(texts))):
        texts = [_LABEL.sub("", text, count=1) for text in texts]
    return [text.strip() for text in texts]


def _labels(first: str, count: int) -> list[str]:
    return [str(n) if first == "1" else chr(ord("A") + n - 1) for n in range(1, count + 1)]


def share(value: Any) -> float:
    """Return a stated confidence as a share within [0.01, 0.99]: percent, or a fraction as a share of one.

    What is no number ("high") is as good as nothing stated: 0.5.
    """
    if isinstance(value, str):
        found = _DECIMAL.search(value)
        value = float(found[0].replace(",", ".")) if found else None
    if not isinstance(value, int | float) or value != value:
        return 0.5
    return min(0.99, max(0.01, value if isinstance(value, float) and value <= 1 else value / 100))


def word(value: Any) -> Any:
    """Return a word of a fixed list as lists have it: "Not enough info." is `not_enough_info`."""
    return re.sub(r"[\s-]+", "_", value.strip(" .\"'*").casefold()) if isinstance(value, str) else value


def _locality(value: Any) -> Any:
    return word(value) if word(value) in get_args(Locality) else "none"


Words = Annotated[str, BeforeValidator(_words)]
Label = Annotated[str, BeforeValidator(_one)]
Number = Annotated[int, BeforeValidator(_number)]
Numbers = Annotated[list[OnErrorOmit[int]], BeforeValidator(_numbers)]
Texts = Annotated[list[str], BeforeValidator(_texts)]
StatedLocality = Annotated[Locality, BeforeValidator(_locality)]
Items = Annotated[list[OnErrorOmit[T]], BeforeValidator(_many)]
"""A list whose items may each fail: one that cannot be read is left out."""
