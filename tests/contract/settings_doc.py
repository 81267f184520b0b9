"""docs/settings.md is what `clara/config.py` declares. Rewrite it with: python -m tests.contract.settings_doc"""

from __future__ import annotations

import json
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from clara.config import Settings

PAGE = Path(__file__).parents[2] / "docs" / "settings.md"
BEGIN, END = "<!-- settings -->", "<!-- end of settings -->"
_NAMES = {str: "text", int: "whole number", float: "number", bool: "true or false", Path: "path", SecretStr: "secret"}
_BOUNDS = {"ge": "≥", "gt": ">", "le": "≤", "lt": "<"}


def sections() -> Iterator[tuple[str, type[BaseModel]]]:
    """Yield each table of clara.toml by its name, "" for the top, outer tables first."""
    yield from _below("", Settings)


def _below(path: str, group: type[BaseModel]) -> Iterator[tuple[str, type[BaseModel]]]:
    yield path, group
    for name, field in group.model_fields.items():
        inner = [field.annotation, *get_args(field.annotation)]
        for kind in inner:
            if isinstance(kind, type) and issubclass(kind, BaseModel):
                named = name if kind is field.annotation else f"{name}.NAME"
                yield from _below(f"{path}.{named}".lstrip("."), kind)


def tables() -> str:
    """Return a heading, the group's own words, and a table of its settings, for every group."""
    parts = []
    for path, group in sections():
        title = f"`[{path}]`" if path else "Top level"
        said = f"{(group.__doc__ or '').strip()}\n\n" if path else ""
        rows = [_row(path, name, field) for name, field in group.model_fields.items() if not _is_group(field)]
        head = "| setting | variable | value | default | what it does |\n|---|---|---|---|---|"
        parts.append("\n".join([f"## {title}\n\n{said}{head}", *rows]))
    return "\n\n".join(parts)


def _is_group(field: FieldInfo) -> bool:
    return isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel)


def _row(path: str, name: str, field: FieldInfo) -> str:
    if "NAME" in path:
        variable = ""  # a variable holds the whole table, as JSON
    else:
        variable = "`CLARA_" + "__".join([*path.split("."), name] if path else [name]).upper() + "`"
    cells = [f"`{name}`", variable, _value(field), _default(field), field.description or ""]
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _value(field: FieldInfo) -> str:
    bounds = [
        f"{sign} {getattr(rule, key):g}"
        for rule in field.metadata
        for key, sign in _BOUNDS.items()
        if hasattr(rule, key)
    ]
    return " ".join([_kind(field.annotation), ", ".join(bounds)]).strip()


def _kind(annotation: Any) -> str:
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin in (Union, types.UnionType):
        return _kind(next(kind for kind in inner if kind is not type(None)))
    if origin is Literal:
        return ", ".join(f"`{value}`" for value in inner)
    if origin is tuple:
        return f"list: {_kind(inner[0])}" if inner[-1] is Ellipsis else f"{len(inner)} {_kind(inner[0])}s"
    if origin is dict:
        of = inner[1]
        told = "any" if of is Any else "a table" if isinstance(of, type) and issubclass(of, BaseModel) else _kind(of)
        return f"table: {told}"
    return _NAMES[annotation]


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "needed"
    if field.default is PydanticUndefined and field.annotation is Path:
        return "the user's data folder"
    default = field.get_default(call_default_factory=True)
    if default is None:
        return ""
    return f"`{json.dumps(default, ensure_ascii=False)}`"


def rewritten(page: str) -> str:
    """Return the page with the tables of today between its marks."""
    before, rest = page.split(BEGIN)
    return f"{before}{BEGIN}\n{tables()}\n{END}{rest.split(END)[1]}"


if __name__ == "__main__":
    PAGE.write_text(rewritten(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
