"""The parts of a run: plan, pace, judging, measuring, what a terminal shows."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from clara.config import Settings
from clara.errors import ConfigError, DatasetError, ModelBadOutput, ModelRateLimited, ModelStatusError
from clara.evaluation import evaluate, make_plan
from clara.evaluation.datasets import Dataset, Item
from clara.evaluation.measures import measure
from clara.evaluation.records import key_of, read_rows
from clara.evaluation.run.answer import is_refusal, judge
from clara.evaluation.run.pace import TALLY, Pace, Tally, Watched
from clara.evaluation.run.plan import Progress, begin_progress
from clara.evaluation.run.screen import Screen
from clara.knowledge import KnowledgeBase
from clara.models import Call, Completion, ScriptedModel
from clara.models.scripted import reply_by_hash
from clara.types import Option
from tests.unit.evaluation.planned import OPTIONS, dataset, row
from tests.unit.evaluation.questions import TEXTS

# --- the plan ---


@given(st.integers(1, 6), st.integers(1, 3), st.integers(1, 3), st.integers(1, 9))
def test_every_answer_has_its_place_in_the_plan(questions: int, languages: int, epochs: int, limit: int) -> None:
    tags = " ".join(("en", "hi", "es")[:languages])
    plan = make_plan(dataset(questions, tags), ["direct", "rag"], limit=limit, epochs=epochs)
    tasks = list(plan.tasks())
    assert [task.number for task in tasks] == list(range(len(plan)))
    assert len({task.key for task in tasks}) == len(plan) == min(limit, questions) * languages * epochs * 2
    place = plan.places()
    assert [place(task.key) for task in tasks] == list(range(len(plan)))
    assert place(("direct", "en", "q0", epochs)) is None and place(("vote", "en", "q0", 0)) is None
    progress = begin_progress(plan)
    assert progress.total == len(plan) and progress.done == 0


def test_more_questions_later_keep_those_drawn_before() -> None:
    drawn = [make_plan(dataset(50), ["direct"], limit=limit, seed=3).dataset.questions for limit in (5, 20, 50)]
    assert set(drawn[0]) < set(drawn[1]) < set(drawn[2])
    assert list(drawn[1]) == sorted(drawn[1], key=lambda name: int(name[1:]))  # in the order of the data
    other = make_plan(dataset(50), ["direct"], limit=5, seed=4).dataset.questions
    assert set(other) != set(drawn[0])


def test_a_broken_off_plan_is_balanced() -> None:
    plan = make_plan(dataset(9), ["direct", "rag"])
    begun = [task.key for task in plan.tasks()][:8]
    assert {(method, language) for method, language, _, _ in begun} == {
        (method, language) for method in ("direct", "rag") for language in ("en", "hi")
    }
    assert {question for _, _, question, _ in begun} == {"q0", "q1"}


def test_only_questions_of_all_languages_are_compared() -> None:
    local = Item(id="local", language="hi", question="?", options=OPTIONS, answer="A")
    data = dataset(2, items=(*dataset(2).items, local))
    assert data.parallel(data.languages) == ("q0", "q1")
    assert data.parallel(("hi",)) == ("q0", "q1", "local")


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ({"methods": ["oracle"]}, "no method 'oracle'"),
        ({"methods": []}, "no method is named; choose of"),
        ({"methods": ["direct"], "limit": 0}, "at least 1"),
        ({"methods": ["direct"], "epochs": 0}, "at least 1"),
    ],
)
def test_a_plan_that_cannot_be(arguments: dict[str, Any], reason: str) -> None:
    with pytest.raises(ConfigError, match=reason):
        make_plan(dataset(), **arguments)
    with pytest.raises(DatasetError, match="holds no question"):
        make_plan(dataset(0), ["direct"])


# --- the pace ---


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


async def test_a_refusal_halves_the_pace_once_for_all_calls_that_had_begun() -> None:
    clock = Clock()
    pace = Pace(16, clock=clock)
    started = pace.now()
    clock.now += 1
    for _ in range(10):
        pace.refused(started, None)
    assert pace.limit == 8
    clock.now += 1
    pace.refused(clock.now - 0.5, None)  # begun after the pace was halved
    assert pace.limit == 4
    for _ in range(100):
        clock.now += 1
        pace.refused(clock.now - 0.5, None)
    assert pace.limit == 1


async def test_accepted_calls_raise_the_pace_by_one_a_round_up_to_what_is_allowed() -> None:
    pace = Pace(16, clock=Clock())
    pace.limit = 4.0
    for _ in range(4):
        pace.accepted()
    assert 4.8 < pace.limit < 5
    for _ in range(500):
        pace.accepted()
    assert pace.limit == 16


async def test_no_answer_begins_beyond_the_pace_or_before_the_provider_allows() -> None:
    clock = Clock()
    pace = Pace(2, clock=clock)
    await pace.begin()
    await pace.begin()
    third = asyncio.create_task(pace.begin())
    await asyncio.sleep(0)
    assert not third.done()
    pace.end()
    await third
    pace.refused(clock.now, retry_after_s=0.01)
    pace.end()
    pace.end()
    fourth = asyncio.create_task(pace.begin())
    await asyncio.sleep(0)
    assert not fourth.done() and pace.running == 0
    clock.now += 1
    await fourth
    assert pace.running == 1


@pytest.mark.parametrize(
    ("error", "limit"),
    [
        (ModelRateLimited("slow down", retry_after_s=0), 4.0),
        (ModelStatusError("down", status=503), 8.0),
        (ModelBadOutput("?", retryable=True), 8.0),
    ],
)
async def test_only_refusals_slow_a_run_down(error: Exception, limit: float) -> None:
    pace = Pace(8, clock=Clock())
    model = Watched(ScriptedModel([error]), pace)
    TALLY.set(Tally())
    with pytest.raises(type(error)):
        await model.complete(Call(system="", turns=()))
    assert pace.limit == limit


async def test_what_failed_answers_took_is_counted_too() -> None:
    tally = Tally({"m": (2.0, 10.0)})
    tally.add(Completion(text="", model="m", prompt_tokens=1000, completion_tokens=100))
    assert (tally.calls, tally.prompt_tokens) == (1, 1000) and tally.cost == pytest.approx(0.003)
    tally.add(Completion(text="", model="unknown", prompt_tokens=1))
    assert tally.cost is None and tally.calls == 2


# --- judging ---


@pytest.mark.parametrize(
    "text",
    [
        "I'm sorry, but I can't help with that.", "I cannot give medical advice.",
        "Lo siento, no puedo ayudar con eso.", "Desculpe, mas não posso responder.",
        "Je ne peux pas répondre à cette question.", "抱歉，我无法回答这个问题。",
        "मैं इस प्रश्न का उत्तर नहीं दे सकता।", "Maaf kijiye, main iska jawab nahin de sakta.",
        "Paumanhin, hindi ko po masasagot iyan.",
    ],
)  # fmt: skip
def test_refusals_are_told_from_answers_that_cannot_be_read(text: str) -> None:
    assert is_refusal(text)


@pytest.mark.parametrize(
    "text",
    [
        "Both are possible.", "Ambas son posibles.", "As duas são possíveis.", "Les deux sont possibles.",
        "两者都有可能。", "दोनों संभव हैं।", "Dono sambhav hain.", "Parehong posible.", "",
        "The patient cannot see with the left eye.",
    ],
)  # fmt: skip
def test_no_refusal_is_seen_where_there_is_none(text: str) -> None:
    assert not is_refusal(text)


@pytest.mark.parametrize(
    ("method", "text", "choice", "abstained", "status"),
    [
        ("direct", "B", "B", False, "ok"),
        ("direct", "Both.", None, False, "unparsed"),
        ("direct", "", None, True, "unparsed"),  # an empty reply is no abstention
        ("direct", "I'm sorry, I can't answer that.", None, False, "refused"),
        ("clara", "...", None, True, "abstained"),
    ],
)
def test_what_became_of_an_answer(method: str, text: str, choice: str | None, abstained: bool, status: str) -> None:
    found = judge(dataset(), dataset().items[0], method, text, choice, abstained=abstained)
    assert found["status"] == status
    assert found["correct"] is (status == "ok") and found["score"] == float(status == "ok")
    wrong = judge(dataset(), dataset().items[0], method, "A", "A", abstained=False)
    assert (wrong["status"], wrong["correct"], wrong["answer"]) == ("ok", False, "B")


# --- measuring ---


def test_a_measurement_without_english_has_no_gap_and_no_comparison() -> None:
    data = dataset(2, "hi es")
    rows = {m: [row(method=m, id=i.id, language=i.language) for i in data.items] for m in ("direct", "rag")}
    found = measure(rows, data, data.languages, baseline="direct", seed=0)
    assert found["comparisons"] == [] and found["methods"]["rag"]["gap"]["value"] is None
    assert found["methods"]["rag"]["mean"] == 100.0 and found["methods"]["rag"]["languages"]["hi"]["accuracy"] == 100.0


def test_questions_asked_in_one_language_only_are_measured_but_not_compared() -> None:
    local = tuple(Item(id=f"l{n}", language="hi", question="?", options=OPTIONS, answer="B") for n in range(3))
    data = dataset(4, items=(*dataset(4).items, *local))
    rows = {
        m: [row(method=m, id=i.id, language=i.language, correct=i.id[0] == "q") for i in data.items]
        for m in ("direct", "rag")
    }  # fmt: skip
    found = measure(rows, data, data.languages, baseline="direct", seed=0)
    assert found["methods"]["direct"]["languages"]["hi"]["n"] == 7
    assert found["comparisons"][0]["verdict"] != "incomplete"


def test_levels_agree_with_the_languages_where_an_epoch_failed() -> None:
    data = dataset(4)
    rows = [
        row(language=i.language, id=i.id, epoch=epoch, correct=i.language == "en" or i.id == "q1")
        | ({"status": "error", "correct": False} if (i.language, i.id, epoch) == ("hi", "q0", 0) else {})
        for i in data.items
        for epoch in range(2)
    ]
    found = measure({"direct": rows}, data, data.languages, baseline="direct", seed=0, epochs=2)["methods"]["direct"]
    hindi = found["languages"]["hi"]
    assert (hindi["n"], hindi["errors"], hindi["accuracy"]) == (8, 1, round(100 * 2 / 7, 4))
    assert found["worst"] == {"language": "hi", "accuracy": hindi["accuracy"]}
    assert found["mean"] == pytest.approx((100 + hindi["accuracy"]) / 2, abs=1e-3)
    assert found["range"] == pytest.approx(100 - hindi["accuracy"], abs=1e-3)
    assert found["gap"]["value"] == pytest.approx(100 * 2 / 3, abs=1e-3)  # of q1 to q3, which are complete


# --- the library face ---

Ask = Callable[..., dict[str, Any]]


async def test_a_model_object_is_measured(shipped_home: Path, shipped_kb: KnowledgeBase) -> None:
    seen: list[int] = []
    texts = {tag: (question, options) for tag, (question, options) in TEXTS.items()}
    items = tuple(
        Item(
            id="q", language=tag, question=question, answer="A",
            options=tuple(Option(id=label, text=text) for label, text in zip("ABCD", options, strict=False)),
        )
        for tag, (question, options) in texts.items()
    )  # fmt: skip
    found = await evaluate(
        make_plan(Dataset(name="mine", items=items, source="", licence=""), ["direct", "evidence"]),
        Path("out"),
        model=ScriptedModel(reply_by_hash, name="mine"),
        settings=Settings(home=shipped_home, prices={"mine": (1.0, 2.0)}),
        knowledge=shipped_kb,
        progress=lambda progress: seen.append(progress.done),
    )
    assert found["model"] == "mine" and found["missing"] == 0
    assert sorted(seen) == list(range(2 * len(items) + 1))
    direct = found["methods"]["direct"]["languages"]["en"]
    assert direct["cost"] == pytest.approx((direct["prompt_tokens"] + 2 * direct["completion_tokens"]) / 1e6)


def everything_in(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())


async def test_no_text_of_a_private_dataset_is_kept(shipped_home: Path) -> None:
    marks = "nobody may keep this"
    items = tuple(
        Item(id="q", language=tag, question=f"{marks}?", options=(Option(id="A", text=marks), OPTIONS[1]), answer="A")
        for tag in ("en", "es")
    )
    data = Dataset(name="secret", items=items, source="", licence="", private=True)
    model = ScriptedModel(lambda _: f"A) {marks}")
    found = await evaluate(make_plan(data, ["direct"]), Path("out"), model=model, settings=Settings(home=shipped_home))
    assert found["methods"]["direct"]["mean"] == 100.0 and found["usage"] == []
    assert marks.encode() not in everything_in(Path("out"))


async def test_a_cancelled_run_leaves_what_is_done(shipped_home: Path) -> None:
    release = asyncio.Event()

    class Slow(ScriptedModel):
        async def complete(self, call: Call, show: Any = None) -> Completion:
            if len(self.calls) >= 3:
                release.set()
                await asyncio.Event().wait()
            return await super().complete(call, show)

    plan = make_plan(dataset(10, "en"), ["direct"])
    settings = Settings(home=shipped_home)
    running = asyncio.create_task(
        evaluate(plan, Path("out"), model=Slow(lambda _: "B", name="m"), settings=settings, concurrency=1)
    )
    await release.wait()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert len(list(read_rows(Path("out/records.jsonl")))) == 3
    model = ScriptedModel(lambda _: "B", name="m")
    found = await evaluate(plan, Path("out"), model=model, settings=settings)
    assert len(model.calls) == 7 and found["methods"]["direct"]["languages"]["en"]["n"] == 10
    rows = list(read_rows(Path("out/records.jsonl")))
    assert len({key_of(found) for found in rows}) == len(rows) == 10
    # The fourth call had begun: whether it was paid for is not known.
    assert found["usage"][0]["calls"] == 10 and found["usage"][0]["lost"] == 1


# --- what a terminal shows ---


def test_the_screen_shows_how_far_a_run_is() -> None:
    clock = Clock()
    screen = Screen(clock)
    progress = begin_progress(make_plan(dataset(10), ["direct", "rag"]))
    progress.limit = 4
    screen.update(progress)
    for number in range(5):
        progress.cells["direct", "hi"].count(row(correct=number < 3, cost=0.5))
    progress.cells["rag", "en"].count(row(status="error"))
    progress.asked = 6
    clock.now += 2
    screen.update(progress)
    console = Console(width=100)
    with console.capture() as capture:
        console.print(screen)
    said = capture.get()
    assert "5/10 60%" in said and "1/10 1 err" in said and "5/20 60% cost 2.5" in said
    assert "6 of 40, 3.0 answers/s, 0:11 left, 1 errors, 0 at once, at most 4" in said


def test_a_log_gets_a_line_now_and_then() -> None:
    clock = Clock()
    screen, progress = Screen(clock), begin_progress(make_plan(dataset(10), ["direct"]))
    assert screen.line(progress) == ""
    clock.now += 31
    progress.asked = 1
    assert screen.line(progress).startswith("0 of 20, ") and screen.line(progress) == ""


def test_many_languages_are_shown_as_totals() -> None:
    tags = " ".join(f"en-x-a{number}" for number in range(30))
    screen = Screen(Clock())
    screen.update(begin_progress(make_plan(dataset(1, tags), ["direct"])))
    console = Console(width=100)
    with console.capture() as capture:
        console.print(screen)
    assert "en-x" not in capture.get() and "0/30" in capture.get()
    with console.capture() as capture:
        console.print(Screen())
    assert capture.get() == "loading\n" and Progress().total == 0
