"""`clara eval`: what a method is worth in each language, measured on questions with known answers."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from clara.evaluation.datasets import Dataset, Runs
    from clara.evaluation.replay.bar import Bar

evaluation = typer.Typer(
    no_args_is_help=True,
    help="Measure accuracy and the gap between languages, by asking models or on recorded answers.",
)

Data = Annotated[
    str, typer.Option("--data", metavar="NAME:PATH", help="Published files (see clara eval datasets), or a file of "
                      "your own with id, language, question, options, answer.")
]  # fmt: skip
Record = Annotated[
    str, typer.Option("--record", metavar="RUN", help="A run that the data hold, several between commas, all; or a "
                      "file of your own with id, language, answer and, if need be, method, run, epoch.")
]  # fmt: skip
Languages = Annotated[str | None, typer.Option(metavar="TAGS", help="Only these, e.g. en,hi,zh; default all.")]
Seed = Annotated[int, typer.Option(help="Of the bootstrap, the shuffles and the folds.")]
ExcludeDamaged = Annotated[
    bool, typer.Option("--exclude-damaged", help="Leave out questions that are damaged in one of the languages.")
]


@evaluation.command()
def datasets() -> None:
    """List the datasets: languages, sizes, licences, where each is read from."""
    from clara.cli.base import print_rich
    from clara.evaluation.datasets import DATASETS
    from clara.evaluation.tables import dataset_lines

    print_rich(dataset_lines(list(DATASETS.values())))


@evaluation.command()
def replay(
    data: Data,
    record: Record,
    methods: Annotated[
        str, typer.Option(help="Of direct, pivot:LANG, vote, reconcile, calibrated (constants fitted to the other four "
                          "fifths of the questions), profile:FILE, and the methods that your record names.")
    ] = "direct,pivot:en,vote,reconcile",
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Write records, questions and results there; of several runs, in "
                                  "a folder each.")
    ] = None,
    languages: Languages = None,
    baseline: Annotated[
        str | None, typer.Option(help="The method that the others are compared with; default direct if it is named, "
                                 "else the first.")
    ] = None,
    seed: Seed = 0,
    exclude_damaged: ExcludeDamaged = False,
) -> None:  # fmt: skip
    """Answer recorded questions with each method, without a model call, and compare what comes of the gap.

    With several runs, it also says whether each method meets the bar for English, the others, the gap and the cost.
    """
    from clara.config import load_settings
    from clara.evaluation.replay.bar import check_bar
    from clara.evaluation.replay.run import replay as replay_run
    from clara.evaluation.results import folder_name, write_questions, write_results

    dataset, runs = load_recorded(data, record, languages, exclude_damaged)
    settings, names = load_settings(), listed(methods)
    found = [
        replay_run(dataset, run, answers, methods=names, baseline=baseline, settings=settings, seed=seed)
        for run, answers in runs.items()
    ]
    written = []
    for replayed in found:
        if out is not None:
            folder = out if len(found) == 1 else out / folder_name(replayed.run)
            written += write_results(replayed.results, replayed.records, folder)
            write_questions(dataset, folder)
    for replayed in found:
        show_results(replayed.results)
        show_missing(replayed.results)
    bars = [check_bar([replayed.results for replayed in found], name) for name in dict.fromkeys(names)]
    _show_bars([bar for bar in bars if bar is not None] if len(found) > 1 else [])
    show_written(written)


def load_recorded(data: str, record: str, languages: str | None, exclude_damaged: bool) -> tuple[Dataset, Runs]:
    """Return the dataset, cut down as asked, and the runs."""
    from clara.evaluation.datasets import load_dataset, load_runs
    from clara.languages import canonical

    dataset = load_dataset(data)
    runs = load_runs(record, dataset)
    if languages is not None:
        dataset = dataset.only([as_held(canonical(tag), dataset.languages) for tag in listed(languages)])
    return dataset.without_damaged() if exclude_damaged else dataset, runs


def as_held(tag: str, held: Sequence[str]) -> str:
    """Return the tag, or the one tag of the same language in another script where only that is held."""
    same = [language for language in held if language.partition("-")[0] == tag.partition("-")[0]]
    return same[0] if tag not in held and len(same) == 1 else tag


def show_results(results: dict[str, Any]) -> None:
    from clara.cli.base import print_rich, show
    from clara.evaluation.tables import accuracy_table, comparison_table, describe_results, language_table, level_table

    show(describe_results(results), "bold")
    print_rich(accuracy_table(results))
    print_rich(level_table(results))
    if results["comparisons"]:
        print_rich(comparison_table(results))
        print_rich(language_table(results))
    profiles = results["manifest"].get("profiles") or {}  # results of an older CLARA may lack any part
    if any(profile.get("fitted_to_these_questions") for profile in profiles.values()):
        show("a profile was fitted to these very questions; what it is worth is what `calibrated` reaches", "yellow")


def show_missing(results: dict[str, Any]) -> bool:
    """Say what is missing and what was paid; tell whether all is there."""
    from clara.cli.base import show

    cells = [cell for method in results["methods"].values() for cell in method["languages"].values()]
    errors, missing = sum(cell["errors"] for cell in cells), results.get("missing", 0)
    if results["manifest"].get("kind") == "replay":  # it plans nothing and pays nothing
        advice = f"{errors} answers cannot be made, since the record lacks some; a verdict needs them all"
    else:
        advice = (
            f"{missing} answers are missing and {errors} failed: run the same command again before you compare; "
            "damaged questions, which cannot be asked, are left out with --exclude-damaged"
        )
    if missing or errors:
        show(advice, "yellow")
    for paid in results.get("usage", ()):
        tokens = f"{paid['prompt_tokens']} + {paid['completion_tokens']} tokens"
        lost = f"; {paid['lost']} replies never arrived and may have been charged" if paid["lost"] else ""
        show(f"{paid['model']}: {paid['calls']} calls, {tokens}{lost}")
    return not (missing or errors)


def _show_bars(bars: Sequence[Bar]) -> None:
    from clara.cli.base import print_rich
    from clara.evaluation.tables import bar_lines, bar_table

    for bar in bars:
        print_rich(bar_table(bar))
        for line in bar_lines(bar):
            print_rich(line)


def show_written(paths: Sequence[Path]) -> None:
    from clara.cli.base import show

    for path in paths:
        show(f"wrote {path}")


def listed(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]
