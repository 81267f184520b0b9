"""`clara eval report` and `compare`, from the command line and on the published records."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from selectolax.lexbor import LexborHTMLParser as Page

from tests.command import Run, in_process
from tests.unit.evaluation.measured import one, write_measured
from tests.unit.evaluation.questions import TEXTS, published, write_ophthalingua


@pytest.fixture
def evaluate(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """`clara eval` in this process, on a terminal of 80 columns."""
    monkeypatch.setenv("COLUMNS", "80")
    return in_process(capsys, "eval")


def test_published_records_become_a_report_with_the_published_figures(evaluate: Run) -> None:
    folder = published("multi_ophthalingua")
    for run in ("gpt-4", "gpt-3.5-turbo-0125"):
        done = evaluate("replay", "--data", f"multi-ophthalingua:{folder}", "--record", run, "--out", f"out/{run}")
        assert done.returncode == 0, done.stderr
    done = evaluate("report", "out/gpt-4")
    assert done.returncode == 0 and "wrote into out/gpt-4: report.html, gap.png" in done.stdout
    page = Page(Path("out/gpt-4/report.html").read_text(encoding="utf-8"))
    assert "vote levels down" in one(page, ".lead").text()
    accuracy = next(t for t in page.css("table") if one(t, "caption").text() == "Accuracy by language, %")
    direct = [row.css("td")[0].text().split()[0] for row in accuracy.css("tbody tr")]
    assert direct == ["63.4", "65.2", "61.6", "51.8", "52.4", "62.8", "50.6"]
    assert len(page.css("tbody.question")) == 100 and "100 of 164 questions" in one(page, "#questions").text()
    done = evaluate("compare", "out/gpt-4", "out/gpt-3.5-turbo-0125", "--out", "both")
    assert done.returncode == 0 and Path("both/compare.html").exists()
    assert "gpt-3.5-turbo-0125: direct: no detectable change" in done.stdout
    tables = done.stdout[done.stdout.index("Levels") : done.stdout.index("wrote into")]
    assert max(map(len, tables.splitlines())) <= 80
    shown = tables[tables.index("Accuracy by language") :].splitlines()
    assert next(line.split()[2:] for line in shown if line.split()[:2] == ["gpt-4", "direct"]) == direct


def test_a_replay_of_one_s_own_shows_its_questions(evaluate: Run) -> None:
    write_ophthalingua(Path("data"), 8, {"m": lambda number, tag: "B" if tag == "en" or number % 2 else "C"})
    done = evaluate("replay", "--data", "multi-ophthalingua:data", "--record", "m", "--out", "out")
    assert done.returncode == 0, done.stderr
    done = evaluate("report", "out", "--questions", "2")
    assert done.returncode == 0, done.stderr
    page = Page(Path("out/report.html").read_text(encoding="utf-8"))
    assert len(page.css("tbody.question")) == 2
    assert TEXTS["hi-Latn"][0] in one(page, ".words[lang='hi-Latn']").text()


def test_results_of_an_older_version_are_shown_as_far_as_they_go(evaluate: Run) -> None:
    folder = write_measured(Path("old"), 8, languages=("en", "hi"))
    found = json.loads((folder / "results.json").read_bytes())
    found["manifest"] = {"clara": "0.1"}
    for method in found["methods"].values():
        method["gap"].pop("parity")
        for part in ("curves", "agreement", "by_tier", "metrics"):
            method.pop(part)
        for cell in method["languages"].values():
            cell.pop("quality")
    for comparison in found["comparisons"]:
        comparison.pop("worst_at_baseline")
        comparison["gap_reduction"].pop("relative")
    (folder / "results.json").write_text(json.dumps(found), encoding="utf-8")
    done = evaluate("report", "old")
    assert done.returncode == 0, done.stderr
    assert "8 questions in 2 languages" in done.stdout and (folder / "report.html").exists()


@pytest.mark.parametrize(
    ("arguments", "code", "reason"),
    [
        (["report", "nowhere"], 1, "nowhere: holds no results yet"),
        (["report", "one", "--questions", "0"], 2, "should be greater than or equal to 1"),
        (["compare", "one"], 2, "name two folders or more"),
        (["compare", "one", "nowhere"], 1, "nowhere: holds no results yet"),
        (["compare", "one", "two"], 1, "one and two measure different versions of the data"),
    ],
)
def test_what_cannot_work_is_one_line_and_an_exit_code(
    evaluate: Run, arguments: list[str], code: int, reason: str
) -> None:
    write_measured(Path("one"), 1, languages=("en", "hi"))
    write_measured(Path("two"), 2, languages=("en", "hi"))
    done = evaluate(*arguments)
    assert done.returncode == code and done.stdout == "" and reason in done.stderr


def test_help_loads_nothing_heavy() -> None:
    code = (
        "import sys\nfrom clara.cli import main\n"
        "for command in ('report', 'compare'):\n"
        "    try:\n        main(['eval', command, '--help'])\n    except SystemExit:\n        pass\n"
        "print({'numpy', 'scipy', 'matplotlib', 'jinja2', 'clara.evaluation'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip().endswith("set()")
