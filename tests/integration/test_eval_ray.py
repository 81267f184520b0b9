"""`clara eval run --engine ray`: the same run on a cluster of two nodes, one of which is lost on the way."""

from __future__ import annotations

import asyncio
import importlib.util
import os
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from clara.config import Settings
from clara.errors import ConfigError
from clara.evaluation import evaluate, make_plan
from clara.evaluation.datasets import load_dataset
from clara.evaluation.records import key_of, read_rows
from tests.conftest import ROOT
from tests.fake_openai import Body, FakeOpenAI, Reply
from tests.integration.test_eval_run import by_hash

needs_ray = pytest.mark.skipif(
    importlib.util.find_spec("ray") is None, reason="needs Ray; install it with: pip install 'clara-debias[ray]'"
)


@pytest.fixture
def cluster(shipped_home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.setenv("RAY_ENABLE_UV_RUN_RUNTIME_ENV", "0")
    monkeypatch.setenv("RAY_USAGE_STATS_ENABLED", "0")
    monkeypatch.setenv("PYTHONPATH", f"{ROOT}{os.pathsep}{os.environ.get('PYTHONPATH', '')}")
    ray, utils = importlib.import_module("ray"), importlib.import_module("ray.cluster_utils")
    made = utils.Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
    made.second = made.add_node(num_cpus=1)
    ray.init(address=made.address, log_to_driver=False)
    yield made
    ray.shutdown()
    made.shutdown()


@needs_ray
@pytest.mark.filterwarnings("default")  # Ray's own
async def test_a_node_that_is_lost_costs_no_answer_and_none_comes_twice(
    cluster: Any, openai_server: FakeOpenAI, shipped_home: Path
) -> None:
    openai_server.script, openai_server.latency_s = by_hash, 0.05
    settings = Settings(model="openai:fake-1", base_url=openai_server.base_url, api_key="k", home=shipped_home)
    whole = load_dataset("ophtha-mini")
    plan = make_plan(whole.only(["en", "hi"]), ["direct", "evidence"], limit=40, whole=whole)

    def lose_a_node() -> None:
        openai_server.wait_for_requests(20)
        cluster.remove_node(cluster.second)

    lose = threading.Thread(target=lose_a_node)
    lose.start()
    found = await evaluate(plan, Path("out"), settings=settings, concurrency=8, engine="ray")
    await asyncio.to_thread(lose.join)
    rows = list(read_rows(Path("out/records.jsonl")))
    assert len(rows) == len({key_of(row) for row in rows}) == len(plan) == 160
    assert {row["status"] for row in rows} <= {"ok", "abstained"} and found["missing"] == 0
    assert len(openai_server.requests) >= 80  # answers in the making on the lost node were made again
    here = await evaluate(plan, Path("here"), settings=settings, concurrency=8)
    for method, measured in here["methods"].items():
        accuracies = {tag: cell["accuracy"] for tag, cell in measured["languages"].items()}
        assert accuracies == {t: c["accuracy"] for t, c in found["methods"][method]["languages"].items()}


@needs_ray
@pytest.mark.filterwarnings("default")
async def test_a_worker_s_error_ends_the_run_in_one_line(
    cluster: Any, openai_server: FakeOpenAI, shipped_home: Path
) -> None:
    def refuse(_: Body) -> Reply:
        return Reply(status=401)

    openai_server.script = refuse
    settings = Settings(model="openai:fake-1", base_url=openai_server.base_url, api_key="k", home=shipped_home)
    plan = make_plan(load_dataset("ophtha-mini"), ["direct"], limit=2)
    with pytest.raises(Exception, match="the provider refused the key"):
        await evaluate(plan, Path("out"), settings=settings, engine="ray")


async def test_without_ray_it_is_one_line(monkeypatch: pytest.MonkeyPatch, shipped_home: Path) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    plan = make_plan(load_dataset("ophtha-mini"), ["direct"], limit=1)
    settings = Settings(model="scripted", home=shipped_home)
    with pytest.raises(ConfigError, match=r"this needs ray .* pip install 'clara-debias\[ray\]'"):
        await evaluate(plan, Path("out"), settings=settings, engine="ray")
