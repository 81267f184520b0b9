"""The README's picture of a report: `python -m tests.browser.picture DIR/report.html`.

It shows the verdict and the charts and stops before the tables, so that no question of a dataset is in it.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

from tests.conftest import ROOT

PICTURE = ROOT / "docs" / "images" / "report.png"


def take(report: Path, picture: Path = PICTURE) -> None:
    """Write the picture of a report's beginning."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"))
        page = browser.new_page(viewport={"width": 1120, "height": 900}, color_scheme="light")
        page.goto(report.resolve().as_uri())
        end = page.locator("#gap .pictures").evaluate("node => node.getBoundingClientRect().bottom")
        page.screenshot(path=picture, clip={"x": 0, "y": 0, "width": 1120, "height": end + 8}, full_page=True)
        browser.close()


if __name__ == "__main__":
    take(Path(sys.argv[1]))
