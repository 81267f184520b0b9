"""Requests as they are accepted. Fields that are not named here are accepted too, and have no effect."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from clara.config import BudgetSettings
from clara.server.errors import RequestError

Form = TypeVar("Form", bound=BaseModel)
_Text = Annotated[str, Field(max_length=1_000_000)]
_SAID = {"extra_forbidden": "no such option", "model_type": "input should be an object"}


class _Open(BaseModel):
    model_config = ConfigDict(extra="allow")


class ClaraExtension(BaseModel):
    """What a client may ask of CLARA beside the OpenAI API's own fields; nothing else can be set by a request."""

    model_config = ConfigDict(extra="forbid")

    method: str | None = Field(None, description="one of the methods in GET /v1/models, without `clara:`")
    languages: list[str] | None = Field(None, max_length=8, description="of method vote, beside the asker's own")
    country: str | None = Field(None, max_length=100, description="where the asker is")
    policy: Literal["universal", "local-first", "show-both"] | None = None
    budget: BudgetSettings | None = Field(None, description="tighter limits than the service's own")
    explain: bool = Field(False, description="reply with drafts and record; stream progress as reasoning_content too")


class Part(_Open):
    """A part of a message: text, or e.g. an image, which the draft in the asker's language sees."""

    type: str


class ToolCall(_Open):
    """A call that the model made in an earlier message."""

    id: str | None = None
    function: dict[str, Any] | None = None


class Message(_Open):
    """A message in the form of chat completions."""

    role: Literal["system", "developer", "user", "assistant", "tool", "function"]
    content: _Text | list[Part] | None = None
    tool_calls: list[ToolCall] | None = None
    tool_call_id: str | None = None


class StreamOptions(_Open):
    """Options of a stream."""

    include_usage: bool | None = None


class _Sampled(_Open):
    model: Annotated[str, Field(max_length=200, description="clara, clara:<method>, or an upstream model as it is")]
    stream: bool | None = None
    temperature: float | None = Field(None, ge=0, le=2)
    top_p: float | None = Field(None, ge=0, le=1)
    seed: int | None = Field(None, ge=-(2**63), lt=2**63)
    parallel_tool_calls: bool | None = None
    user: str | None = None
    metadata: dict[str, Any] | None = None
    clara: ClaraExtension | None = None

    def numbers(self) -> dict[str, Any]:
        """Return the numbers and switches that were sent, as what they are: JSON's 2.0 is a whole number too."""
        given = {name: getattr(self, name) for name in self.model_fields_set & set(type(self).model_fields)}
        return {name: value for name, value in given.items() if isinstance(value, int | float)}


class ChatCompletionRequest(_Sampled):
    """`POST /v1/chat/completions`."""

    messages: list[Message] = Field(min_length=1)
    n: int | None = Field(None, ge=1)
    stop: str | list[str] | None = None
    max_tokens: int | None = Field(None, ge=1)
    max_completion_tokens: int | None = Field(None, ge=1)
    response_format: dict[str, Any] | None = None
    tools: list[dict[str, Any]] | None = None
    tool_choice: str | dict[str, Any] | None = None
    stream_options: StreamOptions | None = None


class InputItem(_Open):
    """An item of a response's input: a message, a function call, or what it returned."""

    type: str | None = None
    role: str | None = None


class ResponsesRequest(_Sampled):
    """`POST /v1/responses`. Nothing is stored: earlier items come in `input`."""

    input: _Text | list[InputItem]
    instructions: _Text | None = None
    max_output_tokens: int | None = Field(None, ge=1)
    text: dict[str, Any] | None = None
    tools: list[dict[str, Any]] | None = None
    tool_choice: str | dict[str, Any] | None = None


class EmbeddingsRequest(_Open):
    """`POST /v1/embeddings`: the knowledge base's own embedder."""

    model: Annotated[str, Field(max_length=200)]
    input: _Text | list[_Text] = Field(description="text, or at most 2048 texts")
    encoding_format: Literal["float", "base64"] | None = None
    dimensions: int | None = Field(None, ge=1)


class ErrorDetail(BaseModel):
    """What went wrong and what to do."""

    message: str
    type: str
    param: str | None
    code: str


class ErrorReply(BaseModel):
    """Every error."""

    error: ErrorDetail


class _Reply(_Open):
    id: str
    model: str
    clara: dict[str, Any] | None = Field(None, description="what it rests on; upstream models have none")


class ChatCompletionReply(_Reply):
    """A completion; see the OpenAI API for what is in `choices`."""

    object: Literal["chat.completion"]
    created: int
    choices: list[dict[str, Any]]
    usage: dict[str, int]


class ResponsesReply(_Reply):
    """A response; see the OpenAI API for what is in `output`."""

    object: Literal["response"]
    created_at: int
    status: Literal["completed", "incomplete"]
    output: list[dict[str, Any]]
    usage: dict[str, Any]


class Embedding(BaseModel):
    """One text's vector; base64 is that of little-endian float32."""

    object: Literal["embedding"]
    index: int
    embedding: list[float] | str


class EmbeddingsReply(BaseModel):
    """Vectors in the order of the texts."""

    object: Literal["list"]
    model: str
    data: list[Embedding]
    usage: dict[str, int]


class Model(BaseModel):
    """A name that can be asked."""

    id: str
    object: Literal["model"]
    created: int
    owned_by: str


class ModelList(BaseModel):
    """Every name that can be asked."""

    object: Literal["list"]
    data: list[Model]


class Health(BaseModel):
    """Whether the service can answer; checks name what was looked at."""

    status: Literal["ok", "unready"]
    checks: dict[str, str] = {}


def checked(form: type[Form], body: dict[str, Any]) -> Form:
    """Return a body as a request of a kind. Raises RequestError (400) that names the field at fault, not its value."""
    try:
        return form.model_validate(body)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        path = _path(first["loc"], body, missing=first["type"] == "missing")
        said = _SAID.get(first["type"], first["msg"].lower())
        raise RequestError(400, "invalid_request", f"{path}: {said}", param=path) from None


def _path(place: Sequence[str | int], body: Any, *, missing: bool) -> str:
    """Return where in a body a field is, without the names of the forms that Pydantic tried on the way to it."""
    parts = []
    for part in place:
        known = range(len(body)) if isinstance(body, list) else body if isinstance(body, dict) else ()
        if part in known:
            parts.append(str(part))
            body = body[part]
    return ".".join([*parts, str(place[-1])] if missing else parts)
