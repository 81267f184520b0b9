"""Replies that are kept, so that the same call is not paid for twice."""

from __future__ import annotations

import asyncio
import hashlib
import logging
import sqlite3
import threading
import time
from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import TypeAdapter, ValidationError

from clara.errors import ConfigError, ModelAuthError, ModelError, ModelRateLimited, ModelStatusError, ModelUnreachable
from clara.models.base import Call, ChatModel, Completion, Show

if TYPE_CHECKING:
    from clara.config import Settings

logger = logging.getLogger(__name__)

REPLIES = "replies.sqlite3"
_IN_MEMORY = 10_000
_FORM = TypeAdapter(Completion)
_UNPAID = (ModelAuthError, ModelRateLimited, ModelStatusError, ModelUnreachable)
"""Failures that say that no reply was made. A time-out or a reply that cannot be read may have cost something."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Paid:
    """What the calls to one model took. lost: calls whose reply never arrived, so that nobody knows if they cost."""

    model: str
    calls: int
    prompt_tokens: int
    completion_tokens: int
    lost: int


class Replies:
    """Keeps replies by a key, in one SQLite file or, without a path, the latest ones in memory.

    A call is noted before it is made: whatever ends the process, what was paid for is known afterwards. The file holds
    model output, which may repeat what was asked: only its owner may read it.
    """

    def __init__(self, path: Path | None) -> None:
        self._lock = threading.Lock()
        self._bounded = path is None
        try:
            if path is not None:
                path.parent.mkdir(parents=True, exist_ok=True)
            with ExitStack() as opened:  # closed again where the file is no database
                self._db = sqlite3.connect(path or ":memory:", check_same_thread=False, isolation_level=None)
                opened.callback(self._db.close)
                if path is not None:
                    path.chmod(0o600)
                self._db.execute("PRAGMA journal_mode=WAL")
                self._db.execute("PRAGMA synchronous=NORMAL")
                # Moving the log into the file waits for the disk, and every call with it: after 40 MB instead of 4.
                self._db.execute("PRAGMA wal_autocheckpoint=10000")
                self._db.execute(
                    "CREATE TABLE IF NOT EXISTS calls "
                    "(key TEXT PRIMARY KEY, model TEXT NOT NULL, tries INTEGER NOT NULL, reply TEXT, seconds REAL)"
                )
                opened.pop_all()
        except (OSError, sqlite3.Error) as error:
            raise ConfigError(
                f"cannot open the response cache {path}: {error}; set cache = off or choose another cache_dir"
            ) from error

    def find_or_note(self, key: str, model: str) -> tuple[Completion, float] | None:
        """Return the reply that is kept, marked `cached`, with the tokens and the seconds that it once took.

        Where none is kept, note that a call is about to be made.
        """
        rows = self._run(
            "INSERT INTO calls VALUES (?, ?, 1, NULL, NULL) "
            "ON CONFLICT (key) DO UPDATE SET tries = tries + (reply IS NULL) RETURNING reply, seconds",
            key,
            model,
        )
        reply, seconds = rows[0] if rows else (None, None)
        if reply is None:
            return None
        try:
            return replace(_FORM.validate_json(reply), cached=True), seconds
        except ValidationError:  # kept by a version of CLARA whose replies had other parts
            self._run("UPDATE calls SET tries = tries + 1 WHERE key = ?", key)
            return None

    def answered(self, key: str, completion: Completion, seconds: float) -> None:
        """Keep the reply to a call that was noted."""
        reply = _FORM.dump_json(completion).decode()
        self._run(
            "UPDATE calls SET reply = ?, model = ?, seconds = ? WHERE key = ?", reply, completion.model, seconds, key
        )
        if self._bounded:
            self._run("DELETE FROM calls WHERE rowid <= (SELECT max(rowid) FROM calls) - ?", _IN_MEMORY)

    def refused(self, key: str) -> None:
        """Take the note of a call back that cost nothing."""
        self._run("UPDATE calls SET tries = tries - 1 WHERE key = ?", key)

    def paid(self) -> list[Paid]:
        """Return what the calls that were noted took, a model each."""
        rows = self._run(
            "SELECT model, count(reply), total(json_extract(reply, '$.prompt_tokens')), "
            "total(json_extract(reply, '$.completion_tokens')), sum(tries) - count(reply) "
            "FROM calls GROUP BY model ORDER BY model"
        )
        return [
            Paid(model=model, calls=calls, prompt_tokens=int(prompt), completion_tokens=int(completion), lost=lost)
            for model, calls, prompt, completion, lost in rows
        ]

    def close(self) -> None:
        """Close the file; safe to repeat."""
        with self._lock:
            self._db.close()

    def _run(self, sql: str, *values: object) -> list[tuple[Any, ...]]:
        try:
            with self._lock:
                return self._db.execute(sql, values).fetchall()
        except sqlite3.Error as error:  # a reply that was paid for must not be lost over it
            logger.warning("the response cache could not be used: %s", error)
            return []


class Cached:
    """Asks a model only what is not kept.

    identity: what else decides a reply, such as address and options. replay: give a kept reply after as long as it once
    took, so that calls side by side stay side by side and an answer that is made again is the same in every figure.
    """

    def __init__(
        self,
        model: ChatModel,
        replies: Replies,
        identity: str = "",
        *,
        replay: bool = False,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._model = model
        self._replies = replies
        self._identity = identity
        self._replay = replay
        self._sleep = sleep

    @property
    def name(self) -> str:
        return self._model.name

    async def complete(self, call: Call, show: Show | None = None) -> Completion:
        key = hashlib.sha256(f"{self.name}\0{self._identity}\0{call!r}".encode()).hexdigest()
        if (kept := self._replies.find_or_note(key, self.name)) is not None:
            completion, seconds = kept
            await self._sleep(seconds if self._replay else 0)
            if show and completion.text:
                show(completion.text)
            return completion
        started = time.perf_counter()
        try:
            completion = await self._model.complete(call, show)
        except ModelError as error:
            if isinstance(error, _UNPAID):
                self._replies.refused(key)
            raise
        self._replies.answered(key, completion, time.perf_counter() - started)
        return completion

    async def aclose(self) -> None:
        await self._model.aclose()


def open_replies(settings: Settings) -> Replies | None:
    """Return the cache that the settings ask for. Raises ConfigError where its file cannot be used."""
    if settings.cache in ("off", "redis"):
        return None
    return Replies(None if settings.cache == "memory" else settings.cache_folder / REPLIES)
