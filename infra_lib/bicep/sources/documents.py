"""JSON files as the official compiler reads them: templates used as modules, and what ``loadJsonContent`` loads."""

from __future__ import annotations

import json
import re
from itertools import accumulate
from typing import Any

from infra_lib.arm.functions.json_text import MAXIMUM_DEPTH, JsonError, read_json
from infra_lib.arm.values import MAX_INTEGER, MIN_INTEGER

_NO_BRACKET = re.compile(r'"(?:[^"\\]|\\.)*"|[^][{}"]+', re.DOTALL)
_SURROGATE_ESCAPE = re.compile(r"\\u[dD][89a-fA-F]")


def _integer(text: str) -> int:
    value = int(text) if len(text) < 24 else MAX_INTEGER + 1
    if MIN_INTEGER <= value <= MAX_INTEGER:
        return value
    raise ValueError("the integer has more than 64 bits")


def _too_deep(text: str) -> bool:
    brackets = _NO_BRACKET.sub("", text)
    if len(brackets) <= 2 * MAXIMUM_DEPTH:
        return False
    return max(accumulate(1 if bracket in "[{" else -1 for bracket in brackets)) > MAXIMUM_DEPTH


def read_document(text: str) -> Any:
    """The value of a JSON file, with the freedoms that :func:`~infra_lib.arm.functions.json_text.read_json` allows.

    Plain JSON, which nearly every file is, takes the fast way. Raises JsonError, also for more than 64 levels.
    """
    if not _SURROGATE_ESCAPE.search(text):
        try:
            value = json.loads(text, parse_int=_integer)
        except (ValueError, RecursionError):
            pass
        else:
            if not _too_deep(text):
                return value
    return read_json(text)


__all__ = ["JsonError", "read_document"]
