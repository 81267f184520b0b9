"""A chat completions server on loopback: real HTTP, every fault a real provider has.

Written on bare sockets, because a web framework will not send half a body or drop a connection on request.
"""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal, Self

Body = dict[str, Any]


@dataclass(kw_only=True)
class Reply:
    """What the server does with one request."""

    text: str = ""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes | None = None
    mode: Literal["normal", "drop", "truncate", "hang"] = "normal"
    finish: str = "stop"
    delay_s: float = 0.0
    hold: threading.Event | None = None
    """The second half of the body is sent once this is set."""


Script = Callable[[Body], Reply | str]


class FakeOpenAI:
    """Serves `script(request body)` at `base_url`; counts requests, concurrency and authorisation headers."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="fake-openai", daemon=True)
        self._changed = threading.Condition()
        self.connected = 0
        self.reset()

    def reset(self) -> None:
        self.script: Script = lambda _: "ok"
        self.latency_s = 0.0
        self.requests: list[Body] = []
        self.authorisation: list[str] = []
        self.spans: list[tuple[float, float]] = []
        self.open_now = 0
        self.most_open = 0
        self.abandoned = 0
        self.connections = 0

    def __enter__(self) -> Self:
        self._thread.start()
        start = asyncio.start_server(self._serve, "127.0.0.1", 0)
        self._server = asyncio.run_coroutine_threadsafe(start, self._loop).result()
        self.base_url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}/v1"
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

    def wait_for_requests(self, count: int, timeout_s: float = 30.0) -> None:
        """Block until so many requests have come in all; TimeoutError if they never do."""
        with self._changed:
            if not self._changed.wait_for(lambda: len(self.requests) >= count, timeout_s):
                raise TimeoutError(f"{len(self.requests)} requests have come, not {count}")

    def wait_for_connections(self, connected: int, timeout_s: float = 10.0) -> None:
        """Block until so many connections are open; TimeoutError if they never are."""
        with self._changed:
            if not self._changed.wait_for(lambda: self.connected == connected, timeout_s):
                raise TimeoutError(f"{self.connected} connections are open, not {connected}")

    def _open(self, change: int) -> None:
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

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        headers = {k.lower(): v for k, _, v in (line.partition(": ") for line in head[1:] if line)}
        raw = await reader.readexactly(int(headers.get("content-length", "0")))
        body: Body = json.loads(raw) if raw else {}
        self.requests.append(body)
        self.authorisation.append(headers.get("authorization", ""))
        self._open(1)
        started = time.perf_counter()
        try:
            made = Reply(body=b'{"object": "list", "data": [{"id": "fake-1"}]}') if not raw else self.script(body)
            reply = Reply(text=made) if isinstance(made, str) else made
            gone = asyncio.ensure_future(reader.read(1))
            waited, _ = await asyncio.wait(
                {gone}, timeout=3600 if reply.mode == "hang" else self.latency_s + reply.delay_s
            )
            if waited:
                self.abandoned += 1
                return False
            gone.cancel()
            await asyncio.gather(gone, return_exceptions=True)
        finally:
            self._open(-1)
            self.spans.append((started, time.perf_counter()))
        if reply.mode == "drop":
            writer.transport.abort()
            return False
        streams = bool(body.get("stream")) and reply.status < 400
        payload = reply.body
        if payload is None:
            payload = (_stream if streams else _completion)(body, reply)
        lines = [f"HTTP/1.1 {reply.status} X", f"content-length: {len(payload)}"]
        kind = "text/event-stream" if streams else "application/json"
        lines += [f"{k}: {v}" for k, v in ({"content-type": kind} | reply.headers).items()]
        begin, half = "\r\n".join(lines).encode() + b"\r\n\r\n", len(payload) // 2
        if reply.hold is not None:
            writer.write(begin + payload[:half])
            await writer.drain()
            await asyncio.to_thread(reply.hold.wait, 30)
            begin, payload = b"", payload[half:]
        writer.write(begin + (payload[:half] if reply.mode == "truncate" else payload))
        await writer.drain()
        return reply.mode == "normal"


def _stream(body: Body, reply: Reply) -> bytes:
    """The same reply as server-sent events: a chunk for every three characters, and the usage where it is asked for."""
    whole = json.loads(_completion(body, reply))
    head = {"id": "c-1", "object": "chat.completion.chunk", "created": 1, "model": whole["model"]}
    pieces = [reply.text[i : i + 3] for i in range(0, len(reply.text), 3)]
    chunks: list[Body] = [{"choices": [{"index": 0, "delta": {"role": "assistant", "content": ""}}]}]
    chunks += [{"choices": [{"index": 0, "delta": {"content": piece}, "finish_reason": None}]} for piece in pieces]
    chunks += [{"choices": [{"index": 0, "delta": {}, "finish_reason": reply.finish}]}]
    if body.get("stream_options", {}).get("include_usage"):
        chunks += [{"choices": [], "usage": whole["usage"]}]
    lines = [f"data: {json.dumps(head | chunk)}\n\n" for chunk in chunks]
    return "".join([*lines, "data: [DONE]\n\n"]).encode()


def _completion(body: Body, reply: Reply) -> bytes:
    if reply.status >= 400:
        return json.dumps({"error": {"message": reply.text or "no", "type": "x", "code": None}}).encode()
    asked = sum(len(str(m.get("content") or "").split()) for m in body.get("messages", []))
    said = len(reply.text.split())
    return json.dumps(
        {
            "id": "c-1",
            "object": "chat.completion",
            "created": 1,
            "model": body.get("model", "fake"),
            "choices": [
                {"index": 0, "finish_reason": reply.finish, "message": {"role": "assistant", "content": reply.text}}
            ],
            "usage": {"prompt_tokens": asked, "completion_tokens": said, "total_tokens": asked + said},
        }
    ).encode()
