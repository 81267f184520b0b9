"""What an application may ask for beside its messages, in the names of the OpenAI API."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from clara.config import BudgetSettings, Settings
from clara.errors import InputError
from clara.languages import canonical
from clara.text import estimated_tokens, has_unspaced
from clara.types import Finish

_BEGUN = re.compile(r"[^\W_]+$")
_SAMPLING = ("temperature", "top_p", "seed")
_OF_THE_CALL = (*_SAMPLING, "tools", "tool_choice", "parallel_tool_calls", "response_format", "stop", "max_tokens")


class ChatOptions(BaseModel):
    """Options of one `achat`. What is left out is as the engine's settings say.

    The last five override settings, for this request alone; of a budget the tighter limit counts.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    tools: tuple[dict[str, Any], ...] = Field((), description="for the model; their calls are the application's to run")
    tool_choice: str | dict[str, Any] | None = None
    parallel_tool_calls: bool | None = None
    response_format: dict[str, Any] | None = Field(None, description="text, json_object or json_schema")
    stop: str | tuple[str, ...] | None = Field(None, description="the answer ends before the first of these")
    temperature: float | None = Field(None, ge=0, le=2)
    top_p: float | None = Field(None, ge=0, le=1)
    seed: int | None = None
    max_tokens: int | None = Field(None, ge=1, description="of the answer as it is shown")
    language: str = Field("auto", description="of the last message, and so of the answer")
    answer_in: str | None = Field(None, description="the language to answer in, whatever the message's own")
    sample: str = Field("", description="tells answers apart that must not share kept replies")
    observers: tuple[Callable[..., None], ...] = Field((), description="called with every Event of the answer")

    method: str | None = None
    country: str | None = None
    languages: tuple[str, ...] | None = Field(None, description="of method vote, beside the asker's own")
    policy: Literal["universal", "local-first", "show-both"] | None = None
    budget: BudgetSettings | None = Field(None, description="limits that are not named are the settings' own")

    @classmethod
    def read(cls, options: Mapping[str, Any]) -> ChatOptions:
        """Check the options. Raises InputError in one line."""
        try:
            return cls.model_validate(options)
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            where = ".".join(str(part) for part in first["loc"])
            said = "no such option" if first["type"] == "extra_forbidden" else first["msg"].lower()
            raise InputError(f"option {where}: {said}") from None

    @property
    def sampling(self) -> dict[str, Any]:
        """What every call of the answer is made with."""
        return self._given(_SAMPLING)

    @property
    def of_the_call(self) -> dict[str, Any]:
        """What the application's own call is made with."""
        given = self._given(_OF_THE_CALL)
        return given | {name: list(given[name]) for name in ("tools", "stop") if isinstance(given.get(name), tuple)}

    def _given(self, names: Sequence[str]) -> dict[str, Any]:
        return {name: value for name in names if (value := getattr(self, name)) not in (None, ())}

    def settings(self, base: Settings) -> Settings:
        """Return a copy of the engine's settings with what this request overrides. Raises InputError."""
        update: dict[str, Any] = {"policy": self.policy or base.policy}
        if self.languages is not None:
            update["vote_languages"] = tuple(canonical(language) for language in self.languages)
        if self.budget is not None:
            asked = {name: getattr(self.budget, name) for name in self.budget.model_fields_set}
            limits = {name: _tighter(getattr(base.budget, name), value) for name, value in asked.items()}
            update["budget"] = base.budget.model_copy(update=limits)
            if limits.get("cost") is not None and not base.prices:
                raise InputError("a budget of money needs prices, which are not set; limit calls or tokens instead")
        return base.model_copy(update=update)

    def shorten(self, text: str) -> tuple[str, Finish]:
        """Return the text up to the first stop word and within the limit of tokens, and why it ends."""
        stops = (self.stop,) if isinstance(self.stop, str) else self.stop or ()
        ends = [at for word in stops if word and (at := text.find(word)) >= 0]
        text = text[: min(ends)] if ends else text
        if self.max_tokens is None or estimated_tokens(text) <= self.max_tokens:
            return text, "stop"
        return _within(text, self.max_tokens), "length"


def _tighter(own: float | None, asked: float | None) -> float | None:
    return own if asked is None else asked if own is None else min(own, asked)


def _within(text: str, tokens: int) -> str:
    """Return the longest beginning of a text that has at most so many tokens, whole words where it holds several."""
    low, high = 0, len(text)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if estimated_tokens(text[:middle]) <= tokens else (low, middle - 1)
    begun = _BEGUN.search(text[:low])
    cuts_a_word = (
        begun is not None and begun.start() > 0 and text[low : low + 1].isalnum() and not has_unspaced(begun[0])
    )
    return text[: begun.start() if begun and cuts_a_word else low].rstrip()
