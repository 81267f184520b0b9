"""Published datasets from their files through a run over HTTP to their own metrics."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from clara.cli import main
from clara.evaluation.records import read_rows
from clara.evaluation.results import read_results
from tests.fake_openai import Body, FakeOpenAI
from tests.unit.evaluation.layouts import (
    HEALTH,
    LOCAL,
    MEDRECT,
    write_global_mmlu,
    write_live_qa,
    write_medrect,
    write_multiloko,
    write_terms,
)

Evaluate = Callable[..., dict[str, Any]]


@pytest.fixture
def evaluate(monkeypatch: pytest.MonkeyPatch, shipped_home: Path, openai_server: FakeOpenAI) -> Evaluate:
    """`clara eval run` with the method direct against the fake server; returns that method's results."""
    monkeypatch.setenv("CLARA_HOME", str(shipped_home))

    def run(data: str, reply: Callable[[str], str], *more: str, out: str = "out") -> dict[str, Any]:
        def script(body: Body) -> str:
            return reply("\n".join(message["content"] for message in body["messages"] if message["role"] == "user"))

        openai_server.script = script
        arguments = ["--data", data, "--out", out, "--methods", "direct", "--model", "openai:fake-1"]
        with pytest.raises(SystemExit) as stop:
            main(["eval", "run", *arguments, "--base-url", openai_server.base_url, *more])
        assert not stop.value.code
        found: dict[str, Any] = read_results(Path(out))["methods"]["direct"]
        return found

    return run


def test_medrects_three_subtasks_run_over_a_model(evaluate: Evaluate) -> None:
    write_medrect(Path("m"))

    def corrects(asked: str) -> str:
        if MEDRECT["en"][0][0] in asked:
            assert "CORRECT if there is no error" in asked
            return "3: Pilocarpine drops are given."
        if MEDRECT["ja"][0][0] in asked:
            assert "誤りがない場合" in asked
            return "```\n2: ピロカルピンを点眼した。\n```"  # the right words in the wrong place
        return "`CORRECT`"

    found = evaluate("medrect:m", corrects)
    english, japanese = (found["metrics"]["languages"][tag] for tag in ("en", "ja"))
    assert english["detection"]["f1"] == japanese["detection"]["f1"] == 100.0
    assert (english["sentence"]["exact_match"], japanese["sentence"]["exact_match"]) == (100.0, 50.0)
    assert english["correction"]["composite"] == japanese["correction"]["rouge1"] == 100.0
    assert found["gap"]["value"] is None  # the texts of the two languages are not the same ones
    assert found["languages"]["ja"]["accuracy"] == 100.0


def test_xlingevals_three_criteria_run_over_a_model_and_a_judge(evaluate: Evaluate) -> None:
    write_live_qa(Path("x"))
    answers = {question: answer for pairs in HEALTH.values() for question, answer in pairs}

    found = evaluate("xlinghealth:x", lambda asked: answers[asked.strip()], "--epochs", "2", out="answered")
    for tag in ("en", "es", "zh-Hans", "hi"):
        alike = found["metrics"]["languages"][tag]
        assert (alike["questions"], alike["unigram"], alike["chrf"], alike["length_sd"]) == (2, 100.0, 100.0, 0.0)
        assert alike["sentence"] is None  # no embedder is set that knows meaning

    def tells_apart(asked: str) -> str:
        right = any(f"{question}\n" in asked and asked.endswith(answer) for question, answer in answers.items())
        return "Yes." if right else "नहीं।" if HEALTH["Hindi"][0][0] in asked else "No"

    found = evaluate("xlinghealth-verify:x", tells_apart, out="verified")
    assert {tag: cell["auc"] for tag, cell in found["metrics"]["languages"].items()} == dict.fromkeys(
        ("en", "es", "zh-Hans", "hi"), 100.0
    )

    def judges(asked: str) -> str:
        assert "Answer 1:" in asked and "Answer 2:" in asked
        more = "all in Hindi" in asked
        return f"Similar.\n\nAnswer 2 provides {'more' if more else 'less'} comprehensive and appropriate information"

    found = evaluate("xlinghealth-correctness:x,answered", judges, out="judged")
    labels = found["metrics"]["methods"]["direct"]
    assert labels["hi"]["more"] == labels["en"]["less"] == 100.0 and labels["es"]["unparsed"] == 0.0
    assert len(list(read_rows(Path("judged/records.jsonl")))) == 2 * 2 * 4  # questions, epochs, languages


def test_no_text_of_a_private_dataset_is_written_down(evaluate: Evaluate, capsys: pytest.CaptureFixture[str]) -> None:
    write_multiloko(Path("l"))
    found = evaluate(
        "multiloko-effects:l", lambda asked: "The Iris" if "ring of the eye" in asked else "आइरिस",
        "--languages", "en,hi",
    )  # fmt: skip
    assert found["metrics"]["exact_match"] == 100.0 and found["metrics"]["gap"] == 0.0
    assert found["metrics"]["mother_tongue_effect"]["languages"] == {"hi": 0.0}
    assert found["metrics"]["locality_effect"]["languages"] == {"hi": 0.0}
    kept = "".join(
        path.read_text(encoding="utf-8", errors="ignore") for path in Path("out").rglob("*") if path.is_file()
    )
    said = capsys.readouterr()
    for name in ("english", "hindi"):
        question, answers, _ = LOCAL[name][0]
        assert not [text for text in (question, *answers) if text in kept + said.out + said.err and len(text) > 4]


def test_labels_of_culture_and_regional_terms_reach_the_results(evaluate: Evaluate) -> None:
    write_global_mmlu(Path("g"))
    found = evaluate("global-mmlu:g", lambda asked: "B" if "0. " in asked or "2. " in asked else "C", out="global")
    assert found["metrics"]["languages"]["hi"] == {
        "sensitive": 50.0, "n_sensitive": 2, "agnostic": 100.0, "n_agnostic": 1, "difference": 50.0
    }  # fmt: skip
    write_terms(Path("t"))
    found = evaluate("sc-tc:t", lambda asked: "公車" if "大車" in asked or "大车" in asked else "复印件", out="terms")
    assert found["metrics"]["languages"] == {
        "zh-Hans": {"correct": 33.3333, "misaligned": 33.3333, "incorrect": 33.3333},
        "zh-Hant": {"correct": 33.3333, "misaligned": 33.3333, "incorrect": 33.3333},
    }  # fmt: skip
    rows = [json.loads(line) for line in Path("terms/records.jsonl").read_text(encoding="utf-8").splitlines()]
    assert {row["status"] for row in rows} == {"ok"} and all(row["answer"] is None for row in rows)
