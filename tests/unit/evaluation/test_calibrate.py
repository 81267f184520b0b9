"""Calibration finds what is there, leaves alone what is not, and is never told the answers that it is judged by."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

from clara.config import ReconcileSettings
from clara.errors import ConfigError, DatasetError
from clara.evaluation.calibrate import FOLDS
from clara.evaluation.replay import calibrate
from clara.evaluation.replay.calibrate import (
    Profile,
    Profiles,
    Switch,
    cross_validate,
    fit,
    read_profiles,
    write_profiles,
)
from clara.evaluation.replay.methods import Case, Policy, answer_reconciled
from clara.types import Option

LANGUAGES = ("en", "es", "fr", "hi", "zh-Hans")
SETTINGS = ReconcileSettings()
OPTIONS = tuple(
    Option(id=i, text=t) for i, t in zip("ABCD", ("cataract", "glaucoma", "uveitis", "dry eye"), strict=True)
)


def simulate(questions: int, chance: Mapping[str, float], seed: int, *, alike: float = 0.0) -> list[Case]:
    """Return questions that each language gets right with its chance; wrong answers are spread over three options.

    alike: the share of questions on which all languages say the same as English.
    """
    rng = np.random.default_rng(seed)
    cases = []
    for number in range(questions):
        gold = "ABCD"[number % 4]
        wrong = [letter for letter in "ABCD" if letter != gold]
        said = {tag: gold if rng.random() < chance[tag] else str(rng.choice(wrong)) for tag in LANGUAGES}
        if rng.random() < alike:
            said = dict.fromkeys(LANGUAGES, said["en"])
        cases.append(Case(id=str(number), epoch=0, answer=gold, options=OPTIONS, choices=said))
    return cases


def accuracy(cases: list[Case], answers: Mapping[tuple[str, int, str], object], tag: str) -> float:
    return float(np.mean([getattr(answers[c.id, 0, tag], "choice", None) == c.answer for c in cases]))


def test_priors_are_shrunk_shares_by_hand() -> None:
    cases = simulate(40, dict.fromkeys(LANGUAGES, 0.5), seed=0)
    profile = fit(cases, LANGUAGES, "m", SETTINGS)
    english = sum(c.choices["en"] == c.answer for c in cases)
    others = sum(c.choices[tag] == c.answer for c in cases for tag in LANGUAGES[1:])
    assert profile.reconcile["prior_english"] == pytest.approx((english + 30 * 0.62) / 70, abs=1e-4)
    assert profile.reconcile["prior_other"] == pytest.approx((others + 30 * 0.52) / 190, abs=1e-4)


def test_further_languages_are_asked_best_first() -> None:
    chance = {"en": 0.6, "es": 0.3, "fr": 0.9, "hi": 0.5, "zh-Hans": 0.7}
    assert fit(simulate(200, chance, seed=1), LANGUAGES, "m", SETTINGS).further == ("fr", "zh-Hans", "hi", "es")


def test_independent_languages_that_are_as_good_as_english_are_let_decide() -> None:
    chance = {"en": 0.55, "es": 0.6, "fr": 0.6, "hi": 0.55, "zh-Hans": 0.6}
    cases = simulate(160, chance, seed=2)
    profile = fit(cases, LANGUAGES, "m", SETTINGS)
    assert {profile.languages[tag].rule for tag in LANGUAGES[1:]} <= {"open", "native"}
    assert "open" in {switch.rule for switch in profile.languages.values()}
    answers = cross_validate(cases, LANGUAGES, "m", SETTINGS)
    for tag in LANGUAGES[1:]:
        assert accuracy(cases, answers, tag) > 0.6, tag


def test_a_language_that_is_much_better_than_english_anchors_itself() -> None:
    cases = simulate(150, {"en": 0.5, "es": 0.9, "fr": 0.5, "hi": 0.4, "zh-Hans": 0.4}, seed=3)
    profile = fit(cases, LANGUAGES, "m", SETTINGS)
    assert profile.languages["es"].rule == "native" and profile.languages["es"].gain > 30
    assert profile.languages["hi"].rule != "native"
    assert accuracy(cases, cross_validate(cases, LANGUAGES, "m", SETTINGS), "es") > 0.85


def test_where_english_is_best_every_switch_stays_off_and_constants_stay() -> None:
    chance = {"en": 0.7, "es": 0.4, "fr": 0.4, "hi": 0.3, "zh-Hans": 0.3}
    for seed in range(2):
        cases = simulate(164, chance, seed=seed, alike=0.5)
        profile = fit(cases, LANGUAGES, "m", SETTINGS)
        assert {switch.rule for switch in profile.languages.values()} == {"english"}
        assert (profile.reconcile["margin"], profile.reconcile["same_model_weight"]) == (0.0, 0.5)
        answers = cross_validate(cases, LANGUAGES, "m", SETTINGS)
        english = float(np.mean([c.choices["en"] == c.answer for c in cases]))
        assert all(accuracy(cases, answers, tag) == english for tag in LANGUAGES)


def test_noise_is_not_mistaken_for_a_gain() -> None:
    # Languages as good as English that err together with it half the time: there is little to gain and much noise.
    lost = []
    for seed in range(4):
        cases = simulate(100, dict.fromkeys(LANGUAGES, 0.5), seed=10 + seed, alike=0.6)
        answers = cross_validate(cases, LANGUAGES, "m", SETTINGS)
        english = float(np.mean([c.choices["en"] == c.answer for c in cases]))
        assert accuracy(cases, answers, "en") >= english - 0.03
        lost.append(english - float(np.mean([accuracy(cases, answers, tag) for tag in LANGUAGES[1:]])))
    assert float(np.mean(lost)) < 0.015


def test_english_is_left_only_where_the_bound_of_its_change_is_above_zero() -> None:
    differences = {"open": np.array([100.0] * 8 + [-100.0] * 2 + [0.0] * 90), "native": np.zeros(100)}
    gain, error = 6.0, float(differences["open"].std(ddof=1)) / 10
    assert 1.64 < gain / error < 1.96
    assert calibrate._switch("hi", differences, 1.64) == Switch(rule="open", gain=6.0, se=round(error, 2))
    assert calibrate._switch("en", differences, 1.64).rule == "english"
    assert calibrate._switch("hi", differences, 2.0).rule == "english"


def test_no_question_is_judged_by_constants_that_saw_it(monkeypatch: pytest.MonkeyPatch) -> None:
    cases = simulate(25, dict.fromkeys(LANGUAGES, 0.5), seed=4)
    cases += [Case(id=c.id, epoch=1, answer=c.answer, options=c.options, choices=c.choices) for c in cases]
    seen: list[set[str]] = []
    judged: dict[str, set[str]] = {}

    def spying_fit(training: list[Case], *_: object, **__: object) -> Profile:
        seen.append({c.id for c in training})
        return Profile(run="m", reconcile={}, further=(), languages={})

    def spying_answer(found: Case, language: str, run: str, policy: Policy) -> object:
        judged.setdefault(found.id, seen[-1])
        return answer_reconciled(found, language, run, policy)

    monkeypatch.setattr(calibrate, "fit", spying_fit)
    monkeypatch.setattr(calibrate, "answer_reconciled", spying_answer)
    answers = cross_validate(cases, LANGUAGES, "m", SETTINGS, seed=1)
    assert len(answers) == 25 * 2 * len(LANGUAGES) and len(seen) == FOLDS
    assert all(identifier not in training for identifier, training in judged.items())
    assert [len(training) for training in seen] == [20] * 5


def test_too_few_questions_are_refused() -> None:
    with pytest.raises(DatasetError, match="m: 4 questions are too few to calibrate on; 5 folds need more"):
        cross_validate(simulate(4, dict.fromkeys(LANGUAGES, 0.5), seed=5), LANGUAGES, "m", SETTINGS)


def profiles() -> Profiles:
    profile = Profile(
        run="m", reconcile={"prior_english": 0.6, "margin": 0.3}, further=("fr", "es"),
        languages={"es": Switch(rule="open", gain=3.5, se=1.2), "en": Switch(rule="english", gain=0.0, se=0.0)},
    )  # fmt: skip
    return Profiles(
        dataset="d", dataset_version="0" * 12, seed=3, folds=5, guard=1.64, runs={"m": profile},
        cross_validated={"m": {"verdict": "win"}},
    )  # fmt: skip


def test_profiles_are_kept_whole_and_make_a_policy() -> None:
    write_profiles(profiles(), Path("p.json"))
    assert read_profiles(Path("p.json")) == profiles()
    policy = profiles().runs["m"].policy(ReconcileSettings(rho=0.4))
    assert (policy.settings.margin, policy.settings.rho, policy.settings.abstain_below) == (0.3, 0.4, 0.0)
    assert policy.rules == {"es": "open", "en": "english"} and policy.further == ("fr", "es")


@pytest.mark.parametrize(
    "content",
    [
        "[]", "{}", "x", '{"runs": []}', '{"runs": {"m": {"reconcile": {"margin": -1}}}}',
        json.dumps({"runs": {"m": {"run": "m", "reconcile": {"nothing": 1}, "further": [], "languages": {}}}}),
    ],
)  # fmt: skip
def test_a_file_that_is_no_profile_is_named(content: str) -> None:
    Path("p.json").write_text(content, encoding="utf-8")
    with pytest.raises(DatasetError, match=r"^p\.json: not a profile; make one with: clara eval calibrate -o p\.json$"):
        read_profiles(Path("p.json"))


def test_a_profile_that_cannot_be_read_or_written_is_named() -> None:
    with pytest.raises(DatasetError, match=r"nowhere\.json: No such file"):
        read_profiles(Path("nowhere.json"))
    with pytest.raises(ConfigError, match=r"cannot write nowhere/p\.json: No such file"):
        write_profiles(profiles(), Path("nowhere/p.json"))
