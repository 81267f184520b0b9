"""Replaying: every method over every recorded question, counted and compared."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from clara.config import Settings
from clara.errors import ConfigError, DatasetError
from clara.evaluation.datasets import DIRECT, Dataset, Recorded
from clara.evaluation.replay.calibrate import GUARD, Profile, cross_validate
from clara.evaluation.replay.methods import (
    CALIBRATED,
    Case,
    Given,
    Method,
    Policy,
    answer_directly,
    build_method,
    further_languages,
    make_cases,
)
from clara.evaluation.results import Answered, comparison_results, manifest, method_results, to_table
from clara.evaluation.statistics.comparison import RESAMPLES, compare
from clara.evaluation.statistics.levels import ENGLISH
from clara.evaluation.statistics.resampling import Resampler

METHODS = (DIRECT, "pivot:en", "vote", "reconcile")
"""What is replayed where nothing else is asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Replayed:
    """One run's replay: results.json's content, and a row of records.jsonl per method, language, question, epoch."""

    run: str
    results: dict[str, Any]
    records: list[dict[str, Any]]


def replay(
    dataset: Dataset,
    run: str,
    answers: Sequence[Recorded],
    *,
    methods: Sequence[str] = METHODS,
    baseline: str = DIRECT,
    settings: Settings,
    profile: Profile | None = None,
    seed: int = 0,
) -> Replayed:
    """Replay one run's answers to a dataset with each of the methods and compare them with the baseline.

    methods: `direct`, `pivot:LANG`, `vote`, `reconcile`, `calibrated` (reconcile with constants fitted to the other
    four fifths of the questions), or methods that the answers name. profile: constants and rules for `reconcile`.
    Raises ConfigError for a method that there is not, DatasetError where there is nothing to compare.
    """
    names = list(dict.fromkeys(methods))
    if baseline not in names:
        raise ConfigError(f"the baseline {baseline[:40]!r} is none of the methods: {', '.join(names)}")
    asked = {(item.id, item.language) for item in dataset.items}
    recorded = _by_method([answer for answer in answers if (answer.id, answer.language) in asked])
    languages = _languages(dataset, run, recorded)
    policy = _policy(settings, languages, profile)
    fingerprint = _fingerprint(dataset, run, names, settings, profile, seed)
    answered: dict[str, list[Answered]] = {}
    for name in names:
        cases, method = _cases_and_method(name, dataset, run, recorded, languages, policy, settings, seed)
        answered[name] = [
            Answered(id=case.id, language=tag, epoch=case.epoch, answer=case.answer, given=method(case, tag))
            for tag in languages
            for case in cases
        ]
    questions = dataset.questions
    tables = {name: to_table(found, questions, languages) for name, found in answered.items()}
    resampler = Resampler(len(questions), RESAMPLES, seed)
    epochs = max(found.epoch for found in answered[baseline]) + 1
    comparisons = [
        comparison_results(
            baseline,
            name,
            compare(tables[baseline], tables[name], languages, resampler=resampler, seed=seed, epochs=epochs),
        )
        for name in names
        if name != baseline
    ]
    results = {
        **manifest(dataset, questions=len(questions), model=run, seed=seed),
        "methods": {
            name: method_results(found, tables[name], languages, seed=seed) for name, found in answered.items()
        },
        "comparisons": comparisons,
    }
    results["manifest"] |= {
        "config": fingerprint, "kind": "replay", "baseline": baseline, "languages": list(languages),
        "settings": _shown(settings), "profile": None if profile is None else asdict(profile),
    }  # fmt: skip
    records = [found.to_dict(name, fingerprint) for name, listed in answered.items() for found in listed]
    return Replayed(run=run, results=results, records=records)


def _by_method(answers: Sequence[Recorded]) -> dict[str, list[Recorded]]:
    found: dict[str, list[Recorded]] = {}
    for answer in answers:
        found.setdefault(answer.method, []).append(answer)
    return found


def _languages(dataset: Dataset, run: str, recorded: Mapping[str, Sequence[Recorded]]) -> tuple[str, ...]:
    """Return the dataset's languages in which anything is recorded."""
    held = {answer.language for answers in recorded.values() for answer in answers}
    languages = tuple(tag for tag in dataset.languages if tag in held)
    if ENGLISH not in languages or len(languages) < 2:
        raise DatasetError(
            f"{run}: a gap needs English and another language; of {dataset.name} it answers {', '.join(languages) or '-'}"
        )
    return languages


def _policy(settings: Settings, languages: Sequence[str], profile: Profile | None) -> Policy:
    if profile is not None:
        return profile.policy(settings.reconcile)
    return Policy(settings=settings.reconcile, further=further_languages(languages, settings.vote_languages))


def _cases_and_method(
    name: str,
    dataset: Dataset,
    run: str,
    recorded: Mapping[str, Sequence[Recorded]],
    languages: Sequence[str],
    policy: Policy,
    settings: Settings,
    seed: int,
) -> tuple[list[Case], Method]:
    """Return the cases that a method works on, and the method; one that the record names stands as it is."""
    if name in recorded:
        return make_cases(dataset, recorded[name]), answer_directly
    if DIRECT not in recorded:
        raise ConfigError(f"{run} holds no direct answers, so only its own methods can be named: {', '.join(recorded)}")
    cases = make_cases(dataset, recorded[DIRECT])
    if name != CALIBRATED:
        return cases, build_method(name, languages, run, policy)
    found = cross_validate(cases, languages, run, settings.reconcile, guard=GUARD, seed=seed)
    return cases, lambda case, language: found[case.id, case.epoch, language]


def _fingerprint(
    dataset: Dataset, run: str, methods: Sequence[str], settings: Settings, profile: Profile | None, seed: int
) -> str:
    """Return twelve hexadecimal digits that are the same for the same measurement."""
    parts = [
        dataset.name, dataset.version(), run, list(methods), _shown(settings),
        None if profile is None else asdict(profile), seed,
    ]  # fmt: skip
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:12]


def _shown(settings: Settings) -> dict[str, Any]:
    """Return the settings that a replay depends on; none of them is a key."""
    return {"reconcile": settings.reconcile.model_dump(), "vote_languages": list(settings.vote_languages)}
