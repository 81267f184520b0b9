"""What `clara eval calibrate` found for one model and knowledge base: the reconciler's constants by language."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from clara.errors import ConfigError

Constants = Mapping[str, float]
"""Fields of the `[reconcile]` settings -> their fitted values."""


def read_profile(path: Path) -> Mapping[str, Constants]:
    """Return language -> constants. Raises ConfigError, one line, for a file that is no profile."""
    try:
        content = json.loads(path.read_bytes().decode("utf-8"))
        languages = content["languages"]
        return {str(tag): {name: float(value) for name, value in found.items()} for tag, found in languages.items()}
    except OSError as error:
        raise ConfigError(f"cannot read the profile {path}: {error.strerror or error}") from None
    except (ValueError, KeyError, TypeError, AttributeError):  # of JSON, and of what it should hold
        raise ConfigError(f"{path} is no profile; make one with: clara eval calibrate DIR -o {path.name}") from None


def write_profile(path: Path, languages: Mapping[str, Constants], about: Mapping[str, Any]) -> None:
    """Write a profile; `about` says what it was fitted to and what that is worth. Raises ConfigError."""
    content = {**about, "languages": {tag: dict(found) for tag, found in languages.items()}}
    try:
        path.write_text(json.dumps(content, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"cannot write {path}: {error.strerror or error}") from None
