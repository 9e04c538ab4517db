"""Changes to a JSON text that leave everything else in it as it was: order, indentation, comments, line ends."""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import takewhile
from typing import Any, NamedTuple

from infra_lib.parameters.json_text import JsonArray, JsonNode, JsonObject
from infra_lib.parameters.literals import json_literal

LINE_LIMIT = 120
line_rest = re.compile(r"(?:[ \t]++|//[^\r\n]*+|(?>/\*.*?\*/))*+", re.DOTALL).match
_comma = re.compile(r"(?:[ \t\r\n]++|//[^\r\n]*+|(?>/\*.*?\*/))*+,", re.DOTALL).match


class Splice(NamedTuple):
    """Replace the text from ``start`` to ``end`` with ``text``."""

    start: int
    end: int
    text: str


class _Part(NamedTuple):
    """A member or an item: its span, and whether it stays."""

    start: int
    end: int
    kept: bool


def apply(text: str, splices: list[Splice]) -> str:
    """The text after all replacements, which do not overlap; those at one place are done in the order given."""
    parts: list[str] = []
    position = 0
    for splice in sorted(splices, key=lambda splice: splice.start):
        parts.append(text[position : splice.start])
        parts.append(splice.text)
        position = max(splice.end, position)
    parts.append(text[position:])
    return "".join(parts)


def same(left: Any, right: Any) -> bool:
    """Equality as JSON sees it: 1, 1.0 and true are three values, and the order of names in an object does not matter."""
    if type(left) is not type(right):
        return False
    if isinstance(left, dict):
        return left.keys() == right.keys() and all(same(item, right[key]) for key, item in left.items())
    if isinstance(left, list):
        return len(left) == len(right) and all(map(same, left, right))
    return bool(left == right)


def edit_json(text: str, root: JsonNode, value: Any) -> str:
    """The text changed so that it reads as ``value``; what is equal in both stays as it is written.

    ``root`` is the tree of ``text``, ``value`` plain JSON data.
    """
    editor = _Editor(text, root)
    editor.change(root, value)
    return apply(text, editor.splices)


class _Editor:
    """Collects the replacements for one text."""

    def __init__(self, text: str, root: JsonNode) -> None:
        self.text = text
        self.splices: list[Splice] = []
        self.newline = newline_of(text)
        self.unit = self.indent_unit(root)
        self.multi_line = "\n" in text[root.start : root.end] or "\r" in text[root.start : root.end]

    def change(self, node: JsonNode, value: Any) -> None:
        """Make ``node`` read as ``value``."""
        if same(node.value, value):
            return
        if isinstance(node, JsonObject) and isinstance(value, dict) and len(node.members) == len(node.value):
            self.change_object(node, value)
        elif isinstance(node, JsonArray) and isinstance(value, list):
            self.change_array(node, value)
        else:
            self.splices.append(Splice(node.start, node.end, self.written(value, node)))

    def change_object(self, node: JsonObject, value: dict[str, Any]) -> None:
        """Change, remove and append members; those that stay keep their order."""
        for member in node.members:
            if member.name in value:
                self.change(member.node, value[member.name])
        parts = [_Part(member.start, member.node.end, member.name in value) for member in node.members]
        added = {name: item for name, item in value.items() if name not in node.value}
        if any(part.kept for part in parts):
            self.remove(parts, more_follow=bool(added))
            self.append(node.start, parts, lambda break_: self.members(added, break_))
        elif node.members or self.text[node.start + 1 : node.end - 1].strip() == "":
            self.splices.append(Splice(node.start, node.end, self.written(value, node)))
        else:
            break_ = self.newline + self.line_indent(node.start) + self.unit
            written = "".join(break_ + text for text in _joined(self.members(value, break_)))
            self.splices.append(Splice(node.start + 1, node.start + 1, written))

    def change_array(self, node: JsonArray, value: list[Any]) -> None:
        """Change items one by one where their number stays; else keep those that are equal at the start."""
        if len(node.items) == len(value):
            for item, wanted in zip(node.items, value, strict=True):
                self.change(item, wanted)
            return
        pairs = zip(node.items, value, strict=False)
        equal = sum(1 for _ in takewhile(lambda pair: same(pair[0].value, pair[1]), pairs))
        if not equal:
            self.splices.append(Splice(node.start, node.end, self.written(value, node)))
            return
        parts = [_Part(item.start, item.end, index < equal) for index, item in enumerate(node.items)]
        added = value[equal:]
        self.remove(parts, more_follow=bool(added))
        self.append(node.start, parts, lambda break_: [self.literal(item, break_) for item in added])

    def remove(self, parts: list[_Part], more_follow: bool) -> None:
        """Take out the parts that are not kept, with their lines; the last one left has no comma unless more follow."""
        for part in parts:
            if part.kept:
                continue
            comma = _comma(self.text, part.end)
            start, end = part.start, comma.end() if comma else part.end
            line_start = self.line_start(start)
            if not self.text[line_start:start].strip():
                rest = line_rest(self.text, end)
                line_end = self.after_newline(rest.end() if rest else end)
                if line_end is not None:
                    start, end = line_start, line_end
            self.splices.append(Splice(start, end, ""))
        last = [part for part in parts if part.kept][-1]
        comma = _comma(self.text, last.end)
        if comma and not more_follow:
            self.splices.append(Splice(comma.end() - 1, comma.end(), ""))

    def append(self, container: int, parts: list[_Part], write: Callable[[str], list[str]]) -> None:
        """Write more parts after the last one that stays. ``write`` gets what stands before each of them."""
        text = self.text
        last = [part for part in parts if part.kept][-1]
        line_start = self.line_start(last.start)
        own_line = not text[line_start : last.start].strip() and line_start > container
        break_ = self.newline + text[line_start : last.start] if own_line else " "
        written = write(break_)
        if not written:
            return
        comma = _comma(text, last.end)
        if comma is None:
            self.splices.append(Splice(last.end, last.end, ","))
        place = comma.end() if comma else last.end
        if own_line:
            rest = line_rest(text, place)
            place = rest.end() if rest else place
        self.splices.append(Splice(place, place, "".join(break_ + item for item in _joined(written))))

    def members(self, members: dict[str, Any], break_: str) -> list[str]:
        """The text of each member; ``break_`` is what will stand before it."""
        return [f"{json_literal(name)}: {self.literal(item, break_)}" for name, item in members.items()]

    def written(self, value: Any, node: JsonNode) -> str:
        """A value in the place of ``node``: on one line where that was, or where the whole text is; else indented."""
        old = self.text[node.start : node.end]
        was_container = isinstance(node, JsonArray | JsonObject) and bool(node.value)
        one_line = not self.multi_line or (was_container and not _has_line_end(old))
        text = json_literal(value)
        if was_container and old[1] == " " and text[0] in "[{" and len(text) > 2:
            text = f"{text[0]} {text[1:-1]} {text[-1]}"
        if one_line and (not self.multi_line or node.start - self.line_start(node.start) + len(text) <= LINE_LIMIT):
            return text
        return json_literal(value, indent=self.unit, prefix=self.line_indent(node.start), newline=self.newline)

    def literal(self, value: Any, break_: str) -> str:
        """A value in a new member or item; ``break_`` is what stands before that."""
        if break_ == " ":
            return json_literal(value)
        return json_literal(value, indent=self.unit, prefix=break_[len(self.newline) :], newline=self.newline)

    # ------------------------------------------------------------------------------------------ places

    def line_start(self, offset: int) -> int:
        """The offset of the first character of a line."""
        return max(self.text.rfind("\n", 0, offset), self.text.rfind("\r", 0, offset)) + 1

    def line_indent(self, offset: int) -> str:
        """The white space that the line of ``offset`` starts with."""
        line = self.text[self.line_start(offset) : offset]
        return line[: len(line) - len(line.lstrip(" \t"))]

    def after_newline(self, offset: int) -> int | None:
        """The offset after the line end at ``offset``, None where there is none."""
        if self.text.startswith("\r\n", offset):
            return offset + 2
        return offset + 1 if self.text[offset : offset + 1] in ("\n", "\r") else None

    def indent_unit(self, root: JsonNode) -> str:
        """One step of indentation: that of the first member, else two spaces."""
        if isinstance(root, JsonObject) and root.members:
            first = root.members[0].start
            indent = self.text[self.line_start(first) : first]
            if indent and not indent.strip():
                return indent.removeprefix(self.line_indent(root.start)) or "  "
        return "  "


def newline_of(text: str) -> str:
    """The line end that a text uses first; LF where it has none."""
    match = re.search(r"\r\n|\n|\r", text)
    return match.group() if match else "\n"


def _has_line_end(text: str) -> bool:
    return "\n" in text or "\r" in text


def _joined(members: list[str]) -> list[str]:
    return [text + ("," if index < len(members) - 1 else "") for index, text in enumerate(members)]
