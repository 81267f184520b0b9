"""LibreTranslate and DeepL on loopback: real HTTP, replies and refusals of the true shape, every fault they have.

Both "translate" by setting a text between the two language codes, so that a test sees what was asked for.
"""

from __future__ import annotations

import asyncio
import json
import threading
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Self

KEY = "0123abcd-test-key:fx"
Body = dict[str, Any]

_LIBRE = ("en", "es", "pt", "fr", "zh-Hans", "hi", "tl", "ar", "de")
_DEEPL_SOURCES = ("EN", "ES", "PT", "FR", "ZH", "HI", "TL", "AR", "DE")
_DEEPL_TARGETS = ("EN-US", "EN-GB", "ES", "PT-BR", "PT-PT", "FR", "ZH-HANS", "ZH-HANT", "HI", "TL", "AR", "DE")


@dataclass(frozen=True, kw_only=True)
class Fault:
    """What one request gets instead of its answer."""

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    mode: Literal["reply", "drop", "hang", "half"] = "reply"


class FakeTranslators:
    """Serves both APIs at `url`.

    faults: taken in turn by the next requests; requests: path, headers and body of each one; say: text -> translation
    for texts that are to have a real one; key: the only one that is let in, "" lets everyone in; libre: the languages
    that LibreTranslate has installed.
    """

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="fake-translators", daemon=True)
        self._changed = threading.Condition()
        self.reset()

    def reset(self) -> None:
        self.faults: deque[Fault] = deque()
        self.requests: list[tuple[str, dict[str, str], Body]] = []
        self.say: dict[str, str] = {}
        self.key = ""
        self.libre: tuple[str, ...] = _LIBRE
        self.open_now = self.abandoned = 0

    def translations(self) -> list[Body]:
        """The bodies of the requests for a translation."""
        return [body for path, _, body in self.requests if path.endswith("/translate")]

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

    def _open(self, change: int) -> None:
        with self._changed:
            self.open_now += change
            self._changed.notify_all()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while await self._one(reader, writer):
                pass
        except (ConnectionError, asyncio.IncompleteReadError):
            pass  # the client left: between requests that is how every connection ends
        finally:
            writer.close()

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        headers = {k.lower(): v for k, _, v in (line.partition(": ") for line in head[1:] if line)}
        raw = await reader.readexactly(int(headers.get("content-length", "0")))
        method, path, _ = head[0].split(" ")
        body: Body = json.loads(raw) if raw else {}
        self.requests.append((path, headers, body))
        self._open(1)
        try:
            fault = self.faults.popleft() if self.faults else None
            if fault is not None and fault.mode == "hang":
                await reader.read(1)  # until the client gives up
                self.abandoned += 1
                return False
        finally:
            self._open(-1)
        if fault is not None and fault.mode == "drop":
            writer.transport.abort()
            return False
        reply = fault or self._answer(method, path, headers, body, len(raw))
        lines = [f"HTTP/1.1 {reply.status} X", f"content-length: {len(reply.body)}"]
        lines += [f"{k}: {v}" for k, v in ({"content-type": "application/json"} | dict(reply.headers)).items()]
        half = reply.mode == "half"
        writer.write("\r\n".join(lines).encode() + b"\r\n\r\n")
        writer.write(reply.body[: len(reply.body) // 2] if half else reply.body)
        await writer.drain()
        return not half

    def _answer(self, method: str, path: str, headers: dict[str, str], body: Body, size: int) -> Fault:
        if (method, path) == ("GET", "/languages"):
            return _json([{"code": c, "name": c.upper(), "targets": sorted(self.libre)} for c in self.libre])
        if (method, path) == ("POST", "/translate"):
            return self._libre(body)
        if (method, path) == ("POST", "/v2/translate"):
            return self._deepl(headers, body, size)
        return Fault(
            status=404, body=b"<!doctype html><title>404 Not Found</title>", headers={"content-type": "text/html"}
        )

    def _libre(self, body: Body) -> Fault:
        key = body.get("api_key")
        if self.key and not key:
            return _json({"error": "Visit https://portal.example to get an API key"}, 400)
        if self.key and key != self.key:
            return _json({"error": "Invalid API key"}, 403)
        texts, source, target = body.get("q"), body.get("source"), body.get("target")
        if not texts or not isinstance(texts, list) or not all(texts):
            return _json({"error": "Invalid request: missing q parameter"}, 400)
        if body.get("format") != "text":
            return _json({"error": "html would be unescaped"}, 400)
        for code in (source, target):
            if code not in (*self.libre, "auto"):
                return _json({"error": f"{code} is not supported"}, 400)
        reply: Body = {"translatedText": [self._said(text, str(source), str(target)) for text in texts]}
        if source == "auto":
            reply["detectedLanguage"] = [{"confidence": 90.0, "language": "es"}] * len(texts)
        return _json(reply)

    def _deepl(self, headers: dict[str, str], body: Body, size: int) -> Fault:
        if self.key and headers.get("authorization") != f"DeepL-Auth-Key {self.key}":
            return _json({"message": "Authorization failure, check auth_key"}, 403)
        if size > 128 * 1024:
            return Fault(status=413)
        texts = body.get("text")
        if not isinstance(texts, list) or not texts or len(texts) > 50 or not all(texts):
            return _json({"message": "Parameter 'text' not specified, or too many texts"}, 400)
        if body.get("target_lang") not in _DEEPL_TARGETS:
            return _json({"message": "Value for 'target_lang' not supported."}, 400)
        if body.get("source_lang", "EN") not in _DEEPL_SOURCES:
            return _json({"message": "Value for 'source_lang' not supported."}, 400)
        source, target = body.get("source_lang", "auto"), body["target_lang"]
        said = [{"detected_source_language": "ES", "text": self._said(text, source, target)} for text in texts]
        return _json({"translations": said})

    def _said(self, text: str, source: str, target: str) -> str:
        return self.say.get(text, f"{source}<{text}>{target}")


def _json(body: Any, status: int = 200) -> Fault:
    return Fault(status=status, body=json.dumps(body, ensure_ascii=False).encode())
