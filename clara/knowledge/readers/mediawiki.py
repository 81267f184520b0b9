"""MediaWiki dumps: the articles of a wiki, as text."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from clara.errors import KnowledgeError
from clara.knowledge.documents import Record
from clara.knowledge.readers.files import needs_extra, shown
from clara.knowledge.readers.styles import inline_look
from clara.knowledge.readers.visible import Blocks, gap, one_line
from clara.knowledge.readers.xml import Element

if TYPE_CHECKING:
    from mwparserfromhell.nodes import Tag, Template, Wikilink
    from mwparserfromhell.wikicode import Wikicode

_LICENCE = "CC BY-SA 4.0"
_FILE, _CATEGORY = "6", "14"
_ALWAYS = frozenset(("file", "image", "category", "media"))
_DROPPED = frozenset(
    "ref references gallery math chem timeline imagemap graph score script style templatestyles section "
    "maplink mapframe inputbox syntaxhighlight source templatedata noinclude indicator".split()
)
_STRUCK = frozenset(("del", "s", "strike"))
_BLOCKS = frozenset("p div center blockquote table caption dl dt dd ul ol hr tr li".split())
# Templates that stand in a sentence, and the parameters that are its words; all others are left out.
_IN_SENTENCES = {
    "convert": ("1", "2"), "cvt": ("1", "2"), "val": ("1", "u"), "unité": ("1", "2"), "unidad": ("1", "2"),
    "lang": ("2",), "nowrap": ("1",), "nobr": ("1",), "nobold": ("1",), "small": ("1",), "abbr": ("1",), "sup": ("1",),
    "sub": ("1",), "chem": ("1", "2", "3", "4", "5", "6"), "fraction": ("1", "/", "2"), "frac": ("1", "/", "2"),
}  # fmt: skip
_TIGHT = frozenset(("chem", "fraction", "frac"))
_SPACE_TEMPLATES = frozenset(("nbsp", "spaces", "snd", "spnd", "·", "•"))
# Parsing takes the square, and worse, of what is opened and never closed: (opens, closes) each.
_MAX_OPEN = 1000
_PAIRS = tuple(
    re.compile(pattern)
    for pattern in (
        r"<(?!(?:br|hr|li|wbr)\b)[a-zA-Z](?![^<>]*/>)|(?P<end></[a-zA-Z])",
        r"<[a-zA-Z/!](?=[^<>]*(?:<|\Z))|(?P<end>(?!))",
        r"\[|(?P<end>\])",
        r"\{|(?P<end>\})",
        r"<!--|(?P<end>-->)",
    )
)
_SWITCH = re.compile(r"__[A-Z]{3,30}__")
_POWER = re.compile(r"[+\-\u2212]?\d{1,3}")
_VARIANT = re.compile(r"-\{(?:[A-Za-z;-]*\|)?([^{}]*)\}-")
_VARIANT_ORDER = ("zh-hans", "zh-cn", "zh-hant", "zh-tw", "zh-hk", "zh")


def pages(path: Path, root: Element, parts: Iterator[Element]) -> Iterator[Record]:
    """Yield the articles (namespace 0) that are no redirects, each in its last revision. Raises KnowledgeError."""
    try:
        import mwparserfromhell  # noqa: F401
    except ImportError:
        raise needs_extra(path, "MediaWiki dumps") from None
    language = root.attributes.get("xml:lang", "")
    base, publisher, media = "", "", _ALWAYS
    for part in parts:
        if part.name == "siteinfo":
            publisher = one_line(part.text_of("sitename"))
            base = part.text_of("base").rpartition("/")[0]
            media |= _names(part.first("namespaces"))
            continue
        revision = part.first("revision")
        if part.name != "page" or part.text_of("ns") != "0" or part.first("redirect") or not revision:
            continue
        if revision.text_of("model") not in ("", "wikitext"):
            continue
        title = one_line(part.text_of("title"))
        try:
            body, hidden = wiki_body(revision.text_of("text"), media)
        except (ValueError, RecursionError) as error:
            raise KnowledgeError(
                f"{path}: the page {shown(title)!r} cannot be parsed ({shown(error)}); leave it out of the dump"
            ) from None
        yield Record(
            body=body,
            key=one_line(part.text_of("id")),
            title=title,
            language=one_line(language, 40),
            sources=(f"{base}/{quote(title.replace(' ', '_'), safe='/:(),')}",) if base else (),
            publisher=publisher,
            licence=_LICENCE,
            published=one_line(revision.text_of("timestamp"))[:10],
            hidden=hidden,
        )


def _names(namespaces: Element | None) -> frozenset[str]:
    """Return what the wiki calls its namespaces of files and categories, whose links are no text."""
    found = namespaces.children if namespaces else []
    return frozenset(
        space.text.strip().lower()
        for space in found
        if space.attributes.get("key") in (_FILE, _CATEGORY) and space.text
    )


def wiki_body(text: str, media: frozenset[str] = _ALWAYS) -> tuple[str, int]:
    """Return wikitext as Markdown, without templates, references and files, and the count of hidden characters.

    media: lower-case prefixes of links that show a file or name a category.
    Raises ValueError where the text cannot be parsed.
    """
    import mwparserfromhell
    from mwparserfromhell.parser import ParserError

    for pair in _PAIRS:
        opened = 0
        for mark in pair.finditer(text):
            opened = max(0, opened + (-1 if mark["end"] else 1))
            if opened > _MAX_OPEN:
                raise ValueError(f"more than {_MAX_OPEN} marks such as {mark.group()} are not closed")
    try:
        code = mwparserfromhell.parse(_VARIANT.sub(_variant, _SWITCH.sub("", text)))
    except ParserError as error:
        raise ValueError(str(error)) from None
    writer = _Writer(media)
    writer.over(code)
    return writer.blocks.markdown()


def _variant(match: re.Match[str]) -> str:
    """Return one of the wordings that Chinese wikis give for their regions."""
    options = {
        name.strip().lower(): words.strip()
        for name, colon, words in (part.partition(":") for part in match.group(1).split(";"))
        if colon
    }
    return next((options[name] for name in _VARIANT_ORDER if name in options), match.group(1))


class _Writer:
    def __init__(self, media: frozenset[str]) -> None:
        self._media = media
        self._line_ends = 0  # since something was last written
        self._is_line = False  # whether the open block ends with its line
        self.blocks = Blocks()

    def over(self, code: Wikicode | None) -> None:
        """Write what a reader of the page sees of `code`."""
        from mwparserfromhell import nodes

        for node in code.nodes if code else ():
            if isinstance(node, nodes.Text):
                self._text(str(node.value))
            elif isinstance(node, nodes.Heading):
                self._start("heading", node.level)
                self.over(node.title)
                self._start("paragraph")
            elif isinstance(node, nodes.Wikilink):
                self._link(node)
            elif isinstance(node, nodes.ExternalLink):
                self.over(node.title if node.title else (None if node.brackets else node.url))
            elif isinstance(node, nodes.HTMLEntity):
                self._write(_character(node.normalize))
            elif isinstance(node, nodes.Tag):
                self._tag(node)
            elif isinstance(node, nodes.Template):
                self._template(node)
            elif isinstance(node, nodes.Argument):
                self.over(node.default)
            elif isinstance(node, nodes.Comment):
                self._hide(node.contents)

    def _text(self, text: str) -> None:
        for number, line in enumerate(text.split("\n")):
            self._line_ends += bool(number)
            if line.strip() or not self._line_ends:
                self._write(line)

    def _write(self, text: str) -> None:
        # A list item ends with its line, a paragraph with an empty one; what is left out may have stood on that.
        if self._line_ends > 1 or (self._line_ends and self._is_line):
            self._start("paragraph")
        elif self._line_ends:
            text = gap(self.blocks.last, text) + text
        self._line_ends = 0
        self.blocks.write(text)

    def _start(self, kind: str, level: int = 0) -> None:
        self._line_ends, self._is_line = 0, False
        self.blocks.start(kind, level)

    def _link(self, link: Wikilink) -> None:
        target = str(link.title).strip()
        prefix, colon, _ = target.partition(":")
        if colon and prefix.strip().lower() in self._media:
            return  # with a colon before it, [[:File:...]], it is an ordinary link
        if link.text is not None:
            self.over(link.text)
        else:
            self._write(target.removeprefix(":"))

    def _tag(self, tag: Tag) -> None:
        name = str(tag.tag).strip().lower()
        attributes = {str(a.name).strip().lower(): str(a.value or "").strip() or None for a in tag.attributes}
        if name in _DROPPED:
            return
        if name in _STRUCK or not inline_look(attributes).seen:
            self._hide(tag.contents)
        elif name == "br":
            self._write("\n")
        elif name == "tr":
            self._line_ends = 0
            self.blocks.start_row()
            self.over(tag.contents)
            self.blocks.end_row()
        elif name in ("td", "th") and str(tag.contents).startswith("+"):  # "|+" is a table's caption
            self._start("paragraph")
            self._write(str(tag.contents.strip_code())[1:])
            self._start("paragraph")
        elif name in ("td", "th"):
            if not self.blocks.in_row:
                self._line_ends = 0
                self.blocks.start_row()
            self.over(tag.contents)
            self.blocks.end_cell()
        elif name in ("li", "dt", "dd"):
            self._start("item" if name == "li" else "paragraph")
            self._is_line = bool(tag.wiki_markup)
            self.over(tag.contents)
        else:
            if name in _BLOCKS:
                self._start("paragraph")
            if name == "sup" and self.blocks.last.isalnum() and _is_power(tag.contents):
                self._write("^")
            self.over(tag.contents)
            if name == "table":
                self.blocks.end_row()
            if name in _BLOCKS and tag.contents:
                self._start("paragraph")

    def _template(self, template: Template) -> None:
        name = str(template.name).strip().lower()
        if name in _SPACE_TEMPLATES:
            self._write(" ")
        wanted = _IN_SENTENCES.get(name, ())
        for number, parameter in enumerate(wanted):
            if parameter == "/":
                self._write("/")
            elif template.has(parameter):
                if number and name not in _TIGHT:
                    self._write(" ")
                self.over(template.get(parameter).value)

    def _hide(self, contents: object) -> None:
        self.blocks.hidden += len("".join(str(contents or "").split()))


def _is_power(code: Wikicode | None) -> bool:
    return code is not None and len(code.nodes) == 1 and bool(_POWER.fullmatch(str(code)))


def _character(normalize: Callable[[], str | None]) -> str:
    try:
        return normalize() or ""
    except (ValueError, OverflowError):
        return ""  # a number that names no character
