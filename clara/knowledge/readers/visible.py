"""What a reader of a page sees: text without invisible characters, laid out as the Markdown that is searched."""

from __future__ import annotations

import re
import unicodedata

from clara.text import clean, has_unspaced

# Characters that show nothing, by which text is hidden or turned round. Soft hyphens are typesetting.
_UNSEEN = re.compile(
    "[\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\U000e0000-\U000e007f\U000e0100-\U000e01ef]"
)
_VARIANTS = re.compile("[\U000e0100-\U000e01ef]")  # can carry a byte each, and `clean` keeps them
_BREAKS = re.compile("[\u0085\u2028\u000b\u000c]")
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")
_SPACES = re.compile(r"[^\S\n\u00a0]+")
_BLANKS = re.compile(r"\n{3,}")
_LIKE_HEADING = re.compile(r"^(#{1,6})[ \t]", re.MULTILINE)
_ANCHOR = "\u00b6 "  # the link that manuals put behind a heading
_HANGUL = re.compile("[\u1100-\u11ff\u3130-\u318f\uac00-\ud7ff]")


def visible(text: str) -> tuple[str, int]:
    """Return `text` cleaned (`text.clean`), and how many zero-width, direction-changing and tag characters it lost.

    Not counted: joiners that stay, soft hyphens, a byte order mark at the start, other forms of a line's end.
    """
    text = _BREAKS.sub("\n", text.removeprefix("\ufeff").replace("\u2029", "\n\n"))
    # A pair of surrogates is one character; half a pair cannot be stored.
    if _LONE_SURROGATE.search(text):
        text = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    kept = clean(_VARIANTS.sub("", text))
    return kept, len(_UNSEEN.findall(text)) - len(_UNSEEN.findall(kept))


def one_line(text: object, limit: int = 500) -> str:
    """Return a title or another short value as one cleaned line of at most `limit` characters."""
    return " ".join(visible(str(text))[0].split())[:limit]


def gap(before: str, after: str) -> str:
    """Return what joins two lines of one paragraph: a space, but nothing in Chinese, Japanese, Thai and the like."""
    ends = before[-1:] + after[:1]
    return "" if len(ends) < 2 or any(_is_unspaced(character) for character in ends) else " "


def _is_unspaced(character: str) -> bool:
    wide = unicodedata.east_asian_width(character) in "WF" and not _HANGUL.match(character)
    return wide or has_unspaced(character)


class Blocks:
    """Collects the headings, paragraphs, list items and table rows of a page, and gives them as Markdown."""

    def __init__(self) -> None:
        self._written: list[tuple[str, str]] = []
        self._kind, self._level = "paragraph", 0
        self._open: list[str] = []
        self._row: list[str] | None = None
        self.hidden = 0

    def write(self, text: str) -> None:
        """Add to the block that is open."""
        self._open.append(text)

    def unwrite(self, count: int) -> None:
        """Take the last `count` characters of what was written last away."""
        if self._open:
            self._open[-1] = self._open[-1][: -count or None]

    @property
    def last(self) -> str:
        """The last character written to the open block, empty at its start."""
        return next((piece[-1] for piece in reversed(self._open) if piece), "")

    @property
    def in_row(self) -> bool:
        """Whether a row is open."""
        return self._row is not None

    def start(self, kind: str, level: int = 0) -> None:
        """End the open block and begin a `paragraph`, a `heading` of a level or an `item`; in a row, a space."""
        if self._row is not None:
            self._open.append(" ")
            return
        # An item stays one while it is empty: its text may stand in a paragraph of its own.
        if kind == "paragraph" and self._kind == "item" and not "".join(self._open).strip():
            self._open = []
            return
        self._close()
        self._kind, self._level = kind, level

    def start_row(self) -> None:
        """Begin a table row; what is written until `end_cell` is one cell."""
        self.end_row()
        self._close()
        self._row = []

    def end_cell(self) -> None:
        """End a cell of the row; outside rows nothing happens."""
        if self._row is not None:
            self._row.append(" ".join("".join(self._open).split()).replace("|", "/"))
            self._open = []

    def end_row(self) -> None:
        """End the row."""
        if self._row is None:
            return
        if "".join(self._open).strip():
            self.end_cell()
        if any(self._row):
            self._written.append(("row", " | ".join(self._row).strip()))
        self._row, self._open = None, []

    def markdown(self) -> tuple[str, int]:
        """Return the text, cleaned, and the count of hidden characters."""
        self.end_row()
        self._close()
        parts: list[str] = []
        before = ""
        for kind, text in self._written:
            parts.append(("\n" if kind == before and kind in ("item", "row") else "\n\n") + text)
            before = kind
        body, unseen = visible("".join(parts).strip())
        return body, self.hidden + unseen

    def _close(self) -> None:
        text = _SPACES.sub(" ", "".join(self._open))
        text = _BLANKS.sub("\n\n", "\n".join(line.strip() for line in text.split("\n"))).strip()
        if text and self._kind == "heading":
            self._written.append(("heading", f"{'#' * self._level} {' '.join(text.rstrip(_ANCHOR).split())}"))
        elif text:
            # A paragraph that begins like a heading stays one: the space after its marks no longer breaks.
            text = _LIKE_HEADING.sub("\\1\u00a0", text)
            self._written.append((self._kind, f"- {text}" if self._kind == "item" else text))
        self._kind, self._level, self._open = "paragraph", 0, []
