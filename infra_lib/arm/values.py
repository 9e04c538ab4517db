"""The values of template expressions and the rules that functions share: kinds, text, equality, order, letter case, lengths.

A value is plain Python: str, int (64 bits, signed), float, bool, None, list, dict (in insertion order) or a :class:`LambdaValue`.
Resource Manager's engine holds them as .NET values: text is UTF-16 and compares ordinally, an integer never equals a float, and
members are found ignoring letter case.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final

from infra_lib.arm.functions.registry import FunctionError

Value = Any
"""Any value of an expression."""

MIN_INTEGER: Final = -(2**63)
MAX_INTEGER: Final = 2**63 - 1


class LambdaValue:
    """A lambda as an argument: how many variables it takes, and what computes its body from their values (given in order)."""

    __slots__ = ("call", "parameters")

    def __init__(self, parameters: int, call: Callable[..., Value]) -> None:
        self.parameters = parameters
        self.call = call


class _Missing:
    """The type of :data:`MISSING`."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "MISSING"


MISSING: Final = _Missing()
"""What look-ups give for a member that is not there (null is a value)."""

_TYPE_NAMES: dict[type, str] = {
    str: "String",
    bool: "Boolean",
    int: "Integer",
    float: "Float",
    list: "Array",
    dict: "Object",
    type(None): "Null",
    LambdaValue: "Lambda",
}


def type_name(value: Value) -> str:
    """The engine's name of a value's kind: String, Integer, Float, Boolean, Null, Array, Object or Lambda."""
    return _TYPE_NAMES.get(type(value), type(value).__name__)


def checked_integer(value: int) -> int:
    """Return ``value``, or raise FunctionError where it does not fit into 64 bits."""
    if MIN_INTEGER <= value <= MAX_INTEGER:
        return value
    raise FunctionError(f"The result {value} does not fit into a 64-bit integer.")


# Letter case ----------------------------------------------------------------------------------------------------------

# The service maps each character to one character, without some mappings from and to ASCII. Its tables are of Unicode 16, those
# of this interpreter may be older.
_UPPER: dict[int, str] = {
    0x0131: "\u0131", 0x017F: "\u017f", 0x019B: "\ua7dc", 0x0264: "\ua7cb", 0x1C8A: "\u1c89", 0xA7CD: "\ua7cc", 0xA7DB: "\ua7da",
    **{code: chr(code - 0x20) for code in range(0x10D70, 0x10D86)},
}  # fmt: skip
_LOWER: dict[int, str] = {ord(upper): chr(code) for code, upper in _UPPER.items() if ord(upper) != code}
_LOWER[0x0130] = "\u0130"


class _UpperTable(dict[int, str]):
    """A translation table to upper case, filled as characters are met."""

    def __missing__(self, code: int) -> str:
        character = chr(code)
        upper = _UPPER.get(code) or next((text for text in (character.upper(), character.title()) if len(text) == 1), character)
        self[code] = upper
        return upper


class _LowerTable(dict[int, str]):
    """A translation table to lower case, filled as characters are met."""

    def __missing__(self, code: int) -> str:
        character = chr(code)
        lower = _LOWER.get(code) or character.lower()
        self[code] = lower = lower if len(lower) == 1 else character
        return lower


_upper_table = _UpperTable()
_lower_table = _LowerTable()


def to_upper(text: str) -> str:
    """Upper case as the service's invariant culture has it: one character to one, so that ``ß`` stays."""
    return text.upper() if text.isascii() else text.translate(_upper_table)


def to_lower(text: str) -> str:
    """Lower case as the service's invariant culture has it: one character to one, ``Σ`` is ``σ`` everywhere, ``İ`` stays."""
    return text.lower() if text.isascii() else text.translate(_lower_table)


fold = to_upper
"""The form in which names and texts are compared ignoring letter case (ordinal)."""


def get_member(members: dict[str, Value], name: str) -> Value:
    """The member of this name: the one of the same spelling, else the first that differs in letter case alone, else MISSING."""
    found = members.get(name, MISSING)
    if found is MISSING and members:
        key = find_key(members, name)
        if key is not None:
            return members[key]
    return found


def find_key(members: dict[str, Value], name: str) -> str | None:
    """The spelling that ``name`` has as a key of ``members``, found ignoring letter case; None when it is not there."""
    if name in members:
        return name
    folded = fold(name)
    return next((key for key in members if fold(key) == folded), None)


# UTF-16 ---------------------------------------------------------------------------------------------------------------

_astral = re.compile("[\U00010000-\U0010ffff]")
_surrogate = re.compile("[\ud800-\udfff]")


def text_length(text: str) -> int:
    """The length of a text in UTF-16 units."""
    return len(text) if text.isascii() else len(text) + len(_astral.findall(text))


def text_slice(text: str, start: int, end: int) -> str:
    """The UTF-16 units of a text from ``start`` up to ``end`` (both within its length).

    Raises FunctionError where a character outside the basic plane would be cut in two, as the service does.
    """
    if text.isascii() or not _astral.search(text):
        return text[start:end]
    part = text.encode("utf-16-le", "surrogatepass")[2 * start : 2 * end].decode("utf-16-le", "surrogatepass")
    if _surrogate.search(part) and not _surrogate.search(text):
        raise FunctionError(f"The cut from {start} to {end} divides a character that takes two UTF-16 units.")
    return part


def ordinal_key(text: str) -> bytes:
    """A key that sorts texts by their UTF-16 units."""
    return text.encode("utf-16-be", "surrogatepass")


def compare_text(left: str, right: str) -> int:
    """-1, 0 or 1 as ``left`` comes before, with or after ``right``, by UTF-16 units."""
    if left == right:
        return 0
    if _astral.search(left) or _astral.search(right):
        return -1 if ordinal_key(left) < ordinal_key(right) else 1
    return -1 if left < right else 1


# Numbers --------------------------------------------------------------------------------------------------------------

_ROUND_TRIP_DIGITS = 17
_EPSILON = 2.220446049250313e-16


def float_text(number: float) -> str:
    """A float as .NET writes it, the shortest text that reads back: ``1``, ``1.5``, ``1E-07``, ``NaN``, ``-Infinity``."""
    if number != number:
        return "NaN"
    if number in (float("inf"), float("-inf")):
        return "Infinity" if number > 0 else "-Infinity"
    mantissa, _, exponent = f"{number!r}".partition("e")
    if not exponent and mantissa.endswith(".0"):
        mantissa = mantissa[:-2]
    sign = "-" if mantissa[0] == "-" else ""
    whole, _, fraction = mantissa.lstrip("-").partition(".")
    stripped = (whole + fraction).lstrip("0")
    digits = stripped.rstrip("0") or "0"
    # The position of the decimal point, counted from the first digit that is not zero.
    point = len(whole) + int(exponent or 0) - (len(whole + fraction) - len(stripped)) if stripped else 1
    if point > _ROUND_TRIP_DIGITS or point < -3:
        scientific = point - 1
        rest = f".{digits[1:]}" if len(digits) > 1 else ""
        return f"{sign}{digits[0]}{rest}E{'-' if scientific < 0 else '+'}{abs(scientific):02d}"
    if point <= 0:
        return f"{sign}0.{'0' * -point}{digits}"
    if len(digits) <= point:
        return sign + digits + "0" * (point - len(digits))
    return f"{sign}{digits[:point]}.{digits[point:]}"


def floats_equal(left: float, right: float) -> bool:
    """Whether two floats count as equal: within the rounding error of the larger, as the engine's JSON library compares them."""
    if left == right or (left != left and right != right):
        return True
    difference = left - right
    tolerance = (abs(left) + abs(right) + 10.0) * _EPSILON
    return -tolerance < difference < tolerance


# Equality and text ----------------------------------------------------------------------------------------------------


def equal(left: Value, right: Value) -> bool:
    """Whether two values are equal: of one kind, text ordinally, arrays item by item, objects in any order of keys."""
    kind = type(left)
    if kind is not type(right):
        return False
    if kind is str or kind is int or kind is bool:
        return bool(left == right)
    if kind is float:
        return floats_equal(left, right)
    if kind is list:
        return len(left) == len(right) and all(map(equal, left, right))
    if kind is dict:
        return len(left) == len(right) and all(key in right and equal(value, right[key]) for key, value in left.items())
    return left is right


def text_of(value: Value) -> str:
    """A value as interpolation and ``format()`` write it: null is empty, ``True``, floats as in .NET, JSON with single quotes."""
    kind = type(value)
    if kind is str:
        return value  # type: ignore[no-any-return]
    if kind is int:
        return str(value)
    if kind is bool:
        return "True" if value else "False"
    if value is None:
        return ""
    if kind is float:
        return float_text(value)
    from infra_lib.arm.functions.json_text import write_json

    return write_json(value).replace('"', "'")
