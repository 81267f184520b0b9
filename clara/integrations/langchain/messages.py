"""Between LangChain's messages and those of a conversation with CLARA."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage, convert_to_openai_messages
from langchain_core.messages.tool import invalid_tool_call, tool_call, tool_call_chunk

from clara.errors import InputError
from clara.openai_form import clara_object
from clara.types import Reply


def to_messages(messages: Sequence[BaseMessage]) -> list[Mapping[str, Any]]:
    """Return messages in the form of the OpenAI API. Raises InputError for what has none, such as a film."""
    try:
        return cast("list[Mapping[str, Any]]", convert_to_openai_messages(list(messages), text_format="string"))
    except ValueError as error:
        raise InputError(f"a message cannot be read: {str(error)[:200]}") from None


def to_ai_message(reply: Reply) -> AIMessage:
    """Return a reply as a whole message; what CLARA says of it is `response_metadata["clara"]`."""
    calls, broken = [], []
    for call in reply.tool_calls:
        name, given = call["function"]["name"], call["function"]["arguments"]
        try:
            arguments = json.loads(given or "{}")
            if not isinstance(arguments, dict):
                raise ValueError("arguments are no object")
        except ValueError as error:
            broken.append(invalid_tool_call(name=name, args=given, id=call["id"], error=str(error)))
        else:
            calls.append(tool_call(name=name, args=arguments, id=call["id"]))
    return AIMessage(reply.text, tool_calls=calls, invalid_tool_calls=broken, **_told(reply))


def to_chunks(reply: Reply, said: str) -> Iterator[AIMessageChunk]:
    """Yield what is left of a reply of which `said` was shown, and the chunk that ends it."""
    if rest := reply.text.removeprefix(said):
        yield AIMessageChunk(content=rest)
    calls = [
        tool_call_chunk(name=call["function"]["name"], args=call["function"]["arguments"], id=call["id"], index=index)
        for index, call in enumerate(reply.tool_calls)
    ]
    yield AIMessageChunk(content="", tool_call_chunks=calls, chunk_position="last", **_told(reply))


def as_chunk(message: AIMessage) -> AIMessageChunk:
    """Return a message, with all that a provider's package put into it, as the one chunk of a stream."""
    calls = [(call["id"], call["name"], json.dumps(call["args"], ensure_ascii=False)) for call in message.tool_calls]
    calls += [(call["id"], call["name"] or "", call["args"] or "") for call in message.invalid_tool_calls]
    chunks = [tool_call_chunk(id=i, name=n, args=a, index=index) for index, (i, n, a) in enumerate(calls)]
    own = message.model_dump(exclude={"type", "tool_calls", "invalid_tool_calls"})
    return AIMessageChunk(**own, tool_call_chunks=chunks, chunk_position="last")


def _told(reply: Reply) -> dict[str, Any]:
    usage = reply.usage
    return {
        "additional_kwargs": {"refusal": reply.refusal} if reply.refusal else {},
        "response_metadata": {
            "model_provider": "clara",
            "model_name": "clara",
            "finish_reason": reply.finish_reason,
            "clara": clara_object(reply),
        },
        "usage_metadata": {
            "input_tokens": usage.prompt_tokens,
            "output_tokens": usage.completion_tokens,
            "total_tokens": usage.prompt_tokens + usage.completion_tokens,
        },
    }
