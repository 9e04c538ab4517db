"""JSON documents as the official CLI prints them: two blanks a level, floats and escapes of its JSON library."""

from __future__ import annotations

from typing import Any

from infra_lib.arm.functions.json_text import write_json


def write_document(value: Any) -> str:
    """The text of a JSON value over several lines, without a line end after it."""
    parts: list[str] = []
    _write(value, "\n", parts)
    return "".join(parts)


def _write(value: Any, newline: str, parts: list[str]) -> None:
    if not isinstance(value, dict | list) or not value:
        parts.append(write_json(value))
        return
    inner = newline + "  "
    separator = ""
    parts.append("{" if isinstance(value, dict) else "[")
    for item in value:
        parts.append(separator + inner)
        if isinstance(value, dict):
            parts.append(write_json(item) + ": ")
            item = value[item]
        _write(item, inner, parts)
        separator = ","
    parts.append(newline + ("}" if isinstance(value, dict) else "]"))
