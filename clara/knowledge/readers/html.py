"""HTML: the text that a browser would show."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from clara.errors import KnowledgeError
from clara.knowledge.documents import Record
from clara.knowledge.readers.files import decode, shown
from clara.knowledge.readers.styles import Declarations, Look, own_style, style_rules
from clara.knowledge.readers.visible import Blocks, one_line

if TYPE_CHECKING:
    from selectolax.lexbor import LexborHTMLParser, LexborNode

# Parsing takes the square of the depth, a selector its power.
_MAX_OPEN = 5_000
_MAX_STEPS = 10_000_000_000  # of matching selectors, at worst
_MAX_MATCHES = 2_000_000

_INLINE = frozenset(
    "a abbr acronym b bdi bdo big cite code data dfn em font i ins kbd label mark output q ruby samp small span strong "
    "sub sup time tt u var wbr".split()
)
_NOT_TEXT = frozenset(
    "script style head title meta link svg nav button select textarea input rt rp map annotation annotation-xml".split()
)
_NEVER_SHOWN = frozenset("template noembed noframes iframe object video audio canvas datalist".split())
# Left out and counted: what is struck out no longer holds, and plain text cannot show the stroke.
_STRUCK = frozenset(("del", "s", "strike"))
_HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")
# Where these are not closed, each block that follows gets a copy of them.
_FORMATTING = frozenset("a b big code em font i nobr s small strike strong tt u".split())
_MAX_COPIES = 2_000_000
_VOID = frozenset("area base br col embed hr img input link meta param source track wbr".split())
_ENDS_ITSELF = frozenset("p li dt dd tr td th thead tbody tfoot option html head body".split())
# Browsers, which run scripts, take what is in <noscript> for plain text. So it is read as an element that always is.
_NOSCRIPT = re.compile(r"<(/?)noscript(?=[\s/>])", re.IGNORECASE)
_MARKUP = re.compile(r"<(style|script)\b.*?(?:</\1\s*>|\Z)|<[^<>]*>", re.IGNORECASE | re.DOTALL)
_TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9:-]*)")
_SPACES = re.compile(r"[ \t\n\r\f]+")
_CJK = "\u3000-\u30ff\u3400-\u9fff\uf900-\ufaff\uff00-\uff60"
_CJK_BREAK = re.compile(f"(?<=[{_CJK}])[ \t]*\n[ \t]*(?=[{_CJK}])")
_POWER = re.compile(r"[+\-\u2212]?\d{1,3}")
_NOTE = re.compile(r"\[?[\d,\s*†‡a-z]{1,6}\]?")
_META_CHARSET = re.compile(rb"<meta[^>]{0,200}?charset\s*=\s*[\"']?\s*([\w.:-]+)", re.IGNORECASE)
_XML_CHARSET = re.compile(rb"\s*<\?xml[^>]{0,200}?encoding\s*=\s*[\"']([\w.:-]+)", re.IGNORECASE)
# What browsers read under these names, by the WHATWG's Encoding Standard.
_WIDER = {"ascii": "cp1252", "iso8859-1": "cp1252", "iso8859-9": "cp1254", "iso8859-11": "cp874", "tis-620": "cp874",
          "gb2312": "gb18030", "gbk": "gb18030", "shift_jis": "cp932", "euc_kr": "cp949", "utf-16": "utf-8",
          "utf-16-le": "utf-8", "utf-16-be": "utf-8"}  # fmt: skip
_PUBLISHER = ("publisher", "dc.publisher", "dcterms.publisher", "og:site_name", "author", "dc.creator")
_PUBLISHED = ("article:published_time", "datepublished", "date", "dc.date", "dcterms.date", "dcterms.created",
              "dcterms.issued", "pubdate", "citation_publication_date")  # fmt: skip
_REVIEWED = ("reviewed", "last-reviewed", "lastreviewed", "dcterms.modified", "article:modified_time")


def read(path: Path) -> Iterator[Record]:
    """Yield the page of an HTML file. Raises KnowledgeError."""
    text = _decode(path, path.read_bytes())
    try:
        tree = _parse(text)
        body, hidden = _body(tree)
    except _TooComplex as error:
        raise KnowledgeError(f"{path}: {error}; save the page as text") from None
    meta = _meta(tree)
    links = {(n.attributes.get("rel") or "").lower(): n.attributes.get("href") or "" for n in tree.css("link")}
    root = tree.root.attributes if tree.root else {}
    heading = tree.css_first("title")
    source = next((u for u in (links.get("canonical", ""), meta.get("og:url", "")) if u.startswith("http")), "")
    yield Record(
        body=body,
        title=one_line(heading.text() if heading else meta.get("og:title", "")),
        language=one_line(root.get("lang") or root.get("xml:lang") or meta.get("content-language", ""), 40),
        sources=(one_line(source),) if source else (),
        publisher=_first(meta, _PUBLISHER),
        licence=one_line(links.get("license") or _first(meta, ("dc.rights", "dcterms.license", "license"))),
        published=_first(meta, _PUBLISHED),
        reviewed=_first(meta, _REVIEWED),
        hidden=hidden,
    )


def html_body(text: str) -> tuple[str, int]:
    """Return the visible text of an HTML fragment as Markdown, and the count of hidden characters.

    Raises ValueError, saying why, for a fragment too complex to parse.
    """
    return _body(_parse(text))


class _TooComplex(ValueError):
    """A page that would take minutes to parse."""


def _parse(text: str) -> LexborHTMLParser:
    from selectolax.lexbor import LexborHTMLParser

    depth = formats = copies = 0
    for match in _TAG.finditer(text):
        name, step = match.group(2).lower(), -1 if match.group(1) else 1
        if name in _FORMATTING:
            formats = max(0, formats + step)
        elif step > 0:
            copies += formats
        if name not in _VOID and name not in _ENDS_ITSELF:
            depth = max(0, depth + step)
        if depth > _MAX_OPEN:
            raise _TooComplex(f"more than {_MAX_OPEN} elements lie inside each other")
        if copies > _MAX_COPIES:
            raise _TooComplex("too many elements such as <b> are not closed")
    return LexborHTMLParser(_NOSCRIPT.sub(r"<\1noembed", text))


def _decode(path: Path, data: bytes) -> str:
    declared = _META_CHARSET.search(data[:4096]) or _XML_CHARSET.match(data[:400])
    if declared is None or data.startswith((codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return decode(path, data)
    label = declared.group(1).decode("ascii")
    try:
        name = codecs.lookup(label).name
        # 0x81 and the like are unassigned in Windows code pages, and no reason to refuse a page.
        wider = _WIDER.get(name, name)
        return decode(path, data) if wider == "utf-8" else data.decode(wider, "replace")
    except LookupError:
        raise KnowledgeError(f"{path}: declares the unknown encoding {shown(label)}; save it as UTF-8") from None
    except UnicodeError:
        raise KnowledgeError(
            f"{path}: is not in the encoding {shown(label)} that it declares; save it as UTF-8"
        ) from None


def _meta(tree: LexborHTMLParser) -> dict[str, str]:
    found: dict[str, str] = {}
    for node in tree.css("meta"):
        at = node.attributes
        name = at.get("name") or at.get("property") or at.get("itemprop") or at.get("http-equiv")
        if name and at.get("content"):
            found.setdefault(name.lower(), str(at["content"]))
    return found


def _first(meta: dict[str, str], names: tuple[str, ...]) -> str:
    return one_line(next((meta[name] for name in names if name in meta), ""))


def _body(tree: LexborHTMLParser) -> tuple[str, int]:
    """Return what stands in the page's <main>, or on the whole page where it has none."""
    if tree.root is None:
        return "", 0
    main = tree.css_first("main, [role=main]")
    walk = _Walk(tree)
    body, hidden = walk.over(tree.root, within=main)
    return (body, hidden) if body or main is None else walk.over(tree.root, within=None)


def _sheet(tree: LexborHTMLParser) -> dict[int, Declarations]:
    """Return what the page's style sheets declare for each element, by its `mem_id`."""
    rules: list[tuple[str, int, Declarations]] = []
    for node in tree.css("style"):
        media = (node.attributes.get("media") or "all").lower()
        if media in ("all", "screen"):
            rules += style_rules(node.text())
    if not rules or tree.root is None:
        return {}
    elements, depth = _extent(tree.root)
    too_many = _TooComplex(f"{len(rules)} style rules for {elements} elements are too many")
    if sum(elements * depth ** len(selector.split()) for selector, _, _ in rules) / depth > _MAX_STEPS:
        raise too_many
    found: dict[int, dict[str, tuple[str, bool]]] = {}
    matches = 0
    for selector, _, given in sorted(rules, key=lambda rule: rule[1]):  # the stable sort keeps the sheet's order
        nodes = _matches(tree, selector)
        matches += len(nodes)
        if matches > _MAX_MATCHES:
            raise too_many
        for node in nodes:
            style = found.setdefault(node.mem_id, {})
            style |= {n: v for n, v in given.items() if v[1] or n not in style or not style[n][1]}
    return dict(found)


def _extent(root: LexborNode) -> tuple[int, int]:
    """Return how many elements there are, and how deep they lie."""
    elements, deepest, stack = 0, 1, [(root, 1)]
    while stack:
        node, depth = stack.pop()
        elements, deepest = elements + 1, max(deepest, depth)
        stack += ((child, depth + 1) for child in _children(node) if child.is_element_node)
    return elements, deepest


def _matches(tree: LexborHTMLParser, selector: str) -> list[LexborNode]:
    from selectolax.lexbor import SelectolaxError

    try:
        return tree.css(selector)
    except SelectolaxError:
        return []  # a browser leaves out rules that it cannot read


class _Walk:
    """One pass over a page, in its order."""

    def __init__(self, tree: LexborHTMLParser) -> None:
        self._sheet = _sheet(tree)
        self._layout: set[int] = set()  # tables that place things rather than list them
        seen: set[int] = set()
        for inner in tree.css("table table, " + ", ".join(f"table {name}" for name in _HEADINGS)):
            node = inner.parent
            while node is not None and node.mem_id not in seen:
                seen.add(node.mem_id)
                if node.tag == "table":
                    self._layout.add(node.mem_id)
                node = node.parent

    def over(self, root: LexborNode, *, within: LexborNode | None) -> tuple[str, int]:
        """Return the text of `root`, only of what lies `within` if given, and the count of hidden characters."""
        blocks = Blocks()
        # (node, its parent's look, whether its text is wanted, whether spaces stay); a tag to leave where node is None
        stack: list[tuple[LexborNode | None, Look, bool, bool, str]] = []
        # The document itself is no element; comments may stand in it beside <html>.
        stack += ((node, Look(), within is None, False, "") for node in reversed(_children(root.parent or root)))
        while stack:
            node, look, wanted, verbatim, left = stack.pop()
            if node is None:
                _leave(blocks, left)
            elif node.is_text_node:
                _write(blocks, node, look, wanted, verbatim)
            elif node.is_comment_node:
                blocks.hidden += len("".join((node.comment_content or "").split()))
            elif node.is_element_node:
                tag = node.tag or ""
                look = look.within(self._style(node))
                if tag in _NEVER_SHOWN or tag in _STRUCK or not look.shown:
                    blocks.hidden += _length(node)
                elif not (tag in _NOT_TEXT or node.attributes.get("role") == "navigation" or _is_note(node, tag)):
                    wanted = wanted or (within is not None and node.mem_id == within.mem_id)
                    if wanted:
                        self._enter(blocks, node, tag)
                        stack.append((None, look, wanted, verbatim, tag))
                    stack += ((n, look, wanted, verbatim or tag == "pre", "") for n in reversed(_children(node)))
        return blocks.markdown()

    def _style(self, node: LexborNode) -> dict[str, str]:
        sheet, attributes = self._sheet.get(node.mem_id, {}), node.attributes
        if node.tag == "dialog" and "open" not in attributes:
            return {"display": "none"}
        own = own_style(attributes) if attributes else {}
        important = {name: value for name, (value, stays) in sheet.items() if stays}
        return {name: value for name, (value, _) in sheet.items()} | own | important

    def _enter(self, blocks: Blocks, node: LexborNode, tag: str) -> None:
        if tag == "br":
            blocks.write("\n")
        elif tag in _HEADINGS:
            blocks.start("heading", int(tag[1]))
        elif tag == "li":
            blocks.start("item")
        elif tag == "tr" and not self._places(node):
            blocks.start_row()
        elif tag == "sup" and blocks.last.isalnum() and _POWER.fullmatch(_brief(node)):
            blocks.write("^")  # 10<sup>6</sup> is not 106
        elif tag not in _INLINE:
            blocks.start("paragraph")

    def _places(self, row: LexborNode) -> bool:
        table = row.parent
        while table is not None and table.tag != "table":
            table = table.parent
        return table is None or table.mem_id in self._layout


def _leave(blocks: Blocks, tag: str) -> None:
    if tag in ("td", "th"):
        blocks.end_cell()
    elif tag == "tr":
        blocks.end_row()
    if tag in _HEADINGS or tag == "li" or (tag not in _INLINE and tag != "br"):
        blocks.start("paragraph")


def _write(blocks: Blocks, node: LexborNode, look: Look, wanted: bool, verbatim: bool) -> None:
    text = node.text_content or ""
    if not look.seen:
        blocks.hidden += len("".join(text.split()))
    elif wanted:
        blocks.write(text if verbatim else _SPACES.sub(" ", _CJK_BREAK.sub("", text)))


def _is_note(node: LexborNode, tag: str) -> bool:
    """Whether an element is the mark of a footnote: a raised link of a character or two."""
    return tag == "sup" and node.css_first("a") is not None and bool(_NOTE.fullmatch(_brief(node)))


def _brief(node: LexborNode) -> str:
    """Return the text of an element that holds a few nodes; empty for others."""
    texts: list[str] = []
    stack = [node]
    for _ in range(9):
        if not stack:
            return "".join(texts).strip()
        at = stack.pop()
        texts.append(at.text_content or "" if at.is_text_node else "")
        stack += reversed(_children(at))
    return ""


def _length(node: LexborNode) -> int:
    fragments = node.template_fragments() if node.tag == "template" else []
    return sum(len("".join(_MARKUP.sub("", part.text() or "").split())) for part in (node, *fragments))


def _children(node: LexborNode) -> list[LexborNode]:
    found, child = [], node.first_child
    while child is not None:
        found.append(child)
        child = child.next
    return found
