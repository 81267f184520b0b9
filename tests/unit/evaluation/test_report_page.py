"""The report of a run and of a replay: what the page says, and what no answer can make it do."""

from __future__ import annotations

import base64
import csv
import hashlib
import json
import re
import sys
from pathlib import Path
from typing import Any

import pytest
from matplotlib import image
from selectolax.lexbor import LexborHTMLParser as Page

from clara.errors import ConfigError, DatasetError
from clara.evaluation.report import load, write_report
from clara.evaluation.report.charts import draw_charts
from clara.evaluation.report.questions import in_order
from tests.unit.evaluation.measured import ATTACK, LANGUAGES, one, row, rows, write_measured
from tests.unit.evaluation.questions import TEXTS, write_lines


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Path]]:
    """A run and what its report wrote; to be read only."""
    folder = write_measured(tmp_path_factory.mktemp("report") / "run")
    return folder, write_report(load(folder))


def read(folder: Path) -> Page:
    return Page((folder / "report.html").read_text(encoding="utf-8"))


def report(folder: Path, **options: Any) -> Page:
    write_report(load(folder), **options)
    return read(folder)


def words(page: Page, selector: str) -> list[str]:
    return [" ".join(node.text().split()) for node in page.css(selector)]


def test_a_run_has_every_section_chart_and_table(made: tuple[Path, list[Path]]) -> None:
    folder, names = made[0], [path.name for path in made[1]]
    charts = ("gap", "languages", "cost", "calibration", "risk_coverage", "agreement")
    tables = ("methods", "accuracy", "changes", "comparisons", "outcomes", "cost", "quality", "tiers", "pairs")
    curves = ("calibration", "risk_coverage", "agreement")
    assert sorted(names) == sorted(
        ["report.html", "report.md", "report.tex", "questions.csv"]
        + [f"{name}.{ending}" for name in charts for ending in ("png", "svg")]
        + [f"{name}.csv" for name in (*tables, *curves)]
    )
    assert all((folder / name).stat().st_size for name in names)
    page = read(folder)
    assert len(page.css("figure svg[role=img][aria-label]")) == len(charts)
    assert words(page, "h2") == [
        "Verdict", "Before and after", "Languages in detail", "Cost and token premium",
        "Confidence, coverage, agreement", "Questions", "How this was measured",
    ]  # fmt: skip
    assert words(page, ".lead")[0].startswith("clara narrows the gap from")
    for table in page.css("table"):
        assert table.css("th[scope=col]") and table.css("th[scope=row]"), table.html
    for scroll in page.css(".scroll"):
        assert scroll.attributes["tabindex"] == "0" and scroll.attributes["aria-label"]


def test_numbers_are_those_of_the_results(made: tuple[Path, list[Path]]) -> None:
    folder, page = made[0], read(made[0])
    held = json.loads((folder / "results.json").read_text(encoding="utf-8"))["methods"]
    accuracy = next(t for t in page.css("table") if one(t, "caption").text() == "Accuracy by language, %")
    shown = [[cell.text() for cell in line.css("th, td")] for line in accuracy.css("tbody tr")]
    for line, tag in zip(shown, LANGUAGES, strict=True):
        cells = [held[name]["languages"][tag] for name in ("direct", "clara")]
        assert line[0].endswith(f"({tag})")
        assert line[1:] == [f"{c['accuracy']:.1f} [{c['ci95'][0]:.1f}, {c['ci95'][1]:.1f}]" for c in cells]


def test_nothing_is_fetched_and_only_the_page_s_own_script_runs(made: tuple[Path, list[Path]]) -> None:
    page = read(made[0])
    text = (made[0] / "report.html").read_text(encoding="utf-8")
    policy = one(page, "meta[http-equiv=Content-Security-Policy]").attributes["content"] or ""
    for kind in ("style", "script"):
        (inside,) = re.findall(f"<{kind}>(.*?)</{kind}>", text, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(inside.encode()).digest()).decode()
        assert f"{kind}-src 'sha256-{digest}'" in policy
    assert policy.startswith("default-src 'none'; ") and "unsafe" not in policy
    assert len(page.css("script")) == len(page.css("style")) == 1
    assert not page.css("[style], [src], link, img, iframe, object, [onerror], [onclick]")
    links = {node.attributes["href"] for node in page.css("a")}
    assert links == {"#verdict", "https://example.org/cataract"}  # the hostile source is no link


def test_text_of_answers_is_shown_as_it_is_and_in_its_own_direction(made: tuple[Path, list[Path]]) -> None:
    page = read(made[0])
    assert ATTACK in [node.text() for node in page.css(".words")]
    for tag in LANGUAGES:
        found = [node for node in page.css(f".words[lang='{tag}']") if TEXTS[tag][0] in node.text()]
        assert found and all(node.attributes["dir"] == "auto" for node in found), tag
    ids = [node.attributes["id"] for node in page.css("[id]")]
    assert len(ids) == len(set(ids))


def test_characters_that_turn_text_round_do_not_reach_the_page() -> None:
    answers = rows(2, ("en", "ar"))
    answers["clara"][0] |= {"text": "safe\u202eevil\u2066\x07", "choice": "B"}
    write_report(load(write_measured(Path("run"), 2, answers=answers, languages=("en", "ar"))))
    text = Path("run/report.html").read_text(encoding="utf-8")
    assert "safeevil" in text and not re.search("[\u202a-\u202e\u2066-\u2069\x00-\x08]", text)


def test_every_outcome_is_told_apart() -> None:
    answers = rows(12)
    answers["clara"][4] = row("clara", "en", 5, status="error", error="ModelTimeout", choice=None, correct=False)
    answers["clara"][5] |= {"score": 0.5, "correct": False}
    page = report(write_measured(Path("run"), answers=answers))
    shown = {cell.attributes["data-outcome"] for cell in page.css("td[data-outcome]")}
    assert shown == {"right", "wrong", "partly right", "unparsed", "refused", "abstained", "error"}
    assert "1 answer is missing after an error" in " ".join(words(page, ".warning"))
    assert words(page, ".lead")[0].startswith("No verdict on clara yet")
    assert "ModelTimeout" in one(page, "#questions").text()


def test_a_replay_says_what_it_has_not_measured() -> None:
    answers = {
        name: [
            {key: found[key] for key in ("config", "method", "language", "id", "epoch", "status", "choice", "answer",
                                         "correct", "calls")}
            for found in listed
        ]
        for name, listed in rows(6).items()
    }  # fmt: skip
    folder = write_measured(Path("replay"), 6, answers=answers)
    page = report(folder)
    assert len(page.css("figure")) == 2 and not (folder / "cost.png").exists()
    said = " ".join(words(page, ".quiet"))
    assert "Not measured: calibration, risk and coverage, agreement of drafts." in said
    assert "No value: prompt tokens; completion tokens; cost; median seconds" in said


def test_what_an_earlier_report_drew_and_this_one_cannot_is_deleted() -> None:
    folder = write_measured(Path("run"))
    report(folder)
    assert (folder / "cost.svg").exists() and (folder / "calibration.csv").exists()
    bare = [{**found, "confidence": None, "prompt_tokens": None, "cost": None} for found in rows(12)["direct"]]
    write_measured(folder, answers={"direct": bare})
    page = report(folder)
    assert not (folder / "cost.svg").exists() and not (folder / "calibration.csv").exists()
    assert words(page, ".lead")[0].startswith("Nothing is compared: direct gets")


def test_a_page_has_a_bounded_number_of_questions_and_the_table_all() -> None:
    folder = write_measured(Path("run"), 12)
    page = report(folder, questions=3)
    assert len(page.css("tbody.question")) == 3 and "3 of 12 questions are shown" in one(page, "#questions").text()
    with (folder / "questions.csv").open(encoding="utf-8", newline="") as file:
        found = list(csv.DictReader(file))
    assert len(found) == 12 * len(LANGUAGES)
    hindi = next(line for line in found if (line["id"], line["language"]) == ("7", "hi"))
    assert hindi["question"] == f"7. {TEXTS['hi'][0]}" and hindi["right answer"] == "B"
    assert (hindi["clara: answer"], hindi["clara: status"], hindi["clara: per cent right"]) == ("–", "abstained", "0.0")


def test_a_page_stays_small_however_long_the_answers_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("clara.evaluation.report.report._CHARACTERS", 200_000)
    answers = {name: [found | {"text": "long " * 5000} for found in listed] for name, listed in rows(20).items()}
    folder = write_measured(Path("run"), 20, answers=answers)
    page = report(folder)
    assert 1 <= len(page.css("tbody.question")) < 20
    assert f"{len(page.css('tbody.question'))} of 20 questions" in one(page, "#questions").text()
    assert (folder / "report.html").stat().st_size < 600_000


def test_questions_that_a_method_lost_come_in_turn_with_those_it_gained() -> None:
    answers = {
        name: [row(name, tag, number, choice="B", correct=True, score=1.0, status="ok") for tag in LANGUAGES
               for number in range(1, 7)]
        for name in ("direct", "clara")
    }  # fmt: skip

    def wrong(method: str, number: int, tags: tuple[str, ...]) -> None:
        for found in answers[method]:
            if found["id"] == str(number) and found["language"] in tags:
                found |= {"choice": "A", "correct": False, "score": 0.0}

    wrong("clara", 5, ("en", "hi"))  # lost two
    wrong("clara", 2, ("es",))  # lost one
    wrong("direct", 4, ("fr", "hi", "ar"))  # gained three
    wrong("direct", 6, ("fr",))  # gained one
    for method in answers:
        wrong(method, 3, ("zh-Hans",))  # languages differ, methods do not
    assert in_order(load(write_measured(Path("run"), 6, answers=answers))) == ["5", "4", "2", "6", "3", "1"]


def test_texts_of_a_private_dataset_are_nowhere() -> None:
    answers = {
        name: [{key: value for key, value in found.items() if key not in ("text", "drafts", "citations", "verdicts")}
               for found in listed]
        for name, listed in rows(3).items()
    }  # fmt: skip
    folder = write_measured(Path("run"), 3, answers=answers, asked=False)
    page = report(folder)
    assert "The texts of this dataset are not kept." in one(page, "#questions").text()
    assert len(page.css("tbody.question")) == 3
    for path in folder.iterdir():
        if path.suffix not in (".png", ".jsonl", ".json"):
            assert TEXTS["en"][0] not in path.read_text(encoding="utf-8"), path.name


def test_of_two_rows_for_one_answer_the_later_counts_and_a_torn_one_not_at_all() -> None:
    folder = write_measured(Path("run"), 2)
    with (folder / "records.jsonl").open("a", encoding="utf-8") as file:
        file.write(json.dumps(row("clara", "hi", 1, choice="C", correct=False, score=0.0)) + "\n")
        file.write('{"config": "0123456789ab", "method": "clara", "lang')
    marks = load(folder).answers["1", "hi"]["clara"]
    assert [(mark.choice, mark.score) for mark in marks] == [("C", 0.0)]


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("results.json", "{}", "not the results of a measurement"),
        ("results.json", '{"manifest": {}, "methods": {}, "comparisons": []}', "not the results of a measurement"),
        ("results.json", json.dumps(dict.fromkeys(
            "dataset dataset_version questions model seed created manifest comparisons".split()) | {"methods": {}}),
         "no method was measured"),
        ("records.jsonl", "[]\n", "line 1: no record"),
        ("questions.jsonl", '{"id": "1"}\n', "line 1: no question"),
        ("questions.jsonl", "\n", "line 1: no question"),
    ],
)  # fmt: skip
def test_a_damaged_file_is_named_with_its_line(name: str, content: str, reason: str) -> None:
    folder = write_measured(Path("run"), 1)
    (folder / name).write_text(content, encoding="utf-8")
    with pytest.raises(DatasetError, match=re.escape(name) + r".*" + re.escape(reason)):
        load(folder)


def test_a_run_that_has_not_ended_says_what_to_do() -> None:
    write_lines(Path("run/records.jsonl"), [row("direct", "en", 1)])
    with pytest.raises(DatasetError, match="finish it, or score what is there: clara eval score run"):
        load(Path("run"))
    with pytest.raises(DatasetError, match="holds no results yet; measure into it first"):
        load(Path("nowhere"))


def test_a_report_of_a_run_that_has_not_ended_says_so() -> None:
    folder = write_measured(Path("begun"), 2)
    path = folder / "results.json"
    path.write_text(json.dumps(json.loads(path.read_bytes()) | {"missing": 7}), encoding="utf-8")
    assert words(report(folder), ".warning") == ["This measurement is not finished: 7 answers have not been asked for."]


def test_names_of_methods_are_no_formulas_and_need_no_font_of_their_own() -> None:
    names = ("$\\frac{1}{0}$", "मेरी विधि", "<b>x</b>", "m" * 60)
    answers = {"direct": rows(4)["direct"]} | {
        name: [found | {"method": name} for found in rows(4)["clara"]] for name in names
    }
    folder = write_measured(Path("run"), 4, answers=answers)
    page = report(folder)
    labels = {node.text() for node in page.css("svg text")}
    assert {"$\\frac{1}{0}$", "method 3", "<b>x</b>", f"{'m' * 14}…{'m' * 15}"} <= labels
    assert "मेरी विधि" in one(page, "#gap table").text() and not page.css("b b, th b")


def test_a_chart_is_the_same_each_time_and_a_picture(made: tuple[Path, list[Path]]) -> None:
    folder = made[0]
    charts = draw_charts(load(folder).results, "direct")
    for chart in charts:
        assert chart.svg == (folder / f"{chart.name}.svg").read_text(encoding="utf-8")
        pixels = image.imread(folder / f"{chart.name}.png")
        assert pixels.shape[1] == 920 and pixels.std() > 0
        inside = chart.inline()
        assert "style=" not in inside and "<style" not in inside and 'fill="currentColor"' in inside
        assert f'id="{chart.name}-figure_1"' in inside and "#ffffff" not in inside


def test_without_the_extra_it_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    measured = load(write_measured(Path("run"), 1))
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(ConfigError, match=r"needs matplotlib .*clara-debias\[eval\]"):
        write_report(measured)


def test_a_folder_that_cannot_be_written_is_named() -> None:
    folder = write_measured(Path("run"), 1, languages=("en", "ar"))
    (folder / "report.html").mkdir()
    with pytest.raises(ConfigError, match="cannot write into run: Is a directory"):
        write_report(load(folder))
