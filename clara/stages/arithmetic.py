"""Find in a text the calculations that it states, right or wrong.

A claim whose stated sum is wrong can be refuted without any evidence. So nothing is called wrong that may be right
in another reading: a range, a lens prescription, a per cent sign that is or is not a factor, a unit that changed.
"""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from clara.errors import InputError
from clara.stages.calculate import evaluate, plain_sum
from clara.text import numbers


@dataclass(frozen=True, slots=True, kw_only=True)
class Calculation:
    """A calculation that a text states.

    text: as it stands there, but for ASCII digits and signs; result: what it comes to; stated: what the text says.
    units: as they stand, one a number, "" where it has none; the last one is that of what is stated.
    right: whether the two agree within rounding.
    """

    text: str
    result: float
    stated: float
    units: tuple[str, ...]
    right: bool


_LETTERS = r"[^\W\d_](?:[^\W\d_]|[\u0900-\u0963])*"
_SIGN_WORDS = (
    (re.compile(rf"(?<=[^\W\d_]) (?:per|por|par|प्रति|bawat|kada) (?={_LETTERS})"), "/"),
    (re.compile(r"\b(?:multiplied by|multiplicado por|multiplié par)\b|乘以|गुणा"), "*"),
    (re.compile(r"√\s*(\d+(?:[.,]\d+)*)"), r"sqrt(\1)"),
    (re.compile(r"√(?=\()"), "sqrt"),
    (re.compile(r"\b(?:divided by|dividido (?:por|entre)|divisé par)\b|除以"), "/"),
)
_EQUALS = re.compile(r"(?<![<>!=≠≤≥])[=＝≈≃≅≒](?!=)")
_NO_UNIT = r"[xX](?![^\W\d_])|(?:to|a|à|ou|or|o|से|hanggang|and|y|e|et|at|और)(?![^\W\d_])|[至到和或]"
_NAMED = rf"(?:[\u0900-\u0963]+(?:\.[\u0900-\u0963]+)+\.?|{_LETTERS})(?:\^-?\d|[23](?!\d))?"
_UNIT = rf"(?!{_NO_UNIT})(?:%|°(?:{_LETTERS})?|[µμΔ∆]?{_NAMED}|Δ|∆)(?:/{_NAMED})*"
_TOKEN = re.compile(
    r"(?P<function>(?:sqrt|log10|ln|sind|cosd|tand)(?=\())"
    r"|(?P<number>(?<![A-Za-z_\d.,])(?:\d{1,3}(?:[ \u00a0\u202f]\d{3})+(?!\d)|\d+(?:[.,]\d+)*))"
    rf"(?:[ \u00a0]?(?P<unit>/?{_UNIT}))?"
    r"|(?P<operator>\*\*|[-+*/^–]|(?<![^\W\d_])[xX](?![^\W\d_]))|(?P<open>\()|(?P<close>\))"
    rf"|(?P<word>[A-Za-z]+\d[A-Za-z\d]*|{_LETTERS})|(?P<other>\S)"
)
# Sphere, cylinder and axis: "-3.00 -1.00 x 180" is a lens and no sum.
_LENS = re.compile(r"^\s*[-+]\s?\d+[.,]\d+[^=]*[-+]\s?\d+[.,]\d+[^\d=]{0,25}[x*X@]\s*\d{1,3}(?![.,\d])")
_RANGE = re.compile(r"^\s*(?:[-–~]|to|a|à|ou|or|o|至|到|से|hanggang|±)\s*\d|^\s*±")
_GROUPED = re.compile(r"[1-9]\d{0,2}[.,]\d{3}")
_CONVERSIONS = (*(10.0**k for k in range(1, 10)), 7.0, 12.0, 24.0, 30.0, 52.0, 60.0, 365.0, 1440.0, 3600.0)
# Optics and dosing leave the unit on the left out and then change its prefix: "f = 1/4 = 25 cm".
_PREFIXED = frozenset("mm cm m μm µm g mg kg μg µg mcg ml dl l mL dL L".split())
_PREFIXES = (100.0, 1000.0, 1e6)
# A visual acuity is a name, and "1/1000" a dilution, where a unit follows: "20/40 = 2 lines", "1/1000 = 1 mg/ml".
_NAME = re.compile(r"(?:20|6|5|4)\s?/\s?\d+(?:[.,]\d+)?|1\s?/\s?10+")
_OF_NAMES = frozenset({"", "%", "logmar", "x"})
_AS_SIGN = {"x": "*", "X": "*", "–": "-"}
_MOST_TRAILING_WORDS = 3


def check_arithmetic(text: str) -> list[Calculation]:
    """Return the calculations that `text` states and that can be judged, in order.

    A calculation is a sum, an equals sign (or ≈) and a number, as in "10 mg/kg x 12 kg = 120 mg"; numbers may be in
    any script and have decimal commas. Units are kept and not reckoned with.
    """
    plain = plain_sum(text)
    for pattern, sign in _SIGN_WORDS:
        plain = pattern.sub(sign, plain)
    marks = list(_EQUALS.finditer(plain))
    found = []
    for i, mark in enumerate(marks):
        start = marks[i - 1].end() if i else 0
        end = marks[i + 1].start() if i + 1 < len(marks) else len(plain)
        left, right = _before(plain[start : mark.start()]), _after(plain[mark.end() : end])
        if left is not None and right is not None:
            judged = _judge(left, right, exact=mark.group() in "=＝")
            if judged is not None:
                found.append(judged)
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sum:
    """One side of an equals sign: its tokens, and how it is written."""

    tokens: tuple[re.Match[str], ...]
    text: str

    @property
    def units(self) -> list[str]:
        return [(token.group("unit") or "").strip() for token in self.tokens if token.group("number")]

    @property
    def operators(self) -> list[str]:
        return [token.group() for token in self.tokens if token.group("operator")]

    def values(self) -> Iterator[tuple[float, float]]:
        """Yield the value in each reading, and what its last digit is worth, 0 for a sum.

        Points may group thousands or not, % may be a hundredth or a unit.
        """
        for grouped, hundredths in itertools.product((True, False), (True, False)):
            written = [self._written(token, grouped, hundredths) for token in self.tokens]
            try:
                value = evaluate("".join(written))
            except InputError:
                return
            (number, *others) = [
                text for text, token in zip(written, self.tokens, strict=True) if token.group("number")
            ]
            decimals = len(number.partition("/")[0].strip(" ()").partition(".")[2])
            yield value, 0.0 if others else 10.0 ** -(decimals + 2 * ("/" in number))

    def _written(self, token: re.Match[str], grouped: bool, hundredths: bool) -> str:
        number = token.group("number")
        if not number:
            return f" {_AS_SIGN.get(token.group(), token.group())} "
        plain = number.replace(",", ".") if not grouped and _GROUPED.fullmatch(number) else numbers(number)[0]
        plain = re.sub(r"^0+(?=\d)", "", plain)
        per_cent = hundredths and (token.group("unit") or "").strip() == "%"
        # Set apart, two numbers beside each other stay two, and no sum.
        return f" ({plain}/100) " if per_cent else f" {plain} "


def _before(text: str) -> _Sum | None:
    """Return the sum that `text` ends with, None where there is none, or only a part of one."""
    tokens = list(_TOKEN.finditer(text))
    trailing = 0
    while tokens and tokens[-1].group("word") and trailing < _MOST_TRAILING_WORDS:
        tokens.pop()
        trailing += 1
    start = len(tokens)
    while start and not tokens[start - 1].group("word") and not tokens[start - 1].group("other"):
        start -= 1
    part = _balanced(tokens[start:])
    if not part or _LENS.match(text[part[0].start() :]):
        return None
    if part[0].group("operator") and not _is_sign(text, part):
        return None  # what it goes on from is no number: "A - 2.5 L"
    made = _Sum(tokens=tuple(part), text=text[part[0].start() :].strip())
    signs = made.operators[1:] if part[0].group("operator") else made.operators
    if not signs and not any(token.group("function") for token in part):
        return None
    # 10-20 is a range where nothing else is reckoned.
    tight = all(sign in "-–" for sign in signs) and re.search(r"\d[^\W\d]*[-–]\d", made.text)
    return None if tight or (trailing and not part[-1].group("number")) else made


def _is_sign(text: str, part: Sequence[re.Match[str]]) -> bool:
    """Whether the first operator is the sign of the number after it."""
    first, before = part[0], text[: part[0].start()]
    attached = len(part) > 1 and part[1].start() == first.end() and not part[1].group("operator")
    said = re.search(r"(?:^\s*|[^\w\s)]\s*|[\u0900-\u9fff]\s*|[^\W\d_]{2,}\s+)$", before)
    return first.group() in "+-" and attached and said is not None and not re.search(r"\b[A-Z]+\d*\s*$", before)


def _after(text: str) -> _Sum | None:
    """Return the number or sum that `text` begins with, None where there is none, or a range."""
    part: list[re.Match[str]] = []
    depth = 0
    for token in _TOKEN.finditer(text):
        value = token.group("number") or token.group("open") or token.group("function")
        follows = bool(part) and bool(part[-1].group("number") or part[-1].group("close"))
        depth += bool(token.group("open")) - bool(token.group("close"))
        if token.group("word") or token.group("other") or (value and follows) or depth < 0:
            break
        part.append(token)
    while part and (part[-1].group("operator") or part[-1].group("open")):
        part.pop()
    part = _balanced(part)
    if not part or not any(token.group("number") for token in part) or _RANGE.match(text[part[-1].end() :]):
        return None
    made = _Sum(tokens=tuple(part), text=text[: part[-1].end()].strip())
    signs = made.operators[1:] if part[0].group("operator") else made.operators
    return None if any(sign in "-–" for sign in signs) else made


def _balanced(tokens: list[re.Match[str]]) -> list[re.Match[str]]:
    """Return the tokens without the parentheses at either end that have no partner among them."""
    start, opened = 0, []
    for i, token in enumerate(tokens):
        if token.group("open"):
            opened.append(i)
        elif token.group("close"):
            goes_on = i + 1 < len(tokens) and tokens[i + 1].group("number")
            if not opened or (len(opened) == 1 and goes_on):  # "1) 2 + 3", "(1) 2 + 3"
                start = i + 1
            opened = opened[:-1]
    return tokens[max(start, opened[-1] + 1 if opened else 0) :]


def _judge(left: _Sum, right: _Sum, *, exact: bool) -> Calculation | None:
    """Compare the two sides in every reading; None where they cannot be reckoned, or only a unit changed."""
    stated, results = list(right.values()), [value for value, _ in left.values()]
    unit = right.units[-1]
    if not stated or not results or (_NAME.fullmatch(left.text) and unit.casefold() not in _OF_NAMES):
        return None
    if unit.casefold() == "logmar":
        results += [-math.log10(value) for value in results if value > 0]
    readings = list(itertools.product(results, stated))
    agreed = next(((a, b) for a, (b, step) in readings if _agree(a, b, step, exact=exact)), None)
    if agreed is None and _converted(results[0], stated[0][0], unit, [other for other in left.units if other]):
        return None
    result, said = agreed or min(((a, b) for a, (b, _) in readings), key=lambda pair: abs(pair[0] - pair[1]))
    return Calculation(
        text=f"{left.text} = {right.text}",
        result=result,
        stated=said,
        units=(*left.units, *right.units),
        right=agreed is not None,
    )


def _converted(result: float, stated: float, unit: str, units: Sequence[str]) -> bool:
    """Whether the difference may be that of a unit: the stated one is not among `units`, and the factor fits."""
    if not unit or not stated or unit.partition("/")[0] in {other.partition("/")[0] for other in units}:
        return False
    factors = _CONVERSIONS if units else _PREFIXES if unit.partition("/")[0] in _PREFIXED else ()
    ratio = abs(result / stated)
    return any(math.isclose(ratio, k, rel_tol=0.02) or math.isclose(ratio * k, 1, rel_tol=0.02) for k in factors)


def _agree(result: float, stated: float, step: float, *, exact: bool) -> bool:
    """Whether a stated number is the result, rounded, cut off after its last decimal, or roughly where not `exact`."""
    if math.isclose(result, stated, rel_tol=1e-9, abs_tol=1e-9):
        return True
    if step == 0.0:
        return math.isclose(result, stated, rel_tol=0.01 if exact else 0.05)
    rounded = abs(result - stated) <= step / 2 * (1 + 1e-9)
    cut_off = step < 1 and result * stated >= 0 and 0 <= abs(result) - abs(stated) < step * (1 - 1e-9)
    return rounded or cut_off or (not exact and math.isclose(result, stated, rel_tol=0.05))
