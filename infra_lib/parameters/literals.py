"""Values as literals of the languages that files are written in. Whatever a value holds, it stays inside its literal."""

from __future__ import annotations

import json
import math
import re
import shlex
from collections.abc import Mapping, Sequence
from pathlib import PurePath
from typing import Any

from infra_lib.errors import InputError
from infra_lib.parameters.json_text import MAXIMUM_DEPTH
from infra_lib.parameters.secret import Secret

INTEGER_MINIMUM = -(2**63)
INTEGER_MAXIMUM = 2**63 - 1

_BICEP_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
_BICEP_RESERVED_KEYS = frozenset({"true", "false", "null"})
_BICEP_ESCAPES = {"\\": "\\\\", "'": "\\'", "\n": "\\n", "\r": "\\r", "\t": "\\t"}
_BICEP_SPECIAL = re.compile(r"\$\{|[\\'\x00-\x1f\x7f\x85\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff\ud800-\udfff]")


def plain(value: Any, place: str = "the value", *, depth: int = 0) -> Any:
    """Return ``value`` as plain JSON data: dict, list, str, int, float, bool, None; secrets revealed.

    Raises InputError for what JSON cannot hold, and for what is nested too deeply, naming the place.
    """
    if depth > MAXIMUM_DEPTH:
        raise InputError(f"{place.partition('.')[0].partition('[')[0]} is nested deeper than {MAXIMUM_DEPTH} levels. Flatten it.")
    if value is None or isinstance(value, (bool, str)):
        return str(value) if isinstance(value, str) else value
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        if not math.isfinite(value):
            raise InputError(f"{place} is {value}, which is no JSON number. Write a finite number.")
        return float(value)
    if isinstance(value, Secret):
        return plain(value.reveal(), place, depth=depth)
    if isinstance(value, Mapping):
        for key in value:
            if not isinstance(key, str):
                raise InputError(f"A name in {place} is a {type(key).__name__}. Names in an object are strings.")
        return {str(key): plain(item, f"{place}.{key}", depth=depth + 1) for key, item in value.items()}
    if isinstance(value, PurePath):
        return str(value)
    if isinstance(value, Sequence) and not isinstance(value, (bytes, bytearray)):
        return [plain(item, f"{place}[{index}]", depth=depth + 1) for index, item in enumerate(value)]
    what = type(value).__name__
    raise InputError(f"{place} is a {what}, which a parameter cannot hold. Use text, a number, true or false, a list or a dict.")


def json_literal(value: Any, *, indent: str | None = None, prefix: str = "", newline: str = "\n") -> str:
    """JSON text of a value: on one line, or with ``indent`` a line each item, the lines after the first led by ``prefix``."""
    data = plain(value)
    options: dict[str, Any] = {"indent": indent} if indent is not None else {"separators": (", ", ": ")}
    text = json.dumps(data, ensure_ascii=False, allow_nan=False, **options)
    if not text.isascii():
        text = _JSON_UNSAFE.sub(lambda match: f"\\u{ord(match.group()):04x}", text)
    return text.replace("\n", newline + prefix)


_JSON_UNSAFE = re.compile("[\x7f-\x9f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff\ud800-\udfff]")


def bicep_string(text: str) -> str:
    """A Bicep string literal, on one line and without interpolation."""
    return "'" + _BICEP_SPECIAL.sub(_bicep_escape, text) + "'"


def _bicep_escape(match: re.Match[str]) -> str:
    found = match.group()
    if found == "${":
        return "\\${"
    if "\ud800" <= found <= "\udfff":
        raise InputError("Half of a surrogate pair cannot be written in a Bicep string. Write the whole character.")
    return _BICEP_ESCAPES.get(found) or f"\\u{{{ord(found):x}}}"


def bicep_key(name: str) -> str:
    """A property name in a Bicep object: bare where it is an identifier, else a string."""
    return name if _BICEP_IDENTIFIER.match(name) and name not in _BICEP_RESERVED_KEYS else bicep_string(name)


def bicep_literal(value: Any, *, indent: str | None = "  ", prefix: str = "", newline: str = "\n") -> str:
    """Bicep text of a value: an item a line, the later lines led by ``prefix``; on one line where ``indent`` is None."""
    return _bicep(plain(value), indent, newline + prefix)


def _bicep(value: Any, indent: str | None, break_: str) -> str:
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, int):
        return _bicep_integer(value)
    if isinstance(value, float):
        return f"json('{json.dumps(value)}')"
    if isinstance(value, str):
        return bicep_string(value)
    inner = break_ if indent is None else break_ + indent
    if isinstance(value, list):
        return _bicep_lines("[]", [_bicep(item, indent, inner) for item in value], indent is None, inner, break_)
    members = [f"{bicep_key(key)}: {_bicep(item, indent, inner)}" for key, item in value.items()]
    return _bicep_lines("{}", members, indent is None, inner, break_)


def _bicep_lines(brackets: str, items: list[str], one_line: bool, inner: str, break_: str) -> str:
    if not items:
        return brackets
    if one_line:
        space = " " if brackets == "{}" else ""
        return brackets[0] + space + ", ".join(items) + space + brackets[1]
    return brackets[0] + "".join(inner + item for item in items) + break_ + brackets[1]


def _bicep_integer(value: int) -> str:
    if not INTEGER_MINIMUM <= value <= INTEGER_MAXIMUM:
        raise InputError(f"{value} is no 64-bit integer, which is what Bicep has.")
    return str(value)


def python_literal(value: Any) -> str:
    """Python text of a value, on one line; a string in the quotation marks that formatters choose."""
    data = plain(value)
    if not isinstance(data, str):
        return repr(data)
    inner = "".join(character if character in "'\"" else repr(character)[1:-1] for character in data)
    if data.count('"') > data.count("'"):
        return "'" + inner.replace("'", "\\'") + "'"
    return '"' + inner.replace('"', '\\"') + '"'


def shell_literal(value: Any) -> str:
    """One word of a POSIX shell command line. Lists and dicts become JSON in a word; raises InputError for a NUL character."""
    data = plain(value)
    text = data if isinstance(data, str) else json_literal(data)
    if "\0" in text:
        raise InputError("A shell word cannot hold the NUL character.")
    return shlex.quote(text)
