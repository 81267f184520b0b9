"""Around every request: its id, its errors, its record; then who may ask."""

from __future__ import annotations

import ipaddress

from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from clara.server.errors import RequestError, failure_of
from clara.server.exchange import exchange_of, open_exchange
from clara.server.logs import logger
from clara.server.service import service_of

_API = "/v1/"


class Recording:
    """Gives every request an id, answers what was raised with an error, and counts, logs and traces how it ended."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        exchange = open_exchange(scope)
        request_id = (b"x-request-id", exchange.request_id.encode())

        async def noting(message: Message) -> None:
            if message["type"] == "http.response.start":
                exchange.status = message["status"]
                message = {**message, "headers": [*message.get("headers", ()), request_id]}
            await send(message)

        try:
            await self._app(scope, receive, noting)
        except ClientDisconnect:
            exchange.disconnected = True
        except Exception as error:
            failure = failure_of(error)
            exchange.error = failure.code
            exchange.cause = type(error).__name__
            if failure.code == "internal_error":
                logger.exception("unforeseen", extra={"fields": {"request_id": exchange.request_id}})
            if exchange.status == 0:
                await failure.send(receive, noting)
        finally:
            exchange.route = scope["app"].state.paths.get(scope.get("endpoint"), "other")
            await service_of(scope).ended(exchange, scope)


class Guarding:
    """Lets in who has a key, and counts it; below `/v1` alone.

    Without keys only this machine is served. A web page could send its browser here under a name of its own, so that
    the name that was asked for must be this machine's.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            service = service_of(scope)
            headers = dict(scope["headers"])
            if not service.settings.server.keys and not is_loopback(_host(headers.get(b"host", b""))):
                raise RequestError(403, "unknown_host", "without server.keys this service answers to localhost alone")
            if scope["path"].startswith(_API):
                exchange = exchange_of(scope)
                exchange.key = service.keys.holder(headers.get(b"authorization", b""))
                await service.quotas.admit(exchange.key)
        await self._app(scope, receive, send)


def is_loopback(host: str) -> bool:
    """Tell whether an address or name is this machine's own, for itself alone."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _host(header: bytes) -> str:
    """Return the host of a header, without port and brackets."""
    host = header.decode("latin-1").lower()
    return host[1:].partition("]")[0] if host.startswith("[") else host.partition(":")[0]
