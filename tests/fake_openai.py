"""A chat completions server on loopback: real HTTP, every fault a real provider has."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

from tests.loopback import Loopback, read_request

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


class FakeOpenAI(Loopback):
    """Serves `script(request body)` at `base_url`; counts requests, concurrency and authorisation headers."""

    def __init__(self) -> None:
        super().__init__()
        self.reset()

    def reset(self) -> None:
        super().reset()
        self.script: Script = lambda _: "ok"
        self.models = ["fake-1"]
        self.latency_s = 0.0
        self.requests: list[Body] = []
        self.authorisation: list[str] = []
        self.spans: list[tuple[float, float]] = []

    @property
    def base_url(self) -> str:
        """What a client's base_url is."""
        return f"{self.url}/v1"

    def wait_for_requests(self, count: int, timeout_s: float = 30.0) -> None:
        """Block until so many requests have come in all; TimeoutError if they never do."""
        with self._changed:
            if not self._changed.wait_for(lambda: len(self.requests) >= count, timeout_s):
                raise TimeoutError(f"{len(self.requests)} requests have come, not {count}")

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        request = await read_request(reader)
        body: Body = json.loads(request.raw) if request.raw else {}
        self.requests.append(body)
        self.authorisation.append(request.headers.get("authorization", ""))
        self._open(1)
        started = time.perf_counter()
        try:
            made = self.script(body) if request.raw else Reply(body=_listed(self.models))
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


def _listed(models: list[str]) -> bytes:
    return json.dumps({"object": "list", "data": [{"id": name} for name in models]}).encode()


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
