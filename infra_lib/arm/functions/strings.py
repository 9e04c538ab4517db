"""Functions of text: ordinal, and ignoring letter case where the engine does; lengths and positions in UTF-16 units."""

from __future__ import annotations

import re
from typing import Any, NoReturn

from infra_lib.arm.functions.arguments import array_argument, integer_argument, text_argument, wrong_type
from infra_lib.arm.functions.json_text import write_json
from infra_lib.arm.functions.registry import FunctionError
from infra_lib.arm.limits import MAX_TEXT
from infra_lib.arm.values import fold, text_length, text_of, text_slice, to_lower, to_upper, type_name

# What .NET takes as white space; Python's own set also has U+001C to U+001F.
WHITE_SPACE = (
    "\t\n\v\f\r \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000"
)
_white_space = re.compile(f"[{WHITE_SPACE}]")
_MAXIMUM_PADDING = 16
_PLAIN_KINDS = (str, int, bool)


def concat_text(args: list[Any]) -> str:
    """``concat()`` of strings, integers and Booleans."""
    if all(map(str.__instancecheck__, args)):
        return "".join(args)
    for index, value in enumerate(args):
        if type(value) not in _PLAIN_KINDS:
            raise wrong_type("concat", index, value, "a string, an integer or a Boolean like the first")
    return "".join(map(text_of, args))


def find_text(text: str, part: str) -> int:
    """The position of ``part`` ignoring letter case, -1 if it is not there."""
    found = fold(text).find(fold(part))
    return found if found < 1 else text_length(text[:found])


def find_last_text(text: str, part: str) -> int:
    """The last position of ``part`` ignoring letter case, -1 if it is not there; nothing is found at the last character."""
    if not part:
        return max(text_length(text) - 1, 0)
    found = fold(text).rfind(fold(part))
    return found if found < 1 else text_length(text[:found])


def _starts_with(args: list[Any]) -> bool:
    return fold(text_argument("startsWith", args, 0)).startswith(fold(text_argument("startsWith", args, 1)))


def _ends_with(args: list[Any]) -> bool:
    return fold(text_argument("endsWith", args, 0)).endswith(fold(text_argument("endsWith", args, 1)))


def _fail(args: list[Any]) -> NoReturn:
    raise FunctionError(text_argument("fail", args, 0))


def _join(args: list[Any]) -> str:
    items = array_argument("join", args, 0)
    delimiter = text_argument("join", args, 1)
    for item in items:
        if type(item) not in _PLAIN_KINDS:
            problem = f"join() takes strings, integers and Booleans, but one item is of type {type_name(item)}."
            raise FunctionError(problem, "ArgumentType", argument=0)
    return delimiter.join(map(text_of, items))


def _like(args: list[Any]) -> bool:
    text = fold(text_argument("like", args, 0))
    head, *parts = fold(text_argument("like", args, 1)).split("*")
    if not parts:
        return text == head
    *middle, tail = parts
    if len(text) < len(head) + len(tail) or not text.startswith(head) or not text.endswith(tail):
        return False
    position, end = len(head), len(text) - len(tail)
    for part in middle:
        position = text.find(part, position, end)
        if position < 0:
            return False
        position += len(part)
    return True


def _pad_left(args: list[Any]) -> str:
    if type(args[0]) not in (str, int):
        raise wrong_type("padLeft", 0, args[0], "a string or an integer")
    width = integer_argument("padLeft", args, 1)
    padding = text_argument("padLeft", args, 2) if len(args) > 2 else " "
    if not 1 <= width <= _MAXIMUM_PADDING:
        raise FunctionError(f"padLeft() pads to a length from 1 to {_MAXIMUM_PADDING}, not to {width}.", argument=1)
    if text_length(padding) != 1:
        raise FunctionError(f"padLeft() pads with exactly one character, not with {padding!r}.", argument=2)
    text = text_of(args[0])
    return padding * (width - text_length(text)) + text


def _replace(args: list[Any]) -> str:
    text = text_argument("replace", args, 0)
    old = text_argument("replace", args, 1)
    new = text_argument("replace", args, 2)
    if not old:
        raise FunctionError("replace() cannot search for an empty string.", argument=1)
    if text.count(old) * (len(new) - len(old)) + len(text) > MAX_TEXT:
        raise FunctionError(f"The result of replace() is longer than {MAX_TEXT} characters.")
    return text.replace(old, new)


def _split(args: list[Any]) -> list[str]:
    text = text_argument("split", args, 0)
    delimiters = args[1]
    if type(delimiters) is str:
        return text.split(delimiters) if delimiters else [text]
    if type(delimiters) is not list or not all(type(item) is str for item in delimiters):
        raise wrong_type("split", 1, delimiters, "a string or an array of strings")
    if not delimiters:
        return _white_space.split(text)
    used = [re.escape(item) for item in delimiters if item]
    return re.split("|".join(used), text) if used else [text]


def text_value(function: str, value: Any) -> str:
    """A value as ``string()`` gives it: arrays and objects as JSON. ``function`` is named in the error for null and floats."""
    kind = type(value)
    if kind is list or kind is dict:
        return write_json(value)
    if kind in _PLAIN_KINDS:
        return text_of(value)
    raise wrong_type(function, 0, value, "a string, an integer, a Boolean, an array or an object")


def _string(args: list[Any]) -> str:
    return text_value("string", args[0])


def _substring(args: list[Any]) -> str:
    text = text_argument("substring", args, 0)
    size = text_length(text)
    start = integer_argument("substring", args, 1) if len(args) > 1 else 0
    if not 0 <= start <= size:
        raise FunctionError(f"substring() starts within the string, at 0 to {size}, not at {start}.", argument=1)
    length = integer_argument("substring", args, 2) if len(args) > 2 else size - start
    if not 0 <= length <= size - start:
        raise FunctionError(
            f"substring() can take 0 to {size - start} characters from position {start} on, not {length}.", argument=2
        )
    return text_slice(text, start, start + length)


def _to_lower(args: list[Any]) -> str:
    return to_lower(text_argument("toLower", args, 0))


def _to_upper(args: list[Any]) -> str:
    return to_upper(text_argument("toUpper", args, 0))


def _trim(args: list[Any]) -> str:
    return text_argument("trim", args, 0).strip(WHITE_SPACE)


CALLS = {
    "endsWith": _ends_with,
    "fail": _fail,
    "join": _join,
    "like": _like,
    "padLeft": _pad_left,
    "replace": _replace,
    "split": _split,
    "startsWith": _starts_with,
    "string": _string,
    "substring": _substring,
    "toLower": _to_lower,
    "toUpper": _to_upper,
    "trim": _trim,
}
