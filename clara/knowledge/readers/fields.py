"""The fields that documents describe themselves with, by the names in use for them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from clara.knowledge.documents import Record
from clara.knowledge.readers.visible import one_line

TEXT_NAMES = ("text", "body", "content", "abstract")
"""Names of the field that holds the text, the first that is there counting."""

_NAMES = {"lang": "language", "license": "licence", "date": "published", "_id": "id"}
_ONE_LINE = ("title", "language", "group", "publisher", "licence", "published", "reviewed", "trust", "superseded_by")
_SOURCES = ("sources", "source", "url")


def field_name(name: object) -> str:
    """Return a field's name as it is looked up: lower case, `Superseded by` as `superseded_by`."""
    lowered = one_line(name, 60).lower()
    return _NAMES.get(lowered, lowered.replace(" ", "_").replace("-", "_"))


def described(record: Record, fields: Mapping[str, object]) -> Record:
    """Return `record` with what `fields` (their names by `field_name`) say of it; other fields are left out.

    Raises ValueError, naming the field, where a list or mapping stands for a single value.
    """
    values = {name: one_line(_single(name, fields[name])) for name in _ONE_LINE if _is_given(fields, name)}
    sources = [line for name in _SOURCES if _is_given(fields, name) for line in _listed(name, fields[name])]
    country = one_line(_single("country", fields["country"])) if _is_given(fields, "country") else None
    return replace(record, **values, sources=tuple(dict.fromkeys(sources)), country=country or None)  # type: ignore[arg-type]


def _is_given(fields: Mapping[str, object], name: str) -> bool:
    return fields.get(name) not in (None, "")


def _single(name: str, value: object) -> object:
    if isinstance(value, list | tuple | dict | set):
        raise ValueError(f"{name} must be one value")
    return value


def _listed(name: str, value: object) -> list[str]:
    items = value if isinstance(value, list) else str(_single(name, value)).replace("|", "\n").split("\n")
    return [line for item in items if item is not None and (line := one_line(_single(name, item)))]
