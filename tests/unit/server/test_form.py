"""Replies in the forms of the OpenAI API, read back by the official client's own models."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openai.types.chat import ChatCompletion, ChatCompletionChunk
from openai.types.responses import Response, ResponseStreamEvent
from pydantic import TypeAdapter

from clara.errors import InputError
from clara.openai_form import (
    ChatChunks,
    ResponseEvents,
    chat_completion,
    clara_object,
    read_responses_request,
    response_object,
)
from clara.types import Answer, Citation, Event, Reply, Usage, Verdict

CALL = {"id": "call_1", "type": "function", "function": {"name": "pressure", "arguments": '{ "eye":  "left" }'}}
HEAD: dict[str, Any] = {"created": 1, "model": "clara"}
_EVENT: TypeAdapter[Any] = TypeAdapter(ResponseStreamEvent)


def reply(text: str, **more: Any) -> Reply:
    usage = Usage(calls=2, rounds=1, prompt_tokens=30, completion_tokens=12, cost=None)
    citation = Citation(id="d#1", title="T", language="es", quote="q", source="s", state="exact")
    answer = Answer(
        answer=text, language="es", choice=None, confidence=0.8, abstained=False, method="clara", usage=usage,
        citations=(citation,), verdicts=(Verdict(claim="c", against="evidence", state="supported"),),
        trace=(Event(kind="started", stage="clara", at_s=0.0),),
    )  # fmt: skip
    given: dict[str, Any] = {"text": text, "answer": answer, "usage": usage} | more
    return Reply(**given)


REPLIES = [
    reply("Se ven halos."),
    reply("", refusal="No puedo responder."),
    reply("Se ven", finish_reason="length"),
    reply("", answer=None, tool_calls=(CALL,), finish_reason="tool_calls"),
    reply("Un momento.", answer=None, tool_calls=(CALL, CALL), finish_reason="tool_calls"),
]


@pytest.mark.parametrize("made", REPLIES, ids=lambda made: made.finish_reason + str(len(made.tool_calls)))
def test_every_kind_of_reply_is_what_the_sdk_expects(made: Reply) -> None:
    chat = ChatCompletion.model_validate(chat_completion([made], completion_id="chatcmpl-1", **HEAD), strict=True)
    message = chat.choices[0].message
    assert (message.content or "") == made.text and (message.refusal or "") == made.refusal
    assert [call.to_dict() for call in message.tool_calls or ()] == list(made.tool_calls)
    assert chat.choices[0].finish_reason == made.finish_reason
    response = Response.model_validate(response_object(made, {}, response_id="resp_1", **HEAD))
    assert response.output_text == made.text
    assert response.status == ("incomplete" if made.finish_reason == "length" else "completed")
    calls = [item for item in response.output if item.type == "function_call"]
    assert [call.arguments for call in calls] == [call["function"]["arguments"] for call in made.tool_calls]
    assert len({item.id for item in response.output}) == len(response.output)
    assert response.usage is not None and response.usage.total_tokens == 42


@given(pieces=st.lists(st.text(min_size=1, max_size=20), max_size=6), unsaid=st.text(max_size=10))
def test_what_is_streamed_adds_up_to_the_reply(pieces: list[str], unsaid: str) -> None:
    made = reply("".join(pieces) + unsaid)
    events = [Event(kind="sentence", stage="write", at_s=0.1, data={"text": piece}) for piece in pieces]
    events.insert(0, Event(kind="call", stage="translate/question", at_s=0.0))
    chunks = ChatChunks(completion_id="chatcmpl-1", **HEAD)
    sent = [chunks.begin(), *(chunks.event(event) for event in events), chunks.waiting(), *chunks.end(made)]
    read = [ChatCompletionChunk.model_validate(chunk) for chunk in sent]
    assert "".join(chunk.choices[0].delta.content or "" for chunk in read) == made.text
    assert [c.choices[0].finish_reason for c in read][-1] == "stop" and read[0].choices[0].delta.role == "assistant"
    stream = ResponseEvents({}, response_id="resp_1", **HEAD)
    told = [*stream.begin(), *(e for event in events for e in stream.event(event)), stream.waiting(), *stream.end(made)]
    parsed = [_EVENT.validate_python(event) for event in told]
    assert "".join(event.delta for event in parsed if event.type == "response.output_text.delta") == made.text
    assert [event.sequence_number for event in parsed] == list(range(len(parsed)))
    assert parsed[-1].type == "response.completed" and parsed[-1].response.output_text == made.text


@pytest.mark.parametrize("made", REPLIES, ids=lambda made: made.finish_reason + str(len(made.tool_calls)))
def test_every_stream_of_responses_opens_and_closes_what_it_names(made: Reply) -> None:
    stream = ResponseEvents({}, response_id="resp_1", **HEAD)
    told = [_EVENT.validate_python(event) for event in [*stream.begin(), *stream.end(made)]]
    added = [event.item.id for event in told if event.type == "response.output_item.added"]
    done = [event.item.id for event in told if event.type == "response.output_item.done"]
    assert added == done == [item.id for item in told[-1].response.output]


def test_what_it_rests_on_is_told_and_the_record_on_request() -> None:
    told = clara_object(reply("x"))
    assert told["citations"][0]["quote"] == "q" and told["verdicts"][0]["state"] == "supported"
    assert (told["calls"], told["language"], told["confidence"]) == (2, "es", 0.8) and "trace" not in told
    assert clara_object(reply("x"), explain=True)["trace"][0]["kind"] == "started"
    several = chat_completion([reply("a"), reply("b")], completion_id="c", **HEAD)
    assert [choice["clara"]["language"] for choice in several["choices"]] == ["es", "es"]


def test_a_responses_request_is_a_conversation() -> None:
    shown = [{"type": "input_text", "text": "hola"}, {"type": "input_image", "image_url": "u"}]
    body = {
        "instructions": "Be brief.",
        "input": [
            {"role": "user", "content": shown},
            {"type": "reasoning", "summary": []},
            {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "un momento"}]},
            {"type": "function_call", "call_id": "a", "name": "f", "arguments": "{}"},
            {"type": "function_call", "call_id": "b", "name": "g", "arguments": "{}"},
            {"type": "function_call_output", "call_id": "a", "output": "1"},
            {"type": "function_call_output", "call_id": "b", "output": [{"type": "input_text", "text": "2"}]},
        ],
        "tools": [{"type": "function", "name": "f", "parameters": {}, "strict": None}],
        "tool_choice": {"type": "function", "name": "f"},
        "text": {"format": {"type": "json_schema", "name": "n", "schema": {"type": "object"}}},
        "max_output_tokens": 50,
        "temperature": 0.0,
    }  # fmt: skip
    read = read_responses_request(body)
    assert [message["role"] for message in read.messages] == ["system", "user", "assistant", "tool", "tool"]
    picture = {"type": "image_url", "image_url": {"url": "u"}}
    assert read.messages[1]["content"] == [{"type": "text", "text": "hola"}, picture]
    assert [call["id"] for call in read.messages[2]["tool_calls"]] == ["a", "b"]
    assert read.messages[2]["content"] == [{"type": "text", "text": "un momento"}]
    assert read.messages[4] == {"role": "tool", "tool_call_id": "b", "content": [{"type": "text", "text": "2"}]}
    assert read.options == {
        "tools": [{"type": "function", "function": {"name": "f", "parameters": {}}}],
        "tool_choice": {"type": "function", "function": {"name": "f"}},
        "response_format": {"type": "json_schema", "json_schema": {"name": "n", "schema": {"type": "object"}}},
        "max_tokens": 50,
        "temperature": 0.0,
    }


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({}, "input is empty"),
        ({"input": "x", "previous_response_id": "r"}, "keeps no conversations"),
        ({"input": [3]}, "item 1 is no object"),
        ({"input": [{"type": "web_search_call"}]}, "type 'web_search_call' is not known"),
        ({"input": "x", "tools": [{"type": "file_search"}]}, "runs at OpenAI"),
        ({"input": "x", "tool_choice": {"type": "hosted"}}, "auto, none, required"),
        ({"input": "x", "text": {"format": "json"}}, "text.format is no object"),
    ],
)
def test_what_has_no_place_here_is_said(body: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError, match=said):
        read_responses_request(body)
