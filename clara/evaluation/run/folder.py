"""The folder of a run: what is measured in it, and its records, which a killed process leaves whole."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import portalocker

from clara.errors import ConfigError, DatasetError
from clara.evaluation.records import Row
from clara.evaluation.results import RECORDS, write_atomically

MANIFEST, LOCK, CACHE = "manifest.json", ".lock", "cache"


class RunFolder:
    """A folder that one process writes to at a time. Use it as a context manager.

    Raises ConfigError for a folder that another process holds or that cannot be written.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._stack = ExitStack()
        self._records: int | None = None

    def __enter__(self) -> Self:
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            lock = self._stack.enter_context((self.path / LOCK).open("a"))
            portalocker.lock(lock, portalocker.LockFlags.EXCLUSIVE | portalocker.LockFlags.NON_BLOCKING)
        except portalocker.LockException:
            self._stack.close()
            raise ConfigError(f"{self.path} is being written by another process; wait for it or end it") from None
        except OSError as error:
            self._stack.close()
            raise ConfigError(f"cannot write into {self.path}: {error.strerror or error}") from None
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._stack.close()
        self._records = None

    @property
    def records(self) -> Path:
        """The file of records."""
        return self.path / RECORDS

    def read_manifest(self) -> dict[str, Any] | None:
        """Return what is measured here, None where nothing is yet. Raises ConfigError for records without it."""
        if not (self.path / MANIFEST).exists():
            if self.records.exists():
                raise ConfigError(f"{self.path} holds the records of another measurement; choose another folder")
            return None
        return read_manifest(self.path)

    def write_manifest(self, manifest: Mapping[str, Any]) -> None:
        """Keep what is measured here."""
        write_atomically(self.path / MANIFEST, [json.dumps(manifest, ensure_ascii=False, indent=2)])

    def mend(self) -> None:
        """Cut off what a killed process left of a last line, which is asked again."""
        if not self.records.exists():
            return
        with self.records.open("rb+") as file:
            size = end = file.seek(0, os.SEEK_END)
            while end > 0:
                start = max(0, end - 65536)
                file.seek(start)
                found = file.read(end - start).rfind(b"\n")
                if found >= 0:
                    end = start + found + 1
                    break
                end = start
            if end < size:
                file.truncate(end)

    def append(self, row: Row) -> None:
        """Keep a row: one line, handed to the operating system as a whole before this returns.

        Raises ConfigError where it cannot; then nothing of the row is kept, for others may still be written after it.
        """
        if self._records is None:
            self._records = os.open(self.records, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
            self._stack.callback(os.close, self._records)
        line = json.dumps(row, ensure_ascii=False).encode() + b"\n"
        try:
            written = os.write(self._records, line)
            if written == len(line):
                return
            os.ftruncate(self._records, os.fstat(self._records).st_size - written)  # a full disk takes part of a line
            reason = "no space left"
        except OSError as error:
            reason = error.strerror or str(error)
        raise ConfigError(f"cannot write into {self.path}: {reason}; make room and run the same command again")


def read_manifest(folder: Path) -> dict[str, Any]:
    """Return the manifest of a run's folder. Raises DatasetError."""
    path = folder / MANIFEST
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise DatasetError(f"{folder}: holds no run; clara eval run writes one") from None
    except OSError as error:
        raise DatasetError(f"{path}: {error.strerror or error}") from None
    except ValueError:
        raise DatasetError(f"{path}: not JSON; choose another folder") from None
    if not isinstance(content, dict) or not {"identity", "plan"} <= content.keys():
        raise DatasetError(f"{path}: not the manifest of a run; choose another folder")
    return content


def fingerprint(*parts: Any) -> str:
    """Return twelve hexadecimal digits that are the same for the same parts."""
    return hashlib.sha256(json.dumps(parts, sort_keys=True, ensure_ascii=False).encode()).hexdigest()[:12]
