"""Runs side by side: paired by question, and only where the questions are the same."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from selectolax.lexbor import LexborHTMLParser as Page

from clara.errors import ConfigError, DatasetError
from clara.evaluation.report import compare_runs, write_comparison
from clara.evaluation.report.compare import compared_title, screen_tables
from clara.evaluation.results import read_results
from tests.unit.evaluation.measured import one, rows, write_measured

LANGUAGES = ("en", "hi", "ar")


def as_direct(questions: int) -> dict[str, list[dict[str, Any]]]:
    """What `clara` answers elsewhere, said to be another model's direct answers."""
    return {"direct": [found | {"method": "direct"} for found in rows(questions, LANGUAGES)["clara"]]}


def two(questions: int = 20) -> list[Path]:
    first = write_measured(Path("one"), questions, languages=LANGUAGES, model="openai:a")
    other = write_measured(Path("two"), questions, answers=as_direct(questions), model="openai:b", languages=LANGUAGES)
    return [first, other]


def test_runs_are_paired_as_methods_of_one_run_are() -> None:
    folders = two()
    found = compare_runs(folders)
    (across,) = found["comparisons"]
    (inside,) = read_results(folders[0])["comparisons"]  # the same answers, as a method of the first run
    assert (across["baseline"], across["method"]) == ("openai:a: direct", "openai:b: direct")
    assert {**across, "baseline": "", "method": ""} == {**inside, "baseline": "", "method": ""}
    assert list(found["methods"]) == ["openai:a: direct", "openai:a: clara", "openai:b: direct"]


def test_a_comparison_is_a_page_charts_and_tables() -> None:
    found = compare_runs(two())
    names = {path.name for path in write_comparison(found, Path("both"))}
    assert {"compare.html", "compare.md", "compare.tex", "gap.png", "gap.svg", "languages.svg", "methods.csv",
            "accuracy.csv", "comparisons.csv", "changes.csv"} <= names  # fmt: skip
    page = Page(Path("both/compare.html").read_text(encoding="utf-8"))
    assert one(page, "h1").text() == compared_title(found) == "openai:a, openai:b on parallel"
    assert "openai:b: direct narrows the gap" in one(page, "#verdict li").text()
    assert [node.text() for node in page.css("dd")] == ["one", "two"]
    assert not page.css("[style], [src]")


def test_a_terminal_has_a_row_for_each_run_and_method() -> None:
    levels, accuracy, changes = screen_tables(compare_runs(two()))
    assert [row[:2] for row in accuracy.rows] == [
        ("openai:a", "direct"), ("openai:a", "clara"), ("openai:b", "direct")
    ]  # fmt: skip
    assert [column.head for column in accuracy.columns] == ["run", "method", *LANGUAGES]
    assert levels.rows[1][2:] == (*levels.rows[2][2:-1], 3.0) and len(changes.rows) == 2


def test_only_questions_that_both_were_asked_are_paired() -> None:
    folders = two()
    lines = (folders[1] / "records.jsonl").read_text(encoding="utf-8").splitlines()
    kept = [line for line in lines if int(json.loads(line)["id"]) <= 10]
    (folders[1] / "records.jsonl").write_text("\n".join(kept) + "\n", encoding="utf-8")
    (fewer,) = compare_runs(folders)["comparisons"]
    halves = [
        write_measured(Path("half one"), 10, languages=LANGUAGES, model="a"),
        write_measured(Path("half two"), 10, answers=as_direct(10), languages=LANGUAGES, model="b"),
    ]
    (expected,) = compare_runs(halves)["comparisons"]
    assert fewer["per_language"] == expected["per_language"] and fewer["verdict"] == expected["verdict"]


def rewrite(path: Path, change: Callable[[dict[str, Any]], dict[str, Any] | None]) -> None:
    rows = [change(json.loads(line)) for line in path.read_text(encoding="utf-8").splitlines()]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows if row is not None), encoding="utf-8")


def test_an_epoch_that_one_run_lacks_withholds_the_verdict() -> None:
    folders = two()
    change(folders[1], "manifest", {"baseline": "direct", "epochs": 2})
    (found, *_) = compare_runs(folders)["comparisons"]
    assert found["verdict"] == "incomplete"


def test_questions_that_neither_asked_in_a_language_are_left_out() -> None:
    folders = two()
    for folder in folders:
        rewrite(folder / "records.jsonl", lambda row: None if (row["id"], row["language"]) == ("3", "hi") else row)
    assert compare_runs(folders)["comparisons"][0]["verdict"] != "incomplete"
    rewrite(folders[1] / "records.jsonl", lambda row: None if (row["id"], row["language"]) == ("4", "hi") else row)
    assert compare_runs(folders)["comparisons"][0]["verdict"] == "incomplete"


def test_runs_of_one_model_are_called_by_their_folders_and_folders_of_one_name_by_their_paths() -> None:
    for folder in ("x/run", "y/run", "y/other"):
        write_measured(Path(folder), 2, languages=LANGUAGES)
    assert list(compare_runs([Path("x/run"), Path("y/other")])["manifest"]["runs"]) == ["run", "other"]
    assert list(compare_runs([Path("x/run"), Path("y/run")])["manifest"]["runs"]) == ["x/run", "y/run"]


def test_runs_without_a_method_in_common_are_shown_and_not_compared() -> None:
    first = write_measured(Path("one"), 3, languages=LANGUAGES)
    answers = {"vote": [found | {"method": "vote"} for found in rows(3, LANGUAGES)["direct"]]}
    found = compare_runs([first, write_measured(Path("two"), 3, languages=LANGUAGES, answers=answers)])
    assert found["comparisons"] == [] and len(screen_tables(found)) == 2
    write_comparison(found, Path("both"))
    assert "share no method" in Path("both/compare.html").read_text(encoding="utf-8")


def change(folder: Path, key: str, value: Any) -> None:
    path = folder / "results.json"
    path.write_text(json.dumps(json.loads(path.read_bytes()) | {key: value}), encoding="utf-8")


@pytest.mark.parametrize(
    ("key", "reason"),
    [
        ("dataset", "one and two measure different data, parallel and other; compare runs on the same questions"),
        ("dataset_version", "different versions of the data"),
    ],
)
def test_different_data_are_refused_in_one_line(key: str, reason: str) -> None:
    folders = two(2)
    change(folders[1], key, "other")
    with pytest.raises(DatasetError, match=re.escape(reason)):
        compare_runs(folders)


def test_different_languages_are_refused() -> None:
    folders = two(2)
    path = folders[1] / "results.json"
    held = json.loads(path.read_bytes())
    for found in held["methods"].values():
        del found["languages"]["ar"]
    path.write_text(json.dumps(held), encoding="utf-8")
    with pytest.raises(DatasetError, match="measure different languages"):
        compare_runs(folders)


@pytest.mark.parametrize(("folders", "reason"), [(["one"], "name two folders"), (["one", "one"], "named twice")])
def test_there_must_be_two_runs(folders: list[str], reason: str) -> None:
    write_measured(Path("one"), 1, languages=LANGUAGES)
    with pytest.raises(ConfigError, match=reason):
        compare_runs([Path(folder) for folder in folders])


def test_a_comparison_does_not_write_over_a_measurement() -> None:
    folders = two(2)
    with pytest.raises(ConfigError, match="one holds a measurement; choose another folder"):
        write_comparison(compare_runs(folders), folders[0])
