"""What the installed `openai` package is: versions 2 and 3 send with different HTTP libraries."""

from __future__ import annotations

import importlib
from typing import Any


def openai_http() -> Any:
    """Return the library that the installed `openai` sends with: httpx for 2, httpx2 for 3; their names are alike."""
    import openai

    return importlib.import_module("httpx" if openai.__version__.startswith("2.") else "httpx2")
