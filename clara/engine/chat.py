"""A conversation in, its next message out: around the engine's answer, what an application asked for about its form."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from clara.config import BudgetSettings
from clara.engine.answers import answer_of
from clara.engine.conversation import Message, read_conversation
from clara.engine.forms import ChoiceForm, read_form
from clara.engine.questions import make_question
from clara.engine.request import ChatOptions
from clara.engine.structured import JsonForm, read_response_format, write_json
from clara.errors import ModelBadOutput
from clara.models import Completion
from clara.stages.state import Outcome, Run
from clara.text import estimated_tokens
from clara.trace import Observer, Trace
from clara.types import Event, Question, Reply


@dataclass(frozen=True, slots=True, kw_only=True)
class Chat:
    """What a conversation asks for. choice: the form of a choice that stands in the message's text."""

    question: Question
    options: ChatOptions
    choice: ChoiceForm | None = None
    json: JsonForm | None = None


def read_chat(messages: Sequence[Message], options: ChatOptions, country: str | None) -> Chat:
    """Read messages and options. Raises InputError."""
    said = read_conversation(messages)
    choice = read_form(said.text, said.instructions)
    question = make_question(
        choice.text if choice else said.text,
        options=choice.options if choice else None,
        language=options.language,
        country=options.country or country,
        history=said.history,
        instructions=said.instructions,
        attachments=said.attachments,
        answer_in=options.answer_in,
    )
    return Chat(question=question, options=options, choice=choice, json=read_response_format(options.response_format))


def open_trace(observers: Sequence[Observer], chat: Chat) -> Trace:
    """Return the record, whose observers see of the answer what stop words and limit leave of it."""
    limited = (chat.options.stop is not None or chat.options.max_tokens is not None) and chat.json is None
    return Trace([_Shortening(observer, chat.options) for observer in observers] if limited else observers)


def tool_calls_of(run: Run, completion: Completion) -> Reply:
    """Return the model's tool calls as they came, for the application to run."""
    run.trace.record("passed_through", "tools", calls=len(completion.tool_calls))
    return Reply(
        text=completion.text,
        finish_reason="tool_calls",
        tool_calls=tuple(completion.tool_calls),
        usage=run.meter.usage(),
    )


async def reply_of(run: Run, chat: Chat, answered: tuple[str, Outcome]) -> Reply:
    """Return the answer in the form that was asked for. Raises ModelBadOutput where it does not go into it."""
    outcome = answered[1]
    if chat.json is not None and outcome.abstained:
        # A JSON form has no place for "I do not know", and would be filled with a guess.
        answer = answer_of(run, answered, shown="")
        return Reply(text="", refusal=outcome.text, answer=answer, usage=answer.usage)
    if chat.json is not None:
        run.meter.limits = _beyond_the_answer(run.settings.budget)
        text = await write_json(run, chat.json, outcome)
        limit = chat.options.max_tokens
        if limit is not None and (needed := estimated_tokens(text)) > limit:
            raise ModelBadOutput(f"the JSON takes about {needed} tokens; set max_tokens higher than {limit}")
        answer = answer_of(run, answered, shown=text)
        return Reply(text=text, answer=answer, usage=answer.usage)
    filled = chat.choice.fill(outcome.choice) if chat.choice and outcome.choice is not None else None
    text = outcome.text if filled is None else filled
    answer = answer_of(run, answered, shown=text)
    text, finish = chat.options.shorten(text)
    return Reply(text=text, finish_reason=finish, answer=answer, usage=answer.usage)


def leave_room(limits: BudgetSettings) -> BudgetSettings:
    """Return limits of calls and rounds under which one of each is left to write a JSON form with.

    Limits that nobody set are those of the answer alone, and the form comes after it.
    """
    own = {name: getattr(limits, name) for name in ("calls", "rounds") if name in limits.model_fields_set}
    return limits.model_copy(update={name: max(1, value - 1) for name, value in own.items() if value is not None})


def _beyond_the_answer(limits: BudgetSettings) -> BudgetSettings:
    return limits.model_copy(update=dict.fromkeys({"calls", "rounds"} - limits.model_fields_set))


class _Shortening:
    """Shows an observer of the answer's sentences what the request's stop words and limit leave of them."""

    def __init__(self, observer: Observer, options: ChatOptions) -> None:
        self._observer, self._options = observer, options
        self._said = self._shown = ""

    def __call__(self, event: Event) -> None:
        if event.kind != "sentence":
            self._observer(event)
            return
        self._said += event.data["text"]
        left, _ = self._options.shorten(self._said)
        if more := left[len(self._shown) :]:
            self._shown = left
            self._observer(replace(event, data={**event.data, "text": more}))
