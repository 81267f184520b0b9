"""Responses: whole, and as the events of a stream."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from clara.openai_form.extension import clara_object, progress_object, usage_object
from clara.types import Event, Reply, Usage

ApiEvent = dict[str, Any]
_ECHOED: Mapping[str, Any] = {
    "instructions": None,
    "max_output_tokens": None,
    "metadata": {},
    "parallel_tool_calls": True,
    "temperature": None,
    "text": {"format": {"type": "text"}},
    "tool_choice": "auto",
    "tools": [],
    "top_p": None,
    "user": None,
}
"""What a response repeats of its request, with what stands there where the request does not name it."""


def response_object(
    reply: Reply,
    request: Mapping[str, Any],
    *,
    response_id: str,
    created: int,
    model: str,
    explain: bool = False,
) -> dict[str, Any]:
    """Return an object `response`. request: its body as it came; created: Unix seconds."""
    head = _head(request, response_id, created, model)
    output = [_message(response_id, reply)] if reply.text or reply.refusal or not reply.tool_calls else []
    output += [_function_call(response_id, i, call) for i, call in enumerate(reply.tool_calls)]
    cut = reply.finish_reason == "length"
    return head | {
        "status": "incomplete" if cut else "completed",
        "incomplete_details": {"reason": "max_output_tokens"} if cut else None,
        "output": output,
        "usage": _usage(reply.usage),
        "clara": clara_object(reply, explain=explain),
    }


class ResponseEvents:
    """Makes the events of one streamed response, numbered in order.

    The deltas of all `event` and `end` events, put together, are the reply's text.
    """

    def __init__(
        self, request: Mapping[str, Any], *, response_id: str, created: int, model: str, explain: bool = False
    ) -> None:
        self._request, self._id, self._created, self._model = request, response_id, created, model
        self._explain = explain
        self._number = -1
        self._said = ""
        self._opened = False
        self._head = _head(request, response_id, created, model)

    def begin(self) -> Iterator[ApiEvent]:
        """Return what comes before everything else."""
        yield self._made("response.created", response=self._head)
        yield self._made("response.in_progress", response=self._head)

    def event(self, event: Event) -> Iterator[ApiEvent]:
        """Return a sentence as text, and anything else as progress: an event `response.in_progress` with `clara`."""
        if event.kind == "sentence":
            yield from self._text(event.data["text"])
        else:
            told = progress_object(event, explain=self._explain)
            yield self._made("response.in_progress", response=self._head, clara=told)

    def waiting(self) -> ApiEvent:
        """Return an event that says nothing but that the answer is still being made."""
        return self._made("response.in_progress", response=self._head, clara={"kind": "waiting"})

    def end(self, reply: Reply) -> Iterator[ApiEvent]:
        """Return what is left of a reply, and the whole response."""
        whole = response_object(
            reply, self._request, response_id=self._id, created=self._created, model=self._model,
            explain=self._explain,
        )  # fmt: skip
        if rest := reply.text.removeprefix(self._said):
            yield from self._text(rest)
        for place, item in enumerate(whole["output"]):
            at: dict[str, Any] = {"output_index": place, "item_id": item["id"]}
            if item["type"] == "message":
                if not self._opened:
                    yield from self._open(item["content"][0])
                part = item["content"][0]
                if part["type"] == "refusal":
                    yield self._made("response.refusal.done", **at, content_index=0, refusal=part["refusal"])
                else:
                    yield self._made("response.output_text.done", **at, content_index=0, text=part["text"], logprobs=[])
                yield self._made("response.content_part.done", **at, content_index=0, part=part)
            else:
                begun = item | {"arguments": "", "status": "in_progress"}
                yield self._made("response.output_item.added", output_index=place, item=begun)
                yield self._made("response.function_call_arguments.delta", **at, delta=item["arguments"])
                yield self._made(
                    "response.function_call_arguments.done", **at, name=item["name"], arguments=item["arguments"]
                )
            yield self._made("response.output_item.done", output_index=place, item=item)
        yield self._made(f"response.{whole['status']}", response=whole)

    def failed(self, code: str, message: str) -> ApiEvent:
        """Return the event that ends a stream without an answer."""
        error = {"code": code, "message": message}
        return self._made("response.failed", response=self._head | {"status": "failed", "error": error})

    def _text(self, piece: str) -> Iterator[ApiEvent]:
        if not self._opened:
            yield from self._open({"type": "output_text", "text": "", "annotations": [], "logprobs": []})
        self._said += piece
        at = {"output_index": 0, "item_id": _message_id(self._id), "content_index": 0}
        yield self._made("response.output_text.delta", **at, delta=piece, logprobs=[])

    def _open(self, part: Mapping[str, Any]) -> Iterator[ApiEvent]:
        self._opened = True
        item = {"id": _message_id(self._id), "type": "message", "role": "assistant", "status": "in_progress"}
        yield self._made("response.output_item.added", output_index=0, item=item | {"content": []})
        empty = {name: "" if name in ("text", "refusal") else value for name, value in part.items()}
        at = {"output_index": 0, "item_id": item["id"], "content_index": 0}
        yield self._made("response.content_part.added", **at, part=empty)
        if part["type"] == "refusal":
            yield self._made("response.refusal.delta", **at, delta=part["refusal"])

    def _made(self, kind: str, **more: Any) -> ApiEvent:
        self._number += 1
        return {"type": kind, "sequence_number": self._number, **more}


def _head(request: Mapping[str, Any], response_id: str, created: int, model: str) -> dict[str, Any]:
    repeated = {name: default if request.get(name) is None else request[name] for name, default in _ECHOED.items()}
    return repeated | {
        "id": response_id,
        "object": "response",
        "created_at": created,
        "status": "in_progress",
        "error": None,
        "incomplete_details": None,
        "model": model,
        "output": [],
        "previous_response_id": None,
        "reasoning": {"effort": None, "summary": None},
        "store": False,
        "truncation": "disabled",
        "usage": None,
    }


def _message_id(response_id: str) -> str:
    return response_id.replace("resp_", "msg_", 1)


def _message(response_id: str, reply: Reply) -> dict[str, Any]:
    part: dict[str, Any] = {"type": "output_text", "text": reply.text, "annotations": [], "logprobs": []}
    if reply.refusal:
        part = {"type": "refusal", "refusal": reply.refusal}
    status = "incomplete" if reply.finish_reason == "length" else "completed"
    return {
        "id": _message_id(response_id),
        "type": "message",
        "role": "assistant",
        "status": status,
        "content": [part],
    }


def _function_call(response_id: str, number: int, call: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "id": f"{response_id.replace('resp_', 'fc_', 1)}_{number}",
        "type": "function_call",
        "call_id": call["id"],
        "name": call["function"]["name"],
        "arguments": call["function"]["arguments"],
        "status": "completed",
    }


def _usage(usage: Usage) -> dict[str, Any]:
    sums = usage_object([usage])
    return {
        "input_tokens": sums["prompt_tokens"],
        "input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0},
        "output_tokens": sums["completion_tokens"],
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": sums["total_tokens"],
    }
