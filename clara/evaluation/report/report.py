"""A report of one measurement: the page, its pictures, and its tables as files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from clara import __version__
from clara.evaluation.report.charts import draw_charts
from clara.evaluation.report.contents import report_tables
from clara.evaluation.report.files import write_charts, write_tables, write_text, writing
from clara.evaluation.report.load import Measured
from clara.evaluation.report.page import render, render_questions, sections
from clara.evaluation.report.questions import Shown, in_order, show, write_questions
from clara.evaluation.report.words import headline, verdict_sentence

QUESTIONS = 100
_CHARACTERS = 6_000_000  # of all questions on the page: more takes a telephone too long to lay out


def write_report(measured: Measured, *, questions: int = QUESTIONS) -> list[Path]:
    """Write report.html, the charts as PNG and SVG, and the tables as CSV, Markdown and LaTeX into the folder.

    questions: how many the page shows at most; questions.csv has all of them. Returns the paths. Raises ConfigError
    where the folder cannot be written or the extra `eval` is not installed.
    """
    results, folder = measured.results, measured.folder
    charts, tables = draw_charts(results, measured.baseline), report_tables(results)
    shown = render_questions(_shown(measured, questions), measured.languages, characters=_CHARACTERS)
    sentences = [verdict_sentence(results, found) for found in results["comparisons"]]
    page = render(
        "report.html.j2", title=title(results), subtitle=_subtitle(results), version=__version__,
        headline=headline(results), sentences=sentences, warnings=list(_warnings(results)), questions=shown,
        asked=len(measured.questions), baseline=measured.baseline, languages=measured.languages,
        methods=measured.methods, private=not measured.asked, facts=list(_facts(results)), **sections(tables, charts),
    )  # fmt: skip
    with writing(folder):
        paths = [write_text(folder / "report.html", page), *write_charts(charts, folder)]
        paths += write_tables("report", tables, folder, title(results), [headline(results)])
        write_questions(measured, folder / "questions.csv")
    return [*paths, folder / "questions.csv"]


def title(results: Mapping[str, Any]) -> str:
    """Return what a page is called."""
    return f"{results['model'] or 'no model'} on {results['dataset']}: accuracy by language"


def _shown(measured: Measured, most: int) -> Iterator[Shown]:
    chosen = in_order(measured)[:most]
    records = measured.records(set(chosen))
    for identifier in chosen:
        yield show(measured, identifier, records)


def _subtitle(results: Mapping[str, Any]) -> str:
    languages = next(iter(results["methods"].values()))["languages"]
    kind = "replay of recorded answers" if results["manifest"].get("kind") == "replay" else "run"
    return f"{results['questions']} questions in {', '.join(languages)}; {kind} of {str(results['created'])[:10]}"


def _warnings(results: Mapping[str, Any]) -> Iterator[str]:
    """Yield what a reader must know before the numbers."""
    if missing := results.get("missing"):
        answers = "1 answer has" if missing == 1 else f"{missing} answers have"
        yield f"This measurement is not finished: {answers} not been asked for."
    for name, found in results["methods"].items():
        if errors := sum(cell.get("errors") or 0 for cell in found["languages"].values()):
            answers = "answer is" if errors == 1 else "answers are"
            yield f"{name}: {errors} {answers} missing after an error; missing answers are not counted as wrong."
    for name, profile in (results["manifest"].get("profiles") or {}).items():
        if profile.get("fitted_to_these_questions"):
            yield f"{name} was fitted to these very questions; what it is worth is what `calibrated` reaches."


def _facts(results: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield what was measured with which versions and settings, a line each."""
    for key in ("model", "dataset", "dataset_version", "questions", "seed", "created"):
        yield key.replace("_", " "), str(results.get(key))
    for path, value in _flat(results["manifest"], ()):
        yield path.replace("_", " "), value


def _flat(found: Any, path: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    if isinstance(found, Mapping):
        for key, value in found.items():
            yield from _flat(value, (*path, str(key)))
    elif isinstance(found, list) and found and isinstance(found[0], Mapping):  # the sessions of a run
        for number, part in enumerate(found, 1):
            yield " · ".join((*path, str(number))), "; ".join(f"{key} {value}" for key, value in _flat(part, ()))
    elif isinstance(found, list):
        yield " · ".join(path), ", ".join(map(str, found)) or "none"
    else:
        yield " · ".join(path), "none" if found is None else str(found)
