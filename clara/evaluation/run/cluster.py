"""Making answers on a Ray cluster. The process that was started stays the only one that writes.

Each node needs CLARA, its prompts and a knowledge base with the same documents; that is checked, not copied. A worker
that dies is started again, where there is room, and its unfinished answers are made again: what their calls had cost
is not known.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
import tempfile
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from clara.config import Settings
from clara.engine import Clara
from clara.errors import ClaraError, ConfigError, ModelError
from clara.evaluation.datasets import Dataset
from clara.evaluation.extras import load_extra
from clara.evaluation.run.answer import Asker, RateLimited, begin_loading
from clara.evaluation.run.identity import Identity, fingerprint_files, identify_knowledge
from clara.evaluation.run.pace import Pace
from clara.evaluation.run.plan import Task
from clara.resources import data_folder

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

    from clara.models import ChatModel

_MANY = 1_000_000
_CLOSING_S = 5.0
Outcome = tuple[str, Any]
"""What comes back from a worker: row and the row, refused and the seconds to wait or None, config or failed and a
message."""


class Worker:
    """One engine in a process of the cluster, which makes many answers at once."""

    def __init__(
        self, settings: Settings, model: ChatModel | BaseChatModel | None, dataset: Dataset, identity: Identity
    ) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="clara-")
        if settings.cache == "replay":
            settings = settings.model_copy(update={"cache_dir": Path(self._folder.name)})
        self._settings, self._model, self._dataset, self._identity = settings, model, dataset, identity
        self._engine: Clara | None = None
        self._asker: Asker | None = None

    async def answer(self, task: Task, config: str) -> Outcome:
        """Make an answer. Errors come back as words: not every error can be sent from process to process."""
        try:
            if self._asker is None:
                self._asker = self._open()
            return "row", await self._asker.row(task, config)
        except RateLimited as error:
            return "refused", error.retry_after_s
        except ClaraError as error:
            return "config" if isinstance(error, ConfigError) else "failed", str(error)

    async def close(self) -> None:
        """Release what the engine holds, and delete the replies it kept."""
        if self._engine is not None:
            await self._engine.aclose()
        self._folder.cleanup()

    def _open(self) -> Asker:
        from clara.evaluation.run.runner import open_engine

        # The pace is kept by the process that hands out the work.
        self._engine = engine = open_engine(self._settings, self._model, None, Pace(_MANY))
        differs = []
        if fingerprint_files(data_folder("prompts", self._settings.prompts_dir)) != self._identity["prompts"]:
            differs.append("prompts")
        known = self._identity["knowledge"]  # None where no method looks into it
        if known is not None and identify_knowledge(engine.knowledge()) != known:
            differs.append("documents in the knowledge base")
        if differs:
            raise ConfigError(f"a worker has other {' and '.join(differs)} than this machine; bring all to one state")
        return Asker(engine, self._dataset, begin_loading())


class RayAsker:
    """Hands answers to workers, a worker for each node. Use it as an async context manager; raises ConfigError."""

    def __init__(
        self,
        settings: Settings,
        model: ChatModel | BaseChatModel | None,
        dataset: Dataset,
        identity: Identity,
        pace: Pace,
    ) -> None:
        self._given = (settings, model, _without_items(dataset), identity)
        self._pace = pace
        self._workers: list[Any] = []
        self._turns = itertools.cycle(self._workers)

    async def __aenter__(self) -> Self:
        ray = load_extra("ray", "ray")
        self._started = not ray.is_initialized()
        if self._started:
            ray.init(log_to_driver=False, include_dashboard=False, logging_level=logging.ERROR)
        # No CPU is reserved: a worker whose node is lost must find room on any other.
        options = {"num_cpus": 0, "max_restarts": -1, "max_task_retries": -1, "max_concurrency": _MANY}
        made = ray.remote(Worker).options(scheduling_strategy="SPREAD", **options)
        nodes = sum(node["Alive"] for node in ray.nodes())
        self._workers.extend(made.remote(*self._given) for _ in range(nodes))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        ray = load_extra("ray", "ray")
        closing = (asyncio.wait_for(worker.close.remote(), _CLOSING_S) for worker in self._workers)
        # A worker that is dead or hangs has nothing to tell any more.
        await asyncio.gather(*closing, return_exceptions=True)
        for worker in self._workers:
            ray.kill(worker)
        if self._started:
            ray.shutdown()

    async def row(self, task: Task, config: str) -> dict[str, Any]:
        """Have an answer made; the worker that makes it may change when one dies, its row comes once."""
        started = self._pace.now()
        kind, value = await next(self._turns).answer.remote(task, config)
        if kind == "refused":
            self._pace.refused(started, value)
            raise RateLimited(value)
        if kind != "row":
            raise ConfigError(value) if kind == "config" else ModelError(value)
        self._pace.accepted()
        row: dict[str, Any] = value
        return row


def _without_items(dataset: Dataset) -> Dataset:
    """Return what a worker needs to know of a dataset; its questions come one by one."""
    return Dataset(
        name=dataset.name, items=(), source=dataset.source, licence=dataset.licence, scorer=dataset.scorer,
        private=dataset.private,
    )  # fmt: skip
