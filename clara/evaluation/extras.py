"""Packages of the extras `eval` and `datasets`, imported when they are needed."""

from __future__ import annotations

import importlib
from typing import Any

from clara.errors import ConfigError


def load_extra(module: str, extra: str = "eval") -> Any:
    """Import a module of an extra. Raises ConfigError, which says how to install it."""
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        package = module.partition(".")[0]
        raise ConfigError(
            f"this needs {package} (no module {error.name}); install it with: pip install 'clara-debias[{extra}]'"
        ) from None
