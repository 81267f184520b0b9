"""`clara chat`: a conversation at the terminal."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer

from clara.cli.base import MethodName

if TYPE_CHECKING:
    from clara.chat import Session, Shelf


def chat(
    model: Annotated[
        str | None, typer.Option(metavar="PROVIDER:NAME", help="Chat model, e.g. openai:gpt-5; or evidence for none.")
    ] = None,
    base_url: Annotated[str | None, typer.Option(help="Address of an OpenAI-compatible server.")] = None,
    method: MethodName = None,
    lang: Annotated[str | None, typer.Option(help="Answer in this language, whatever the question's.")] = None,
    country: Annotated[str | None, typer.Option(help="Where the asker is, for answers that depend on it.")] = None,
    session: Annotated[str | None, typer.Option(metavar="NAME", help="Begin or take up the chat of this name.")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Take up the chat that was changed last.")] = False,
    list_: Annotated[
        bool, typer.Option("--list", help="Name the chats that are kept with their first question, and exit.")
    ] = False,
    no_save: Annotated[bool, typer.Option("--no-save", help="Keep nothing of the chat.")] = False,
    plain: Annotated[
        bool,
        typer.Option("--plain", help="For screen readers: no colours, columns or line editor. A pipe is always plain."),
    ] = False,
    vi: Annotated[bool, typer.Option("--vi", help="Edit with the keys of vi instead of Emacs.")] = False,
) -> None:
    """Ask one question after the other; /help inside lists what else can be done.

    Chats are kept in the data folder, for your eyes only.
    """
    import sys

    from clara.chat import COMMANDS, Chat, LineReader, PromptReader, Shelf, open_screen
    from clara.chat.views import show_shelf
    from clara.config import load_settings
    from clara.languages import canonical

    overrides = {"base_url": base_url}
    shelf = Shelf(load_settings(overrides | {"model": model}).home)
    if list_:
        show_shelf(open_screen(), shelf)
        return
    taken = _session(shelf, session, resume=resume, no_save=no_save)
    taken = replace(
        taken,
        model=model or taken.model,
        method=method or taken.method,
        language=canonical(lang) if lang else taken.language,
        country=country or taken.country,
    )
    screen = open_screen(plain=plain or not sys.stdin.isatty())
    past = [exchange.question for exchange in taken.exchanges]
    reader = LineReader() if screen.plain else PromptReader(past, [f"/{name}" for name in COMMANDS], vi=vi)
    kept_on = None if no_save else shelf
    with Chat(taken, screen=screen, reader=reader, shelf=kept_on, overrides=overrides) as conversation:
        code = conversation.run()
    if code:
        raise typer.Exit(code)


def _session(shelf: Shelf, name: str | None, *, resume: bool, no_save: bool) -> Session:
    """Return the chat to go on with, a new one where none was asked for. Raises ConfigError."""
    from clara.chat import Session
    from clara.errors import ConfigError

    if name is not None:
        return shelf.read(name) if shelf.path(name).exists() else Session(name=name)
    if resume:
        names = shelf.names()
        if not names:
            raise ConfigError("no chat is kept yet; start one with: clara chat")
        return shelf.read(names[0])
    return Session(name="unsaved" if no_save else shelf.fresh_name())
