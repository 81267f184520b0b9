"""The two forms in which the service is asked: chat completions, and responses."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar

from clara.openai_form import ChatReplies, Replies, ResponsesReplies, read_chat_request, read_responses_request
from clara.server.asking import Asked
from clara.server.errors import failure_of
from clara.server.schemas import ChatCompletionRequest, ClaraExtension, ResponsesRequest, checked


class Form(Replies):
    """A form in which replies are asked for and given; one object a request."""

    path: ClassVar[str]

    @classmethod
    @abstractmethod
    def check(cls, body: dict[str, Any]) -> ChatCompletionRequest | ResponsesRequest:
        """Check a body's form. Raises RequestError."""

    @classmethod
    @abstractmethod
    def read(cls, body: dict[str, Any], extension: ClaraExtension) -> Asked:
        """Return what a body asks for. Raises InputError."""

    @abstractmethod
    def failed_with(self, error: Exception) -> list[Mapping[str, Any]]:
        """Return the last events of a stream that fails."""


class ChatForm(ChatReplies, Form):
    """Chat completions."""

    path = "/chat/completions"

    @classmethod
    def check(cls, body: dict[str, Any]) -> ChatCompletionRequest:
        return checked(ChatCompletionRequest, body)

    @classmethod
    def read(cls, body: dict[str, Any], extension: ClaraExtension) -> Asked:
        read = read_chat_request(body)
        return Asked(messages=read.messages, options=read.options, count=read.count, extension=extension)

    def failed_with(self, error: Exception) -> list[Mapping[str, Any]]:
        return [failure_of(error).body]


class ResponsesForm(ResponsesReplies, Form):
    """Responses."""

    path = "/responses"

    @classmethod
    def check(cls, body: dict[str, Any]) -> ResponsesRequest:
        return checked(ResponsesRequest, body)

    @classmethod
    def read(cls, body: dict[str, Any], extension: ClaraExtension) -> Asked:
        read = read_responses_request(body)
        return Asked(messages=read.messages, options=read.options, extension=extension)

    def failed_with(self, error: Exception) -> list[Mapping[str, Any]]:
        failure = failure_of(error)
        code = "rate_limit_exceeded" if failure.status == 429 else "server_error"  # of that API's own few
        return [self.failed(code, failure.message)]
