"""What families of functions share: words for wrong arguments, and checks of single ones."""

from __future__ import annotations

from typing import Any

from infra_lib.arm.functions.registry import FunctionError
from infra_lib.arm.values import type_name

_ORDINALS = ("first", "second", "third", "fourth", "fifth")


def wrong_type(function: str, index: int, value: Any, expected: str) -> FunctionError:
    """The error for an argument (``index`` from 0) of a kind that the function does not take; ``expected`` has its article."""
    position = _ORDINALS[index] if index < len(_ORDINALS) else f"{index + 1}th"
    message = f"{function}() takes {expected} as its {position} argument, but the value is of type {type_name(value)}."
    return FunctionError(message, "ArgumentType", argument=index)


def text_argument(function: str, args: list[Any], index: int) -> str:
    """The argument at ``index``, which must be a string."""
    value = args[index]
    if type(value) is not str:
        raise wrong_type(function, index, value, "a string")
    return value


def integer_argument(function: str, args: list[Any], index: int) -> int:
    """The argument at ``index``, which must be an integer."""
    value = args[index]
    if type(value) is not int:
        raise wrong_type(function, index, value, "an integer")
    return value


def array_argument(function: str, args: list[Any], index: int) -> list[Any]:
    """The argument at ``index``, which must be an array."""
    value = args[index]
    if type(value) is not list:
        raise wrong_type(function, index, value, "an array")
    return value


def object_argument(function: str, args: list[Any], index: int) -> dict[str, Any]:
    """The argument at ``index``, which must be an object."""
    value = args[index]
    if type(value) is not dict:
        raise wrong_type(function, index, value, "an object")
    return value


def all_text(function: str, args: list[Any]) -> list[str]:
    """All arguments, each of which must be a string."""
    for index in range(len(args)):
        text_argument(function, args, index)
    return args
