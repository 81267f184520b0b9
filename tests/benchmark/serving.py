"""Servers in processes of their own, and a client that costs little itself, for what is measured of the service."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

import httpx2
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

ROOT = Path(__file__).parents[2]
REPLY = "A cataract is a clouding of the lens of the eye. It is treated by surgery."
_JSON = [(b"content-type", b"application/json")]
_EVENTS = [(b"content-type", b"text/event-stream")]


def completion(text: str = REPLY) -> bytes:
    usage = {"prompt_tokens": 60, "completion_tokens": 20, "total_tokens": 80}
    message = {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": text}}
    head = {"id": "c-1", "object": "chat.completion", "created": 1, "model": "fake-1"}
    return json.dumps(head | {"choices": [message], "usage": usage}).encode()


def stream(text: str = REPLY) -> list[bytes]:
    head = {"id": "c-1", "object": "chat.completion.chunk", "created": 1, "model": "fake-1"}
    deltas: list[Any] = [{"role": "assistant", "content": ""}, *({"content": f"{word} "} for word in text.split())]
    choices = [{"index": 0, "delta": delta, "finish_reason": None} for delta in deltas]
    choices.append({"index": 0, "delta": {}, "finish_reason": "stop"})
    return [b"data: " + json.dumps(head | {"choices": [c]}).encode() + b"\n\n" for c in choices] + [b"data: [DONE]\n\n"]


class Upstream:
    """A provider that always says the same, after `latency_s`."""

    def __init__(self, latency_s: float) -> None:
        self._latency_s = latency_s
        self._whole, self._chunks = completion(), stream()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            while (message := await receive())["type"] != "lifespan.shutdown":
                await send({"type": f"{message['type']}.complete"})
            await send({"type": "lifespan.shutdown.complete"})
            return
        body = b""
        while (message := await receive()).get("more_body"):
            body += message["body"]
        body += message.get("body", b"")
        if self._latency_s:
            await asyncio.sleep(self._latency_s)
        streams = b'"stream":true' in body.replace(b" ", b"")
        await send({"type": "http.response.start", "status": 200, "headers": _EVENTS if streams else _JSON})
        for piece in self._chunks if streams else [self._whole]:
            await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body", "body": b""})


def bare(url: str) -> Starlette:
    """The least that a pass-through can be: Starlette in, httpx2 out, bytes as they come."""
    client = httpx2.AsyncClient(timeout=60, limits=httpx2.Limits(max_connections=1000, max_keepalive_connections=1000))

    async def forward(request: Request) -> Response:
        content = await request.body()
        sent = client.build_request(
            "POST", f"{url}/chat/completions", content=content, headers={"content-type": "application/json"}
        )
        reply = await client.send(sent, stream=True)

        async def pieces() -> Any:
            async for piece in reply.aiter_raw():
                yield piece
            await reply.aclose()

        return StreamingResponse(pieces(), reply.status_code, media_type=reply.headers["content-type"])

    return Starlette(routes=[Route("/v1/chat/completions", forward, methods=["POST"])])


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def running(*command: str, port: int, path: str = "/", **variables: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run a server until the block ends; it is up once it answers anything at `path`."""
    environment = {**os.environ, **variables}
    with subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        try:
            for _ in range(1200):
                try:
                    if httpx2.get(f"http://127.0.0.1:{port}{path}", trust_env=False).status_code < 500:
                        break
                except httpx2.HTTPError:
                    time.sleep(0.1)
                if process.poll() is not None:
                    raise RuntimeError(f"{command} ended with {process.returncode}")
            yield process
        finally:
            process.terminate()
            process.wait(60)


def helper(kind: str, port: int, *more: str) -> tuple[str, ...]:
    return (sys.executable, "-m", "tests.benchmark.serving", kind, str(port), *more)


class Client:
    """One keep-alive connection on bare streams."""

    def __init__(self, port: int, key: str = "none") -> None:
        self._port, self._key = port, key
        self._reader: asyncio.StreamReader | None = None

    async def post(self, body: dict[str, Any]) -> tuple[int, bytes]:
        """Return status and body."""
        if self._reader is None:
            self._reader, self._writer = await asyncio.open_connection("127.0.0.1", self._port)
        payload = json.dumps(body).encode()
        self._writer.write(
            b"POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n"
            b"authorization: Bearer %s\r\ncontent-length: %d\r\n\r\n" % (self._key.encode(), len(payload)) + payload
        )
        head = await self._reader.readuntil(b"\r\n\r\n")
        lines = head.decode("latin-1").lower().split("\r\n")
        headers = dict(line.split(": ", 1) for line in lines[1:] if ": " in line)
        if "content-length" in headers:
            said = await self._reader.readexactly(int(headers["content-length"]))
        else:
            said = b""
            while size := int((await self._reader.readline()).strip(), 16):
                said += (await self._reader.readexactly(size + 2))[:-2]
            await self._reader.readline()
        if headers.get("connection") == "close":
            await self.aclose()
        return int(lines[0].split()[1]), said

    async def aclose(self) -> None:
        if self._reader is not None:
            self._reader = None
            self._writer.close()
            with contextlib.suppress(OSError):  # the server was faster
                await self._writer.wait_closed()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()


async def load(
    port: int,
    body: Callable[[int], dict[str, Any]],
    *,
    clients: int,
    seconds: float,
    check: Callable[[int, bytes], None] = lambda *_: None,
    key: str = "none",
) -> list[float]:
    """Ask from so many connections at once for a while; return how long each took, in seconds."""
    took: list[float] = []
    ends = time.perf_counter() + seconds

    async def ask(number: int) -> None:
        async with Client(port, key) as client:
            while (began := time.perf_counter()) < ends:
                status, said = await client.post(body(number))
                took.append(time.perf_counter() - began)
                check(status, said)

    async with asyncio.TaskGroup() as group:
        for number in range(clients):
            group.create_task(ask(number))
    return took


def main(kind: str, port: str, *more: str) -> None:
    app: Any = Upstream(float(more[0])) if kind == "upstream" else bare(more[0])
    uvicorn.run(app, port=int(port), log_level="error")


if __name__ == "__main__":
    main(*sys.argv[1:])
