"""The two forms in which an application asks through the OpenAI client, and how CLARA asks its provider in each."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, ClassVar, Protocol

from clara.models import Call, Completion
from clara.models.wire import wire_messages
from clara.openai_form import (
    ChatReplies,
    ChatRequest,
    Replies,
    ResponsesReplies,
    read_chat_request,
    read_responses_request,
)

Body = Mapping[str, Any]


class Form(Protocol):
    """One form of requests and replies."""

    path: ClassVar[str]
    kept: ClassVar[tuple[str, ...]]
    """Fields of a request that hold for every call that is made for it."""

    def read(self, body: Body) -> ChatRequest:
        """Return what is asked. Raises InputError."""

    def call(self, call: Call) -> dict[str, Any]:
        """Return a call of CLARA's own, but for the fields that are kept."""

    def completion(self, reply: Body, model: str) -> Completion:
        """Return the provider's whole reply as a completion. Raises KeyError or the like for one that is none."""

    def piece(self, event: Body) -> str:
        """Return the text that an event of the provider's stream adds."""

    def assembled(self, events: Sequence[Body]) -> Body | None:
        """Return the whole reply that a stream amounts to; None for one that broke off."""

    def replies(self, body: Body, explain: bool) -> Replies:
        """Return what makes the replies to a request."""

    def failed(self, replies: Replies, message: str) -> Body:
        """Return the last event of a stream that fails."""


class ChatForm:
    """Chat completions."""

    path: ClassVar[str] = "/chat/completions"
    kept: ClassVar[tuple[str, ...]] = ("model", "user", "safety_identifier", "service_tier", "reasoning_effort")

    def read(self, body: Body) -> ChatRequest:
        return read_chat_request(body)

    def call(self, call: Call) -> dict[str, Any]:
        return {"messages": wire_messages(call), **call.options}

    def completion(self, reply: Body, model: str) -> Completion:
        choice, usage = reply["choices"][0], reply.get("usage") or {}
        message = choice["message"]
        return Completion(
            text=message.get("content") or message.get("refusal") or "",
            model=model,
            prompt_tokens=usage.get("prompt_tokens") or 0,
            completion_tokens=usage.get("completion_tokens") or 0,
            truncated=choice.get("finish_reason") == "length",
            tool_calls=tuple(message.get("tool_calls") or ()),
        )

    def piece(self, event: Body) -> str:
        return "".join(choice["delta"].get("content") or "" for choice in event["choices"] if choice["index"] == 0)

    def assembled(self, events: Sequence[Body]) -> Body | None:
        first = [choice for event in events for choice in event["choices"] if choice["index"] == 0]
        finish = next((choice["finish_reason"] for choice in reversed(first) if choice.get("finish_reason")), None)
        if finish is None:
            return None
        # The calls themselves are handed on as they came; that there are some is all that is read from them.
        calls = [call for choice in first for call in choice["delta"].get("tool_calls") or ()]
        message = {"content": "".join(map(self.piece, events)), "tool_calls": calls}
        usage = next((event["usage"] for event in reversed(events) if event.get("usage")), None)
        return {"choices": [{"message": message, "finish_reason": finish}], "usage": usage}

    def replies(self, body: Body, explain: bool) -> Replies:
        return ChatReplies(body, explain)

    def failed(self, replies: Replies, message: str) -> Body:
        return {"error": {"message": message, "type": "server_error", "param": None, "code": None}}


class ResponsesForm:
    """Responses."""

    path: ClassVar[str] = "/responses"
    kept: ClassVar[tuple[str, ...]] = ("model", "user", "safety_identifier", "service_tier", "reasoning")

    def read(self, body: Body) -> ChatRequest:
        asked = read_responses_request(body)
        return ChatRequest(messages=asked.messages, options=asked.options, count=1)

    def call(self, call: Call) -> dict[str, Any]:
        items = [{"role": turn.role, "content": [_text(turn.role, turn.text), *map(_part, turn.attachments)]}
                 for turn in call.turns]  # fmt: skip
        sampling = {name: value for name, value in call.options.items() if name in ("temperature", "top_p")}
        return {"instructions": call.system or None, "input": items, "store": False, **sampling}

    def completion(self, reply: Body, model: str) -> Completion:
        usage = reply.get("usage") or {}
        parts = [part for item in reply["output"] if item["type"] == "message" for part in item["content"]]
        calls = [
            {"id": item["call_id"], "type": "function",
             "function": {"name": item["name"], "arguments": item["arguments"]}}
            for item in reply["output"] if item["type"] == "function_call"
        ]  # fmt: skip
        return Completion(
            text="".join(part.get("text") or part.get("refusal") or "" for part in parts),
            model=model,
            prompt_tokens=usage.get("input_tokens") or 0,
            completion_tokens=usage.get("output_tokens") or 0,
            truncated=reply.get("status") == "incomplete",
            tool_calls=tuple(calls),
        )

    def piece(self, event: Body) -> str:
        return str(event["delta"]) if event["type"] == "response.output_text.delta" else ""

    def assembled(self, events: Sequence[Body]) -> Body | None:
        ends = ("response.completed", "response.incomplete")
        return next((event["response"] for event in reversed(events) if event["type"] in ends), None)

    def replies(self, body: Body, explain: bool) -> Replies:
        return ResponsesReplies(body, explain)

    def failed(self, replies: Replies, message: str) -> Body:
        assert isinstance(replies, ResponsesReplies)
        return replies.failed("server_error", message)


FORMS: tuple[Form, ...] = (ChatForm(), ResponsesForm())


def read_events(lines: Iterable[str]) -> Iterator[Body]:
    """Yield the JSON objects of server-sent events, line by line."""
    for line in lines:
        data = line.removeprefix("data:").strip()
        if line.startswith("data:") and data != "[DONE]":
            yield json.loads(data)


def _text(role: str, text: str) -> Body:
    return {"type": "output_text" if role == "assistant" else "input_text", "text": text}


def _part(part: Body) -> Body:
    """Return a part of a message of chat completions as one of the Responses API."""
    if part["type"] == "image_url":
        image = part["image_url"]
        return {"type": "input_image", "image_url": image["url"], "detail": image.get("detail") or "auto"}
    return {"type": "input_file", **part["file"]} if part["type"] == "file" else part
