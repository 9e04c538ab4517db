"""Changes to a JSON text that leave everything else in it as it was: order, indentation, comments, line ends."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from infra_lib.parameters.json_text import JsonArray, JsonMember, JsonNode, JsonObject
from infra_lib.parameters.literals import json_literal

LINE_LIMIT = 120
_line_rest = re.compile(r"(?:[ \t]+|//[^\r\n]*|/\*.*?\*/)*", re.DOTALL).match
_comma = re.compile(r"(?:[ \t\r\n]+|//[^\r\n]*|/\*.*?\*/)*,", re.DOTALL).match


class Splice(NamedTuple):
    """Replace the text from ``start`` to ``end`` with ``text``."""

    start: int
    end: int
    text: str


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
        elif isinstance(node, JsonArray) and isinstance(value, list) and len(node.items) == len(value):
            for item, wanted in zip(node.items, value, strict=True):
                self.change(item, wanted)
        else:
            self.splices.append(Splice(node.start, node.end, self.written(value, node)))

    def change_object(self, node: JsonObject, value: dict[str, Any]) -> None:
        """Change, remove and append members; those that stay keep their order."""
        for member in node.members:
            if member.name in value:
                self.change(member.node, value[member.name])
        kept = [member for member in node.members if member.name in value]
        added = [name for name in value if name not in node.value]
        if not kept:
            self.refill(node, value)
            return
        self.remove(node, kept, bool(added))
        if added:
            self.append(node, kept[-1], {name: value[name] for name in added})

    def refill(self, node: JsonObject, value: dict[str, Any]) -> None:
        """Write an object anew of which no member stays; comments in an empty one are kept."""
        if node.members or not self.text[node.start + 1 : node.end - 1].strip():
            self.splices.append(Splice(node.start, node.end, self.written(value, node)))
            return
        break_ = self.newline + self.line_indent(node.start) + self.unit
        members = [f"{json_literal(name)}: {self.literal(item, break_)}" for name, item in value.items()]
        self.splices.append(Splice(node.start + 1, node.start + 1, "".join(break_ + text for text in _joined(members))))

    def remove(self, node: JsonObject, kept: list[JsonMember], more_follow: bool) -> None:
        """Take out the members that are not kept, with their lines; the last one left has no comma unless more follow."""
        for member in node.members:
            if member in kept:
                continue
            comma = _comma(self.text, member.node.end)
            start, end = member.start, comma.end() if comma else member.node.end
            line_start = self.line_start(start)
            if not self.text[line_start:start].strip():
                rest = _line_rest(self.text, end)
                line_end = self.after_newline(rest.end() if rest else end)
                if line_end is not None:
                    start, end = line_start, line_end
            self.splices.append(Splice(start, end, ""))
        last = kept[-1]
        comma = _comma(self.text, last.node.end)
        if comma and not more_follow:
            self.splices.append(Splice(comma.end() - 1, comma.end(), ""))

    def append(self, node: JsonObject, last: JsonMember, members: dict[str, Any]) -> None:
        """Write members after the last one that stays."""
        text = self.text
        line_start = self.line_start(last.start)
        own_line = not text[line_start : last.start].strip() and line_start > node.start
        break_ = self.newline + text[line_start : last.start] if own_line else " "
        comma = _comma(text, last.node.end)
        if comma is None:
            self.splices.append(Splice(last.node.end, last.node.end, ","))
        place = comma.end() if comma else last.node.end
        if own_line:
            rest = _line_rest(text, place)
            place = rest.end() if rest else place
        written = [f"{json_literal(name)}: {self.literal(item, break_)}" for name, item in members.items()]
        self.splices.append(Splice(place, place, "".join(break_ + item for item in _joined(written))))

    def written(self, value: Any, node: JsonNode) -> str:
        """A value in the place of ``node``: on one line where that was, or where the whole text is; else indented."""
        was_container = isinstance(node, JsonArray | JsonObject) and bool(node.value)
        one_line = not self.multi_line or (was_container and not _has_line_end(self.text[node.start : node.end]))
        text = json_literal(value)
        if one_line and (not self.multi_line or node.start - self.line_start(node.start) + len(text) <= LINE_LIMIT):
            return text
        return json_literal(value, indent=self.unit, prefix=self.line_indent(node.start), newline=self.newline)

    def literal(self, value: Any, break_: str) -> str:
        """A value in a new member; ``break_`` is what stands before that member."""
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
