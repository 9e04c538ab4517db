"""Functions of numbers: integers of 64 bits that never wrap around; floats can be compared, not computed with."""

from __future__ import annotations

import re
from typing import Any

from infra_lib.arm.functions.arguments import integer_argument, wrong_type
from infra_lib.arm.functions.registry import FunctionError
from infra_lib.arm.values import MAX_INTEGER, MIN_INTEGER, checked_integer, type_name

# Numbers may stand between these; what else counts as white space elsewhere does not here.
_BLANKS = "\t\n\v\f\r "
_integer = re.compile(r"[-+]?[0-9]+\Z")
_float = re.compile(r"[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?\Z")


def _operands(function: str, args: list[Any]) -> tuple[int, int]:
    return integer_argument(function, args, 0), integer_argument(function, args, 1)


def _add(args: list[Any]) -> int:
    left, right = _operands("add", args)
    return checked_integer(left + right)


def _sub(args: list[Any]) -> int:
    left, right = _operands("sub", args)
    return checked_integer(left - right)


def _mul(args: list[Any]) -> int:
    left, right = _operands("mul", args)
    return checked_integer(left * right)


def _div(args: list[Any]) -> int:
    left, right = _operands("div", args)
    if not right:
        raise FunctionError(f"div() cannot divide {left} by zero.", argument=1)
    quotient = abs(left) // abs(right)
    return checked_integer(quotient if (left < 0) is (right < 0) else -quotient)


def _mod(args: list[Any]) -> int:
    left, right = _operands("mod", args)
    if not right:
        raise FunctionError(f"mod() cannot divide {left} by zero.", argument=1)
    if left == MIN_INTEGER and right == -1:
        raise FunctionError(f"mod() cannot divide {left} by -1 in 64 bits.", argument=1)
    remainder = abs(left) % abs(right)
    return -remainder if left < 0 else remainder


def _int(args: list[Any]) -> int:
    value = args[0]
    if type(value) is int:
        return value
    if type(value) is not str:
        raise wrong_type("int", 0, value, "a string or an integer")
    text = value.strip(_BLANKS)
    if not _integer.match(text):
        raise FunctionError(f"int() takes digits with an optional sign, not {value!r}.", argument=0)
    digits = text.lstrip("+-").lstrip("0") or "0"
    number = int(digits) * (-1 if text[0] == "-" else 1) if len(digits) < 20 else MAX_INTEGER + 1
    if not MIN_INTEGER <= number <= MAX_INTEGER:
        raise FunctionError(
            f"int() reads 64-bit integers; {text if len(text) < 40 else text[:40] + '...'} does not fit.", argument=0
        )
    return number


def _to_float(args: list[Any]) -> float:
    value = args[0]
    if type(value) is int or type(value) is float:
        return float(value)
    if type(value) is not str:
        raise wrong_type("float", 0, value, "a string or a number")
    text = value.strip(_BLANKS)
    if not _float.match(text):
        raise FunctionError(f"float() takes a decimal number, not {value!r}.", argument=0)
    return float(text)


def _numbers(function: str, args: list[Any]) -> list[Any]:
    numbers = args[0] if len(args) == 1 and type(args[0]) is list else args
    if not numbers:
        raise FunctionError(f"{function}() takes at least one number; the array is empty.", argument=0)
    for index, number in enumerate(numbers):
        if type(number) is not int and type(number) is not float:
            if numbers is args:
                raise wrong_type(function, index, number, "an integer")
            raise FunctionError(
                f"{function}() takes an array of integers, but one item is of type {type_name(number)}.",
                "ArgumentType",
                argument=0,
            )
    return numbers


def _max(args: list[Any]) -> Any:
    return max(_numbers("max", args))


def _min(args: list[Any]) -> Any:
    return min(_numbers("min", args))


CALLS = {
    "add": _add,
    "div": _div,
    "float": _to_float,
    "int": _int,
    "max": _max,
    "min": _min,
    "mod": _mod,
    "mul": _mul,
    "sub": _sub,
}
