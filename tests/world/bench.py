"""Every method in every scenario and language, through the real engine.

`clara calibrated` is `clara` with the constants that `clara eval calibrate` fits to other questions of the scenario, as
somebody does who has questions with known answers for a model and its documents.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import tempfile
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from itertools import groupby, product
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from clara import Answer, Clara
from clara.evaluation.calibrate import Labelled, calibrate
from clara.languages import SUPPORTED
from clara.methods import METHODS
from clara.profile import Constants
from tests.world import words
from tests.world.knowledge import WorldKnowledge, default_settings
from tests.world.loop import run_simulated
from tests.world.model import SimulatedModel
from tests.world.questions import Item
from tests.world.scenarios import SCENARIOS, SEED, Scenario

CALIBRATED = "clara calibrated"
_FITTED_TO = 100  # questions, in all languages
_MEASURES = ("correct", "abstained", "calls", "rounds", "tokens")
_LABELS = "ABCD"
_NAMES = tuple(scenario.name for scenario in SCENARIOS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Results:
    """What the methods did in one scenario: measure -> array of methods x languages x questions."""

    scenario: str
    methods: tuple[str, ...]
    languages: tuple[str, ...]
    measures: dict[str, NDArray[np.float64]]

    def of(self, method: str, measure: str = "correct", languages: Sequence[str] = ()) -> NDArray[np.float64]:
        """Return a measure of one method: languages (default all) x questions."""
        rows = [self.languages.index(tag) for tag in languages or self.languages]
        found: NDArray[np.float64] = self.measures[measure][self.methods.index(method)][rows]
        return found


def run_bench(questions: int, languages: Sequence[str] = SUPPORTED, *, processes: int = 2) -> list[Results]:
    """Ask every method every question in every scenario; a process takes its share of the languages."""
    shares = [tuple(languages[i::processes]) for i in range(processes)]
    with ProcessPoolExecutor(processes, mp_context=multiprocessing.get_context("spawn")) as pool:
        profiles = dict(zip(_NAMES, pool.map(_calibrate, SCENARIOS, [languages] * len(SCENARIOS)), strict=True))
        parts = list(pool.map(_run_languages, [questions] * processes, shares, [profiles] * processes))
    order = [tag for share in shares for tag in share]
    rows = [order.index(tag) for tag in languages]
    results = []
    for scenario in SCENARIOS:
        table = np.concatenate([part[scenario.name] for part in parts])[rows].transpose(3, 1, 0, 2)
        results.append(
            Results(
                scenario=scenario.name,
                methods=(*METHODS, CALIBRATED),
                languages=tuple(languages),
                measures=dict(zip(_MEASURES, table, strict=True)),
            )
        )
    return results


def _calibrate(scenario: Scenario, languages: Sequence[str]) -> Mapping[str, Constants]:
    """Return language -> the constants fitted to other questions of the scenario."""
    world = scenario.world(_FITTED_TO, seed=SEED + 1)
    labelled: list[Labelled] = []
    with tempfile.TemporaryDirectory() as folder, WorldKnowledge(Path(folder), world) as knowledge:
        settings = default_settings(Path(folder))
        for language in languages:
            clara = Clara(SimulatedModel(world, scenario.behaviour, seed=1), settings=settings, knowledge=knowledge)
            labelled += run_simulated(_label_all(clara, world.items, language))
        return calibrate(labelled, languages, settings.reconcile).languages


async def _label_all(clara: Clara, items: Sequence[Item], language: str) -> list[Labelled]:
    async with clara:
        answers = await asyncio.gather(*(_answer(clara, item, language, "clara") for item in items))
    return [
        Labelled(
            id=item.name, language=language, answer=_label(item), drafts=answer.drafts, k_options=len(item.options),
            local=next(e.data["local"] for e in answer.trace if e.stage == "reconcile"),
        )
        for item, answer in zip(items, answers, strict=True)
    ]  # fmt: skip


def _run_languages(
    questions: int, languages: Sequence[str], profiles: Mapping[str, Mapping[str, Constants]]
) -> dict[str, NDArray[np.float64]]:
    """Return scenario -> array of languages x methods x questions x measures."""
    made: dict[str, list[NDArray[np.float64]]] = {scenario.name: [] for scenario in SCENARIOS}

    def documents(scenario: Scenario) -> str:
        return f"{scenario.local} {sorted(scenario.evidence.items())}"

    for _, group in groupby(sorted(SCENARIOS, key=documents), key=documents):
        scenarios = list(group)
        world = scenarios[0].world(questions)
        with tempfile.TemporaryDirectory() as folder, WorldKnowledge(Path(folder), world) as knowledge:
            settings = default_settings(Path(folder))
            for language, scenario in product(languages, scenarios):
                constants = settings.reconcile.model_copy(update=profiles[scenario.name].get(language, {}))
                fitted = settings.model_copy(update={"reconcile": constants})
                methods = [(method, settings) for method in METHODS] + [("clara", fitted)]
                rows = []
                for method, used in methods:
                    clara = Clara(SimulatedModel(world, scenario.behaviour), settings=used, knowledge=knowledge)
                    rows.append(run_simulated(_measure_all(clara, world.items, language, method)))
                made[scenario.name].append(np.stack(rows))
    return {name: np.stack(tables) for name, tables in made.items()}


async def _measure_all(clara: Clara, items: Sequence[Item], language: str, method: str) -> NDArray[np.float64]:
    """Return questions x measures."""
    async with clara:
        answers = await asyncio.gather(*(_answer(clara, item, language, method) for item in items))
    return np.array([_measure(item, answer) for item, answer in zip(items, answers, strict=True)], dtype=float)


async def _answer(clara: Clara, item: Item, language: str, method: str) -> Answer:
    options = {label: words.option_text(o, language) for label, o in zip(_LABELS, item.options, strict=True)}
    return await clara.aask(item.stem(language), options=options, language=language, method=method)


def _measure(item: Item, answer: Answer) -> tuple[float, ...]:
    right = not answer.abstained and answer.choice == _label(item)
    usage = answer.usage
    return (right, answer.abstained, usage.calls, usage.rounds, usage.prompt_tokens + usage.completion_tokens)


def _label(item: Item) -> str:
    return _LABELS[item.options.index(item.answer)]
