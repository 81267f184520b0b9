"""The two forms in which replies are asked for and given: chat completions, and responses."""

from __future__ import annotations

import secrets
import time
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from clara.openai_form import (
    ChatChunks,
    ResponseEvents,
    chat_completion,
    read_responses_request,
    response_object,
)
from clara.openai_form.read_chat import read_chat_request
from clara.server.asking import Asked
from clara.server.errors import failure_of
from clara.server.schemas import ChatCompletionRequest, ClaraExtension, ResponsesRequest, checked
from clara.types import Event, Reply


class Form(ABC):
    """A form in which replies are asked for and given; one object a request."""

    prefix: ClassVar[str]
    path: ClassVar[str]

    def __init__(self, body: dict[str, Any], explain: bool) -> None:
        self._body, self._explain = body, explain
        self._id = f"{self.prefix}{secrets.token_hex(12)}"
        self._created = int(time.time())
        self._model = body["model"]

    @classmethod
    @abstractmethod
    def check(cls, body: dict[str, Any]) -> ChatCompletionRequest | ResponsesRequest:
        """Check a body's form. Raises RequestError."""

    @classmethod
    @abstractmethod
    def read(cls, body: dict[str, Any], extension: ClaraExtension) -> Asked:
        """Return what a body asks for. Raises InputError."""

    @abstractmethod
    def whole(self, replies: Sequence[Reply]) -> dict[str, Any]:
        """Return the reply's object."""

    @abstractmethod
    def begin(self, count: int) -> list[Mapping[str, Any]]:
        """Return the first events of a stream."""

    @abstractmethod
    def event(self, number: int, event: Event | None) -> list[Mapping[str, Any]]:
        """Return what is shown of something that happened; None is that nothing has, for a while."""

    @abstractmethod
    def end(self, number: int, reply: Reply) -> list[Mapping[str, Any]]:
        """Return the last events of one reply."""

    @abstractmethod
    def close(self, replies: Sequence[Reply]) -> list[Mapping[str, Any]]:
        """Return what comes after all replies."""

    @abstractmethod
    def failed(self, error: Exception) -> list[Mapping[str, Any]]:
        """Return the last events of a stream that fails."""


class ChatForm(Form):
    """Chat completions."""

    prefix, path = "chatcmpl-", "/chat/completions"

    def __init__(self, body: dict[str, Any], explain: bool) -> None:
        super().__init__(body, explain)
        self._chunks = ChatChunks(
            completion_id=self._id, created=self._created, model=self._model, explain=self._explain
        )

    @classmethod
    def check(cls, body: dict[str, Any]) -> ChatCompletionRequest:
        return checked(ChatCompletionRequest, body)

    @classmethod
    def read(cls, body: dict[str, Any], extension: ClaraExtension) -> Asked:
        read = read_chat_request(body)
        return Asked(messages=read.messages, options=read.options, count=read.count, extension=extension)

    def whole(self, replies: Sequence[Reply]) -> dict[str, Any]:
        return chat_completion(
            replies, completion_id=self._id, created=self._created, model=self._model, explain=self._explain
        )

    def begin(self, count: int) -> list[Mapping[str, Any]]:
        return [self._chunks.begin(number) for number in range(count)]

    def event(self, number: int, event: Event | None) -> list[Mapping[str, Any]]:
        return [self._chunks.waiting(number) if event is None else self._chunks.event(event, number)]

    def end(self, number: int, reply: Reply) -> list[Mapping[str, Any]]:
        return list(self._chunks.end(reply, number))

    def close(self, replies: Sequence[Reply]) -> list[Mapping[str, Any]]:
        wanted = (self._body.get("stream_options") or {}).get("include_usage")
        return [self._chunks.usage(replies)] if wanted else []

    def failed(self, error: Exception) -> list[Mapping[str, Any]]:
        return [failure_of(error).body]


class ResponsesForm(Form):
    """Responses."""

    prefix, path = "resp_", "/responses"

    def __init__(self, body: dict[str, Any], explain: bool) -> None:
        super().__init__(body, explain)
        self._events = ResponseEvents(
            body, response_id=self._id, created=self._created, model=self._model, explain=explain
        )

    @classmethod
    def check(cls, body: dict[str, Any]) -> ResponsesRequest:
        return checked(ResponsesRequest, body)

    @classmethod
    def read(cls, body: dict[str, Any], extension: ClaraExtension) -> Asked:
        read = read_responses_request(body)
        return Asked(messages=read.messages, options=read.options, extension=extension)

    def whole(self, replies: Sequence[Reply]) -> dict[str, Any]:
        return response_object(
            replies[0], self._body, response_id=self._id, created=self._created, model=self._model,
            explain=self._explain,
        )  # fmt: skip

    def begin(self, count: int) -> list[Mapping[str, Any]]:
        return list(self._events.begin())

    def event(self, number: int, event: Event | None) -> list[Mapping[str, Any]]:
        return [self._events.waiting()] if event is None else list(self._events.event(event))

    def end(self, number: int, reply: Reply) -> list[Mapping[str, Any]]:
        return list(self._events.end(reply))

    def close(self, replies: Sequence[Reply]) -> list[Mapping[str, Any]]:
        return []

    def failed(self, error: Exception) -> list[Mapping[str, Any]]:
        failure = failure_of(error)
        code = "rate_limit_exceeded" if failure.status == 429 else "server_error"  # of that API's own few
        return [self._events.failed(code, failure.message)]
