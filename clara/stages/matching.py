"""Compare two claims in code: whether one confirms the other, and whether they cannot both be true."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from clara.languages import country_code
from clara.stages.measures import in_digits, measures
from clara.stages.wordings import NEGATION, denials
from clara.text import fold, numbers, terms
from clara.types import Claim, Polarity

_ALIKE = 0.75  # Jaccard similarity of content words, from which two statements are about the same
_BEGINNING = 6
_HOURS_A_DAY = 24.0
# Each unit in one of its kind, so that 0.5 g is 500 mg and a week is seven days.
_BASE = {
    "gram": ("mass", 1.0), "milligram": ("mass", 1e-3), "microgram": ("mass", 1e-6), "kilogram": ("mass", 1e3),
    "litre": ("volume", 1.0), "millilitre": ("volume", 1e-3),
    "minute": ("time", 1 / 60), "hour": ("time", 1.0), "day": ("time", 24.0), "week": ("time", 168.0),
    "month": ("time", 730.0), "year": ("time", 8760.0),
}  # fmt: skip
_AMOUNT = re.compile(r"(\d+(?:[.,]\d+)*) ?(?:-|to|or|and) ?(\d+(?:[.,]\d+)*) ?([^\W\d]+)")
_TIMES = re.compile(r"(\d+) ?(?:x|times)\b")
_EVERY = re.compile(r"\bevery (\d+(?:[.,]\d+)*) ?(?:-|to)? ?(\d+(?:[.,]\d+)*)? ?(?:hours?|hrs?|h)\b")
_ADVERBS = {"once": "1 times", "twice": "2 times", "thrice": "3 times"}
_ADVERB = re.compile(rf"(?<!at )\b(?:{'|'.join(_ADVERBS)})\b")
_FOR_ONE = re.compile(r"\bfor an? (?=(?:minute|hour|day|week|month|year)\b)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """What code can compare of a claim.

    polarity: None where neither the draft nor the words say. amounts: kind of quantity -> (least, most) of it, in one
    unit for each kind. words: the beginnings of its content words; condition: those of whom or what it holds for.
    """

    polarity: Polarity | None
    amounts: Mapping[str, tuple[float, float]]
    country: str | None
    words: frozenset[str]
    condition: frozenset[str]

    def confirms(self, other: Statement) -> bool:
        """Whether this, said of the same matter, is a second voice for all that `other` says: for its dose, too."""
        return (
            not self.contradicts(other)
            and self._same_case(other)
            and self.amounts.keys() >= other.amounts.keys()
            and (other.country is None or other.country == self.country)
        )

    def contradicts(self, other: Statement) -> bool:
        """Whether this, said of the same matter, cannot be true beside `other`: opposite polarity, or another dose."""
        if not self._same_case(other):
            return False
        opposite = {self.polarity, other.polarity} == {"affirmed", "denied"}
        return opposite or any(
            self.amounts[kind][1] < other.amounts[kind][0] or other.amounts[kind][1] < self.amounts[kind][0]
            for kind in self.amounts.keys() & other.amounts.keys()
        )

    def resembles(self, other: Statement) -> bool:
        """Whether the words alone show that both are about the same matter."""
        every = self.words | other.words
        return len(every) >= 3 and len(self.words & other.words) >= _ALIKE * len(every)

    def _same_case(self, other: Statement) -> bool:
        """Whether both may hold for the same people in the same country."""
        if None not in (self.country, other.country) and self.country != other.country:
            return False
        return not self.condition or not other.condition or bool(self.condition & other.condition)


def read_statement(claim: Claim, language: str) -> Statement:
    """Read a claim, whose text is in `language`."""
    return Statement(
        polarity=_polarity(claim, language),
        amounts=dict(_amounts(claim)),
        country=(country_code(claim.country) or fold(claim.country)) if claim.country else None,
        words=_beginnings(claim.text),
        condition=_beginnings(claim.condition),
    )


def text_language(claim: Claim, drafted_in: str) -> str:
    """Return the language of a claim's text: English where the draft put it into that beside its own words."""
    return "en" if claim.wording not in ("", claim.text) else drafted_in


def _polarity(claim: Claim, language: str) -> Polarity | None:
    """Return the draft's own word, unless the claim's words rule it out; None where it is open."""
    if language not in NEGATION:
        return claim.polarity
    plainly, perhaps = denials(claim.text, language)
    if not perhaps:
        return "affirmed"
    return claim.polarity or ("denied" if plainly else None)


def _amounts(claim: Claim) -> Iterator[tuple[str, tuple[float, float]]]:
    """Yield the quantities of the claim's dose; where it names none, those of its text that can be nothing else."""
    text = in_digits(fold(claim.dose or claim.text))
    text = _FOR_ONE.sub("for 1 ", _ADVERB.sub(lambda m: _ADVERBS[m.group()], text))
    found: dict[str, list[float]] = defaultdict(list)
    for least, most in _EVERY.findall(text):
        found["times a day"] += [_HOURS_A_DAY / _number(n) for n in (least, most) if n and _number(n)]
    text = _AMOUNT.sub(r"\1 \3 \2 \3", _EVERY.sub(" ", text))
    found["times a day"] += [_number(n) for n in _TIMES.findall(text)]
    for number, unit in measures(text):
        kind, size = _BASE.get(unit, (unit, 1.0))
        # Outside a dose, hours and days tell of the disease and percents of how often: only amounts are compared.
        if claim.dose or kind in ("mass", "volume", "drop", "unit"):
            found[kind].append(_number(number) * size)
    if not claim.dose and found.keys() <= {"times a day"}:
        return
    for kind, amounts in found.items():
        if amounts:
            yield kind, (round(min(amounts), 9), round(max(amounts), 9))


def _number(written: str) -> float:
    number = numbers(written)[0]
    return float(number) if number.count(".") <= 1 else 0.0


def _beginnings(text: str) -> frozenset[str]:
    return frozenset(term[:_BEGINNING] for term in terms(text) if len(term) > 3 and not term[0].isdecimal())
