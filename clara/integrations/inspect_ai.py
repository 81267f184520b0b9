"""inspect_ai: CLARA as a model, `--model clara/openai:gpt-5`, and round any other model, `--solver clara/debias`."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from contextvars import copy_context
from typing import Any

from inspect_ai.model import (  # type: ignore[import-not-found]
    ChatMessage,
    GenerateConfig,
    Model,
    ModelAPI,
    ModelOutput,
    execute_tools,
    get_model,
    messages_from_openai,
    messages_to_openai,
    model_output_from_openai,
    modelapi,
)
from inspect_ai.solver import Generate, Solver, TaskState, solver  # type: ignore[import-not-found]
from inspect_ai.tool import ToolChoice, ToolDef, ToolFunction, ToolInfo  # type: ignore[import-not-found]
from inspect_ai.util import LimitExceededError  # type: ignore[import-not-found]

from clara.choices import LETTERS
from clara.config import load_settings
from clara.engine import ChatOptions, Clara
from clara.engine.conversation import read_conversation
from clara.errors import ConfigError
from clara.integrations.borrowed import BorrowingClara, check_options, lend
from clara.models import Call, Completion, Show
from clara.models.langchain import map_error
from clara.models.wire import wire_messages
from clara.openai_form import chat_completion, clara_object
from clara.types import Reply

_OPTIONS = ("method", "language", "languages", "country", "policy", "budget")
_SAMPLING = ("temperature", "top_p", "seed", "max_tokens", "parallel_tool_calls")


@modelapi(name="clara")
class ClaraAPI(ModelAPI):  # type: ignore[misc]
    """Answers samples with CLARA over the model that is named: `clara/openai:gpt-5`, or `clara/evidence` for none.

    model_args (`-M`): method, language, languages, country, policy and budget of each request; any other is a setting.
    """

    def __init__(
        self,
        model_name: str,
        base_url: str | None = None,
        api_key: str | None = None,
        config: GenerateConfig | None = None,
        **model_args: Any,
    ) -> None:
        super().__init__(model_name, base_url, api_key, [], config or GenerateConfig())
        self._options = {name: model_args.pop(name) for name in _OPTIONS if name in model_args}
        self._engine = Clara(model_name, base_url=base_url, api_key=api_key, **model_args)

    async def generate(
        self,
        input: list[ChatMessage],  # noqa: A002
        tools: list[ToolInfo],
        tool_choice: ToolChoice,
        config: GenerateConfig,
    ) -> ModelOutput:
        """Return the answers of one sample. Raises ClaraError."""
        messages = await messages_to_openai(input)
        asked = self._options | _asked(config, tools, tool_choice)
        count = config.num_choices or 1
        replies = await asyncio.gather(
            *(self._engine.achat(messages, **asked, sample=str(number or "")) for number in range(count))
        )
        return await _output(replies, self.model_name)

    async def aclose(self) -> None:
        """Release connections and files."""
        await self._engine.aclose()


@solver  # type: ignore[untyped-decorator]
def debias(**options: Any) -> Solver:
    """Answer with CLARA over the model under evaluation, in place of `generate()` and `multiple_choice()`.

    options: method, language, languages, country, policy and budget. Choices of a sample are given to CLARA as such,
    and the chosen one is marked as `multiple_choice()` marks it; tools are called until there is an answer. Raises
    ConfigError.
    """
    if unknown := set(options) - {*_OPTIONS}:
        raise ConfigError(f"debias has no option {min(unknown)[:40]!r}: give any of {', '.join(_OPTIONS)}")
    # One engine answers both kinds of sample, and only conversations take all of these per request.
    engine = BorrowingClara(settings=ChatOptions.read(options).settings(load_settings()))
    check_options(engine, options)
    named: dict[str, Any] = {name: options[name] for name in ("method", "language", "country") if name in options}

    async def solve(state: TaskState, generate: Generate) -> TaskState:
        turn = _Turn(get_model(), state)
        if state.choices:
            await _choose(engine, turn, state, named)
        else:
            await _answer(engine, turn, state, named)
        return state

    return solve


class _Turn:
    """The model under evaluation for one sample, as a `ChatModel`. output: what came back to the sample's own call."""

    def __init__(self, model: Model, state: TaskState) -> None:
        self._model, self._state = model, state
        self.name = str(model)
        self.output: ModelOutput | None = None

    async def complete(self, call: Call, show: Show | None = None) -> Completion:
        """Ask the model; inspect_ai streams nothing. Raises ModelError, and what ends a sample at its limits."""
        try:
            output = await (self._own() if call.messages else self._beside(call))
        except LimitExceededError:
            raise
        except Exception as error:
            raise map_error(error, self.name) from None
        if show:
            show(output.completion)
        used = output.usage
        calls = (output.message.tool_calls or []) if output.choices else []
        return Completion(
            text=output.completion,
            model=self.name,
            prompt_tokens=(used.input_tokens + (used.input_tokens_cache_read or 0)) if used else 0,
            completion_tokens=used.output_tokens if used else 0,
            truncated=output.stop_reason == "max_tokens",
            # What the calls say is read from `output`; that there are some is all that is told here.
            tool_calls=tuple({"id": c.id, "type": "function", "function": {"name": c.function}} for c in calls),
        )

    async def _own(self) -> ModelOutput:
        state = self._state
        self.output = await self._model.generate(state.messages, state.tools, state.tool_choice)
        return self.output

    async def _beside(self, call: Call) -> ModelOutput:
        messages = await messages_from_openai(wire_messages(call))
        sampling = {name: value for name, value in call.options.items() if name in _SAMPLING}
        return await self._model.generate(messages, config=GenerateConfig(**sampling))

    async def aclose(self) -> None:
        """The model is inspect_ai's to close."""


async def _choose(engine: BorrowingClara, turn: _Turn, state: TaskState, options: Mapping[str, Any]) -> None:
    said = read_conversation(await messages_to_openai(state.messages))
    asking = engine.aask(said.text, options=[choice.value for choice in state.choices], history=said.history, **options)
    # Limits and the record of the sample are in the context; the model's own calls belong to both.
    answer = await asyncio.create_task(asking, context=lend(turn, copy_context()))
    for place in range(len(state.choices)):
        state.choices.mark_choice(place, LETTERS[place] == answer.choice)
    text = f"ANSWER: {answer.choice}" if answer.choice else answer.answer
    state.output = ModelOutput.from_content(turn.name, text)
    state.messages.append(state.output.message)
    reply = Reply(text=text, answer=answer, usage=answer.usage)
    state.metadata["clara"] = clara_object(reply)


async def _answer(engine: BorrowingClara, turn: _Turn, state: TaskState, options: Mapping[str, Any]) -> None:
    while not state.completed:
        messages = await messages_to_openai(state.messages)
        # The sample's own call is made with the tools as they are; that there are some is all that is told here.
        tools = [{"type": "function", "function": {"name": tool.name}} for tool in map(ToolDef, state.tools)]
        asking = engine.achat(messages, **options, tools=tools)
        reply = await asyncio.create_task(asking, context=lend(turn, copy_context()))
        called = turn.output if reply.tool_calls else None
        state.output = called or await _output([reply], turn.name)
        state.messages.append(state.output.message)
        if called is None:
            state.metadata["clara"] = clara_object(reply)
            return
        executed = await execute_tools(state.messages, state.tools)
        state.messages.extend(executed.messages)


def _asked(config: GenerateConfig, tools: Sequence[ToolInfo], tool_choice: ToolChoice) -> dict[str, Any]:
    """Return what a request asks for, as options of `Clara.achat`."""
    asked = {name: value for name in _SAMPLING if (value := getattr(config, name)) is not None}
    if config.stop_seqs:
        asked["stop"] = config.stop_seqs
    if config.response_schema is not None:
        form = config.response_schema
        schema = form.json_schema.model_dump(exclude_none=True)
        asked["response_format"] = {"type": "json_schema", "json_schema": {"name": form.name, "schema": schema}}
    if tools:
        asked["tools"] = [{"type": "function", "function": tool.model_dump(exclude_none=True)} for tool in tools]
        if isinstance(tool_choice, ToolFunction):
            asked["tool_choice"] = {"type": "function", "function": {"name": tool_choice.name}}
        else:
            asked["tool_choice"] = "required" if tool_choice == "any" else tool_choice
    return asked


async def _output(replies: Sequence[Reply], model: str) -> ModelOutput:
    made = chat_completion(replies, completion_id="clara", created=int(time.time()), model=model)
    output = await model_output_from_openai(made)
    output.metadata = {"clara": made["clara"]}
    return output
