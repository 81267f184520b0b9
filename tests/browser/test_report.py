"""The report in a real browser: a telephone, a wide screen, light and dark, on paper, with and without JavaScript."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from clara.evaluation.report import compare_runs, load, write_comparison, write_report
from tests.unit.evaluation.measured import LANGUAGES, rows, write_measured
from tests.unit.evaluation.questions import TEXTS

PHONE, WIDE = {"width": 360, "height": 740}, {"width": 1280, "height": 900}
Open = Callable[..., Any]

# Relative luminance and contrast as WCAG 2.2 defines them.
CONTRAST = """
(selector) => {
  const parse = (colour) => colour.match(/[\\d.]+/g).map(Number);
  const light = (colour) => {
    const [r, g, b] = colour.map((c) => c / 255).map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ground = (node) => {
    for (let at = node; at; at = at.parentElement) {
      const colour = parse(getComputedStyle(at).backgroundColor);
      if (colour.length === 3 || colour[3] > 0) return colour;
    }
    return [255, 255, 255];
  };
  return [...document.querySelectorAll(selector)].map((node) => {
    const style = getComputedStyle(node);
    const ink = parse(node instanceof SVGElement ? style.fill : style.color);
    const [high, low] = [light(ink), light(ground(node))].sort((a, b) => b - a);
    return (high + 0.05) / (low + 0.05);
  });
}
"""
# Letters of a chart that reach out of it, by more than a pixel.
CLIPPED = """
() => [...document.querySelectorAll("figure svg")].flatMap((svg) => {
  const box = svg.getBoundingClientRect();
  return [...svg.querySelectorAll("text")].filter((text) => {
    const at = text.getBoundingClientRect();
    return at.left < box.left - 1 || at.right > box.right + 1 || at.top < box.top - 1 || at.bottom > box.bottom + 1;
  }).map((text) => text.textContent);
})
"""


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A report, and a comparison of two runs."""
    folder = tmp_path_factory.mktemp("browser")
    write_report(load(write_measured(folder / "one", 12)))
    other = {"direct": [found | {"method": "direct"} for found in rows(12)["clara"]]}
    write_measured(folder / "two", 12, answers=other, model="openai:other")
    write_comparison(compare_runs([folder / "one", folder / "two"]), folder / "both")
    return {"report": folder / "one" / "report.html", "compare": folder / "both" / "compare.html"}


@pytest.fixture
def visit(browser: Any, pages: dict[str, Path]) -> Iterator[Open]:
    """Open a page in a context of its own that has no network; on leaving, nothing was asked for or complained of."""
    contexts, said = [], []

    def call(name: str = "report", **options: Any) -> Any:
        context = browser.new_context(**{"viewport": WIDE, "offline": True} | options)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("request", lambda request: said.append(request.url) if request.url != pages[name].as_uri() else None)
        page.goto(pages[name].as_uri())
        return page

    yield call
    for context in contexts:
        context.close()
    assert said == []


@pytest.mark.parametrize("name", ["report", "compare"])
@pytest.mark.parametrize("viewport", [PHONE, WIDE])
@pytest.mark.parametrize("javascript", [True, False])
def test_no_page_scrolls_sideways(visit: Open, name: str, viewport: dict[str, int], javascript: bool) -> None:
    page = visit(name, viewport=viewport, java_script_enabled=javascript)
    for details in page.locator("details").all():
        details.locator("summary").first.click()
    width = page.locator("html").evaluate("html => html.scrollWidth")
    assert width == viewport["width"]
    assert not page.title().startswith("owned")


@pytest.mark.parametrize("name", ["report", "compare"])
@pytest.mark.parametrize("viewport", [PHONE, WIDE])
def test_charts_show_all_their_letters(visit: Open, name: str, viewport: dict[str, int]) -> None:
    page = visit(name, viewport=viewport)
    assert page.locator("figure svg text").count() > 40
    assert page.evaluate(CLIPPED) == []
    sizes = page.evaluate(
        "() => [...document.querySelectorAll('figure svg text')].map(text => text.getBoundingClientRect().height)"
    )
    assert min(sizes) >= 8  # pixels of a line: small, but read at arm's length


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_word_stands_out_from_its_ground(visit: Open, scheme: str) -> None:
    page = visit(color_scheme=scheme)
    for selector in ("p", "caption", "th", "td", "summary", ".quiet", ".warning", ".mark", ".lead", "figure svg text"):
        found = page.evaluate(CONTRAST, selector)
        assert found or selector == ".warning", selector
        assert all(ratio >= 4.5 for ratio in found), selector  # WCAG 2.2, 1.4.3, level AA
    ground = page.locator("body").evaluate("body => getComputedStyle(body).backgroundColor")
    assert (ground == "rgb(255, 255, 255)") == (scheme == "light")


def test_each_language_runs_in_its_own_direction(visit: Open) -> None:
    page = visit()
    for details in page.locator("tbody.question details").all():
        details.evaluate("details => { details.open = true; }")
    for tag in LANGUAGES:
        words = page.locator(f".words[lang='{tag}']", has_text=TEXTS[tag][0]).first
        expected = "rtl" if tag == "ar" else "ltr"
        assert words.evaluate("node => node.matches(':dir(rtl)') ? 'rtl' : 'ltr'") == expected, tag
        assert words.is_visible()


def test_questions_are_filtered_by_text_language_method_and_outcome(visit: Open) -> None:
    page = visit()
    shown, found = page.locator("tbody.question:visible"), page.locator("#found")
    assert shown.count() == 12 and found.inner_text() == "12 of 12 questions"
    page.get_by_role("searchbox").fill("11. न\u095bर")  # one character here, two on the page
    assert shown.count() == 1 and found.inner_text() == "1 of 12 questions"
    page.get_by_role("searchbox").fill("")
    page.get_by_role("combobox", name="Outcome").select_option("abstained")
    assert shown.count() == 1 and shown.first.inner_text().startswith("7")
    page.get_by_role("combobox", name="Language").select_option(label="English (en)")
    assert shown.count() == 0  # in English question 7 is unparsed
    page.get_by_role("combobox", name="Outcome").select_option("wrong")
    page.get_by_role("combobox", name="Method").select_option("direct")
    assert shown.count() == 0
    page.get_by_role("combobox", name="Method").select_option("clara")
    assert [text.split()[0] for text in shown.all_inner_texts()] == ["10"]
    page.get_by_role("combobox", name="Outcome").select_option("")
    page.get_by_role("combobox", name="Against direct").select_option("a method lost")
    assert 0 < shown.count() < 12


def test_without_javascript_everything_is_there_but_the_filter(visit: Open) -> None:
    page = visit(java_script_enabled=False)
    assert not page.locator("#filter").is_visible()
    assert page.locator("tbody.question:visible").count() == 12
    details = page.locator("tbody.question details").first
    details.locator("summary").click()
    assert details.locator("table").is_visible()


def test_the_keyboard_reaches_what_the_pointer_does(visit: Open) -> None:
    page = visit()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the verdict"
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.getAttribute('aria-label')") == "Levels of each method"
    summary = page.locator("tbody.question summary").first
    summary.focus()
    page.keyboard.press("Enter")
    assert page.locator("tbody.question details").first.get_attribute("open") is not None


def test_a_screen_reader_is_told_what_charts_and_tables_are(visit: Open) -> None:
    page = visit()
    page.get_by_role("img", name="Gap to English before and after").wait_for()
    page.get_by_role("region", name="Accuracy by language, %").wait_for()
    page.get_by_role("columnheader", name="gap to English, points").first.wait_for()
    page.get_by_role("rowheader", name="Hindi (hi)").first.wait_for()
    page.get_by_role("status").wait_for()
    assert page.get_by_role("main").count() == 1 and page.get_by_role("heading", level=1).count() == 1


def test_it_prints_on_paper(visit: Open, tmp_path: Path) -> None:
    from pypdfium2 import PdfDocument

    page = visit(color_scheme="dark")
    page.pdf(path=tmp_path / "report.pdf", format="A4")
    with PdfDocument(tmp_path / "report.pdf") as paper:
        text = " ".join(paper[number].get_textpage().get_text_bounded() for number in range(len(paper)))
        assert 3 <= len(paper) <= 12
    for part in ("Verdict", "clara narrows the gap", "Accuracy by language", "How this was measured", "token premium"):
        assert part in text, part
    assert "Against direct" not in text and "side by side" not in text
    page.emulate_media(media="print")
    assert page.locator("body").evaluate("body => getComputedStyle(body).backgroundColor") == "rgb(255, 255, 255)"
