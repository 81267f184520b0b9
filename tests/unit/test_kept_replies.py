"""Replies that are kept, what was paid for them, and the shipped model that replies by hash."""

from __future__ import annotations

import asyncio
import json
import stat
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from clara.config import Settings
from clara.errors import ConfigError, ModelError, ModelRateLimited, ModelStatusError, ModelTimeout, ModelUnreachable
from clara.models import Call, ScriptedModel, build_models
from clara.models.cache import Cached, Paid, Replies
from clara.models.scripted import read_script, reply_by_hash
from clara.prompts import load_template
from clara.types import Turn
from tests.conftest import ROOT

PROMPTS = sorted(path.relative_to(ROOT / "prompts") for path in (ROOT / "prompts").rglob("*.md"))


def call(text: str = "?", **changes: Any) -> Call:
    return Call(system="s", turns=(Turn(role="user", text=text),), **changes)


def says(replies: Sequence[Any]) -> ScriptedModel:
    return ScriptedModel(replies, name="m")


async def test_a_reply_is_kept_for_the_same_call_sample_model_and_address(tmp_path: Path) -> None:
    replies = Replies(tmp_path / "r.sqlite3")
    asked = says([str(number) for number in range(9)])
    model = Cached(asked, replies, "http://a")
    assert [(await model.complete(call())).text for _ in range(2)] == ["0", "0"]
    assert (await model.complete(call("other"))).text == "1"
    assert (await model.complete(call(sample="1"))).text == "2"
    assert (await Cached(asked, replies, "http://b").complete(call())).text == "3"
    assert (await Cached(ScriptedModel(["x"], name="n"), replies, "http://a").complete(call())).text == "x"
    replies.close()
    again = Replies(tmp_path / "r.sqlite3")
    kept = await Cached(says([]), again, "http://a").complete(call())
    assert kept.cached and (kept.text, kept.prompt_tokens) == ("0", 2)
    assert stat.S_IMODE((tmp_path / "r.sqlite3").stat().st_mode) == 0o600
    again.close()


@pytest.mark.parametrize(
    ("error", "lost"),
    [
        (ModelRateLimited("no"), 0), (ModelStatusError("no", status=500), 0), (ModelUnreachable("no"), 0),
        (ModelTimeout("no"), 1),
    ],
)  # fmt: skip
async def test_what_was_paid_is_known_and_what_may_have_been(error: ModelError, lost: int) -> None:
    replies = Replies(None)
    model = Cached(says([error, "one two", "three"]), replies)
    with pytest.raises(type(error)):
        await model.complete(call())
    await model.complete(call())
    await model.complete(call("other"))
    assert replies.paid() == [Paid(model="m", calls=2, prompt_tokens=4, completion_tokens=3, lost=lost)]
    replies.close()


async def test_a_call_that_is_given_up_may_have_been_paid_for() -> None:
    replies = Replies(None)
    task = asyncio.create_task(Cached(ScriptedModel(["x"], name="m", latency_s=60), replies).complete(call()))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert [(paid.calls, paid.lost) for paid in replies.paid()] == [(0, 1)]
    replies.close()


async def test_a_replayed_reply_comes_after_as_long_as_it_took() -> None:
    replies, waits = Replies(None), list[float]()

    async def sleep(seconds: float) -> None:
        waits.append(seconds)

    first = Cached(ScriptedModel(["x"], name="m", latency_s=0.02), replies, replay=True, sleep=sleep)
    await first.complete(call())
    assert waits == []
    await first.complete(call())
    await Cached(says([]), replies, sleep=sleep).complete(call())
    assert waits[0] >= 0.02 and waits[1] == 0
    replies.close()


async def test_memory_holds_the_latest_replies(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("clara.models.cache._IN_MEMORY", 3)
    replies = Replies(None)
    asked = ScriptedModel(lambda _: "x", name="m")
    model = Cached(asked, replies)
    for number in [0, 1, 2, 3, 4, 4, 3, 0]:
        await model.complete(call(str(number)))
    assert len(asked.calls) == 6  # the first had to be asked again
    replies.close()


async def test_a_damaged_or_older_cache_costs_calls_not_answers(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "r.sqlite3"
    replies = Replies(path)
    model = Cached(says(["a", "b", "c"]), replies)
    await model.complete(call())
    replies._run("UPDATE calls SET reply = ?", '{"words": 1}')
    assert (await model.complete(call())).text == "b"
    replies._run("DROP TABLE calls")
    assert (await model.complete(call())).text == "c"
    assert "the response cache could not be used: no such table" in caplog.text
    replies.close()
    path.write_bytes(b"no database at all, and longer than the header of one" * 9)
    with pytest.raises(ConfigError, match=r"cannot open the response cache .* choose another cache_dir"):
        Replies(path)


@pytest.mark.parametrize("kind", ["memory", "disk", "replay"])
async def test_the_setting_decides_where_replies_are_kept(kind: str, tmp_path: Path) -> None:
    settings = Settings.model_validate({"model": "scripted", "cache": kind, "cache_dir": tmp_path / "kept"})
    models = build_models(settings)
    first, second = [await models.draft.complete(call()) for _ in range(2)]
    assert not first.cached and second.cached and second.prompt_tokens == first.prompt_tokens
    assert (tmp_path / "kept" / "replies.sqlite3").exists() is (kind != "memory")
    await models.aclose()


# --- the model that replies by hash ---


@pytest.mark.parametrize("path", PROMPTS, ids=str)
def test_every_prompt_gets_a_reply_in_its_form(path: Path) -> None:
    template = load_template(ROOT / "prompts", str(path.with_suffix("")))
    prompt = template.render(dict.fromkeys(template.trusted, "") | dict.fromkeys(template.untrusted, "A. x\nB. y"))
    asked = Call(system=prompt.system, turns=(Turn(role="user", text=prompt.user),))
    reply = reply_by_hash(asked)
    if '\n{"' in prompt.system:
        assert isinstance(json.loads(reply), dict)
    assert reply == reply_by_hash(asked)


@pytest.mark.parametrize("lines", ["A) cataract\nB) uveitis", "A. uveitis\nB. cataract", "ख) uveitis\nक) cataract"])
def test_the_choice_is_the_same_option_in_any_order(lines: str) -> None:
    chosen = reply_by_hash(Call(system="", turns=(Turn(role="user", text=f"Which?\n\n{lines}"),)))
    assert chosen.partition(") ")[2] == "cataract"


def test_a_script_of_ones_own_replies_first() -> None:
    rows = [{"contains": "one", "reply": "1"}, {"contains": "on", "reply": "2"}]
    Path("s.jsonl").write_text("\n".join(map(json.dumps, rows)) + "\n\n", encoding="utf-8")
    model = read_script("s.jsonl")
    said = [asyncio.run(model.complete(call(text))).text for text in ("one", "on", "neither")]
    assert said == ["1", "2", reply_by_hash(call("neither"))] and model.calls == []


@pytest.mark.parametrize("content", ["not json", '{"contains": 1, "reply": "x"}', "[]"])
def test_a_script_that_cannot_be_read_is_said(content: str) -> None:
    Path("s.jsonl").write_text(content)
    with pytest.raises(ConfigError, match=r"s\.jsonl"):
        read_script("s.jsonl")
