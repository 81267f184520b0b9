"""What the bench varies: how the model errs, and what the documents say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from clara.languages import SUPPORTED
from tests.world.mind import Behaviour
from tests.world.questions import World

LIMIT = "always A"
"""The scenario that is none: of such a model nothing can be made, and no method is held to a bar."""
SEED = 20


def _by_language(*values: float) -> Mapping[str, float]:
    """Return values for en, es, pt, fr, zh-Hans, hi, fil; a single one for all."""
    return dict(zip(SUPPORTED, values * (len(SUPPORTED) // len(values)), strict=True))


STRONG = _by_language(0.80, 0.78, 0.77, 0.77, 0.74, 0.66, 0.68)
WEAK = _by_language(0.56, 0.50, 0.49, 0.49, 0.42, 0.36, 0.37)
_USUAL = {"relevant": 0.4, "irrelevant": 0.2}


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """A model in a world. `evidence`: kind of document -> share of the questions; `local`: all are, or none."""

    name: str
    about: str
    behaviour: Behaviour
    evidence: Mapping[str, float] = field(default_factory=lambda: _USUAL)
    local: bool = False

    def world(self, questions: int, *, seed: int = SEED) -> World:
        """Return the world; scenarios with the same documents have the same one."""
        return World(questions, seed=seed, local=self.local, evidence=self.evidence)


def _model(**changes: object) -> Behaviour:
    settings: dict[str, object] = {"accuracy": STRONG, "local_accuracy": STRONG}
    return Behaviour(**(settings | changes))  # type: ignore[arg-type]


SCENARIOS = (
    Scenario(name="strong model", about="high accuracy, a gap of 6.7 points", behaviour=_model()),
    Scenario(
        name="weak model",
        about="low accuracy, a gap of 12.2 points",
        behaviour=_model(accuracy=WEAK, local_accuracy=WEAK),
    ),
    Scenario(
        name="local questions",
        about="answers depend on the country; better in the asker's language than in English",
        behaviour=_model(local_accuracy=_by_language(0.62, 0.72, 0.71, 0.71, 0.70, 0.68, 0.68)),
        local=True,
    ),
    Scenario(
        name="bad translator",
        about="three translations in ten lose what the question turns on",
        behaviour=_model(translation_loss=0.3),
    ),
    Scenario(
        name="irrelevant evidence",
        about="documents name the disease and its options, and answer nothing",
        behaviour=_model(misled_by_irrelevant=0.2),
        evidence={"irrelevant": 0.8},
    ),
    Scenario(
        name="poisoned evidence",
        about="half of the questions have a document that states a wrong answer",
        behaviour=_model(),
        evidence={"poisoned": 0.3, "disputed": 0.2, "relevant": 0.2},
    ),
    Scenario(name="letter bias", about="three answers in ten are A", behaviour=_model(letter_bias=0.3)),
    Scenario(
        name="drafts always agree",
        about="all languages and calls err alike",
        behaviour=_model(
            accuracy=_by_language(0.62), local_accuracy=_by_language(0.62), error_correlation=1.0,
            call_correlation=1.0, letter_bias=0.0, translation_loss=0.0,
        ),
    ),
    Scenario(
        name="drafts always split",
        about="low accuracy, independent errors, no favourite wrong answer",
        behaviour=_model(
            accuracy=_by_language(0.35), local_accuracy=_by_language(0.35), error_correlation=0.0,
            call_correlation=0.0, temptation=(0.34, 0.33, 0.33),
        ),
    ),
    Scenario(
        name=LIMIT,
        about="the model reads nothing and answers A; no document answers",
        behaviour=_model(letter_bias=1.0),
        evidence={"irrelevant": 0.8},
    ),
)  # fmt: skip
"""Every scenario, in the order of the page."""
