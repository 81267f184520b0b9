"""Hold a written sentence against the claims that it states: whether it says anything that none of them says."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from clara.languages import UNKNOWN, detect, is_written_in, script
from clara.stages.drugs import load_drugs, lost_names
from clara.stages.measures import in_digits, measures, numerals
from clara.stages.wordings import NEGATION, denials, sides
from clara.text import fold, numbers

_SURE = 0.9
_TOLD = 15  # characters from which a language can be told
# What English says in words and other languages in digits.
_WORDS = {
    "once": "1", "daily": "1", "each": "1", "every": "1", "per": "1", "a": "1", "an": "1", "single": "1", "first": "1",
    "twice": "2", "both": "2", "double": "2", "pair": "2", "couple": "2", "second": "2", "thrice": "3", "third": "3",
    "triple": "3", "fourth": "4", "dozen": "12", "half": "0.5", "quarter": "0.25", "fortnight": "14",
}  # fmt: skip
_WORD = re.compile(r"[a-z]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What a text says that code can hold another one to; made by `read`.

    units: each number that a unit follows, with its units. denies: whether it plainly denies something; may_deny:
    whether it might. sides: right and left, of those it names.
    """

    texts: tuple[str, ...]
    numbers: frozenset[str]
    units: Mapping[str, frozenset[str]]
    denies: bool
    may_deny: bool
    drugs: frozenset[str]
    sides: frozenset[str]


def read(*texts: tuple[str, str]) -> Said:
    """Read what (language, text) pairs say; the first is the statement, the others say it again or add to it."""
    found: set[str] = set()
    units: dict[str, set[str]] = defaultdict(set)
    may_deny = False
    for language, text in texts:
        found |= _values(numbers(text)) | set(numerals(text))
        plain = in_digits(text) if language == "en" else text
        if language == "en":
            found |= _values(numbers(plain)) | {_WORDS[word] for word in _WORD.findall(fold(text)) if word in _WORDS}
        for number, unit in measures(plain):
            units[_value(numbers(number)[0])].add(unit)
        # Of a language whose denials are not known nothing can be said.
        may_deny = may_deny or language not in NEGATION or denials(text, language)[1]
    language, statement = texts[0]
    return Said(
        texts=tuple(text for _, text in texts),
        numbers=frozenset(found),
        units={number: frozenset(names) for number, names in units.items()},
        denies=language in NEGATION and denials(statement, language)[0],
        may_deny=may_deny,
        drugs=frozenset(load_drugs().find(" \n ".join(text for _, text in texts))),
        sides=frozenset[str]().union(*((sides(text, language) or set()) - {"both"} for language, text in texts)),
    )


def problems(sentence: str, language: str, claims: Sequence[Said], asked: Said, *, stated: bool = True) -> list[str]:
    """Name what `sentence` says that neither the claims nor the question say, or what it turns round.

    sentence: without marks, in `language`. claims: those that it states, every one of them; with `stated` false, those
    that it may state.
    Names: number, unit, negation, drug, side.
    """
    said = read((language, sentence))
    found = []
    known = frozenset[str]().union(asked.numbers, *(claim.numbers for claim in claims))
    if _values(numbers(sentence)) - known:
        found.append("number")
    elif any(_other_unit(number, units, [asked, *claims]) for number, units in said.units.items()):
        found.append("unit")
    if language in NEGATION and claims:
        came = said.denies and not any(claim.may_deny for claim in claims)
        went = not said.may_deny and (any if stated else all)(claim.denies for claim in claims)
        if came or went:
            found.append("negation")
    texts = " \n ".join(text for one in (asked, *claims) for text in one.texts)
    known_drugs = frozenset[str]().union(asked.drugs, *(claim.drugs for claim in claims))
    if said.drugs - known_drugs or lost_names(sentence, texts):
        found.append("drug")
    named = frozenset[str]().union(asked.sides, *(claim.sides for claim in claims))
    if said.sides - named:
        found.append("side")
    return found


def _other_unit(number: str, units: frozenset[str], sources: Iterable[Said]) -> bool:
    """Whether the sources measure a number, and not in any of these units."""
    known = [source.units[number] for source in sources if number in source.units]
    return bool(known) and units.isdisjoint(frozenset[str]().union(*known))


def in_language(sentence: str, language: str, asked: str) -> bool:
    """Whether a sentence is in the language and script of the answer; in the question's script where it has no name."""
    if language == UNKNOWN:
        return script(sentence) in (script(asked), None)
    found = detect(sentence) if len(sentence) >= _TOLD else None
    told = found is not None and found.language not in (language, UNKNOWN) and found.confidence >= _SURE
    return not told and is_written_in(sentence, language)


def _values(found: Iterable[str]) -> set[str]:
    return {_value(number) for number in found}


def _value(number: str) -> str:
    """Return a number without the zeros that say nothing: 1.50 is 1.5."""
    return number.rstrip("0").rstrip(".") if re.fullmatch(r"\d+\.\d+", number) else number
