"""Values and types in the words of a message."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from infra_lib.parameters.entry import Expression, KeyVaultReference
from infra_lib.parameters.secret import HIDDEN, Secret

TYPE_WORDS = {
    "string": "a string",
    "integer": "an integer",
    "boolean": "true or false",
    "object": "an object",
    "array": "a list",
    "null": "null",
    "number": "a number",
}
ARM_TYPE_WORDS = {
    "string": "a string",
    "securestring": "a string",
    "int": "an integer",
    "bool": "true or false",
    "object": "an object",
    "secureobject": "an object",
    "array": "a list",
    "": "a value",
}

_INTEGER = re.compile(r"\s*[-+]?[0-9]{1,19}\s*\Z")
_PLAIN_NAME = re.compile(r"[A-Za-z_]\w*\Z")


def found(value: Any, *, secure: bool = False) -> str:
    """What a value is, short enough for a message; a secret's content is not shown."""
    if isinstance(value, Secret) or secure:
        return _kind(value.reveal() if isinstance(value, Secret) else value) + f" ({HIDDEN})"
    if isinstance(value, str):
        return f"the string {quoted(value)}"
    if isinstance(value, bool) or value is None:
        return json.dumps(value)
    if isinstance(value, int | float):
        return f"the number {value}" if len(str(value)) <= 30 else "a number"
    return _kind(value)


def _kind(value: Any) -> str:
    if isinstance(value, bool):
        return "true or false"
    if isinstance(value, str):
        return "a string"
    if isinstance(value, int | float):
        return "a number"
    if isinstance(value, list | tuple):
        return "an empty list" if not value else "a list"
    if isinstance(value, Mapping):
        return "an empty object" if not value else "an object"
    if isinstance(value, KeyVaultReference):
        return "a Key Vault reference"
    if isinstance(value, Expression):
        return "an expression"
    return "null" if value is None else type(value).__name__


def quoted(text: str, limit: int = 60) -> str:
    """A text in quotation marks, escaped and cut to ``limit`` characters."""
    return json.dumps(text if len(text) <= limit else text[: limit - 3] + "...", ensure_ascii=not text.isprintable())


def shown(value: Any, limit: int = 60) -> str:
    """A value as JSON, cut to ``limit`` characters; secrets as ``***``."""
    if isinstance(value, Secret):
        return HIDDEN
    if isinstance(value, KeyVaultReference):
        return f"secret {quoted(value.secret_name)} of {value.vault_id}"
    if isinstance(value, Expression):
        return value.text if len(value.text) <= limit else value.text[: limit - 3] + "..."
    text = json.dumps(value, ensure_ascii=False, default=lambda _: HIDDEN)
    return text if len(text) <= limit else text[: limit - 3] + "..."


def one_of(values: Iterable[Any], limit: int = 12) -> str:
    """A choice: ``"a", "b" or "c"``."""
    texts = [shown(value) for value in values]
    if len(texts) > limit:
        return ", ".join(texts[:limit]) + f" or one of {len(texts) - limit} more"
    return texts[0] if len(texts) == 1 else ", ".join(texts[:-1]) + f" or {texts[-1]}" if texts else "nothing"


def subject(name: str, path: Iterable[str | int] = ()) -> str:
    """A parameter, or a value in it, by name: ``"ports[0].name"``."""
    text = name
    for step in path:
        if isinstance(step, int):
            text += f"[{step}]"
        else:
            text += f".{step}" if _PLAIN_NAME.match(step) else f"['{step}']"
    return f'"{text}"'


def nearest(name: str, names: Iterable[str]) -> str | None:
    """The name that was most likely meant, in its own spelling; letter case counts least."""
    known = {candidate.casefold(): candidate for candidate in names}
    if name.casefold() in known:
        return known[name.casefold()]
    near = difflib.get_close_matches(name.casefold(), known, 1, 0.6)
    return known[near[0]] if near else None


def did_you_mean(name: str, names: Iterable[str], otherwise: str | None = None) -> str | None:
    """``Did you mean "x"?``, or ``otherwise`` where nothing is near."""
    near = nearest(name, names)
    return f'Did you mean "{near}"?' if near else otherwise


def write_instead(expected: str, value: Any, *, secure: bool = False) -> str:
    """What to write where a value has the wrong type. ``expected`` is a JSON Schema type's name."""
    words = TYPE_WORDS.get(expected, expected)
    if secure:
        return f"Write {words}."
    if expected == "integer":
        if isinstance(value, str) and _INTEGER.match(value):
            return f"Write {int(value)}, without quotation marks."
        if isinstance(value, float) and value.is_integer() and abs(value) < 2**63:
            return f"Write {int(value)}."
        return "Write a whole number without quotation marks, such as 1."
    if expected == "boolean":
        if isinstance(value, str) and value.strip().lower() in ("true", "false"):
            return f"Write {value.strip().lower()}, without quotation marks."
        if isinstance(value, int) and value in (0, 1):
            return f"Write {'true' if value else 'false'}."
    if expected == "string" and isinstance(value, bool | int | float):
        return f'Write "{shown(value)}", in quotation marks.'
    if expected == "array" and isinstance(value, bool | int | float | str):
        return f"Write [{shown(value)}]."
    return f"Write {words}."
