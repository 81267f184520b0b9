"""What live sources answered, kept for some days: fewer requests, and the same answer to the same question."""

from __future__ import annotations

import asyncio
import hashlib
import json
import logging
import sqlite3
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from typing import TypeVar

from clara.knowledge.live.base import Retriever, speaks_to_a_model
from clara.text import fold
from clara.types import Evidence, Passage

T = TypeVar("T")

VERSION = "1"
"""Changes when what is taken from a reply changes, so that sources are asked again."""

logger = logging.getLogger(__name__)

_DAY_S = 86400.0
_BUSY_S = 5.0
_SCHEMA = "CREATE TABLE IF NOT EXISTS answers (key TEXT PRIMARY KEY, fetched REAL NOT NULL, evidence TEXT NOT NULL)"
_DAMAGE = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


class LiveCache:
    """Keeps evidence in one SQLite file, readable by its owner only. Any number of threads and processes may use it.

    Questions are kept as hashes. What cannot be read or written is logged and counts as not kept; a damaged
    file is renamed to `<name>.damaged` and made anew.

    days: how long an answer is used; 0 keeps nothing.
    now: seconds since 1970.
    """

    def __init__(self, path: Path, *, days: float, now: Callable[[], float] = time.time) -> None:
        self._path, self._longest_s, self._now = path, days * _DAY_S, now

    def get(self, key: str) -> list[Evidence] | None:
        """Return what was kept under `key`, None where there is nothing or it is too old."""
        if not self._longest_s:
            return None
        oldest = self._now() - self._longest_s

        def read(db: sqlite3.Connection) -> str | None:
            row = db.execute("SELECT fetched, evidence FROM answers WHERE key = ?", (key,)).fetchone()
            if row and not oldest < row[0] <= self._now():  # a time to come was written by a wrong clock
                db.execute("DELETE FROM answers WHERE key = ?", (key,))
                return None
            return row[1] if row else None

        kept = self._use(read)
        try:
            return [_evidence(item) for item in json.loads(kept)] if kept is not None else None
        except (ValueError, TypeError, KeyError):
            logger.warning("the cache %s holds an unreadable answer; the source is asked again", self._path)
            return None

    def put(self, key: str, evidence: Sequence[Evidence]) -> None:
        """Keep `evidence` under `key`, and delete what is too old."""
        if not self._longest_s:
            return
        now = self._now()
        value = json.dumps([asdict(item) for item in evidence], ensure_ascii=False)

        def write(db: sqlite3.Connection) -> None:
            db.execute("DELETE FROM answers WHERE fetched <= ?", (now - self._longest_s,))
            db.execute("INSERT OR REPLACE INTO answers VALUES (?, ?, ?)", (key, now, value))

        self._use(write)

    def _use(self, work: Callable[[sqlite3.Connection], T]) -> T | None:
        """Do `work` in one transaction; on a damaged file once more on a new one."""
        for _ in range(2):
            made = None
            try:
                self._path.parent.mkdir(parents=True, exist_ok=True)
                self._path.touch(mode=0o600)
                made = self._path.stat().st_ino
                with closing(sqlite3.connect(self._path, timeout=_BUSY_S, isolation_level=None)) as db:
                    db.execute("BEGIN IMMEDIATE")
                    db.execute(_SCHEMA)
                    result = work(db)
                    db.execute("COMMIT")
                    return result
            except sqlite3.Error as error:
                if getattr(error, "sqlite_errorcode", 0) & 0xFF not in _DAMAGE:
                    logger.warning("the cache %s cannot be used: %s", self._path, error)
                    return None
                self._put_aside(made)
            except OSError as error:
                logger.warning("the cache %s cannot be used: %s", self._path, error.strerror)
                return None
        return None

    def _put_aside(self, damaged: int | None) -> None:
        """Rename the damaged file, unless another process has done so and made a new one."""
        aside = self._path.with_name(f"{self._path.name}.damaged")
        try:
            if self._path.stat().st_ino == damaged:
                # A journal left behind would be played back into the new file.
                self._path.with_name(f"{self._path.name}-journal").unlink(missing_ok=True)
                self._path.replace(aside)
                logger.warning("the cache %s is damaged and was put aside as %s", self._path, aside.name)
        except OSError as error:
            logger.warning("the damaged cache %s cannot be put aside: %s", self._path, error.strerror)


class Cached:
    """Answers from the cache what a source was asked before.

    address: of the source; answers of another address are others.
    """

    def __init__(self, retriever: Retriever, cache: LiveCache, *, address: str) -> None:
        self._retriever, self._cache, self._address = retriever, cache, address

    @property
    def name(self) -> str:
        return self._retriever.name

    async def search(self, query: str, language: str, k: int) -> list[Evidence]:
        asked = "\0".join((self.name, self._address, VERSION, language, str(k), fold(query)))
        key = hashlib.sha256(asked.encode()).hexdigest()
        kept = await asyncio.to_thread(self._cache.get, key)
        if kept is not None:
            # Screened once more: the screen may have learnt something since, and the file may not be ours alone.
            return [item for item in kept if not speaks_to_a_model(item.passage)]
        found = await self._retriever.search(query, language, k)
        await asyncio.to_thread(self._cache.put, key, found)
        return found

    async def aclose(self) -> None:
        await self._retriever.aclose()


def _evidence(item: dict[str, object]) -> Evidence:
    return Evidence(**{**item, "passage": Passage(**item["passage"])})  # type: ignore[arg-type]
