"""One writer or many readers: an operating-system lock on the knowledge base's folder.

Chroma's embedded mode loses documents when two processes write, and shows a reader stale data
beside a writer. Readers alone do no harm to each other, so they share the lock.
"""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import IO

import portalocker

from clara.errors import KnowledgeError, KnowledgeLocked


class FolderLock:
    """Holds `folder`/lock. Acquiring never waits: KnowledgeLocked names the process in the way."""

    def __init__(self, folder: Path, purpose: str) -> None:
        self._path = folder / "lock"
        self._holder = folder / "lock.json"
        self._purpose = purpose
        self._file: IO[bytes] | None = None

    def acquire(self, *, exclusive: bool) -> None:
        """Take the lock, or change between shared and exclusive. A refused change leaves the shared lock in place."""
        held = self._file is not None
        try:
            if self._file is None:
                self._path.parent.mkdir(parents=True, exist_ok=True)
                self._file = self._path.open("ab")
            self._lock(exclusive)
        except portalocker.LockException:
            message = f"the knowledge base is in use by {self._who()}; try again when it has ended"
            if held:
                self._lock(exclusive=False)  # a refused change may have dropped the lock it started from
            else:
                self.release()
            raise KnowledgeLocked(message) from None
        except OSError as error:
            raise KnowledgeError(
                f"cannot use the data folder {self._path.parent}: {error.strerror}; set CLARA_HOME to a writable folder"
            ) from None
        if exclusive:
            self._holder.write_text(
                json.dumps({"pid": os.getpid(), "purpose": self._purpose, "since": time.strftime("%H:%M:%S")})
            )

    def _lock(self, exclusive: bool) -> None:
        assert self._file is not None  # both callers have opened it
        kind = portalocker.LockFlags.EXCLUSIVE if exclusive else portalocker.LockFlags.SHARED
        portalocker.lock(self._file, kind | portalocker.LockFlags.NON_BLOCKING)

    def release(self) -> None:
        """Give the lock up; calling it again does nothing."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def _who(self) -> str:
        try:
            holder = json.loads(self._holder.read_text())
            os.kill(int(holder["pid"]), 0)
            return f"process {holder['pid']} ({holder['purpose']}, since {holder['since']})"
        except (OSError, ValueError, KeyError):
            return "another process"
