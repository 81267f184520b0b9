"""Fitting the reconciler to a run's drafts: the priors and thresholds by hand, and what is switched on or kept off."""

from __future__ import annotations

import json
import random
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from clara.config import ReconcileSettings, Settings, load_settings
from clara.errors import ConfigError, DatasetError
from clara.evaluation.calibrate import Labelled, calibrate, fit_constants, fit_priors, fit_threshold
from clara.profile import read_profile, write_profile
from clara.types import Draft

CONSTANTS = ReconcileSettings()


def draft(route: str, choice: str, **more: object) -> Draft:
    base: dict[str, object] = {"language": "hi" if route == "native" else "en", "group": "model:m", "model": "m"}
    return Draft(route=route, choice=choice, **(base | more))  # type: ignore[arg-type]


def labelled(identifier: str, *drafts: Draft, language: str = "hi") -> Labelled:
    return Labelled(id=identifier, language=language, answer="A", drafts=drafts, k_options=4)


def test_priors_are_shrunk_hit_rates_of_the_first_drafts() -> None:
    found = fit_priors(
        [
            labelled("1", draft("english", "A"), draft("native", "A", group="evidence"), draft("es", "B")),
            labelled("2", draft("english", "B"), draft("native", "B"), draft("evidence", "B", group="evidence")),
            labelled("3", draft("english", "A", language="hi"), draft("native", "A", error="no reply")),
        ],
        CONSTANTS,
    )
    assert found == {
        "prior_english": round((1 + 30 * 0.62) / 32, 4),
        "prior_other": round((1 + 30 * 0.52) / 32, 4),
        "prior_evidence": round((1 + 30 * 0.80) / 31, 4),
    }


def test_a_threshold_is_the_lowest_whose_exact_bound_is_within_the_risk() -> None:
    confidences = [number / 100 for number in range(100)]
    # Ten thresholds, so each at 1%. None wrong of n: the bound is 1 - 0.01 ** (1 / n), 0.142 for 30, 0.206 for 20.
    assert fit_threshold(confidences, [number >= 70 for number in range(100)], 0.15) == 0.7
    assert fit_threshold(confidences, [number >= 70 for number in range(100)], 0.14) == 1.0
    assert fit_threshold(confidences, [number >= 80 for number in range(100)], 0.21) == 0.8
    assert fit_threshold(confidences, [False] * 100, 0.99) == 1.0
    assert fit_threshold(confidences, [True] * 100, 0.05) == 0.0  # 0.045 of a hundred
    assert fit_threshold([], [], 0.5) == 1.0
    # One threshold only, since equal confidences are given together or not at all: 1 - 0.1 ** (1 / 10) = 0.206.
    assert fit_threshold([0.5] * 10, [True] * 10, 0.21) == 0.5


def test_thresholds_hold_their_risk_as_often_as_they_say() -> None:
    rng = np.random.default_rng(5)
    kept = answered = 0
    for _ in range(400):
        stated = rng.random(300)
        threshold = fit_threshold(stated.tolist(), (rng.random(300) < 0.4 + 0.6 * stated).tolist(), 0.25)
        # Right with probability 0.4 + 0.6 c, so of those from t on, 0.6 - 0.6 (1 + t) / 2 are wrong.
        kept += threshold == 1.0 or 0.6 - 0.3 * (1 + threshold) <= 0.25
        answered += threshold < 1.0
    assert kept >= 0.9 * 400 and answered > 0.9 * 400


def bench(evidence_right: float, *, questions: int = 200) -> list[Labelled]:
    """Return answers in which English and a native draft are right half of the time and differ from the evidence."""
    rng, found = random.Random(1), []
    for number in range(questions):
        said = "A" if rng.random() < evidence_right else "C"
        known = "B" if said == "A" else "A"
        for language in ("en", "hi"):
            readings = [draft(route, said, group="evidence", language=language) for route in ("native", "evidence")]
            drafts = (draft("english", known), *readings, draft("es", known, language="es"))
            drafts += (draft("zh-Hans", known, language="zh-Hans"),)
            found.append(labelled(str(number), *drafts, language=language))
    return found


def misled(wrong: int, *, questions: int = 100) -> list[Labelled]:
    """Return answers of which the English draft has four in five right, and the drafts in four other languages agree on
    something else in `wrong` of these; where it is wrong, they differ among themselves."""
    others = ("hi", "es", "zh-Hans", "fr")
    found = []
    for number in range(questions):
        right = number % 5 > 0
        said = "C" * 4 if right and number < 5 * wrong // 4 else "A" * 4 if right else "BCDA"
        drafts = [
            draft("native" if tag == "hi" else tag, option, language=tag)
            for tag, option in zip(others, said, strict=True)
        ]
        found.append(labelled(str(number), draft("english", "A" if right else "B"), *drafts))
    return found


def test_the_weight_of_other_languages_is_lowered_where_they_mislead() -> None:
    found = fit_constants(misled(25), CONSTANTS)
    # All four of them outweigh the English draft at half a vote each, 0.5 * 4 * 1.26 > 2.36, at a quarter they do not.
    assert found["same_model_weight"] == 0.25 and found["margin"] == 0.0
    worth = calibrate([*misled(25), *(replace(a, language="en") for a in misled(25))], ("en", "hi"), CONSTANTS)
    assert worth.cross_validated.lift_others.interval[0] > 10 and worth.fitted["same_model_weight"] == 0.25


def test_weight_and_margin_stay_where_the_gain_may_be_chance() -> None:
    assert set(fit_constants(misled(2), CONSTANTS)) == set(fit_priors(misled(2), CONSTANTS))
    assert set(fit_constants(misled(0), CONSTANTS)) == {"prior_english", "prior_other", "prior_evidence"}


def test_trust_in_evidence_follows_what_it_was_worth() -> None:
    trusted = calibrate(bench(0.9), ("en", "hi"), CONSTANTS)
    assert trusted.fitted["prior_evidence"] > 0.85 and not trusted.kept_off
    assert trusted.cross_validated.change_english.value > 50
    assert trusted.languages["hi"]["prior_evidence"] == trusted.fitted["prior_evidence"]


def test_nothing_is_switched_on_that_may_harm() -> None:
    flat = calibrate(bench(0.5), ("en", "hi"), ReconcileSettings(prior_evidence=0.9))
    assert set(flat.kept_off) <= {"en", "hi"} and all("may lose" in reason for reason in flat.kept_off.values())
    assert all(tag not in flat.languages for tag in flat.kept_off)


def test_each_language_gets_its_threshold_for_the_same_risk() -> None:
    found = calibrate(bench(0.9), ("en", "hi"), CONSTANTS, risk=0.3)
    assert set(found.languages) == {"en", "hi"}
    assert all(0 < constants["abstain_below"] <= 1 for constants in found.languages.values())


def test_too_few_questions_or_languages_are_said() -> None:
    with pytest.raises(DatasetError, match="too few"):
        calibrate(bench(0.9, questions=4), ("en", "hi"), CONSTANTS)
    with pytest.raises(DatasetError, match="English and another language"):
        calibrate(bench(0.9), ("hi",), CONSTANTS)


def test_a_profile_is_used_where_the_settings_say_nothing(tmp_path: Path) -> None:
    path = tmp_path / "profile.json"
    write_profile(path, {"hi": {"prior_evidence": 0.95, "margin": 0.2}}, {"model": "m"})
    assert read_profile(path) == {"hi": {"prior_evidence": 0.95, "margin": 0.2}}
    settings = load_settings({"profile": str(path), "reconcile": {"margin": 0.5}})
    assert settings.reconcile_for("hi") == ReconcileSettings(prior_evidence=0.95, margin=0.5)
    assert settings.reconcile_for("es") == ReconcileSettings(margin=0.5)
    assert Settings(reconcile=CONSTANTS).reconcile_for("hi") is CONSTANTS


@pytest.mark.parametrize(
    ("content", "said"),
    [(None, "cannot read"), ("[]", "is no profile"), ("x", "is no profile"),
     (json.dumps({"languages": {"en": {"margin": "much"}}}), "is no profile"),
     (json.dumps({"languages": {"en": {"prior_english": 2}}}), "prior_english cannot be 2")],
)  # fmt: skip
def test_a_wrong_profile_is_said_at_once(tmp_path: Path, content: str | None, said: str) -> None:
    path = tmp_path / "profile.json"
    if content is not None:
        path.write_text(content, encoding="utf-8")
    with pytest.raises(ConfigError, match=said):
        load_settings({"profile": str(path)})
