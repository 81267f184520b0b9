"""The page at `/`: ask in any language and see all that an answer rests on. It uses the service's API like any client.

It is plain HTML, CSS and JavaScript modules, sent from memory as they lie in this folder. Nothing of it comes from
elsewhere, and the policy sent with it lets it load, run and send nowhere else.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response

from clara.server.errors import RequestError

_FOLDER = Path(__file__).parent
_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".svg": "image/svg+xml",
}
# Trusted types leave no way from a string to HTML: what a model or a document says stays text (CSP level 3; W3C
# Trusted Types, section 4.2).
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
)
_HEADERS = {
    "content-security-policy": _POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
    "cache-control": "no-cache",  # kept, but asked for again: page and service must be of one version
}


@dataclass(frozen=True, slots=True)
class _File:
    content: bytes
    headers: dict[str, str]


async def page(request: Request) -> Response:
    """`GET /`."""
    return _reply(request, "index.html")


async def page_file(request: Request) -> Response:
    """`GET /page/{name}`: a part of the page. Raises RequestError (404)."""
    return _reply(request, request.path_params["name"])


def _reply(request: Request, name: str) -> Response:
    found = _files().get(name)
    if found is None:
        raise RequestError(404, "not_found", "the page has no such part")
    if request.headers.get("if-none-match") == found.headers["etag"]:
        return Response(status_code=304, headers=found.headers)
    return Response(found.content, headers=found.headers)


@lru_cache(maxsize=1)
def _files() -> dict[str, _File]:
    """Return every part by its name. A request can only name one of these, whatever its path."""
    files = {}
    for path in sorted(_FOLDER.rglob("*")):
        if path.suffix in _TYPES:
            content = path.read_bytes()
            etag = f'"{hashlib.sha256(content).hexdigest()[:20]}"'
            headers = _HEADERS | {"content-type": _TYPES[path.suffix], "etag": etag}
            files[path.relative_to(_FOLDER).as_posix()] = _File(content, headers)
    return files
