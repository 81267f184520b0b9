"""`clara kb`: what the knowledge base holds, and how it answers a search."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from clara.cli import kb_documents
from clara.cli.base import AsJson, open_base, print_json, print_rich, show
from clara.cli.kb_eval import evaluate

if TYPE_CHECKING:
    from clara.knowledge import SearchResult
    from clara.types import Evidence

kb = typer.Typer(no_args_is_help=True, help="Look into the knowledge base, and add documents of your own.")
kb.command()(kb_documents.add)
kb.command()(kb_documents.update)
kb.command()(kb_documents.rm)
kb.command()(kb_documents.terms)


@kb.command()
def ls(
    own: Annotated[bool, typer.Option(help="Only your own documents.")] = False,
    lang: Annotated[str | None, typer.Option(help="Only those in this language.")] = None,
    as_json: AsJson = False,
) -> None:
    """List the documents, your own first."""
    from clara.languages import canonical

    language = canonical(lang) if lang else None
    with open_base("ls") as base:
        documents = [
            d
            for d in base.store.documents()
            if (not own or d["origin"] == "user") and language in (None, d["language"])
        ]
    documents.sort(key=lambda d: d["origin"] != "user")
    if as_json:
        print_json(documents)
        return
    from rich.table import Table

    from clara.cli.render import plain

    table = Table(box=None)
    table.add_column("document", overflow="fold")  # an ellipsis would hide what the other commands ask for
    for title in ("title", "language", "trust"):
        table.add_column(title, overflow="fold")
    for title in ("chunks", "quarantined", "words"):
        table.add_column(title, justify="right")
    for d in documents:
        keys = ("id", "title", "language", "trust", "chunks", "quarantined", "words")
        table.add_row(*(plain(str(d[key])) for key in keys))
    print_rich(table)


@kb.command(name="show")
def show_document(document: Annotated[str, typer.Argument(help="Document id, as clara kb ls shows it.")]) -> None:
    """Show one document, chunk by chunk."""
    from rich.panel import Panel

    from clara.cli.render import OPEN, plain

    with open_base("show") as base:
        passages = base.document(document)
    for p in passages:
        title = plain(f"{p.id} · {p.section}" if p.section else p.id)
        print_rich(Panel(plain(p.text), title=title, title_align="left", border_style="blue", box=OPEN))
    print_rich(plain(passages[0].source, "dim"))


@kb.command()
def search(
    query: Annotated[str, typer.Argument(help="What to look for, in any language.")],
    lang: Annotated[str, typer.Option(help="Language of the query: auto or a BCP 47 tag.")] = "auto",
    k: Annotated[int, typer.Option("-k", "--k", min=1, max=50, help="Passages wanted.")] = 6,
    policy: Annotated[
        str | None, typer.Option(help="How languages share the places: balanced, equal, query-first or none.")
    ] = None,
    live: Annotated[bool, typer.Option(help="Ask the configured live sources too; they see the query.")] = False,
    explain: Annotated[bool, typer.Option(help="Show why each passage is where it is.")] = False,
    as_json: AsJson = False,
) -> None:
    """Search, in the query's language and across languages."""
    from clara.engine import make_question

    question = make_question(query, language=lang)
    with open_base("search", overrides={"search": {"policy": policy}} if policy else {}) as base:
        result = base.search(question.text, question.language, k=k)
    found = _ask_live(question.text, question.language) if live else []
    if as_json:
        print_json([_as_json(e) for e in (*result.evidence, *found)])
        return
    from clara.cli.render import plain

    for problem in result.problems:
        print_rich(plain(problem, "yellow"))
    _show_result(result, found, explain=explain)


def _ask_live(query: str, language: str) -> list[Evidence]:
    import asyncio

    from clara.config import load_settings
    from clara.errors import ConfigError
    from clara.knowledge.live import build_retrievers, search_live

    settings = load_settings()
    retrievers = build_retrievers(settings.live, settings.home)
    if not retrievers:
        raise ConfigError("no live source is named; set live.sources, e.g. CLARA_LIVE__SOURCES='[\"pubmed\"]'")

    async def ask() -> tuple[list[Evidence], list[str]]:
        try:
            return await search_live(retrievers, {language: query}, settings.live.k)
        finally:
            for retriever in retrievers:
                await retriever.aclose()

    found, problems = asyncio.run(ask())
    for problem in problems:
        show(problem, "yellow", error=True)
    return found


def _as_json(e: Evidence) -> dict[str, object]:
    return {
        "id": e.passage.id, "score": e.score, "rank": e.rank, "language": e.passage.language,
        "title": e.passage.title, "section": e.passage.section, "text": e.passage.text, "source": e.passage.source,
        "group": e.passage.group, "origins": dict(e.origins), "signals": dict(e.signals), "place": e.place,
    }  # fmt: skip


def _show_result(result: SearchResult, found: Sequence[Evidence], *, explain: bool) -> None:
    from rich.console import Group
    from rich.panel import Panel
    from rich.text import Text

    from clara.cli.render import OPEN, plain

    if explain:
        for language, words in result.queries.items():
            print_rich(Text.assemble((f"{language}: ", "bold"), plain(words)))
    for e in (*result.evidence, *found):
        heading = " · ".join(part for part in (e.passage.title, e.passage.section) if part)
        shown = [plain(e.passage.text)]
        if explain:
            shown += [plain(line, "dim") for line in _why(e)]
        print_rich(
            Panel(
                Group(*shown),
                title=plain(f"{e.rank} · {e.score:.2f} · {heading} ({e.passage.language})"),
                title_align="left",
                subtitle=plain(e.passage.id),
                subtitle_align="left",
                box=OPEN,
            )
        )
    if not result.evidence:
        print_rich(Text("nothing passed the evidence gate", "yellow"))
    for e in result.rejected[:3] if explain or not result.evidence else ():
        print_rich(plain(f"below the gate: {e.score:.2f} · {e.passage.id}", "dim"))
        for line in _why(e)[1:] if explain else ():
            print_rich(plain(f"    {line}", "dim"))


def _why(e: Evidence) -> list[str]:
    """Say what put a passage where it is: its place, what its score is made of, and the lists that held it."""
    signals = ", ".join(f"{name} {value:.2f}" for name, value in e.signals.items())
    lists = ", ".join(f"{name} #{rank}" for name, rank in e.origins.items())
    return [f"place: {e.place}"] * bool(e.place) + [f"score: {signals}"] * bool(signals) + [f"found by: {lists}"]


@kb.command()
def stats(as_json: AsJson = False) -> None:
    """Count documents, chunks and words per language."""
    with open_base("stats") as base:
        documents = base.store.documents()
        concepts = len(base.glossary.concepts)
    table: dict[str, dict[str, int]] = {}
    for d in documents:
        row = table.setdefault(str(d["language"]), {"documents": 0, "chunks": 0, "words": 0})
        row["documents"] += 1
        row["chunks"] += int(str(d["chunks"]))
        row["words"] += int(str(d["words"]))
    if as_json:
        print_json({"languages": table, "glossary_concepts": concepts})
        return
    from rich.table import Table

    shown = Table("language", box=None)
    for title in ("documents", "chunks", "words"):
        shown.add_column(title, justify="right")
    for language in sorted(table):
        shown.add_row(language, *(str(table[language][key]) for key in ("documents", "chunks", "words")))
    print_rich(shown)
    print_rich(f"{concepts} glossary concepts")


@kb.command()
def verify() -> None:
    """Compare the stored chunks with the vector index, and search for a sample of them."""
    with open_base("verify") as base:
        check = base.verify()
    if check.sound:
        typer.echo("sound: every chunk has its vector")
        return
    for what, found in (
        ("without a vector", check.missing),
        ("vectors without a chunk", check.extra),
        ("with a vector that cannot be read or, of a sample, not found by it", check.unfindable),
    ):
        for language, count in found.items():
            typer.echo(f"{language}: {count} {what}")
    typer.echo("clara kb rebuild mends this")
    raise typer.Exit(1)


kb.command()(kb_documents.rebuild)
kb.command()(kb_documents.quarantine)
kb.command()(kb_documents.release)
kb.command()(kb_documents.export)
kb.command(name="import")(kb_documents.import_)
kb.command(name="eval")(evaluate)
