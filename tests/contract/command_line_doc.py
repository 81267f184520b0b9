"""docs/cli.md is what the command line says of itself. Rewrite it with: python -m tests.contract.command_line_doc"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from typer.main import get_command
from typer.testing import CliRunner

from clara.cli.app import app

PAGE = Path(__file__).parents[2] / "docs" / "cli.md"


def commands() -> Iterator[tuple[str, ...]]:
    """Yield every command as the words that follow `clara`, groups before what is in them."""
    yield from _below((), get_command(app))


def _below(path: tuple[str, ...], command: Any) -> Iterator[tuple[str, ...]]:
    yield path
    for name, inner in getattr(command, "commands", {}).items():
        yield from _below((*path, name), inner)


def render() -> str:
    """Return the page: every command's own help."""
    parts = [
        "# The command line\n\nExit codes: 0 done or answered, 1 failed, 2 bad usage or configuration, 3 abstained.\n"
    ]
    runner = CliRunner(env={"COLUMNS": "100", "NO_COLOR": "1", "TERM": "dumb"})
    for command in commands():
        done = runner.invoke(app, [*command, "--help"], prog_name="clara", catch_exceptions=False)
        text = "\n".join(line.rstrip() for line in done.stdout.strip("\n").splitlines())
        parts.append(f"## `{' '.join(('clara', *command))}`\n\n```text\n{text}\n```\n")
    return "\n".join(parts)


if __name__ == "__main__":
    PAGE.write_text(render(), encoding="utf-8")
