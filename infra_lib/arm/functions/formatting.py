"""``format()``: .NET composite format strings, in the invariant culture."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

from infra_lib.arm.functions.arguments import text_argument
from infra_lib.arm.functions.number_text import format_number
from infra_lib.arm.functions.registry import FunctionError
from infra_lib.arm.values import text_length, text_of

_MAXIMUM = 1_000_000
_PART = re.compile(r"[^{}]+ | \{\{ | \}\} | \{([0-9]+)\ *(?:,\ *(-?[0-9]+)\ *)?(?::([^{}]*))?\} | (.)", re.VERBOSE | re.DOTALL)

_Hole = tuple[int, int, str]
"""The index of an argument, the width to pad to (negative: on the right) and the format of a number."""


@lru_cache(maxsize=4096)
def _parse(text: str) -> list[str | _Hole]:
    """The parts of a composite format: texts and holes."""
    parts: list[str | _Hole] = []
    for found in _PART.finditer(text):
        if found[4]:
            problem = "has a brace that belongs to no placeholder such as {0}; write two for one in the text"
            raise FunctionError(
                f"format() cannot read its format string: {text!r} {problem} (at character {found.start() + 1}).", argument=0
            )
        if found[1] is None:
            piece = found[0]
            parts.append(piece[0] if piece in ("{{", "}}") else piece)
            continue
        index, width = int(found[1][:8]), int((found[2] or "0")[:8])
        if index >= _MAXIMUM or abs(width) >= _MAXIMUM:
            raise FunctionError(f"format() takes indexes and widths below {_MAXIMUM}; {found[0]!r} has a larger one.", argument=0)
        parts.append((index, width, found[3] or ""))
    return parts


def _fill(hole: _Hole, values: list[Any]) -> str:
    index, width, specifier = hole
    value = values[index + 1]
    text = format_number(value, specifier) if specifier and type(value) in (int, float) else text_of(value)
    if width:
        padding = " " * (abs(width) - text_length(text))
        return padding + text if width > 0 else text + padding
    return text


def _format(args: list[Any]) -> str:
    parts = _parse(text_argument("format", args, 0))
    try:
        return "".join([part if isinstance(part, str) else _fill(part, args) for part in parts])
    except IndexError:
        largest = max(part[0] for part in parts if isinstance(part, tuple))
        given = len(args) - 1
        raise FunctionError(
            f"format() needs a value for {{{largest}}}, but {given} follow the format string.", argument=0
        ) from None
    except FunctionError as error:
        error.argument = 0
        raise


CALLS = {"format": _format}
