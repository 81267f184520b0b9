"""Listening: where the service may, for whom it waits how long, and how it stops."""

from __future__ import annotations

import asyncio
import json
from asyncio import TimerHandle
from typing import Any

import uvicorn
from starlette.applications import Starlette
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from clara.config import ServerSettings, Settings
from clara.engine import Clara
from clara.errors import ConfigError
from clara.server.app import build_app
from clara.server.errors import Failure
from clara.server.logs import logger
from clara.server.middleware import is_loopback

_KEEP_ALIVE_S = 75  # longer than proxies keep theirs: who closes first must not be we, or they see a broken one
_MOST_HEAD_BYTES = 64 * 1024


def serve(settings: Settings) -> None:
    """Serve until SIGTERM or SIGINT, then end what was accepted. Raises ConfigError and KnowledgeError."""
    check_address(settings.server)
    server = make_server(Clara(settings=settings, notify=logger.warning))
    server.run()


def check_address(own: ServerSettings) -> None:
    """Refuse to be reached from elsewhere by everybody. Raises ConfigError."""
    if not is_loopback(own.host) and not own.keys:
        raise ConfigError(
            f"server.host {own.host} can be reached from other machines: set server.keys, or listen on 127.0.0.1"
        )


def make_server(clara: Clara) -> uvicorn.Server:
    """Return a server that has not started; `clara` is closed with it."""
    own = clara.settings.server
    app = build_app(clara)
    config = uvicorn.Config(
        app, host=own.host, port=own.port, http=_protocol(own.receive_s), ws="none", lifespan="off", log_config=None,
        access_log=False, server_header=False, proxy_headers=False, timeout_keep_alive=_KEEP_ALIVE_S,
        timeout_graceful_shutdown=int(own.drain_s) or 1,
    )  # fmt: skip
    return _Server(config, app)


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, app: Starlette) -> None:
        super().__init__(config)
        self._app = app

    async def _serve(self, sockets: Any = None) -> None:
        # The application's life is opened here: uvicorn would make a traceback in the log of what keeps it from it.
        async with self._app.router.lifespan_context(self._app):
            try:
                await super()._serve(sockets)
            except SystemExit:  # its way to say that it has no address; why is in the log
                where = f"{self.config.host}:{self.config.port}"
                raise ConfigError(f"cannot listen on {where}; the log says why") from None

    async def shutdown(self, sockets: Any = None) -> None:
        self._app.state.service.draining = True
        await super().shutdown(sockets)


def _protocol(receive_s: float) -> type[HttpToolsProtocol]:
    """Return uvicorn's protocol with a limit on the time and the size of a request's head, which it has not."""

    class Protocol(HttpToolsProtocol):
        _timer: TimerHandle | None = None
        _head_bytes = 0

        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
            super().connection_made(transport)
            self._wait_for_head()

        def connection_lost(self, exc: Exception | None) -> None:
            self._stop_waiting()
            super().connection_lost(exc)

        def data_received(self, data: bytes) -> None:
            if not self.transport.is_closing():
                super().data_received(data)

        def on_message_begin(self) -> None:
            super().on_message_begin()
            self._head_bytes = 0
            self._wait_for_head()

        def on_url(self, url: bytes) -> None:
            super().on_url(url)
            self._count(url)

        def on_header(self, name: bytes, value: bytes) -> None:
            super().on_header(name, value)
            self._count(name + value)

        def on_headers_complete(self) -> None:
            self._stop_waiting()
            if not self.transport.is_closing():
                super().on_headers_complete()

        def send_400_response(self, msg: str) -> None:
            if not self.transport.is_closing():
                self._refuse(400, "invalid_http", "this is not HTTP as it should be")

        def _count(self, part: bytes) -> None:
            self._head_bytes += len(part)
            if self._head_bytes > _MOST_HEAD_BYTES and not self.transport.is_closing():
                self._refuse(431, "head_too_large", f"the head is larger than {_MOST_HEAD_BYTES} bytes")

        def _wait_for_head(self) -> None:
            if self._timer is None:
                self._timer = self.loop.call_later(receive_s, self._too_slow)

        def _stop_waiting(self) -> None:
            if self._timer is not None:
                self._timer.cancel()
                self._timer = None

        def _too_slow(self) -> None:
            self._timer = None
            if not self.transport.is_closing():
                self._refuse(408, "head_timeout", f"the head did not arrive within {receive_s:g} s")

        def _refuse(self, status: int, code: str, message: str) -> None:
            payload = json.dumps(Failure(status=status, code=code, message=message).body).encode()
            self.transport.write(
                STATUS_LINE[status] + b"content-type: application/json\r\nconnection: close\r\n"
                b"content-length: %d\r\n\r\n" % len(payload) + payload
            )
            self.transport.close()

    return Protocol
