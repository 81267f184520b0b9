"""What CLARA itself says to the asker, in the asker's language (`prompts/messages.toml`)."""

from __future__ import annotations

import tomllib
from functools import lru_cache
from pathlib import Path

from clara.errors import ResourceError


class Messages:
    """The catalogue of one prompts folder."""

    def __init__(self, folder: Path) -> None:
        self._table = _load(folder / "messages.toml")

    def say(self, key: str, language: str, **values: object) -> str:
        """Return message `key` in `language`, in English where it is not translated, with `values` in their places.

        Raises KeyError where there is no such key or a place is left without its value.
        """
        forms = self._table[key]
        said = forms.get(language) or forms["en"]
        return said.format_map(values)


@lru_cache(maxsize=8)
def _load(path: Path) -> dict[str, dict[str, str]]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ResourceError(f"cannot read {path}: {error}") from error
