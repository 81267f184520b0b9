"""The page at `/` where something is hostile, kept, refused or broken."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from clara import KnowledgeBase
from tests import fake_openai
from tests.browser.asking import CATARACT, Open, answering, ask, put, violations
from tests.fake_openai import FakeOpenAI
from tests.serving import Served, serving
from tests.writer import QUESTIONS, Writer

KEY = "clinic-key-0123456789abcdef"
REFUSED = re.compile(r"Failed to load resource: .* 401 ")


def test_what_is_hostile_is_shown_as_text_and_does_nothing(
    visit: Open, modelled: Served, openai_server: FakeOpenAI
) -> None:
    evil = (
        "<img src=x onerror='document.title=\"owned\"'><script>document.title='owned'</script>\n"
        "[here](javascript:alert(1)) **<b>bold</b>** \u202edrowrof\n- <svg onload=alert(1)> ![](http://x.example/) [99]"
    )
    openai_server.script = lambda _: evil
    page = visit(modelled)
    page.locator("#settings summary").click()
    page.get_by_label("Method").select_option("clara:direct")
    turn = ask(page, f"What is glaucoma? {evil}")
    assert "<img src=x" in turn.locator(".said").inner_text() and "<img src=x" in turn.locator("h2").inner_text()
    assert "\u202e" not in turn.inner_text() and page.title() == "CLARA"
    inert = "img, script, svg, iframe, object, [onerror], [onload], a[href^=javascript]"
    assert turn.locator(inert).count() == 0 and turn.locator(".said strong").inner_text() == "<b>bold</b>"
    page.locator("#open-history").click()
    assert "<img src=x" in page.locator("#chats").inner_text() and page.locator(f"#chats :is({inert})").count() == 0
    with page.expect_download() as download:
        page.get_by_role("button", name="Markdown").click()
    text = Path(download.value.path()).read_text("utf-8")
    assert "\\<img src=x" in text and not re.search(r"(?<!\\)(<|!\[)|\u202e", text)
    assert text.splitlines()[2].endswith("[99]")  # the question, on the heading's one line


def test_no_field_of_a_reply_is_trusted(visit: Open, offline: Served) -> None:
    evil = '"><img src=x onerror="document.title=\'owned\'"> javascript:alert(1) http://evil.example/?a="><b>'
    citation = dict.fromkeys(("id", "title", "language", "quote", "source", "state"), evil)
    draft: dict[str, Any] = dict.fromkeys(
        ("route", "language", "group", "model", "choice", "text", "query", "error"), evil
    )
    draft |= {
        "confidence": 1,
        "translation_validity": 1,
        "sufficient": True,
        "claims": [{"text": evil}],
        "refuted": [evil],
    }
    events = [
        {"kind": "started", "stage": evil, "at_s": 0, "data": {"language": evil}},
        {
            "kind": "decision",
            "stage": "reconcile",
            "at_s": 0,
            "data": {"words": evil, "said": evil, "scores": {evil: 1}},
        },
        {"kind": "evidence", "stage": evil, "at_s": 0, "data": {"passed": [{"id": f"{evil}2", "score": 1}]}},
        {"kind": "route_failed", "stage": evil, "at_s": 0, "data": {"error": evil}},
    ]
    told = {
        "method": evil, "language": evil, "choice": evil, "confidence": 1, "abstained": False, "citations": [citation],
        "verdicts": [dict.fromkeys(("claim", "against", "state", "reason"), evil)], "warnings": [evil], "calls": 1,
        "rounds": 1, "cost": 0, "drafts": [draft],
        "trace": [],
    }  # fmt: skip
    chunks: list[Any] = [{"choices": [{"delta": {}}], "clara": event} for event in events]
    chunks += [{"choices": [{"delta": {"content": f"{evil} [1]"}}]}]
    chunks += [{"choices": [{"delta": {}, "finish_reason": "stop"}], "clara": told}]
    stream = "".join(f"data: {json.dumps(chunk)}\n\n" for chunk in chunks) + "data: [DONE]\n\n"
    page = visit(offline)
    page.route("**/v1/chat/completions", answering(stream))
    turn = ask(page, "?")
    assert turn.inner_text().count("<img src=x") >= 13 and page.title() == "CLARA"
    assert turn.locator("img, script, b, [onerror]").count() == 0
    assert {link.get_attribute("href") for link in turn.locator("a").all()} == {
        "#e1-1", "#e1-1-cited", "http://evil.example/?a="
    }  # fmt: skip
    assert violations(page) == []


def test_a_document_in_the_knowledge_base_cannot_act(visit: Open, tmp_path: Path) -> None:
    note = tmp_path / "note.md"
    note.write_text(
        "---\ntitle: <img src=x onerror=alert(1)> lasers\nlang: en\npublisher: javascript:alert(1)\n---\n\n"
        "A laser pointer can burn the retina within a second, see `<script>alert(2)</script>` there.\n"
    )
    with KnowledgeBase(tmp_path / "kb", None) as base:
        base.add([note])
        with serving(base, home=tmp_path / "home") as served:
            turn = ask(visit(served), "can a laser pointer burn the retina")
            assert "A laser pointer can burn the retina" in turn.locator("mark").first.inner_text()
            assert "lasers" in turn.locator(".card h4").first.inner_text()
            assert turn.locator("img, script, a[href^=javascript]").count() == 0


def test_history_stays_in_the_browser_and_can_be_opened_saved_and_deleted(visit: Open, offline: Served) -> None:
    page = visit(offline)
    ask(page, CATARACT["hi"])
    page.get_by_role("button", name="New chat").click()
    assert page.locator(".turn").count() == 0
    ask(page, CATARACT["es"])
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.method))
    page.reload()
    page.locator("#open-history").click()
    items = page.locator("#chats li")
    assert [item.locator("button").first.inner_text() for item in items.all()] == [CATARACT["es"], CATARACT["hi"]]
    with page.expect_download() as download:
        items.nth(1).get_by_role("button", name="JSON").click()
    saved = json.loads(Path(download.value.path()).read_text("utf-8"))
    assert saved["turns"][0]["question"] == CATARACT["hi"] and saved["turns"][0]["told"]["citations"]
    with page.expect_download() as download:
        items.nth(1).get_by_role("button", name="Markdown").click()
    text = Path(download.value.path()).read_text("utf-8")
    assert f"## {CATARACT['hi']}" in text and "[1] मोतियाबिंद (hi)" in text and "not medical advice" in text
    items.nth(1).locator("button").first.click()
    turn = page.locator(".turn")
    assert turn.locator("h2").inner_text() == CATARACT["hi"] and turn.locator("mark").count() == len(
        saved["turns"][0]["told"]["citations"]
    )
    assert set(sent) == {"GET"}  # nothing was asked again, and nothing sent
    page.locator("#open-history").click()
    items.nth(1).get_by_role("button", name="Delete").click()
    assert items.count() == 1 and page.locator(".turn").count() == 0
    page.evaluate("localStorage.setItem('clara-chat-v1-x', '{broken')")  # cannot be listed, and is there all the same
    page.once("dialog", lambda dialog: dialog.accept())
    page.get_by_role("button", name="Delete all").click()
    assert page.get_by_text("No chats yet.").is_visible()
    assert "clara-chat" not in page.evaluate("Object.keys(localStorage).join()")
    page.get_by_label("Keep chats in this browser").uncheck()
    page.get_by_role("button", name="Close").click()
    ask(page, CATARACT["es"])
    assert "clara-chat" not in page.evaluate("Object.keys(localStorage).join()")


def test_a_full_store_is_said_and_the_answer_shown_all_the_same(visit: Open, offline: Served) -> None:
    page = visit(offline)
    page.evaluate("localStorage.setItem('other', 'x'.repeat(5 * 1024 * 1024 - 200))")
    turn = ask(page, CATARACT["es"])
    assert turn.locator("mark").count() and page.get_by_role("alert").inner_text().startswith(
        "This browser cannot keep"
    )


def test_a_service_with_keys_asks_for_one_and_keeps_it_for_the_tab(
    visit: Open, shipped_kb: KnowledgeBase, tmp_path: Path
) -> None:
    with serving(shipped_kb, home=tmp_path, server={"keys": {"clinic": {"key": KEY}}}) as served:
        page = visit(served, expected=REFUSED)
        dialog = page.get_by_role("dialog", name="This service needs a key")
        dialog.wait_for()
        assert violations(page) == []
        page.get_by_label("Key", exact=True).fill("not the key at all")
        page.keyboard.press("Enter")
        dialog.get_by_text("The service does not accept this key.").wait_for()
        page.get_by_label("Key", exact=True).fill(KEY)
        page.get_by_role("button", name="Use this key").click()
        page.get_by_text("No language model is set up here").wait_for()
        assert ask(page, CATARACT["es"]).locator("mark").count()
        page.reload()
        page.get_by_text("No language model is set up here").wait_for()
        assert KEY not in page.evaluate("JSON.stringify(localStorage)")
        page.get_by_role("button", name="Forget the key").click()
        turn = put(page, CATARACT["hi"])
        dialog.wait_for()
        dialog.get_by_role("button", name="Close").click()
        turn.get_by_text("This service needs a key").wait_for()
        turn.get_by_role("button", name="Ask again").click()
        page.get_by_label("Key", exact=True).fill(KEY)
        page.get_by_role("button", name="Use this key").click()
        turn.locator("dl").wait_for()
        assert turn.locator("mark").count()


def test_failures_are_one_clear_line_and_can_be_tried_again(
    visit: Open, modelled: Served, openai_server: FakeOpenAI
) -> None:
    page = visit(modelled, expected=re.compile("Failed to load resource"))
    openai_server.script = lambda _: fake_openai.Reply(status=500)
    turn = put(page, QUESTIONS["es"])
    problem = turn.locator(".notice.bad")
    problem.wait_for()
    assert problem.inner_text().startswith("That did not work:") and "\n" not in problem.inner_text().strip()
    for body, said in (("data: {}\n\n", "The connection broke off"), ("", "The connection broke off")):
        page.route("**/v1/chat/completions", answering(body))
        turn.get_by_role("button", name="Ask again").click()
        turn.get_by_text(said).wait_for()
    page.route("**/v1/chat/completions", lambda route: route.fulfill(
        status=429, headers={"retry-after": "7"}, body='{"error": {"code": "overloaded", "message": "busy"}}'
    ))  # fmt: skip
    turn.get_by_role("button", name="Ask again").click()
    turn.get_by_text("The service is busy. Ask again in 7 seconds.").wait_for()
    page.route("**/v1/chat/completions", lambda route: route.fulfill(status=502, body="<h1>Bad gateway</h1>"))
    turn.get_by_role("button", name="Ask again").click()
    turn.get_by_text("HTTP 502").wait_for()
    page.unroute("**/v1/chat/completions")
    page.context.set_offline(True)
    turn.get_by_role("button", name="Ask again").click()
    turn.get_by_text("The service cannot be reached.").wait_for()
    page.context.set_offline(False)
    openai_server.script = Writer("es", quotes=True).serve
    turn.get_by_role("button", name="Ask again").click()
    turn.locator(".said").wait_for()
    turn.locator("mark").first.wait_for()


def test_a_page_that_cannot_be_loaded_says_so(visit: Open, offline: Served) -> None:
    page = visit(offline, expected=re.compile("Failed to load resource"))
    page.route("**/words/*.json", lambda route: route.fulfill(status=503))
    page.reload()
    page.get_by_role("alert").get_by_text("The page could not be loaded").wait_for()
