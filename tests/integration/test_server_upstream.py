"""Upstream models served as they are: what a proxy needs to be told, and what a key is charged."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import httpx2
import pytest

from clara import KnowledgeBase
from tests.fake_openai import FakeOpenAI, Reply
from tests.serving import serving

KEY = "clinic-key-0123456789abcdef"


def ask(base: KnowledgeBase, fake: FakeOpenAI, home: Path, **more: Any) -> tuple[httpx2.Response, str]:
    """Ask the upstream model once; returns its reply and the metrics after it."""
    settings: dict[str, Any] = {"model": "openai:fake:7b", "base_url": fake.base_url, "prices": {"fake:7b": (1, 1e6)}}
    with serving(base, home=home, server={"keys": {"clinic": {"key": KEY}}}, **settings) as served:
        reply = httpx2.post(
            f"{served.api}/chat/completions",
            json={"model": "fake:7b", "messages": [{"role": "user", "content": "hola"}]} | more,
            headers={"authorization": f"Bearer {KEY}"},
        )
        return reply, httpx2.get(f"{served.url}/metrics").text


def test_a_stream_tells_proxies_not_to_hold_it_back(
    openai_server: FakeOpenAI, shipped_kb: KnowledgeBase, tmp_path: Path
) -> None:
    openai_server.script = lambda _: "one two"
    reply, _ = ask(shipped_kb, openai_server, tmp_path, stream=True)
    assert reply.headers["x-accel-buffering"] == "no" and reply.headers["content-type"] == "text/event-stream"
    whole, _ = ask(shipped_kb, openai_server, tmp_path)
    assert "x-accel-buffering" not in whole.headers


def test_a_stream_that_does_not_say_its_tokens_is_charged_by_its_events(
    openai_server: FakeOpenAI, shipped_kb: KnowledgeBase, tmp_path: Path
) -> None:
    openai_server.script = lambda _: "abc" * 20  # the fake sends three characters an event
    reply, metrics = ask(shipped_kb, openai_server, tmp_path, stream=True)
    assert reply.text.count("data: {") == 22
    assert 'clara_tokens_total{kind="completion",language=""} 22.0' in metrics
    assert "clara_cost_total 22." in metrics  # at 1 a completion token, of a model whose name holds a colon


def test_what_the_provider_refuses_costs_nothing_and_is_its_failure(
    openai_server: FakeOpenAI, shipped_kb: KnowledgeBase, tmp_path: Path
) -> None:
    for status, error in ((429, "upstream_rate_limited"), (500, "upstream_error")):
        openai_server.script = lambda _, status=status: Reply(status=status, text="no")  # type: ignore[misc]
        reply, metrics = ask(shipped_kb, openai_server, tmp_path)
        assert reply.status_code == status
        assert f'error="{error}",model="fake:7b",route="/v1/chat/completions",status="{status}"' in metrics
        assert 'clara_tokens_total{kind="prompt",language=""} 0.0' in metrics and "clara_cost_total 0.0" in metrics


def test_what_the_provider_compresses_unasked_is_said_to_be_so(
    openai_server: FakeOpenAI, shipped_kb: KnowledgeBase, tmp_path: Path
) -> None:
    said = json.dumps({"choices": [], "usage": {"prompt_tokens": 1, "completion_tokens": 2}}).encode()
    openai_server.script = lambda _: Reply(body=gzip.compress(said), headers={"content-encoding": "gzip"})
    reply, _ = ask(shipped_kb, openai_server, tmp_path)
    assert reply.json() == json.loads(said)


@pytest.mark.parametrize("half", range(1, 12))
def test_an_event_in_two_pieces_is_one(half: int) -> None:
    from clara.server.upstream import Counting

    sent, counting = b'data: {"a": 1}\n\ndata: {"b": 2}\n\ndata: [DONE]\n\n', Counting(8)
    for piece in (sent[:half], sent[half : half + 3], sent[half + 3 :]):
        counting.add(piece)
    assert counting.tokens() == (2, 2)
