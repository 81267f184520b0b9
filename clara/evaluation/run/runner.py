"""`evaluate`: asks a model every question with every method, and measures what comes of it."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args

from clara.config import EVIDENCE_MODEL, Settings, load_settings
from clara.engine import Clara
from clara.errors import ConfigError, DatasetError, ModelError, ModelRateLimited
from clara.evaluation.datasets import DIRECT
from clara.evaluation.records import Row, key_of, read_rows
from clara.evaluation.results import manifest, write_questions
from clara.evaluation.run.answer import Asker, RateLimited, begin_loading, failed_row
from clara.evaluation.run.finish import finish
from clara.evaluation.run.folder import CACHE, RunFolder
from clara.evaluation.run.identity import Identity, check_same, config_of, identify_knowledge, make_identity
from clara.evaluation.run.pace import Pace, Watched
from clara.evaluation.run.plan import Plan, Progress, Task, begin_progress
from clara.knowledge import KnowledgeBase
from clara.models import ChatModel, build_models
from clara.resources import data_folder

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

Place = Literal["local", "ray"]
"""Where answers are made: in this process, or on a Ray cluster."""

Ask = Callable[[Task, str], Awaitable[dict[str, Any]]]
"""Makes an answer and returns its row; raises RateLimited where it is to be made again."""

PACKAGES = ("numpy", "scipy", "langchain-core", "openai", "chromadb")
_PATIENCE = 8
"""How often an answer that a provider refused is put off before it is an error."""
_HOPELESS = 30
"""Errors one after the other, without an answer between them, at which a run is broken off."""


async def evaluate(
    plan: Plan,
    out: Path,
    *,
    model: ChatModel | BaseChatModel | None = None,
    settings: Settings | None = None,
    knowledge: KnowledgeBase | None = None,
    concurrency: int = 16,
    engine: Place = "local",
    progress: Callable[[Progress], None] = lambda _: None,
) -> dict[str, Any]:
    """Ask every question of a plan with every method and return the content of results.json.

    out: a folder that gets manifest.json, records.jsonl, questions.jsonl and results.json. If a run was begun there, it
    goes on: what is recorded is not asked again, except for errors; methods, languages, questions and epochs may be
    added. Cancelled, it leaves what is done. model: in place of the one that the settings name. concurrency: answers in
    the making at once. engine: `ray` makes them on a Ray cluster, with a knowledge base of the settings. progress:
    called at the beginning and after every answer.
    Raises ConfigError, DatasetError, KnowledgeError, and ModelError where every answer would fail.
    """
    if concurrency < 1 or engine not in get_args(Place):
        raise ConfigError(f"concurrency is at least 1, and engine one of {', '.join(get_args(Place))}")
    given = load_settings() if settings is None else settings
    ready = begin_loading()
    with RunFolder(out) as folder:
        before = folder.read_manifest()
        pace = Pace(concurrency)
        used = _settings(given, plan, out)
        async with open_engine(used, model, knowledge, pace) as clara:
            name = clara.models.draft.name if model is not None and clara.models else used.model
            prompts = data_folder("prompts", used.prompts_dir)
            identity = make_identity(plan.whole, used, model=name, prompts=prompts, seed=plan.seed)
            if set(plan.methods) - {DIRECT}:
                identity["knowledge"] = identify_knowledge(await asyncio.to_thread(clara.knowledge))
            if before is not None:
                identity = check_same(before["identity"], identity, out)
            folder.mend()
            folder.write_manifest(_manifest(before, plan, identity))
            write_questions(plan.dataset, out)
            running = _Running(plan=plan, identity=identity, folder=folder, pace=pace, report=progress)
            if engine == "local":
                await running.run(Asker(clara, plan.dataset, ready).row)
            else:
                from clara.evaluation.run.cluster import RayAsker

                async with RayAsker(used, model, plan.dataset, identity, pace) as asker:
                    await running.run(asker.row)
        return await asyncio.to_thread(finish, out, plan.dataset)


def _settings(given: Settings, plan: Plan, out: Path) -> Settings:
    """Return the settings with replies kept in the run's folder, and without the knowledge base as a last resort.

    What fails is a measurement still missing: nothing else must answer in the model's place. Replies may repeat a
    question, so those to a private dataset are not kept.
    """
    fallback = tuple(name for name in given.fallback_models if name != EVIDENCE_MODEL)
    private = plan.dataset.private
    kept: dict[str, Any] = {"cache": "off"} if private else {"cache": "replay", "cache_dir": out / CACHE}
    return given.model_copy(update={"fallback_models": fallback, **kept})


def open_engine(
    used: Settings, model: ChatModel | BaseChatModel | None, knowledge: KnowledgeBase | None, pace: Pace
) -> Clara:
    """Return an engine every call of which is seen by the pace."""
    if model is None and used.model == EVIDENCE_MODEL:
        return Clara(settings=used, knowledge=knowledge)
    models = build_models(used, model, around=lambda each: Watched(each, pace))
    return Clara(models, settings=used, knowledge=knowledge)


def _manifest(before: dict[str, Any] | None, plan: Plan, identity: Identity) -> dict[str, Any]:
    """Return the manifest; of a run that goes on, with the methods measured before, and all its sessions."""
    methods = list(dict.fromkeys([*(before["plan"]["methods"] if before else ()), *plan.methods]))
    described = manifest(
        plan.dataset, questions=len(plan.dataset.questions), model=identity["model"], seed=plan.seed, packages=PACKAGES
    )  # fmt: skip
    session = {"began": datetime.now(UTC).isoformat(timespec="seconds"), **described["manifest"]}
    return {
        "identity": identity,
        "plan": {
            "data": plan.data or (before["plan"]["data"] if before else ""), "methods": methods,
            "languages": list(plan.dataset.languages), "questions": list(plan.dataset.questions),
            "limit": plan.limit, "epochs": plan.epochs,
            "baseline": DIRECT if DIRECT in methods else plan.baseline,
        },
        "sessions": [*(before["sessions"] if before else ()), session],
    }  # fmt: skip


@dataclass(slots=True, kw_only=True)
class _Running:
    """A run under way. later: answers that were refused and how often, to be made again."""

    plan: Plan
    identity: Identity
    folder: RunFolder
    pace: Pace
    report: Callable[[Progress], None]
    progress: Progress = field(default_factory=Progress)
    later: list[tuple[Task, int]] = field(default_factory=list)
    errors_in_a_row: int = 0
    configs: dict[tuple[str, str], str] = field(default_factory=dict)

    async def run(self, ask: Ask) -> None:
        """Make every answer that is still missing. The one that fails for all ends the run."""
        done = self._read_done()
        self.report(self.progress)
        try:
            async with asyncio.TaskGroup() as group:
                for task in self.plan.tasks():
                    if not done[task.number]:
                        await self._start(group, ask, task, 0)
                while self.later or self.pace.running:
                    if self.later:
                        await self._start(group, ask, *self.later.pop(0))
                    else:
                        await self.pace.change()
        except BaseExceptionGroup as errors:
            raise errors.exceptions[0] from None
        finally:
            gc.unfreeze()

    def _read_done(self) -> bytearray:
        """Return a mark for each answer of the plan that is recorded; one byte each, whatever the answers hold."""
        self.progress = begin_progress(self.plan)
        done = bytearray(len(self.plan))
        if not self.folder.records.exists():
            return done
        place = self.plan.places()
        for row in read_rows(self.folder.records):
            number = place(key_of(row))
            if number is None:
                continue
            if row["config"] != self._config(row["method"], row["language"]):
                raise DatasetError(f"{self.folder.records} holds answers of another measurement; choose another folder")
            if row["status"] != "error" and not done[number]:
                done[number] = True
                self.progress.cells[row["method"], row["language"]].count(row)
        return done

    async def _start(self, group: asyncio.TaskGroup, ask: Ask, task: Task, refusals: int) -> None:
        await self.pace.begin()
        group.create_task(self._answer(ask, task, refusals))

    async def _answer(self, ask: Ask, task: Task, refusals: int) -> None:
        config = self._config(task.method, task.item.language)
        try:
            row = await ask(task, config)
        except RateLimited:
            if refusals < _PATIENCE:
                self.later.append((task, refusals + 1))
                return
            row = failed_row(task, config, ModelRateLimited(""))
        finally:
            self.pace.end()
        self._keep(row)

    def _keep(self, row: Row) -> None:
        self.folder.append(row)
        progress = self.progress
        progress.cells[row["method"], row["language"]].count(row)
        if not progress.asked:
            gc.freeze()  # all is loaded now; looking through it for garbage would hold calls up for 0.1 s and more
        progress.asked += 1
        progress.running, progress.limit = self.pace.running, int(self.pace.limit)
        self.report(progress)
        self.errors_in_a_row = self.errors_in_a_row + 1 if row["status"] == "error" else 0
        if self.errors_in_a_row >= _HOPELESS:
            raise ModelError(
                f"the last {_HOPELESS} answers failed with {row['error']}; see to it and run the same command again"
            )

    def _config(self, method: str, language: str) -> str:
        cell = (method, language)
        if cell not in self.configs:
            self.configs[cell] = config_of(self.identity, method, language)
        return self.configs[cell]
