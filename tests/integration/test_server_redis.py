"""Replicas of `clara serve` that share limits and replies in a real Redis."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest
import redis

from clara import Clara, KnowledgeBase
from clara.config import load_settings
from clara.errors import ConfigError
from tests.benchmark.serving import free_port
from tests.fake_openai import FakeOpenAI
from tests.integration.test_chat_api import ASKED, WRITTEN, doctor
from tests.serving import Served, serving

KEY = "clinic-key-0123456789abcdef"
BODY = {"model": "clara", "messages": [{"role": "user", "content": ASKED}]}
SERVER = shutil.which("redis-server")
if SERVER is None:
    if os.environ.get("CLARA_REQUIRE_ALL"):
        raise RuntimeError("no redis-server here: apt-get install redis-server")
    pytest.skip("no redis-server here: apt-get install redis-server", allow_module_level=True)


@contextmanager
def redis_server(folder: Path, port: int) -> Iterator[str]:
    assert SERVER is not None
    options = ["--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(folder), "--requirepass", "pw"]
    with subprocess.Popen([SERVER, *options], stdout=subprocess.DEVNULL) as process:
        url = f"redis://:pw@127.0.0.1:{port}/0"
        with redis.Redis.from_url(url) as client:
            for _ in range(200):
                try:
                    client.ping()
                    break
                except redis.ConnectionError:
                    time.sleep(0.05)
        yield url
        process.terminate()
        process.wait(10)


@pytest.fixture
def url(tmp_path: Path) -> Iterator[str]:
    with redis_server(tmp_path, free_port()) as url:
        yield url


def replica(fake: FakeOpenAI, base: KnowledgeBase, home: Path, url: str, **settings: Any) -> Any:
    return serving(base, model="openai:fake-1", base_url=fake.base_url, home=home, redis_url=url, **settings)


def ask(served: Served) -> httpx2.Response:
    headers = {"authorization": f"Bearer {KEY}"}
    return httpx2.post(f"{served.api}/chat/completions", json=BODY, headers=headers, timeout=30)


def test_replicas_count_a_key_s_use_together(
    openai_server: FakeOpenAI, shipped_kb: KnowledgeBase, tmp_path: Path, url: str
) -> None:
    openai_server.script = doctor().serve
    keys = {"keys": {"clinic": {"key": KEY, "requests_per_minute": 4, "tokens_per_day": 10_000_000}}}
    with (
        replica(openai_server, shipped_kb, tmp_path / "a", url, server=keys) as first,
        replica(openai_server, shipped_kb, tmp_path / "b", url, server=keys) as second,
    ):
        replies = [ask(served) for served in (first, second) * 3]
        assert [reply.status_code for reply in replies] == [200, 200, 200, 200, 429, 429]
        used = sum(reply.json()["usage"]["total_tokens"] for reply in replies[:4])
    with redis.Redis.from_url(url) as client:
        (counter,) = [key for key in client.keys("clara-limits*") if b"tokens" in key]
        assert int(client.get(counter) or 0) == used


def test_replicas_share_replies(openai_server: FakeOpenAI, shipped_kb: KnowledgeBase, tmp_path: Path, url: str) -> None:
    openai_server.script = doctor().serve
    with (
        replica(openai_server, shipped_kb, tmp_path / "a", url, cache="redis") as first,
        replica(openai_server, shipped_kb, tmp_path / "b", url, cache="redis", redis_days=1) as second,
    ):
        paid = ask(first).json()
        calls = len(openai_server.requests)
        free = ask(second).json()
        assert len(openai_server.requests) == calls
    assert paid["choices"][0]["message"]["content"] == free["choices"][0]["message"]["content"] == WRITTEN
    assert paid["clara"]["calls"] == calls and free["clara"]["calls"] == 0
    with redis.Redis.from_url(url) as client:
        kept = client.keys("clara:reply:*")
        assert len(kept) == calls and all(0 < client.ttl(key) <= 7 * 86_400 for key in kept)


def test_a_redis_that_goes_away_costs_calls_but_no_answer_and_gives_no_limit_away(
    openai_server: FakeOpenAI, shipped_kb: KnowledgeBase, tmp_path: Path
) -> None:
    openai_server.script = doctor().serve
    port = free_port()
    keys = {"keys": {"clinic": {"key": KEY, "requests_per_minute": 100}}}
    with redis_server(tmp_path, port) as url:
        cached = replica(openai_server, shipped_kb, tmp_path / "a", url, cache="redis")
        limited = replica(openai_server, shipped_kb, tmp_path / "b", url, server=keys)
        first, second = cached.__enter__(), limited.__enter__()
        assert ask(first).status_code == ask(second).status_code == 200
    try:
        assert ask(first).json()["choices"][0]["message"]["content"] == WRITTEN
        refused = ask(second)
        assert (refused.status_code, refused.json()["error"]["code"]) == (503, "limits_unavailable")
        assert refused.headers["retry-after"] == "5"
        unready = httpx2.get(f"{second.url}/readyz")
        assert unready.status_code == 503 and unready.json()["checks"]["redis"] == "does not answer"
        with redis_server(tmp_path, port):
            assert ask(second).status_code == 200  # and it is used again as soon as it is back
    finally:
        limited.__exit__(None, None, None)
        cached.__exit__(None, None, None)


def test_what_is_missing_is_said_at_the_start(openai_server: FakeOpenAI, tmp_path: Path) -> None:
    given: dict[str, Any] = {"model": "openai:x", "base_url": openai_server.base_url, "cache": "redis"}
    for more, said in (
        ({}, "needs redis_url"),
        ({"redis_url": "http://nowhere"}, "write e.g. redis://"),
        ({"redis_url": f"redis://127.0.0.1:{free_port()}/0"}, "Redis does not answer"),
    ):
        with pytest.raises(ConfigError, match=said):
            Clara(settings=load_settings(given | more))
