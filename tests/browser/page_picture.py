"""The README's picture of the page: `python -m tests.browser.page_picture`. An answer from the shipped evidence."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from PIL import Image
from playwright.sync_api import sync_playwright

from clara import KnowledgeBase
from tests.conftest import ROOT, SHIPPED
from tests.serving import serving

PICTURE = ROOT / "docs" / "images" / "page.png"
QUESTION = "मोतियाबिंद का इलाज कैसे होता है?"  # how is a cataract treated?


def take(picture: Path = PICTURE) -> None:
    """Write the picture of a Hindi question on the English page, with its answer, evidence, drafts and cost."""
    with (
        tempfile.TemporaryDirectory() as home,
        KnowledgeBase(Path(home), SHIPPED) as base,
        serving(base, home=Path(home)) as served,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"))
        page = browser.new_page(viewport={"width": 1000, "height": 900}, color_scheme="light", locale="en-GB")
        page.goto(served.url)
        page.wait_for_selector("body:not([data-loading])")
        page.locator("#question").fill(QUESTION)
        page.keyboard.press("Control+Enter")
        page.locator(".turn dl").wait_for()
        end = page.locator(".turn").evaluate("node => node.getBoundingClientRect().bottom + window.scrollY")
        page.screenshot(path=picture, clip={"x": 0, "y": 0, "width": 1000, "height": end}, full_page=True)
        browser.close()
    with Image.open(picture) as taken:
        taken.convert("RGB").quantize(128, dither=Image.Dither.NONE).save(picture, optimize=True)


if __name__ == "__main__":
    take()
