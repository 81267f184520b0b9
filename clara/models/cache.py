"""A response cache on disk, through LangChain's cache interface."""

from __future__ import annotations

import hashlib
import json
import logging
import sqlite3
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from langchain_core.caches import RETURN_VAL_TYPE, BaseCache
from langchain_core.messages import message_to_dict, messages_from_dict
from langchain_core.outputs import ChatGeneration, Generation

from clara.errors import ConfigError

logger = logging.getLogger(__name__)


class DiskCache(BaseCache):
    """Keeps replies in one SQLite file, keyed by a hash of the prompt and the model's parameters.

    The file holds model output, which may repeat what was asked: it lies in the user's data folder
    with owner-only permissions.
    """

    def __init__(self, path: Path) -> None:
        self._lock = threading.Lock()
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._db = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
            path.chmod(0o600)
            self._db.execute("PRAGMA journal_mode=WAL")
            self._db.execute("CREATE TABLE IF NOT EXISTS replies (key TEXT PRIMARY KEY, value TEXT NOT NULL)")
        except (OSError, sqlite3.Error) as error:
            raise ConfigError(
                f"cannot open the response cache {path}: {error}; set cache = off or CLARA_HOME"
            ) from error

    def lookup(self, prompt: str, llm_string: str) -> RETURN_VAL_TYPE | None:
        try:
            with self._lock:
                found = self._db.execute("SELECT value FROM replies WHERE key = ?", (_key(prompt, llm_string),))
                row = found.fetchone()
        except sqlite3.Error as error:
            logger.warning("the response cache could not be read: %s", error)
            return None
        if row is None:
            return None
        return [ChatGeneration(message=message) for message in messages_from_dict(json.loads(row[0]))]

    def update(self, prompt: str, llm_string: str, return_val: Sequence[Generation]) -> None:
        messages = [message_to_dict(g.message) for g in return_val if isinstance(g, ChatGeneration)]
        value = json.dumps(messages, ensure_ascii=False)
        try:
            with self._lock:
                self._db.execute("INSERT OR REPLACE INTO replies VALUES (?, ?)", (_key(prompt, llm_string), value))
        except sqlite3.Error as error:  # a reply that was paid for must not be lost over it
            logger.warning("the response cache could not be written: %s", error)

    def clear(self, **_: Any) -> None:
        with self._lock:
            self._db.execute("DELETE FROM replies")


def _key(prompt: str, llm_string: str) -> str:
    return hashlib.sha256(f"{llm_string}\0{prompt}".encode()).hexdigest()
