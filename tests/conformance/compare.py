"""Comparing JSON values and their digests the way the recorded results are meant to be compared."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable
from typing import Any, NamedTuple

_VOLATILE_GENERATOR_KEYS = ("version", "templateHash")


def digest(value: Any, size: int) -> str:
    """The first ``size`` hexadecimal digits of the SHA-256 of the value as compact JSON, keys in their order."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:size]


def without_generator(value: Any) -> Any:
    """The value without version and templateHash in any ``_generator`` object that a compiler wrote, at any depth."""
    if isinstance(value, dict):
        return {
            key: {k: v for k, v in item.items() if k not in _VOLATILE_GENERATOR_KEYS}
            if key == "_generator" and isinstance(item, dict) and "templateHash" in item
            else without_generator(item)
            for key, item in value.items()
        }
    if isinstance(value, list):
        return [without_generator(item) for item in value]
    return value


def sorted_keys(value: Any) -> Any:
    """The value with the keys of every object sorted."""
    if isinstance(value, dict):
        return {key: sorted_keys(value[key]) for key in sorted(value)}
    if isinstance(value, list):
        return [sorted_keys(item) for item in value]
    return value


def sections(template: dict[str, Any]) -> dict[str, Any]:
    """The parts of a template as the hash files keep them, generator details left out: each member of parameters, variables,
    outputs, definitions and resources on its own, other top-level values whole."""
    parts: dict[str, Any] = {}
    for key, value in template.items():
        if key in ("parameters", "variables", "outputs", "definitions", "resources") and isinstance(value, dict):
            parts[key] = {name: digest(without_generator(item), 6) for name, item in value.items()}
        elif key in ("parameters", "variables", "outputs", "definitions", "resources") and isinstance(value, list):
            parts[key] = [digest(without_generator(item), 6) for item in value]
        else:
            parts[key] = digest(without_generator({key: value})[key], 6)
    return parts


class SectionDifference(NamedTuple):
    """A part of a template that differs: its name, as ``resources/vault`` or ``resources[3]``, and where it is."""

    text: str
    path: tuple[str | int, ...]

    def value_in(self, template: Any) -> Any:
        """The part in a template, or None where it is not there."""
        value = template
        for step in self.path:
            try:
                value = value[step]
            except (KeyError, IndexError, TypeError):
                return None
        return value


def section_differences(expected: dict[str, Any], got: dict[str, Any]) -> list[SectionDifference]:
    """The sections that differ between two results of :func:`sections`, with a word where one side lacks one."""
    if found := _key_differences("", (), expected, got):
        return found
    found = []
    for key, value in expected.items():
        mine = got[key]
        if isinstance(value, dict) and isinstance(mine, dict):
            found += _key_differences(f"{key}/", (key,), value, mine)
            changed = [name for name in value if name in mine and value[name] != mine[name]]
            found += [SectionDifference(f"{key}/{name}", (key, name)) for name in changed]
        elif isinstance(value, list) and isinstance(mine, list):
            found += _item_differences(key, value, mine)
        elif value != mine:
            found.append(SectionDifference(key, (key,)))
    return found


def _key_differences(
    prefix: str, path: tuple[str, ...], expected: dict[str, Any], got: dict[str, Any]
) -> list[SectionDifference]:
    found = [SectionDifference(f"{prefix}{key} (missing)", (*path, key)) for key in expected if key not in got]
    found += [SectionDifference(f"{prefix}{key} (extra)", (*path, key)) for key in got if key not in expected]
    if not found and list(expected) != list(got):
        found = [SectionDifference(f"order of {prefix or 'the top-level keys'}", path)]
    return found


def _item_differences(key: str, expected: list[Any], got: list[Any]) -> list[SectionDifference]:
    if len(expected) != len(got):
        return [SectionDifference(f"{key}: {len(expected)} expected, got {len(got)}", (key,))]
    if expected != got and Counter(expected) == Counter(got):
        return [SectionDifference(f"order of {key}", (key,))]
    return [
        SectionDifference(f"{key}[{index}]", (key, index))
        for index, pair in enumerate(zip(expected, got, strict=True))
        if pair[0] != pair[1]
    ]


def first_difference(expected: Any, got: Any, *, ordered: bool = True, path: str = "$") -> str | None:
    """Describe the first place where two JSON values differ, or None. ``ordered``: the order of keys counts."""
    if isinstance(expected, dict) and isinstance(got, dict):
        return _first_difference_of_objects(expected, got, ordered=ordered, path=path)
    if isinstance(expected, list) and isinstance(got, list):
        for index, (left, right) in enumerate(zip(expected, got, strict=False)):
            if found := first_difference(left, right, ordered=ordered, path=f"{path}[{index}]"):
                return found
        if len(expected) != len(got):
            item = expected[len(got)] if len(expected) > len(got) else got[len(expected)]
            word = "missing" if len(expected) > len(got) else "extra"
            return f"{path}: {len(expected)} items expected, got {len(got)}; {word}: {shorten(item)}"
        return None
    if type(expected) is not type(got) or expected != got:
        return f"{path}: expected {shorten(expected)}, got {shorten(got)}"
    return None


def _first_difference_of_objects(expected: dict[str, Any], got: dict[str, Any], *, ordered: bool, path: str) -> str | None:
    for key, value in expected.items():
        if key in got and (found := first_difference(value, got[key], ordered=ordered, path=f"{path}.{key}")):
            return found
    missing, extra = [k for k in expected if k not in got], [k for k in got if k not in expected]
    if missing:
        return f"{path}.{missing[0]}: missing, expected {shorten(expected[missing[0]])}" + (f"; extra: {extra}" if extra else "")
    if extra:
        return f"{path}.{extra[0]}: not expected, got {shorten(got[extra[0]])}"
    if ordered and list(expected) != list(got):
        index = next(i for i, pair in enumerate(zip(expected, got, strict=True)) if pair[0] != pair[1])
        return f"{path}: order of keys: expected {list(expected)[index:][:6]}, got {list(got)[index:][:6]}"
    return None


def shorten(value: Any, limit: int = 400) -> str:
    """A value as one line of JSON, cut in the middle when it is long."""
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= limit else f"{text[: limit * 2 // 3]} … {text[-limit // 3 :]}"


def multiset_difference(expected: Iterable[Any], got: Iterable[Any]) -> tuple[list[Any], list[Any]]:
    """The items that are missing and those that are extra, each with repetition, sorted by their text."""
    left, right = Counter(expected), Counter(got)
    return sorted((left - right).elements(), key=str), sorted((right - left).elements(), key=str)
