"""Conversations as they are kept: a JSON file each in the user's data folder, readable by its owner alone."""

from __future__ import annotations

import os
import tempfile
import unicodedata
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import lru_cache
from itertools import chain, count
from pathlib import Path

import portalocker
from pydantic import TypeAdapter, ValidationError

from clara.errors import ConfigError
from clara.types import Answer, Usage

_FORMAT = 1
_LONGEST_NAME = 64
_ELSEWHERE = "set CLARA_HOME, or keep nothing with --no-save"


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """The same question in another language.

    question: as it was asked there, "" where no translation of it could be used. note: why there is no answer.
    """

    language: str
    question: str
    answer: Answer | None = None
    note: str = ""
    usage: Usage = field(default_factory=Usage)


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """One question and what came of it.

    text: the answer as far as it was shown. stopped: the asker broke it off, or it failed. superseded: it was asked
    again, so that what follows does not rest on it. usage: of the answer and of `compared`.
    """

    question: str
    at: str
    model: str
    text: str = ""
    answer: Answer | None = None
    stopped: bool = False
    superseded: bool = False
    compared: tuple[Column, ...] = ()
    usage: Usage = field(default_factory=Usage)


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """A conversation and what was chosen for it; None is what the settings say."""

    name: str
    language: str | None = None
    country: str | None = None
    method: str | None = None
    model: str | None = None
    exchanges: tuple[Exchange, ...] = ()
    format: int = _FORMAT

    @property
    def messages(self) -> list[dict[str, str]]:
        """What was said so far, in the form of the OpenAI API."""
        said: list[dict[str, str]] = []
        for exchange in self.exchanges:
            if exchange.text.strip() and not exchange.superseded:
                said.append({"role": "user", "content": exchange.question})
                said.append({"role": "assistant", "content": exchange.text})
        return said

    @property
    def usage(self) -> Usage:
        """What the conversation has cost, answers asked again included."""
        return total(exchange.usage for exchange in self.exchanges)

    def last(self) -> Exchange:
        """Return the last exchange. Raises ConfigError where there is none."""
        if not self.exchanges:
            raise ConfigError("nothing was asked yet; type a question first")
        return self.exchanges[-1]

    def with_last(self, exchange: Exchange) -> Session:
        """Return the session with another exchange in the last one's place."""
        return replace(self, exchanges=(*self.exchanges[:-1], exchange))

    def without_last(self) -> Session:
        """Return the session whose last question counts as asked again."""
        return self.with_last(replace(self.last(), superseded=True))


def total(usages: Iterator[Usage] | Sequence[Usage]) -> Usage:
    """Return the sum; rounds and an unknown cost are added up as such."""
    sums = Usage()
    for used in usages:
        cost = None if sums.cost is None or used.cost is None else sums.cost + used.cost
        sums = Usage(
            calls=sums.calls + used.calls,
            rounds=sums.rounds + used.rounds,
            prompt_tokens=sums.prompt_tokens + used.prompt_tokens,
            completion_tokens=sums.completion_tokens + used.completion_tokens,
            cost=cost,
        )
    return sums


def now() -> str:
    """Return the time as ISO 8601, in UTC."""
    return datetime.now(UTC).isoformat(timespec="seconds")


@lru_cache(maxsize=1)
def _adapter() -> TypeAdapter[Session]:
    return TypeAdapter(Session)


def to_json(session: Session) -> bytes:
    """Return the whole conversation with the record of every answer."""
    return _adapter().dump_json(session, indent=1)


def from_json(content: bytes, source: Path) -> Session:
    """Read a conversation. Raises ConfigError that names the file and what is wrong with it."""
    try:
        session = _adapter().validate_json(content)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "file"
        raise ConfigError(f"{source} is no saved chat: {where}: {first['msg'].lower()}") from None
    if session.format != _FORMAT:
        raise ConfigError(f"{source} has format {session.format}; this version reads {_FORMAT}")
    return session


def write_private(path: Path, content: bytes) -> None:
    """Write a file whole or not at all, for its owner's eyes only. Raises ConfigError."""
    try:
        handle, made = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".part")  # made with mode 0600
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
            Path(made).replace(path)
        except BaseException:
            Path(made).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise ConfigError(f"cannot write {path}: {error.strerror}") from None


def _is_name(name: str) -> bool:
    """Whether a name holds nothing but letters of any script with their signs, digits and - _ . inside it."""
    return (
        0 < len(name) <= _LONGEST_NAME
        and not name.startswith((".", "-"))
        and all(unicodedata.category(c)[0] in "LMN" or c in "-_." for c in name)
    )


class Shelf:
    """The saved conversations of one data folder. One process at a time has a conversation open."""

    def __init__(self, home: Path) -> None:
        self._folder = home / "chats"

    def names(self) -> list[str]:
        """Return the names of all, the one changed last first."""
        found = [path for path in self._folder.glob("*.json") if _is_name(path.stem)]
        return [path.stem for path in sorted(found, key=lambda path: path.stat().st_mtime_ns, reverse=True)]

    def path(self, name: str) -> Path:
        """Return where a conversation lies. Raises ConfigError for a name that is none."""
        if not _is_name(name):
            raise ConfigError(
                f"no name for a chat: {name[:40]!r}; use letters, digits, - and _, at most {_LONGEST_NAME}"
            )
        return self._folder / f"{name}.json"

    def read(self, name: str) -> Session:
        """Return a conversation. Raises ConfigError."""
        path = self.path(name)
        try:
            return replace(from_json(path.read_bytes(), path), name=name)
        except FileNotFoundError:
            raise ConfigError(f"no chat is called {name!r}; clara chat --list names them") from None
        except OSError as error:
            raise ConfigError(f"cannot read {path}: {error.strerror}") from None

    def write(self, session: Session) -> None:
        """Keep a conversation. Raises ConfigError."""
        path = self.path(session.name)
        self._make_folder()
        write_private(path, to_json(session))

    def fresh_name(self) -> str:
        """Return a name that no conversation has, made of the time. Its lock is made, too: no other gets the name."""
        base = datetime.now().astimezone().strftime("%Y-%m-%d-%H%M%S")
        self._make_folder()
        return next(filter(self._claim, chain([base], (f"{base}-{n}" for n in count(2)))))

    def _claim(self, name: str) -> bool:
        """Make the lock of a name, if nobody has the name yet."""
        path = self.path(name)
        try:
            path.with_suffix(".lock").touch(exist_ok=False)
        except FileExistsError:
            return False
        except OSError as error:
            raise ConfigError(f"cannot write into {self._folder}: {error.strerror}; {_ELSEWHERE}") from None
        return not path.exists()

    @contextmanager
    def holding(self, name: str) -> Iterator[None]:
        """Keep other processes out of a conversation. Raises ConfigError where one has it open."""
        lock = self.path(name).with_suffix(".lock")  # it stays: one that is removed while waited for locks nothing
        self._make_folder()
        with lock.open("ab") as file:
            try:
                portalocker.lock(file, portalocker.LOCK_EX | portalocker.LOCK_NB)
            except portalocker.LockException:
                raise ConfigError(f"the chat {name} is open elsewhere; choose another with --session NAME") from None
            yield

    def _make_folder(self) -> None:
        try:
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        except OSError as error:
            raise ConfigError(f"cannot make {self._folder}: {error.strerror}; {_ELSEWHERE}") from None
