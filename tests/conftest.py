"""Every test runs in a home of its own, sees no settings of the developer's machine, and reaches loopback only."""

from __future__ import annotations

import ipaddress
import os
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from clara.knowledge import KnowledgeBase
from tests.fake_openai import FakeOpenAI

ROOT = Path(__file__).parent.parent
SHIPPED = ROOT / "knowledge_base"


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.getoption("-m"):
        return
    for item in items:
        if "benchmark" in item.keywords:
            item.add_marker(pytest.mark.skip(reason="measures speed; run it with: pytest -m benchmark -s"))


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in list(os.environ):
        if name.startswith("CLARA_") or name.endswith("_API_KEY") or name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)
    for name in ("COLUMNS", "LINES"):  # xdist sets them, and programs take them for the size of their terminal
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("CLARA_HOME", str(tmp_path / "data"))
    monkeypatch.chdir(tmp_path)


@pytest.fixture(autouse=True)
def loopback_only(monkeypatch: pytest.MonkeyPatch) -> None:
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: Any) -> None:
        if self.family in (socket.AF_INET, socket.AF_INET6) and not ipaddress.ip_address(address[0]).is_loopback:
            raise AssertionError(f"a test tried to reach {address[0]}")
        connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", guarded)


@pytest.fixture(scope="session")
def shipped_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder in which the shipped knowledge base is built; tests may read it, not write."""
    home = tmp_path_factory.mktemp("shipped")
    KnowledgeBase(home / "knowledge", SHIPPED).close()
    return home


@pytest.fixture(scope="session")
def shipped_kb(shipped_home: Path) -> Iterator[KnowledgeBase]:
    """The shipped knowledge base, open for reading."""
    with KnowledgeBase(shipped_home / "knowledge", SHIPPED) as kb:
        yield kb


@pytest.fixture(scope="session")
def _fake_openai() -> Iterator[FakeOpenAI]:
    with FakeOpenAI() as server:
        yield server


@pytest.fixture
def openai_server(_fake_openai: FakeOpenAI) -> FakeOpenAI:
    """A real HTTP server on loopback that speaks the chat completions API, reset for each test."""
    _fake_openai.reset()
    return _fake_openai
