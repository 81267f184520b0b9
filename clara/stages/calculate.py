"""A calculator: the value of a sum, written as people write it."""

from __future__ import annotations

import ast
import math
import re
from collections.abc import Callable, Sequence

from clara.errors import InputError
from clara.text import ascii_digits, clean

_MOST_CHARACTERS = 200
_MOST_DEPTH = 20
_MOST_POWER = 100
_MOST_VALUE = 1e15
_CONSTANTS = {"pi": math.pi}
_FUNCTIONS: dict[str, tuple[Callable[..., float], int, int]] = {  # with the least and most arguments
    "sqrt": (math.sqrt, 1, 1),
    "log10": (math.log10, 1, 1),
    "ln": (math.log, 1, 1),
    "abs": (abs, 1, 1),
    "round": (lambda x, digits=0.0: round(x, int(max(-15, min(15, digits)))), 1, 2),
    "min": (min, 1, 20),
    "max": (max, 1, 20),
    "sind": (lambda degrees: math.sin(math.radians(degrees)), 1, 1),
    "cosd": (lambda degrees: math.cos(math.radians(degrees)), 1, 1),
    "tand": (lambda degrees: math.tan(math.radians(degrees)), 1, 1),
}
_ADVICE = {"log": "log10 or ln", "sin": "sind, in degrees", "cos": "cosd, in degrees", "tan": "tand, in degrees"}
_OPERATORS: dict[type[ast.operator], Callable[[float, float], float]] = {
    ast.Add: lambda a, b: a + b,
    ast.Sub: lambda a, b: a - b,
    ast.Mult: lambda a, b: a * b,
    ast.Div: lambda a, b: a / b,
}
_SIGNS = str.maketrans({"×": "*", "·": "*", "⋅": "*", "∙": "*", "✕": "*", "÷": "/", "∕": "/", "⁄": "/", "−": "-"})
_RAISED = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-")
_READABLE = re.compile(r"[a-z0-9.,()+*/ -]+")
_GLUED = re.compile(r"(?<![a-z])\d+[a-z]")  # 1e5, 0x10 and 2pi are no decimal numbers
_SUPERSCRIPT = re.compile("⁻?[⁰¹²³⁴⁵⁶⁷⁸⁹]+")


def evaluate(expression: str) -> float:
    """Return the value of a sum over + - * / ^ (or **), parentheses, decimal numbers, pi and a few functions.

    Functions: sqrt, log10, ln, abs, round, min, max, and sind, cosd, tand of degrees. Digits of every script count,
    and × ÷ − ² as well; the decimal mark is a point. Raises InputError for anything else, a value that does not
    exist, and one beyond 1e15.
    """
    if len(expression) > _MOST_CHARACTERS:
        raise InputError(f"the calculation is longer than {_MOST_CHARACTERS} characters; split it")
    plain = plain_sum(expression).replace("^", "**").strip()
    if not _READABLE.fullmatch(plain) or _GLUED.search(plain):
        raise InputError("the calculation holds more than numbers, + - * / ^, parentheses and known functions")
    try:
        tree = ast.parse(plain, mode="eval")
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        raise InputError("the calculation cannot be read; write it like (2 + 3) * 4 / 0.25") from None
    try:
        value = float(_value(tree.body, 0))
    except ZeroDivisionError:
        raise InputError("the calculation divides by zero; check its numbers") from None
    except (ValueError, OverflowError, ArithmeticError):
        raise InputError("the calculation has no real value, or too large a one; check its numbers") from None
    return _bounded(value) + 0.0  # no minus zero


def _value(node: ast.expr, depth: int) -> float:
    if depth > _MOST_DEPTH:
        raise InputError(f"the calculation is nested more than {_MOST_DEPTH} deep; split it")
    if isinstance(node, ast.Constant) and isinstance(node.value, int | float):
        return _bounded(float(node.value))
    if isinstance(node, ast.Name):
        if node.id not in _CONSTANTS:
            raise _unknown(node.id)
        return _CONSTANTS[node.id]
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub | ast.UAdd):
        value = _value(node.operand, depth + 1)
        return -value if isinstance(node.op, ast.USub) else value
    if isinstance(node, ast.BinOp):
        left, right = _value(node.left, depth + 1), _value(node.right, depth + 1)
        return _bounded(_power(left, right) if isinstance(node.op, ast.Pow) else _operator(node.op)(left, right))
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and not node.keywords:
        return _call(node.func.id, [_value(argument, depth + 1) for argument in node.args])
    raise InputError("the calculation holds more than numbers, + - * / ^, parentheses and known functions")


def _operator(kind: ast.operator) -> Callable[[float, float], float]:
    if type(kind) not in _OPERATORS:
        raise InputError("the calculation holds an operator that is not known; use + - * / ^")
    return _OPERATORS[type(kind)]


def _power(base: float, exponent: float) -> float:
    if abs(exponent) > _MOST_POWER:
        raise InputError(f"the calculation has an exponent beyond {_MOST_POWER}; check it")
    value = base**exponent
    if isinstance(value, complex):
        raise ValueError("no real value")
    return float(value)


def _call(name: str, arguments: Sequence[float]) -> float:
    if name not in _FUNCTIONS:
        raise _unknown(name)
    function, least, most = _FUNCTIONS[name]
    if not least <= len(arguments) <= most:
        raise InputError(f"the function {name} takes {least} to {most} numbers; it was given {len(arguments)}")
    return _bounded(float(function(*arguments)))


def _bounded(value: float) -> float:
    if not math.isfinite(value) or abs(value) > _MOST_VALUE:
        raise InputError(f"the calculation goes beyond {_MOST_VALUE:g}; check its numbers")
    return value


def _unknown(name: str) -> InputError:
    known = ", ".join([*_FUNCTIONS, *_CONSTANTS])
    return InputError(f"the calculation names {name[:20]!r}, which is not known; use {_ADVICE.get(name, known)}")


def plain_sum(text: str) -> str:
    """Return `text` with ASCII digits and operators."""
    text = _SUPERSCRIPT.sub(lambda m: "^" + m.group().translate(_RAISED), clean(text))
    return ascii_digits(text).translate(_SIGNS)
