"""`ChatClara`: CLARA as a LangChain chat model."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from operator import itemgetter
from typing import Any, Literal, Self

from langchain_core.callbacks import AsyncCallbackManagerForLLMRun, CallbackManagerForLLMRun
from langchain_core.exceptions import OutputParserException
from langchain_core.language_models import BaseChatModel, LanguageModelInput
from langchain_core.language_models.base import LangSmithParams
from langchain_core.language_models.model_profile import ModelProfile
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage
from langchain_core.output_parsers import BaseOutputParser, JsonOutputParser, PydanticOutputParser
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from langchain_core.runnables import Runnable, RunnableMap, RunnablePassthrough
from langchain_core.tools import BaseTool
from langchain_core.utils.function_calling import convert_to_json_schema, convert_to_openai_tool
from langchain_core.utils.pydantic import is_basemodel_subclass
from pydantic import ConfigDict, Field, PrivateAttr, SecretStr

from clara.config import BudgetSettings
from clara.engine import ChatOptions, Clara
from clara.errors import ConfigError
from clara.integrations.borrowed import BorrowingClara, check_options, lend
from clara.integrations.langchain.messages import as_chunk, to_ai_message, to_chunks, to_messages
from clara.integrations.langchain.turn import Turn, name_of
from clara.types import Event, Reply

_OPTIONS = (
    "method", "language", "country", "languages", "policy", "budget", "temperature", "top_p", "seed", "max_tokens",
)  # fmt: skip


class ChatClara(BaseChatModel):
    """A chat model that answers a medical question in any language as well as in the one its model knows best.

    >>> model = ChatClara(model="openai:gpt-5")            # or any LangChain chat model, or "evidence" for none
    >>> model.invoke("मोतियाबिंद क्या है?").text

    Tool calls come back as the model made them; a text in their place is debiased. A stream yields sentences that
    passed their checks, and nothing else. What an answer rests on is in `response_metadata["clara"]`, and
    `usage_metadata` sums every call that was made for it. Raises what `Clara.achat` raises.
    """

    model_config = ConfigDict(extra="forbid")

    model: str | BaseChatModel | None = Field(
        None, description="PROVIDER:NAME, evidence, or a LangChain chat model; default: as CLARA's settings say"
    )
    engine: Clara | None = Field(None, exclude=True, description="a ready engine, in place of model and its address")
    base_url: str | None = Field(None, description="of an OpenAI-compatible or other server")
    api_key: SecretStr | None = Field(None, description="else the provider's own variable")
    timeout: float | None = Field(None, description="seconds for each try of a call")
    max_retries: int | None = Field(None, ge=0, description="of each call")
    streaming: bool = Field(False, description="stream even where invoke is called, for the callbacks")

    temperature: float | None = None
    top_p: float | None = None
    seed: int | None = None
    max_tokens: int | None = Field(None, description="of the answer as it is shown")
    stop: list[str] | None = Field(None, description="the answer ends before the first of these")
    method: str | None = None
    language: str | None = Field(None, description="of the question and the answer; default: found out")
    country: str | None = Field(None, description="where the asker is")
    languages: list[str] | None = Field(None, description="of method vote, beside the asker's own")
    policy: Literal["universal", "local-first", "show-both"] | None = None
    budget: BudgetSettings | None = Field(None, description="limits per answer")

    _clara: Clara = PrivateAttr()

    def model_post_init(self, context: Any, /) -> None:
        """Open the engine. Raises ConfigError."""
        self._clara = self.engine or self._open()
        borrows = isinstance(self.model, BaseChatModel)
        if borrows != isinstance(self._clara, BorrowingClara):
            raise ConfigError("pass either engine or model: a ready engine has a model of its own")
        if (borrows or self.engine is not None) and (self.base_url is not None or self.api_key is not None):
            raise ConfigError("base_url and api_key belong to a model that is given by its name")
        check_options(self._clara, self._asked(None, {}))

    def _open(self) -> Clara:
        settings: dict[str, Any] = {"timeout_s": self.timeout}
        settings["attempts"] = None if self.max_retries is None else self.max_retries + 1
        if isinstance(self.model, BaseChatModel):
            return BorrowingClara(**settings)
        return Clara(self.model, base_url=self.base_url, api_key=self.api_key, **settings)

    def close(self) -> None:
        """Release connections and files, unless a ready engine was given."""
        if self.engine is None:
            self._clara.close()

    async def aclose(self) -> None:
        """Do what `close` does, without blocking."""
        if self.engine is None:
            await self._clara.aclose()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def _llm_type(self) -> str:
        return "clara"

    @property
    def _identifying_params(self) -> dict[str, Any]:
        named = name_of(self.model) if isinstance(self.model, BaseChatModel) else self.model
        return {"model": named, "stop": self.stop} | {name: getattr(self, name) for name in _OPTIONS}

    def _get_ls_params(self, stop: list[str] | None = None, **kwargs: Any) -> LangSmithParams:
        named = {"model": self._identifying_params["model"] or self._clara.settings.model}
        return super()._get_ls_params(stop=stop or self.stop, **(named | kwargs))

    def _resolve_model_profile(self) -> ModelProfile:
        return ModelProfile(structured_output=True, tool_calling=True)

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        turn, options = self._begin(messages, stop, kwargs, blocking=True)
        return _result(turn, lend(turn).run(self._clara.chat, to_messages(messages), **options))

    async def _agenerate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        turn, options = self._begin(messages, stop, kwargs)
        asking = self._clara.achat(to_messages(messages), **options)
        return _result(turn, await asyncio.create_task(asking, context=lend(turn)))

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> Iterator[ChatGenerationChunk]:
        turn, options = self._begin(messages, stop, kwargs, blocking=True)
        shown = _Shown(turn)
        with lend(turn).run(self._clara.chat_stream, to_messages(messages), **options) as happening:
            for happened in happening:
                for chunk in shown.chunks(happened):
                    if run_manager and chunk.text:
                        run_manager.on_llm_new_token(chunk.text, chunk=chunk)
                    yield chunk

    async def _astream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> AsyncIterator[ChatGenerationChunk]:
        turn, options = self._begin(messages, stop, kwargs)
        shown = _Shown(turn)
        async with lend(turn).run(self._clara.achat_stream, to_messages(messages), **options) as happening:
            async for happened in happening:
                for chunk in shown.chunks(happened):
                    if run_manager and chunk.text:
                        await run_manager.on_llm_new_token(chunk.text, chunk=chunk)
                    yield chunk

    def _begin(
        self, messages: Sequence[BaseMessage], stop: list[str] | None, kwargs: dict[str, Any], *, blocking: bool = False
    ) -> tuple[Turn | None, dict[str, Any]]:
        """Return the application's model for one request, if it brought one, and CLARA's options of it."""
        options = self._asked(stop, kwargs)
        if not isinstance(self.model, BaseChatModel):
            return None, options
        of_the_model = {name: options.pop(name) for name in options.keys() - ChatOptions.model_fields.keys()}
        return Turn(self.model, messages, of_the_model, blocking=blocking), options

    def _asked(self, stop: list[str] | None, kwargs: dict[str, Any]) -> dict[str, Any]:
        """Return the options of one request: those it was called with, and for the rest this model's own."""
        own = {name: value for name in _OPTIONS if (value := getattr(self, name)) is not None}
        stops = stop or self.stop
        return own | ({"stop": stops} if stops else {}) | {k: v for k, v in kwargs.items() if v is not None}

    def bind_tools(
        self,
        tools: Sequence[dict[str, Any] | type | Callable[..., Any] | BaseTool],
        *,
        tool_choice: str | dict[str, Any] | bool | None = None,
        strict: bool | None = None,
        **kwargs: Any,
    ) -> Runnable[LanguageModelInput, AIMessage]:
        """Let the model call tools, which are the application's to run.

        tool_choice: auto, none, any (or required, or true), or a tool's name.
        """
        formed = [convert_to_openai_tool(tool, strict=strict) for tool in tools]
        if isinstance(tool_choice, str) and tool_choice not in ("auto", "none", "any", "required"):
            tool_choice = {"type": "function", "function": {"name": tool_choice}}
        elif tool_choice in ("any", True):
            tool_choice = "required"
        return self.bind(tools=formed, tool_choice=tool_choice or None, **kwargs)

    def with_structured_output(
        self,
        schema: dict[str, Any] | type,
        *,
        include_raw: bool = False,
        method: Literal["json_schema", "function_calling", "json_mode"] = "json_schema",
        strict: bool | None = None,
        **kwargs: Any,
    ) -> Runnable[LanguageModelInput, Any]:
        """Give answers in a form: of the schema's class, or as a dict.

        method: whichever is named, the answer is debiased and then written in the form; a tool's call would go back
        unchecked. json_mode asks for any JSON object. Where there is no answer, OutputParserException says why.
        """
        formed = convert_to_json_schema(schema, strict=strict)
        told = {"name": formed.get("title", "answer"), "schema": formed}
        wanted = {"type": "json_object"} if method == "json_mode" else {"type": "json_schema", "json_schema": told}
        asked = self.bind(
            response_format=wanted,
            ls_structured_output_format={"kwargs": {"method": method, "strict": strict}, "schema": schema},
            **kwargs,
        )
        parser: BaseOutputParser[Any] = JsonOutputParser()
        if isinstance(schema, type) and is_basemodel_subclass(schema):
            parser = PydanticOutputParser(pydantic_object=schema)
        read = _answered | parser
        if not include_raw:
            return asked | read
        parsed = RunnablePassthrough.assign(parsed=itemgetter("raw") | read, parsing_error=lambda _: None)
        unread = RunnablePassthrough.assign(parsed=lambda _: None)
        return RunnableMap(raw=asked) | parsed.with_fallbacks([unread], exception_key="parsing_error")


class _Shown:
    """Makes the chunks of one stream."""

    def __init__(self, turn: Turn | None) -> None:
        self._turn = turn
        self._said = ""

    def chunks(self, happened: Event | Reply) -> Iterator[ChatGenerationChunk]:
        """Yield what is shown of something that happened."""
        if isinstance(happened, Reply):
            passed_on = self._turn.reply if self._turn and happened.tool_calls else None
            made: Iterator[AIMessageChunk] = (
                to_chunks(happened, self._said) if passed_on is None else iter([as_chunk(passed_on)])
            )
        elif happened.kind == "sentence":
            self._said += happened.data["text"]
            made = iter([AIMessageChunk(content=happened.data["text"])])
        else:
            return
        for message in made:
            yield ChatGenerationChunk(message=message)


def _result(turn: Turn | None, reply: Reply) -> ChatResult:
    """Return a reply; tool calls as the application's own model gave them."""
    passed_on = turn.reply if turn and reply.tool_calls else None
    return ChatResult(generations=[ChatGeneration(message=passed_on or to_ai_message(reply))])


def _answered(message: AIMessage) -> AIMessage:
    if refusal := message.additional_kwargs.get("refusal"):
        raise OutputParserException(f"there is no answer to put into the form: {refusal}", llm_output=refusal)
    return message
