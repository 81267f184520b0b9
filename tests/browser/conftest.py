"""A real browser, and services to visit with it."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from typing import Any

import pytest

from clara import KnowledgeBase
from tests.browser.asking import WIDE, Open, with_model
from tests.fake_openai import FakeOpenAI
from tests.serving import Served, serving

_REQUIRED = bool(os.environ.get("CLARA_REQUIRE_ALL"))  # read at import: tests see none of these variables


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Debian's chromium; a module's own, since playwright holds the thread's event loop as long as it runs."""
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None:
        reason = "needs chromium; on Debian: apt-get install chromium"
        pytest.fail(reason) if _REQUIRED else pytest.skip(reason)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path)
        yield chromium
        chromium.close()


@pytest.fixture(scope="module")
def offline(shipped_kb: KnowledgeBase, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The service with no model: the method evidence."""
    with serving(shipped_kb, home=tmp_path_factory.mktemp("offline")) as running:
        yield running


@pytest.fixture(scope="module")
def modelled(
    _fake_openai: FakeOpenAI, shipped_kb: KnowledgeBase, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Served]:
    """The service with a model behind HTTP."""
    with with_model(_fake_openai, shipped_kb, tmp_path_factory.mktemp("modelled")) as running:
        yield running


@pytest.fixture
def visit(browser: Any) -> Iterator[Open]:
    """Open the page in a context of its own. On leaving: nothing was complained of, and only the service was asked."""
    contexts: list[Any] = []
    said: list[str] = []

    def call(served: Served, *, expected: re.Pattern[str] | None = None, **options: Any) -> Any:
        context = browser.new_context(**{"viewport": WIDE, "locale": "en-GB"} | options)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(10_000)

        def hear(line: str) -> None:
            if expected is None or not expected.match(line):
                said.append(line)

        page.on("console", lambda message: hear(message.text))
        page.on("pageerror", lambda error: hear(str(error)))
        page.on("request", lambda request: None if request.url.startswith((served.url, "blob:")) else hear(request.url))
        page.goto(f"{served.url}/")
        page.wait_for_selector("body:not([data-loading])")
        return page

    yield call
    for context in contexts:
        context.close()
    assert said == []
