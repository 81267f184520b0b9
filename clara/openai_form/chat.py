"""Chat completions: whole, and as the chunks of a stream."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from clara.openai_form.extension import clara_object, progress_object, usage_object
from clara.types import Event, Reply

Chunk = dict[str, Any]


def chat_completion(
    replies: Sequence[Reply], *, completion_id: str, created: int, model: str, explain: bool = False
) -> dict[str, Any]:
    """Return an object `chat.completion` with a choice for each reply. created: Unix seconds.

    `clara` is that of the first reply; where there are several, each choice bears its own.
    """
    told = [clara_object(reply, explain=explain) for reply in replies]
    choices = []
    for index, reply in enumerate(replies):
        message: dict[str, Any] = {
            "role": "assistant",
            "content": None if (reply.tool_calls and not reply.text) or reply.refusal else reply.text,
            "refusal": reply.refusal or None,
        }
        if reply.tool_calls:
            message["tool_calls"] = [dict(call) for call in reply.tool_calls]
        choice = {"index": index, "message": message, "logprobs": None, "finish_reason": reply.finish_reason}
        choices.append(choice | ({"clara": told[index]} if len(replies) > 1 else {}))
    return {
        "id": completion_id,
        "object": "chat.completion",
        "created": created,
        "model": model,
        "choices": choices,
        "usage": usage_object([reply.usage for reply in replies]),
        "clara": told[0],
    }


class ChatChunks:
    """Makes the chunks of one streamed completion; a `chat.completion.chunk` each.

    The text of all `event` and `end` chunks of an index, put together, is the reply's text.
    """

    def __init__(self, *, completion_id: str, created: int, model: str, explain: bool = False) -> None:
        self._head = {"id": completion_id, "object": "chat.completion.chunk", "created": created, "model": model}
        self._explain = explain
        self._said: dict[int, str] = {}

    def begin(self, index: int = 0) -> Chunk:
        """Return the first chunk of a choice, which names the role."""
        return self._chunk(index, {"role": "assistant", "content": ""})

    def event(self, event: Event, index: int = 0) -> Chunk:
        """Return a sentence as content, and anything else as progress with an empty delta."""
        if event.kind == "sentence":
            self._said[index] = self._said.get(index, "") + event.data["text"]
            return self._chunk(index, {"content": event.data["text"]})
        delta = {"reasoning_content": f"{event.kind} {event.stage}\n"} if self._explain else {}
        return self._chunk(index, delta, clara=progress_object(event, explain=self._explain))

    def waiting(self, index: int = 0) -> Chunk:
        """Return a chunk that says nothing but that the answer is still being made."""
        return self._chunk(index, {}, clara={"kind": "waiting"})

    def end(self, reply: Reply, index: int = 0) -> Iterator[Chunk]:
        """Return what is left of a reply, and the chunk that ends its choice with citations and verdicts."""
        if rest := reply.text.removeprefix(self._said.get(index, "")):
            yield self._chunk(index, {"content": rest})
        if reply.refusal:
            yield self._chunk(index, {"refusal": reply.refusal})
        if reply.tool_calls:
            yield self._chunk(index, {"tool_calls": [{"index": i} | dict(c) for i, c in enumerate(reply.tool_calls)]})
        told = clara_object(reply, explain=self._explain)
        yield self._chunk(index, {}, finish_reason=reply.finish_reason, clara=told)

    def usage(self, replies: Sequence[Reply]) -> Chunk:
        """Return the chunk of `stream_options.include_usage`, which has no choice."""
        return self._head | {"choices": [], "usage": usage_object([reply.usage for reply in replies])}

    def _chunk(self, index: int, delta: dict[str, Any], finish_reason: str | None = None, **more: Any) -> Chunk:
        choice = {"index": index, "delta": delta, "logprobs": None, "finish_reason": finish_reason}
        return self._head | {"choices": [choice]} | more
