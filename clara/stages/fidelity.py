"""What a translation must keep, checked in code: numbers, units, negations, sides, drug names, the options' order.

The checks ask whether something is there, not how it is said. A false alarm costs accuracy, so each one is raised
only where a right translation would hardly read like this; what may be said either way raises none.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence

from clara.languages import script, usual_script
from clara.stages.drugs import load_drugs, lost_names, spelling
from clara.stages.measures import in_digits, measures, numerals
from clara.stages.wordings import NEGATION, denials, sides
from clara.text import fold, numbers, strip_accents
from clara.types import Question

HARD = frozenset({"empty", "options", "script", "numbers", "laterality", "drugs", "order"})
"""Problems after which a translation must not be used; all others are mild."""
_MILD = ("small numbers", "units", "negation", "drug names")

_WORDS_UP_TO = 12  # numbers that languages write as words or digits as they like
_SPOKEN_UP_TO = 100  # numbers that a translator may have put into digits
_MAY_BE_DROPPED = frozenset({"year", "degree"})  # "a man aged 25", "axis 90"
_SIGNED = re.compile(r"(?<![A-Za-z0-9.,)+-])([+-]) ?(\d+(?:[.,]\d+)*)")
_PLURAL = re.compile(r"\beyes\b|\bboth\b|\bvision\b|\bsight\b")
_BEGINNING = 5
_LATIN_WORD = re.compile(r"[a-z][a-z-]{3,}")
_ABBREVIATION = re.compile(r"(?<![A-Za-z])[A-Z][A-Z0-9]{1,5}(?![A-Za-z])")


def check(question: Question, text: str, options: Sequence[str], target: str) -> list[str]:
    """Return the names of what failed, the hard ones first.

    text, options: the translation into `target`, options in the order of the question's.
    Hard (`HARD`): empty, options (another count), script, numbers, laterality (a side lost or swapped), drugs (one
    became another), order (options changed places). Mild: small numbers, units, negation (one came or went),
    drug names (one is missing).
    """
    source = question.language
    pairs = [(question.text, text), *zip((o.text for o in question.options), options, strict=False)]
    # With a history the standalone question may bring in what earlier turns said, but lose nothing.
    grown = bool(question.history)
    found = {_numbers_differ(a, b, target, more_allowed=grown) for a, b in pairs}
    found |= {_drugs_differ(a, b) for a, b in pairs}
    if not text.strip() or (question.options and not all(option.strip() for option in options)):
        found.add("empty")
    if len(options) != len(question.options):
        found.add("options")
    if script(text) not in (usual_script(target), None):
        found.add("script")
    if any(_sides_differ(a, b, source, target) for a, b in pairs):
        found.add("laterality")
    if any(_units_differ(a, b, target) for a, b in pairs):
        found.add("units")
    if any(_negation_differs(a, b, source, target, more_allowed=grown) for a, b in pairs):
        found.add("negation")
    if not found & {"numbers", "drugs"} and _places_changed([o.text for o in question.options], options):
        found.add("order")
    if "numbers" in found:
        found.discard("small numbers")
    listed = ("empty", "options", "numbers", "laterality", "drugs", "order", "script", *_MILD)
    return [name for name in listed if name in found]


def _numbers_differ(source: str, translated: str, target: str, *, more_allowed: bool) -> str:
    """Name the difference in numbers, "" if none: small ones that come or go may be words ("twice" for "2 times")."""
    before, after = Counter(map(_plain, numbers(source))), Counter(map(_plain, numbers(translated)))
    spoken = numerals(translated) + Counter(numbers(in_digits(translated)) if target == "en" else ())
    lost = before - after - spoken
    gained = Counter[str]() if more_allowed else after - before - numerals(source)
    if not lost and not gained:
        return "numbers" if _clash(_signs(source), _signs(translated)) else ""
    limit = _WORDS_UP_TO if lost else _SPOKEN_UP_TO
    small = all(n.isdigit() and int(n) <= limit for n in (*lost, *gained))
    return "small numbers" if small and not (lost and gained) else "numbers"


def _signs(text: str) -> dict[str, set[str]]:
    """Return each number of `text` that has a sign, as lenses do, with its signs."""
    found: dict[str, set[str]] = defaultdict(set)
    for sign, number in _SIGNED.findall(fold(text)):
        found[_plain(numbers(number)[0])].add(sign)
    return found


def _clash(before: Mapping[str, set[str]], after: Mapping[str, set[str]]) -> bool:
    """Whether a number has none of what it had, but something else."""
    return any(had.isdisjoint(after[number]) for number, had in before.items() if number in after)


def _plain(number: str) -> str:
    """Return a number without the zeros that say nothing: 1.50 is 1.5."""
    return number.rstrip("0").rstrip(".") if re.fullmatch(r"\d+\.\d+", number) else number


def _units_differ(source: str, translated: str, target: str) -> bool:
    """Whether a unit of measure is lost, or the same number has another one."""
    translated = in_digits(translated) if target == "en" else translated
    before, after = _units(source), _units(translated)
    if _clash(before, after):
        return True
    kept = set(map(_plain, numbers(translated)))  # a number that is lost is a problem of its own
    lost = {unit for number, units in before.items() if number in kept for unit in units}
    lost -= set[str]().union(_MAY_BE_DROPPED, *after.values())
    folded = fold(translated)  # the unit may stand before its number: "days 1, 2 and 14"
    return any(not re.search(rf"\b{unit}", folded) for unit in lost)


def _units(text: str) -> dict[str, set[str]]:
    found: dict[str, set[str]] = defaultdict(set)
    for number, unit in measures(text):
        found[_plain(numbers(number)[0])].add(unit)
    return found


def _negation_differs(source: str, translated: str, language: str, target: str, *, more_allowed: bool) -> bool:
    """Whether one text plainly denies something and the other holds nothing that could be a denial."""
    if language not in NEGATION or target not in NEGATION:
        return False
    (plain_before, any_before), (plain_after, any_after) = denials(source, language), denials(translated, target)
    return (plain_before and not any_after) or (plain_after and not any_before and not more_allowed)


def _sides_differ(source: str, translated: str, language: str, target: str) -> bool:
    """Whether a side, right, left or both, is lost or became another."""
    before, after = sides(source, language, mixed=True), sides(translated, target)
    if before is None or after is None:
        return False
    wanted = before - {"both"}
    if wanted - after:
        return not (wanted == {"right", "left"} and "both" in after)
    if before != {"both"} or "both" in after:
        return False
    # "Both eyes" may become "the eyes", or each side by its name, but not one eye.
    return len(after) == 1 or (not after and target == "en" and not _PLURAL.search(fold(translated)))


def _drugs_differ(source: str, translated: str) -> str:
    """Name the difference in drugs, "" if none: one that became another is worse than one that is not named."""
    drugs = load_drugs()
    before, after = drugs.find(source), drugs.find(translated)
    if before - after and after - before:
        return "drugs"
    return "drug names" if before - after or lost_names(source, translated) else ""


def _places_changed(source: Sequence[str], translated: Sequence[str]) -> bool:
    """Whether what marks one option marks another one in the translation: a word, number or drug, or the beginnings
    of two words, since one may deceive: polyarthrite is no polyarteritis."""
    if len(source) != len(translated):
        return False
    same, alike = _moves(source, translated, _marks), _moves(source, translated, _beginnings)
    stay = {i for i, j in same | alike if i == j}
    crossed = [{(i, j) for i, j in moves if i not in stay and j not in stay} for moves in (same, same | alike)]
    return bool(crossed[0]) or len(crossed[1]) > 1


def _moves(source: Sequence[str], translated: Sequence[str], marks: Callable[[str], set[str]]) -> set[tuple[int, int]]:
    """Return (place, place in the translation) of what only one of the options holds in both."""
    places: list[dict[str, list[int]]] = []
    for options in (source, translated):
        held: dict[str, list[int]] = defaultdict(list)
        for i, option in enumerate(options):
            for mark in marks(option):
                held[mark].append(i)
        places.append(held)
    before, after = places
    return {
        (found[0], after[mark][0])
        for mark, found in before.items()
        if len(found) == 1 and mark in after and len(after[mark]) == 1
    }


def _marks(option: str) -> set[str]:
    words = _LATIN_WORD.findall(strip_accents(fold(option)))
    return {*words, *_ABBREVIATION.findall(option), *map(_plain, numbers(option)), *load_drugs().find(option)}


def _beginnings(option: str) -> set[str]:
    """Return how the words of `option` begin in a common spelling: keratitis is kératite and queratitis, too."""
    words = _LATIN_WORD.findall(strip_accents(fold(option)))
    return {spelling(word)[:_BEGINNING] for word in words if len(word) > _BEGINNING}
