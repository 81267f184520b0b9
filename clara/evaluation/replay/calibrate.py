"""Fitting the reconciler's constants to a record, and what that is worth on questions it was not fitted to.

Few labels overfit: choosing freely among weights, margins and languages loses what it seems to win. So priors are
shrunk towards the defaults, one pair of constants serves a whole model, and a language leaves the English draft only
where the paired gain on the training questions exceeds a number of standard errors.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from clara.config import ReconcileSettings
from clara.errors import ConfigError, DatasetError
from clara.evaluation.calibrate import FOLDS, GUARD, MARGINS, SHRINKAGE, WEIGHTS, paired_gain
from clara.evaluation.records import Given
from clara.evaluation.replay.methods import Case, Policy, Rule, answer_reconciled
from clara.evaluation.statistics.levels import ENGLISH
from clara.evaluation.statistics.resampling import Floats

_ENGLISH_GUARD = 1.96  # the lower bound of the 95% interval of English's change must not be below 0
_RULES: tuple[Rule, ...] = ("open", "native")


@dataclass(frozen=True, slots=True, kw_only=True)
class Switch:
    """What decides in a language, and the paired gain over the English draft in points on the questions fitted to."""

    rule: Rule
    gain: float
    se: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """What was fitted to one run. reconcile: fields of the `[reconcile]` settings; further: languages, best first."""

    run: str
    reconcile: Mapping[str, float]
    further: tuple[str, ...]
    languages: Mapping[str, Switch]

    def policy(self, settings: ReconcileSettings) -> Policy:
        """Return the policy that the profile makes of the user's settings. It answers every question: a threshold for
        abstaining is another matter than which draft is right."""
        rules = {tag: switch.rule for tag, switch in self.languages.items()}
        fitted = settings.model_copy(update={**self.reconcile, "abstain_below": 0.0})
        return Policy(settings=fitted, further=self.further, rules=rules)


@dataclass(frozen=True, slots=True, kw_only=True)
class Profiles:
    """The profiles of several runs on one dataset, and what each was worth on questions it was not fitted to.

    cross_validated: run -> comparison of the calibrated with the uncalibrated reconciler, as in results.json.
    """

    dataset: str
    dataset_version: str
    seed: int
    folds: int
    guard: float
    runs: Mapping[str, Profile]
    cross_validated: Mapping[str, Any]


def fit(
    cases: Sequence[Case], languages: Sequence[str], run: str, settings: ReconcileSettings, *, guard: float = GUARD
) -> Profile:
    """Fit to all these cases.

    Priors: p = (hits + 30 * default) / (n + 30) for English and for the other languages together. Same-model weight
    and margin: among the pairs whose gain, pooled over languages, is within one standard error of the best, the
    one that leaves the English draft least readily (the rule of Breiman et al. 1984). Languages: see `Switch` and
    `GUARD`; English itself only where the lower bound of its change is above 0.
    """
    settings = settings.model_copy(update={"abstain_below": 0.0} | _priors(cases, languages, settings))
    further = _best_first(cases, languages)
    kept = _right(cases, languages, run, _all(settings, further, languages, "english"))
    fitted, opened = settings, _right(cases, languages, run, _all(settings, further, languages, "open"))
    tried: list[tuple[ReconcileSettings, Floats]] = []
    # From the least ready to leave the English draft to the readiest.
    for margin, weight in itertools.product(sorted(MARGINS, reverse=True), sorted(WEIGHTS)):
        candidate = settings.model_copy(update={"margin": margin, "same_model_weight": weight})
        tried.append((candidate, _right(cases, languages, run, _all(candidate, further, languages, "open"))))
    pooled = [paired_gain(right.mean(axis=1) - kept.mean(axis=1)) for _, right in tried]
    best, error = max(pooled)
    if best > 0:
        fitted, opened = next(found for found, (gain, _) in zip(tried, pooled, strict=True) if gain >= best - error)
    native = _right(cases, languages, run, _all(fitted, further, languages, "native"))
    switches = {
        tag: _switch(tag, {"open": opened[:, i] - kept[:, i], "native": native[:, i] - kept[:, i]}, guard)
        for i, tag in enumerate(languages)
    }
    if all(switch.rule != "open" for switch in switches.values()):
        fitted = settings  # nothing to gain from other constants than the defaults
    names = ("prior_english", "prior_other", "same_model_weight", "margin")
    return Profile(
        run=run, reconcile={name: round(getattr(fitted, name), 4) for name in names}, further=further,
        languages=switches,
    )  # fmt: skip


def cross_validate(
    cases: Sequence[Case],
    languages: Sequence[str],
    run: str,
    settings: ReconcileSettings,
    *,
    guard: float = GUARD,
    seed: int = 0,
) -> dict[tuple[str, int, str], Given]:
    """Return (question, epoch, language) -> the answer under constants fitted to the other four fifths.

    A question's epochs and languages are never on both sides. Raises DatasetError with fewer questions than folds.
    """
    questions = list(dict.fromkeys(case.id for case in cases))
    if len(questions) < FOLDS:
        raise DatasetError(f"{run}: {len(questions)} questions are too few to calibrate on; {FOLDS} folds need more")
    order = np.random.default_rng(seed).permutation(len(questions))
    fold_of = {questions[place]: turn % FOLDS for turn, place in enumerate(order)}
    answers: dict[tuple[str, int, str], Given] = {}
    for fold in range(FOLDS):
        training = [case for case in cases if fold_of[case.id] != fold]
        policy = fit(training, languages, run, settings, guard=guard).policy(settings)
        for case in cases:
            if fold_of[case.id] == fold:
                for language in languages:
                    answers[case.id, case.epoch, language] = answer_reconciled(case, language, run, policy)
    return answers


def write_profiles(profiles: Profiles, path: Path) -> None:
    """Write profiles as JSON. Raises ConfigError."""
    try:
        path.write_text(json.dumps(asdict(profiles), ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"cannot write {path}: {error.strerror or error}") from None


def read_profiles(path: Path) -> Profiles:
    """Return the profiles of a file that `write_profiles` wrote. Raises DatasetError."""
    try:
        content = json.loads(path.read_bytes().decode("utf-8"))
        runs = {run: _profile(found) for run, found in content.pop("runs").items()}
        return Profiles(**content, runs=runs)
    except OSError as error:
        raise DatasetError(f"{path}: {error.strerror or error}") from None
    except (ValueError, KeyError, TypeError, AttributeError):  # of JSON, and of what it should hold
        raise DatasetError(f"{path}: not a profile; make one with: clara eval calibrate -o {path.name}") from None


def _profile(content: Mapping[str, Any]) -> Profile:
    ReconcileSettings(**content["reconcile"])  # a ValueError where a constant cannot be
    languages = {tag: Switch(**switch) for tag, switch in content["languages"].items()}
    return Profile(**{**content, "further": tuple(content["further"]), "languages": languages})


def _priors(cases: Sequence[Case], languages: Sequence[str], settings: ReconcileSettings) -> dict[str, float]:
    def shrunk(tags: Sequence[str], prior: float) -> float:
        said = [case.choices[tag] == case.answer for case in cases for tag in tags if tag in case.choices]
        return (sum(said) + SHRINKAGE * prior) / (len(said) + SHRINKAGE)

    others = [tag for tag in languages if tag != ENGLISH]
    return {
        "prior_english": shrunk([ENGLISH], settings.prior_english),
        "prior_other": shrunk(others, settings.prior_other),
    }


def _best_first(cases: Sequence[Case], languages: Sequence[str]) -> tuple[str, ...]:
    hits = {tag: sum(case.choices.get(tag) == case.answer for case in cases) for tag in languages if tag != ENGLISH}
    return tuple(sorted(hits, key=lambda tag: -hits[tag]))


def _all(settings: ReconcileSettings, further: tuple[str, ...], languages: Sequence[str], rule: Rule) -> Policy:
    return Policy(settings=settings, further=further, rules=dict.fromkeys(languages, rule))


def _right(cases: Sequence[Case], languages: Sequence[str], run: str, policy: Policy) -> Floats:
    """Return per cent right, of shape (questions, languages), averaged over epochs; what is missing counts as wrong."""
    rows = {identifier: row for row, identifier in enumerate(dict.fromkeys(case.id for case in cases))}
    right, counts = np.zeros((len(rows), len(languages))), np.zeros((len(rows), 1))
    for case in cases:
        counts[rows[case.id]] += 1
        for column, tag in enumerate(languages):
            right[rows[case.id], column] += answer_reconciled(case, tag, run, policy).choice == case.answer
    return np.asarray(100 * right / counts)


def _switch(tag: str, differences: Mapping[str, Floats], guard: float) -> Switch:
    """Return the rule whose gain is largest of those that pass the guard, else `english`."""
    gains = {rule: paired_gain(differences[rule]) for rule in _RULES}
    needed = _ENGLISH_GUARD if tag == ENGLISH else guard
    passing = [rule for rule in _RULES if gains[rule][0] > needed * gains[rule][1]]
    rule: Rule = max(passing, key=lambda name: gains[name][0], default="english")
    shown = gains[rule] if rule != "english" else max(gains.values())
    return Switch(rule=rule, gain=round(shown[0], 2), se=round(shown[1], 2))
