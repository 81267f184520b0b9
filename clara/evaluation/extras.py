"""Packages of the extra `eval`, imported when they are needed."""

from __future__ import annotations

import importlib
from typing import Any

from clara.errors import ConfigError


def load_extra(module: str) -> Any:
    """Import a module of the extra `eval`. Raises ConfigError, which says how to install it."""
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        package = module.partition(".")[0]
        raise ConfigError(
            f"this needs {package} (no module {error.name}); install it with: pip install 'clara-debias[eval]'"
        ) from None
