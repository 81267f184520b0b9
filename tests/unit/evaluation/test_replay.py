"""Replays as they are counted, kept and shown."""

from __future__ import annotations

import errno
import io
import json
import os
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

import clara
from clara.config import Settings
from clara.errors import ConfigError, DatasetError
from clara.evaluation import results as kept
from clara.evaluation.datasets import Dataset, Item, Recorded
from clara.evaluation.replay.bar import Bar, check_bar
from clara.evaluation.replay.calibrate import write_profiles
from clara.evaluation.replay.run import Replayed, calibrate_runs, replay
from clara.evaluation.results import RECORDS, RESULTS, folder_name, number, read_results, write_results
from clara.evaluation.statistics.levels import wilson
from clara.evaluation.tables import (
    accuracy_table,
    bar_lines,
    bar_table,
    comparison_table,
    describe_results,
    language_table,
    level_table,
)
from clara.types import Option
from tests.unit.evaluation.questions import TEXTS

TAGS = ("en", "es", "hi")
DATASET = Dataset(
    name="cataract",
    items=tuple(
        Item(
            id=str(number), language=tag, question=TEXTS[tag][0], answer="B",
            options=tuple(Option(id=label, text=text) for label, text in zip("ABCD", TEXTS[tag][1], strict=True)),
        )
        for tag in TAGS
        for number in range(40)
    ),
    source="nowhere",
    licence="CC0-1.0",
)  # fmt: skip


def answers(said: Callable[[int, str], str | None], **more: Any) -> list[Recorded]:
    return [
        Recorded(id=str(number), language=tag, choice=said(number, tag), **more) for tag in TAGS for number in range(40)
    ]


def typical(number: int, tag: str) -> str | None:
    """English is right in 30 of 40, Spanish in 24 of them, Hindi in 10 of them; Hindi names no option five times."""
    right = {"en": 30, "es": 24, "hi": 10}[tag]
    return "B" if number < right else None if tag == "hi" and number >= 35 else "C"


def replayed(said: Sequence[Recorded] | None = None, methods: str = "direct pivot:en vote reconcile") -> Replayed:
    listed = answers(typical) if said is None else said
    return replay(DATASET, "m", listed, methods=methods.split(), settings=Settings(), seed=1)


def test_the_results_have_the_documented_form() -> None:
    found = replayed().results
    assert list(found) == [
        "dataset", "dataset_version", "questions", "model", "seed", "created", "manifest", "methods", "comparisons"
    ]  # fmt: skip
    assert (found["dataset"], found["questions"], found["model"], found["seed"]) == ("cataract", 40, "m", 1)
    direct = found["methods"]["direct"]
    assert set(direct) == {
        "languages", "mean", "gap", "worst", "range", "range_null_mean", "calls_per_question", "curves", "agreement",
        "by_tier", "metrics",
    }  # fmt: skip
    assert set(direct["languages"]["hi"]) == {
        "n", "correct", "accuracy", "ci95", "unparsed", "refused", "abstained", "errors", "calls", "prompt_tokens",
        "completion_tokens", "cost", "latency_p50_s", "quality",
    }  # fmt: skip
    comparison = found["comparisons"][0]
    assert set(comparison) == {
        "baseline", "method", "gap_reduction", "lift_others", "change_english", "worst_at_baseline", "per_language",
        "verdict",
    }  # fmt: skip
    assert set(comparison["gap_reduction"]) == {"value", "ci95", "p", "relative"}
    assert set(comparison["per_language"]["es"]) == {"diff", "p_mcnemar", "p_holm"}
    assert json.loads(json.dumps(found, allow_nan=False)) == found


def test_counts_are_those_of_the_record() -> None:
    methods = replayed().results["methods"]
    hindi = methods["direct"]["languages"]["hi"]
    assert (hindi["n"], hindi["correct"], hindi["accuracy"], hindi["unparsed"], hindi["calls"]) == (40, 10, 25.0, 5, 40)
    assert methods["direct"]["mean"] == pytest.approx((75 + 60 + 25) / 3, abs=1e-3)
    assert methods["direct"]["gap"]["value"] == pytest.approx(75 - 42.5)
    assert methods["direct"]["worst"] == {"language": "hi", "accuracy": 25.0}
    assert methods["direct"]["range"] == 50.0 and 0 < methods["direct"]["range_null_mean"] < 50
    assert [methods[name]["calls_per_question"] for name in ("direct", "pivot:en", "vote")] == [1.0, 1.0, 3.0]
    # One draft in English, two where the other agrees, three where it does not: six times in Spanish, 20 in Hindi
    # (and five more where Hindi names no option).
    assert methods["reconcile"]["calls_per_question"] == pytest.approx((40 + 80 + 6 + 80 + 20 + 5) / 120, abs=1e-4)


def test_the_manifest_says_with_what_it_was_measured() -> None:
    shown = replayed().results["manifest"]
    assert shown["clara"] == clara.__version__ and set(shown["packages"]) == {"numpy", "scipy"}
    assert (shown["kind"], shown["baseline"], shown["languages"]) == ("replay", "direct", list(TAGS))
    assert shown["settings"]["reconcile"] == Settings().reconcile.model_dump() and shown["profiles"] == {}
    assert shown["config"] == replayed().results["manifest"]["config"] != replayed(methods="direct vote").results[
        "manifest"
    ]["config"]  # fmt: skip


def test_the_revision_is_that_of_the_checkout_or_none(monkeypatch: pytest.MonkeyPatch) -> None:
    folder = Path("checkout").resolve()
    (folder / "clara").mkdir(parents=True)
    monkeypatch.setattr(kept, "_CHECKOUT", folder)
    assert kept.revision() is None  # installed somewhere, perhaps inside another project's repository
    git = ["git", "-C", str(folder), "-c", "user.name=n", "-c", "user.email=e@x"]
    subprocess.run([*git, "init", "-q"], check=True)
    subprocess.run([*git, "commit", "-q", "--allow-empty", "-m", "m"], check=True)
    head = subprocess.run([*git, "rev-parse", "HEAD"], check=True, capture_output=True, text=True).stdout.strip()
    assert kept.revision() == head
    monkeypatch.setenv("PATH", "")
    assert kept.revision() is None


def test_every_answer_is_a_row() -> None:
    found = replayed()
    assert len(found.records) == 4 * 3 * 40
    assert found.records[-1] == {
        "config": found.results["manifest"]["config"], "method": "reconcile", "language": "hi", "id": "39", "epoch": 0,
        "status": "ok", "choice": "C", "answer": "B", "correct": False, "calls": 3,
    }  # fmt: skip
    hindi = next(r for r in found.records if (r["method"], r["language"], r["id"]) == ("direct", "hi", "39"))
    assert (hindi["status"], hindi["choice"], hindi["correct"]) == ("unparsed", None, False)


def test_a_missing_answer_is_an_error_and_withholds_the_verdict() -> None:
    said = [a for a in answers(typical) if (a.id, a.language) != ("0", "hi")]
    found = replayed(said).results
    hindi = found["methods"]["direct"]["languages"]["hi"]
    assert (hindi["errors"], hindi["correct"]) == (1, 9) and hindi["accuracy"] == pytest.approx(100 * 9 / 39, abs=1e-3)
    assert found["methods"]["vote"]["languages"]["en"]["errors"] == 1  # a vote needs all of them
    assert {comparison["verdict"] for comparison in found["comparisons"]} == {"incomplete"}
    assert check_bar([found], "reconcile") is None


def test_a_question_that_is_not_asked_in_a_language_is_not_missing_there() -> None:
    kept = tuple(item for item in DATASET.items if item.language == "hi" or int(item.id) < 30)
    fewer = replace(DATASET, items=kept)
    said = [a for a in answers(typical) if a.language == "hi" or int(a.id) < 30]
    found = replay(fewer, "m", said, methods=["direct", "pivot:es"], settings=Settings(), seed=1)
    cells = found.results["methods"]["direct"]["languages"]
    assert [(cell["n"], cell["errors"]) for cell in cells.values()] == [(30, 0), (30, 0), (40, 0)]
    (comparison,) = found.results["comparisons"]
    assert comparison["verdict"] != "incomplete" and len(found.records) == 2 * 100
    # Of the thirty that all languages are asked, Hindi has ten and Spanish 24.
    assert comparison["per_language"]["hi"]["diff"] == pytest.approx(100 * (24 - 10) / 30, abs=1e-4)


def test_epochs_are_averaged_and_a_language_that_is_never_answered_is_left_out() -> None:
    said = [
        *answers(typical), *answers(lambda number, tag: "B", epoch=1),
    ]  # fmt: skip
    found = replayed(said, "direct pivot:en").results
    english = found["methods"]["direct"]["languages"]["en"]
    assert (english["n"], english["correct"], english["accuracy"]) == (80, 70, 87.5)
    # Twice asked, forty questions still: the interval is that of forty.
    assert english["ci95"] == [number(bound) for bound in wilson(35, 40)]
    without_hindi = replayed([a for a in answers(typical) if a.language != "hi"]).results
    assert list(without_hindi["methods"]["direct"]["languages"]) == ["en", "es"]


def test_methods_of_a_record_are_compared_as_they_stand() -> None:
    said = [*answers(typical), *answers(lambda number, tag: "B" if number < 32 else "C", method="rag")]
    found = replay(DATASET, "m", said, methods=["direct", "rag"], settings=Settings())
    assert found.results["methods"]["rag"]["languages"]["hi"]["accuracy"] == 80.0
    assert found.results["comparisons"][0]["verdict"] == "win"
    only = answers(typical, method="rag")
    assert replay(DATASET, "m", only, methods=["rag"], baseline="rag", settings=Settings()).results["comparisons"] == []
    with pytest.raises(ConfigError, match="m holds no direct answers, so only its own methods can be named: rag"):
        replay(DATASET, "m", only, methods=["rag", "vote"], baseline="rag", settings=Settings())


def test_without_direct_the_first_method_is_the_baseline() -> None:
    found = replayed(methods="vote pivot:es").results
    assert found["manifest"]["baseline"] == "vote" and [c["method"] for c in found["comparisons"]] == ["pivot:es"]
    assert replayed(methods="vote direct").results["manifest"]["baseline"] == "direct"


def test_what_cannot_be_compared_is_refused() -> None:
    with pytest.raises(ConfigError, match="the baseline 'rag' is none of the methods: vote"):
        replay(DATASET, "m", answers(typical), methods=["vote"], baseline="rag", settings=Settings())
    with pytest.raises(ConfigError, match="name one or more methods"):
        replayed(methods="")
    with pytest.raises(
        DatasetError, match="m: a gap needs English and another language; of cataract it answers es, hi"
    ):
        replayed([a for a in answers(typical) if a.language != "en"])
    with pytest.raises(DatasetError, match="of cataract it answers nothing"):
        replayed([])


def test_calibrating_says_what_it_is_worth_and_a_profile_replays_it() -> None:
    better = answers(lambda n, tag: "B" if n % 10 < {"en": 4, "es": 9, "hi": 3}[tag] else "CD"[n % 2])
    profiles, found = calibrate_runs(DATASET, {"m": tuple(better)}, settings=Settings(), seed=1)
    assert profiles.runs["m"].languages["es"].rule == "native" and profiles.dataset_version == DATASET.version()
    assert profiles.cross_validated["m"] == found[0].results["comparisons"][0]
    assert profiles.cross_validated["m"]["per_language"]["es"]["diff"] == 50.0
    write_profiles(profiles, Path("p.json"))
    again = replay(
        DATASET, "m", better, methods=["direct", "calibrated", "profile:p.json"], settings=Settings(), seed=1
    ).results  # fmt: skip
    assert again["methods"]["profile:p.json"]["languages"]["es"]["accuracy"] == 90.0
    assert again["manifest"]["profiles"]["profile:p.json"]["fitted_to_these_questions"] is True
    with pytest.raises(ConfigError, match=r"p\.json: no profile of the run other; there are: m"):
        replay(DATASET, "other", better, methods=["direct", "profile:p.json"], settings=Settings())


def test_results_are_written_and_read_back_and_foreign_records_are_kept() -> None:
    found = replayed()
    paths = write_results(found.results, found.records, Path("made/here"))
    assert [path.name for path in paths] == [RECORDS, RESULTS] and read_results(Path("made/here")) == found.results
    lines = paths[0].read_text(encoding="utf-8").splitlines()
    assert [json.loads(line) for line in lines] == found.records
    write_results(found.results, found.records[:1], Path("made/here"))  # a replay again: nothing was paid for
    assert len(paths[0].read_text(encoding="utf-8").splitlines()) == 1
    paths[1].write_text(json.dumps({**found.results, "manifest": {"kind": "run"}}), encoding="utf-8")
    with pytest.raises(ConfigError, match="made/here holds the records of another measurement; choose another folder"):
        write_results(found.results, found.records, Path("made/here"))
    paths[1].unlink()
    with pytest.raises(ConfigError, match="holds the records of another measurement"):
        write_results(found.results, found.records, Path("made/here"))
    Path("file").write_text("x", encoding="utf-8")
    with pytest.raises(ConfigError, match="cannot write into file/out: Not a directory"):
        write_results(found.results, found.records, Path("file/out"))


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (None, "results.json: No such file"),
        ("x", "not JSON; measure again"),
        ("[]", "not the results of a measurement"),
    ],
)
def test_a_folder_without_results_is_named(content: str | None, reason: str) -> None:
    if content is not None:
        Path(RESULTS).write_text(content, encoding="utf-8")
    with pytest.raises(DatasetError, match=reason):
        read_results(Path())


def test_a_replay_that_cannot_be_kept_leaves_the_earlier_one(monkeypatch: pytest.MonkeyPatch) -> None:
    made, folder = replayed(), Path("r")
    write_results(made.results, made.records, folder)

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched, pytest.raises(ConfigError, match="cannot write into r: No space left"):
        patched.setattr(os, "fsync", full)
        write_results({**made.results, "seed": 2}, [], folder)
    assert read_results(folder)["seed"] == 1 and len((folder / RECORDS).read_text().splitlines()) == len(made.records)
    assert sorted(path.name for path in folder.iterdir()) == [RECORDS, RESULTS]  # and nothing half written
    write_results(made.results, made.records, folder)


def test_a_runs_name_becomes_a_folders() -> None:
    assert [folder_name(run) for run in ("gpt-4", "openai/gpt:4 o", "../..", "模型")] == [
        "gpt-4", "openai_gpt_4_o", "_", "模型",
    ]  # fmt: skip


def reached(run: str, english: float, others: float, gap: float, drafts: float) -> dict[str, Any]:
    return {
        "model": run,
        "methods": {"x": {"gap": {"value": gap}, "calls_per_question": drafts}},
        "comparisons": [
            {"method": "x", "change_english": {"value": english}, "lift_others": {"value": others}, "verdict": "win"}
        ],
    }


def test_the_bar_is_met_by_every_run_or_on_average_as_it_says() -> None:
    bar = check_bar([reached("a", 0.0, 8.0, 0.5, 2.0), reached("b", -0.5, 2.5, -3.0, 3.9)], "x")
    assert bar is not None and bar.met
    assert [round(condition.value, 2) for condition in bar.conditions] == [-0.5, 5.25, -3.0, 2.95]
    worse = check_bar([reached("a", 0.0, 8.0, 3.1, 2.5), reached("b", -0.6, 1.9, 0.0, 3.6)], "x")
    assert worse is not None and [condition.met for condition in worse.conditions] == [False] * 4
    assert check_bar([reached("a", 0.0, 8.0, 0.5, 2.0)], "y") is None


def shown(*renderables: Any, width: int = 100) -> str:
    console = Console(width=width, file=io.StringIO(), record=True)
    for renderable in renderables:
        console.print(renderable)
    return console.export_text()


def test_tables_show_accuracy_levels_and_verdicts() -> None:
    found = replayed().results
    text = shown(accuracy_table(found), level_table(found), comparison_table(found), language_table(found))
    assert "25.0 [14.2, 40.2]" in text and "75.0 [59.8, 85.8]" in text
    assert "hi 25.0" in text and "3.00" in text and "win" in text
    assert "parity" not in text  # 40 questions that do not differ are too few
    assert "+50.0 (<.001)" in text and "(1.000)" in text and "[" in text
    assert describe_results(found) == "m on cataract: 40 questions in 3 languages; 95% intervals over questions; seed 1"
    narrow = shown(accuracy_table(found), level_table(found), comparison_table(found), width=60)
    assert "…" not in narrow  # folded, never cut


def test_names_from_files_are_no_markup() -> None:
    found = replay(DATASET, "[red]m", answers(typical, method="[bold]x"), methods=["[bold]x"], baseline="[bold]x",
                   settings=Settings())  # fmt: skip
    assert "[bold]x" in shown(accuracy_table(found.results), level_table(found.results))
    bar = check_bar([reached("[red]\x1b[31mm", 0.0, 8.0, 0.5, 2.0)], "x")
    assert isinstance(bar, Bar)
    text = shown(bar_table(bar), *bar_lines(bar))
    assert "[red][31mm" in text and "met     3 drafts a question or fewer on average: 2.00" in text


def test_numbers_that_are_not_there_are_null_and_dashes() -> None:
    # Only one question is answered in Hindi, and that is the one not answered in Spanish.
    said = [a for a in answers(typical) if (a.id == "0") is (a.language == "hi")]
    found = replayed(said, "direct pivot:en").results
    assert json.loads(json.dumps(found, allow_nan=False)) == found
    assert found["methods"]["direct"]["gap"] == {"value": None, "ci95": [None, None], "parity": False}
    row = next(line for line in shown(level_table(found)).splitlines() if line.strip().startswith("direct"))
    assert row.split()[2] == "–"
    assert found["comparisons"][0]["verdict"] == "incomplete"
    row = next(line for line in shown(comparison_table(found)).splitlines() if line.strip().startswith("pivot:en"))
    assert row.split()[1] == "–" and "incomplete" in row
