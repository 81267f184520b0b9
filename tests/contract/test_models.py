"""One conformance suite for everything that implements `ChatModel`, and the map of foreign errors, proved complete."""

from __future__ import annotations

import asyncio
import datetime as dt
import importlib
import json
import threading
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx2
import langchain_core.exceptions as lc
import openai
import pytest

from clara.config import Settings
from clara.errors import (
    ConfigError,
    ModelAuthError,
    ModelBadOutput,
    ModelError,
    ModelRateLimited,
    ModelStatusError,
    ModelTimeout,
    ModelUnreachable,
)
from clara.models import Call, ChatModel, Fallback, Retrying, ScriptedModel, build_models
from clara.models.cache import Cached, Replies
from clara.models.langchain import map_error
from clara.types import Turn
from clara.waiting import retry_after_s
from tests.fake_openai import FakeOpenAI, Reply

CALL = Call(system="Be brief.", turns=(Turn(role="user", text="आँख में दर्द?"),))
Make = Callable[[FakeOpenAI], ChatModel]


CALLERS_OWN: list[httpx2.AsyncClient] = []
OPEN: list[Replies] = []


def langchain(server: FakeOpenAI) -> ChatModel:
    server.script = lambda _: Reply(text="हाँ", finish="stop")
    return build_models(Settings(model="openai:fake", base_url=server.base_url, attempts=1)).draft


def from_object(server: FakeOpenAI) -> ChatModel:
    from langchain_openai import ChatOpenAI

    server.script = lambda _: "हाँ"
    client = httpx2.AsyncClient()
    CALLERS_OWN.append(client)
    model = ChatOpenAI(model="fake", base_url=server.base_url, api_key="k", max_retries=0, http_async_client=client)
    return build_models(Settings(), model).draft


def cached(_: FakeOpenAI) -> ChatModel:
    replies = Replies(None)
    OPEN.append(replies)
    return Cached(ScriptedModel(["हाँ"] * 3, name="fake"), replies)


IMPLEMENTATIONS: dict[str, Make] = {
    "cached": cached,
    "scripted": lambda _: ScriptedModel(["हाँ"] * 3, name="fake"),
    "langchain": langchain,
    "langchain object": from_object,
    "retrying": lambda _: Retrying(ScriptedModel(["हाँ"] * 3, name="fake")),
    "fallback": lambda _: Fallback([ScriptedModel([ModelTimeout("slow")] * 3, name="fake"), ScriptedModel(["हाँ"] * 3)]),
}


@pytest.fixture(params=IMPLEMENTATIONS)
async def model(request: pytest.FixtureRequest, openai_server: FakeOpenAI) -> AsyncIterator[ChatModel]:
    made = IMPLEMENTATIONS[request.param](openai_server)
    yield made
    await made.aclose()
    while CALLERS_OWN:
        client = CALLERS_OWN.pop()
        assert not client.is_closed  # a model that was handed in is its owner's to close
        await client.aclose()
    while OPEN:
        OPEN.pop().close()


async def test_a_completion_has_text_name_and_tokens(model: ChatModel) -> None:
    completion = await model.complete(CALL)
    assert completion.text == "हाँ" and model.name == "fake"
    assert completion.prompt_tokens > 0 and completion.completion_tokens > 0 and not completion.cached


async def test_calls_may_run_at_once(model: ChatModel) -> None:
    done = await asyncio.gather(model.complete(CALL), model.complete(CALL))
    assert [c.text for c in done] == ["हाँ", "हाँ"]


async def test_a_reply_is_shown_piece_by_piece_and_is_the_same_whole(model: ChatModel) -> None:
    pieces: list[str] = []
    completion = await model.complete(CALL, pieces.append)
    assert "".join(pieces) == completion.text == "हाँ" and all(pieces)
    assert completion.prompt_tokens > 0 and completion.completion_tokens > 0 and not completion.truncated


@pytest.mark.parametrize("by", [langchain, from_object])
async def test_a_reply_is_shown_while_it_is_still_being_made(by: Make, openai_server: FakeOpenAI) -> None:
    model = by(openai_server)
    hold = threading.Event()
    openai_server.script = lambda _: Reply(text="one two three four five six seven", hold=hold)
    pieces: list[str] = []

    def show(piece: str) -> None:
        pieces.append(piece)
        hold.set()  # the server sends the second half only now

    assert (await model.complete(CALL, show)).text == "".join(pieces) == "one two three four five six seven"
    assert len(pieces) > 3
    await model.aclose()
    for client in CALLERS_OWN:
        await client.aclose()
    CALLERS_OWN.clear()


async def test_without_anybody_to_show_it_to_nothing_is_streamed(openai_server: FakeOpenAI) -> None:
    model = langchain(openai_server)
    await model.complete(CALL)
    await model.complete(CALL, lambda _: None)
    assert [r.get("stream", False) for r in openai_server.requests] == [False, True]
    await model.aclose()


def event(**choice: Any) -> bytes:
    return b"data: " + json.dumps({"choices": [{"index": 0, "delta": {}} | choice]}).encode() + b"\n\n"


BEGINNING = event(delta={"content": "The answer"})


@pytest.mark.parametrize(
    ("broken", "ours"),
    [
        (Reply(text="The answer is long enough to be cut", mode="truncate"), ModelUnreachable),
        (Reply(body=BEGINNING + b"data: [DONE]\n\n"), ModelUnreachable),
        (Reply(body=BEGINNING + b"data: {not json\n\n"), ModelBadOutput),
        (Reply(body=BEGINNING + b'data: {"error": {"message": "overloaded"}}\n\n'), ModelBadOutput),
    ],
    ids=["connection cut", "no end", "no json", "error event"],
)
async def test_a_stream_that_breaks_is_an_error_and_what_was_shown_is_not_asked_for_again(
    openai_server: FakeOpenAI, broken: Reply, ours: type[ModelError]
) -> None:
    openai_server.script = lambda _: broken
    settings = {"base_url": openai_server.base_url, "retry_wait_s": 0.001, "fallback_models": ("openai:other",)}
    models = build_models(Settings(model="openai:fake", **settings))  # type: ignore[arg-type]
    pieces: list[str] = []
    with pytest.raises(ours) as caught:
        await models.draft.complete(CALL, pieces.append)
    assert "".join(pieces) and caught.value.attempts == 1 and len(openai_server.requests) == 1
    await models.aclose()


async def test_before_the_first_piece_a_stream_is_tried_again_and_handed_on(openai_server: FakeOpenAI) -> None:
    replies = [Reply(status=500), Reply(mode="drop"), Reply(status=400), Reply(text="here")]
    openai_server.script = lambda _: replies.pop(0)
    settings = {"base_url": openai_server.base_url, "retry_wait_s": 0.001, "fallback_models": ("openai:other",)}
    models = build_models(Settings(model="openai:fake", **settings))  # type: ignore[arg-type]
    pieces: list[str] = []
    completion = await models.draft.complete(CALL, pieces.append)
    assert ("".join(pieces), completion.model, completion.attempts) == ("here", "other", 4)
    await models.aclose()


async def test_a_kept_reply_is_shown_whole_and_a_streamed_one_is_kept() -> None:
    scripted, replies = ScriptedModel(["one two"], name="fake"), Replies(None)
    model = Cached(scripted, replies)
    pieces: list[list[str]] = [[], []]
    first, second = [await model.complete(CALL, shown.append) for shown in pieces]
    assert pieces == [["one ", "two"], ["one two"]] and len(scripted.calls) == 1
    assert second.cached and not first.cached and first.text == second.text
    replies.close()


async def test_cancelling_a_stream_closes_the_connection(openai_server: FakeOpenAI) -> None:
    model, hold, begun = langchain(openai_server), threading.Event(), asyncio.Event()
    openai_server.script = lambda _: Reply(text="one two three four", hold=hold)
    task = asyncio.create_task(model.complete(CALL, lambda _: begun.set()))
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    hold.set()
    openai_server.script = lambda _: "still there"
    assert (await model.complete(CALL)).text == "still there"
    await model.aclose()


async def test_cancellation_passes_through(openai_server: FakeOpenAI) -> None:
    slow = ScriptedModel(["x"], latency_s=60)
    for model in (slow, Retrying(slow), Fallback([slow, ScriptedModel(["never"])])):
        task = asyncio.create_task(model.complete(CALL))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task


async def test_waits_grow_and_follow_the_server_s_word() -> None:
    waits: list[float] = []

    async def sleep(seconds: float) -> None:
        waits.append(seconds)

    failures: list[Any] = [ModelRateLimited("slow down", retry_after_s=7.0), ModelUnreachable("gone"), "ok"]
    model = Retrying(ScriptedModel(failures), wait_s=1.0, sleep=sleep)
    assert (await model.complete(CALL)).attempts == 3
    assert 7.0 <= waits[0] <= 7.0 + 0.1 * 30 and 0 <= waits[1] <= 2.0


@pytest.mark.parametrize(
    ("error", "tries"),
    [
        (ModelStatusError("no", status=400), 1),
        (ModelAuthError("no", status=401), 1),
        (ModelStatusError("no", status=500), 3),
        (ModelTimeout("no"), 3),
        (ModelBadOutput("prose"), 1),
        (ModelBadOutput("half a body", retryable=True), 3),
        (ModelRateLimited("much later", retry_after_s=999.0), 1),
    ],
)
async def test_only_what_may_pass_is_tried_again(error: ModelError, tries: int) -> None:
    async def sleep(_: float) -> None:
        return None

    scripted = ScriptedModel([error] * 9)
    with pytest.raises(type(error)) as caught:
        await Retrying(scripted, attempts=3, sleep=sleep).complete(CALL)
    assert len(scripted.calls) == tries == caught.value.attempts


async def test_a_time_out_is_ours_and_not_the_caller_s() -> None:
    with pytest.raises(ModelTimeout, match=r"0\.01 s"):
        await Retrying(ScriptedModel(["x"], latency_s=60), attempts=1, timeout_s=0.01).complete(CALL)


def http_error(cls: type[Exception], status: int) -> Exception:
    response = httpx2.Response(status, headers={"retry-after": "3"}, request=httpx2.Request("POST", "http://x/"))
    return cls("no", response=response, body=None)  # type: ignore[call-arg]


REQUEST = httpx2.Request("POST", "http://x/")
EXPECTED: dict[type[Exception], tuple[Exception, type[ModelError]]] = {
    openai.AuthenticationError: (http_error(openai.AuthenticationError, 401), ModelAuthError),
    openai.PermissionDeniedError: (http_error(openai.PermissionDeniedError, 403), ModelAuthError),
    openai.RateLimitError: (http_error(openai.RateLimitError, 429), ModelRateLimited),
    openai.NotFoundError: (http_error(openai.NotFoundError, 404), ModelStatusError),
    openai.BadRequestError: (http_error(openai.BadRequestError, 400), ModelStatusError),
    openai.ConflictError: (http_error(openai.ConflictError, 409), ModelStatusError),
    openai.UnprocessableEntityError: (http_error(openai.UnprocessableEntityError, 422), ModelStatusError),
    openai.InternalServerError: (http_error(openai.InternalServerError, 502), ModelStatusError),
    openai.APIStatusError: (http_error(openai.APIStatusError, 418), ModelStatusError),
    openai.APITimeoutError: (openai.APITimeoutError(REQUEST), ModelTimeout),
    openai.APIConnectionError: (openai.APIConnectionError(request=REQUEST), ModelUnreachable),
    openai.APIResponseValidationError: (
        openai.APIResponseValidationError(httpx2.Response(200, request=REQUEST), None), ModelBadOutput
    ),
    openai.APIError: (openai.APIError("odd", REQUEST, body=None), ModelBadOutput),
    lc.ModelAuthenticationError: (lc.ModelAuthenticationError(), ModelAuthError),
    lc.ModelPermissionDeniedError: (lc.ModelPermissionDeniedError(), ModelAuthError),
    lc.ModelRateLimitError: (lc.ModelRateLimitError(), ModelRateLimited),
    lc.ModelNotFoundError: (lc.ModelNotFoundError(), ModelStatusError),
    lc.ModelInvalidRequestError: (lc.ModelInvalidRequestError(), ModelStatusError),
    lc.ModelAPIError: (lc.ModelAPIError(), ModelStatusError),
    lc.ModelConnectionError: (lc.ModelConnectionError(), ModelUnreachable),
    lc.ModelTimeoutError: (lc.ModelTimeoutError(), ModelTimeout),
    lc.ContextOverflowError: (lc.ContextOverflowError(), ModelStatusError),
}  # fmt: skip


@pytest.mark.parametrize("foreign", EXPECTED, ids=lambda c: c.__name__)
def test_a_foreign_error_becomes_ours(foreign: type[Exception]) -> None:
    raised, ours = EXPECTED[foreign]
    mapped = map_error(raised, "m")
    assert type(mapped) is ours and str(mapped).startswith("m: ") and "\n" not in str(mapped)


def test_no_error_that_a_chat_call_can_raise_is_missing() -> None:
    def below(cls: type[Exception]) -> set[type[Exception]]:
        return {cls}.union(
            *(below(c) for c in cls.__subclasses__() if c.__module__.startswith(("openai._exc", "langchain_core")))
        )

    # Raised by parts of the packages that no chat completion reaches, or raised after a reply by `parse` helpers.
    elsewhere = {"OAuthError", "LengthFinishReasonError", "ContentFilterFinishReasonError", "SubjectTokenProviderError"}
    elsewhere |= {"WebSocketConnectionClosedError", "WebSocketQueueFullError", "OpenAIError", "ModelError"}
    importlib.import_module("langchain_openai")
    raised = below(openai.OpenAIError) | below(lc.ModelError)
    assert {c.__name__ for c in raised} - elsewhere - {c.__name__ for c in EXPECTED} == set()


def test_malformed_bodies_are_worth_another_try() -> None:
    for raised in (
        ValueError("Expecting value"),
        KeyError("choices"),
        TypeError("null"),
        AttributeError("str"),
        IndexError(),
    ):
        mapped = map_error(raised, "m")
        assert isinstance(mapped, ModelBadOutput) and mapped.retryable


def test_a_used_up_quota_is_not_waited_for() -> None:
    mapped = map_error(
        openai.RateLimitError("insufficient_quota", response=httpx2.Response(429, request=REQUEST), body=None), "m"
    )
    assert isinstance(mapped, ModelStatusError) and not mapped.retryable and "quota" in str(mapped)


def test_keys_never_stand_in_a_message() -> None:
    raised = openai.BadRequestError(
        "bad sk-abcdef123456 and Bearer-xyz98765 and my-own-secret",
        response=httpx2.Response(400, request=REQUEST),
        body=None,
    )
    said = str(map_error(raised, "m", secrets=("my-own-secret",)))
    assert not any(secret in said for secret in ("sk-abcdef", "xyz98765", "my-own-secret"))


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": "2"}, 2.0),
        ({"retry-after": "0.5"}, 0.5),
        ({"retry-after-ms": "1500", "retry-after": "9"}, 1.5),
        ({"retry-after": "Wed, 21 Oct 2026 07:28:30 GMT"}, 30.0),
        ({"retry-after": "Wed, 21 Oct 2026 07:00:00 GMT"}, 0.0),
        ({"retry-after": "soon"}, None),
    ],
)
def test_retry_after_is_read_in_every_form(headers: dict[str, str], seconds: float | None) -> None:
    now = dt.datetime(2026, 10, 21, 7, 28, 0, tzinfo=dt.UTC)
    assert retry_after_s(headers, now=now) == seconds


def test_an_unusable_model_object_is_a_setting_error() -> None:
    with pytest.raises(ConfigError, match="LangChain chat model"):
        build_models(Settings(), object())  # type: ignore[arg-type]


async def test_a_missing_provider_package_says_what_to_install() -> None:
    for provider, hint in (("groq", "groq"), ("nonsense", "nonsense")):
        with pytest.raises(ConfigError, match=hint):
            await build_models(Settings(model=f"{provider}:m")).draft.complete(CALL)


async def test_a_reply_cut_short_is_marked(openai_server: FakeOpenAI) -> None:
    model = build_models(Settings(model="openai:fake", base_url=openai_server.base_url)).draft
    openai_server.script = lambda _: Reply(text="the answer is", finish="length")
    assert (await model.complete(CALL)).truncated
    await model.aclose()


async def test_content_in_parts_is_the_text_of_its_text_parts(openai_server: FakeOpenAI) -> None:
    model = build_models(Settings(model="openai:fake", base_url=openai_server.base_url, attempts=1)).draft
    parts = [{"type": "thinking", "thinking": [{"type": "text", "text": "A?"}]}, {"type": "text", "text": "It is B."}]
    message = {"role": "assistant", "content": parts}
    whole = json.dumps({"choices": [{"index": 0, "finish_reason": "stop", "message": message}]}).encode()
    openai_server.script = lambda _: Reply(body=whole)
    assert (await model.complete(CALL)).text == "It is B."
    openai_server.script = lambda _: Reply(
        body=event(delta=message) + event(finish_reason="stop") + b"data: [DONE]\n\n"
    )
    pieces: list[str] = []
    assert (await model.complete(CALL, pieces.append)).text == "It is B." and pieces == ["It is B."]
    await model.aclose()
