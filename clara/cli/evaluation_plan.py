"""`clara eval plan` and `clara eval tokens`: what a measurement needs, and what a language costs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from clara.cli.base import AsJson
from clara.cli.evaluation import Data, Languages, Seed, as_held, listed

if TYPE_CHECKING:
    from clara.evaluation.datasets import Dataset
    from clara.evaluation.pilot import Planned
    from clara.evaluation.statistics.tokens import Premium


def plan(
    data: Data,
    effect: Annotated[float, typer.Option(min=0.1, max=100, help="Points that are worth finding.")] = 5.0,
    power: Annotated[float, typer.Option(min=0.5, max=0.999, help="Chance to find them if they are there.")] = 0.8,
    alpha: Annotated[float, typer.Option(min=0.0001, max=0.5, help="Chance to find what is not, two-sided.")] = 0.05,
    pilot: Annotated[
        Path | None, typer.Option(metavar="DIR", help="A measurement to take the variances from, instead of assuming.")
    ] = None,
    methods: Annotated[
        int, typer.Option(min=1, help="How many are measured; all but the first are compared with it.")
    ] = 2,
    languages: Languages = None,
    as_json: AsJson = False,
) -> None:
    """Say how many questions a gap and its reduction need, and what effect the data can show at the least."""
    from dataclasses import asdict

    from clara.cli.base import print_json
    from clara.evaluation.pilot import (
        parallel_questions,
        plan_measurement,
        read_records,
        spreads_assumed,
        spreads_measured,
    )
    from clara.evaluation.statistics.plan import Design

    dataset = _load(data, languages)
    questions, others = parallel_questions(dataset), len(dataset.languages) - 1
    spreads = spreads_assumed(others) if pilot is None else spreads_measured(read_records(pilot))
    design = Design(power=power, alpha=alpha, comparisons=max(1, methods - 1))
    planned = list(plan_measurement(spreads, questions, effect=effect, design=design))
    about = {
        "dataset": dataset.name, "questions": questions, "languages": list(dataset.languages), "methods": methods,
        "effect": effect, "power": power, "alpha": alpha, "pilot": None if pilot is None else str(pilot),
    }  # fmt: skip
    if as_json:
        print_json({**about, "contrasts": [asdict(row) for row in planned]})
    else:
        _show_plan(about, planned)


def tokens(
    data: Annotated[
        str | None, typer.Option("--data", metavar="NAME:PATH", help="Count the text of these questions.")
    ] = None,
    run: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Count what the calls of a measurement used, instead of a text.")
    ] = None,
    tokenizer: Annotated[
        str, typer.Option(metavar="NAME", help="For --data: a tiktoken encoding, or a model's tokenizer.json.")
    ] = "o200k_base",
    model: Annotated[
        str | None, typer.Option(metavar="NAME", help="Whose price per token, from the settings; default the model's.")
    ] = None,
    languages: Languages = None,
    seed: Seed = 0,
    as_json: AsJson = False,
) -> None:
    """Say how many tokens each language takes for the same questions, relative to English, and at what price."""
    from clara.errors import ConfigError

    if (data is None) == (run is None):
        raise ConfigError("give either --data, to count its text, or --run, to count what a measurement used")
    if data is not None:
        found = {tokenizer: _of_text(data, languages, tokenizer, seed)}
        prices = _prompt_price(model)
    else:
        assert run is not None
        found, prices = _of_usage(run, languages, seed), None
    if as_json:
        _print_premiums(found, prices)
    else:
        _show_premiums(found, prices)


def _of_text(data: str, languages: str | None, tokenizer: str, seed: int) -> dict[str, Premium]:
    """Return each language's premium for the questions and options as they stand."""
    from clara.evaluation.statistics.tokens import measure_premium
    from clara.evaluation.tokenizer import count_items, load_tokenizer

    dataset = _load(data, languages)
    return measure_premium(count_items(dataset, load_tokenizer(tokenizer)), dataset.languages, seed=seed)


def _of_usage(run: Path, languages: str | None, seed: int) -> dict[str, dict[str, Premium]]:
    """Return method -> premium by language of what calls used. Raises DatasetError where no usage was recorded."""
    from clara.errors import DatasetError
    from clara.evaluation.pilot import read_records
    from clara.evaluation.statistics.summary import usage_premium

    rows = read_records(run)
    if languages is not None:
        kept = _tags(languages, list(dict.fromkeys(row["language"] for row in rows)))
        rows = [row for row in rows if row["language"] in kept]
    names = dict.fromkeys(row["method"] for row in rows)
    found = {name: usage_premium([row for row in rows if row["method"] == name], seed=seed) for name in names}
    if not any(found.values()):
        raise DatasetError(f"{run}: records no tokens in English to compare with; a replay has none, a run with "
                           "a model has")  # fmt: skip
    return {name: premiums for name, premiums in found.items() if premiums}


def _prompt_price(model: str | None) -> float | None:
    """Return the price of a million prompt tokens, None where the settings have none.

    Raises ConfigError for a model that was named and has none.
    """
    from clara.config import load_settings
    from clara.errors import ConfigError

    settings = load_settings()
    name = model or settings.model
    by_name = {known.partition(":")[2] or known: price for known, price in settings.prices.items()}
    price = by_name.get(name.partition(":")[2] or name)
    if price is None and model is not None:
        raise ConfigError(f"no price of {model[:60]}: set prices for it in clara.toml")
    return None if price is None else price[0]


def _load(data: str, languages: str | None) -> Dataset:
    from clara.evaluation.datasets import load_dataset
    from clara.languages import canonical

    wanted = [] if languages is None else [canonical(tag) for tag in listed(languages)]
    dataset = load_dataset(data, wanted)
    return dataset if languages is None else dataset.only(_tags(languages, dataset.languages))


def _tags(languages: str, held: Sequence[str]) -> list[str]:
    from clara.languages import canonical

    return [as_held(canonical(tag), held) for tag in listed(languages)]


def _show_plan(about: Mapping[str, Any], planned: Sequence[Planned]) -> None:
    from clara.cli.base import print_rich, show
    from clara.evaluation.statistics.plan import ACCURACY, CORRELATION, GAP_CORRELATION

    tests = max(1, about["methods"] - 1)
    show(
        f"{about['dataset']}: {about['questions']} questions asked in each of {len(about['languages'])} languages; "
        f"{100 * about['power']:g}% power, {100 * about['alpha']:g}% two-sided"
        + (f" over {tests} comparisons" if tests > 1 else ""),
        "bold",
    )
    several = any(row.epochs > 1 for row in planned)
    heads = ["what is measured", *(["epochs"] if several else []), "sd per question"]
    table = _table(*heads, f"questions for {about['effect']:g} points", f"smallest with {about['questions']}")
    for row in planned:
        table.add_row(
            _plain(row.contrast), *([str(row.epochs)] if several else []), f"{row.deviation:.1f}",
            "-" if row.needed is None else f"{row.needed:,}", "-" if row.smallest is None else f"{row.smallest:.1f}",
        )  # fmt: skip
    print_rich(table)
    if about["pilot"] is None:
        show(
            f"Assumed: {100 * ACCURACY:g}% right, correctness correlated by {CORRELATION:g} between languages, gaps by "
            f"{GAP_CORRELATION:g} between methods, one epoch. With --pilot DIR the variances are measured.",
            "dim",
        )
    else:
        never = any(row.needed is None for row in planned)
        unplanned = " What is the same for all of its questions plans nothing." if never else ""
        show(f"Variances from the records in {about['pilot']}.{unplanned}", "dim")


def _print_premiums(found: Mapping[str, Mapping[str, Premium]], price: float | None) -> None:
    from dataclasses import asdict

    from clara.cli.base import print_json

    print_json(
        {
            name: {tag: asdict(premium) | {"cost_per_1000": _cost(premium, price)} for tag, premium in premiums.items()}
            for name, premiums in found.items()
        }
    )


def _show_premiums(found: Mapping[str, Mapping[str, Premium]], price: float | None) -> None:
    from clara.cli.base import print_rich, show
    from clara.evaluation.tiers import tier

    for name, premiums in found.items():
        costs = [] if price is None else ["prompt cost of 1,000"]
        table = _table(name, "text in it", "tokens a question", "of English", "95% interval", *costs)
        for tag, premium in premiums.items():
            low, high = premium.interval
            table.add_row(
                tag, tier(tag) or "-", f"{premium.tokens_per_question:.1f}", f"{premium.value:.2f}",
                f"{low:.2f} to {high:.2f}", *(f"{cost:.4f}" for cost in [_cost(premium, price)] if cost is not None),
            )  # fmt: skip
        print_rich(table)
    show("Questions asked in English too; a ratio of sums, its interval by the bootstrap over questions.", "dim")


def _cost(premium: Premium, price: float | None) -> float | None:
    """Return what a thousand questions cost as a prompt; price: of a million tokens."""
    return None if price is None else 1000 * premium.tokens_per_question * price / 1e6


def _table(first: str, *columns: str) -> Any:
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    table.add_column(_plain(first), overflow="fold")
    for name in columns:
        table.add_column(name, justify="right", overflow="fold")
    return table


def _plain(text: str) -> Any:
    from clara.cli.render import plain

    return plain(text)
