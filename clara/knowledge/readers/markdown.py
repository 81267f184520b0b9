"""Markdown and plain text, with front matter."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from clara.errors import KnowledgeError
from clara.knowledge.documents import Record
from clara.knowledge.readers.fields import described, field_name
from clara.knowledge.readers.files import read_text
from clara.knowledge.readers.styles import inline_look
from clara.knowledge.readers.visible import visible

_FRONT = re.compile(r"\A---[ \t]*\n(.*?)\n?---[ \t]*(?:\n|\Z)", re.DOTALL)
_KNOWN = frozenset(
    "title language group sources publisher licence published reviewed trust country superseded_by".split()
)
# `<!-->` is a whole comment; one that is never closed runs to the end.
_COMMENT = re.compile(r"<!--(?:-?>|(.*?)(?:-->|\Z))|<\?(.*?)(?:\?>|\Z)", re.DOTALL)
_CODE = re.compile(r"<(script|style)\b.*?(?:</\1\s*>|\Z)", re.DOTALL | re.IGNORECASE)
_UNSHOWN = ("template", "noscript", "iframe", "object", "del", "s", "strike")
_ELEMENTS = (
    "a abbr address article aside b big blockquote br caption center cite code col dd details dfn div dl dt em "
    "figcaption figure font footer form h1 h2 h3 h4 h5 h6 header hr i img input ins kbd label li main mark nav ol p "
    "picture pre q section small source span strong sub summary sup table tbody td tfoot th thead tr tt u ul var "
).split()
_TAG = re.compile(rf"<(/?)({'|'.join([*_ELEMENTS, *_UNSHOWN])})((?:\s[^<>]*?)?)/?>", re.IGNORECASE)
_ATTRIBUTE = re.compile(r"([\w:-]+)(?:\s*=\s*(?:\"([^\"]*)\"|'([^']*)'|([^\s\"'>]+)))?")
_DEFINITION = re.compile(
    r"^ {0,3}\[(?!\^)[^\]\n]+\]:[ \t]*\n?[ \t]*(?:<[^>\n]*>|\S+)"
    r"(?:[ \t]*\n?[ \t]+(?:\"([^\"\n]*)\"|'([^'\n]*)'|\(([^()\n]*)\)))?[ \t]*$\n?",
    re.MULTILINE,
)
_TARGET = r"\((?:<[^>\n]*>|[^\s()]*(?:\([^()\s]*\)[^\s()]*)*)(?:\s+(?:\"[^\"]*\"|'[^']*'|\([^()]*\)))?\s*\)"
_IMAGE = re.compile(rf"!\[[^\[\]\n]*\](?:{_TARGET}|\[[^\[\]\n]*\])")
_LINK = re.compile(rf"(?<!!)\[([^\[\]\n]+)\](?:{_TARGET}|\[[^\[\]\n]*\])")
_AUTOLINK = re.compile(r"<((?:https?://|mailto:)[^<>\s]+)>")


def read(path: Path) -> Iterator[Record]:
    """Yield a Markdown file: as rendered, so without comments, hidden HTML, and the targets of links and pictures."""
    text, unseen = visible(read_text(path))
    record = Record(body="")
    if front := _FRONT.match(text):
        record = described_by(path, record, _front_matter(path, front.group(1)))
        text = text[front.end() :]
    body, hidden = _rendered(text)
    yield _with(record, body, hidden + unseen)


def read_plain(path: Path) -> Iterator[Record]:
    """Yield a text file as it stands; it may begin with front matter that names at least one known key."""
    text, unseen = visible(read_text(path))
    record = Record(body="")
    if (front := _FRONT.match(text)) and any(
        field_name(line.partition(":")[0]) in _KNOWN for line in front.group(1).split("\n") if ":" in line
    ):
        record = described_by(path, record, _front_matter(path, front.group(1)))
        text = text[front.end() :]
    yield _with(record, text, unseen)


def described_by(path: Path, record: Record, meta: Mapping[str, object]) -> Record:
    """Return `record` with its front matter. Raises KnowledgeError for a value of the wrong form."""
    try:
        return described(record, {field_name(name): value for name, value in meta.items()})
    except ValueError as error:
        raise KnowledgeError(f"{path}: front matter: {error}; write it as `key: value`") from None


def _with(record: Record, body: str, hidden: int) -> Record:
    from dataclasses import replace

    return replace(record, body=body.strip("\n"), hidden=hidden)


def _front_matter(path: Path, text: str) -> Mapping[str, Any]:
    import yaml

    class Plain(yaml.SafeLoader):
        """Reads every plain value as the text it is: `country: NO` names Norway, and a date stays as written."""

        yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012

    try:
        meta = yaml.load(text, Loader=Plain)
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise KnowledgeError(f"{path}: front matter is not YAML: {' '.join(str(error).split())}; correct it") from None
    if meta in (None, ""):
        return {}
    if not isinstance(meta, Mapping):
        raise KnowledgeError(f"{path}: front matter must hold key: value lines")
    return meta


def _rendered(text: str) -> tuple[str, int]:
    """Return Markdown without what a rendered page does not show, and how many characters of that were text."""
    hidden = 0

    def drop(match: re.Match[str]) -> str:
        nonlocal hidden
        hidden += sum(len("".join(group.split())) for group in match.groups() if group)
        return ""

    text = _CODE.sub("", _COMMENT.sub(drop, text))
    text, inside = _without_tags(text)
    hidden += inside
    text = _DEFINITION.sub(drop, text)
    return _AUTOLINK.sub(r"\1", _LINK.sub(r"\1", _IMAGE.sub("", text))), hidden


def _without_tags(text: str) -> tuple[str, int]:
    """Return the text of Markdown that has HTML in it, hidden elements left out, and their length."""
    kept: list[str] = []
    hidden, at, depth, closing = 0, 0, 0, ""
    for tag in _TAG.finditer(text):
        ends, name = tag.group(1) == "/", tag.group(2).lower()
        stretch = text[at : tag.start()]
        at = tag.end()
        if closing:
            hidden += len("".join(stretch.split()))
            depth += 0 if name != closing else -1 if ends else 1
            closing = closing if depth else ""
            continue
        kept.append(stretch)
        if ends:
            continue
        attributes = {n.lower(): a or b or c or None for n, a, b, c in _ATTRIBUTE.findall(tag.group(3))}
        if name in ("br", "hr", "img", "input", "source", "col"):
            kept.append("\n" if name == "br" else "")
        elif name in _UNSHOWN or not inline_look(attributes).seen:
            closing, depth = name, 1
    rest = text[at:]
    return "".join(kept) + ("" if closing else rest), hidden + (len("".join(rest.split())) if closing else 0)
