"""LibreTranslate and DeepL on loopback: real HTTP, replies and refusals of the true shape, every fault they have.

Both "translate" by setting a text between the two language codes, so that a test sees what was asked for.
"""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from tests.loopback import Loopback, Request, read_request

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


class FakeTranslators(Loopback):
    """Serves both APIs at `url`.

    faults: taken in turn by the next requests; requests: path, headers and body of each one; say: text -> translation
    for texts that are to have a real one; key: the only one that is let in, "" lets everyone in; libre: the languages
    that LibreTranslate has installed.
    """

    def __init__(self) -> None:
        super().__init__()
        self.reset()

    def reset(self) -> None:
        super().reset()
        self.faults: deque[Fault] = deque()
        self.requests: list[tuple[str, dict[str, str], Body]] = []
        self.say: dict[str, str] = {}
        self.key = ""
        self.libre: tuple[str, ...] = _LIBRE

    def translations(self) -> list[Body]:
        """The bodies of the requests for a translation."""
        return [body for path, _, body in self.requests if path.endswith("/translate")]

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        request = await read_request(reader)
        body: Body = json.loads(request.raw) if request.raw else {}
        self.requests.append((request.target, request.headers, body))
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
        reply = fault or self._answer(request, body)
        lines = [f"HTTP/1.1 {reply.status} X", f"content-length: {len(reply.body)}"]
        lines += [f"{k}: {v}" for k, v in ({"content-type": "application/json"} | dict(reply.headers)).items()]
        half = reply.mode == "half"
        writer.write("\r\n".join(lines).encode() + b"\r\n\r\n")
        writer.write(reply.body[: len(reply.body) // 2] if half else reply.body)
        await writer.drain()
        return not half

    def _answer(self, request: Request, body: Body) -> Fault:
        method, path, headers, size = request.method, request.target, request.headers, len(request.raw)
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
