"""Replies to one request in the form it was made in, whole or as the events of a stream."""

from __future__ import annotations

import secrets
import time
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from clara.openai_form.chat import ChatChunks, chat_completion
from clara.openai_form.responses import ResponseEvents, response_object
from clara.types import Event, Reply

ApiObject = Mapping[str, Any]


class Replies(ABC):
    """One object a request. body: as it came; explain: tell drafts and record too."""

    prefix: ClassVar[str]

    def __init__(self, body: Mapping[str, Any], explain: bool) -> None:
        self._body, self._explain = body, explain
        self._id = f"{self.prefix}{secrets.token_hex(12)}"
        self._created = int(time.time())
        self._model = str(body.get("model"))

    @abstractmethod
    def whole(self, replies: Sequence[Reply]) -> dict[str, Any]:
        """Return the reply's object."""

    @abstractmethod
    def begin(self, count: int) -> list[ApiObject]:
        """Return the first events of a stream."""

    @abstractmethod
    def event(self, number: int, event: Event | None) -> list[ApiObject]:
        """Return what is shown of something that happened; None is that nothing has, for a while."""

    @abstractmethod
    def end(self, number: int, reply: Reply) -> list[ApiObject]:
        """Return the last events of one reply."""

    @abstractmethod
    def close(self, replies: Sequence[Reply]) -> list[ApiObject]:
        """Return what comes after all replies."""


class ChatReplies(Replies):
    """Chat completions."""

    prefix = "chatcmpl-"

    def __init__(self, body: Mapping[str, Any], explain: bool) -> None:
        super().__init__(body, explain)
        self._chunks = ChatChunks(completion_id=self._id, created=self._created, model=self._model, explain=explain)

    def whole(self, replies: Sequence[Reply]) -> dict[str, Any]:
        return chat_completion(
            replies, completion_id=self._id, created=self._created, model=self._model, explain=self._explain
        )

    def begin(self, count: int) -> list[ApiObject]:
        return [self._chunks.begin(number) for number in range(count)]

    def event(self, number: int, event: Event | None) -> list[ApiObject]:
        return [self._chunks.waiting(number) if event is None else self._chunks.event(event, number)]

    def end(self, number: int, reply: Reply) -> list[ApiObject]:
        return list(self._chunks.end(reply, number))

    def close(self, replies: Sequence[Reply]) -> list[ApiObject]:
        wanted = (self._body.get("stream_options") or {}).get("include_usage")
        return [self._chunks.usage(replies)] if wanted else []


class ResponsesReplies(Replies):
    """Responses."""

    prefix = "resp_"

    def __init__(self, body: Mapping[str, Any], explain: bool) -> None:
        super().__init__(body, explain)
        self._events = ResponseEvents(
            body, response_id=self._id, created=self._created, model=self._model, explain=explain
        )

    def whole(self, replies: Sequence[Reply]) -> dict[str, Any]:
        return response_object(
            replies[0], self._body, response_id=self._id, created=self._created, model=self._model,
            explain=self._explain,
        )  # fmt: skip

    def begin(self, count: int) -> list[ApiObject]:
        return list(self._events.begin())

    def event(self, number: int, event: Event | None) -> list[ApiObject]:
        return [self._events.waiting()] if event is None else list(self._events.event(event))

    def end(self, number: int, reply: Reply) -> list[ApiObject]:
        return list(self._events.end(reply))

    def close(self, replies: Sequence[Reply]) -> list[ApiObject]:
        return []

    def failed(self, code: str, message: str) -> ApiObject:
        """Return the event that ends a stream without an answer. code: of that API's own few."""
        return self._events.failed(code, message)
