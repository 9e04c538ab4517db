"""Reading the JSON text of a template as the service does: comments are allowed, anything ambiguous is refused with its place."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from functools import partial
from typing import Any, Final, NoReturn

from infra_lib.arm.expressions import INT_MAX, INT_MIN
from infra_lib.arm.template import MAX_TEMPLATE_SIZE
from infra_lib.diagnostics import Diagnostic, LineIndex, describe
from infra_lib.errors import TemplateError

_COMMENT_OR_STRING: Final = re.compile(r'"(?:[^"\\]|\\.)*"|//[^\r\n]*|/\*.*?\*/', re.DOTALL)
_VISIBLE: Final = re.compile(r"[^\r\n]")


def read_template(text: str, file: str | None = None) -> dict[str, Any]:
    """The object that the text of a template (or of a parameter file) holds, members in order.

    Comments (``//`` and ``/* */``) and line breaks in strings are allowed, as in the service. ``file`` is the path to
    name in findings.
    Raises TemplateError, with line and column, for text that is no JSON object, names written twice in one object, NaN and the
    infinities, numbers beyond 64 bits, and text over 4 MB.
    """
    text = text.removeprefix("\ufeff")
    if len(text) > MAX_TEMPLATE_SIZE and len(text.encode("utf-8", "surrogatepass")) > MAX_TEMPLATE_SIZE:
        _refuse(f"The text is larger than {MAX_TEMPLATE_SIZE // 2**20} MB, the most that a template may have.", text, 0, file)
    plain = without_comments(text)
    try:
        value = json.loads(
            plain,
            strict=False,
            object_pairs_hook=_unique,
            parse_int=_integer,
            parse_float=_float,
            parse_constant=_constant,
        )
    except json.JSONDecodeError as error:
        reason, place = _why(error, plain)
        _refuse(f"The text is not JSON: {reason}.", plain, place, file)
    except _RefusedError as refused:
        _refuse(refused.message, plain, refused.find(plain), file)
    except RecursionError:
        _refuse("The objects and arrays are nested too deeply.", plain, 0, file)
    if not isinstance(value, dict):
        _refuse("The text must hold a JSON object.", plain, 0, file)
    return value


def without_comments(text: str) -> str:
    """The text with blanks in place of its comments, so that everything else stays where it is."""
    return _COMMENT_OR_STRING.sub(_blank_comment, text) if "/" in text else text


_REASONS: Final = {
    "Expecting value": "a value is expected here",
    "Expecting ',' delimiter": "a comma is expected here",
    "Expecting ':' delimiter": "a colon is expected here",
    "Expecting property name enclosed in double quotes": "a name in double quotes is expected here",
    "Extra data": "the text goes on after its value",
    "Unterminated string starting at": "the string that starts here has no end",
}


_TRAILING: Final = {"}": "no comma may stand before the end of an object", "]": "no comma may stand before the end of an array"}


def _why(error: json.JSONDecodeError, text: str) -> tuple[str, int]:
    """The reason in our words, and its offset: a trailing comma is at the comma, whichever Python reads it."""
    before = text[: error.pos].rstrip()
    comma = error.pos if text[error.pos : error.pos + 1] == "," else len(before) - 1
    after = text[comma + 1 :].lstrip()[:1]
    if text[comma : comma + 1] == "," and after in _TRAILING:
        return _TRAILING[after], comma
    return _REASONS.get(error.msg, error.msg.lower()), error.pos


class _RefusedError(Exception):
    """Something that JSON readers accept and this one does not; ``find`` looks for its offset."""

    def __init__(self, message: str, find: Callable[[str], int]) -> None:
        super().__init__(message)
        self.message = message
        self.find = find


def _blank_comment(match: re.Match[str]) -> str:
    found = match.group()
    return found if found[0] == '"' else _VISIBLE.sub(" ", found)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) == len(pairs):
        return members
    seen: set[str] = set()
    for name, _ in pairs:
        if name in seen:
            raise _RefusedError(f"The name {name!r} stands twice in one object.", partial(_second, name))
        seen.add(name)
    return members


def _second(name: str, text: str) -> int:
    """The offset of the last place where the name is a member's, which is the second one of the object in all but odd cases."""
    found = list(re.finditer(re.escape(json.dumps(name, ensure_ascii=False)) + r"\s*:", text))
    return found[-1].start() if found else 0


def _integer(digits: str) -> int:
    number = int(digits) if len(digits) <= 20 else INT_MAX + 1
    if not INT_MIN <= number <= INT_MAX:
        raise _RefusedError(f"The number {digits[:40]} does not fit into 64 bits.", lambda text: max(text.find(digits), 0))
    return number


def _float(digits: str) -> float:
    number = float(digits)
    if math.isinf(number):
        raise _RefusedError(f"The number {digits[:40]} does not fit into 64 bits.", lambda text: max(text.find(digits), 0))
    return number


def _constant(name: str) -> Any:
    raise _RefusedError(f"{name} is no number of JSON.", lambda text: max(text.find(name), 0))


def _refuse(message: str, text: str, offset: int, file: str | None) -> NoReturn:
    level, shown, fix = describe("InvalidTemplate", text=message)
    line, column = LineIndex(text).place(min(offset, len(text)))
    raise TemplateError(
        [Diagnostic(code="InvalidTemplate", level=level, message=shown, file=file, line=line, column=column, fix=fix)]
    )
