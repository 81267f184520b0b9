"""A request of the Responses API as the messages and options of a conversation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from clara.errors import InputError

_STATEFUL = ("previous_response_id", "conversation", "background", "prompt")
_SAME_NAME = ("temperature", "top_p", "seed", "parallel_tool_calls", "stop")
_TEXT_PARTS = ("input_text", "output_text", "text")


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponsesRequest:
    """messages: in the form of chat completions. options: those of `Clara.achat` that the request names."""

    messages: list[dict[str, Any]]
    options: dict[str, Any]


def read_responses_request(body: Mapping[str, Any]) -> ResponsesRequest:
    """Read a request. Raises InputError in one line for what has no place here, such as tools that OpenAI runs."""
    for name in _STATEFUL:
        if body.get(name):
            raise InputError(f"{name}: CLARA keeps no conversations, jobs or prompts; send all of it in input")
    messages: list[dict[str, Any]] = []
    if instructions := body.get("instructions"):
        messages.append({"role": "system", "content": instructions})
    given = body.get("input")
    if isinstance(given, str):
        messages.append({"role": "user", "content": given})
    elif isinstance(given, Sequence) and given:
        for number, item in enumerate(given, 1):
            _add(messages, number, item)
    else:
        raise InputError("input is empty; give text, or a list of items")
    options: dict[str, Any] = {name: body[name] for name in _SAME_NAME if body.get(name) is not None}
    if tools := body.get("tools"):
        options["tools"] = [_tool(tool) for tool in tools]
    if (choice := body.get("tool_choice")) is not None:
        options["tool_choice"] = _tool_choice(choice)
    if (limit := body.get("max_output_tokens")) is not None:
        options["max_tokens"] = limit
    if (form := (body.get("text") or {}).get("format")) is not None:
        options["response_format"] = _response_format(form)
    return ResponsesRequest(messages=messages, options=options)


def _add(messages: list[dict[str, Any]], number: int, item: Any) -> None:
    if not isinstance(item, Mapping):
        raise InputError(f"input item {number} is no object")
    kind = item.get("type") or ("message" if "role" in item else None)
    if kind == "message":
        messages.append({"role": item.get("role"), "content": _content(number, item.get("content"))})
    elif kind == "function_call":
        function = {"name": item.get("name"), "arguments": item.get("arguments") or ""}
        call = {"id": item.get("call_id"), "type": "function", "function": function}
        # Text and calls of one turn are items of their own here.
        if not messages or messages[-1]["role"] != "assistant":
            messages.append({"role": "assistant", "content": None})
        messages[-1].setdefault("tool_calls", []).append(call)
    elif kind == "function_call_output":
        output = item.get("output")
        content = output if isinstance(output, str) else _content(number, output)
        messages.append({"role": "tool", "tool_call_id": item.get("call_id"), "content": content})
    elif kind != "reasoning":  # of another model's turn; nothing can be done with it
        raise InputError(f"input item {number}: type {str(kind)[:40]!r} is not known; give messages and function calls")


def _content(number: int, content: Any) -> Any:
    if content is None or isinstance(content, str):
        return content
    if not isinstance(content, Sequence) or not all(isinstance(part, Mapping) for part in content):
        raise InputError(f"input item {number}: content is neither text nor a list of parts")
    return [_part(part) for part in content]


def _part(part: Mapping[str, Any]) -> dict[str, Any]:
    kind = part.get("type")
    if kind in _TEXT_PARTS:
        return {"type": "text", "text": part.get("text")}
    if kind == "input_image":
        image = {"url": part.get("image_url")} | ({"detail": part["detail"]} if part.get("detail") else {})
        return {"type": "image_url", "image_url": image}
    if kind == "input_file":
        return {"type": "file", "file": {name: value for name, value in part.items() if name != "type"}}
    return dict(part)


def _tool(tool: Any) -> dict[str, Any]:
    kind = tool.get("type") if isinstance(tool, Mapping) else None
    if kind != "function":
        raise InputError(f"tools: type {str(kind)[:40]!r} runs at OpenAI; only function tools can be used here")
    names = ("name", "description", "parameters", "strict")
    return {"type": "function", "function": {n: tool[n] for n in names if tool.get(n) is not None}}


def _tool_choice(choice: Any) -> Any:
    if isinstance(choice, Mapping):
        if choice.get("type") != "function":
            raise InputError("tool_choice: give auto, none, required, or a function's name")
        return {"type": "function", "function": {"name": choice.get("name")}}
    return choice


def _response_format(form: Any) -> dict[str, Any]:
    if not isinstance(form, Mapping):
        raise InputError("text.format is no object")
    if form.get("type") != "json_schema":
        return dict(form)
    return {"type": "json_schema", "json_schema": {name: value for name, value in form.items() if name != "type"}}
