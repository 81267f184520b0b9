"""Several measurements of the same questions side by side: models, settings, or versions of CLARA."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from clara import __version__
from clara.errors import ConfigError, DatasetError
from clara.evaluation.measures import comparison_results
from clara.evaluation.records import Row, load_rows, to_table
from clara.evaluation.report.charts import draw_charts
from clara.evaluation.report.contents import accuracy_table, change_table, comparison_table, languages_of, level_table
from clara.evaluation.report.files import write_charts, write_tables, write_text, writing
from clara.evaluation.report.load import load_results
from clara.evaluation.report.page import render, sections
from clara.evaluation.report.tables import Column, Table, Value, estimate, p_value
from clara.evaluation.report.words import verdict_sentence
from clara.evaluation.results import RECORDS, RESULTS
from clara.evaluation.statistics.comparison import RESAMPLES, compare
from clara.evaluation.statistics.levels import ENGLISH
from clara.evaluation.statistics.resampling import Resampler

Results = Mapping[str, Any]


def compare_runs(folders: Sequence[Path]) -> dict[str, Any]:
    """Return the folders' results as one, in the form of results.json.

    A method is called `RUN: METHOD`, RUN being the model, or the folder where models are the same. Each run's methods
    are compared with those of the first run that have the same name, on the questions that both were asked.
    Raises DatasetError for folders that hold no results, or results on different data.
    """
    if len(folders) < 2:
        raise ConfigError("there is nothing to compare; name two folders or more")
    runs = {folder: load_results(folder) for folder in folders}
    if len(runs) < len(folders):
        raise ConfigError("a folder is named twice; name each once")
    _check_same_data(runs)
    labels = _labels(runs)
    first = folders[0]
    seed = runs[first]["seed"]
    languages = languages_of(runs[first])
    has_gap = ENGLISH in languages and len(languages) > 1
    found = {folder: load_rows(folder / RECORDS) for folder in folders}
    comparisons = [
        _compare(method, [(labels[folder], found[folder], runs[folder]) for folder in (first, other)], seed)
        for other in folders[1:]
        for method in runs[other]["methods"]
        if method in runs[first]["methods"] and has_gap
    ]
    systems = {f"{labels[f]}: {name}": (labels[f], name) for f, run in runs.items() for name in run["methods"]}
    parts = [part for run in runs.values() for part in run["methods"].values()]
    shared = ("dataset", "dataset_version", "questions", "seed", "created")
    return {
        **{key: runs[first][key] for key in shared},
        "manifest": {
            "baseline": f"{labels[first]}: {_baseline(runs[first])}", "systems": systems,
            "runs": {labels[folder]: str(folder) for folder in folders},
        },
        "methods": dict(zip(systems, parts, strict=True)),
        "comparisons": comparisons,
    }  # fmt: skip


def screen_tables(results: Results) -> list[Table]:
    """Return what a terminal has room for: a row per run and method, a column per language."""
    run, method = Column(head="run", text=True), Column(head="method", text=True)
    tags, systems = languages_of(results), results["manifest"]["systems"]
    levels: list[tuple[Value, ...]] = []
    accuracy: list[tuple[Value, ...]] = []
    for name, found in results["methods"].items():
        worst = found.get("worst") or {}
        levels.append(
            (*systems[name], found.get("mean"), estimate(found.get("gap")), worst.get("language") or None,
             worst.get("accuracy"), found.get("calls_per_question"))
        )  # fmt: skip
        cells = found["languages"]
        accuracy.append((*systems[name], *(cells[tag].get("accuracy") for tag in tags)))
    changes: list[tuple[Value, ...]] = []
    for found in results["comparisons"]:
        cells = found["per_language"]
        changes.append((*systems[found["method"]], *(cells[tag].get("diff") for tag in tags)))
        changes.append(("", "p (Holm)", *(p_value(cells[tag].get("p_holm")) for tag in tags)))
    heads = (
        Column(head="mean"), Column(head="gap", signed=True), Column(head="worst", text=True), Column(head="its"),
        Column(head="calls", digits=2),
    )  # fmt: skip
    by_language = tuple(Column(head=tag) for tag in tags)
    change_heads = (run, method, *(Column(head=tag, signed=True) for tag in tags))
    tables = (
        ("levels", "Levels: accuracy and gap", (run, method, *heads), levels),
        ("accuracy", "Accuracy by language, %", (run, method, *by_language), accuracy),
        ("changes", "Change against the first run, points", change_heads, changes),
    )
    return [Table(name=n, caption=c, columns=h, rows=tuple(r), headers=2) for n, c, h, r in tables if r]


def compared_tables(results: Results) -> list[Table]:
    """Return the tables of a comparison."""
    return [level_table(results), accuracy_table(results), comparison_table(results), change_table(results)]


def compared_title(results: Results) -> str:
    """Return what a comparison is called."""
    return f"{', '.join(results['manifest']['runs'])} on {results['dataset']}"


def write_comparison(results: Results, folder: Path) -> list[Path]:
    """Write compare.html, its charts, and its tables as CSV, Markdown and LaTeX; returns the paths.

    Raises ConfigError for a folder that holds a measurement, whose own tables would be lost, or cannot be written.
    """
    if (folder / RESULTS).exists():
        raise ConfigError(f"{folder} holds a measurement; choose another folder for the comparison")
    charts = draw_charts(results, results["manifest"]["baseline"])
    tables = compared_tables(results)
    sentences = [verdict_sentence(results, found) for found in results["comparisons"]]
    page = render(
        "compare.html.j2", title=compared_title(results), version=__version__, sentences=sentences,
        subtitle=f"{results['dataset']}, version {results['dataset_version']}", runs=results["manifest"]["runs"],
        **sections(tables, charts),
    )  # fmt: skip
    with writing(folder):
        paths = [write_text(folder / "compare.html", page), *write_charts(charts, folder)]
        paths += write_tables("compare", tables, folder, compared_title(results), sentences)
    return paths


def _check_same_data(runs: Mapping[Path, Results]) -> None:
    first, *others = runs
    for key, words in (("dataset", "data"), ("dataset_version", "versions of the data")):
        for other in others:
            if runs[first][key] != runs[other][key]:
                raise DatasetError(
                    f"{first} and {other} measure different {words}, {runs[first][key]} and {runs[other][key]}; "
                    "compare runs on the same questions"
                )
    for other in others:
        if set(languages_of(runs[first])) != set(languages_of(runs[other])):
            raise DatasetError(f"{first} and {other} measure different languages; measure both in the same ones")


def _labels(runs: Mapping[Path, Results]) -> dict[Path, str]:
    """Return what each run is called: its model, else the end of its path, else the path."""
    models = {folder: str(run["model"] or "no model") for folder, run in runs.items()}
    ends = {folder: folder.resolve().name for folder in runs}
    paths = {folder: str(folder) for folder in runs}
    return next((names for names in (models, ends) if len(set(names.values())) == len(runs)), paths)


def _baseline(run: Results) -> str:
    named = run["manifest"].get("baseline")
    return str(named) if named in run["methods"] else next(iter(run["methods"]))


def _compare(method: str, pair: Sequence[tuple[str, Sequence[Row], Results]], seed: int) -> dict[str, Any]:
    """Compare a method of two runs, each with its label and rows, on the questions that both asked in all languages."""
    labels = [label for label, _, _ in pair]
    rows = [[row for row in listed if row["method"] == method] for _, listed, _ in pair]
    asked = [{row["id"] for row in listed} for listed in rows]
    cells = {(row["id"], row["language"]) for listed in rows for row in listed}  # what one of them lacks is missing
    languages = languages_of(pair[0][2])
    shared = [identifier for identifier in dict.fromkeys(row["id"] for row in rows[0]) if identifier in asked[1]]
    questions = [identifier for identifier in shared if all((identifier, tag) in cells for tag in languages)]
    if not questions:
        raise DatasetError(f"{labels[0]} and {labels[1]} have no question in common; measure the same ones")
    epochs = [run["manifest"].get("epochs", 1) for _, _, run in pair]
    tables = [to_table(listed, questions, languages, epochs=n) for listed, n in zip(rows, epochs, strict=True)]
    several = max(len({row["epoch"] for row in listed}) for listed in rows)
    resampler = Resampler(len(questions), RESAMPLES, seed)
    compared = compare(tables[0], tables[1], languages, resampler=resampler, seed=seed, epochs=several)
    return comparison_results(f"{labels[0]}: {method}", f"{labels[1]}: {method}", compared)
