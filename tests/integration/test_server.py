"""`clara serve` as applications see it: the official `openai` client and LangChain's `ChatOpenAI`, over real HTTP."""

from __future__ import annotations

import base64
import json
import struct
from collections.abc import Iterator
from typing import Any

import httpx2
import openai
import pytest
from langchain_core.messages import AIMessage, BaseMessageChunk
from langchain_openai import ChatOpenAI, OpenAIEmbeddings
from pydantic import BaseModel, SecretStr

from clara import KnowledgeBase
from tests import fake_openai
from tests.fake_openai import Body, FakeOpenAI
from tests.integration.test_chat_api import (
    AS_SCHEMA,
    ASKED,
    CHOICE,
    CLAIM,
    GOOD,
    PICTURE,
    QUOTE,
    TOOL,
    TOOL_CALL,
    WRITTEN,
    doctor,
    json_script,
    translate_choice,
)
from tests.serving import Served, serving


@pytest.fixture(scope="module")
def served(_fake_openai: FakeOpenAI, shipped_kb: KnowledgeBase, tmp_path_factory: Any) -> Iterator[Served]:
    home = tmp_path_factory.mktemp("served")
    with serving(
        shipped_kb, model="openai:fake-1", base_url=_fake_openai.base_url, api_key="sk-upstream-secret", home=home,
        retry_wait_s=0.001, retry_wait_max_s=0.01, server={"heartbeat_s": 0.2},
    ) as running:  # fmt: skip
        yield running


@pytest.fixture
def client(served: Served, openai_server: FakeOpenAI) -> Iterator[openai.OpenAI]:
    openai_server.script = doctor().serve
    with openai.OpenAI(base_url=served.api, api_key="a-client-key", max_retries=0) as client:
        yield client


def user(text: str = ASKED) -> Any:
    return {"role": "user", "content": text}


def call_a_tool(body: Body) -> Any:
    """Call the tool while it is offered, and answer as the doctor otherwise."""
    if "tools" not in body:
        return doctor().serve(body)
    message = {"role": "assistant", "content": None, "tool_calls": [TOOL_CALL]}
    reply = {"id": "c-1", "object": "chat.completion", "created": 1, "model": "fake-1"}
    reply |= {"choices": [{"index": 0, "finish_reason": "tool_calls", "message": message}]}
    reply |= {"usage": {"prompt_tokens": 7, "completion_tokens": 3, "total_tokens": 10}}
    return fake_openai.Reply(body=json.dumps(reply).encode())


def answer_all(body: Body) -> Any:
    """Answer in plain text where a tool is offered, and as the doctor otherwise."""
    return CLAIM if "tools" in body else doctor().serve(body)


def test_a_chat_completion(client: openai.OpenAI, openai_server: FakeOpenAI) -> None:
    reply = client.chat.completions.create(model="clara", messages=[user()], user="u-1", metadata={"a": "b"})
    assert reply.choices[0].message.content == WRITTEN and reply.choices[0].finish_reason == "stop"
    assert reply.object == "chat.completion" and reply.model == "clara" and reply.id.startswith("chatcmpl-")
    assert reply.model_extra is not None
    told = reply.model_extra["clara"]
    assert (told["language"], told["method"], told["abstained"]) == ("es", "clara", False)
    assert told["calls"] == len(openai_server.requests) and QUOTE in told["citations"][0]["quote"]
    assert told["verdicts"] and 0 < told["confidence"] <= 1 and "trace" not in told
    assert reply.usage is not None and reply.usage.total_tokens == sum_of(openai_server)
    assert reply._request_id and reply._request_id.startswith("req_")


def sum_of(server: FakeOpenAI) -> int:
    """What the fake provider counts: words of every prompt and reply."""
    made = [
        json.loads(fake_openai._completion(body, fake_openai.Reply(text=str(doctor().serve(body)))))
        for body in server.requests
    ]
    return sum(reply["usage"]["total_tokens"] for reply in made)


def test_a_stream_holds_progress_then_the_answer_then_what_it_rests_on(client: openai.OpenAI) -> None:
    options: Any = {"include_usage": True}
    chunks = list(client.chat.completions.create(model="clara", messages=[user()], stream=True, stream_options=options))
    assert chunks[0].choices[0].delta.role == "assistant" and chunks[0].choices[0].delta.content == ""
    said = [c.choices[0].delta.content for c in chunks if c.choices and c.choices[0].delta.content]
    assert "".join(said) == WRITTEN
    stages = [
        c.model_extra["clara"]["stage"] for c in chunks if c.model_extra and "stage" in c.model_extra.get("clara", {})
    ]
    assert stages[0] == "clara" and {"translate/question", "verify/claims", "write/answer"} <= set(stages)
    assert not any("data" in (c.model_extra or {}).get("clara", {}) for c in chunks)
    last = next(c for c in chunks if c.choices and c.choices[0].finish_reason)
    assert last.choices[0].finish_reason == "stop" and last.model_extra is not None
    assert last.model_extra["clara"]["citations"] and last.model_extra["clara"]["verdicts"]
    assert chunks[-1].choices == [] and chunks[-1].usage is not None and chunks[-1].usage.total_tokens > 0
    assert len({c.id for c in chunks}) == 1


def test_a_stream_s_lines_are_data_alone_and_end_with_done(served: Served, client: openai.OpenAI) -> None:
    body = {"model": "clara", "messages": [user()], "stream": True}
    with httpx2.stream("POST", f"{served.api}/chat/completions", json=body) as reply:
        assert reply.headers["x-accel-buffering"] == "no"
        assert reply.headers["content-type"].startswith("text/event-stream")
        lines = [line for line in reply.iter_lines() if line]
    assert all(line.startswith("data: ") for line in lines) and lines[-1] == "data: [DONE]"


def test_a_silent_stream_is_kept_alive_by_chunks(client: openai.OpenAI, openai_server: FakeOpenAI) -> None:
    inner = doctor().serve
    openai_server.script = lambda body: fake_openai.Reply(text=inner(body), delay_s=0.5)
    chunks = client.chat.completions.create(model="clara:direct", messages=[user()], stream=True)
    told = [chunk.model_extra["clara"].get("kind") for chunk in chunks if chunk.model_extra]
    assert told.count("waiting") >= 1


def test_explain_adds_the_record_and_shows_progress_as_reasoning(client: openai.OpenAI) -> None:
    asked: Any = {"clara": {"explain": True}}
    whole = client.chat.completions.create(model="clara", messages=[user()], extra_body=asked)
    assert whole.model_extra is not None
    told = whole.model_extra["clara"]
    assert {draft["route"] for draft in told["drafts"]} and told["trace"][0]["kind"] == "started"
    chunks = list(client.chat.completions.create(model="clara", messages=[user()], extra_body=asked, stream=True))
    thoughts = "".join((c.choices[0].delta.model_extra or {}).get("reasoning_content", "") for c in chunks)
    assert "call translate/question" in thoughts
    assert "".join(c.choices[0].delta.content or "" for c in chunks) == WRITTEN


async def test_the_async_client_asks_and_streams(served: Served, client: openai.OpenAI) -> None:
    async with openai.AsyncOpenAI(base_url=served.api, api_key="x") as other:
        reply = await other.chat.completions.create(model="clara", messages=[user()])
        assert reply.choices[0].message.content == WRITTEN
        said = ""
        async with other.chat.completions.stream(model="clara", messages=[user()]) as events:
            async for event in events:
                said += event.delta if event.type == "content.delta" else ""
            final = await events.get_final_completion()
        assert said == WRITTEN == final.choices[0].message.content


def test_tool_calls_come_back_as_they_are_and_their_results_are_answered(
    client: openai.OpenAI, openai_server: FakeOpenAI
) -> None:
    openai_server.script = call_a_tool
    tools: Any = [TOOL]
    reply = client.chat.completions.create(model="clara", messages=[user()], tools=tools)
    assert reply.choices[0].finish_reason == "tool_calls" and reply.choices[0].message.content is None
    assert reply.choices[0].message.tool_calls is not None
    assert reply.choices[0].message.tool_calls[0].to_dict() == TOOL_CALL
    assert reply.usage is not None and reply.usage.total_tokens == 10
    chunks = list(client.chat.completions.create(model="clara", messages=[user()], tools=tools, stream=True))
    calls = [c.choices[0].delta.tool_calls for c in chunks if c.choices[0].delta.tool_calls]
    assert calls[0][0].to_dict() == {"index": 0} | TOOL_CALL
    assert chunks[-1].choices[0].finish_reason == "tool_calls"
    openai_server.script = answer_all
    told: Any = [user(), {"role": "assistant", "tool_calls": [TOOL_CALL]}]
    told.append({"role": "tool", "tool_call_id": TOOL_CALL["id"], "content": "28 mmHg"})
    answered = client.chat.completions.create(model="clara", messages=told, tools=tools)
    assert answered.choices[0].finish_reason == "stop" and answered.choices[0].message.content == WRITTEN


def test_a_json_schema_is_kept(client: openai.OpenAI, openai_server: FakeOpenAI) -> None:
    class Advice(BaseModel):
        summary: str
        urgent: bool

    openai_server.script = json_script(GOOD, GOOD)
    reply = client.chat.completions.parse(model="clara", messages=[user()], response_format=Advice)
    assert reply.choices[0].message.parsed == Advice(summary=json.loads(GOOD)["summary"], urgent=True)
    form: Any = AS_SCHEMA
    chunks = client.chat.completions.create(model="clara", messages=[user()], response_format=form, stream=True)
    assert json.loads("".join(c.choices[0].delta.content or "" for c in chunks))["urgent"] is True


def test_n_asks_as_often_and_sums_the_usage(client: openai.OpenAI) -> None:
    one = client.chat.completions.create(model="clara", messages=[user()])
    three = client.chat.completions.create(model="clara", messages=[user()], n=3)
    assert [choice.index for choice in three.choices] == [0, 1, 2]
    assert [choice.message.content for choice in three.choices] == [WRITTEN] * 3
    assert one.usage is not None and three.usage is not None
    assert three.usage.total_tokens == 3 * one.usage.total_tokens
    said: dict[int, str] = {}
    for chunk in client.chat.completions.create(model="clara", messages=[user()], n=2, stream=True):
        for choice in chunk.choices:
            said[choice.index] = said.get(choice.index, "") + (choice.delta.content or "")
    assert said == {0: WRITTEN, 1: WRITTEN}


def test_stop_words_and_limits_cut_the_answer(client: openai.OpenAI) -> None:
    cut = client.chat.completions.create(model="clara", messages=[user()], stop=" y duele")
    assert cut.choices[0].message.content == WRITTEN.partition(" y duele")[0]
    for name in ("max_tokens", "max_completion_tokens"):
        limit: Any = {name: 5}
        reply = client.chat.completions.create(model="clara", messages=[user()], **limit)
        assert reply.choices[0].finish_reason == "length"
        assert WRITTEN.startswith(reply.choices[0].message.content or "-")


def test_a_choice_in_plain_text_is_answered_in_the_form_asked_for(
    client: openai.OpenAI, openai_server: FakeOpenAI
) -> None:
    openai_server.script = doctor(translate=translate_choice).serve
    reply = client.chat.completions.create(model="clara", messages=[user(CHOICE)])
    assert reply.choices[0].message.content == "ANSWER: B"


def test_pictures_reach_the_model(client: openai.OpenAI, openai_server: FakeOpenAI) -> None:
    parts: Any = [{"role": "user", "content": [{"type": "text", "text": ASKED}, PICTURE]}]
    client.chat.completions.create(model="clara", messages=parts)
    seen = [r for r in openai_server.requests if isinstance(r["messages"][1]["content"], list)]
    assert len(seen) == 1 and PICTURE in seen[0]["messages"][1]["content"]


def test_a_method_is_a_model_or_an_option(client: openai.OpenAI, openai_server: FakeOpenAI) -> None:
    openai_server.script = lambda _: "Es una opacidad del cristalino."
    asked: Any = {"clara": {"method": "direct"}}
    for options in ({"model": "clara:direct"}, {"model": "clara", "extra_body": asked}):
        reply = client.chat.completions.create(messages=[user()], **options)
        assert reply.choices[0].message.content == "Es una opacidad del cristalino."
        assert reply.model_extra is not None and reply.model_extra["clara"]["method"] == "direct"
    reply = client.chat.completions.create(model="clara:evidence", messages=[user("¿Qué es la catarata?")])
    assert reply.model_extra is not None and reply.model_extra["clara"]["calls"] == 0


def test_upstream_models_are_served_as_they_are(client: openai.OpenAI, openai_server: FakeOpenAI) -> None:
    openai_server.script = lambda _: "plain"
    extra: Any = {"clara": {"method": "rag"}, "api_base": "http://evil.example", "api_key": "stolen", "top_k": 3}
    headers = {"x-secret": "s", "openai-organization": "o"}
    sent = [user(), {"role": "assistant", "content": "¿Qué?"}, user("hola")]
    reply = client.chat.completions.create(model="fake-1", messages=sent, extra_body=extra, extra_headers=headers)
    assert reply.choices[0].message.content == "plain" and reply.id == "c-1"
    assert openai_server.requests == [{"model": "fake-1", "messages": sent, "top_k": 3}]
    assert openai_server.authorisation == ["Bearer sk-upstream-secret"]
    chunks = list(client.chat.completions.create(model="openai:fake-1", messages=sent, stream=True))
    assert "".join(c.choices[0].delta.content or "" for c in chunks) == "plain"
    assert openai_server.requests[1]["model"] == "fake-1"


def test_models_are_listed(client: openai.OpenAI) -> None:
    names = [model.id for model in client.models.list()]
    assert names[0] == "clara" and {"clara:clara", "clara:direct", "clara:evidence", "fake-1"} <= set(names)
    assert client.models.retrieve("clara:direct").id == "clara:direct"
    with pytest.raises(openai.NotFoundError):
        client.models.retrieve("gpt-unknown")


def test_embeddings_are_those_of_the_knowledge_base(client: openai.OpenAI, shipped_kb: KnowledgeBase) -> None:
    texts = ["el ojo rojo", "眼睛又红又痛"]
    packed = client.embeddings.create(model="clara", input=texts)  # the client asks for base64
    plain = client.embeddings.create(model="hashed", input=texts, encoding_format="float")
    expected = shipped_kb.space.embedder.embed(texts)
    for reply in (packed, plain):
        assert [item.embedding for item in reply.data] == [pytest.approx(row.tolist(), abs=1e-6) for row in expected]
    raw = client.embeddings.with_raw_response.create(model="clara", input="ojo", encoding_format="base64")
    numbers = base64.b64decode(json.loads(raw.content)["data"][0]["embedding"])
    assert len(struct.unpack(f"<{len(numbers) // 4}f", numbers)) == expected.shape[1]


def test_responses(client: openai.OpenAI, openai_server: FakeOpenAI) -> None:
    reply = client.responses.create(model="clara", input=ASKED, instructions="Eres el asistente de una clínica.")
    assert reply.output_text == WRITTEN and reply.status == "completed"
    assert reply.usage is not None and reply.usage.total_tokens == reply.usage.input_tokens + reply.usage.output_tokens
    assert reply.model_extra is not None and reply.model_extra["clara"]["citations"]
    assert any("clínica" in r["messages"][0]["content"] for r in openai_server.requests)
    turns: Any = [{"role": "user", "content": "¿Qué es el glaucoma?"}, *reply.to_dict()["output"]]  # type: ignore[misc]
    turns.append({"role": "user", "content": [{"type": "input_text", "text": "¿y en niños?"}]})
    assert client.responses.create(model="clara", input=turns).output_text == WRITTEN


def test_responses_stream(client: openai.OpenAI) -> None:
    with client.responses.stream(model="clara", input=ASKED) as events:
        seen = list(events)
        final = events.get_final_response()
    assert final.output_text == WRITTEN
    kinds = [event.type for event in seen]
    assert kinds[0] == "response.created" and kinds[-1] == "response.completed"
    deltas = [event.delta for event in seen if event.type == "response.output_text.delta"]
    assert "".join(deltas) == WRITTEN


def test_responses_with_tools_and_a_schema(client: openai.OpenAI, openai_server: FakeOpenAI) -> None:
    openai_server.script = call_a_tool
    tool: Any = {"type": "function", **TOOL["function"], "strict": False}  # type: ignore[dict-item]
    reply = client.responses.create(model="clara", input=ASKED, tools=[tool])
    (called,) = reply.output
    assert called.type == "function_call" and called.arguments == TOOL_CALL["function"]["arguments"]  # type: ignore[index]
    kinds = [e.type for e in client.responses.create(model="clara", input=ASKED, tools=[tool], stream=True)]
    assert "response.function_call_arguments.done" in kinds and kinds[-1] == "response.completed"
    openai_server.script = json_script(GOOD)
    result: Any = {"type": "function_call_output", "call_id": called.call_id, "output": "28 mmHg"}
    items: Any = [user(), called.to_dict(), result]
    form: Any = {"format": {"type": "json_schema", **AS_SCHEMA["json_schema"]}}  # type: ignore[dict-item]
    assert json.loads(client.responses.create(model="clara", input=items, text=form).output_text)["urgent"] is True


def langchain(served: Served, **options: Any) -> ChatOpenAI:
    return ChatOpenAI(model="clara", base_url=served.api, api_key=SecretStr("x"), max_retries=0, **options)


def test_langchain_asks_streams_and_binds(served: Served, client: openai.OpenAI, openai_server: FakeOpenAI) -> None:
    model = langchain(served, stream_usage=True)
    reply = model.invoke(ASKED)
    assert isinstance(reply, AIMessage) and reply.content == WRITTEN
    assert reply.usage_metadata is not None and reply.usage_metadata["total_tokens"] > 0
    whole: BaseMessageChunk | None = None
    for chunk in model.stream(ASKED):
        whole = chunk if whole is None else whole + chunk
    assert isinstance(whole, AIMessage) and whole.text == WRITTEN and whole.usage_metadata == reply.usage_metadata
    openai_server.script = call_a_tool
    called = model.bind_tools([TOOL]).invoke(ASKED)
    assert isinstance(called, AIMessage) and called.tool_calls[0]["args"] == {"eye": "left"}


async def test_langchain_s_async_and_responses_ways(served: Served, client: openai.OpenAI) -> None:
    assert (await langchain(served).ainvoke(ASKED)).text == WRITTEN
    said = ""
    async for chunk in langchain(served, use_responses_api=True).astream(ASKED):
        said += chunk.text
    assert said == WRITTEN


def test_langchain_s_structured_output(served: Served, client: openai.OpenAI, openai_server: FakeOpenAI) -> None:
    class Advice(BaseModel):
        """What to do."""

        summary: str
        urgent: bool

    openai_server.script = json_script(GOOD)
    assert langchain(served).with_structured_output(Advice).invoke(ASKED) == Advice(
        summary=json.loads(GOOD)["summary"], urgent=True
    )


def test_langchain_s_embeddings_need_texts(served: Served, client: openai.OpenAI, shipped_kb: KnowledgeBase) -> None:
    options: Any = {"base_url": served.api, "api_key": "x", "check_embedding_ctx_length": False}
    embedder = OpenAIEmbeddings(model="clara", **options)
    assert embedder.embed_query("ojo") == pytest.approx(shipped_kb.space.embedder.embed(["ojo"])[0].tolist(), abs=1e-6)
    with pytest.raises(openai.BadRequestError, match="check_embedding_ctx_length=False"):
        openai.OpenAI(base_url=served.api, api_key="x").embeddings.create(model="clara", input=[[1, 2]])
