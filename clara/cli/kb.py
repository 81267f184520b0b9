"""`clara kb`: what the knowledge base holds, and how it answers a search."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from clara.knowledge import KnowledgeBase

kb = typer.Typer(no_args_is_help=True, help="Look into the knowledge base, and add documents of your own.")
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@kb.command()
def add(
    paths: Annotated[list[Path], typer.Argument(help="Markdown or text files, or folders of them.")],
    lang: Annotated[str | None, typer.Option(help="Language of the files, instead of detecting it.")] = None,
) -> None:
    """Read documents in. A file that cannot be read is named and the rest goes on."""
    from rich.console import Console

    from clara.cli.render import plain
    from clara.errors import KnowledgeError
    from clara.languages import canonical

    language = canonical(lang) if lang else None
    console, errors = Console(highlight=False), Console(stderr=True, highlight=False)
    with _open("add") as base, errors.status("reading") as status:
        done = base.add(paths, language=language, progress=lambda path: status.update(plain(path)))
    for document in done.stored:
        console.print("added", plain(document, "bold"))
    for document in done.unchanged:
        console.print("unchanged", plain(document))
    for _, reason in done.failed:
        errors.print("failed", plain(reason, "red"), soft_wrap=True)
    if not done.stored and not done.unchanged and not done.failed:
        raise KnowledgeError("no readable file there; clara kb add takes .md and .txt files and folders of them")
    if done.failed:
        raise typer.Exit(1)


@kb.command()
def terms(
    paths: Annotated[
        list[Path], typer.Argument(help="Orphanet XML, HPO translations, or a TSV with a language per column.")
    ],
) -> None:
    """Read terminologies into your glossary, beside the shipped one."""
    with _open("terms") as base:
        count = base.add_terms(paths)
    typer.echo(f"your glossary holds {count} concepts")


@kb.command()
def rm(document: Annotated[str, typer.Argument(help="Document id, as clara kb ls shows it.")]) -> None:
    """Remove a document."""
    with _open("rm") as base:
        base.remove(document)
    typer.echo(f"removed {document}")


@kb.command()
def ls(as_json: AsJson = False) -> None:
    """List the documents."""
    with _open("ls") as base:
        documents = base.store.documents()
    if as_json:
        _json(documents)
        return
    from rich.table import Table

    from clara.cli.render import plain

    table = Table("document", "title", "language", "origin", "trust", box=None)
    for title in ("chunks", "words"):
        table.add_column(title, justify="right")
    for d in documents:
        cells = [plain(str(d[key])) for key in ("id", "title", "language", "origin", "trust", "chunks", "words")]
        table.add_row(*cells)
    _print(table)


@kb.command()
def show(document: Annotated[str, typer.Argument(help="Document id, as clara kb ls shows it.")]) -> None:
    """Show one document, chunk by chunk."""
    from rich.panel import Panel

    from clara.cli.render import OPEN, plain

    with _open("show") as base:
        passages = base.document(document)
    for p in passages:
        title = plain(f"{p.id} · {p.section}" if p.section else p.id)
        _print(Panel(plain(p.text), title=title, title_align="left", border_style="blue", box=OPEN))
    _print(plain(passages[0].source, "dim"))


@kb.command()
def search(
    query: Annotated[str, typer.Argument(help="What to look for, in any language.")],
    lang: Annotated[str, typer.Option(help="Language of the query: auto or a BCP 47 tag.")] = "auto",
    k: Annotated[int, typer.Option("-k", "--k", min=1, max=50, help="Passages wanted.")] = 6,
    explain: Annotated[bool, typer.Option(help="Show which list put each passage where it is.")] = False,
    as_json: AsJson = False,
) -> None:
    """Search, in the query's language and across languages."""
    from clara.engine import make_question

    question = make_question(query, language=lang)
    with _open("search") as base:
        result = base.search(question.text, question.language, k=k)
    if as_json:
        _json(
            [
                {"id": e.passage.id, "score": e.score, "rank": e.rank, "language": e.passage.language,
                 "title": e.passage.title, "section": e.passage.section, "text": e.passage.text,
                 "source": e.passage.source, "group": e.passage.group, "origins": dict(e.origins)}
                for e in result.evidence
            ]
        )  # fmt: skip
        return
    from rich.panel import Panel
    from rich.text import Text

    from clara.cli.render import OPEN, plain

    if explain:
        for language, words in result.queries.items():
            _print(Text.assemble((f"{language}: ", "bold"), plain(words)))
    for e in result.evidence:
        title = plain(f"{e.rank} · {e.score:.2f} · {e.passage.title} · {e.passage.section} ({e.passage.language})")
        origins = ", ".join(f"{name} #{rank}" for name, rank in e.origins.items())
        subtitle = plain(f"{e.passage.id} · {origins}") if explain else plain(e.passage.id)
        _print(
            Panel(
                plain(e.passage.text),
                title=title,
                title_align="left",
                subtitle=subtitle,
                subtitle_align="left",
                box=OPEN,
            )
        )
    if not result.evidence:
        _print(Text("nothing passed the evidence gate", "yellow"))
    for e in result.rejected[:3] if explain or not result.evidence else ():
        _print(plain(f"below the gate: {e.score:.2f} · {e.passage.id}", "dim"))


@kb.command()
def stats(as_json: AsJson = False) -> None:
    """Count documents, chunks and words per language."""
    with _open("stats") as base:
        documents = base.store.documents()
        concepts = len(base.glossary.concepts)
    table: dict[str, dict[str, int]] = {}
    for d in documents:
        row = table.setdefault(str(d["language"]), {"documents": 0, "chunks": 0, "words": 0})
        row["documents"] += 1
        row["chunks"] += int(str(d["chunks"]))
        row["words"] += int(str(d["words"]))
    if as_json:
        _json({"languages": table, "glossary_concepts": concepts})
        return
    from rich.table import Table

    shown = Table("language", box=None)
    for title in ("documents", "chunks", "words"):
        shown.add_column(title, justify="right")
    for language in sorted(table):
        shown.add_row(language, *(str(table[language][key]) for key in ("documents", "chunks", "words")))
    _print(shown)
    _print(f"{concepts} glossary concepts")


@kb.command()
def verify() -> None:
    """Compare the stored chunks with the vector index."""
    with _open("verify") as base:
        check = base.verify()
    if check.sound:
        typer.echo("sound: every chunk has its vector")
        return
    for what, found in (("without a vector", check.missing), ("vectors without a chunk", check.extra)):
        for language, count in found.items():
            typer.echo(f"{language}: {count} {what}")
    typer.echo("clara kb rebuild mends this")
    raise typer.Exit(1)


@kb.command()
def rebuild() -> None:
    """Make the vector index anew from the stored chunks."""
    with _open("rebuild") as base:
        count = base.rebuild()
    typer.echo(f"rebuilt the vector index: {count} chunks")


@contextmanager
def _open(command: str) -> Iterator[KnowledgeBase]:
    from clara.config import load_settings
    from clara.knowledge import KnowledgeBase
    from clara.resources import data_folder

    settings = load_settings()
    shipped = data_folder("knowledge_base", settings.kb_dir)
    base = KnowledgeBase(
        settings.home / "knowledge",
        shipped,
        search=settings.search,
        purpose=f"clara kb {command}",
        notify=lambda notice: typer.echo(notice, err=True),
    )
    with base:
        yield base


def _json(value: Any) -> None:
    sys.stdout.write(json.dumps(value, ensure_ascii=False, indent=2) + "\n")


def _print(renderable: Any) -> None:
    from rich.console import Console

    Console(highlight=False).print(renderable)
