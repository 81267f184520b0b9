"""A program on a pseudo-terminal: what it prints, and keys typed into it, as a person at a terminal would."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Self

ESCAPE = re.compile(
    r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b[=>()][0AB]?|[\r\x07\x08]|\x1b[^a-zA-Z]*$"
)
RIGHT = re.compile(r"\x1b\[(\d*)C")  # the line editor steps over blanks
CURSOR_ASKED, CURSOR_AT = b"\x1b[6n", b"\x1b[40;1R"
# The terminal becomes the child's own, so that Ctrl-C typed into it is a signal; a shell that runs the tests in the
# background has told all below it to ignore that one.
_CHILD = """
import fcntl, os, signal, sys, termios
signal.signal(signal.SIGINT, signal.SIG_DFL)
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
os.execv(sys.executable, sys.argv[1:])
"""


class Terminal:
    """Runs `python ARGUMENTS` with its three streams on a terminal of `columns` by 40 cells."""

    def __init__(self, arguments: Sequence[str], environment: Mapping[str, str], cwd: Path, columns: int = 80) -> None:
        self._master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
        command = [sys.executable, "-c", _CHILD, sys.executable, *arguments]
        self.process = subprocess.Popen(
            command, stdin=slave, stdout=slave, stderr=slave, env=dict(environment), cwd=cwd, start_new_session=True
        )
        os.close(slave)
        self.raw = b""
        self._seen = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.wait()
        os.close(self._master)

    @property
    def text(self) -> str:
        """Everything printed so far, without escapes."""
        shown = self.raw.decode("utf-8", "replace")
        return ESCAPE.sub("", RIGHT.sub(lambda moved: " " * int(moved[1] or 1), shown))

    def expect(self, wanted: str, timeout_s: float = 60.0) -> str:
        """Read until `wanted` is printed after what was expected last; returns all that came in between."""
        deadline = time.monotonic() + timeout_s
        while (at := self.text.find(wanted, self._seen)) < 0:
            if not self._read(deadline - time.monotonic()):
                shown = re.sub(r"\n\s*\n", "\n", self.text[self._seen :])
                raise AssertionError(f"{wanted!r} did not come after:\n{shown}")
        start, self._seen = self._seen, at + len(wanted)
        return self.text[start : self._seen]

    def type(self, keys: str) -> None:
        """Type keys as they are, e.g. "\\r" for Enter."""
        os.write(self._master, keys.encode())

    def enter(self, line: str) -> None:
        """Type a line and Enter."""
        self.type(f"{line}\r")

    def leave(self) -> int:
        """Type Ctrl-D at the next prompt; returns the exit code."""
        self.expect("\n> ")
        self.type("\x04")
        return self.wait()

    def wait(self, timeout_s: float = 30.0) -> int:
        """Read to the end and return the exit code."""
        deadline = time.monotonic() + timeout_s
        while self._read(deadline - time.monotonic()):
            pass
        return self.process.wait(timeout_s)

    def _read(self, timeout_s: float) -> bool:
        """Take what the program printed next; False where nothing comes any more."""
        if timeout_s <= 0 or not select.select([self._master], [], [], timeout_s)[0]:
            return False
        try:
            piece = os.read(self._master, 65536)
        except OSError:  # how Linux says that the other side is closed
            return False
        self.raw += piece
        for _ in range(piece.count(CURSOR_ASKED)):
            os.write(self._master, CURSOR_AT)
        return bool(piece)
