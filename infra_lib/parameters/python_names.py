"""Template names as Python names."""

from __future__ import annotations

import keyword
import re
from collections.abc import Iterable

_WORD_ENDS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_NOT_A_NAME = re.compile(r"\W+", re.ASCII)


def snake_case(name: str) -> str:
    """``acaEnvironmentName`` as ``aca_environment_name``; always a Python name that is no keyword."""
    text = _NOT_A_NAME.sub("_", _WORD_ENDS.sub("_", name)).lower()
    text = re.sub("_+", "_", text).strip("_") or "value"
    if text[0].isdigit():
        text = f"n{text}"
    return f"{text}_" if keyword.iskeyword(text) or keyword.issoftkeyword(text) else text


def pascal_case(name: str) -> str:
    """``network-settings`` as ``NetworkSettings``; always a Python name."""
    words = [word for word in _NOT_A_NAME.sub("_", _WORD_ENDS.sub("_", name)).split("_") if word]
    text = "".join(word[0].upper() + word[1:] for word in words) or "Value"
    if text[0].isdigit():
        text = f"N{text}"
    return f"{text}_" if keyword.iskeyword(text) else text


def attribute_names(names: Iterable[str], taken: Iterable[str] = ()) -> dict[str, str]:
    """A Python attribute for each name, all different and none of ``taken``; in the order of ``names``."""
    used = set(taken)
    attributes: dict[str, str] = {}
    for name in names:
        base = attribute = snake_case(name)
        number = 2
        while attribute in used:
            attribute = f"{base}_" if number == 2 and not base.endswith("_") and f"{base}_" not in used else f"{base}_{number}"
            number += 1
        used.add(attribute)
        attributes[name] = attribute
    return attributes
