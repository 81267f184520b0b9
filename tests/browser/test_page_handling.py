"""The page at `/` in the hand: where focus and view go, what a slip does, and what a small screen shows."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from clara import KnowledgeBase
from tests import fake_openai
from tests.browser.asking import CATARACT, PHONE, Open, answering, ask, box, put
from tests.fake_openai import FakeOpenAI
from tests.serving import Served, serving
from tests.writer import QUESTIONS

KEY = "clinic-key-0123456789abcdef"
TOP = "node => node.getBoundingClientRect().top"


def hang(_: Any) -> fake_openai.Reply:
    return fake_openai.Reply(mode="hang")


def stop(page: Any, turn: Any, server: FakeOpenAI) -> None:
    page.keyboard.press("Escape")
    turn.get_by_text("Stopped. What had come is kept.").wait_for()
    server.wait_for(0)


def test_on_a_telephone_the_answer_stays_in_view_and_what_is_below_it_short(visit: Open, offline: Served) -> None:
    page = visit(offline, viewport=PHONE, locale="hi-IN", has_touch=True, is_mobile=True)
    box(page).fill(CATARACT["hi"])
    page.locator("#send").tap()
    turn = page.locator(".turn")
    turn.locator("dl").wait_for(state="attached")
    assert page.evaluate("document.activeElement.id") == "question"
    assert 0 <= turn.locator("h2").evaluate(TOP) < PHONE["height"] / 2
    assert turn.locator("mark").first.is_visible()
    assert not turn.locator(".beside").is_visible() and not turn.locator("dl").is_visible()
    assert page.locator("#ask-hint").is_hidden()  # there is no such key
    page.reload()
    page.locator("#open-history").tap()
    page.locator("#chats button").first.tap()
    assert 0 <= turn.locator("h2").evaluate(TOP) < PHONE["height"] / 2


@pytest.mark.parametrize("by", ["mouse", "keyboard"])
def test_pressing_twice_does_not_stop_what_it_began(
    visit: Open, modelled: Served, openai_server: FakeOpenAI, by: str
) -> None:
    openai_server.script = hang
    page = visit(modelled)
    box(page).fill(QUESTIONS["es"])
    if by == "mouse":
        page.locator("#send").click()
        page.locator("#stop").click()
    else:
        page.locator("#send").press("Enter")
        page.keyboard.press("Enter")
    turn = page.locator(".turn")
    turn.get_by_text("Question read").wait_for()
    openai_server.wait_for(2)
    stop(page, turn, openai_server)


def test_an_escape_that_takes_back_a_word_stops_nothing(
    visit: Open, modelled: Served, openai_server: FakeOpenAI
) -> None:
    openai_server.script = hang
    page = visit(modelled)
    turn = put(page, QUESTIONS["zh-Hans"])
    openai_server.wait_for(2)
    press = "isComposing => document.activeElement.dispatchEvent("
    press += "new KeyboardEvent('keydown', { key: 'Escape', isComposing, bubbles: true }))"
    page.evaluate(press, True)
    assert turn.locator(".working").is_visible() and page.locator("#stop").is_visible()
    page.evaluate(press, False)
    turn.get_by_text("Stopped. What had come is kept.").wait_for()
    openai_server.wait_for(0)


def test_the_focus_stays_with_a_question_that_is_asked_again(
    visit: Open, modelled: Served, openai_server: FakeOpenAI
) -> None:
    openai_server.script = hang
    page = visit(modelled)
    turn = put(page, QUESTIONS["es"])
    openai_server.wait_for(2)
    stop(page, turn, openai_server)
    turn.get_by_role("button", name="Ask again").press("Enter")
    turn.locator(".working").wait_for()
    assert turn.evaluate("node => node === document.activeElement")
    openai_server.wait_for(2)
    stop(page, turn, openai_server)


def test_looking_at_the_open_chat_in_the_history_stops_nothing(
    visit: Open, modelled: Served, openai_server: FakeOpenAI
) -> None:
    openai_server.script = hang
    page = visit(modelled)
    turn = put(page, QUESTIONS["es"])
    openai_server.wait_for(2)
    page.locator("#open-history").click()
    page.locator("#chats button").first.click()
    assert page.get_by_role("dialog").count() == 0
    assert turn.locator(".working").is_visible() and openai_server.open_now == 2
    stop(page, turn, openai_server)


def test_a_choice_may_have_more_than_four_options(visit: Open, offline: Served) -> None:
    page = visit(offline)
    page.locator("#choices summary").click()
    options = ("costras", "picor", "sequedad", "lagrimeo", "halos alrededor de las luces y dolor intenso")
    for letter, text in zip("ABCDE", options, strict=True):
        page.get_by_label(f"Option {letter}").fill(text)
    assert page.locator("#options input").count() == 6
    turn = ask(page, "¿Qué síntoma aparece en el glaucoma agudo de ángulo cerrado?")
    assert turn.locator(".said").inner_text() == f"E) {options[4]}"
    assert page.locator("#options input").evaluate_all("all => all.map(one => one.value)") == [""] * 4


def test_a_model_that_was_not_asked_how_sure_it_is_is_not_said_to_be(
    visit: Open, modelled: Served, openai_server: FakeOpenAI
) -> None:
    openai_server.script = lambda _: "Answer: B"
    page = visit(modelled)
    page.locator("#settings summary").click()
    page.get_by_label("Method").select_option("clara:direct")
    turn = ask(page, "Which is it?\nA) itchy lids\nB) halos and severe pain")
    assert turn.locator(".facts").inner_text() == "Choice B"
    assert turn.locator(".beside article").count() == 1 and "%" not in turn.inner_text()


def test_a_key_that_is_given_late_brings_the_methods_too(
    visit: Open, shipped_kb: KnowledgeBase, tmp_path: Path
) -> None:
    with serving(shipped_kb, home=tmp_path, server={"keys": {"clinic": {"key": KEY}}}) as served:
        page = visit(served, expected=re.compile(r"Failed to load resource: .* 401 "))
        page.locator("#close-key").click()
        page.get_by_role("alert").get_by_text("This service needs a key").wait_for()
        turn = put(page, CATARACT["es"])
        page.get_by_label("Key", exact=True).fill(KEY)
        page.keyboard.press("Enter")
        turn.locator("mark").first.wait_for()
        page.locator("#method option[value='clara:evidence']").wait_for(state="attached")
        assert page.locator("#problem").is_hidden()


def test_methods_that_come_late_disturb_nobody_who_writes(visit: Open, offline: Served) -> None:
    page = visit(offline)
    held: list[Any] = []
    page.route("**/v1/models", lambda route: held.append(route))
    page.reload()
    page.locator("#settings summary").click()
    page.get_by_label("Your country").fill("Ind")
    page.locator("#choices summary").click()
    page.get_by_label("Option A").press_sequentially("halo")
    held[0].continue_()
    page.locator("#method option[value='clara:evidence']").wait_for(state="attached")
    page.keyboard.type("s")
    assert page.get_by_label("Option A").input_value() == "halos"
    assert page.get_by_label("Your country").input_value() == "Ind"


def test_choices_hold_where_the_browser_keeps_nothing(visit: Open, offline: Served) -> None:
    page = visit(offline)
    page.context.add_init_script("Object.defineProperty(window, 'localStorage', { get() { throw new Error('off'); } })")
    page.reload()
    page.locator("#settings summary").click()
    page.get_by_label("Answer in").select_option("fr")
    page.get_by_label("Language of this page").select_option("es")
    page.locator("html[lang=es]").wait_for()
    assert page.locator("#answer-language").input_value() == "fr"


def test_a_page_whose_script_does_not_come_is_not_blank(visit: Open, offline: Served) -> None:
    page = visit(offline, expected=re.compile("Failed to load resource"))
    assert page.get_by_text("CLARA is loading").is_hidden()
    page.route("**/page/grounds.js", lambda route: route.abort())
    page.reload()
    page.evaluate("document.getAnimations().forEach(animation => animation.finish())")
    assert page.get_by_text("CLARA is loading").is_visible() and page.get_by_role("button").count() == 0


def test_a_network_that_falls_silent_is_noticed(visit: Open, offline: Served) -> None:
    page = visit(offline)
    page.clock.install()
    page.evaluate(
        "window.fetch = async () => new Response(new ReadableStream({ start(stream) { stream.enqueue("
        'new TextEncoder().encode(\'data: {"choices": [{"delta": {"content": "Half"}}]}\\n\\n\')); } }))'
    )
    turn = put(page, CATARACT["es"])
    turn.locator(".said", has_text="Half").wait_for()
    page.clock.fast_forward(50_000)
    assert turn.locator(".working").is_visible()
    page.clock.fast_forward(11_000)
    turn.get_by_text("The connection broke off before the end. Ask again.").wait_for()


def test_what_had_come_before_a_failure_is_shown_with_what_it_took(visit: Open, offline: Served) -> None:
    happened: list[dict[str, Any]] = [
        {"kind": "evidence", "stage": "retrieve", "at_s": 0, "data": {"passed": [{"id": "cataract/es#1", "score": 1}]}},
        {"kind": "call", "stage": "draft/free", "at_s": 125.3, "data": {
            "outcome": "ok", "prompt_tokens": 1200, "completion_tokens": 30}},
    ]  # fmt: skip
    events = [{"choices": [{"delta": {}}], "clara": event} for event in happened]
    page = visit(offline)
    page.route("**/v1/chat/completions", answering("".join(f"data: {json.dumps(event)}\n\n" for event in events)))
    turn = ask(page, CATARACT["es"])
    turn.get_by_text("The connection broke off").wait_for()
    page.locator("details").evaluate_all("all => all.forEach(details => { details.open = true; })")
    assert turn.locator("li", has_text="cataract/es#1").is_visible()
    assert turn.locator(".steps li").nth(1).inner_text() == "Draft written draft/free · 125 s"
    assert turn.locator("dd").all_inner_texts()[:2] == ["1", "1,200 + 30"]
