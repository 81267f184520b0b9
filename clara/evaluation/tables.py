"""Results of accuracy as tables for a terminal. Names in them come from files: no markup is read from them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from clara.evaluation.datasets import Published
from clara.evaluation.replay.bar import Bar
from clara.evaluation.replay.calibrate import Profile
from clara.evaluation.report.tables import Column, estimate, number, p_value
from clara.evaluation.results import REPLAY
from clara.evaluation.retrieval import belebele, clirudit, xquad
from clara.text import clean

if TYPE_CHECKING:
    from rich.table import Table
    from rich.text import Text


def describe_results(results: Mapping[str, Any]) -> str:
    """Return in one line what was measured."""
    languages = len(next(iter(results["methods"].values()))["languages"])
    return (
        f"{results['model']} on {results['dataset']}: {results['questions']} questions in "
        f"{languages} {'language' if languages == 1 else 'languages'}; 95% intervals over questions; "
        f"seed {results['seed']}"
    )


def accuracy_table(results: Mapping[str, Any]) -> Table:
    """Return per cent right with its interval, a row per language and a column per method."""
    methods = results["methods"]
    table = _table("language", *methods)
    for tag in next(iter(methods.values()))["languages"]:
        cells = [_with_interval(found["languages"][tag], "accuracy") for found in methods.values()]
        table.add_row(tag, *cells)
    return table


def level_table(results: Mapping[str, Any]) -> Table:
    """Return each method's mean, gap, worst language, range beside its mean without a language effect, and drafts."""
    used = "drafts" if results["manifest"].get("kind") == REPLAY else "calls"
    table = _table("method", "mean", "gap", "worst", "range (by chance)", used)
    for name, found in results["methods"].items():
        worst, gap = found["worst"], found["gap"]
        parity = ", parity" if gap.get("parity") else ""
        table.add_row(
            _plain(name), number(found["mean"]), _with_interval(gap, "value", signed=True) + parity,
            f"{worst['language']} {number(worst['accuracy'])}",
            f"{number(found['range'])} ({number(found['range_null_mean'])})",
            number(found["calls_per_question"], digits=2),
        )  # fmt: skip
    return table


def comparison_table(results: Mapping[str, Any]) -> Table:
    """Return what each method changed against the baseline, and the verdict in words."""
    baseline = results["comparisons"][0]["baseline"]
    table = _table(f"against {baseline}", "gap reduced by", "p", "others", "English", "was worst", "verdict")
    for found in results["comparisons"]:
        reduction, worst = found["gap_reduction"], found.get("worst_at_baseline") or {}
        table.add_row(
            _plain(found["method"]), _with_interval(reduction, "value", signed=True), p_value(reduction["p"]),
            _with_interval(found["lift_others"], "value", signed=True),
            _with_interval(found["change_english"], "value", signed=True),
            f"{worst.get('language', '')} {number(worst.get('diff'), signed=True)}", _verdict(found["verdict"]),
        )  # fmt: skip
    return table


def language_table(results: Mapping[str, Any]) -> Table:
    """Return each language's change against the baseline with its p, adjusted for the number of languages (Holm)."""
    comparisons = results["comparisons"]
    table = _table("change (p)", *(found["method"] for found in comparisons))
    for tag in comparisons[0]["per_language"]:
        changes = [found["per_language"][tag] for found in comparisons]
        table.add_row(tag, *(f"{number(c['diff'], signed=True)} ({p_value(c['p_holm'])})" for c in changes))
    return table


def bar_table(bar: Bar) -> Table:
    """Return what a method reaches on each run and whether it meets the conditions."""
    table = _table(f"{bar.method}, by run", "English", "others", "gap", "drafts", "verdict")
    for reached in bar.runs:
        table.add_row(
            _plain(reached.run), number(reached.change_english, signed=True),
            number(reached.lift_others, signed=True), number(reached.gap, signed=True),
            number(reached.drafts, digits=2), _verdict(reached.verdict),
        )  # fmt: skip
    return table


def bar_lines(bar: Bar) -> list[Text]:
    """Return a line per condition: whether it is met, and the value that decides."""
    from rich.text import Text

    return [
        Text.assemble(
            ("met     ", "green") if condition.met else ("not met ", "red"), condition.words, f": {condition.value:.2f}"
        )
        for condition in bar.conditions
    ]


def profile_table(profile: Profile) -> Table:
    """Return what decides in each language and the paired gain over the English draft that it was chosen for."""
    table = _table(profile.run, "decides", "gain", "standard error")
    words = {"english": "the English draft", "native": "the native draft", "open": "the reconciler"}
    for tag, switch in profile.languages.items():
        table.add_row(tag, words[switch.rule], number(switch.gain, signed=True), number(switch.se))
    return table


def dataset_lines(datasets: Sequence[Published]) -> Text:
    """Return the datasets that can be named, a few lines each; those without a path ship or come from the hub."""
    from rich.text import Text

    shown = Text()
    for found in datasets:
        shown.append(found.name + ("" if found.shipped else "[:PATH]" if found.hub else ":PATH") + "\n", "bold")
        shown.append(f"  {found.what}\n  questions: {found.size}; languages: {found.languages}\n")
        shown.append(f"  published as {found.source}; licence {found.licence}\n  PATH holds {found.read_from}\n")
    for name, module, what in (
        ("belebele", belebele, "passages and questions in 122 languages"),
        ("xquad", xquad, "240 paragraphs and 1,190 questions in 11 languages"),
        ("clirudit", clirudit, "English queries and French abstracts"),
    ):
        shown.append(f"{name}:PATH, for clara kb eval\n", "bold")
        shown.append(f"  {what}\n  published as {module.SOURCE}; licence {module.LICENCE}\n")
    shown.append("FILE.jsonl, .csv, .tsv, .parquet\n", "bold")
    shown.append("  your own: id, language, question, options (a list or A=...|B=...), answer, and tags if you like")
    return shown


def _table(first: str, *columns: str) -> Table:
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    table.add_column(_plain(first), overflow="fold")
    for name in columns:
        table.add_column(_plain(name), overflow="fold")
    return table


def _plain(text: str) -> Text:
    from rich.text import Text

    return Text(clean(text))


def _verdict(words: str) -> Text:
    from rich.text import Text

    return Text(words, style={"win": "green", "levelled down": "red", "wider": "red"}.get(words, "yellow"))


def _with_interval(found: Mapping[str, Any], key: str, *, signed: bool = False) -> str:
    return Column(head="", signed=signed).show(estimate(found, key))
