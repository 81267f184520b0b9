"""docs/cli.md is what the command line says of itself. Rewrite it with: python -m tests.contract.command_line_doc"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "cli.md"
COMMANDS = (
    (), ("ask",), ("chat",), ("kb",), ("kb", "add"), ("kb", "update"), ("kb", "rm"), ("kb", "terms"), ("kb", "ls"), ("kb", "show"),
    ("kb", "search"), ("kb", "stats"), ("kb", "quarantine"), ("kb", "release"), ("kb", "verify"), ("kb", "rebuild"),
    ("kb", "export"), ("kb", "import"), ("kb", "eval"), ("eval",), ("eval", "datasets"),
    ("eval", "replay"), ("eval", "calibrate"), ("serve",), ("doctor",), ("init",),
)  # fmt: skip


def render() -> str:
    """Return the page: every command's own help."""
    parts = [
        "# The command line\n\nExit codes: 0 done or answered, 1 failed, 2 bad usage or configuration, 3 abstained.\n"
    ]
    environment = os.environ | {"COLUMNS": "100", "NO_COLOR": "1", "TERM": "dumb"}
    for command in COMMANDS:
        done = subprocess.run(
            [sys.executable, "-m", "clara", *command, "--help"],
            capture_output=True,
            text=True,
            check=True,
            env=environment,
        )
        text = "\n".join(line.rstrip() for line in done.stdout.strip("\n").splitlines()).replace(
            "python -m clara", "clara"
        )
        parts.append(f"## `{' '.join(('clara', *command))}`\n\n```text\n{text}\n```\n")
    return "\n".join(parts)


if __name__ == "__main__":
    PAGE.write_text(render(), encoding="utf-8")
