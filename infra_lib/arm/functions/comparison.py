"""Comparison, and those logical functions that evaluate all their arguments."""

from __future__ import annotations

from typing import Any

from infra_lib.arm.functions.arguments import wrong_type
from infra_lib.arm.functions.registry import FunctionError
from infra_lib.arm.functions.strings import WHITE_SPACE
from infra_lib.arm.values import compare_text, equal, floats_equal

_NUMBERS = (int, float)
_BOOLEANS = {"true": True, "false": False}


def compare(function: str, args: list[Any]) -> int:
    """-1, 0 or 1 for two numbers or two strings (by UTF-16 units). ``function`` is named in the error for other kinds."""
    left, right = args
    kind = type(left)
    if kind is int and type(right) is int:
        return -1 if left < right else 1 if left > right else 0
    if kind in _NUMBERS:
        if type(right) not in _NUMBERS:
            raise wrong_type(function, 1, right, "a number like the first")
        return 0 if floats_equal(float(left), float(right)) else -1 if left < right else 1
    if kind is not str:
        raise wrong_type(function, 0, left, "a number or a string")
    if type(right) is not str:
        raise wrong_type(function, 1, right, "a string like the first")
    return compare_text(left, right)


def _equals(args: list[Any]) -> bool:
    return equal(args[0], args[1])


def _less(args: list[Any]) -> bool:
    return compare("less", args) < 0


def _less_or_equals(args: list[Any]) -> bool:
    return compare("lessOrEquals", args) <= 0


def _greater(args: list[Any]) -> bool:
    return compare("greater", args) > 0


def _greater_or_equals(args: list[Any]) -> bool:
    return compare("greaterOrEquals", args) >= 0


def _true(_: list[Any]) -> bool:
    return True


def _false(_: list[Any]) -> bool:
    return False


def _not(args: list[Any]) -> bool:
    if type(args[0]) is not bool:
        raise wrong_type("not", 0, args[0], "a Boolean")
    return not args[0]


def _bool(args: list[Any]) -> bool:
    value = args[0]
    if type(value) is bool or type(value) is int:
        return bool(value)
    if type(value) is not str:
        raise wrong_type("bool", 0, value, "a string, an integer or a Boolean")
    found = _BOOLEANS.get(value.strip(WHITE_SPACE).lower())
    if found is None:
        raise FunctionError(f"bool() takes 'true' and 'false' in any letter case, not {value!r}.", argument=0)
    return found


CALLS = {
    "bool": _bool,
    "equals": _equals,
    "false": _false,
    "greater": _greater,
    "greaterOrEquals": _greater_or_equals,
    "less": _less,
    "lessOrEquals": _less_or_equals,
    "not": _not,
    "true": _true,
}
