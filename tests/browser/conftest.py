"""Debian's chromium, without a window."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from typing import Any

import pytest

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
