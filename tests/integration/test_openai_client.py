"""The OpenAI client with debiased answers: with openai 3 here, with openai 2 in a process of its own."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import AsyncExitStack
from importlib.metadata import version
from pathlib import Path
from typing import Any

import openai
import pytest
from openai import AsyncOpenAI, AzureOpenAI, OpenAI, Stream
from openai.types.chat import ChatCompletion, ChatCompletionChunk
from openai.types.responses import Response
from pydantic import BaseModel

from clara import Event, KnowledgeBase
from clara.config import load_settings
from clara.engine.streams import AsyncStream
from clara.errors import ClaraError, ConfigError
from clara.integrations.openai import wrap
from clara.integrations.openai.answer import StreamedReplies
from clara.integrations.openai.forms import FORMS, Form
from clara.trace import Observer
from clara.types import Reply
from tests import fake_openai
from tests.agreeable import ANSWER, ASKED, FIRST, SECOND, Agreeable
from tests.conftest import ROOT
from tests.fake_openai import Body, FakeOpenAI

MESSAGES: Any = [{"role": "user", "content": ASKED}]
TOOL: Any = {"type": "function", "function": {"name": "pressure", "parameters": {"type": "object", "properties": {}}}}
FLAT_TOOL: Any = {"type": "function", "strict": False, **TOOL["function"]}
CALLS = Agreeable(calls={"pressure": {"eye": "izquierdo"}})


class Advice(BaseModel):
    summary: str
    urgent: bool


@pytest.fixture
def client(openai_server: FakeOpenAI, shipped_kb: KnowledgeBase) -> Iterator[OpenAI]:
    openai_server.script = Agreeable().serve
    plain = OpenAI(base_url=openai_server.base_url, api_key="sk-app", max_retries=0)
    with wrap(plain, settings=load_settings({"retry_wait_s": 0.001}), knowledge=shipped_kb) as wrapped:
        yield wrapped


def test_a_completion_is_the_client_s_own_type(openai_server: FakeOpenAI, client: OpenAI) -> None:
    reply = client.chat.completions.create(model="m-1", messages=MESSAGES, temperature=0.25, user="nurse")
    assert isinstance(client, OpenAI) and isinstance(reply, ChatCompletion)
    assert ChatCompletion.model_validate(reply.model_dump(), strict=True).choices[0].message.content == ANSWER
    told: dict[str, Any] = reply.clara  # type: ignore[attr-defined]
    assert told["language"] == "es" and told["calls"] == len(openai_server.requests) == 5
    assert reply.usage is not None and reply.usage.total_tokens > 100
    for request in openai_server.requests:
        assert (request["model"], request["temperature"], request["user"]) == ("m-1", 0.25, "nurse")
    assert set(openai_server.authorisation) == {"Bearer sk-app"}


def test_a_stream_holds_checked_sentences_and_the_usage(openai_server: FakeOpenAI, client: OpenAI) -> None:
    stream = client.chat.completions.create(
        model="m", messages=MESSAGES, stream=True, stream_options={"include_usage": True}
    )
    assert isinstance(stream, Stream)
    chunks = [ChatCompletionChunk.model_validate(chunk.model_dump(), strict=True) for chunk in stream]
    said = [chunk.choices[0].delta.content for chunk in chunks if chunk.choices]
    assert said == ["", FIRST, f" {SECOND}", None] and chunks[-2].choices[0].finish_reason == "stop"
    assert chunks[-1].usage is not None and chunks[-1].usage.prompt_tokens > 100
    assert sum(bool(request.get("stream")) for request in openai_server.requests) == 1  # the writing alone


def test_a_response_is_the_client_s_own_type_and_asked_of_the_responses_api(
    openai_server: FakeOpenAI, client: OpenAI
) -> None:
    reply = client.responses.create(model="m", input=ASKED, instructions="Sé breve.", temperature=0)
    assert isinstance(reply, Response) and reply.output_text == ANSWER and reply.status == "completed"
    Response.model_validate(reply.model_dump(warnings=False))
    assert all("input" in request and request["store"] is False for request in openai_server.requests)
    assert any("Sé breve." in request["instructions"] for request in openai_server.requests)
    with client.responses.stream(model="m", input=ASKED) as events:
        said = [event.delta for event in events if event.type == "response.output_text.delta"]
        assert said == [FIRST, f" {SECOND}"] and events.get_final_response().output_text == ANSWER


def test_tool_calls_come_back_as_the_provider_gave_them(openai_server: FakeOpenAI, client: OpenAI) -> None:
    openai_server.script = CALLS.serve
    reply = client.chat.completions.create(model="m", messages=MESSAGES, tools=[TOOL])
    (call,) = reply.choices[0].message.tool_calls or []
    assert reply.id == "c-1" and call.id == "call_1" and len(openai_server.requests) == 1
    assert call.type == "function" and json.loads(call.function.arguments) == {"eye": "izquierdo"}
    assert openai_server.requests[0]["messages"] == MESSAGES and openai_server.requests[0]["tools"] == [TOOL]
    stream = client.chat.completions.create(model="m", messages=MESSAGES, tools=[TOOL], stream=True)
    calls = [c for chunk in stream for choice in chunk.choices for c in choice.delta.tool_calls or []]
    assert [c.function.name for c in calls if c.function] == ["pressure"]
    result = {"role": "tool", "tool_call_id": "call_1", "content": "52 mmHg"}
    history: Any = [*MESSAGES, reply.choices[0].message.model_dump(exclude_none=True), result]
    assert (
        client.chat.completions.create(model="m", messages=history, tools=[TOOL]).choices[0].message.content == ANSWER
    )
    assert "52 mmHg" in json.dumps(openai_server.requests[-1]) + json.dumps(openai_server.requests[-4])


def test_several_choices_share_the_application_s_own_call(openai_server: FakeOpenAI, client: OpenAI) -> None:
    openai_server.script = CALLS.serve
    reply = client.chat.completions.create(model="m", messages=MESSAGES, tools=[TOOL], n=2)
    assert reply.choices[0].message.tool_calls and len(openai_server.requests) == 1


def test_an_error_that_was_got_over_is_not_the_one_that_is_told(openai_server: FakeOpenAI, client: OpenAI) -> None:
    inner, slowed = Agreeable(form={"wrong": 1}), [fake_openai.Reply(status=429)]

    def script(body: Body) -> Any:
        return slowed.pop() if slowed else inner.serve(body)

    openai_server.script = script
    with pytest.raises(openai.APIStatusError, match="the JSON does not fit the form") as caught:
        client.chat.completions.parse(model="m", messages=MESSAGES, response_format=Advice)
    assert caught.value.status_code == 502


@pytest.mark.parametrize("stream", [False, True])
def test_a_reasoning_model_s_items_come_back_beside_its_calls(
    openai_server: FakeOpenAI, client: OpenAI, stream: bool
) -> None:
    openai_server.script = CALLS.serve
    made: Any = client.responses.create(model="m", input=ASKED, tools=[FLAT_TOOL], stream=stream)
    reply = made if not stream else list(made)[-1].response
    assert [item.type for item in reply.output] == ["reasoning", "function_call"]
    assert reply.output[0].encrypted_content == "gAAA" and reply.output[1].name == "pressure"
    items: Any = [
        {"role": "user", "content": ASKED},
        *(item.model_dump(exclude_none=True) for item in reply.output),
        {"type": "function_call_output", "call_id": reply.output[1].call_id, "output": "52 mmHg"},
    ]
    assert client.responses.create(model="m", input=items, tools=[FLAT_TOOL]).output_text == ANSWER


def test_the_client_s_helpers_work_on(openai_server: FakeOpenAI, client: OpenAI) -> None:
    openai_server.script = Agreeable(form={"summary": FIRST, "urgent": True}).serve
    parsed = client.chat.completions.parse(model="m", messages=MESSAGES, response_format=Advice)
    assert parsed.choices[0].message.parsed == Advice(summary=FIRST, urgent=True)
    raw = client.chat.completions.with_raw_response.create(model="m", messages=MESSAGES, n=2)
    assert [choice.message.content for choice in raw.parse().choices] == [ANSWER, ANSWER]
    assert client.with_options(timeout=5).chat.completions.create(model="m", messages=MESSAGES).choices
    assert [model.id for model in client.models.list()] == ["fake-1"]  # what is not CLARA's is the provider's


def test_a_request_says_to_clara_what_the_client_has_no_name_for(openai_server: FakeOpenAI, client: OpenAI) -> None:
    extra = {"clara": {"method": "direct", "country": "MX", "explain": True}}
    reply = client.chat.completions.create(model="m", messages=MESSAGES, extra_body=extra)
    told: dict[str, Any] = reply.clara  # type: ignore[attr-defined]
    assert told["method"] == "direct" and told["drafts"] and len(openai_server.requests) == 1
    with pytest.raises(openai.BadRequestError, match="'colour': give an object with any of method"):
        client.chat.completions.create(model="m", messages=MESSAGES, extra_body={"clara": {"colour": "red"}})
    with pytest.raises(openai.BadRequestError, match="unknown method"):
        client.chat.completions.create(model="m", messages=MESSAGES, extra_body={"clara": {"method": "magic"}})


@pytest.mark.parametrize(
    ("status", "raised"),
    [(401, openai.AuthenticationError), (429, openai.RateLimitError), (500, openai.InternalServerError)],
)
@pytest.mark.parametrize("stream", [False, True])
def test_the_provider_s_errors_are_the_application_s_to_see(
    openai_server: FakeOpenAI, client: OpenAI, status: int, raised: type[Exception], stream: bool
) -> None:
    openai_server.script = lambda _: fake_openai.Reply(status=status, text="sorry", headers={"x-request-id": "req-7"})
    with pytest.raises(raised, match="sorry") as caught:
        client.with_options(max_retries=2).chat.completions.create(model="m", messages=MESSAGES, stream=stream)
    assert caught.value.request_id == "req-7"  # type: ignore[attr-defined]
    tries = 1 if status == 401 else 4
    assert len(openai_server.requests) <= 2 * tries  # two drafts; the client does not ask for all of it again


@pytest.mark.parametrize("form", FORMS)
async def test_a_stream_that_fails_midway_says_so(form: Form) -> None:
    async def fail(observe: Observer) -> Reply:
        observe(Event(kind="sentence", stage="write", at_s=0.0, data={"text": FIRST, "citations": {}}))
        raise ClaraError("half of it is missing")

    async with AsyncStream(fail) as stream:
        first = await anext(stream)
        made = StreamedReplies(form, form.replies({"model": "m"}, False), [stream], first, AsyncExitStack())
        said = [json.loads(line) for line in [piece.decode()[6:] async for piece in made] if "[DONE]" not in line]
    error = said[-1].get("error") or said[-1]["response"]["error"]
    assert FIRST in json.dumps(said, ensure_ascii=False) and error["message"] == "half of it is missing"


async def test_leaving_a_stream_cancels_what_is_under_way(openai_server: FakeOpenAI, shipped_kb: KnowledgeBase) -> None:
    inner = Agreeable()

    def script(body: Body) -> Any:
        made = inner.serve(body)
        return fake_openai.Reply(mode="hang") if "You check medical claims" in str(body["messages"][0]) else made

    openai_server.script = script
    async with wrap(AsyncOpenAI(base_url=openai_server.base_url, api_key="sk-app"), knowledge=shipped_kb) as client:
        asking = asyncio.create_task(client.chat.completions.create(model="m", messages=MESSAGES, stream=True))
        await asyncio.to_thread(openai_server.wait_for_requests, 4)
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        await asyncio.to_thread(openai_server.wait_for, 0)
    assert openai_server.abandoned == 1


async def test_an_async_client_debiases_too(openai_server: FakeOpenAI, shipped_kb: KnowledgeBase) -> None:
    openai_server.script = Agreeable().serve
    async with wrap(AsyncOpenAI(base_url=openai_server.base_url, api_key="sk-app"), knowledge=shipped_kb) as client:
        assert isinstance(client, AsyncOpenAI)
        both = (client.chat.completions.create(model="m", messages=MESSAGES) for _ in range(2))
        assert [r.choices[0].message.content for r in await asyncio.gather(*both)] == [ANSWER, ANSWER]
        stream = await client.chat.completions.create(model="m", messages=MESSAGES, stream=True)
        assert [c.choices[0].delta.content async for c in stream] == ["", FIRST, f" {SECOND}", None]
        assert (await client.responses.create(model="m", input=ASKED)).output_text == ANSWER
        assert [model.id async for model in client.models.list()] == ["fake-1"]


def test_azure_s_addresses_are_kept(openai_server: FakeOpenAI, shipped_kb: KnowledgeBase) -> None:
    openai_server.script = Agreeable().serve
    azure = AzureOpenAI(azure_endpoint=openai_server.base_url, api_key="azure-key", api_version="2024-10-21")
    with wrap(azure, knowledge=shipped_kb, method="direct") as client:
        assert isinstance(client, AzureOpenAI)
        assert (
            client.chat.completions.create(model="deployment", messages=MESSAGES).choices[0].message.content == ANSWER
        )


def test_what_is_no_client_is_refused() -> None:
    with pytest.raises(ConfigError, match="cannot wrap object: pass a client of the openai package"):
        wrap(object())  # type: ignore[type-var]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"colour": "red"}, "'colour': give an object with any of method"),
        ({"policy": "none"}, "option policy: input should be"),
        ({"method": "magic"}, "unknown method 'magic'"),
    ],
)
def test_a_mistake_in_the_options_is_said_when_the_client_is_wrapped(options: Any, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        wrap(OpenAI(api_key="sk-app"), **options)


def test_what_every_reply_explains_is_said_once(openai_server: FakeOpenAI, shipped_kb: KnowledgeBase) -> None:
    openai_server.script = Agreeable().serve
    plain = OpenAI(base_url=openai_server.base_url, api_key="sk-app")
    with wrap(plain, knowledge=shipped_kb, method="direct", explain=True) as client:
        told: Any = client.chat.completions.create(model="m", messages=MESSAGES)
        assert told.clara["drafts"]
        briefly: Any = {"clara": {"explain": False}}
        told = client.chat.completions.create(model="m", messages=MESSAGES, extra_body=briefly)
        assert "drafts" not in told.clara


def test_a_stream_may_be_left_to_the_garbage_collector(openai_server: FakeOpenAI, client: OpenAI) -> None:
    stream = client.chat.completions.create(model="m", messages=MESSAGES, stream=True)
    next(stream)
    client.close()
    stream.close()


LEFT_OPEN = """
import sys
from openai import OpenAI
from clara.integrations.openai import wrap

client = wrap(OpenAI(base_url=sys.argv[1], api_key="sk-app"))
asked = [{"role": "user", "content": sys.argv[2]}]
for chunk in client.chat.completions.create(model="m", messages=asked, stream=True):
    break
"""
SILENT = """
import sys
from openai import OpenAI
from clara.integrations.openai import wrap

client = wrap(OpenAI(base_url=sys.argv[1], api_key="sk-app"), method="direct")
try:
    client.chat.completions.create(model="m", messages=[{"role": "user", "content": sys.argv[2]}])
except KeyboardInterrupt:
    print("interrupted")
"""


def run_program(program: str, server: FakeOpenAI, home: Path) -> subprocess.Popen[str]:
    environment = os.environ | {"CLARA_HOME": str(home), "PYTHONPATH": os.pathsep.join([*filter(None, sys.path)])}
    return subprocess.Popen(
        [sys.executable, "-c", program, server.base_url, ASKED],
        env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def test_a_program_ends_though_it_left_a_stream_open(openai_server: FakeOpenAI, shipped_home: Path) -> None:
    openai_server.script = Agreeable().serve
    program = run_program(LEFT_OPEN, openai_server, shipped_home)
    assert program.communicate(timeout=60) == ("", "") and program.returncode == 0


def test_an_interrupted_program_does_not_wait_for_a_silent_provider(
    openai_server: FakeOpenAI, shipped_home: Path
) -> None:
    openai_server.script = lambda _: fake_openai.Reply(mode="hang")
    program = run_program(SILENT, openai_server, shipped_home)
    openai_server.wait_for_requests(1)
    program.send_signal(signal.SIGINT)
    assert program.communicate(timeout=60) == ("interrupted\n", "") and program.returncode == 0


@pytest.fixture(scope="session")
def openai_2(pytestconfig: pytest.Config) -> Path:
    """The newest openai 2 in a folder of its own, kept from run to run."""
    if version("openai").startswith("2."):
        return Path()
    folder = pytestconfig.cache.mkdir("openai-2")
    if not list(folder.glob("openai-2.*")):
        wanted = ["--quiet", "--no-deps", "--upgrade", "--target", str(folder), "openai>=2,<3"]
        subprocess.run([sys.executable, "-m", "pip", "install", *wanted], check=True)
    return folder


# What sends with the `openai` package: everything in this file, models and embedders.
_SENDING = [str(Path(__file__)), "tests/contract/test_models.py", "tests/unit/test_embedders.py"]


def test_openai_2_serves_as_well(openai_2: Path, shipped_home: Path) -> None:
    if version("openai").startswith("2."):
        return  # the process below
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(openai_2), str(ROOT)])}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *_SENDING, "-q", "-p", "no:cacheprovider", "--rootdir", str(ROOT)],
        env=environment, cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
