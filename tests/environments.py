"""Environments of their own for other people's tools, made once and kept beside pytest's cache."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT


def environment(name: str, *packages: str) -> Path:
    """Return the folder of commands of an environment with these packages; skip the test where pip cannot make it."""
    mark = hashlib.sha256(" ".join((*packages, sys.version)).encode()).hexdigest()[:12]
    home = ROOT / ".pytest_cache" / f"{name}-{mark}"
    if not (home / "done").exists():
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(home)], check=True)
        pip = [str(home / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        made = subprocess.run([*pip, *packages], capture_output=True, text=True, check=False)
        if made.returncode != 0:
            if os.environ.get("CLARA_REQUIRE_ALL"):
                raise RuntimeError(made.stderr)
            pytest.skip(f"{name} cannot be installed: pip reaches no registry")
        (home / "done").touch()
    return home / "bin"
