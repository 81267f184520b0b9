"""An application's messages, in the form of the OpenAI API, as a question with what came before it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from clara.errors import InputError
from clara.text import clean
from clara.types import Turn

Message = Mapping[str, Any]
_TEXT_PARTS = ("text", "input_text", "output_text", "refusal")
_MAX_RESULT = 20_000  # characters; what a tool returns may be a whole page, and drafts are shown its beginning


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversation:
    """The last user message, the other turns in order, the system messages' text, and the parts that are no text."""

    text: str
    history: tuple[Turn, ...]
    instructions: str
    attachments: tuple[Mapping[str, Any], ...]


def read_conversation(messages: Sequence[Message]) -> Conversation:
    """Take the messages apart. Raises InputError that names the message which cannot be read."""
    if not isinstance(messages, Sequence) or isinstance(messages, str) or not messages:
        raise InputError("messages is no list of messages, or an empty one; give at least one user message")
    parts = [_parts(number, message) for number, message in enumerate(messages, 1)]
    asked = max((i for i, message in enumerate(messages) if message["role"] == "user"), default=None)
    if asked is None:
        raise InputError("no message has the role user; the last one of that role is what is answered")
    named = _tool_names(messages)
    history, instructions = [], []
    attachments: list[Mapping[str, Any]] = []
    for i, (message, (text, others)) in enumerate(zip(messages, parts, strict=True)):
        role = message["role"]
        if role in ("system", "developer"):
            instructions.append(text)
        elif role in ("tool", "function"):
            name = named.get(str(message.get("tool_call_id")), str(message.get("name") or "tool"))
            history.append(Turn(role="tool", text=f"{name}: {text}"[:_MAX_RESULT]))
        else:
            attachments += others if role == "user" else ()
            if i != asked and text.strip():
                history.append(Turn(role="user" if role == "user" else "assistant", text=text))
    return Conversation(
        text=parts[asked][0],
        history=tuple(history),
        instructions=clean("\n\n".join(filter(str.strip, instructions))).strip(),
        attachments=tuple(attachments),
    )


def _parts(number: int, message: Message) -> tuple[str, list[Mapping[str, Any]]]:
    """Return the text of a message and its other parts."""
    if not isinstance(message, Mapping) or message.get("role") not in (
        "system", "developer", "user", "assistant", "tool", "function",
    ):  # fmt: skip
        raise InputError(f"message {number} has no role of system, developer, user, assistant or tool")
    content = message.get("content")
    if content is None:
        return "", []
    if isinstance(content, str):
        return content, []
    if not isinstance(content, Sequence) or not all(isinstance(p, Mapping) and "type" in p for p in content):
        raise InputError(f"message {number}: content is neither text nor a list of parts, each with a type")
    texts = [part.get(part["type"] if part["type"] == "refusal" else "text") for part in content if _is_text(part)]
    if not all(isinstance(text, str) for text in texts):
        raise InputError(f"message {number}: a text part holds no text")
    return "\n".join(map(str, texts)), [part for part in content if not _is_text(part)]


def _is_text(part: Mapping[str, Any]) -> bool:
    return part["type"] in _TEXT_PARTS


def _tool_names(messages: Sequence[Message]) -> dict[str, str]:
    """Return call id -> the call as written, so that a result says what it is the result of."""
    named = {}
    for number, message in enumerate(messages, 1):
        for call in message.get("tool_calls") or ():
            function = call.get("function") or {} if isinstance(call, Mapping) else None
            if not isinstance(function, Mapping):
                raise InputError(f"message {number}: a tool call is no object with an id and a function")
            named[str(call.get("id"))] = f"{function.get('name', 'tool')}({function.get('arguments', '')})"[:300]
    return named
