"""The conversation at a terminal: reads a message, asks or does what it says, shows and keeps what came of it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Mapping
from contextlib import ExitStack
from dataclasses import replace
from typing import Any, Self, TypeVar

from clara.chat.asking import Watcher, Words, watched
from clara.chat.commands import COMMANDS, read_command
from clara.chat.reading import Reader, unechoed
from clara.chat.screen import Screen
from clara.chat.sessions import Exchange, Session, Shelf, now
from clara.chat.views import show_exchange, show_footer
from clara.config import EVIDENCE_MODEL, load_settings
from clara.engine import Clara
from clara.errors import ClaraError, ConfigError
from clara.messages import Messages
from clara.resources import data_folder
from clara.types import Answer, Reply

T = TypeVar("T")
_SHOWN_AGAIN = 2  # exchanges of a chat that is taken up again


class Chat:
    """One conversation with its screen, its reader and its engine. Use it as a context manager.

    shelf: where it is kept; None keeps nothing. overrides: settings that win over file and environment.
    Raises ConfigError for settings that cannot work, or a conversation that is open elsewhere.
    """

    def __init__(
        self, session: Session, *, screen: Screen, reader: Reader, shelf: Shelf | None, overrides: Mapping[str, Any]
    ) -> None:
        self.session = session
        self.screen = screen
        self.reader = reader
        self.shelf = shelf
        self.given = ""
        self.replacing = False
        self.written: set[str] = set()
        self._overrides = dict(overrides)
        self._held = ExitStack()
        self._runner = asyncio.Runner()
        self._ended = self._failed = False
        settings = load_settings(self._overrides | {"model": session.model})
        self.clara = Clara(settings=settings)
        self.clara.check_method(session.method or self.clara.method)
        messages = Messages(data_folder("prompts", settings.prompts_dir))
        self.words = Words(messages, session.language or _language_of(session) or "en")

    def __enter__(self) -> Self:
        self._hold(self.session.name)
        return self

    def __exit__(self, *_: object) -> None:
        try:
            self._runner.run(self.clara.aclose())
        finally:
            self._runner.close()
            self.clara.close()  # what a thread was still opening when a question was broken off
            self._held.close()

    def run(self) -> int:
        """Go on until the asker ends it. Returns 0; 1 where messages came through a pipe and one failed."""
        self._greet()
        while not self._ended:
            try:
                self._round()
            except KeyboardInterrupt:
                self.replacing = False
                self.screen.break_row()
                self.screen.line("Ctrl-D or /quit ends the chat" + ("; it is kept" if self.shelf else ""))
        return 1 if self._failed and not self.reader.interactive else 0

    def _round(self) -> None:
        """Read one message and do what it says."""
        given, self.given = self.given, ""
        try:
            message = self.reader.read(given)
        except EOFError:
            self.end()
            return
        except ConfigError as error:  # what cannot be read cannot be read further
            self._show_error(error)
            self.end()
            return
        if not self.reader.interactive and message.strip():
            self.screen.line(message, lead="> ")
        with unechoed():
            self._say(message)

    def _say(self, message: str) -> None:
        """Do what one message says; what goes wrong is shown, and the chat goes on."""
        replacing, self.replacing = self.replacing, False
        try:
            if command := read_command(message):
                self._command(*command)
            elif message.strip():
                self.ask(message, again=replacing)
        except KeyboardInterrupt:
            self.screen.break_row()
            self.screen.line(self.words.say("chat_stopped"), "note")
        except ClaraError as error:
            self._show_error(error)

    def _command(self, name: str, argument: str) -> None:
        command = COMMANDS.get(name)
        if command is None:
            raise ConfigError(f"no command /{name[:40]}; /help lists them")
        command.run(self, argument)

    def ask(self, text: str, *, again: bool = False) -> None:
        """Ask the engine and show the answer as it comes. again: in the last question's place. Raises ClaraError."""
        before = self.session.without_last() if again else self.session
        watcher = Watcher(self.screen, self.words, answer_in=before.language)
        made = Exchange(question=text, at=now(), model=self.clara.settings.model, stopped=True)
        self.screen.line()
        try:
            reply: Reply = self.wait_for(
                self.clara.achat(
                    [*before.messages, {"role": "user", "content": text}],
                    observers=(watcher,),
                    sample=f"again-{len(before.exchanges)}" if again else "",
                    **self.options(),
                    answer_in=before.language,
                ),
                watcher,
            )
            answer = reply.answer
            made = replace(made, text=reply.text, answer=answer, stopped=False, usage=reply.usage)
        finally:
            watcher.end()
            if made.stopped:
                made = replace(made, text=watcher.text, usage=watcher.usage)
            self.change(replace(before, exchanges=(*before.exchanges, made)))
        if answer is not None:
            earlier = before.exchanges[-1].answer if before.exchanges else None
            show_footer(self.screen, self.words, answer, before=earlier)
        self.screen.line()

    def options(self) -> dict[str, Any]:
        """What was chosen for this conversation, as options of the engine."""
        chosen = {"country": self.session.country, "method": self.session.method}
        return {name: value for name, value in chosen.items() if value is not None}

    def wait_for(self, work: Awaitable[T], watcher: Watcher) -> T:
        """Do the engine's work, with stages told. Raises KeyboardInterrupt after Ctrl-C, once the work has ended."""
        if self.screen.plain and self.reader.interactive:  # where stages cannot come and go, silence must not last
            self.screen.line(self.words.say("stage_working"))
        return self._runner.run(watched(work, watcher))

    def last_answer(self) -> Answer:
        """Return the last answer with its record. Raises ConfigError where there is none."""
        answer = self.session.last().answer
        if answer is None:
            raise ConfigError("the last question has no whole answer; /retry asks it again")
        return answer

    def change(self, session: Session) -> None:
        """Take over another state of the conversation, and keep it once something was asked."""
        self.session = session
        if self.shelf is not None and session.exchanges:
            self.shelf.write(session)

    def switch(self, session: Session) -> None:
        """Go on with another conversation."""
        self._hold(session.name)
        self.change(session)
        self.words.language = session.language or _language_of(session) or self.words.language

    def use_model(self, name: str) -> None:
        """Go on with another model. Raises ConfigError, and stays with the old one, where it cannot be used."""
        clara = Clara(settings=load_settings(self._overrides | {"model": name}))
        method = self.session.method
        if name == EVIDENCE_MODEL and method is not None:
            method = None  # it needs a model, or is what is used without one anyway
        old, self.clara = self.clara, clara
        self.change(replace(self.session, model=name, method=method))
        self._runner.run(old.aclose())

    def end(self) -> None:
        """Leave after this message."""
        self._ended = True

    def _hold(self, name: str) -> None:
        if self.shelf is not None:
            with ExitStack() as held:
                held.enter_context(self.shelf.holding(name))
                self._held.close()
                self._held = held.pop_all()

    def _greet(self) -> None:
        kept = f"chat {self.session.name}" if self.shelf else "chat, not kept"
        self.screen.line(f"CLARA {kept} · model {self.clara.settings.model}", "dim")
        self.screen.line("This is information, not medical advice.", "dim")
        self.screen.line("Type a question in any language, then Enter. /help lists what else can be done.", "dim")
        for exchange in self.session.exchanges[-_SHOWN_AGAIN:]:
            show_exchange(self.screen, exchange)

    def _show_error(self, error: ClaraError) -> None:
        self._failed = True
        self.screen.break_row()
        self.screen.line(" ".join(str(error).split()), "bad", lead="error: ")


def _language_of(session: Session) -> str | None:
    answers = [exchange.answer for exchange in session.exchanges if exchange.answer is not None]
    return answers[-1].language if answers else None
