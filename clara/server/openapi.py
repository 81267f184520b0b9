"""The service's description of itself, made from the same models that read the requests."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from clara import __version__
from clara.server import schemas

_REF = "#/components/schemas/{model}"
_ERRORS = {
    "400": "what was asked cannot be answered as it stands",
    "401": "no key, or one that is not known",
    "404": "no such model",
    "408": "the body did not arrive in time",
    "413": "the body is too large",
    "415": "the body is no JSON",
    "429": "too much at once, or a limit of the key is reached; come again after Retry-After",
    "500": "something went wrong in CLARA",
    "502": "the model's provider failed",
    "503": "the knowledge base or Redis cannot be used",
    "504": "it took too long",
}
_POSTS: tuple[tuple[str, str, type[BaseModel], type[BaseModel]], ...] = (
    ("/v1/chat/completions", "Answer the last message of a conversation", schemas.ChatCompletionRequest,
     schemas.ChatCompletionReply),
    ("/v1/responses", "The same in the form of the Responses API", schemas.ResponsesRequest, schemas.ResponsesReply),
    ("/v1/embeddings", "Vectors of the knowledge base's embedder", schemas.EmbeddingsRequest,
     schemas.EmbeddingsReply),
)  # fmt: skip
_GETS: tuple[tuple[str, str, type[BaseModel], dict[str, str]], ...] = (
    ("/v1/models", "Every name that can be asked", schemas.ModelList, {}),
    ("/healthz", "Whether the process lives", schemas.Health, {}),
    ("/readyz", "Whether it can answer", schemas.Health, {"503": "it cannot, for the reasons in checks"}),
)
_STREAMED = ("/v1/chat/completions", "/v1/responses")


def openapi_document() -> dict[str, Any]:
    """Return the OpenAPI 3.1 document."""
    forms = [(form, "validation") for *_, request, reply in _POSTS for form in (request, reply)]
    forms += [(form, "validation") for _, _, form, _ in _GETS] + [(schemas.ErrorReply, "validation")]
    forms += [(schemas.Model, "validation")]
    _, definitions = models_json_schema(list(dict.fromkeys(forms)), ref_template=_REF)  # type: ignore[arg-type]
    paths: dict[str, Any] = {path: {"post": _post(path, words, *forms)} for path, words, *forms in _POSTS}
    paths |= {path: {"get": _get(path, words, form, more)} for path, words, form, more in _GETS}
    name = {"name": "name", "in": "path", "required": True, "schema": {"type": "string"}}
    one = _get("/v1/models/{name}", "One name", schemas.Model, {"404": _ERRORS["404"]})
    paths["/v1/models/{name}"] = {"get": one | {"parameters": [name]}}
    for path, operations in paths.items():
        if not path.startswith("/v1/"):
            for operation in operations.values():
                operation["security"] = []
    return {
        "openapi": "3.1.0",
        "info": {"title": "CLARA", "version": __version__, "description": "Answers medical questions in any language."},
        "security": [{"key": []}, {}],
        "paths": paths,
        "components": {
            "schemas": definitions["$defs"],
            "securitySchemes": {"key": {"type": "http", "scheme": "bearer"}},
        },
    }


def _post(path: str, words: str, request: type[BaseModel], reply: type[BaseModel]) -> dict[str, Any]:
    content = _json(reply)
    if path in _STREAMED:
        content["text/event-stream"] = {}  # one object after each `data: `, in the form of the OpenAI API
    return {
        "summary": words,
        "operationId": path.removeprefix("/v1/").replace("/", "_"),
        "requestBody": {"required": True, "content": _json(request)},
        "responses": {"200": {"description": "done", "content": content}, **_failures(_ERRORS)},
    }


def _get(path: str, words: str, reply: type[BaseModel], more: dict[str, str]) -> dict[str, Any]:
    keyed = {"401": _ERRORS["401"]} if path.startswith("/v1/") else {}
    limited = {"429": _ERRORS["429"]} if path.startswith("/v1/") else {}
    failures = _failures(keyed | limited | more)
    if path == "/readyz":
        failures["503"]["content"] = _json(reply)
    return {
        "summary": words,
        "operationId": path.strip("/").replace("/", "_").replace("{", "").replace("}", ""),
        "responses": {"200": {"description": "done", "content": _json(reply)}, **failures},
    }


def _failures(words: dict[str, str]) -> dict[str, Any]:
    return {status: {"description": said, "content": _json(schemas.ErrorReply)} for status, said in words.items()}


def _json(form: type[BaseModel]) -> dict[str, Any]:
    return {"application/json": {"schema": {"$ref": _REF.format(model=form.__name__)}}}
