"""Calls of template functions by name, and the strict comparison of what they give."""

from __future__ import annotations

from typing import Any

import pytest

from infra_lib.arm.functions.registry import FUNCTIONS, FunctionError

Case = tuple[str, list[Any], Any]
"""A function's name, its arguments, and the value (or, in a table of refusals, the code of the failure)."""


def call(name: str, *arguments: Any) -> Any:
    function = FUNCTIONS[name.lower()]
    function.check_count(len(arguments))
    return function.call(list(arguments))


def identical(left: Any, right: Any) -> bool:
    """Equal, of the same types all through, and with the same order of keys."""
    if type(left) is not type(right):
        return False
    if isinstance(left, dict):
        return list(left) == list(right) and all(identical(left[key], right[key]) for key in left)
    if isinstance(left, list):
        return len(left) == len(right) and all(map(identical, left, right))
    return left == right or (left != left and right != right)


def check(case: Case) -> None:
    name, arguments, expected = case
    value = call(name, *arguments)
    assert identical(value, expected), f"{name}{tuple(arguments)!r} is {value!r}, not {expected!r}"


def check_refusal(case: Case) -> None:
    name, arguments, code = case
    with pytest.raises(FunctionError) as raised:
        call(name, *arguments)
    assert raised.value.code == code
    assert raised.value.message
