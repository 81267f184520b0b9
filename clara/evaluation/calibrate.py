"""Fitting the reconciler's constants to answers whose truth is known, for one model and one knowledge base.

What a draft is worth differs between models, languages and knowledge bases, and most of all what verified evidence is
worth: it depends on who wrote the documents. The answers' drafts are kept in their records, so other constants can be
tried on them without a model call; which drafts were made does not depend on these constants.
"""

from __future__ import annotations

import itertools
import math
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from clara.config import ReconcileSettings
from clara.errors import DatasetError
from clara.evaluation.extras import load_extra
from clara.evaluation.records import load_rows
from clara.evaluation.results import RECORDS, read_results
from clara.evaluation.statistics.comparison import RESAMPLES, Comparison, compare
from clara.evaluation.statistics.levels import ENGLISH
from clara.evaluation.statistics.resampling import Floats, Resampler
from clara.profile import Constants
from clara.stages.reconcile import EVIDENCE_GROUP, Decision, reconcile
from clara.types import Draft

FOLDS = 5
SHRINKAGE = 30
"""Answers that a default prior weighs."""
WEIGHTS = (0.25, 0.5, 1.0)
MARGINS = (0.0, 0.3)
"""What is tried of `same_model_weight` and of `margin`."""
GUARD = 1.64
"""Standard errors that a paired gain must exceed before a default is given up for it: one-sided at 5%."""
_GUARD_OF_PAIRS = 2.33  # the same for five pairs together (Bonferroni): of several, the best seems better by chance
MAY_FAIL = 0.1
"""Chance that a threshold lets more wrong answers through than its risk says."""
_LEVELS = 10  # shares of the answers of which a threshold is tried


@dataclass(frozen=True, slots=True, kw_only=True)
class Labelled:
    """One answer's drafts, and the option that is right. local, k_options: as `reconcile` takes them."""

    id: str
    language: str
    answer: str
    drafts: tuple[Draft, ...]
    k_options: int
    local: bool = False

    def decide(self, constants: ReconcileSettings) -> Decision:
        """Return what the reconciler makes of the drafts."""
        return reconcile(self.drafts, self.k_options, constants, local=self.local)

    def right(self, constants: ReconcileSettings) -> bool:
        """Whether the right option is given, and given at all."""
        decision = self.decide(constants)
        return decision.abstain is None and decision.choice == self.answer


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """What was fitted, and what it is worth on questions it was not fitted to.

    languages: language -> constants, for the languages in which they are switched on. kept_off: the others, with the
    reason. fitted: the constants that all languages share. cross_validated: calibrated against uncalibrated.
    """

    languages: Mapping[str, Constants]
    kept_off: Mapping[str, str]
    fitted: Constants
    cross_validated: Comparison


def calibrate(
    labelled: Sequence[Labelled],
    languages: Sequence[str],
    constants: ReconcileSettings,
    *,
    risk: float | None = None,
    seed: int = 0,
) -> Calibration:
    """Fit to all answers, and cross-validate over questions.

    risk: the share of given answers that may be wrong; then each language gets a threshold under which none is given,
    see `fit_threshold`. English is switched on only where the lower bound of the 95% interval of its change is not
    below 0, the other languages only where that of their mean lift is not.
    Raises DatasetError with fewer questions than folds, or without English and another language.
    """
    questions = list(dict.fromkeys(found.id for found in labelled))
    if len(questions) < FOLDS:
        raise DatasetError(f"{len(questions)} questions are too few to calibrate on; {FOLDS} folds need more")
    if ENGLISH not in languages or len(languages) < 2:
        raise DatasetError(f"calibrating needs English and another language; there are: {', '.join(languages)}")
    fitted = fit_constants(labelled, constants)
    before = _table(labelled, questions, languages, lambda _: constants)
    after = _cross_validated(labelled, questions, languages, constants, seed)
    worth = compare(
        before, after, languages, resampler=Resampler(len(questions), RESAMPLES, seed), seed=seed,
        epochs=max(Counter((found.id, found.language) for found in labelled).values()),
    )  # fmt: skip
    kept_off = {}
    if worth.change_english.interval[0] < 0:
        kept_off[ENGLISH] = f"English may lose {-worth.change_english.interval[0]:.1f} points"
    if worth.lift_others.interval[0] < 0:
        reason = f"the other languages may lose {-worth.lift_others.interval[0]:.1f} points"
        kept_off |= {tag: reason for tag in languages if tag != ENGLISH}
    return Calibration(
        languages=_by_language(labelled, languages, constants, fitted, kept_off, risk),
        kept_off=kept_off,
        fitted=fitted,
        cross_validated=worth,
    )


def read_labelled(folder: Path, method: str) -> tuple[list[Labelled], list[str], dict[str, Any]]:
    """Return a run's answers by one method, its languages, and what the run was. Raises DatasetError."""
    results = read_results(folder)
    languages = results["manifest"]["languages"]
    rows = [row for row in load_rows(folder / RECORDS, words=True) if row["method"] == method]
    labelled = [_labelled(row) for row in rows if row["status"] != "error" and row.get("options")]
    if not any(found.drafts for found in labelled):
        raise DatasetError(f"{folder}: no drafts of {method} to calibrate on; measure it with clara eval run")
    about = {name: results[name] for name in ("dataset", "dataset_version", "model", "questions")}
    return labelled, languages, {**about, "method": method}


def _labelled(row: Mapping[str, Any]) -> Labelled:
    drafts = tuple(
        Draft(
            route=said["route"], language=said["language"], group=said["group"], model=said["model"],
            choice=said["choice"], confidence=said["confidence"], sufficient=said["sufficient"], error=said["error"],
            translation_validity=said["translation_validity"], refuted=tuple(said["refuted"]),
        )
        for said in row["drafts"]
    )  # fmt: skip
    return Labelled(
        id=row["id"], language=row["language"], answer=row["answer"], drafts=drafts, k_options=row["options"],
        local=row["local"],
    )  # fmt: skip


def fit_priors(labelled: Iterable[Labelled], constants: ReconcileSettings) -> dict[str, float]:
    """Return p = (hits + 30 * default) / (n + 30) of the English draft, the native draft and the reading of evidence.

    Only drafts that are made of every question count: later ones are made of the hard ones alone.
    """
    hits: dict[str, list[bool]] = {"prior_english": [], "prior_other": [], "prior_evidence": []}
    for found in labelled:
        for draft in found.drafts:
            if draft.usable and draft.choice is not None and draft.route in ("native", "english"):
                kind = "prior_english" if draft.language == ENGLISH else "prior_other"
                hits["prior_evidence" if draft.group == EVIDENCE_GROUP else kind].append(draft.choice == found.answer)
    return {
        name: round((sum(said) + SHRINKAGE * getattr(constants, name)) / (len(said) + SHRINKAGE), 4)
        for name, said in hits.items()
    }


def fit_constants(labelled: Sequence[Labelled], constants: ReconcileSettings) -> dict[str, float]:
    """Return the priors, and with them the weight of same-model drafts and the margin that answer most rightly.

    These two leave what they are only for a gain that chance does not make, and are not returned otherwise: a draft's
    accuracy can be counted, while what they are worth shows only in the few answers that they turn.
    """
    priors = fit_priors(labelled, constants)
    questions, languages = (
        list(dict.fromkeys(said)) for said in zip(*((f.id, f.language) for f in labelled), strict=True)
    )

    def right(update: Mapping[str, float]) -> Floats:
        used = constants.model_copy(update=update)
        return np.asarray(np.nanmean(_table(labelled, questions, languages, lambda _: used), axis=1))

    kept, best, found = right(priors), 0.0, priors
    for weight, margin in itertools.product(WEIGHTS, MARGINS):
        tried = priors | {"same_model_weight": weight, "margin": margin}
        gain, error = paired_gain(right(tried) - kept)
        if gain > max(best, _GUARD_OF_PAIRS * error):
            best, found = gain, tried
    return found


def paired_gain(differences: Floats) -> tuple[float, float]:
    """Return the mean of paired differences and its standard error, infinite for fewer than two."""
    if differences.size < 2:
        return (float(differences.mean()), math.inf)
    return (float(differences.mean()), float(differences.std(ddof=1)) / math.sqrt(differences.size))


def fit_threshold(confidences: Sequence[float], right: Sequence[bool], risk: float) -> float:
    """Return the lowest confidence from which, with 90% probability, at most `risk` of the answers to come are wrong.

    Learn then test (Angelopoulos et al., arXiv 2110.01052): of the confidences that a tenth, two tenths, ... of the
    answers reach, the lowest at which the exact upper bound of the share of wrong answers (Clopper and Pearson 1934) is
    within the risk, at a level divided by their number (Bonferroni). The bound takes answers for independent: one a
    question. 1 where none of them is, which gives no answer at all.
    """
    if not confidences:
        return 1.0
    beta = load_extra("scipy.stats").beta
    stated, wrong = np.asarray(confidences, dtype=np.float64), ~np.asarray(right, dtype=bool)
    levels = np.unique(np.sort(stated)[stated.size * np.arange(_LEVELS) // _LEVELS])
    for level in levels:
        given = stated >= level
        n, missed = int(given.sum()), int(wrong[given].sum())
        bound = 1.0 if missed == n else float(beta.ppf(1 - MAY_FAIL / levels.size, missed + 1, n - missed))
        if bound <= risk:
            return float(level)
    return 1.0


def _by_language(
    labelled: Sequence[Labelled],
    languages: Sequence[str],
    constants: ReconcileSettings,
    fitted: Constants,
    kept_off: Mapping[str, str],
    risk: float | None,
) -> dict[str, Constants]:
    found: dict[str, Constants] = {}
    for tag in languages:
        mine = {} if tag in kept_off else dict(fitted)
        if risk is not None:
            used = constants.model_copy(update={**mine, "abstain_below": 0.0})
            first = {found.id: found for found in reversed(labelled) if found.language == tag}  # one a question
            decisions = [(answer.decide(used), answer.answer) for answer in first.values()]
            given = [(d.confidence, d.choice == right) for d, right in decisions if d.abstain is None]
            mine["abstain_below"] = fit_threshold([c for c, _ in given], [r for _, r in given], risk)
        if mine:
            found[tag] = mine
    return found


def _cross_validated(
    labelled: Sequence[Labelled],
    questions: Sequence[str],
    languages: Sequence[str],
    constants: ReconcileSettings,
    seed: int,
) -> Floats:
    """Return the table under constants fitted to the other four fifths of the questions."""
    order = np.random.default_rng(seed).permutation(len(questions))
    fold_of = {questions[place]: turn % FOLDS for turn, place in enumerate(order)}
    fitted = [
        constants.model_copy(update=fit_constants([f for f in labelled if fold_of[f.id] != fold], constants))
        for fold in range(FOLDS)
    ]
    return _table(labelled, questions, languages, lambda identifier: fitted[fold_of[identifier]])


def _table(
    labelled: Sequence[Labelled],
    questions: Sequence[str],
    languages: Sequence[str],
    constants_of: Callable[[str], ReconcileSettings],
) -> Floats:
    """Return per cent right, of shape (questions, languages), averaged over epochs; NaN where there is no answer."""
    rows = {identifier: row for row, identifier in enumerate(questions)}
    columns = {tag: column for column, tag in enumerate(languages)}
    right, counts = np.zeros((len(rows), len(columns))), np.zeros((len(rows), len(columns)))
    for found in labelled:
        cell = (rows[found.id], columns[found.language])
        right[cell] += 100 * found.right(constants_of(found.id))
        counts[cell] += 1
    return np.divide(right, counts, out=np.full_like(right, math.nan), where=counts > 0)
