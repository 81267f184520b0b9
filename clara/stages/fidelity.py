"""What a translation must keep, checked in code: numbers, units, negations, sides, drug names, the options' order.

The checks ask whether something is there, not how it is said. A false alarm costs accuracy, so each one is raised
only where a right translation could not read like this; what may be said either way raises none.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Sequence

from clara.languages import script, usual_script
from clara.stages.drugs import load_drugs, lost_names
from clara.stages.wordings import BOTH, NEGATION, NUMBER_WORDS, SIDES, UNIT, UNITS
from clara.text import ascii_digits, fold, numbers, strip_accents
from clara.types import Question

HARD = frozenset({"empty", "options", "numbers", "script", "order", "laterality", "drugs"})
"""Problems after which a translation must not be used; all others are mild."""

_WORDS_UP_TO = 12  # numbers that languages write as words or digits as they like
_SPOKEN_UP_TO = 100  # numbers that a translator may have put into digits
_MAY_BE_DROPPED = frozenset({"year", "degree"})  # "a man aged 25", "axis 90"
_LATIN_WORD = re.compile(r"[a-z][a-z-]{3,}")
_ABBREVIATION = re.compile(r"(?<![A-Za-z])[A-Z][A-Z0-9]{1,5}(?![A-Za-z])")


def check(question: Question, text: str, options: Sequence[str], target: str) -> list[str]:
    """Return the names of what failed, those in `HARD` first.

    text, options: the translation into `target`, options in the order of the question's.
    Hard are empty, options (another count), numbers, laterality (a side lost or swapped), drugs (one became
    another), order (options changed places) and script; mild are small numbers, units, negation and
    drug names (one is missing).
    """
    problems = []
    if not text.strip() or (question.options and not all(option.strip() for option in options)):
        problems.append("empty")
    if len(options) != len(question.options):
        problems.append("options")
    if script(text) not in (usual_script(target), None):
        problems.append("script")
    source = question.language
    pairs = [(question.text, text), *zip((o.text for o in question.options), options, strict=False)]
    # With a history the standalone question may bring in what earlier turns said, but lose nothing.
    grown = bool(question.history)
    found = {_numbers_differ(a, b, target, more_allowed=grown) for a, b in pairs}
    found |= {_drugs_differ(a, b) for a, b in pairs}
    if any(_sides_differ(a, b, source, target) for a, b in pairs):
        found.add("laterality")
    if "small numbers" in found and "numbers" in found:
        found.remove("small numbers")
    if any(_units_differ(a, b) for a, b in pairs):
        found.add("units")
    if any(_negation_differs(a, b, source, target, more_allowed=grown) for a, b in pairs):
        found.add("negation")
    if not found & {"numbers", "drugs"} and _places_changed([o.text for o in question.options], options):
        found.add("order")
    named = ("numbers", "laterality", "drugs", "order", "small numbers", "units", "negation", "drug names")
    return [*problems, *(name for name in named if name in found)]


def _numbers_differ(source: str, translated: str, target: str, *, more_allowed: bool) -> str:
    """Name the difference in numbers, "" if none: small ones that come or go may be words ("twice" for "2 times")."""
    before, after = Counter(map(_plain, numbers(source))), Counter(map(_plain, numbers(translated)))
    lost, gained = before - after, Counter() if more_allowed else after - before
    if target == "en" and lost:
        lost -= Counter(NUMBER_WORDS[word] for word in re.findall(r"[a-z]+", fold(translated)) if word in NUMBER_WORDS)
    if not lost and not gained:
        return ""
    limit = _WORDS_UP_TO if lost else _SPOKEN_UP_TO
    small = all(n.isdigit() and int(n) <= limit for n in (*lost, *gained))
    return "small numbers" if small and not (lost and gained) else "numbers"


def _plain(number: str) -> str:
    """Return a number without the zeros that say nothing: 1.50 is 1.5."""
    return number.rstrip("0").rstrip(".") if re.fullmatch(r"\d+\.\d+", number) else number


def _units_differ(source: str, translated: str) -> bool:
    """Whether a unit of measure is lost, or the same number has another one."""
    before, after = _units(source), _units(translated)
    lost = {u for units in before.values() for u in units} - {u for units in after.values() for u in units}
    changed = any(
        units and after[number] and not units & after[number] for number, units in before.items() if number in after
    )
    return changed or bool(lost - _MAY_BE_DROPPED)


def _units(text: str) -> dict[str, set[str]]:
    """Return each number of `text` that has a unit of measure, with its units."""
    found: dict[str, set[str]] = defaultdict(set)
    for match in UNIT.finditer(strip_accents(ascii_digits(text)).replace("\u00b5", "\u03bc")):
        word = match.group("unit")
        found[_plain(numbers(match.group("number"))[0])].add(UNITS[word if word in UNITS else word.casefold()])
    return found


def _negation_differs(source: str, translated: str, language: str, target: str, *, more_allowed: bool) -> bool:
    """Whether one text plainly denies something and the other holds nothing that could be a denial."""
    if language not in NEGATION or target not in NEGATION:
        return False
    (plain_a, soft_a), (plain_b, soft_b) = _denials(source, language), _denials(translated, target)
    return (plain_a and not soft_b) or (plain_b and not soft_a and not more_allowed)


def _denials(text: str, language: str) -> tuple[bool, bool]:
    """Return whether `text` denies something plainly, and whether it might at all."""
    plain, soft, neutral = NEGATION[language]
    text = neutral.sub(" ", fold(text))
    clear = bool(plain.search(text))
    return clear, clear or bool(soft.search(text))


def _sides_differ(source: str, translated: str, language: str, target: str) -> bool:
    """Whether a side, right, left or both, is lost or became another."""
    if language not in SIDES or target not in SIDES:
        return False
    before, after = _sides(source, language), _sides(translated, target)
    wanted = before - {"both"}
    if wanted - after:
        return not (wanted == {"right", "left"} and "both" in after)
    if before == {"both"} and "both" not in after:
        # "Both eyes" may become "the eyes", or each side by its name, but not one eye.
        return len(after) == 1 or (not after and not BOTH.search(fold(translated)) and target == "en")
    return False


def _sides(text: str, language: str) -> set[str]:
    """Return the sides that `text` names: words of `language`, English ones beside "eye", and OD, OS, OU as such."""
    folded, found = fold(text), set()
    for tag in {language, "en"}:
        for side, pattern in SIDES[tag].items():
            if pattern.search(folded if side != "abbreviations" else text):
                found.add(side)
    return found


def _drugs_differ(source: str, translated: str) -> str:
    """Name the difference in drugs, "" if none: one that became another is worse than one that is not named."""
    drugs = load_drugs()
    before, after = drugs.find(source), drugs.find(translated)
    if before - after and after - before:
        return "drugs"
    return "drug names" if before - after or lost_names(source, translated) else ""


def _places_changed(source: Sequence[str], translated: Sequence[str]) -> bool:
    """Whether a word, number or drug that marks one option marks another one in the translation."""
    if len(source) != len(translated):
        return False
    before, after = _marks(source), _marks(translated)
    moves = {(i, after[mark]) for mark, i in before.items() if mark in after}
    stay = {i for i, j in moves if i == j}
    return any(i not in stay and j not in stay for i, j in moves)


def _marks(options: Sequence[str]) -> dict[str, int]:
    """Return what only one of the options holds, with the option's place."""
    held: dict[str, set[int]] = defaultdict(set)
    for i, option in enumerate(options):
        words = _LATIN_WORD.findall(strip_accents(fold(option)))
        for mark in (*words, *_ABBREVIATION.findall(option), *map(_plain, numbers(option)), *load_drugs().find(option)):
            held[mark].add(i)
    return {mark: next(iter(places)) for mark, places in held.items() if len(places) == 1}
