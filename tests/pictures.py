"""The README's pictures of the terminal, from real runs without a model: `python -m tests.pictures`."""

from __future__ import annotations

import io
import re
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from rich._export_format import CONSOLE_SVG_FORMAT
from rich.console import Console
from rich.text import Text

from clara.chat import Chat, Screen, Session
from clara.cli.ask import ask_once
from clara.knowledge import KnowledgeBase
from tests.conftest import ROOT, SHIPPED

ASKED = "¿Qué síntomas tiene un ataque agudo de glaucoma de ángulo cerrado?"
SAID = ("¿Cómo se trata el ojo seco?", "/compare en fr", "/lang hi", "मोतियाबिंद का इलाज क्या है?")
COLUMNS = 104
# Rich stretches text to its cells, letter by letter, which takes Devanagari words apart.
_STRETCHED = re.compile(r'(<text [^>]*?) textLength="[^"]*"([^>]*>[^<]*[\u0900-\u097f])')


def _recorder() -> Console:
    return Console(
        record=True, width=COLUMNS, file=io.StringIO(), force_terminal=True, color_system="truecolor", highlight=False
    )


class Script:
    """Gives the messages of a script; the chat shows each as it was typed."""

    interactive = False

    def __init__(self, messages: Sequence[str]) -> None:
        self._left = list(messages)

    def read(self, given: str = "") -> str:
        if not self._left:
            raise EOFError
        return self._left.pop(0)


def draw_ask(home: Path) -> str:
    """Return the picture of one question over the knowledge base in `home`."""
    console = _recorder()
    screen = Screen(console, plain=False, progress=False)
    screen.line(f'clara ask "{ASKED}"', "bold", lead="$ ")
    ask_once(
        ASKED, language="auto", options={}, overrides={"home": home}, as_json=False, explain=False, screen=screen
    )  # fmt: skip
    return _drawn(console, "clara ask")


def draw_chat(home: Path) -> str:
    """Return the picture of a chat over the knowledge base in `home`."""
    console = _recorder()
    screen = Screen(console, plain=False, progress=False)
    chat = Chat(Session(name="ward"), screen=screen, reader=Script(SAID), shelf=None, overrides={"home": home})
    with chat:
        if chat.run() != 0:
            raise SystemExit("the chat that is to be drawn failed; see above")
    return _drawn(console, "clara chat")


def _drawn(console: Console, title: str) -> str:
    without_fonts = re.sub(r"@font-face \{\{.*?\}\}", "", CONSOLE_SVG_FORMAT, flags=re.DOTALL)  # they would be fetched
    whole_rows = _recorder()  # each word is recorded for itself, and would be drawn so
    whole_rows.print(Text.from_ansi(console.export_text(styles=True)), soft_wrap=True)
    drawn = whole_rows.export_svg(title=title, code_format=without_fonts, unique_id=title.replace(" ", "-"))
    return _STRETCHED.sub(r"\1\2", drawn)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        KnowledgeBase(home / "knowledge", SHIPPED).close()
        for name, picture in (("ask", draw_ask(home)), ("images/chat", draw_chat(home))):
            (ROOT / "docs" / f"{name}.svg").write_text(picture, encoding="utf-8")
            sys.stdout.write(f"wrote docs/{name}.svg\n")
