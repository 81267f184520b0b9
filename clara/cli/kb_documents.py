"""The `clara kb` commands that change what the knowledge base holds."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from clara.cli.base import AsJson, open_base, print_json, show

if TYPE_CHECKING:
    from clara.knowledge import Added
    from clara.knowledge.intake import ReadProgress

_SHOWN = 20
_EXCERPT = 300


def add(
    paths: Annotated[
        list[Path],
        typer.Argument(help="PDF, HTML, Markdown, DOCX, text, CSV, JSONL, MedlinePlus or MediaWiki XML; or folders."),
    ],
    lang: Annotated[str | None, typer.Option(help="Language of the files, instead of detecting it.")] = None,
    dry_run: Annotated[bool, typer.Option(help="Read everything and say what would be done; write nothing.")] = False,
) -> None:
    """Read documents in. A file that cannot be read is named and the rest goes on; interrupted, run it again."""
    from clara.errors import KnowledgeError
    from clara.languages import canonical

    language = canonical(lang) if lang else None
    with open_base("add") as base, _reading() as progress:
        done = base.add(paths, language=language, dry_run=dry_run, progress=progress)
    if not (done.stored or done.unchanged or done.failed):
        raise KnowledgeError("no readable file there; clara kb add --help names the kinds of file it takes")
    _report(done, "would be added" if dry_run else "added")


def update(
    prune: Annotated[bool, typer.Option(help="Remove the documents of files that no longer exist.")] = False,
) -> None:
    """Read your files again where they have changed since they were added."""
    with open_base("update") as base, _reading() as progress:
        done = base.update(prune=prune, progress=progress)
    for path in done.gone:
        show(f"gone{' and removed' if prune else ''}  {path}", "yellow")
    if done.gone and not prune:
        typer.echo("clara kb update --prune removes what they gave")
    _report(done, "read again")


def terms(
    paths: Annotated[
        list[Path], typer.Argument(help="Orphanet XML, HPO translations, or a TSV with a language per column.")
    ],
) -> None:
    """Read terminologies into your glossary, beside the shipped one."""
    with open_base("terms") as base:
        count = base.add_terms(paths)
    typer.echo(f"your glossary holds {count} concepts")


def rm(document: Annotated[str, typer.Argument(help="Document id, as clara kb ls shows it.")]) -> None:
    """Remove a document."""
    with open_base("rm") as base:
        base.remove(document)
    show(f"removed {document}")


def quarantine(as_json: AsJson = False) -> None:
    """List passages that are kept and not searched, since they hold text that looks meant for a model."""
    with open_base("quarantine") as base:
        waiting = base.quarantined()
    if as_json:
        print_json(
            [
                {"id": q.id, "document": q.document, "file": q.path, "language": q.language, "flags": q.flags,
                 "text": q.text}
                for q in waiting
            ]
        )  # fmt: skip
        return
    for q in waiting:
        show(f"{q.id}  ({', '.join(q.flags)})", "bold yellow")
        show(f"  {q.path}", "dim")
        show("  " + " ".join(q.text.split())[:_EXCERPT])
    typer.echo("clara kb release ID lets one be searched" if waiting else "nothing waits in quarantine")


def release(chunk: Annotated[str, typer.Argument(help="Passage id, as clara kb quarantine shows it.")]) -> None:
    """Let a quarantined passage be searched, once you have read it."""
    with open_base("release") as base:
        base.release(chunk)
    show(f"released {chunk}")


def export(file: Annotated[Path, typer.Argument(help="Where to write it, e.g. base.zip.")]) -> None:
    """Write your documents and terms into one file, to keep or to carry elsewhere."""
    with open_base("export") as base:
        base.write_export(file)
    show(f"wrote {file}")


def import_(file: Annotated[Path, typer.Argument(help="A file that clara kb export wrote.")]) -> None:
    """Take in the documents and terms of such a file."""
    with open_base("import") as base:
        done = base.read_export(file)
    _report(done, "taken in")


def rebuild() -> None:
    """Make the vector index anew beside the old one, also for another embedder; the old one serves meanwhile."""
    with open_base("rebuild", rebuilding=True) as base, _bar() as advance:
        count = base.rebuild(lambda done, total: advance("embedding", done, total))
    typer.echo(f"rebuilt the vector index: {count} chunks")


def _report(done: Added, verb: str) -> None:
    """Say what was done; end with 1 where something failed."""
    for document in done.stored[:_SHOWN]:
        show(f"{verb} {document}")
    if len(done.stored) > _SHOWN:
        typer.echo(f"... {len(done.stored)} documents {verb}")
    if done.unchanged:
        typer.echo(f"{done.unchanged} unchanged")
    if done.removed:
        typer.echo(f"{len(done.removed)} documents removed, which their file no longer holds")
    if done.hidden:
        typer.echo(f"{done.hidden} hidden characters left out")
    if done.quarantined:
        show(f"passages in quarantine: {done.quarantined}; clara kb quarantine shows them", "yellow")
    if done.problem:
        show(f"stored without vectors, which the next opening makes: {done.problem}", "yellow", error=True)
    for _, reason in done.failed:
        show(f"failed {reason}", "red", error=True)
    if done.failed:
        raise typer.Exit(1)


@contextmanager
def _reading() -> Iterator[ReadProgress]:
    with _bar() as advance:
        yield lambda path, number, total, documents: advance(
            f"{path.name}{f' · {documents}' if documents else ''}", number, total
        )


@contextmanager
def _bar() -> Iterator[Callable[[str, int, int], None]]:
    """Show a progress bar on standard error, where that is a terminal."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    from clara.cli.render import plain

    columns = (BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), TextColumn("{task.description}"))
    console = Console(stderr=True, highlight=False)
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task("", total=None)
        yield lambda text, done, total: progress.update(
            task, completed=done, total=total, description=plain(text).markup
        )
