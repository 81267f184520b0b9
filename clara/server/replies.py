"""Whole JSON replies."""

from __future__ import annotations

from typing import Any

from pydantic_core import to_json
from starlette.types import Send


async def send_json(send: Send, value: Any) -> None:
    """Send a value as JSON."""
    payload = to_json(value)
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(payload))]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": payload})
