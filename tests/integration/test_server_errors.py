"""Where `clara serve` cannot answer: the right status, the OpenAI form, one line that says what to do."""

from __future__ import annotations

import json
import logging
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import openai
import pytest

from clara import KnowledgeBase
from clara.errors import ConfigError
from clara.server import check_address
from tests.fake_openai import FakeOpenAI, Reply
from tests.integration.test_chat_api import ASKED, TOOL, WRITTEN, doctor
from tests.serving import Served, serving

KEY, OTHER_KEY = "clinic-key-0123456789abcdef", "other-key-0123456789abcdef"
SECRET = "sk-upstream-secret"
MESSAGES = [{"role": "user", "content": ASKED}]


def start(fake: FakeOpenAI, base: KnowledgeBase, home: Path, **server: Any) -> Any:
    return serving(
        base, model="openai:fake-1", base_url=fake.base_url, api_key=SECRET, home=home, attempts=1, server=server
    )


@pytest.fixture(scope="module")
def served(_fake_openai: FakeOpenAI, shipped_kb: KnowledgeBase, tmp_path_factory: Any) -> Iterator[Served]:
    limits = {"receive_s": 0.5, "max_body_bytes": 100_000, "max_messages": 50}
    keys = {"clinic": {"key": KEY}, "other": {"key": OTHER_KEY}}
    with start(_fake_openai, shipped_kb, tmp_path_factory.mktemp("errors"), keys=keys, **limits) as running:
        yield running


@pytest.fixture
def client(served: Served, openai_server: FakeOpenAI) -> Iterator[openai.OpenAI]:
    openai_server.script = doctor().serve
    with openai.OpenAI(base_url=served.api, api_key=KEY, max_retries=0) as client:
        yield client


def post(served: Served, content: bytes | str, path: str = "/chat/completions", **headers: str) -> httpx2.Response:
    sent = {"content-type": "application/json", "authorization": f"Bearer {KEY}"} | headers
    return httpx2.post(served.api + path, content=content, headers=sent)


def code(reply: httpx2.Response) -> str:
    error = reply.json()["error"]
    assert set(error) == {"message", "type", "param", "code"} and error["message"]
    found: str = error["code"]
    return found


def asked(**more: Any) -> str:
    return json.dumps({"model": "clara", "messages": MESSAGES} | more)


@pytest.mark.parametrize("sent", ["", "Bearer", f"Bearer {KEY}x", f"Basic {KEY}", KEY, "Bearer \x80\xff"])
def test_a_wrong_key_is_refused_before_anything_is_read(served: Served, openai_server: FakeOpenAI, sent: str) -> None:
    for path, method in (("/chat/completions", "POST"), ("/models", "GET"), ("/nothing", "GET")):
        headers = {b"authorization": sent.encode("latin-1")}
        reply = httpx2.request(method, served.api + path, headers=headers)
        assert (reply.status_code, code(reply)) == (401, "invalid_api_key")
        assert reply.headers["www-authenticate"] == "Bearer"
    assert not openai_server.requests


def test_the_official_client_names_what_was_wrong(served: Served) -> None:
    with openai.OpenAI(base_url=served.api, api_key="wrong") as wrong, pytest.raises(openai.AuthenticationError):
        wrong.models.list()


@pytest.mark.parametrize(
    ("content", "status", "said"),
    [
        (b"", 400, "invalid_json"),
        (b"{", 400, "invalid_json"),
        (b'{"model": "clara", "messages": [{"role": "user", "content": "\xff\xfe"}]}', 400, "invalid_json"),
        (b'{"model": NaN}', 400, "invalid_json"),
        (b'"clara"', 400, "invalid_json"),
        (b"[" * 90_000, 400, "invalid_json"),
        (b'{"model": "clara", "messages": ' + b"[" * 150 + b"]" * 150 + b"}", 400, "too_deep"),
        (asked(messages=[]), 400, "invalid_request"),
        (asked(messages=[{"role": "king", "content": "x"}]), 400, "invalid_request"),
        (asked(messages=[{"role": "system", "content": "x"}]), 400, "invalid_request"),
        (asked(messages=[{"role": "user", "content": " "}]), 400, "invalid_request"),
        (asked(messages=[{"role": "user", "content": "x"}] * 51), 400, "too_many_messages"),
        (asked(temperature=9), 400, "invalid_request"),
        (asked(n=0), 400, "invalid_request"),
        (asked(n=1000), 400, "too_many_choices"),
        (asked(n=1e9), 400, "too_many_choices"),
        (asked(clara={"model": "openai:other"}), 400, "invalid_request"),
        (asked(clara={"base_url": "http://evil.example"}), 400, "invalid_request"),
        (asked(clara={"budget": {"cost": 1}}), 400, "invalid_request"),
        (asked(clara={"method": "magic"}), 400, "unknown_method"),
        (asked(response_format={"type": "xml"}), 400, "invalid_request"),
        (asked(model="gpt-unknown"), 404, "model_not_found"),
        (asked(model=f"clara:{'x' * 500}"), 400, "invalid_request"),
        (json.dumps({"messages": MESSAGES}), 400, "invalid_request"),
        (asked(padding="x" * 100_001), 413, "body_too_large"),
    ],
)
def test_what_cannot_be_read_is_refused_in_one_line(
    served: Served, openai_server: FakeOpenAI, content: bytes | str, status: int, said: str
) -> None:
    reply = post(served, content)
    assert (reply.status_code, code(reply)) == (status, said), reply.text
    assert "\n" not in reply.json()["error"]["message"] and len(reply.json()["error"]["message"]) < 400
    assert not openai_server.requests


def test_the_field_at_fault_is_named(served: Served) -> None:
    error = post(served, asked(temperature=9)).json()["error"]
    assert error["param"] == "temperature" and error["type"] == "invalid_request_error"
    for sent, param, said in (
        (asked(stop=[5]), "stop", "input should be a valid string"),
        (asked(clara=5), "clara", "input should be an object"),
        (asked(messages=[{"content": "x"}]), "messages.0.role", "field required"),
        (asked(messages=[*MESSAGES, {"role": "assistant", "tool_calls": [{"function": 5}]}]),
         "messages.1.tool_calls.0.function", "input should be a valid dictionary"),
    ):  # fmt: skip
        error = post(served, sent).json()["error"]
        assert (error["param"], error["message"]) == (param, f"{param}: {said}")


def test_other_kinds_of_body_and_other_methods(served: Served) -> None:
    assert code(post(served, asked(), **{"content-type": "text/plain"})) == "unsupported_media_type"
    wrong = httpx2.get(f"{served.api}/chat/completions", headers={"authorization": f"Bearer {KEY}"})
    assert (wrong.status_code, code(wrong)) == (405, "method_not_allowed") and wrong.headers["allow"] == "POST"
    assert code(httpx2.get(f"{served.url}/nothing")) == "not_found"


def test_the_responses_api_says_what_it_does_not_keep(client: openai.OpenAI) -> None:
    with pytest.raises(openai.BadRequestError, match="keeps no conversations"):
        client.responses.create(model="clara", input=ASKED, previous_response_id="resp_1")
    tool: Any = {"type": "web_search"}
    with pytest.raises(openai.BadRequestError, match="only function tools"):
        client.responses.create(model="clara", input=ASKED, tools=[tool])
    unread: Any = ([], [3], [{"type": "computer_call"}], [{"role": "user", "content": [4]}])
    for given in unread:
        with pytest.raises(openai.BadRequestError):
            client.responses.create(model="clara", input=given)


def test_twenty_megabytes_are_refused_and_disturb_nobody(client: openai.OpenAI) -> None:
    with pytest.raises(openai.APIStatusError) as raised:
        client.chat.completions.create(model="clara", messages=[{"role": "user", "content": "x" * 20_000_000}])
    assert raised.value.status_code == 413
    reply = client.chat.completions.create(model="clara", messages=MESSAGES)  # type: ignore[arg-type]
    assert reply.choices[0].message.content == WRITTEN


def test_a_body_without_a_length_is_counted_as_it_comes(served: Served) -> None:
    def pieces() -> Iterator[bytes]:
        for _ in range(40):
            yield b"x" * 10_000

    headers = {"content-type": "application/json", "authorization": f"Bearer {KEY}"}
    reply = httpx2.post(f"{served.api}/chat/completions", content=pieces(), headers=headers)
    assert (reply.status_code, code(reply)) == (413, "body_too_large")


def slowly(served: Served, sent: bytes) -> bytes:
    """Send a beginning, then nothing, and return what comes back until the connection is closed."""
    address = served.url.removeprefix("http://").split(":")
    with socket.create_connection((address[0], int(address[1])), timeout=10) as connection:
        connection.sendall(sent)
        received = b""
        while piece := connection.recv(65536):
            received += piece
    return received


def test_a_client_that_never_ends_its_head_or_body_is_told_and_left(served: Served, client: openai.OpenAI) -> None:
    begun = b"POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\nx-a: b\r\n"
    whole = begun + b"authorization: Bearer %s\r\ncontent-type: application/json\r\n" % KEY.encode()
    body = whole + b'content-length: 500\r\n\r\n{"model":'
    said: dict[str, bytes] = {}
    beginnings = {"nothing": b"", "head": begun, "body": body}
    threads = [
        threading.Thread(target=lambda n=name, b=sent: said.__setitem__(n, slowly(served, b)))
        for name, sent in beginnings.items()
    ]
    for thread in threads:
        thread.start()
    reply = client.chat.completions.create(model="clara", messages=MESSAGES)  # type: ignore[arg-type]
    assert reply.choices[0].message.content == WRITTEN
    for thread in threads:
        thread.join(20)
    for name, expected in (("nothing", b"head_timeout"), ("head", b"head_timeout"), ("body", b"body_timeout")):
        assert said[name].startswith(b"HTTP/1.1 408 ") and expected in said[name]


def test_heads_that_are_too_large_or_no_http(served: Served) -> None:
    large = b"GET / HTTP/1.1\r\n" + b"".join(b"x-%d: %s\r\n" % (i, b"y" * 1000) for i in range(80)) + b"\r\n"
    assert slowly(served, large).startswith(b"HTTP/1.1 431 ")
    wrong = slowly(served, b"\x16\x03\x01\x02\x00 hello\r\n\r\n")
    assert wrong.startswith(b"HTTP/1.1 400 ") and b"invalid_http" in wrong


@pytest.mark.parametrize(
    ("fault", "status", "said", "again"),
    [
        (Reply(status=429, headers={"retry-after": "7"}), 429, "upstream_rate_limited", "7"),
        (Reply(status=500), 500, "upstream_error", "1"),
        (Reply(status=503, headers={"retry-after": "9"}), 503, "upstream_error", "9"),
        (Reply(status=401), 502, "upstream_refused_key", None),
        (Reply(status=400, text="too long"), 400, "upstream_refused_request", None),
        (Reply(status=404), 502, "upstream_error", None),
        (Reply(mode="drop"), 502, "upstream_unreachable", "1"),
        (Reply(text=""), 502, "upstream_bad_output", None),
    ],
)
def test_a_provider_s_failure_is_passed_on(
    served: Served, openai_server: FakeOpenAI, fault: Reply, status: int, said: str, again: str | None
) -> None:
    openai_server.script = lambda _: fault
    reply = post(served, asked())
    assert (reply.status_code, code(reply)) == (status, said), reply.text
    assert reply.headers.get("retry-after") == again
    # What may pass can be tried again; what cannot, or cost much, says no to clients that would.
    assert (reply.headers.get("x-should-retry") == "false") is (again is None and status >= 500)
    assert SECRET not in reply.text


def test_a_failure_in_a_stream_is_its_last_event(
    served: Served, client: openai.OpenAI, openai_server: FakeOpenAI
) -> None:
    openai_server.script = lambda _: Reply(status=500)
    reply = post(served, asked(stream=True))
    lines = [line.removeprefix("data: ") for line in reply.text.splitlines() if line]
    assert reply.status_code == 200 and json.loads(lines[-1])["error"]["code"] == "upstream_error"
    assert json.loads(lines[0])["choices"][0]["delta"]["role"] == "assistant"
    with pytest.raises(openai.APIError):
        list(client.chat.completions.create(model="clara", messages=MESSAGES, stream=True))  # type: ignore[arg-type]
    with client.responses.stream(model="clara", input=ASKED) as events:
        seen = list(events)
    assert seen[-1].type == "response.failed"
    assert seen[-1].response.error is not None and seen[-1].response.error.code == "server_error"


@pytest.mark.parametrize(
    "more", [{"messages": [{"role": "system", "content": "x"}]}, {"response_format": {"type": "xml"}}]
)
def test_a_stream_that_cannot_begin_has_its_own_status(
    served: Served, openai_server: FakeOpenAI, more: dict[str, Any]
) -> None:
    reply = post(served, asked(stream=True, **more))
    assert (reply.status_code, code(reply)) == (400, "invalid_request")
    openai_server.script = lambda _: Reply(status=429, headers={"retry-after": "4"})
    reply = post(served, asked(stream=True, tools=[TOOL]))
    assert (reply.status_code, reply.headers.get("retry-after")) == (429, "4"), reply.text


def test_upstream_models_fail_with_their_own_words_but_the_key_s(served: Served, openai_server: FakeOpenAI) -> None:
    openai_server.script = lambda _: Reply(status=429, text="slow down", headers={"retry-after": "3", "x-own": "1"})
    reply = post(served, asked(model="fake-1"))
    assert (reply.status_code, reply.json()["error"]["message"]) == (429, "slow down")
    assert reply.headers["retry-after"] == "3" and "x-own" not in reply.headers
    openai_server.script = lambda _: Reply(status=401, text=f"bad key {SECRET}")
    reply = post(served, asked(model="fake-1"))
    assert (reply.status_code, code(reply)) == (502, "upstream_refused_key") and SECRET not in reply.text
    openai_server.script = lambda _: Reply(mode="drop")
    assert code(post(served, asked(model="fake-1"))) == "upstream_unreachable"


def test_request_ids_are_kept_or_made(served: Served) -> None:
    given = httpx2.get(f"{served.url}/healthz", headers={"x-request-id": "balancer-17"})
    assert given.headers["x-request-id"] == "balancer-17"
    for unfit in ('"><script>', "a" * 65, "a b"):
        made = httpx2.get(f"{served.url}/healthz", headers={"x-request-id": unfit}).headers["x-request-id"]
        assert made.startswith("req_") and made != unfit


def test_only_this_machine_is_served_without_keys(
    openai_server: FakeOpenAI, shipped_kb: KnowledgeBase, tmp_path: Path
) -> None:
    with start(openai_server, shipped_kb, tmp_path) as open_to_all:
        openai_server.script = doctor().serve
        for name in ("127.0.0.1:80", "localhost", "[::1]:8400"):
            assert httpx2.get(f"{open_to_all.api}/models", headers={"host": name}).status_code == 200
        for name in ("evil.example", "evil.example:8400", ""):
            reply = httpx2.get(f"{open_to_all.api}/models", headers={"host": name})
            assert (reply.status_code, code(reply)) == (403, "unknown_host")
    settings = open_to_all.service.settings
    for host in ("0.0.0.0", "::", "192.168.1.5", "clara.example"):
        elsewhere = settings.server.model_copy(update={"host": host})
        with pytest.raises(ConfigError, match=r"set server\.keys"):
            check_address(elsewhere)
    for host in ("127.0.0.1", "::1", "localhost", "127.0.0.53"):
        check_address(settings.server.model_copy(update={"host": host}))


def test_a_key_has_its_rate_and_its_day(openai_server: FakeOpenAI, shipped_kb: KnowledgeBase, tmp_path: Path) -> None:
    openai_server.script = doctor().serve
    keys = {
        "fast": {"key": KEY, "requests_per_minute": 3},
        "small": {"key": OTHER_KEY, "tokens_per_day": 100},
    }
    with start(openai_server, shipped_kb, tmp_path, keys=keys) as limited:
        seen = [post(limited, asked()) for _ in range(4)]
        assert [reply.status_code for reply in seen] == [200, 200, 200, 429]
        assert code(seen[3]) == "requests_limit" and 1 <= int(seen[3].headers["retry-after"]) <= 60
        other = {"authorization": f"Bearer {OTHER_KEY}"}
        assert post(limited, asked(), **other).status_code == 200  # it takes over 100, which is known afterwards
        refused = post(limited, asked(), **other)
        assert (refused.status_code, code(refused)) == (429, "tokens_limit")
        assert 3600 < int(refused.headers["retry-after"]) <= 86_400


def test_money_spent_on_upstream_models_counts_too(
    openai_server: FakeOpenAI, shipped_kb: KnowledgeBase, tmp_path: Path
) -> None:
    openai_server.script = lambda _: "one two three"
    with serving(
        shipped_kb, model="openai:fake-1", base_url=openai_server.base_url, home=tmp_path,
        prices={"fake-1": (10.0, 1_000_000.0)}, server={"keys": {"a": {"key": KEY, "cost_per_day": 2.5}}},
    ) as limited:  # fmt: skip
        assert post(limited, asked(model="fake-1")).status_code == 200  # 3 tokens at 1 each
        refused = post(limited, asked(model="fake-1"))
        assert code(refused) == "cost_limit" and "2.5 a day" in refused.json()["error"]["message"]


def test_the_log_holds_no_word_of_what_was_asked_or_answered(
    served: Served, openai_server: FakeOpenAI, caplog: pytest.LogCaptureFixture
) -> None:
    from clara.server.logs import JsonLines

    openai_server.script = doctor().serve
    with caplog.at_level(logging.DEBUG):
        assert post(served, asked(), **{"x-request-id": "log-1"}).status_code == 200
        assert post(served, asked(stream=True)).status_code == 200
        openai_server.script = lambda _: Reply(status=500, text=ASKED)
        post(served, asked())
        post(served, asked(stream=True))
        _wait_for(lambda: len([r for r in caplog.records if r.name == "clara.server"]) >= 4)
    lines = [JsonLines().format(record) for record in caplog.records]
    ours = [
        json.loads(line) for line, record in zip(lines, caplog.records, strict=True) if record.name == "clara.server"
    ]
    first = ours[0]
    assert (first["request_id"], first["status"], first["key"], first["language"]) == ("log-1", 200, "clinic", ["es"])
    assert first["calls"] > 0 and first["completion_tokens"] > 0 and first["seconds"] > 0
    assert ours[2]["level"] == "error" and ours[2]["cause"] == "ModelStatusError"
    assert (ours[3]["level"], ours[3]["status"], ours[3]["error"]) == ("error", 200, "upstream_error")
    for line in lines:
        for word in ("síntomas", "halos", "glaucoma", KEY, SECRET):
            assert word not in line


def test_content_is_logged_where_it_is_switched_on(
    openai_server: FakeOpenAI, shipped_kb: KnowledgeBase, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    openai_server.script = doctor().serve
    with (
        caplog.at_level(logging.INFO, logger="clara.server"),
        start(openai_server, shipped_kb, tmp_path, log_content=True) as talkative,
    ):
        post(talkative, asked())
        _wait_for(lambda: any(record.name == "clara.server" for record in caplog.records))
    fields = next(record.fields for record in caplog.records if record.name == "clara.server")  # type: ignore[attr-defined]
    assert fields["asked"] == MESSAGES and fields["answers"] == [WRITTEN]


def _wait_for(happened: Any) -> None:
    ends = time.monotonic() + 10
    while not happened():
        if time.monotonic() > ends:
            raise TimeoutError("it did not happen")
        time.sleep(0.01)
