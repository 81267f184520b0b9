"""Reading a request's body within limits of size, time and depth, and as JSON."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any

from pydantic_core import from_json
from starlette.requests import ClientDisconnect
from starlette.types import Receive, Scope

from clara.config import ServerSettings
from clara.server.errors import RequestError


async def read_json(scope: Scope, receive: Receive, limits: ServerSettings) -> tuple[dict[str, Any], bytes]:
    """Return a body that is a JSON object, and its bytes. Raises RequestError, or ClientDisconnect."""
    headers = dict(scope["headers"])
    kind = headers.get(b"content-type", b"").partition(b";")[0].strip().lower()
    # Any web page may send the kinds of a form to this machine; for this one a browser asks us first, and we say no.
    if kind != b"application/json":
        raise RequestError(415, "unsupported_media_type", "send JSON, with the header content-type: application/json")
    raw = await _read(headers.get(b"content-length", b"0"), receive, limits)
    try:
        body = from_json(raw, allow_inf_nan=False)
    except ValueError as error:
        raise RequestError(400, "invalid_json", f"the body is not valid JSON in UTF-8: {error}") from None
    if not isinstance(body, dict):
        raise RequestError(400, "invalid_json", "the body is JSON, but not an object")
    if is_deeper(body, limits.max_depth):
        raise RequestError(400, "too_deep", f"the body's JSON is nested deeper than {limits.max_depth} levels")
    return body, raw


async def _read(announced: bytes, receive: Receive, limits: ServerSettings) -> bytes:
    too_large = RequestError(
        413, "body_too_large", f"the body is larger than {limits.max_body_bytes} bytes", headers={"connection": "close"}
    )
    if announced.isdigit() and int(announced) > limits.max_body_bytes:
        raise too_large
    chunks, size, more = [], 0, True
    try:
        async with asyncio.timeout(limits.receive_s):
            while more:
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise ClientDisconnect
                chunks.append(message.get("body", b""))
                size += len(chunks[-1])
                if size > limits.max_body_bytes:
                    raise too_large
                more = message.get("more_body", False)
    except TimeoutError:
        message_of = f"the body did not arrive within {limits.receive_s:g} s"
        raise RequestError(408, "body_timeout", message_of, headers={"connection": "close"}) from None
    return chunks[0] if len(chunks) == 1 else b"".join(chunks)


def is_deeper(value: Any, levels: int) -> bool:
    """Tell whether JSON is nested deeper than so many levels."""
    row: list[Any] = [value]
    for _ in range(levels):
        row = [inner for outer in row for inner in _inner(outer) if isinstance(inner, dict | list)]
        if not row:
            return False
    return True


def _inner(value: Any) -> Iterable[Any]:
    return value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
