"""Replaying: every method over every recorded question, counted and compared."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from clara.config import Settings
from clara.errors import ConfigError, DatasetError
from clara.evaluation.calibrate import FOLDS, GUARD
from clara.evaluation.datasets import DIRECT, Dataset, Recorded, Runs
from clara.evaluation.measures import measure
from clara.evaluation.records import Answered
from clara.evaluation.replay.calibrate import Profile, Profiles, cross_validate, fit, read_profiles
from clara.evaluation.replay.methods import (
    CALIBRATED,
    PROFILE,
    RECONCILE,
    Case,
    Method,
    Policy,
    answer_directly,
    build_method,
    further_languages,
    make_cases,
)
from clara.evaluation.results import REPLAY, manifest
from clara.evaluation.statistics.levels import ENGLISH


@dataclass(frozen=True, slots=True, kw_only=True)
class Replayed:
    """One run's replay: results.json's content, and a row of records.jsonl per method, language, question, epoch."""

    run: str
    results: dict[str, Any]
    records: list[dict[str, Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Replaying:
    """One run being replayed. profiles: what profile files said, by method, as they are read."""

    dataset: Dataset
    run: str
    recorded: Mapping[str, Sequence[Recorded]]
    languages: tuple[str, ...]
    settings: Settings
    seed: int
    profiles: dict[str, Any] = field(default_factory=dict)

    def build(self, name: str) -> tuple[list[Case], Method]:
        """Return the cases that a method works on, and the method; one that the record names stands as it is."""
        if name in self.recorded:
            return make_cases(self.dataset, self.recorded[name]), answer_directly
        if DIRECT not in self.recorded:
            named = ", ".join(self.recorded)
            raise ConfigError(f"{self.run} holds no direct answers, so only its own methods can be named: {named}")
        cases, constants = make_cases(self.dataset, self.recorded[DIRECT]), self.settings.reconcile
        if name == CALIBRATED:
            found = cross_validate(cases, self.languages, self.run, constants, seed=self.seed)
            return cases, lambda case, language: found[case.id, case.epoch, language]
        if name.startswith(PROFILE):
            policy = self._read_profile(name).policy(constants)
            return cases, build_method(RECONCILE, self.languages, self.run, policy)
        further = further_languages(self.languages, self.settings.further_languages)
        return cases, build_method(name, self.languages, self.run, Policy(settings=constants, further=further))

    def _read_profile(self, name: str) -> Profile:
        path = Path(name.removeprefix(PROFILE))
        profiles = read_profiles(path)
        if self.run not in profiles.runs:
            raise ConfigError(f"{path}: no profile of the run {self.run[:60]}; there are: {', '.join(profiles.runs)}")
        profile = profiles.runs[self.run]
        own = profiles.dataset_version == self.dataset.version()
        self.profiles[name] = {"fitted_to_these_questions": own, **asdict(profile)}
        return profile


def replay(
    dataset: Dataset,
    run: str,
    answers: Sequence[Recorded],
    *,
    methods: Sequence[str],
    baseline: str | None = None,
    settings: Settings,
    seed: int = 0,
) -> Replayed:
    """Replay one run's answers to a dataset with each of the methods and compare them with the baseline.

    methods: `direct`, `pivot:LANG`, `vote`, `reconcile`, `calibrated` (reconcile with constants fitted to the other
    four fifths of the questions), `profile:FILE` (with those of a file), or methods that the answers name.
    baseline: default `direct` if that is among the methods, else the first of them.
    Raises ConfigError for a method that there is not, DatasetError where there is nothing to compare.
    """
    names = list(dict.fromkeys(methods))
    if not names:
        raise ConfigError(f"name one or more methods, e.g. {DIRECT},{RECONCILE}")
    baseline = baseline or (DIRECT if DIRECT in names else names[0])
    if baseline not in names:
        raise ConfigError(f"the baseline {baseline[:40]!r} is none of the methods: {', '.join(names)}")
    asked = {(item.id, item.language) for item in dataset.items}
    recorded = _by_method([answer for answer in answers if (answer.id, answer.language) in asked])
    languages = _languages(dataset, run, recorded)
    replaying = _Replaying(
        dataset=dataset, run=run, recorded=recorded, languages=languages, settings=settings, seed=seed
    )
    cases = {name: replaying.build(name) for name in names}
    fingerprint = _fingerprint(dataset, run, names, settings, replaying.profiles, seed)
    rows = {
        name: [
            Answered(id=case.id, language=tag, epoch=case.epoch, answer=case.answer, given=method(case, tag)).to_dict(
                name, fingerprint
            )
            for tag in languages
            for case in listed
            if (case.id, tag) in asked
        ]
        for name, (listed, method) in cases.items()
    }
    results = {
        **manifest(dataset, questions=len(dataset.questions), model=run, seed=seed),
        **measure(rows, dataset, languages, baseline=baseline, seed=seed),
    }
    results["manifest"] |= {
        "config": fingerprint, "kind": REPLAY, "baseline": baseline, "languages": list(languages),
        "settings": _shown(settings), "profiles": replaying.profiles,
    }  # fmt: skip
    records = [row for found in rows.values() for row in found]
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
        named = ", ".join(languages) or "nothing"
        raise DatasetError(
            f"{run}: a gap needs English and another language; of {dataset.name} it answers {named}; name other runs "
            "with --record, or more languages"
        )
    return languages


def _fingerprint(
    dataset: Dataset, run: str, methods: Sequence[str], settings: Settings, profiles: Mapping[str, Any], seed: int
) -> str:
    """Return twelve hexadecimal digits that are the same for the same measurement."""
    parts = [dataset.name, dataset.version(), run, list(methods), _shown(settings), dict(profiles), seed]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:12]


def _shown(settings: Settings) -> dict[str, Any]:
    """Return the settings that a replay depends on; none of them is a key."""
    return {"reconcile": settings.reconcile.model_dump(), "further_languages": list(settings.further_languages)}


def calibrate_runs(
    dataset: Dataset, runs: Runs, *, settings: Settings, seed: int = 0
) -> tuple[Profiles, list[Replayed]]:
    """Fit a profile to each run, and replay it calibrated on questions it was not fitted to, against uncalibrated.

    Raises ConfigError, DatasetError.
    """
    profiles: dict[str, Profile] = {}
    found = []
    for run, answers in runs.items():
        names = (RECONCILE, CALIBRATED)
        found.append(replay(dataset, run, answers, methods=names, baseline=RECONCILE, settings=settings, seed=seed))
        languages = found[-1].results["manifest"]["languages"]
        direct = [answer for answer in answers if answer.method == DIRECT]
        profiles[run] = fit(make_cases(dataset, direct), languages, run, settings.reconcile)
    worth = {replayed.run: replayed.results["comparisons"][0] for replayed in found}
    fitted = Profiles(
        dataset=dataset.name, dataset_version=dataset.version(), seed=seed, folds=FOLDS, guard=GUARD, runs=profiles,
        cross_validated=worth,
    )  # fmt: skip
    return fitted, found
