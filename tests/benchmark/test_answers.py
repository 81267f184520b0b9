"""How long an answer takes beyond the model's own time, as ratios in one run. Run with: make benchmark"""

from __future__ import annotations

import asyncio
import statistics
import time
from pathlib import Path

import pytest

from clara import Clara
from clara.knowledge import KnowledgeBase
from tests.conftest import SHIPPED
from tests.fake_openai import FakeOpenAI
from tests.integration.test_clara_method import OPTIONS, QUESTION, doctor

pytestmark = pytest.mark.benchmark


@pytest.mark.parametrize("latency_s", [0.2, 0.5])
async def test_wall_time_of_agreeing_drafts_over_the_server_s_latency(
    openai_server: FakeOpenAI, shipped_home: Path, latency_s: float
) -> None:
    openai_server.script, openai_server.latency_s = doctor().serve, latency_s
    async with Clara("openai:fake-1", base_url=openai_server.base_url, home=shipped_home) as clara:
        await clara.aask(QUESTION, options=OPTIONS)  # imports and connections
        ratios = []
        for _ in range(7):
            started = time.perf_counter()
            answer = await clara.aask(QUESTION, options=OPTIONS)
            ratios.append((time.perf_counter() - started) / latency_s)
            assert answer.usage.calls == 3
    middle = statistics.median(ratios)
    print(f"\nwall time / latency at {latency_s} s: median {middle:.2f}, worst {max(ratios):.2f} (ideal 2)")


async def test_rate_of_64_questions_at_once(openai_server: FakeOpenAI, shipped_home: Path) -> None:
    openai_server.script, openai_server.latency_s = doctor().serve, 0.5
    async with Clara("openai:fake-1", base_url=openai_server.base_url, home=shipped_home) as clara:
        await clara.aask(QUESTION, options=OPTIONS)
        started = time.perf_counter()
        answers = await asyncio.gather(*(clara.aask(QUESTION, options=OPTIONS) for _ in range(64)))
        took = time.perf_counter() - started
    assert all(a.usage.calls == 3 for a in answers)
    print(f"\n64 questions at once, 500 ms server: {took / 1.0:.2f} times the ideal (1.0 s for two rounds)")


def test_building_opening_and_searching(tmp_path: Path) -> None:
    started = time.perf_counter()
    with KnowledgeBase(tmp_path / "kb", SHIPPED) as kb:
        built = time.perf_counter() - started
        chunks = sum(kb.store.languages().values())
    started = time.perf_counter()
    with KnowledgeBase(tmp_path / "kb", SHIPPED) as kb:
        opened = time.perf_counter() - started
        times = []
        for query, language in (
            ("symptoms of cataract", "en"),
            ("मोतियाबिंद का इलाज", "hi"),
            ("青光眼症状", "zh-Hans"),
        ) * 20:
            started = time.perf_counter()
            kb.search(query, language)
            times.append(time.perf_counter() - started)
    cut = statistics.quantiles(times, n=20)
    print(
        f"\n{chunks} chunks: built in {built:.2f} s, opened in {opened:.2f} s ({built / opened:.0f} times quicker); "
        f"search p50 {1000 * statistics.median(times):.0f} ms, p95 {1000 * cut[18]:.0f} ms"
    )
