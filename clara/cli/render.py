"""Errors and lists on a terminal. All of it is untrusted: no markup is read from it, no control characters pass."""

from __future__ import annotations

from rich import box
from rich.console import Console
from rich.text import Text

from clara.errors import ClaraError
from clara.text import clean

# Open on the right: terminals disagree on the width of Indic and other complex scripts, and a border there would fray.
OPEN = box.Box("╭── \n│   \n├── \n│   \n├── \n├── \n│   \n╰── \n")


def print_error(error: ClaraError) -> None:
    """Print one line on standard error."""
    console = Console(stderr=True, highlight=False)
    line = " ".join(clean(str(error)).split())
    console.print(Text.assemble(("error: ", "bold red"), line), soft_wrap=True)


def plain(text: str, style: str = "") -> Text:
    """Return untrusted text as it may be shown."""
    return Text(clean(text), style=style)
