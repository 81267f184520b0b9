"""A server on loopback in a thread of its own: real HTTP, with every fault a real service has.

Written on bare sockets, because a web framework will not send half a body or drop a connection on request.
"""

from __future__ import annotations

import asyncio
import threading
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Self


@dataclass(frozen=True)
class Request:
    """One request as it came; header names in lower case."""

    method: str
    target: str
    headers: dict[str, str]
    raw: bytes


class Loopback(ABC):
    """Base of the servers that tests talk to, on a free port while its block lasts.

    A subclass answers in `_one`. open_now, most_open: requests under way, now and at most; abandoned: those whose
    client left, where the subclass counts them.
    """

    url: str

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name=type(self).__name__, daemon=True)
        self._changed = threading.Condition()
        self.connected = 0
        self.connections = 0
        self.open_now = 0
        self.most_open = 0
        self.abandoned = 0

    def reset(self) -> None:
        """Forget what was counted, but not what is still open; a subclass what was asked and set up, too."""
        self.connections = self.abandoned = 0
        self.most_open = self.open_now

    def __enter__(self) -> Self:
        self._thread.start()
        start = asyncio.start_server(self._serve, "127.0.0.1", 0, limit=1 << 20)
        self._server = asyncio.run_coroutine_threadsafe(start, self._loop).result()
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"
        return self

    def __exit__(self, *_: object) -> None:
        async def finish() -> None:
            self._server.close()
            tasks = [t for t in asyncio.all_tasks() if t is not asyncio.current_task()]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

        asyncio.run_coroutine_threadsafe(finish(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def wait_for(self, open_now: int, timeout_s: float = 10.0) -> None:
        """Block until so many requests are open; TimeoutError if they never are."""
        with self._changed:
            if not self._changed.wait_for(lambda: self.open_now == open_now, timeout_s):
                raise TimeoutError(f"{self.open_now} requests are open, not {open_now}")

    def wait_for_connections(self, connected: int, timeout_s: float = 10.0) -> None:
        """Block until so many connections are open; TimeoutError if they never are."""
        with self._changed:
            if not self._changed.wait_for(lambda: self.connected == connected, timeout_s):
                raise TimeoutError(f"{self.connected} connections are open, not {connected}")

    def _open(self, change: int) -> None:
        """Count a request as begun (1) or over (-1)."""
        with self._changed:
            self.open_now += change
            self.most_open = max(self.most_open, self.open_now)
            self._changed.notify_all()

    def _connect(self, change: int) -> None:
        with self._changed:
            self.connected += change
            self.connections += max(0, change)
            self._changed.notify_all()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._connect(1)
        try:
            while await self._one(reader, writer):
                pass
        except (ConnectionError, asyncio.IncompleteReadError):
            pass  # the client left: between requests that is how every connection ends
        except asyncio.CancelledError:
            pass  # the server is closed; Python 3.11 would log the task as failed
        finally:
            writer.close()
            self._connect(-1)

    @abstractmethod
    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Answer one request; whether the connection stays open."""


async def read_request(reader: asyncio.StreamReader) -> Request:
    """Read the next request of a connection, body and all."""
    first, *lines = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
    headers = {k.lower(): v for k, _, v in (line.partition(": ") for line in lines if line)}
    method, target, _ = first.split(" ")
    return Request(method, target, headers, await reader.readexactly(int(headers.get("content-length", "0"))))
