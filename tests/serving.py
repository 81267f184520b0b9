"""CLARA's service in a thread of its own, on a free port, asked over real HTTP."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import uvicorn

from clara import Clara, KnowledgeBase
from clara.config import load_settings
from clara.server import make_server
from clara.server.service import Service


@dataclass
class Served:
    """A running service. url: without `/v1`."""

    url: str
    service: Service
    server: uvicorn.Server

    @property
    def api(self) -> str:
        """What an application's base_url is."""
        return f"{self.url}/v1"


@contextmanager
def serving(knowledge: KnowledgeBase | None = None, **settings: Any) -> Iterator[Served]:
    """Serve until the block ends. settings: as of `load_settings`; port 0 if not said."""
    own = {"port": 0} | settings.pop("server", {})
    clara = Clara(settings=load_settings({**settings, "server": own}), knowledge=knowledge)
    server = make_server(clara)
    started = threading.Event()
    wait_for_start = server.startup

    async def startup(sockets: Any = None) -> None:
        await wait_for_start(sockets)
        started.set()

    server.startup = startup  # type: ignore[method-assign]
    loops: list[asyncio.AbstractEventLoop] = []
    failures: list[BaseException] = []

    def run() -> None:
        try:
            server.run()
        except BaseException as error:
            failures.append(error)
        finally:
            started.set()

    thread = threading.Thread(target=run, name="clara-serve", daemon=True)
    thread.start()
    started.wait(60)
    if not server.started:
        raise RuntimeError(f"the service did not start: {failures or loops}")
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield Served(f"http://127.0.0.1:{port}", server.config.app.state.service, server)  # type: ignore[union-attr]
    finally:
        server.should_exit = True
        thread.join(30)
        if failures:
            raise failures[0]
        if thread.is_alive():
            raise RuntimeError("the service did not stop")
