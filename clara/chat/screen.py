"""Where a chat is shown: what was printed stays as it is, and nothing but text and CLARA's own colours gets there."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.control import Control
from rich.segment import ControlType
from rich.text import Text

from clara.chat.layout import Columns, Flow, Row, Rows, beside, crop, filled_to
from clara.chat.markdown import Markdown
from clara.text import clean

_STYLES = {"heading": "bold", "code": "cyan", "link": "blue", "note": "yellow", "good": "green", "bad": "red"}
_LEAST = 20  # cells; under that no rows are set


class Screen:
    """Prints to a rich console.

    plain: for pipes and screen readers: one line a paragraph, nothing side by side, no line that comes and goes.
    progress: whether stages are told on a line that is wiped away before the next text.
    """

    def __init__(self, console: Console, *, plain: bool, progress: bool = True) -> None:
        self.console = console
        self.plain = plain
        self._tells = progress and not plain and console.is_terminal and not console.is_dumb_terminal
        self._told = False
        self._at_start = True

    @property
    def columns(self) -> int | None:
        """How many cells a row has; None where rows are not set."""
        return None if self.plain else max(_LEAST, self.console.width - 1)

    def write(self, text: str, style: str = "") -> None:
        """Print a piece of a row, or a line end. The one way to the terminal for every text."""
        shown = clean(text)
        if not shown:
            return
        self.wipe()
        known = "" if self.plain else " ".join(_STYLES.get(name, name) for name in style.split())
        self.console.print(Text(shown, style=known, end=""), end="", soft_wrap=True, highlight=False)
        self._at_start = shown.endswith("\n")

    def flow(self) -> Flow:
        """Return rows to set words in."""
        return Flow(self.write, self.columns, wraps=True)

    def markdown(self) -> Markdown:
        """Return what Markdown is read with as it arrives."""
        return Markdown(self.flow(), self.columns)

    def line(self, text: str = "", style: str = "", *, lead: str = "", indent: int = 0) -> None:
        """Print one paragraph, its further rows under what follows `lead`."""
        flow = self.flow()
        flow.begin(lead, indent=indent, style=style)
        flow.put(text, style)
        flow.end()

    def break_row(self) -> None:
        """End the row, if one was begun."""
        self.wipe()
        if not self._at_start:
            self.write("\n")

    def side_by_side(self, columns: Sequence[Sequence[Row]], places: Columns) -> None:
        """Print columns that were set to the size of `places`.

        Each column is gone to by its number, so that one stands upright whatever a terminal makes of the widths of
        the letters before it.
        """
        for rows in beside(columns):
            filled = 0
            for row, start in zip(rows, places.starts, strict=True):
                if row and start:
                    self.write(" " * (start - filled))
                    self.console.control(Control.move_to_column(start))
                    filled = start
                for text, style in row:
                    self.write(text, style)
                filled += filled_to(row)
            self.write("\n")

    def tell(self, text: str) -> None:
        """Say what is being done on a line that is wiped away again; nothing while a row is begun."""
        if self._tells and self._at_start:
            self.wipe()
            shown = crop(" ".join(clean(text).split()), self.columns or _LEAST)
            self.console.print(Text(shown, style="dim", end=""), end="", soft_wrap=True, highlight=False)
            self._told = True

    def wipe(self) -> None:
        """Take the line about progress away."""
        if self._told:
            self._told = False
            self.console.control(Control(ControlType.CARRIAGE_RETURN, (ControlType.ERASE_IN_LINE, 2)))

    def to_clipboard(self, encoded: bytes) -> bool:
        """Hand base64 text to the terminal's clipboard (OSC 52), which is the near one over ssh; False without one."""
        if self.plain or not self.console.is_terminal or self.console.is_dumb_terminal:
            return False
        self.wipe()
        self.console.file.write(f"\x1b]52;c;{encoded.decode('ascii')}\x07")
        self.console.file.flush()
        return True


def open_screen(*, plain: bool = False, error: bool = False) -> Screen:
    """Return the screen on standard output, or standard error; a plain one where that is no terminal."""
    console = Console(highlight=False, stderr=error)
    if plain or not console.is_terminal or console.is_dumb_terminal:
        return Screen(Console(highlight=False, stderr=error, no_color=True, force_terminal=False), plain=True)
    return Screen(console, plain=False)


def set_rows(text: str, columns: int | None, *, style: str = "") -> list[Row]:
    """Return Markdown as rows of so many cells."""
    collected = Rows()
    reader = Markdown(Flow(collected, columns), columns)
    reader.feed(text)
    reader.finish()
    rows = collected.done()
    return [[(piece, f"{style} {own}".strip()) for piece, own in row] for row in rows] if style else rows
