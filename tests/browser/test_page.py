"""The page at `/` in a real browser against a real service: with no model, and with one behind real HTTP."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]

from clara import KnowledgeBase
from tests import fake_openai
from tests.doctors import kind
from tests.fake_openai import Body, FakeOpenAI
from tests.serving import Served, serving
from tests.writer import QUESTIONS, Writer
from tests.written import WRITTEN

PHONE, WIDE = {"width": 360, "height": 740}, {"width": 1280, "height": 900}
CATARACT = {
    "hi": "मोतियाबिंद का इलाज कैसे होता है?",
    "zh-Hans": "白内障怎么治疗？",
    "es": "¿Cómo se tratan las cataratas?",
    "ar": "كيف يُعالج الماء الأبيض في العين؟",
}
STAGES = ("translate/question", "draft/free_evidence", "verify/claims")
KEY = "clinic-key-0123456789abcdef"
REFUSED = re.compile(r"Failed to load resource: .* 401 ")
Open = Callable[..., Any]


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


def with_model(fake: FakeOpenAI, base: KnowledgeBase, home: Path, **server: Any) -> Any:
    return serving(base, model="openai:fake-1", base_url=fake.base_url, home=home, attempts=1, api_key="sk-x",
                   prices={"fake-1": (1.0, 2.0)}, server=server)  # fmt: skip


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
    turn.locator("dl").wait_for()
    return turn


def answering(body: str) -> Callable[[Any], None]:
    return lambda route: route.fulfill(body=body, content_type="text/event-stream")


def violations(page: Any) -> list[str]:
    found = Axe().run(page).response["violations"]
    return [f"{one['id']}: {node['html']}" for one in found for node in one["nodes"]]


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
    assert "B has most evidence" in turn.inner_text() and page.get_by_label("Option A").input_value() == ""


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
    assert page.get_by_role("status").inner_text() in ("Draft written", "Passages found: 6", "Question translated")
    checking.set()
    first = WRITTEN["es"]["lenses"].rstrip(".")
    turn.locator(".said", has_text=first).wait_for()
    assert WRITTEN["es"]["rinse"].rstrip(".") not in turn.locator(".said").inner_text()
    assert turn.locator(".steps li", has_text=STAGES[2]).is_visible()
    assert not turn.locator("dl").is_visible() and page.get_by_role("button", name="Stop").is_visible()
    writing.set()
    turn.locator("dl").wait_for()
    assert all(WRITTEN["es"][name].rstrip(".") in turn.locator(".said").inner_text() for name in writer.names)
    assert page.get_by_role("button", name="Stop").is_hidden() and page.get_by_role("status").inner_text() != ""
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


def test_what_is_hostile_is_shown_as_text_and_does_nothing(
    visit: Open, modelled: Served, openai_server: FakeOpenAI
) -> None:
    evil = (
        "<img src=x onerror='document.title=\"owned\"'><script>document.title='owned'</script>\n"
        "[here](javascript:alert(1)) **<b>bold</b>** \u202edrowrof\n- <svg onload=alert(1)> [99]"
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


def test_no_field_of_a_reply_is_trusted(visit: Open, offline: Served) -> None:
    evil = '"><img src=x onerror="document.title=\'owned\'"> javascript:alert(1) http://evil.example/?a="><b>'
    citation = dict.fromkeys(("id", "title", "language", "quote", "source", "state"), evil)
    draft = dict.fromkeys(("route", "language", "group", "model", "choice", "text", "query", "error"), evil)
    draft |= {
        "confidence": 1,
        "translation_validity": 1,
        "sufficient": True,
        "claims": [{"text": evil}],
        "refuted": [evil],
    }
    events = [
        {"kind": "started", "stage": evil, "at_s": 0, "data": {"language": evil}},
        {"kind": "decision", "stage": "reconcile", "at_s": 0, "data": {"words": evil, "scores": {evil: 1}}},
        {"kind": "route_failed", "stage": evil, "at_s": 0, "data": {"error": evil}},
    ]
    told = {
        "method": evil, "language": evil, "choice": evil, "confidence": 1, "abstained": False, "citations": [citation],
        "verdicts": [dict.fromkeys(("claim", "against", "state", "reason"), evil)], "warnings": [evil], "calls": 1,
        "rounds": 1, "cost": 0, "drafts": [draft],
        "trace": [{"kind": "evidence", "data": {"passed": [{"id": evil, "score": 1}]}}],
    }  # fmt: skip
    chunks: list[Any] = [{"choices": [{"delta": {}}], "clara": event} for event in events]
    chunks += [{"choices": [{"delta": {"content": f"{evil} [1]"}}]}]
    chunks += [{"choices": [{"delta": {}, "finish_reason": "stop"}], "clara": told}]
    stream = "".join(f"data: {json.dumps(chunk)}\n\n" for chunk in chunks) + "data: [DONE]\n\n"
    page = visit(offline)
    page.route("**/v1/chat/completions", answering(stream))
    turn = ask(page, "?")
    assert turn.inner_text().count("<img src=x") >= 12 and page.title() == "CLARA"
    assert turn.locator("img, script, b, [onerror]").count() == 0
    assert {link.get_attribute("href") for link in turn.locator("a").all()} == {"#e1-1", "http://evil.example/?a="}
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
    assert turn.locator("h2").inner_text() == CATARACT["hi"] and turn.locator("mark").count() == 6
    assert set(sent) == {"GET"}  # nothing was asked again, and nothing sent
    page.locator("#open-history").click()
    items.nth(1).get_by_role("button", name="Delete").click()
    assert items.count() == 1 and page.locator(".turn").count() == 0
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
        assert turn.locator("mark").count() == 6


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
