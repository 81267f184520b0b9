"""The README's picture of a chat, from a real run without a model: `python -m tests.chat_picture`."""

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
from clara.knowledge import KnowledgeBase
from tests.conftest import ROOT, SHIPPED

PICTURE = ROOT / "docs" / "images" / "chat.svg"
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


def draw(home: Path, messages: Sequence[str] = SAID) -> str:
    """Return the picture of a chat over the shipped knowledge base; home: a data folder, which is filled."""
    KnowledgeBase(home / "knowledge", SHIPPED).close()
    console = _recorder()
    screen = Screen(console, plain=False, progress=False)
    chat = Chat(Session(name="ward"), screen=screen, reader=Script(messages), shelf=None, overrides={"home": home})
    with chat:
        if chat.run() != 0:
            raise SystemExit("the chat that is to be drawn failed; see above")
    without_fonts = re.sub(r"@font-face \{\{.*?\}\}", "", CONSOLE_SVG_FORMAT, flags=re.DOTALL)  # they would be fetched
    whole_rows = _recorder()  # each word is recorded for itself, and would be drawn so
    whole_rows.print(Text.from_ansi(console.export_text(styles=True)), soft_wrap=True)
    drawn = whole_rows.export_svg(title="clara chat", code_format=without_fonts, unique_id="clara-chat")
    return _STRETCHED.sub(r"\1\2", drawn)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        PICTURE.write_text(draw(Path(folder)), encoding="utf-8")
    sys.stdout.write(f"wrote {PICTURE.relative_to(ROOT)}\n")
