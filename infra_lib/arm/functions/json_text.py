"""JSON as the engine's library reads and writes it: lenient in, compact out."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from contextlib import suppress
from json.encoder import encode_basestring
from typing import Any, Final

from infra_lib.arm.functions.arguments import text_argument
from infra_lib.arm.functions.registry import FunctionError
from infra_lib.arm.values import MAX_INTEGER, MIN_INTEGER, float_text

MAXIMUM_DEPTH: Final = 64

_LINE_BREAKS = str.maketrans({"\x85": "\\u0085", "\u2028": "\\u2028", "\u2029": "\\u2029"})


def _quote(text: str) -> str:
    quoted = encode_basestring(text)
    return quoted if quoted.isascii() else quoted.translate(_LINE_BREAKS)


def _write_float(number: float) -> str:
    text = float_text(number)
    if number - number != 0:
        return f'"{text}"'
    return text if "." in text or "E" in text else text + ".0"


def _write_other(value: Any) -> str:
    if value is None:
        return "null"
    kind = type(value)
    if kind is bool:
        return "true" if value else "false"
    if kind is list:
        return f"[{','.join([_WRITERS.get(type(item), _write_other)(item) for item in value])}]"
    if kind is dict:
        return f"{{{','.join([f'{_quote(key)}:{_WRITERS.get(type(item), _write_other)(item)}' for key, item in value.items()])}}}"
    raise FunctionError(f"A value of type {kind.__name__} has no JSON text.", "ArgumentType")


_WRITERS: dict[type, Callable[[Any], str]] = {str: _quote, int: str, float: _write_float}


def write_json(value: Any) -> str:
    """A value as compact JSON: floats as .NET writes them (``1.0``, ``1E-07``), NaN and infinities as strings, non-ASCII raw."""
    return _WRITERS.get(type(value), _write_other)(value)


# Reading --------------------------------------------------------------------------------------------------------------

_SURROGATE_ESCAPE = re.compile(r"\\u[dD][89a-fA-F]")
_KEYWORDS: dict[str, Any] = {
    "true": True,
    "false": False,
    "null": None,
    "undefined": None,
    "NaN": float("nan"),
    "Infinity": float("inf"),
    "-Infinity": float("-inf"),
}
_KEYWORD = re.compile(r"(true|false|null|undefined|NaN|-?Infinity)(?=[\s,}\])/\0]|\Z)")
_NUMBER = re.compile(r"[-.0-9][-+.0-9a-fA-FxX]*(?=[\s,}\])/]|\Z)")
_DECIMAL = re.compile(r"-?[0-9]+\Z")
_FLOAT = re.compile(r"-?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?\Z")
_NAME = re.compile(r"[\w$]+")
_PADDING = re.compile(r"(?:\s+|//[^\r\n]*|/\*.*?\*/)*", re.DOTALL)
_CHUNK = {quote: re.compile(rf"[^{quote}\\]*", re.DOTALL) for quote in "\"'"}
_ESCAPES = {"b": "\b", "t": "\t", "n": "\n", "f": "\f", "r": "\r", "\\": "\\", '"': '"', "'": "'", "/": "/"}
_HEX = re.compile(r"[0-9a-fA-F]{4}")


class JsonError(ValueError):
    """A text that is not JSON, even leniently read. ``offset`` is where, in characters from 0."""

    def __init__(self, message: str, offset: int) -> None:
        self.message = message
        self.offset = offset
        super().__init__(f"{message} (at character {offset + 1})")


class _Reader:
    """Reads one value of a text with the freedoms that :func:`read_json` lists."""

    __slots__ = ("position", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        self.position = 0

    def value(self, depth: int, closing: str) -> Any:
        """The next value. Where it is missing before ``,`` or ``closing``, null."""
        character = self.peek()
        if character in ("[", "{"):
            if depth >= MAXIMUM_DEPTH:
                raise JsonError(f"The nesting is deeper than {MAXIMUM_DEPTH} levels", self.position)
            return self.array(depth + 1) if character == "[" else self.object(depth + 1)
        if character in ('"', "'"):
            return self.string()
        if closing and character and character in f",{closing}":
            return None
        keyword = _KEYWORD.match(self.text, self.position)
        if keyword:
            self.position = keyword.end()
            return _KEYWORDS[keyword[1]]
        number = _NUMBER.match(self.text, self.position)
        if number:
            result = _number(number[0], self.position)
            self.position = number.end()
            return result
        raise JsonError(
            f"There is no value in {self.rest()}" if character else "The text ends where a value should be", self.position
        )

    def peek(self) -> str:
        """Skip white space and comments; the next character, empty at the end."""
        found = _PADDING.match(self.text, self.position)
        if found:
            self.position = found.end()
        return self.text[self.position : self.position + 1]

    def rest(self) -> str:
        """The beginning of what was not read yet, for messages."""
        return repr(self.text[self.position : self.position + 20])

    def array(self, depth: int) -> list[Any]:
        self.position += 1
        result: list[Any] = []
        while (character := self.peek()) != "]":
            result.append(self.value(depth, "]") if character != "," else None)
            self.separator("]")
        self.position += 1
        return result

    def object(self, depth: int) -> dict[str, Any]:
        self.position += 1
        result: dict[str, Any] = {}
        while (character := self.peek()) != "}":
            name = self.string() if character in ('"', "'") and character else self.bare_name()
            if self.peek() != ":":
                raise JsonError(f"A colon is missing after the name {name!r}", self.position)
            self.position += 1
            result[name] = self.value(depth, "}")
            self.separator("}")
        self.position += 1
        return result

    def separator(self, closing: str) -> None:
        """Step over a comma, or stop before ``closing``."""
        character = self.peek()
        if character == ",":
            self.position += 1
        elif character != closing:
            problem = (
                f"A comma or {closing!r} is missing before {self.rest()}" if character else f"The text ends before {closing!r}"
            )
            raise JsonError(problem, self.position)

    def bare_name(self) -> str:
        found = _NAME.match(self.text, self.position)
        if not found:
            raise JsonError(f"There is no property name in {self.rest()}", self.position)
        self.position = found.end()
        return found[0]

    def string(self) -> str:
        text, start = self.text, self.position
        quote = text[start]
        chunk = _CHUNK[quote]
        parts: list[str] = []
        position = start + 1
        while True:
            found = chunk.match(text, position)
            position = found.end() if found else position
            parts.append(found[0] if found else "")
            if position >= len(text):
                raise JsonError("A string has no closing quote", start)
            if text[position] == quote:
                self.position = position + 1
                return _join_surrogates("".join(parts))
            escape = text[position + 1 : position + 2]
            if escape == "u":
                digits = _HEX.match(text, position + 2)
                if not digits:
                    raise JsonError("\\u needs four hexadecimal digits", position)
                parts.append(chr(int(digits[0], 16)))
                position += 6
            elif escape and escape in _ESCAPES:
                parts.append(_ESCAPES[escape])
                position += 2
            else:
                raise JsonError(f"There is no escape \\{escape}", position)


def _join_surrogates(text: str) -> str:
    """Pairs of escapes as one character, halves as U+FFFD."""
    if text.isascii():
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def _number(text: str, offset: int) -> int | float:
    if text[0] == "0" and len(text) > 1 and text[1] not in ".eE":
        # Both forms are read as the 64 bits that they write.
        base = 16 if text[1] in "xX" else 8
        try:
            value = int(text[2:] if base == 16 else text, base)
        except ValueError:
            raise JsonError(f"{text} is not a number", offset) from None
        if value < 2**64:
            return value - 2**64 if value > MAX_INTEGER else value
    elif _DECIMAL.match(text):
        value = int(text) if len(text) < 24 else MAX_INTEGER + 1
        if MIN_INTEGER <= value <= MAX_INTEGER:
            return value
    elif _FLOAT.match(text):
        return float(text)
    else:
        raise JsonError(f"{text} is not a number", offset)
    raise JsonError(f"{text if len(text) < 40 else text[:40] + '...'} does not fit into a 64-bit integer", offset)


def _integer(text: str) -> int:
    value = int(text)
    if MIN_INTEGER <= value <= MAX_INTEGER:
        return value
    raise ValueError(text)


# Strict JSON goes this way, which is fast; all that it refuses goes through the reader, which says what is wrong and where.
_STRICT = json.JSONDecoder(strict=False, parse_int=_integer)


def _is_shallow(value: Any, depth: int = 0) -> bool:
    kind = type(value)
    if kind is not list and kind is not dict:
        return True
    return depth < MAXIMUM_DEPTH and all(_is_shallow(item, depth + 1) for item in (value if kind is list else value.values()))


def read_json(text: str) -> Any:
    """Read the first JSON value of a text; what follows it is not looked at.

    Comments, trailing commas, holes (null), single quotes, names without quotes, ``undefined``, hexadecimal and octal integers
    are allowed; of equal names the last counts; at most 64 levels. Raises :class:`JsonError`, also for an integer of more than
    64 bits.
    """
    if not _SURROGATE_ESCAPE.search(text):
        with suppress(ValueError, RecursionError):
            value, _ = _STRICT.raw_decode(text.lstrip(" \t\r\n"))
            # Only containers and strings have an end of their own: "017" would be read as 0.
            if type(value) is str or (type(value) in (dict, list) and _is_shallow(value)):
                return value
    reader = _Reader(text)
    if not reader.peek():
        raise JsonError("The text has no value", 0)
    return reader.value(0, "")


def _json(args: list[Any]) -> Any:
    text = text_argument("json", args, 0)
    try:
        return read_json(text)
    except JsonError as error:
        raise FunctionError(f"json() cannot read its argument: {error}.", argument=0) from None


CALLS = {"json": _json}
