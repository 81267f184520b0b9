"""How recorded answers become a method's answer to one question in one language, without any model call."""

from __future__ import annotations

import hashlib
import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from clara.config import ReconcileSettings
from clara.errors import ConfigError
from clara.evaluation.datasets import DIRECT, Dataset, Recorded
from clara.evaluation.records import Given
from clara.evaluation.statistics.levels import ENGLISH
from clara.languages import canonical
from clara.stages.reconcile import reconcile
from clara.text import fold
from clara.types import Draft, Option

Rule = Literal["english", "native", "open"]
"""What may decide in a language: english, the English draft as long as there is one; native, the draft in the asker's
language; open, whichever the reconciler prefers with drafts in further languages where these two differ."""

VOTE, RECONCILE, CALIBRATED, PIVOT, PROFILE = "vote", "reconcile", "calibrated", "pivot:", "profile:"
FURTHER = 2  # drafts in further languages, where English and the asker's language differ


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One question in one epoch: its right answer, its options, and the recorded choice per language.

    A language is missing where nothing was recorded; None is an answer that names no option.
    """

    id: str
    epoch: int
    answer: str
    options: tuple[Option, ...]
    choices: Mapping[str, str | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """How drafts are reconciled: the constants, the further languages in the order they are asked, rules per language.

    A language without a rule has the rule `open`, English itself `english`: it has been asked in the best language.
    """

    settings: ReconcileSettings
    further: tuple[str, ...]
    rules: Mapping[str, Rule] = field(default_factory=dict)


Method = Callable[[Case, str], Given]
"""Answers a case in a language."""

_MISSING = Given(status="error", choice=None, calls=0)


def make_cases(dataset: Dataset, answers: Sequence[Recorded]) -> list[Case]:
    """Return the cases of one recorded method, a question's epochs side by side, in the dataset's order."""
    said: dict[tuple[str, int], dict[str, str | None]] = {}
    for answer in answers:
        said.setdefault((answer.id, answer.epoch), {})[answer.language] = answer.choice
    epochs = sorted({epoch for _, epoch in said})
    cases = []
    for identifier, (gold, options) in answers_and_options(dataset).items():
        for epoch in epochs:
            choices = said.get((identifier, epoch), {})
            cases.append(Case(id=identifier, epoch=epoch, answer=gold, options=options, choices=choices))
    return cases


def answers_and_options(dataset: Dataset) -> dict[str, tuple[str, tuple[Option, ...]]]:
    """Return id -> answer and options, the English ones where there are any."""
    found: dict[str, tuple[str, tuple[Option, ...]]] = {}
    for item in dataset.items:
        if item.id not in found or item.language == ENGLISH:
            found[item.id] = (item.answer, item.options)
    return found


def build_method(name: str, languages: Sequence[str], run: str, policy: Policy) -> Method:
    """Return the method `direct`, `pivot:LANG`, `vote` or `reconcile` over a run's drafts in these languages.

    Raises ConfigError for any other name.
    """
    if name == DIRECT:
        return answer_directly
    if name == VOTE:
        return lambda case, language: vote(case, language, languages)
    if name == RECONCILE:
        return lambda case, language: answer_reconciled(case, language, run, policy)
    if name.startswith(PIVOT):
        pivot = canonical(name.removeprefix(PIVOT))
        if pivot not in languages:
            raise ConfigError(f"{name}: the record holds nothing in {pivot}; it holds {', '.join(languages)}")
        return lambda case, _: answer_directly(case, pivot)
    raise ConfigError(f"no method {name[:40]!r}; there are: {DIRECT}, {PIVOT}LANG, {VOTE}, {RECONCILE}, {CALIBRATED}, "
                      f"{PROFILE}FILE, and those that a record of your own names")  # fmt: skip


def answer_directly(case: Case, language: str) -> Given:
    """Return the recorded answer as it stands."""
    if language not in case.choices:
        return _MISSING
    return _given(case.choices[language], 1)


def vote(case: Case, language: str, languages: Sequence[str]) -> Given:
    """Return the majority of all recorded languages; ties go to English, then to the asker's language, then to a
    hash of the option's text, which favours no letter."""
    if any(tag not in case.choices for tag in languages):
        return _MISSING
    votes = Counter(choice for tag in languages if (choice := case.choices[tag]) is not None)
    texts = {option.id: option.text for option in case.options}
    english, own = case.choices.get(ENGLISH), case.choices.get(language)

    def order(choice: str) -> tuple[int, bool, bool, str]:
        digest = hashlib.sha256(fold(texts.get(choice, choice)).encode()).hexdigest()
        return (votes[choice], choice == english, choice == own, digest)

    return _given(max(votes, key=order, default=None), len(languages))


def answer_reconciled(case: Case, language: str, run: str, policy: Policy) -> Given:
    """Return what CLARA's reconciler decides over recorded drafts: English, native, and two more where they differ."""
    rule: Rule = policy.rules.get(language, "english" if language == ENGLISH else "open")
    wanted = [ENGLISH] if language == ENGLISH else [ENGLISH, language]
    if any(tag not in case.choices for tag in wanted):
        return _MISSING
    differ = len({case.choices[tag] for tag in wanted}) > 1
    if rule == "open" and (differ or language == ENGLISH):
        more = [tag for tag in policy.further if tag not in wanted and tag in case.choices]
        wanted += more[:FURTHER]
    drafts = [_draft(case, tag, language, run) for tag in wanted]
    settings = policy.settings.model_copy(update={"margin": math.inf}) if rule == "english" else policy.settings
    decision = reconcile(drafts, len(case.options), settings, local=rule == "native")
    if decision.abstain is not None or decision.choice is None:
        return Given(status="abstained", choice=None, calls=len(drafts))
    return _given(decision.choice, len(drafts))


def _draft(case: Case, tag: str, asked_in: str, run: str) -> Draft:
    route = "english" if tag == ENGLISH else "native" if tag == asked_in else tag
    choice = case.choices[tag]
    return Draft(
        route=route, language=tag, group=f"model:{run}", model=run, choice=choice,
        error=None if choice is not None else "the recorded answer names no option",
    )  # fmt: skip


def _given(choice: str | None, calls: int) -> Given:
    return Given(status="ok" if choice is not None else "unparsed", choice=choice, calls=calls)


def further_languages(languages: Sequence[str], preferred: Sequence[str]) -> tuple[str, ...]:
    """Return the languages besides English, the preferred ones first."""
    return tuple(dict.fromkeys(tag for tag in (*preferred, *languages) if tag in languages and tag != ENGLISH))
