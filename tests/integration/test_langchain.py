"""LangChain: its own standard suite and an agent with a tool, over real HTTP to a fake provider."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest
from langchain.agents import create_agent
from langchain.agents.middleware import AgentMiddleware
from langchain.agents.structured_output import ToolStrategy
from langchain_core.callbacks import BaseCallbackHandler, get_usage_metadata_callback
from langchain_core.exceptions import OutputParserException
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, HumanMessage, SystemMessage, ToolMessage
from langchain_core.runnables import RunnableLambda
from langchain_core.tools import tool
from langchain_openai import ChatOpenAI
from langchain_tests.integration_tests import ChatModelIntegrationTests
from langchain_tests.unit_tests import ChatModelUnitTests
from pydantic import BaseModel, SecretStr

from clara import Clara, KnowledgeBase
from clara.config import BudgetSettings, load_settings
from clara.errors import ConfigError, InputError, ModelStatusError
from clara.integrations.langchain import ChatClara, ClaraMiddleware
from tests import fake_openai
from tests.agreeable import ANSWER, ASKED, DRAFT, FIRST, SECOND, Agreeable
from tests.fake_openai import Body, FakeOpenAI

ALLOWED: dict[str, dict[str, Any]] = {  # what the standard suite asks tools for
    "magic_function": {"input": 3},
    "get_weather": {"location": "San Francisco"},
    "greeting_generator": {"answer_style": "pirate"},
    "unicode_customer": {"customer_name": "你好 こんにちは 株式会社"},
}


@pytest.fixture
def engine(openai_server: FakeOpenAI, shipped_kb: KnowledgeBase) -> Iterator[Clara]:
    with Clara(
        "openai:fake-1", base_url=openai_server.base_url, api_key="sk-test", attempts=1, knowledge=shipped_kb
    ) as made:
        yield made


@pytest.fixture
def upstream(openai_server: FakeOpenAI) -> ChatOpenAI:
    """A model as an application has it, with a client of its own that leaves no connection behind."""
    client = httpx2.AsyncClient(limits=httpx2.Limits(max_keepalive_connections=0))
    return ChatOpenAI(
        model="fake-1", base_url=openai_server.base_url, api_key=SecretStr("sk-test"), max_retries=0,
        http_async_client=client,
    )  # fmt: skip


class _Standard:
    @pytest.fixture(autouse=True)
    def _behind(self, openai_server: FakeOpenAI, engine: Clara) -> None:
        form = {"setup": "¿Por qué?", "punchline": "Por eso."}
        openai_server.script = Agreeable(calls=ALLOWED, form=form).serve
        self._engine = engine

    @property
    def chat_model_class(self) -> type[BaseChatModel]:
        return ChatClara

    @property
    def chat_model_params(self) -> dict[str, Any]:
        return {"engine": self._engine}

    @property
    def supports_json_mode(self) -> bool:
        return True


class TestStandardUnit(_Standard, ChatModelUnitTests):
    @property
    def standard_chat_model_params(self) -> dict[str, Any]:
        return {"temperature": 0, "max_tokens": 100, "timeout": 60, "stop": [], "max_retries": 2}


class TestStandardIntegration(_Standard, ChatModelIntegrationTests):
    @property
    def standard_chat_model_params(self) -> dict[str, Any]:
        return {"temperature": 0}


class Tokens(BaseCallbackHandler):
    """Keeps whatever LangChain shows of models at work."""

    def __init__(self) -> None:
        self.tokens: list[str] = []
        self.started = 0

    def on_chat_model_start(self, *_: Any, **__: Any) -> None:
        self.started += 1

    def on_llm_new_token(self, token: Any, **_: Any) -> None:
        self.tokens.append(token)


def test_a_stream_shows_checked_sentences_and_counts_every_call(openai_server: FakeOpenAI, engine: Clara) -> None:
    openai_server.script = Agreeable().serve
    seen = Tokens()
    chunks = list(ChatClara(engine=engine).stream(ASKED, config={"callbacks": [seen]}))
    assert [c.text for c in chunks if c.text] == [FIRST, f" {SECOND}"] and "".join(seen.tokens) == ANSWER
    assert seen.started == 1 and chunks[-1].chunk_position == "last"
    whole = sum(chunks[1:], chunks[0])
    told = whole.response_metadata["clara"]
    assert told["language"] == "es" and told["method"] == "clara" and told["calls"] == len(openai_server.requests)
    assert whole.usage_metadata is not None and whole.usage_metadata["input_tokens"] > 100


async def test_leaving_a_stream_cancels_what_is_under_way(openai_server: FakeOpenAI, engine: Clara) -> None:
    inner = Agreeable()

    def script(body: Body) -> Any:
        if "You check medical claims" in str(body["messages"][0]["content"]):
            return fake_openai.Reply(mode="hang")
        return inner.serve(body)

    openai_server.script = script
    model = ChatClara(engine=engine)

    async def listen() -> None:
        async for _ in model.astream(ASKED):
            pass

    listening = asyncio.create_task(listen())
    await asyncio.to_thread(openai_server.wait_for_requests, 4)
    listening.cancel()
    with pytest.raises(asyncio.CancelledError):
        await listening
    await asyncio.to_thread(openai_server.wait_for, 0)
    assert openai_server.abandoned == 1
    await engine.aclose()


def test_options_are_the_model_s_own_and_each_request_s(
    openai_server: FakeOpenAI, engine: Clara, upstream: ChatOpenAI
) -> None:
    openai_server.script = Agreeable().serve
    model = ChatClara(engine=engine, country="MX", temperature=0.25, budget=BudgetSettings(calls=5))
    reply = model.invoke([SystemMessage("Sé breve."), HumanMessage(ASKED)], temperature=0.5, stop=["El ojo"])
    assert reply.text == f"{FIRST} " and reply.response_metadata["finish_reason"] == "stop"
    assert {request["temperature"] for request in openai_server.requests} == {0.5}
    sent = json.dumps(openai_server.requests, ensure_ascii=False)
    assert "MX" in sent and "Sé breve." in sent
    with pytest.raises(InputError, match="option colour: no such option"):
        model.invoke(ASKED, colour="red")
    with pytest.raises(ConfigError, match="either engine or model"):
        ChatClara(engine=engine, model=upstream)
    film = HumanMessage([{"type": "text", "text": ASKED}, {"type": "media", "mime_type": "video/mp4", "data": "AA=="}])
    with pytest.raises(InputError, match=r"a message cannot be read: .*video/mp4"):
        model.invoke([film])


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"method": "magic"}, "unknown method 'magic'"),
        ({"temperature": 9}, "option temperature: input should be"),
        ({"budget": {"cost": 1}}, "a budget of money needs prices"),
    ],
)
def test_a_mistake_in_the_options_is_said_at_once(upstream: ChatOpenAI, options: Any, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        ChatClara(model=upstream, **options)
    with pytest.raises(ConfigError, match=said):
        ClaraMiddleware(**options)


def test_an_address_is_not_ignored(engine: Clara, upstream: ChatOpenAI) -> None:
    for given in ({"engine": engine}, {"model": upstream}):
        with pytest.raises(ConfigError, match="base_url and api_key belong to a model that is given by its name"):
            ChatClara(base_url="http://127.0.0.1:9/v1", **given)


def test_a_failing_provider_is_one_clear_error(openai_server: FakeOpenAI, engine: Clara) -> None:
    openai_server.script = lambda _: fake_openai.Reply(status=500)
    with pytest.raises(ModelStatusError):
        ChatClara(engine=engine).invoke(ASKED)


class Disagreeing(Agreeable):
    """Its drafts have nothing in common, and no evidence speaks for either."""

    def _free_evidence(self) -> dict[str, Any]:
        return {"claims": [{"claim": "The moon does it.", "passage": 0, "quote": ""}], "confidence": 90}

    def _verify(self) -> dict[str, Any]:
        return {"verdicts": [{"claim": n, "verdict": "not_enough_info"} for n in (1, 2, 3)]}


class Advice(BaseModel):
    """Advice for a patient."""

    summary: str
    urgent: bool


def test_a_form_is_filled_after_debiasing_and_no_answer_is_said_so(openai_server: FakeOpenAI, engine: Clara) -> None:
    openai_server.script = Agreeable(form={"summary": FIRST, "urgent": True}).serve
    read = ChatClara(engine=engine).with_structured_output(Advice)
    assert read.invoke(ASKED) == Advice(summary=FIRST, urgent=True)
    assert len(openai_server.requests) == 5 and not any("tools" in request for request in openai_server.requests)
    openai_server.script = Disagreeing().serve
    with pytest.raises(OutputParserException, match="No puedo responder"):
        read.invoke(ASKED)
    raw = ChatClara(engine=engine).with_structured_output(Advice, include_raw=True).invoke(ASKED)
    assert raw["parsed"] is None and isinstance(raw["parsing_error"], OutputParserException)


@tool
def eye_pressure(eye: str) -> str:
    """Return the pressure of a patient's eye."""
    return f"{eye}: 52 mmHg"


PATIENT = Agreeable(calls={"eye_pressure": {"eye": "left"}}, form={"summary": FIRST, "urgent": True})


@pytest.fixture
def middleware(shipped_kb: KnowledgeBase) -> Iterator[ClaraMiddleware]:
    with ClaraMiddleware(settings=load_settings({"attempts": 1}), knowledge=shipped_kb) as made:
        yield made


def test_an_agent_s_tool_loop_is_left_alone_and_its_answer_debiased(
    openai_server: FakeOpenAI, upstream: ChatOpenAI, middleware: ClaraMiddleware
) -> None:
    openai_server.script = PATIENT.serve
    agent = create_agent(upstream, [eye_pressure], middleware=[middleware], system_prompt="Ayuda a la enfermera.")
    with get_usage_metadata_callback() as used:
        messages = agent.invoke({"messages": [HumanMessage(ASKED)]})["messages"]
    _, called, result, answer = messages
    assert isinstance(called, AIMessage) and called.tool_calls[0]["args"] == {"eye": "left"}
    assert called.id and called.response_metadata["model_provider"] == "openai"  # as the application's model made it
    assert isinstance(result, ToolMessage) and result.content == "left: 52 mmHg"
    assert answer.text == ANSWER and answer.response_metadata["clara"]["language"] == "es"
    first, second, *rest = openai_server.requests
    assert [m["role"] for m in first["messages"]] == ["system", "user"] and first["tools"]
    assert [m["role"] for m in second["messages"]] == ["system", "user", "assistant", "tool"]
    drafts = [r for r in rest if "separate claims" in r["messages"][0]["content"]]
    assert drafts and all("52 mmHg" in json.dumps(r, ensure_ascii=False) for r in drafts)
    # The text in the place of a tool call is the draft in the asker's language: none is made anew.
    assert answer.response_metadata["clara"]["calls"] == len(openai_server.requests) - 1
    counted = sum(int(model["total_tokens"]) for model in used.usage_metadata.values())
    told = [m.usage_metadata for m in messages if isinstance(m, AIMessage) and m.usage_metadata]
    assert counted == sum(usage["total_tokens"] for usage in told)


class Thoughtful(AgentMiddleware[Any, Any, Any]):
    """Sets what CLARA has no name for, as middleware of providers does, and what only the agent's own call is about."""

    def wrap_model_call(self, request: Any, handler: Any) -> Any:
        return handler(request.override(model_settings={"reasoning_effort": "low", "parallel_tool_calls": False}))

    async def awrap_model_call(self, request: Any, handler: Any) -> Any:
        return await self.wrap_model_call(request, handler)


@pytest.mark.parametrize("blocking", [True, False])
async def test_an_agent_s_model_settings_hold(
    openai_server: FakeOpenAI, upstream: ChatOpenAI, middleware: ClaraMiddleware, blocking: bool
) -> None:
    openai_server.script = PATIENT.serve
    agent = create_agent(upstream, [eye_pressure], middleware=[Thoughtful(), middleware])
    asked: Any = {"messages": [HumanMessage(ASKED)]}
    state = await (asyncio.to_thread(agent.invoke, asked) if blocking else agent.ainvoke(asked))
    assert state["messages"][-1].text == ANSWER
    assert {request["reasoning_effort"] for request in openai_server.requests} == {"low"}
    assert [request.get("parallel_tool_calls") for request in openai_server.requests[:2]] == [False, False]
    assert not any("parallel_tool_calls" in request for request in openai_server.requests[2:])
    await middleware.aclose()


async def test_an_agent_may_be_asked_with_and_without_an_event_loop(
    openai_server: FakeOpenAI, middleware: ClaraMiddleware
) -> None:
    openai_server.script = Agreeable().serve
    # Both keep their connections, and the one for event loops works in the loop alone that it was first used in.
    async with httpx2.AsyncClient() as for_loops:
        with httpx2.Client() as blocking:
            model = ChatOpenAI(
                model="fake-1", base_url=openai_server.base_url, api_key=SecretStr("sk-test"), max_retries=0,
                http_client=blocking, http_async_client=for_loops,
            )  # fmt: skip
            agent = create_agent(model, middleware=[middleware])
            asked: Any = {"messages": [HumanMessage(ASKED)]}
            for _ in range(2):
                assert (await asyncio.to_thread(agent.invoke, asked))["messages"][-1].text == ANSWER
                assert (await agent.ainvoke(asked))["messages"][-1].text == ANSWER
            streamed: Any = await asyncio.to_thread(lambda: list(agent.stream(asked, stream_mode="messages")))
            assert [chunk.text for chunk, _ in streamed if chunk.text] == [FIRST, f" {SECOND}"]
    await middleware.aclose()


async def test_no_draft_is_in_an_agent_s_streams(
    openai_server: FakeOpenAI, upstream: ChatOpenAI, middleware: ClaraMiddleware
) -> None:
    openai_server.script = PATIENT.serve
    upstream.streaming = True
    agent = create_agent(upstream, [eye_pressure], middleware=[middleware])
    asked: Any = {"messages": [HumanMessage(ASKED)]}
    shown = [(c, m) async for c, m in agent.astream(asked, stream_mode="messages")]
    said = [chunk.text for chunk, _ in shown if isinstance(chunk, AIMessageChunk) and chunk.text]
    assert said == [FIRST, f" {SECOND}"]
    calls = [call for chunk, _ in shown if isinstance(chunk, AIMessageChunk) for call in chunk.tool_calls]
    assert [call["name"] for call in calls] == ["eye_pressure"]
    events = [event async for event in agent.astream_events(asked, version="v2")]
    streamed = [e["data"]["chunk"].text for e in events if e["event"] == "on_chat_model_stream"]
    assert "".join(streamed) == ANSWER
    assert DRAFT not in repr(events) and "claims" not in "".join(streamed)
    assert sum(e["event"] == "on_chat_model_start" for e in events) == 2  # the agent's own two calls
    await middleware.aclose()


@pytest.mark.parametrize("wanted", [Advice, ToolStrategy(Advice)])
def test_an_agent_s_form_is_filled_from_the_debiased_answer(
    openai_server: FakeOpenAI, upstream: ChatOpenAI, middleware: ClaraMiddleware, wanted: Any
) -> None:
    openai_server.script = PATIENT.serve
    agent = create_agent(upstream, [eye_pressure], middleware=[middleware], response_format=wanted)
    state = agent.invoke({"messages": [HumanMessage(ASKED)]})
    assert state["structured_response"] == Advice(summary=FIRST, urgent=True)
    assert "eye_pressure" in str(state["messages"][1].tool_calls)


def test_an_agent_of_a_debiasing_model_is_not_debiased_twice(
    openai_server: FakeOpenAI, engine: Clara, middleware: ClaraMiddleware
) -> None:
    openai_server.script = PATIENT.serve
    agent = create_agent(ChatClara(engine=engine), [eye_pressure], middleware=[middleware])
    answer = agent.invoke({"messages": [HumanMessage(ASKED)]})["messages"][-1]
    assert answer.text == ANSWER and len(openai_server.requests) == answer.response_metadata["clara"]["calls"] + 1


async def test_clara_inside_somebody_else_s_run_shows_nothing(
    openai_server: FakeOpenAI, upstream: ChatOpenAI, shipped_kb: KnowledgeBase
) -> None:

    openai_server.script = Agreeable().serve
    async with Clara(upstream, knowledge=shipped_kb) as clara:

        async def answer(question: str) -> str:
            return (await clara.aask(question)).answer

        seen = Tokens()
        assert await RunnableLambda(answer).ainvoke(ASKED, config={"callbacks": [seen]}) == ANSWER
    assert seen.started == 0 and seen.tokens == []
