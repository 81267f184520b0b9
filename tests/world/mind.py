"""How a simulated model comes to an answer: what it knows, what it reads, and where it errs."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import blake2b
from itertools import accumulate
from statistics import NormalDist

from tests.world.questions import Reading

Quote = tuple[int, str]
"""The number of a passage as a prompt shows it, and a line of it."""

_NORMAL = NormalDist()
_TRANSLATION_CORRELATION = 0.5  # of two attempts at one question in one language
_SPREAD = 0.1  # of the stated confidence


@dataclass(frozen=True, slots=True, kw_only=True)
class Behaviour:
    """How a model errs. Every number is a probability or a correlation, unless said otherwise.

    accuracy: by language, of an answer from knowledge alone; local_accuracy: the same for local questions.
    error_correlation: of the latent errors of two languages on one question (a Gaussian copula).
    call_correlation: of two calls in one language that show the options in different orders.
    temptation: shares of the wrong answers that go to the most, the second and the least tempting option.
    letter_bias: of answering the option shown at A, whatever it is.
    translation_loss: that a translation loses what the question turns on.
    visible_loss: the share of these that changes a number or drops an option, where code can see it; the others
        name another disease or drug.
    finds_loss: of seeing that a translation lost something, when asked to compare it with the original.
    reads_evidence: of taking the right answer from a passage that states it.
    misled_by_poison: of taking a wrong answer from a passage that states it.
    misled_by_irrelevant: of taking a wrong answer from passages that state none.
    honesty: of calling passages insufficient that do not state the answer given.
    confidence: the mean one stated; calibration: its correlation with being right.
    locality_recall: of calling a local question local when translating it.
    """

    accuracy: Mapping[str, float]
    local_accuracy: Mapping[str, float]
    error_correlation: float = 0.75
    call_correlation: float = 0.9
    temptation: tuple[float, float, float] = (0.55, 0.3, 0.15)
    letter_bias: float = 0.04
    translation_loss: float = 0.04
    visible_loss: float = 0.3
    finds_loss: float = 0.6
    reads_evidence: float = 0.9
    misled_by_poison: float = 0.6
    misled_by_irrelevant: float = 0.1
    honesty: float = 0.9
    confidence: float = 0.8
    calibration: float = 0.4
    locality_recall: float = 0.9


@dataclass(frozen=True, slots=True, kw_only=True)
class Opinion:
    """An option and what is said of it: confidence in [0, 1], and whether the passages settle it, with a quote."""

    option: str
    confidence: float
    sufficient: bool = False
    quote: Quote | None = None


class Mind:
    """Decides as a `Behaviour` says. Every draw is a hash of the seed and of what the prompt shows: the question, its
    language and the order of the options; so equal prompts get equal opinions, in whatever order they come."""

    def __init__(self, behaviour: Behaviour, seed: int) -> None:
        self._behaviour, self._seed = behaviour, seed

    def answer(self, reading: Reading, order: Sequence[str]) -> Opinion:
        """Answer from knowledge alone. order: the options as they are shown."""
        item, behaviour = reading.item, self._behaviour
        if self._follows_habit(reading, order):
            return self._state(reading, order, order[0])
        if reading.lost:  # another question: some option, whatever the order, and never what was asked for on purpose
            return self._state(reading, order, sorted(order)[int(self._draw("other", item.name) * len(order))])
        known = self._latent("knowledge", reading, order, _NORMAL.inv_cdf(item.difficulty)) < self._level(reading)
        tempted = self._latent("temptation", reading, order, _NORMAL.inv_cdf(self._draw("temptation", item.name)))
        bounds = list(accumulate(behaviour.temptation))
        wrong = item.wrong[next((i for i, bound in enumerate(bounds) if tempted < bound), -1)]
        wanted = (item.answer, wrong) if known else (wrong, *item.wrong)
        return self._state(reading, order, next((option for option in wanted if option in order), order[0]))

    def read(
        self, reading: Reading, order: Sequence[str], said: Mapping[str, Quote], passages: Mapping[int, str]
    ) -> Opinion:
        """Answer from passages. said: the options that the passages state, each with the line that does."""
        item, behaviour = reading.item, self._behaviour
        own = self.answer(reading, order)
        if not self._follows_habit(reading, order):
            key = (item.name, reading.language, *order)
            poison = next((option for option in said if option != item.answer), None)
            if poison and self._draw("poison", *key) < behaviour.misled_by_poison:
                own = self._state(reading, order, poison)
            elif item.answer in said and self._draw("reading", *key) < behaviour.reads_evidence:
                own = self._state(reading, order, item.answer)
            elif passages and not said and self._draw("irrelevant", *key) < behaviour.misled_by_irrelevant:
                own = self._state(reading, order, next(option for option in item.wrong if option in order))
        if own.option in said:
            return replace(own, sufficient=True, quote=said[own.option])
        if not passages or self._draw("honesty", item.name, reading.language, *order) < behaviour.honesty:
            return own
        number, text = next(iter(passages.items()))
        return replace(own, sufficient=True, quote=(number, text.splitlines()[0].removeprefix("- ")))

    def loses(self, reading: Reading, attempt: int) -> str:
        """Say what a translation loses: "", or "name", "number" or "option"."""
        key = (reading.item.name, reading.language)
        hard, luck = self._normal("translation", *key), self._normal("translation", *key, str(attempt))
        share = _TRANSLATION_CORRELATION
        if _NORMAL.cdf(math.sqrt(share) * hard + math.sqrt(1 - share) * luck) >= self._behaviour.translation_loss:
            return ""
        draw, visible = self._draw("loss", *key, str(attempt)), self._behaviour.visible_loss
        return "name" if draw >= visible else "number" if draw >= visible / 2 else "option"

    def judges_faithful(self, original: Reading, translated: Reading) -> bool:
        """Whether a comparison of question and translation passes the translation."""
        draw = self._draw("faithful", original.item.name, original.language)
        return not translated.lost or draw >= self._behaviour.finds_loss

    def finds_faithful(self, original: Reading, translated: Reading, order: Sequence[str]) -> bool:
        """Whether a draft that compares a translation with the original goes by the translation."""
        draw = self._draw("compared", original.item.name, original.language, translated.language, *order)
        return not translated.lost or draw >= self._behaviour.finds_loss

    def judge(self, reading: Reading, passages: Mapping[int, str], settled: bool) -> tuple[list[int], bool]:
        """Return the numbers of the passages found to bear on a question, and whether they are found to settle it.

        settled: whether they do.
        """
        item, behaviour = reading.item, self._behaviour
        name = item.other if reading.lost else item.name
        key = (name, reading.language, *passages.values())
        about = [number for number, text in passages.items() if name in text]
        if not about and self._draw("irrelevant", *key) < behaviour.misled_by_irrelevant:
            about = list(passages)
        seen = self._draw("sufficient", *key) < (behaviour.reads_evidence if settled else behaviour.honesty)
        return about, bool(about) and (settled if seen else not settled)

    def calls_local(self, reading: Reading) -> bool:
        """Whether a translation says that the answer depends on the country."""
        draw = self._draw("locality", reading.item.name, reading.language)
        return reading.item.local and draw < self._behaviour.locality_recall

    def _follows_habit(self, reading: Reading, order: Sequence[str]) -> bool:
        return self._draw("habit", reading.item.name, reading.language, *order) < self._behaviour.letter_bias

    def _level(self, reading: Reading) -> float:
        behaviour = self._behaviour
        return (behaviour.local_accuracy if reading.item.local else behaviour.accuracy)[reading.language]

    def _state(self, reading: Reading, order: Sequence[str], option: str) -> Opinion:
        """Return an opinion whose confidence correlates with being right as `calibration` says."""
        behaviour, level = self._behaviour, self._level(reading)
        right = 0.0 if reading.lost else ((option == reading.item.answer) - level) / math.sqrt(level * (1 - level))
        chance = self._normal("confidence", reading.item.name, reading.language, *order)
        mixed = behaviour.calibration * right + math.sqrt(1 - behaviour.calibration**2) * chance
        return Opinion(option=option, confidence=min(0.99, max(0.05, behaviour.confidence + _SPREAD * mixed)))

    def _latent(self, about: str, reading: Reading, order: Sequence[str], shared: float) -> float:
        """Return a uniform draw that correlates between the languages and the calls of one question.

        shared: the question's own part, a standard normal.
        """
        between, within = self._behaviour.error_correlation, self._behaviour.call_correlation
        key = (reading.item.name, reading.language)
        return _NORMAL.cdf(
            math.sqrt(between) * shared
            + math.sqrt(within - between) * self._normal(about, *key)
            + math.sqrt(1 - within) * self._normal(about, *key, *order)
        )

    def _normal(self, *key: str) -> float:
        return _NORMAL.inv_cdf(self._draw(*key))

    def _draw(self, *key: str) -> float:
        """Return a number in (0, 1) that is as good as random, and the same for the same key."""
        digest = blake2b("\n".join((str(self._seed), *key)).encode(), digest_size=6).digest()
        return (int.from_bytes(digest, "big") + 0.5) / 2**48
