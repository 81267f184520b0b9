"""Where messages come from: a line editor on a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, Protocol

from clara.errors import ConfigError

if TYPE_CHECKING:
    from prompt_toolkit.key_binding import KeyBindings

PROMPT = "> "


class Reader(Protocol):
    """Gives one message after the other. Raises EOFError at the end, KeyboardInterrupt where one is broken off."""

    interactive: bool

    def read(self, given: str = "") -> str:
        """Wait for the next message. given: a text to begin with, where the reader lets it be changed."""
        ...


class LineReader:
    """A message a line, from a pipe or a plain terminal; a line that ends in a backslash goes on in the next one."""

    def __init__(self) -> None:
        self.interactive = sys.stdin.isatty()
        if self.interactive:
            with suppress(ImportError):
                import readline  # noqa: F401  # line editing for `input`

    def read(self, given: str = "") -> str:
        lines = [self._line(PROMPT)]
        while lines[-1].endswith("\\"):
            lines[-1] = lines[-1][:-1]
            try:
                lines.append(self._line("  "))
            except EOFError:
                break
        return "\n".join(lines)

    def _line(self, prompt: str) -> str:
        try:
            if self.interactive and sys.stdout.isatty():
                return input(prompt)
            if self.interactive:
                sys.stderr.write(prompt)
                sys.stderr.flush()
            line = sys.stdin.readline()
        except UnicodeDecodeError as error:
            raise ConfigError(f"the input is not UTF-8 text (byte {error.start}); convert it first") from None
        if not line:
            raise EOFError
        return line.rstrip("\r\n")


class PromptReader:
    """A line editor: several lines (Alt-Enter, or a backslash before Enter), history and its search (Ctrl-R), Tab.

    past: earlier messages, which the arrow keys bring back. vi: keys as in vi, else as in Emacs.
    """

    interactive = True

    def __init__(self, past: Sequence[str], commands: Sequence[str], *, vi: bool = False) -> None:
        from prompt_toolkit import PromptSession
        from prompt_toolkit.completion import WordCompleter
        from prompt_toolkit.history import InMemoryHistory
        from prompt_toolkit.shortcuts import CompleteStyle

        self._session: PromptSession[str] = PromptSession(
            multiline=True,
            key_bindings=_keys(),
            vi_mode=vi,
            # Kept in memory alone: what was asked lies in the saved chat and nowhere else.
            history=InMemoryHistory(list(past)),
            completer=WordCompleter(list(commands), sentence=True),
            complete_while_typing=False,
            complete_style=CompleteStyle.READLINE_LIKE,
            enable_open_in_editor=True,
            prompt_continuation="  ",
        )

    def read(self, given: str = "") -> str:
        return self._session.prompt(PROMPT, default=given)


@contextmanager
def unechoed() -> Iterator[None]:
    """Keep what is typed while an answer comes off the screen; it is read afterwards. Ctrl-C works as ever."""
    try:
        import termios
    except ImportError:  # Windows
        yield
        return
    if not sys.stdin.isatty():
        yield
        return
    terminal = sys.stdin.fileno()
    before = termios.tcgetattr(terminal)
    silent = [*before]
    silent[3] &= ~(termios.ECHO | termios.ICANON)  # key by key, so that Ctrl-D waits its turn, too
    termios.tcsetattr(terminal, termios.TCSANOW, silent)
    try:
        yield
    finally:
        termios.tcsetattr(terminal, termios.TCSANOW, before)


def _keys() -> KeyBindings:
    from prompt_toolkit.filters import is_searching
    from prompt_toolkit.key_binding import KeyBindings

    keys = KeyBindings()

    # Ctrl-J, too: typed while an answer came, Enter arrives as that.
    @keys.add("enter", filter=~is_searching)
    @keys.add("c-j", filter=~is_searching)
    def _(event: Any) -> None:
        buffer = event.current_buffer
        if buffer.document.char_before_cursor == "\\":
            buffer.delete_before_cursor()
            buffer.newline(copy_margin=False)
        else:
            buffer.validate_and_handle()

    @keys.add("escape", "enter")
    def _(event: Any) -> None:
        event.current_buffer.newline(copy_margin=False)

    return keys
