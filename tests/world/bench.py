"""Every method in every scenario and language, through the real engine."""

from __future__ import annotations

import asyncio
import multiprocessing
import tempfile
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from clara import Clara, Settings
from clara.languages import SUPPORTED
from clara.methods import METHODS
from tests.world import words
from tests.world.knowledge import WorldKnowledge
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
        """Return a measure of one method, languages (default all) x questions."""
        rows = [self.languages.index(tag) for tag in languages or self.languages]
        return self.measures[measure][self.methods.index(method)][rows]


def run_bench(questions: int, languages: Sequence[str] = SUPPORTED, *, processes: int = 2) -> list[Results]:
    """Ask every method every question in every scenario; a process takes its share of the languages."""
    shares = [tuple(languages[i::processes]) for i in range(processes)]
    with ProcessPoolExecutor(processes, mp_context=multiprocessing.get_context("spawn")) as pool:
        parts = list(pool.map(_run_languages, [questions] * processes, shares))
    order = [tag for share in shares for tag in share]
    rows = [order.index(tag) for tag in languages]
    return [
        Results(
            scenario=scenario.name,
            methods=tuple(METHODS),
            languages=tuple(languages),
            measures={m: np.concatenate([part[i][m] for part in parts], axis=1)[:, rows] for m in _MEASURES},
        )
        for i, scenario in enumerate(SCENARIOS)
    ]


def _run_languages(questions: int, languages: Sequence[str]) -> list[dict[str, NDArray[np.float64]]]:
    """Return the measures of every scenario, in the order of SCENARIOS."""
    made = {}

    def documents(scenario: Scenario) -> tuple[bool, str]:
        return scenario.local, str(sorted(scenario.evidence.items()))

    for _, group in groupby(sorted(SCENARIOS, key=documents), key=documents):
        scenarios = list(group)
        world = scenarios[0].world(questions)
        with tempfile.TemporaryDirectory() as folder, WorldKnowledge(Path(folder), world) as knowledge:
            for scenario in scenarios:
                model = SimulatedModel(world, scenario.behaviour)
                # Defaults only, whatever the machine's environment sets.
                settings = Settings.model_construct(home=Path(folder))
                clara = Clara(model, settings=settings, knowledge=knowledge)
                made[scenario.name] = run_simulated(_ask_all(clara, world.items, languages))
    return [made[scenario.name] for scenario in SCENARIOS]


async def _ask_all(clara: Clara, items: Sequence[Item], languages: Sequence[str]) -> dict[str, NDArray[np.float64]]:
    async with clara:
        asked = [_ask(clara, item, tag, method) for method in METHODS for tag in languages for item in items]
        answers = await asyncio.gather(*asked)
    table = np.array(answers).reshape(len(METHODS), len(languages), len(items), len(_MEASURES))
    return {measure: table[..., i] for i, measure in enumerate(_MEASURES)}


async def _ask(clara: Clara, item: Item, language: str, method: str) -> tuple[float, ...]:
    options = {label: words.option_text(o, language) for label, o in zip(_LABELS, item.options, strict=True)}
    answer = await clara.aask(item.stem(language), options=options, language=language, method=method)
    right = not answer.abstained and answer.choice == _LABELS[item.options.index(item.answer)]
    usage = answer.usage
    return (right, answer.abstained, usage.calls, usage.rounds, usage.prompt_tokens + usage.completion_tokens)
