"""The `clara` command and its exit codes.

0 done or answered, 1 failed, 2 bad usage or configuration, 3 abstained, 130 interrupted.
Imports of the engine, Chroma and LangChain happen inside the commands: help must be quick.
"""

from __future__ import annotations

import gc
import io
import sys
from typing import Annotated

import typer

from clara.cli.base import MethodName
from clara.cli.chat import chat
from clara.cli.evaluation import evaluation
from clara.cli.evaluation_calibrate import calibrate
from clara.cli.evaluation_plan import plan, tokens
from clara.cli.evaluation_report import compare, report
from clara.cli.evaluation_run import run, score
from clara.cli.kb import kb
from clara.cli.mcp import mcp
from clara.cli.serve import serve
from clara.cli.setup import doctor, init
from clara.errors import ClaraError, ConfigError

app = typer.Typer(
    name="clara",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Answer a medical question in any language as well as in the language the model knows best.",
    epilog="Without a model configured, answers quote the shipped knowledge base. "
    "This is information, not medical advice.",
)
app.add_typer(kb, name="kb")
app.add_typer(evaluation, name="eval")
evaluation.command()(run)
evaluation.command()(score)
evaluation.command()(calibrate)
evaluation.command()(plan)
evaluation.command()(tokens)
evaluation.command()(report)
evaluation.command()(compare)
app.command()(chat)
app.command()(serve)
app.command()(mcp)
app.command()(doctor)
app.command()(init)

ABSTAINED = 3


def _version(wanted: bool) -> None:
    if wanted:
        from clara import __version__

        typer.echo(f"clara {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    del version


@app.command()
def ask(
    question: Annotated[str, typer.Argument(help="The question; - reads it from standard input.")],
    lang: Annotated[
        str, typer.Option(help="Language to answer in: auto, or a BCP 47 tag such as hi or zh-Hans.")
    ] = "auto",
    option: Annotated[
        list[str] | None, typer.Option(metavar="A=TEXT", help="One choice of a multiple-choice question; repeat it.")
    ] = None,
    model: Annotated[
        str | None, typer.Option(metavar="PROVIDER:NAME", help="Chat model, e.g. openai:gpt-5; or evidence for none.")
    ] = None,
    base_url: Annotated[str | None, typer.Option(help="Address of an OpenAI-compatible server.")] = None,
    method: MethodName = None,
    country: Annotated[str | None, typer.Option(help="Where the asker is, for answers that depend on it.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the answer and its whole record as JSON.")] = False,
    explain: Annotated[bool, typer.Option(help="Show drafts, evidence, verdicts, the decision and the cost.")] = False,
) -> None:
    """Ask one question and get one reconciled answer with its evidence."""
    from clara.cli.ask import ask_once

    answer = ask_once(
        _stdin() if question == "-" else question,
        language=lang,
        options=_options(option or []),
        overrides={"model": model, "base_url": base_url, "method": method, "country": country},
        as_json=as_json,
        explain=explain,
    )
    if answer.abstained:
        raise typer.Exit(ABSTAINED)


def _stdin() -> str:
    try:
        return sys.stdin.buffer.read().decode("utf-8")
    except UnicodeDecodeError as error:
        raise ConfigError(f"standard input is not UTF-8 text (byte {error.start}); convert it first") from None


def _options(given: list[str]) -> dict[str, str]:
    options: dict[str, str] = {}
    for item in given:
        label, equals, text = item.partition("=")
        if not equals or not label.strip():
            raise ConfigError(f"--option {item[:40]!r}: write LABEL=TEXT, e.g. --option A=cataract")
        if label.strip() in options:
            raise ConfigError(f"two options are labelled {label.strip()!r}; labels must differ")
        options[label.strip()] = text
    return options


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and leave with its exit code."""
    # Libraries make hundreds of thousands of objects that stay; looking through them for garbage takes 0.2 s and more.
    gc.set_threshold(50_000)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a pipe may have been given an encoding without Hindi in it
            stream.reconfigure(encoding="utf-8")
    try:
        app(args=arguments)
    except ClaraError as error:
        from clara.cli.render import print_error

        print_error(error)
        sys.exit(2 if isinstance(error, ConfigError) else 1)
