"""The command line in this process, which is quicker than in one of its own."""

from __future__ import annotations

import subprocess
from collections.abc import Callable

import pytest

from clara.cli import main

Run = Callable[..., subprocess.CompletedProcess[str]]


def in_process(capsys: pytest.CaptureFixture[str], *command: str) -> Run:
    """Return what runs `clara COMMAND ...` and says how it ended."""

    def call(*arguments: str) -> subprocess.CompletedProcess[str]:
        code = 0
        try:
            main([*command, *arguments])
        except SystemExit as stop:
            code = int(stop.code or 0)
        said = capsys.readouterr()
        return subprocess.CompletedProcess(arguments, code, said.out, said.err)

    return call
