"""ARM template expressions as text: literals, calls, accesses, and how a whole value is written.

An expression is held as its text without the outer brackets. A text that starts with ``'`` is a string literal, one that starts
with
a digit or ``-`` an integer; everything else is a call with accesses behind it. Two subclasses of ``str`` mark calls that a
following
access has to treat specially.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

_IDENTIFIER = re.compile(r"[^\W\d]\w*\Z")
_INT32 = 2**31


class SafeCall(str):
    """A bare ``tryGet(...)`` or ``tryIndexFromEnd(...)``: further accesses of the same chain become arguments."""

    __slots__ = ()


class GuardedCall(str):
    """A bare ``if(..., ..., null())`` made around a conditional resource or module."""

    __slots__ = ()


class Verbatim(str):
    """Text of an expression where a value is expected."""

    __slots__ = ()


def string(text: str) -> str:
    """A string literal."""
    return "'" + text.replace("'", "''") + "'"


def integer(value: int) -> str:
    """An integer literal; those outside 32 bits have to be read from JSON text."""
    return str(value) if -_INT32 <= value < _INT32 else f"json('{value}')"


def call(name: str, arguments: Iterable[str]) -> str:
    """``name(a, b)``"""
    return f"{name}({', '.join(arguments)})"


def is_literal(text: str) -> bool:
    """True for a string or integer literal."""
    first = text[0]
    return first == "'" or first == "-" or first.isdigit()


def as_call(text: str) -> str:
    """The expression as something that an access may follow: literals are wrapped."""
    first = text[0]
    if first == "'":
        return f"string({text})"
    if first == "-" or first.isdigit():
        return f"int({text})"
    return text


def access(base: str, accessor: str) -> str:
    """``base.name`` where the accessor is the literal of an identifier, else ``base[accessor]``."""
    if accessor[0] == "'" and _IDENTIFIER.match(accessor, 1, len(accessor) - 1):
        return f"{as_call(base)}.{accessor[1:-1]}"
    return f"{as_call(base)}[{accessor}]"


def escape(text: str) -> str:
    """A string as a JSON value or key: one more bracket where it would be read as an expression."""
    return f"[{text}" if text[:1] == "[" and text[-1:] == "]" else text


def written(text: str) -> str | int:
    """An expression as a JSON value: literals as themselves, everything else in brackets."""
    first = text[0]
    if first == "'":
        return escape(text[1:-1].replace("''", "'"))
    if first == "-" or first.isdigit():
        return int(text)
    return f"[{text}]"


def serialized(text: str) -> str:
    """An expression as JSON text, an integer too as an expression."""
    result = written(text)
    return f"[{result}]" if isinstance(result, int) else result


def format_string(segments: list[str]) -> str:
    """The first argument of ``format`` for an interpolated string."""
    if len(segments) == 1:
        return segments[0]
    parts = [segment.replace("{", "{{").replace("}", "}}") for segment in segments]
    return "".join(f"{part}{{{index}}}" for index, part in enumerate(parts[:-1])) + parts[-1]
