"""`clara eval run` and `clara eval score`: asking models, and scoring what they said again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from clara.cli.evaluation import Data, ExcludeDamaged, Languages, Seed, as_held, listed, show_missing, show_results

if TYPE_CHECKING:
    from clara.evaluation.run import Progress

INTERRUPTED = 130

Out = Annotated[Path, typer.Option(metavar="DIR", help="Its folder; a run that was begun there goes on.")]


def run(
    data: Data,
    out: Out,
    methods: Annotated[
        str, typer.Option(help="Of clara, direct, evidence, paper, rag, translate_test, vote, and ablations such as "
                          "clara_no_evidence; the first or direct is "
                          "what the others are compared with.")
    ] = "direct,clara",
    model: Annotated[
        str | None, typer.Option(metavar="PROVIDER:NAME", help="Chat model, as for clara ask; scripted, which replies "
                                 "by hash, or scripted:FILE, to try things out; default as configured.")
    ] = None,
    base_url: Annotated[str | None, typer.Option(help="Address of an OpenAI-compatible server.")] = None,
    languages: Languages = None,
    limit: Annotated[
        int | None, typer.Option(min=1, help="Ask so many questions, drawn at random; more of them later keep these.")
    ] = None,
    epochs: Annotated[int, typer.Option(min=1, help="Ask each question so often.")] = 1,
    concurrency: Annotated[
        int, typer.Option(min=1, help="Answers in the making at once; fewer while the provider asks to slow down.")
    ] = 16,
    seed: Seed = 0,
    exclude_damaged: ExcludeDamaged = False,
    engine: Annotated[
        Literal["local", "ray"], typer.Option(help="Make answers in this process, or on a Ray cluster.")
    ] = "local",
) -> None:  # fmt: skip
    """Ask a model every question with each method, and compare what comes of the gap.

    Stopped in whatever way, the same command goes on where it was: nothing is asked twice or lost. Answers that failed
    are asked again.
    """
    import asyncio

    from clara.cli.base import show
    from clara.config import load_settings
    from clara.evaluation.datasets import load_dataset
    from clara.evaluation.run import evaluate, make_plan
    from clara.languages import canonical

    tags = None if languages is None else [canonical(tag) for tag in listed(languages)]
    whole = load_dataset(data, tags or ())
    dataset = whole if tags is None else whole.only([as_held(tag, whole.languages) for tag in tags])
    plan = make_plan(
        dataset.without_damaged() if exclude_damaged else dataset, listed(methods), limit=limit, epochs=epochs,
        seed=seed, data=data, whole=whole,
    )  # fmt: skip
    settings = load_settings({"model": model, "base_url": base_url})
    try:
        with _progress() as progress:
            results = asyncio.run(
                evaluate(plan, out, settings=settings, concurrency=concurrency, engine=engine, progress=progress)
            )
    except KeyboardInterrupt:
        show(f"stopped; what was answered is in {out}, and the same command goes on from there", error=True)
        raise typer.Exit(INTERRUPTED) from None
    show_results(results)
    complete = show_missing(results)
    show(f"wrote {out / 'results.json'}")
    if not complete:
        raise typer.Exit(1)


def score(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="What run or replay wrote.")],
    data: Annotated[
        str | None, typer.Option(metavar="NAME:PATH", help="The questions, if they lie elsewhere than they did.")
    ] = None,
) -> None:
    """Score the answers in DIR again, without a model call, and write its results; also those of an unfinished run."""
    from clara.cli.base import show
    from clara.evaluation.run import rescore

    results, changed = rescore(folder, data)
    show_results(results)
    show_missing(results)
    show(f"{changed} answers are read or scored otherwise than before")
    show(f"wrote {folder / 'results.json'}")


@contextmanager
def _progress() -> Iterator[Callable[[Progress], None]]:
    """Show on standard error how far each method is in each language; in a log, a line now and then."""
    from rich.console import Console
    from rich.live import Live

    from clara.evaluation.run.screen import Screen

    console = Console(stderr=True)
    screen = Screen()
    if not console.is_terminal:
        yield lambda progress: console.print(line) if (line := screen.line(progress)) else None
        return
    # What is shown is drawn by the screen's own thread, four times a second, however many answers come in.
    with Live(screen, console=console, transient=True):
        yield screen.update
