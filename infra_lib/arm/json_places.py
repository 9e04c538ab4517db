"""Where a part of a template stands in its JSON text: a template path (``resources[3].properties.x``) to lines and columns."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from json.decoder import scanstring  # type: ignore[attr-defined]
from typing import NamedTuple

from infra_lib.arm.source import without_comments
from infra_lib.diagnostics import LineIndex

_INDEX = re.compile(r"\[(\d+)\]\.?")
_BLANK = re.compile(r"[ \t\n\r]*")
_OUTPUT = re.compile(r"(?:.*\.)?outputs\.[^.\[\]]+")
_decode = json.JSONDecoder(strict=False).raw_decode


class JsonPlace(NamedTuple):
    """A span of a text: lines and columns from 1, the end exclusive."""

    line: int
    column: int
    end_line: int
    end_column: int


class JsonPlaces:
    """The places in the text of a template, which has been read before.

    The way to a place is walked when it is asked for, what lies beside it skipped; objects and arrays on the way are kept.
    """

    def __init__(self, text: str) -> None:
        self._written = text
        self._text = ""
        self._lines: LineIndex | None = None
        self._parts: dict[int, list[tuple[str, int]]] = {}

    def find(self, path: str) -> JsonPlace | None:
        """The place of the value at a template path: the opening bracket alone for an object or an array.

        Names are found in any letter case. The index of a loop's item is passed over, and what is made of the ``input`` of a
        loop is found there. For a path that the text does not have it is the place of the nearest value around it. None for a
        text that is no JSON.
        """
        if self._lines is None:
            self._text = without_comments(self._written.removeprefix("\ufeff"))
            self._lines = LineIndex(self._text)
        try:
            start, _ = self._walk(self._skip(0), f"{path}.value" if _OUTPUT.fullmatch(path) else path)
            end = start + 1 if self._text[start] in "{[" else _decode(self._text, start)[1]
        except (ValueError, IndexError, RecursionError):
            return None
        return JsonPlace(*self._lines.place(start), *self._lines.place(end))

    def _walk(self, start: int, path: str) -> tuple[int, str]:
        """(the offset of the value that the path leads to from the one at ``start``, what is left of the path there)."""
        while path:
            index = _INDEX.match(path)
            if index is not None:
                if self._text[start] == "[":
                    items = self._items(start)
                    if int(index.group(1)) >= len(items):
                        break
                    start = items[int(index.group(1))]
                path = path[index.end() :]
                continue
            if self._text[start] == "[":
                return self._loops(start, path)
            if self._text[start] != "{":
                break
            members = self._members(start)
            following, rest = _step(members, path)
            if following is None:
                return self._through(start, members, path)
            start, path = following, rest
        return start, path

    def _through(self, start: int, members: list[tuple[str, int]], path: str) -> tuple[int, str]:
        """The way on from an object that has no such member itself: by its ``value``, or by a loop that makes the member."""
        for name, place in members:
            if name.lower() in ("value", "copy", "input") and self._text[place] in "{[":
                found = self._walk(place, path)
                if len(found[1]) < len(path):
                    return found
        return start, path

    def _loops(self, start: int, path: str) -> tuple[int, str]:
        """The way on from an array of loops: by the ``input`` of the one that the path names."""
        for loop in self._items(start):
            parts = {name.lower(): place for name, place in self._members(loop)} if self._text[loop] == "{" else {}
            made = _decode(self._text, parts["name"])[0] if "name" in parts else None
            following, rest = _step([(made, loop)], path) if isinstance(made, str) else (None, path)
            if following is not None:
                return self._walk(parts.get("input", loop), _INDEX.sub("", rest, count=1) if rest[:1] == "[" else rest)
        return start, path

    def _skip(self, position: int) -> int:
        """The offset after white space."""
        match = _BLANK.match(self._text, position)
        return match.end() if match else position

    def _members(self, start: int) -> list[tuple[str, int]]:
        """The names of the object at ``start`` with the offsets of their values."""
        found = self._parts.get(start)
        if found is None:
            found = self._parts[start] = list(self._read_members(start))
        return found

    def _items(self, start: int) -> list[int]:
        """The offsets of the items of the array at ``start``."""
        found = self._parts.get(start)
        if found is None:
            found = self._parts[start] = [("", place) for place in self._read_items(start)]
        return [place for _, place in found]

    def _read_members(self, start: int) -> Iterator[tuple[str, int]]:
        position = self._skip(start + 1)
        while self._text[position] != "}":
            name, end = scanstring(self._text, position + 1, False)
            place = self._skip(self._skip(end) + 1)
            yield name, place
            position = self._after(place)

    def _read_items(self, start: int) -> Iterator[int]:
        position = self._skip(start + 1)
        while self._text[position] != "]":
            yield position
            position = self._after(position)

    def _after(self, place: int) -> int:
        """The offset of what comes after the value at ``place`` and its comma."""
        position = self._skip(_decode(self._text, place)[1])
        return self._skip(position + 1) if self._text[position] == "," else position


def _step(members: list[tuple[str, int]], path: str) -> tuple[int | None, str]:
    """(the member that the path begins with, the rest of the path); names may have dots, so the longest that fits counts."""
    lowered = path.lower()
    best: int | None = None
    taken = -1
    for name, place in members:
        length = len(name)
        if length > taken and path[length : length + 1] in ("", ".", "[") and lowered.startswith(name.lower()):
            best, taken = place, length
    return best, path[taken:].removeprefix(".") if best is not None else path
