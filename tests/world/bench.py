"""Every method in every scenario and language, through the real engine."""

from __future__ import annotations

import asyncio
import multiprocessing
import tempfile
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from itertools import groupby, product
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from clara import Clara
from clara.languages import SUPPORTED
from clara.methods import METHODS
from tests.world import words
from tests.world.knowledge import WorldKnowledge, default_settings
from tests.world.loop import run_simulated
from tests.world.model import SimulatedModel
from tests.world.questions import Item
from tests.world.scenarios import SCENARIOS, Scenario

_MEASURES = ("correct", "abstained", "calls", "rounds", "tokens")
_LABELS = "ABCD"


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
        parts = list(pool.map(_run_languages, [questions] * processes, shares))
    order = [tag for share in shares for tag in share]
    rows = [order.index(tag) for tag in languages]
    results = []
    for scenario in SCENARIOS:
        table = np.concatenate([part[scenario.name] for part in parts])[rows].transpose(3, 1, 0, 2)
        results.append(
            Results(
                scenario=scenario.name,
                methods=tuple(METHODS),
                languages=tuple(languages),
                measures=dict(zip(_MEASURES, table, strict=True)),
            )
        )
    return results


def _run_languages(questions: int, languages: Sequence[str]) -> dict[str, NDArray[np.float64]]:
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
                clara = Clara(SimulatedModel(world, scenario.behaviour), settings=settings, knowledge=knowledge)
                made[scenario.name].append(run_simulated(_ask_all(clara, world.items, language)))
    return {name: np.stack(tables) for name, tables in made.items()}


async def _ask_all(clara: Clara, items: Sequence[Item], language: str) -> NDArray[np.float64]:
    """Return methods x questions x measures."""
    async with clara:
        answers = await asyncio.gather(*(_ask(clara, item, language, method) for method in METHODS for item in items))
    return np.array(answers, dtype=float).reshape(len(METHODS), len(items), len(_MEASURES))


async def _ask(clara: Clara, item: Item, language: str, method: str) -> tuple[float, ...]:
    options = {label: words.option_text(o, language) for label, o in zip(_LABELS, item.options, strict=True)}
    answer = await clara.aask(item.stem(language), options=options, language=language, method=method)
    right = not answer.abstained and answer.choice == _LABELS[item.options.index(item.answer)]
    usage = answer.usage
    return (right, answer.abstained, usage.calls, usage.rounds, usage.prompt_tokens + usage.completion_tokens)
