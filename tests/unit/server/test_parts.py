"""The service's parts, each alone."""

from __future__ import annotations

import asyncio
import json
import logging
import subprocess
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing, asynccontextmanager
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr
from starlette.requests import ClientDisconnect

from clara import ScriptedModel, errors
from clara.config import KeySettings, load_settings, openai_key
from clara.errors import ClaraError, ConfigError, ModelError
from clara.models import Completion
from clara.server.admission import Admission
from clara.server.asking import Asked, OtherModels, ask_model, replies_of
from clara.server.body import is_deeper
from clara.server.catalogue import Catalogue, Named
from clara.server.connection import while_connected
from clara.server.errors import RequestError, failure_of
from clara.server.keys import Keys
from clara.server.logs import JsonLines
from clara.server.metering import price_of
from clara.server.metrics import agreement
from clara.server.streaming import event_bytes, happenings
from clara.trace import Observer
from clara.types import Answer, Draft, Event, Reply

KEY, OTHER = "key-0123456789abcdef", "other-key-0123456789"
_JSON = st.recursive(
    st.none() | st.integers() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=2), inner, max_size=3),
    max_leaves=12,
)


def depth(value: Any) -> int:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else None
    return 0 if inner is None else 1 + max(map(depth, inner), default=0)


@given(_JSON.map(lambda value: {"a": value}), st.integers(1, 8))
def test_depth_is_counted_level_by_level(value: dict[str, Any], levels: int) -> None:
    assert is_deeper(value, levels) is (depth(value) > levels)


async def test_places_are_given_in_order_and_never_too_many() -> None:
    admission, order, most = Admission(2, 10, 5.0), list[int](), 0

    async def answer(number: int) -> None:
        nonlocal most
        async with admission.place():
            order.append(number)
            most = max(most, admission.running)
            await asyncio.sleep(0)

    await asyncio.gather(*(answer(number) for number in range(10)))
    assert order == list(range(10)) and most == 2 and (admission.running, admission.waiting) == (0, 0)


async def test_a_full_queue_and_a_long_wait_are_refused_and_leave_nothing_behind() -> None:
    admission = Admission(1, 1, 0.01)
    with admission.entry(), admission.entry(), pytest.raises(RequestError):  # while their bodies are read
        await _enter(admission)
    async with _inside(admission):
        waiting = asyncio.create_task(_enter(admission))
        await asyncio.sleep(0)
        assert admission.waiting == 1
        with pytest.raises(RequestError) as full:
            await _enter(admission)
        assert full.value.status == 429 and full.value.retry_after_s is not None and full.value.retry_after_s >= 1
        with pytest.raises(RequestError):
            await waiting
        assert admission.waiting == 0
    await _enter(admission)


@asynccontextmanager
async def _inside(admission: Admission) -> AsyncIterator[None]:
    with admission.entry():
        async with admission.place():
            yield


async def _enter(admission: Admission) -> None:
    async with _inside(admission):
        pass


async def test_what_a_place_is_lost_to_gives_it_back() -> None:
    admission = Admission(1, 5, 5.0)
    with pytest.raises(ZeroDivisionError):
        async with admission.place():
            raise ZeroDivisionError
    async with admission.place():
        waiting = asyncio.create_task(_enter(admission))
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
    await asyncio.wait_for(_enter(admission), 1)
    assert (admission.running, admission.waiting) == (0, 0)


@given(st.binary(max_size=40))
def test_no_key_but_the_right_one_opens(sent: bytes) -> None:
    keys = Keys({"a": KeySettings(key=SecretStr(KEY)), "b": KeySettings(key=SecretStr(OTHER))})
    assert keys.holder(b"Bearer " + KEY.encode()) == "a" and keys.holder(b"bearer  " + OTHER.encode()) == "b"
    with pytest.raises(RequestError) as refused:
        keys.holder(b"Bearer " + sent)
    assert refused.value.status == 401
    assert Keys({}).holder(sent) is None


@pytest.mark.parametrize("key", ["short", "schlüssel-mit-umlaut-0123", ""])
def test_a_key_that_is_easy_to_guess_is_refused(key: str) -> None:
    with pytest.raises(ConfigError, match="at least 16 ascii"):
        load_settings({"server": {"keys": {"a": {"key": key}}}})


def test_keys_are_read_from_the_environment_and_never_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLARA_SERVER__KEYS", json.dumps({"a": {"key": KEY, "requests_per_minute": 5}}))
    monkeypatch.setenv("CLARA_REDIS_URL", "redis://:secret-word@127.0.0.1/0")
    settings = load_settings()
    assert settings.server.keys["a"].requests_per_minute == 5
    assert KEY not in repr(settings) and "secret-word" not in repr(settings)
    assert {KEY, "redis://:secret-word@127.0.0.1/0"} <= set(settings.secrets())


def told(text: str) -> Event:
    return Event(kind="sentence", stage="write", at_s=0.0, data={"text": text})


async def test_happenings_come_in_order_with_a_sign_of_life_between() -> None:
    go_on = asyncio.Event()

    async def ask(number: int, observers: Sequence[Observer]) -> Reply:
        observers[0](told(f"first of {number}"))
        await go_on.wait()
        return Reply(text=f"reply {number}")

    seen: list[Any] = []
    async for number, happened in happenings(ask, 2, 0.01):
        seen.append((number, happened))
        if happened is None:
            go_on.set()
    assert seen[:2] == [(0, told("first of 0")), (1, told("first of 1"))] and (0, None) in seen
    assert seen[-2:] == [(0, Reply(text="reply 0")), (1, Reply(text="reply 1"))]


@given(st.text())
def test_an_event_is_one_line_to_every_way_of_splitting_lines(text: str) -> None:
    text += "\x85\u2028\u2029\r\n"
    sent = event_bytes({"text": text}).decode()
    assert sent.endswith("}\n\n") and len(sent.rstrip("\n").splitlines()) == 1
    assert json.loads(sent.removeprefix("data: ")) == {"text": text}


async def test_the_first_failure_ends_all_and_so_does_leaving() -> None:
    ended: list[int] = []

    async def ask(number: int, observers: Sequence[Observer]) -> Reply:
        try:
            if number == 1:
                raise ModelError("no")
            await asyncio.Event().wait()
            raise AssertionError
        finally:
            ended.append(number)

    with pytest.raises(ModelError):
        async for _ in happenings(ask, 3, 5.0):
            pass
    assert sorted(ended) == [0, 1, 2]
    ended.clear()
    with pytest.raises(ModelError):
        await replies_of(ask, 3)
    assert sorted(ended) == [0, 1, 2]

    async def wait(number: int, observers: Sequence[Observer]) -> Reply:
        try:
            await asyncio.Event().wait()
            raise AssertionError
        finally:
            ended.append(number)

    ended.clear()
    async with aclosing(happenings(wait, 2, 0.01)) as stream:
        assert await anext(stream) == (0, None)
    assert sorted(ended) == [0, 1]


async def test_work_is_cancelled_once_its_client_is_gone() -> None:
    messages = asyncio.Queue[dict[str, Any]]()
    cancelled = asyncio.Event()

    async def work() -> str:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            cancelled.set()
            raise
        raise AssertionError

    messages.put_nowait({"type": "http.request", "body": b"", "more_body": False})
    messages.put_nowait({"type": "http.disconnect"})
    with pytest.raises(ClientDisconnect):
        await while_connected(messages.get, work())
    assert cancelled.is_set()

    async def done() -> str:
        return "done"

    assert await while_connected(messages.get, done()) == "done"


def test_every_error_of_the_tree_has_a_status_and_tells_nothing_it_should_not() -> None:
    for error in _tree(ClaraError):
        made = error("told", status=418) if issubclass(error, errors.ModelStatusError) else error("told")
        failure = failure_of(made)
        assert 400 <= failure.status < 600 and failure.code and "\n" not in failure.message
        assert set(failure.body["error"]) == {"message", "type", "param", "code"}
    unforeseen = failure_of(RuntimeError("a question's text"))
    assert unforeseen.status == 500 and "question" not in unforeseen.message


def _tree(error: type[Any]) -> list[type[Any]]:
    return [error, *(inner for child in error.__subclasses__() for inner in _tree(child))]


def test_names_stand_for_methods_and_upstream_models() -> None:
    settings = load_settings(
        {
            "model": "openai:gpt-5",
            "translate_model": "openai:gpt-5-mini",
            "fallback_models": ("anthropic:claude", "evidence"),
        }
    )
    catalogue = Catalogue(settings, method="clara", has_model=True)
    assert catalogue.names()[0] == "clara" and catalogue.names()[-3:] == ["claude", "gpt-5", "gpt-5-mini"]
    assert catalogue.find("clara") == Named(method="clara") and catalogue.find("clara:rag") == Named(method="rag")
    assert catalogue.find("openai:gpt-5") == catalogue.find("gpt-5") == Named(upstream="openai:gpt-5")
    assert catalogue.find("claude") == catalogue.find("anthropic:claude") == Named(upstream="anthropic:claude")
    for unknown in ("clara:nothing", "openai:clara", "openai:claude"):
        with pytest.raises(RequestError):
            catalogue.find(unknown)
    alone = Catalogue(load_settings(), method="evidence", has_model=False)
    assert alone.names() == ["clara", "clara:evidence"]


async def test_models_of_other_providers_are_asked_as_they_are_and_sent_no_foreign_key() -> None:
    model = ScriptedModel(lambda call: Completion(text="one two", model="m", prompt_tokens=3, completion_tokens=2))
    asked = Asked(messages=[{"role": "user", "content": "hola"}], options={"temperature": 0.0})
    ask = ask_model(model, asked, (1.0, 10.0))
    reply = await ask(0, ())
    assert reply.text == "one two" and reply.usage.cost == pytest.approx(23 / 1e6)
    assert model.calls[0].messages == ({"role": "user", "content": "hola"},)
    assert model.calls[0].options == {"temperature": 0.0} and not model.calls[0].system
    seen: list[Event] = []
    await ask(1, [seen.append])
    assert "".join(event.data["text"] for event in seen) == "one two"
    settings = load_settings(
        {"model": "openai:a", "base_url": "http://127.0.0.1:1/v1", "api_key": "sk-mine", "second_model": "ollama:b"}
    )
    others = OtherModels(settings)
    assert others.get("ollama:b") is others.get("ollama:b")
    assert others.get("ollama:b").name == "b"
    await others.aclose()


def test_the_key_of_another_provider_is_not_sent_to_openai(monkeypatch: pytest.MonkeyPatch) -> None:
    assert openai_key(load_settings({"model": "openai:a", "api_key": "sk-own"})) == SecretStr("sk-own")
    other = load_settings({"model": "anthropic:a", "api_key": "sk-ant", "fallback_models": ("openai:b",)})
    assert openai_key(other) is None
    monkeypatch.setenv("OPENAI_API_KEY", "sk-env")
    assert openai_key(other) == SecretStr("sk-env") == openai_key(load_settings({"model": "openai:a"}))


def test_prices_are_known_with_and_without_the_provider() -> None:
    settings = load_settings({"prices": {"openai:a": (1.0, 2.0), "b": (3.0, 4.0)}})
    assert price_of(settings, "a") == price_of(settings, "openai:a") == (1.0, 2.0)
    assert price_of(settings, "openai:b") == (3.0, 4.0) and price_of(settings, "c") is None
    for named in ("openai:llama3.3:70b", "llama3.3:70b"):
        settings = load_settings({"prices": {named: (1.0, 2.0)}})
        assert price_of(settings, "llama3.3:70b") == price_of(settings, "openai:llama3.3:70b") == (1.0, 2.0)


def draft(choice: str | None, **more: Any) -> Draft:
    return Draft(route="native", language="es", group="g", choice=choice, **more)


@pytest.mark.parametrize(
    ("drafts", "decided", "expected"),
    [
        ([draft("A"), draft("A")], None, "agree"),
        ([draft("A"), draft("B")], None, "differ"),
        ([draft("A"), draft("B", error="x")], None, "single"),
        ([draft("A")], None, "single"),
        ([draft(None)], (2, 0), "agree"),
        ([draft(None)], (2, 1), "differ"),
        ([draft(None)], (0, 0), "single"),
    ],
)
def test_agreement_is_told_from_choices_or_claims(drafts: Any, decided: Any, expected: str) -> None:
    data = dict(zip(("agreed", "conflicted"), decided, strict=True)) if decided else {}
    trace = (
        Event(kind="decision", stage="match", at_s=0.0),
        Event(kind="decision", stage="reconcile", at_s=0.1, data=data),
    )
    answer = Answer(
        answer="", language="es", choice=None, confidence=0, abstained=False, method="clara", drafts=tuple(drafts),
        trace=trace,
    )  # fmt: skip
    assert agreement(answer) == expected


def test_a_package_s_warning_is_a_line_of_json_without_its_words() -> None:
    code = "from clara.server.logs import set_up_logs; import warnings; set_up_logs(); warnings.warn('¿la catarata?')"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    line = json.loads(done.stderr)
    assert (line["level"], line["cause"], line["place"]) == ("warning", "UserWarning", "<string>:1")
    assert "catarata" not in done.stderr


def test_an_exception_is_logged_without_its_words() -> None:
    try:
        raise ValueError("¿Qué es la catarata?")
    except ValueError:
        record = logging.LogRecord("clara.server", logging.ERROR, "f", 1, "unforeseen", None, sys.exc_info())
    line = json.loads(JsonLines().format(record))
    assert line["exception"][0] == "ValueError" and "test_parts.py" in line["exception"][1]
    assert "catarata" not in json.dumps(line, ensure_ascii=False)
