"""The page at `/` in a real browser against a real service: with no model, and with one behind real HTTP."""

from __future__ import annotations

import json
import re
import threading
from pathlib import Path
from typing import Any

import pytest

from tests import fake_openai
from tests.browser.asking import CATARACT, PHONE, WIDE, Open, ask, box, put, violations
from tests.doctors import kind
from tests.fake_openai import Body, FakeOpenAI
from tests.serving import Served
from tests.writer import QUESTIONS, Writer
from tests.written import WRITTEN

STAGES = ("translate/question", "draft/free_evidence", "verify/claims")


@pytest.mark.parametrize("language", ["hi", "zh-Hans", "es"])
def test_a_question_is_answered_in_its_language_with_its_evidence(visit: Open, offline: Served, language: str) -> None:
    page = visit(offline)
    turn = ask(page, CATARACT[language])
    answer = turn.locator(".said")
    assert answer.get_attribute("lang") == language and answer.get_attribute("dir") == "ltr"
    assert turn.locator("h2").get_attribute("lang") == language
    quotes = turn.locator("blockquote mark").all_inner_texts()
    assert quotes and all(quote in answer.inner_text() for quote in quotes)
    assert turn.locator("blockquote").first.get_attribute("lang") == language
    link = turn.locator("a.cite").first
    link.click()
    target = page.locator(str(link.get_attribute("href")))
    assert target.evaluate("node => node === document.activeElement") and quotes[0] in target.inner_text()
    target.locator("a.number").click()
    assert link.evaluate("node => node === document.activeElement")
    drafts = turn.locator(".beside article")
    assert drafts.count() == 2 and {"English"} < set(drafts.locator("h4 .quiet").all_inner_texts())
    boxes = [draft.bounding_box() for draft in drafts.all()]
    assert boxes[0]["y"] == boxes[1]["y"]  # side by side
    assert "ranks first" in turn.inner_text()
    assert turn.locator("dd").first.inner_text() == "0"
    assert page.get_by_role("status").inner_text() == "The answer is ready."
    assert page.get_by_text("No language model is set up here").is_visible()


def test_a_question_that_nothing_answers_is_shown_as_such_from_right_to_left(visit: Open, offline: Served) -> None:
    page = visit(offline, locale="ar")
    assert page.locator("html").get_attribute("dir") == "rtl" and page.locator("html").get_attribute("lang") == "ar"
    turn = ask(page, CATARACT["ar"])
    assert turn.locator(".said").get_attribute("dir") == "rtl" and turn.locator(".said").get_attribute("lang") == "ar"
    assert turn.get_by_text("لا توجد إجابة موثوقة.").is_visible()
    assert page.get_by_role("status").inner_text() == "لا توجد إجابة موثوقة."
    english = ask(page, "What is a cataract?").locator(".said")
    assert english.evaluate("node => node.matches(':dir(ltr)')") and english.get_attribute("lang") == "en"
    assert violations(page) == []


@pytest.mark.parametrize("locale", ["en-GB", "es-MX", "pt-BR", "fr-CA", "zh-CN", "hi-IN", "fil-PH", "ar-EG", "de-DE"])
def test_the_page_speaks_the_browser_s_language(visit: Open, offline: Served, locale: str) -> None:
    page = visit(offline, locale=locale)
    language = {"zh-CN": "zh-Hans", "de-DE": "en"}.get(locale, locale.partition("-")[0])
    page.locator(f"html[lang='{language}']").wait_for()
    words = json.loads(page.request.get(f"{offline.url}/page/words/{language}.json").text())
    assert page.get_by_role("button", name=words["ask"], exact=True).is_visible()
    assert page.get_by_role("textbox", name=words["question"]).is_visible()
    assert page.get_by_text(words["disclaimer"]).is_visible()


def test_the_page_s_language_is_switched_and_stays_so(visit: Open, offline: Served) -> None:
    page = visit(offline)
    turn = ask(page, CATARACT["hi"])
    page.get_by_label("Language of this page").select_option("fr")
    page.locator("html[lang=fr]").wait_for()
    assert turn.get_by_text("Correspondance des passages").is_visible()
    assert turn.locator(".said").get_attribute("lang") == "hi"
    page.reload()
    page.get_by_role("button", name="Demander", exact=True).wait_for()


def test_a_choice_question_is_put_with_its_options(visit: Open, offline: Served) -> None:
    page = visit(offline)
    page.get_by_text("Answer options, for a multiple-choice question").click()
    options = ("costras en los párpados", "halos alrededor de las luces y dolor intenso", "pérdida de visión sin dolor")
    for letter, text in zip("ABC", options, strict=False):
        page.get_by_label(f"Option {letter}").fill(text)
    turn = ask(page, "¿Qué síntoma aparece en el glaucoma agudo de ángulo cerrado?")
    assert turn.locator(".said").inner_text() == f"B) {options[1]}"
    assert turn.locator(".facts").inner_text().startswith("Choice B")
    decided = turn.locator("details", has_text="How it was decided")
    assert decided.locator("[lang=es]").inner_text().startswith("B ")  # for the asker
    assert "B has most evidence" in decided.locator("[lang=en]").inner_text()
    assert page.get_by_label("Option A").input_value() == ""


def test_stages_and_sentences_appear_before_the_answer_is_whole(
    visit: Open, modelled: Served, openai_server: FakeOpenAI
) -> None:
    writer, checking, writing = Writer("es", quotes=True), threading.Event(), threading.Event()

    def held(body: Body) -> Any:
        stage = kind(body["messages"][0]["content"])
        hold = {"verify": checking, "write": writing}.get(stage)
        return fake_openai.Reply(text=writer.serve(body), hold=hold)

    openai_server.script = held
    page = visit(modelled)
    turn = put(page, QUESTIONS["es"])
    for stage in STAGES[:2]:
        turn.locator(".steps li", has_text=stage).first.wait_for()
    assert turn.locator(".said").count() == 0 and turn.get_by_text("Working on the answer.").is_visible()
    assert re.match("Draft written|Passages found: [1-9]|Question translated", page.get_by_role("status").inner_text())
    assert re.search("Calls to models [2-3].+ [1-9]", turn.locator(".working").inner_text())
    checking.set()
    first = WRITTEN["es"]["lenses"].rstrip(".")
    turn.locator(".said", has_text=first).wait_for()
    assert WRITTEN["es"]["rinse"].rstrip(".") not in turn.locator(".said").inner_text()
    assert turn.locator(".steps li", has_text=STAGES[2]).is_visible()
    assert not turn.locator("dl").is_visible() and page.get_by_role("button", name="Stop").is_visible()
    writing.set()
    turn.locator("dl").wait_for()
    assert all(WRITTEN["es"][name].rstrip(".") in turn.locator(".said").inner_text() for name in writer.names)
    assert page.get_by_role("button", name="Stop").is_hidden()
    page.get_by_role("status").get_by_text("The answer is ready.").wait_for()
    cost = dict(zip(turn.locator("dt").all_inner_texts(), turn.locator("dd").all_inner_texts(), strict=True))
    assert cost["Calls to models"] == str(len(openai_server.requests)) and float(cost["Price"]) > 0
    assert turn.locator(".supported").count() >= 3
    assert "claims accepted" in turn.inner_text()


def test_a_follow_up_takes_the_conversation_with_it_and_the_settings_hold(
    visit: Open, modelled: Served, openai_server: FakeOpenAI
) -> None:
    openai_server.script = lambda body: "Una nube en el cristalino." if len(openai_server.requests) == 1 else "Sí."
    page = visit(modelled)
    page.locator("#settings summary").click()
    page.get_by_label("Method").select_option("clara:direct")
    page.get_by_label("Answer in").select_option("es")
    page.get_by_label("Your country").fill("México")
    ask(page, "¿Qué es la catarata?")
    ask(page, "¿Y se opera?")
    sent = json.dumps(openai_server.requests[1]["messages"], ensure_ascii=False)
    assert len(openai_server.requests) == 2 and "Una nube en el cristalino." in sent and "¿Qué es la catarata?" in sent
    page.reload()
    page.locator("#settings summary").click()
    page.locator("#method option[value='clara:direct']").wait_for(state="attached")
    assert page.get_by_label("Method").input_value() == "clara:direct"
    assert page.get_by_label("Your country").input_value() == "México"


@pytest.mark.parametrize("by", ["Escape", "button", "new chat"])
def test_stopping_ends_the_upstream_calls(visit: Open, modelled: Served, openai_server: FakeOpenAI, by: str) -> None:
    openai_server.script = lambda _: fake_openai.Reply(mode="hang")
    page = visit(modelled)
    turn = put(page, QUESTIONS["es"])
    openai_server.wait_for(2)
    if by == "Escape":
        page.keyboard.press("Escape")
    elif by == "button":
        page.get_by_role("button", name="Stop").click()
    else:
        page.get_by_role("button", name="New chat").click()
    openai_server.wait_for(0)
    assert openai_server.abandoned == 2
    if by != "new chat":
        turn.get_by_text("Stopped. What had come is kept.").wait_for()
    openai_server.script = Writer("es", quotes=True).serve
    page.get_by_role("button", name="Ask", exact=True).wait_for()
    assert "[1]" in ask(page, QUESTIONS["es"]).locator(".said").inner_text()


def test_everything_can_be_done_from_the_keyboard(visit: Open, offline: Served) -> None:
    page = visit(offline)

    def focused() -> str:
        return str(page.evaluate("document.activeElement.id || document.activeElement.textContent"))

    page.keyboard.press("Tab")
    assert focused() == "Skip to the question"
    page.keyboard.press("Enter")
    assert focused() == "question"
    page.keyboard.type("What is a cataract?")
    page.keyboard.press("Enter")
    page.keyboard.type("In short.")
    assert box(page).input_value() == "What is a cataract?\nIn short."
    reached = []
    for _ in range(3):
        page.keyboard.press("Tab")
        reached.append(focused())
    assert reached == ["Answer options, for a multiple-choice question", "Settings", "send"]
    outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert outline == "solid"
    page.keyboard.press("Enter")
    turn = page.locator(".turn")
    turn.locator("dl").wait_for()
    assert focused() == "question"  # the button that was pressed is gone meanwhile
    for _ in range(60):
        page.keyboard.press("Shift+Tab")
        if page.evaluate("document.activeElement.className") == "cite":
            break
    href = page.evaluate("document.activeElement.getAttribute('href')")
    page.keyboard.press("Enter")
    assert focused() == href[1:]
    page.locator("#open-history").focus()
    page.keyboard.press("Enter")
    assert page.get_by_role("dialog").is_visible()
    page.keyboard.press("Escape")
    assert page.get_by_role("dialog").count() == 0 and focused() == "open-history"


@pytest.mark.parametrize("viewport", [PHONE, WIDE])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_is_accessible_and_never_scrolls_sideways(
    visit: Open, offline: Served, viewport: dict[str, int], scheme: str
) -> None:
    page = visit(offline, viewport=viewport, color_scheme=scheme, reduced_motion="reduce")
    assert violations(page) == []
    ask(page, CATARACT["hi"])
    ask(page, CATARACT["zh-Hans"])
    page.locator("details").evaluate_all("all => all.forEach(details => { details.open = true; })")
    assert violations(page) == []
    assert page.locator("html").evaluate("html => html.scrollWidth") == viewport["width"]
    ground = page.locator("body").evaluate("body => getComputedStyle(body).backgroundColor")
    assert (ground == "rgb(255, 255, 255)") == (scheme == "light")
    page.locator("#open-history").click()
    assert violations(page) == []
    assert page.locator("html").evaluate("html => html.scrollWidth") == viewport["width"]


def test_it_prints_with_everything_open(visit: Open, offline: Served, tmp_path: Path) -> None:
    from pypdfium2 import PdfDocument

    page = visit(offline, color_scheme="dark")
    ask(page, "What is a cataract?")
    page.pdf(path=tmp_path / "page.pdf", format="A4")
    with PdfDocument(tmp_path / "page.pdf") as paper:
        text = " ".join(paper[number].get_textpage().get_text_bounded() for number in range(len(paper)))
    for part in (
        "What is a cataract?",
        "clouding of the lens",
        "Checks",
        "supported",
        "Calls to models",
        "not medical",
    ):
        assert part in text, part
    assert "Your question" not in text and "Settings" not in text
