"""What all requests share: the engine, its limits, and who counts."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from starlette.types import Scope

from clara.config import Settings
from clara.engine import Clara
from clara.errors import ClaraError
from clara.server.admission import Admission
from clara.server.asking import OtherModels
from clara.server.catalogue import OPENAI, Catalogue
from clara.server.exchange import Exchange
from clara.server.keys import Keys, Quotas
from clara.server.logs import log_exchange, logger
from clara.server.metering import metered
from clara.server.metrics import Metrics
from clara.server.tracing import Tracing
from clara.server.upstream import Upstream

_CHECK_AGAIN_S = 5.0


@dataclass(slots=True)
class Service:
    """One running service. It is made inside its event loop, and closed there."""

    clara: Clara
    admission: Admission
    catalogue: Catalogue
    keys: Keys
    quotas: Quotas
    metrics: Metrics
    upstream: Upstream
    others: OtherModels
    tracing: Tracing | None
    draining: bool = False
    _checked: dict[str, str] = field(default_factory=dict)
    _checked_at: float = -_CHECK_AGAIN_S
    _checking: asyncio.Lock = field(default_factory=asyncio.Lock)

    @property
    def settings(self) -> Settings:
        """The engine's settings, the service's own among them."""
        return self.clara.settings

    async def ended(self, exchange: Exchange, scope: Scope) -> None:
        """Count, log and trace a request that has ended."""
        self.metrics.count(exchange)
        log_exchange(exchange, content=self.settings.server.log_content)
        if self.tracing is not None:
            self.tracing.record(exchange, scope)
        used = exchange.prompt_tokens + exchange.completion_tokens
        try:
            await self.quotas.spent(exchange.key, used, exchange.cost)
        except self.quotas.failures:
            logger.warning("what a key used could not be counted: Redis does not answer")

    async def checks(self) -> dict[str, str]:
        """Return what is needed to answer -> `ok` or what is wrong; looked at anew every few seconds."""
        async with self._checking:
            if time.monotonic() - self._checked_at >= _CHECK_AGAIN_S:
                self._checked = await self._look()
                self._checked_at = time.monotonic()
        return self._checked

    async def _look(self) -> dict[str, str]:
        found = {"knowledge": await asyncio.to_thread(self._look_at_knowledge)}
        if self.clara.models is not None and self.settings.model.partition(":")[0] == OPENAI:
            found["model"] = await self.upstream.reachable()
        if self.settings.redis_url is not None:
            found["redis"] = "ok" if await self.quotas.reachable() else "does not answer"
        return found

    def _look_at_knowledge(self) -> str:
        try:
            base = self.clara.knowledge()
            return "ok" if base.store.languages() and base.space.index.counts() else "holds nothing"
        except ClaraError as error:
            return str(error)


def service_of(scope: Scope) -> Service:
    """Return the running service, which the application's lifespan made."""
    service: Service = scope["app"].state.service
    return service


@asynccontextmanager
async def open_service(clara: Clara) -> AsyncIterator[Service]:
    """Make a service around an engine, whose calls it counts and which the caller closes. Raises ConfigError."""
    settings, own = clara.settings, clara.settings.server
    if clara.models is not None:
        clara.models = metered(clara.models, settings)
    admission = Admission(own.concurrency, own.queue, own.queue_s)
    metrics = Metrics()
    metrics.watch("running", lambda: admission.running)
    metrics.watch("waiting", lambda: admission.waiting)
    service = Service(
        clara=clara,
        admission=admission,
        catalogue=Catalogue(settings, method=clara.method, has_model=clara.models is not None),
        keys=Keys(own.keys),
        quotas=Quotas(own.keys, settings.redis_url),
        metrics=metrics,
        upstream=Upstream(settings),
        others=OtherModels(settings),
        tracing=Tracing(own.otlp_endpoint) if own.otlp_endpoint else None,
    )
    try:
        yield service
    finally:
        await service.upstream.aclose()
        await service.others.aclose()
        await service.quotas.aclose()
        if service.tracing is not None:
            await asyncio.to_thread(service.tracing.close)
