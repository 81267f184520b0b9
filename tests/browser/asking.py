"""What a reader does on the page at `/`, and what is looked at there."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]

from clara import KnowledgeBase
from tests.fake_openai import FakeOpenAI
from tests.serving import serving

PHONE, WIDE = {"width": 360, "height": 740}, {"width": 1280, "height": 900}
CATARACT = {
    "hi": "मोतियाबिंद का इलाज कैसे होता है?",
    "zh-Hans": "白内障怎么治疗？",
    "es": "¿Cómo se tratan las cataratas?",
    "ar": "كيف يُعالج الماء الأبيض في العين؟",
}
Open = Callable[..., Any]
"""Opens the page of a service: `visit(served)`."""


def with_model(fake: FakeOpenAI, base: KnowledgeBase, home: Path, **server: Any) -> Any:
    return serving(base, model="openai:fake-1", base_url=fake.base_url, home=home, attempts=1, api_key="sk-x",
                   prices={"fake-1": (1.0, 2.0)}, server=server)  # fmt: skip


def answering(body: str) -> Callable[[Any], None]:
    """Answer a request in the service's place with these events."""
    return lambda route: route.fulfill(body=body, content_type="text/event-stream")


def box(page: Any) -> Any:
    return page.locator("#question")


def put(page: Any, question: str) -> Any:
    """Ask from the keyboard, and return the new turn."""
    count = page.locator(".turn").count()
    box(page).fill(question)
    box(page).press("Control+Enter")
    return page.locator(".turn").nth(count)


def ask(page: Any, question: str) -> Any:
    """Ask and wait for the end."""
    turn = put(page, question)
    turn.locator("dl").wait_for(state="attached")  # on a telephone it is folded away
    return turn


def violations(page: Any) -> list[str]:
    found = Axe().run(page).response["violations"]
    return [f"{one['id']}: {node['html']}" for one in found for node in one["nodes"]]
