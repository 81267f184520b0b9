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

_BRIEF_S = 30.0
_POLL_S = 0.1


class FolderLock:
    """Holds `folder`/lock. Acquiring fails at once with KnowledgeLocked, which names a process in the way.

    Only a brief holder (one that builds or mends the base at its opening) is waited for, half a minute.
    """

    def __init__(self, folder: Path, purpose: str) -> None:
        self._path = folder / "lock"
        self._holders = folder / "holders"
        self._own = self._holders / f"{os.getpid()}-{id(self):x}.json"
        self._purpose = purpose
        self._file: IO[bytes] | None = None

    def acquire(self, *, exclusive: bool, brief: bool = False) -> None:
        """Take the lock, or change between shared and exclusive. A refused change leaves the shared lock in place.

        brief: the lock is wanted for the seconds that building or mending takes. What made it necessary
            must be looked at again afterwards: another process may have done it meanwhile.
        """
        held = self._file is not None
        try:
            if self._file is None:
                self._path.parent.mkdir(parents=True, exist_ok=True)
                self._holders.mkdir(exist_ok=True)
                self._file = self._path.open("ab")
            elif brief:  # two that want to build must not wait for each other's shared lock
                portalocker.unlock(self._file)
            if brief:
                self._note(brief=True)
            self._take(exclusive)
            self._note(brief=brief)
        except portalocker.LockException:
            message = f"the knowledge base is in use by {self._who()}; try again when it has ended"
            if held:
                self._share_again()
            else:
                self.release()
            raise KnowledgeLocked(message) from None
        except OSError as error:
            raise KnowledgeError(
                f"cannot use the data folder {self._path.parent}: {error.strerror}; set CLARA_HOME to a writable folder"
            ) from None

    def release(self) -> None:
        """Give the lock up; calling it again does nothing."""
        if self._file is not None:
            self._own.unlink(missing_ok=True)
            self._file.close()
            self._file = None

    def _take(self, exclusive: bool) -> None:
        deadline = time.monotonic() + _BRIEF_S
        while True:
            try:
                self._lock(exclusive)
                return
            except portalocker.LockException:
                brief = [bool(holder["brief"]) for holder in self._others()]
                worth_waiting = all(brief) if exclusive else any(brief)
                if not brief or not worth_waiting or time.monotonic() > deadline:
                    raise
                time.sleep(_POLL_S)

    def _lock(self, exclusive: bool) -> None:
        assert self._file is not None  # its callers have opened it
        kind = portalocker.LockFlags.EXCLUSIVE if exclusive else portalocker.LockFlags.SHARED
        portalocker.lock(self._file, kind | portalocker.LockFlags.NON_BLOCKING)

    def _share_again(self) -> None:
        # A refused change may have dropped the lock it started from.
        try:
            self._lock(exclusive=False)
            self._note(brief=False)
        except portalocker.LockException:
            self.release()

    def _note(self, *, brief: bool) -> None:
        note = {"pid": os.getpid(), "purpose": self._purpose, "since": time.strftime("%H:%M:%S"), "brief": brief}
        unfinished = self._own.with_suffix(".new")
        unfinished.write_text(json.dumps(note))
        unfinished.replace(self._own)

    def _others(self) -> list[dict[str, str | int | bool]]:
        """Return the notes of the other living holders; those of dead ones are removed."""
        found = []
        for note in self._holders.glob("*.json"):
            if note == self._own:
                continue
            try:
                holder = json.loads(note.read_text())
                if os.name == "posix":  # elsewhere signal 0 is no question but an order
                    os.kill(int(holder["pid"]), 0)
                found.append(holder)
            except ProcessLookupError:
                note.unlink(missing_ok=True)
            except (OSError, ValueError, KeyError):
                continue  # being written, or another user's process
        return found

    def _who(self) -> str:
        others = self._others()
        if not others:
            return "another process"
        named = [f"process {h['pid']} ({h['purpose']}, since {h['since']})" for h in others[:3]]
        return " and ".join(named)
