"""JSON text with positions: what stands where in a parameter file, and everything that is wrong with it as JSON.

Read is what Azure's own tools read: JSON with ``//`` and ``/* */`` comments, in UTF-8 or UTF-16, with or without a byte order
mark. Mistakes that leave no doubt about what was meant (a trailing or a missing comma, a single quote, ``True``) are reported
and read past, so that one look at the file finds them all; others end the reading. Size, depth and the number of findings are
bounded.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from json import JSONDecodeError
from json.decoder import scanstring as _scan_string  # type: ignore[attr-defined]
from typing import Any, NamedTuple, NoReturn

from infra_lib.bicep.findings import Finding

MAXIMUM_SIZE = 4 * 1024 * 1024
"""Bytes. Resource Manager takes parameter files and templates of up to 4 MB."""

MAXIMUM_DEPTH = 64
"""Levels of nesting that Resource Manager's own JSON reader takes."""

MAXIMUM_FINDINGS = 50
"""After so many mistakes the text is given up as not being JSON."""


class JsonNode:
    """A value of the text. ``value`` is its plain Python form, ``start`` and ``end`` its span in code points."""

    __slots__ = ("end", "start", "value")

    def __init__(self, start: int, end: int, value: Any) -> None:
        self.start = start
        self.end = end
        self.value = value


class JsonMember:
    """A name and its value in an object; ``start`` and ``end`` span the name with its quotation marks."""

    __slots__ = ("end", "name", "node", "start")

    def __init__(self, start: int, end: int, name: str, node: JsonNode) -> None:
        self.start = start
        self.end = end
        self.name = name
        self.node = node


class JsonArray(JsonNode):
    """``[...]``"""

    __slots__ = ("items",)

    def __init__(self, start: int, end: int, items: list[JsonNode]) -> None:
        super().__init__(start, end, [item.value for item in items])
        self.items = items


class JsonObject(JsonNode):
    """``{...}``; ``members`` holds every member, also the earlier ones of a name that is given twice."""

    __slots__ = ("members",)

    def __init__(self, start: int, end: int, members: list[JsonMember]) -> None:
        super().__init__(start, end, {member.name: member.node.value for member in members})
        self.members = members

    def member(self, name: str) -> JsonMember | None:
        """The member of that exact name (the last one, where it is given twice)."""
        for member in reversed(self.members):
            if member.name == name:
                return member
        return None

    def get(self, name: str) -> JsonNode | None:
        """The value of that exact name."""
        member = self.member(name)
        return member.node if member else None


class Encoding(NamedTuple):
    """How a file's text is stored: a codec, and the byte order mark that comes first (may be empty)."""

    codec: str
    mark: bytes

    def encode(self, text: str) -> bytes:
        """The bytes of a file with this text."""
        return self.mark + text.encode(self.codec)


UTF_8 = Encoding("utf-8", b"")

_MARKS = (
    Encoding("utf-8", codecs.BOM_UTF8),
    Encoding("utf-16-le", codecs.BOM_UTF16_LE),
    Encoding("utf-16-be", codecs.BOM_UTF16_BE),
)


def detect_encoding(data: bytes) -> Encoding:
    """The encoding of a file: by its byte order mark, by the zero bytes of unmarked UTF-16, else UTF-8."""
    for encoding in _MARKS:
        if data.startswith(encoding.mark):
            return encoding
    if len(data) >= 2 and len(data) % 2 == 0:
        if data[0] and not data[1]:
            return Encoding("utf-16-le", b"")
        if data[1] and not data[0]:
            return Encoding("utf-16-be", b"")
    return UTF_8


def decode(data: bytes) -> tuple[str, Encoding, list[Finding]]:
    """Return the text of a file's bytes, how it was stored, and what is to be said about that.

    Bytes that do not decode are an error at their place; the text then has U+FFFD there.
    """
    encoding = detect_encoding(data)
    body = data[len(encoding.mark) :]
    findings: list[Finding] = []
    try:
        text = body.decode(encoding.codec)
    except UnicodeDecodeError as error:
        before = len(body[: error.start].decode(encoding.codec, "replace"))
        text = body.decode(encoding.codec, "replace")
        shown = " ".join(f"{byte:02X}" for byte in body[error.start : error.start + 1])
        findings.append(Finding("INF113", before, before + 1, bytes=shown, encoding=encoding.codec.upper()))
    if encoding.codec != "utf-8":
        findings.append(Finding("INF114", 0, 0))
    return text, encoding, findings


class JsonText(NamedTuple):
    """A text that was read. ``root`` is None where reading had to be given up."""

    text: str
    root: JsonNode | None
    findings: list[Finding]


def read_json(text: str) -> JsonText:
    """Read a text as JSON with comments. Never raises for what stands in it."""
    reader = _Reader(text)
    root: JsonNode | None = None
    try:
        root = reader.read()
    except _GiveUpError:
        root = None
    return JsonText(text, root, reader.findings)


_blank = re.compile(r"[ \t\n\r]*").match
_comments = re.compile(r"(?:[ \t\n\r]+|//[^\n\r]*|/\*.*?\*/)*", re.DOTALL).match
number_text = re.compile(r"-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?(?![\w.+])").match
_number_like = re.compile(r"[-+.]*[0-9][\w.+-]*").match
_word = re.compile(r"[-+]?[A-Za-z_$][\w$-]*").match
_single_quoted = re.compile(r"'(?:[^'\\\n\r]|\\.)*'").match

_LITERALS = {"true": True, "false": False, "null": None}
_MISSPELT = {
    "true": "true", "yes": "true", "on": "true", "false": "false", "no": "false", "off": "false",
    "null": "null", "none": "null", "nil": "null", "undefined": "null",
}  # fmt: skip
_NOT_FINITE = {"nan", "infinity", "inf"}
_STARTS_A_VALUE = frozenset('"{[-0123456789tfn')


class _GiveUpError(Exception):
    """The rest of the text cannot be read; the reason is among the findings."""


class _Reader:
    """One pass over one text."""

    __slots__ = ("findings", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        self.findings: list[Finding] = []

    def read(self) -> JsonNode:
        """The one value that the text has to be."""
        start = self.skip(0)
        if start == len(self.text):
            self.give_up("INF101", 0, 0)
        root = self.value(start, 1)
        rest = self.skip(root.end)
        if rest != len(self.text):
            code = "INF119" if self.text[rest] in "]}" else "INF111"
            self.report(code, rest, rest + 1, found=self.text[rest])
        return root

    # ------------------------------------------------------------------------------------------ reporting

    def report(self, code: str, start: int, end: int, *, fix: str | None = None, **names: Any) -> None:
        """Note a mistake and go on, unless there are too many."""
        self.findings.append(Finding(code, start, end, fix=fix, **names))
        if len(self.findings) >= MAXIMUM_FINDINGS:
            self.findings.append(Finding("INF117", start, end, count=MAXIMUM_FINDINGS))
            raise _GiveUpError

    def give_up(self, code: str, start: int, end: int, **names: Any) -> NoReturn:
        """Note a mistake that the reading cannot go past."""
        self.findings.append(Finding(code, start, end, **names))
        raise _GiveUpError

    def unexpected(self, position: int, expected: str) -> NoReturn:
        """Something else stands where ``expected`` should."""
        found = self.text[position : position + 1]
        self.give_up("INF102", position, min(position + 1, len(self.text)), expected=expected, found=_shown(found))

    # ------------------------------------------------------------------------------------------ reading

    def skip(self, position: int) -> int:
        """The position after white space and comments."""
        position = _blank(self.text, position).end()  # type: ignore[union-attr]
        if self.text.startswith("/", position):
            position = _comments(self.text, position).end()  # type: ignore[union-attr]
            if self.text.startswith("/*", position):
                self.give_up("INF109", position, position + 2)
        return position

    def value(self, position: int, depth: int) -> JsonNode:
        """The value that starts at ``position``."""
        text = self.text
        character = text[position : position + 1]
        if character == '"':
            string, end = self.string(position)
            return JsonNode(position, end, string)
        if character == "{":
            return self.object(position, depth)
        if character == "[":
            return self.array(position, depth)
        match = number_text(text, position)
        if match is not None:
            return self.number(position, match)
        word = _word(text, position)
        if word is not None:
            name = word.group()
            if name in _LITERALS:
                return JsonNode(position, word.end(), _LITERALS[name])
            return self.wrong_word(position, name)
        if character == "'":
            return self.single_quoted(position)
        like = _number_like(text, position)
        if like is not None:
            self.report("INF108", position, like.end(), found=_short(like.group()))
            return JsonNode(position, like.end(), None)
        return self.unexpected(position, "a value")

    def object(self, start: int, depth: int) -> JsonObject:
        """``{ "name": value, ... }``"""
        self.check_depth(start, depth)
        members: list[JsonMember] = []
        seen: dict[str, JsonMember] = {}
        position = self.skip(start + 1)
        text = self.text
        comma = -1
        while True:
            if position >= len(text):
                self.give_up("INF116", start, start + 1, bracket="{", closing="}")
            if text[position] == "}":
                if comma >= 0:
                    self.report("INF105", comma, comma + 1, closing="}")
                return JsonObject(start, position + 1, members)
            name, end = self.name(position)
            colon = self.skip(end)
            if not text.startswith(":", colon):
                self.unexpected(colon, f'":" after "{_short(name)}"')
            node = self.value(self.skip(colon + 1), depth + 1)
            member = JsonMember(position, end, name, node)
            if name in seen:
                self.report("INF107", position, end, name=_short(name), line=self.line(seen[name].start))
            seen[name] = member
            members.append(member)
            position, comma = self.separator(node.end, "}", '"')

    def array(self, start: int, depth: int) -> JsonArray:
        """``[ value, ... ]``"""
        self.check_depth(start, depth)
        items: list[JsonNode] = []
        position = self.skip(start + 1)
        comma = -1
        while True:
            if position >= len(self.text):
                self.give_up("INF116", start, start + 1, bracket="[", closing="]")
            if self.text[position] == "]":
                if comma >= 0:
                    self.report("INF105", comma, comma + 1, closing="]")
                return JsonArray(start, position + 1, items)
            item = self.value(position, depth + 1)
            items.append(item)
            position, comma = self.separator(item.end, "]", _STARTS_A_VALUE)

    def separator(self, end: int, closing: str, next_starts: str | frozenset[str]) -> tuple[int, int]:
        """Step over the comma after a value: the position of what follows, and of the comma (-1 for none)."""
        position = self.skip(end)
        character = self.text[position : position + 1]
        if character == ",":
            following = self.skip(position + 1)
            while self.text.startswith(",", following):
                self.report("INF102", following, following + 1, expected="a value", found=_shown(","))
                following = self.skip(following + 1)
            return following, position
        if character == closing or not character:
            return position, -1
        if character in next_starts:
            self.report("INF106", end, end + 1)
            return position, -1
        return self.unexpected(position, f'"," or "{closing}"')

    def name(self, position: int) -> tuple[str, int]:
        """A member's name, also where its quotation marks are missing or single."""
        character = self.text[position]
        if character == '"':
            return self.string(position)
        if character == "'":
            node = self.single_quoted(position)
            return node.value, node.end
        word = _word(self.text, position)
        if word is None:
            self.unexpected(position, 'a name in quotation marks or "}"')
        self.report("INF112", position, word.end(), found=_short(word.group()), text=_short(word.group()))
        return word.group(), word.end()

    def string(self, start: int) -> tuple[str, int]:
        """A string in quotation marks: its text and its end."""
        try:
            text, end = _scan_string(self.text, start + 1, True)
        except JSONDecodeError as error:
            if error.msg.startswith("Unterminated"):
                self.give_up("INF103", start, start + 1)
            if error.msg.startswith("Invalid control") and self.text[error.pos] in "\r\n":
                self.give_up("INF103", start, error.pos)
            self.give_up("INF104", error.pos, error.pos + 1, found=_shown(self.text[error.pos : error.pos + 2]))
        return text, end

    def single_quoted(self, start: int) -> JsonNode:
        """``'text'``, which is not JSON."""
        match = _single_quoted(self.text, start)
        if match is None:
            self.give_up("INF103", start, start + 1)
        inner = match.group()[1:-1]
        self.report("INF112", start, match.end(), found=_short(match.group()), text=_short(inner))
        return JsonNode(start, match.end(), inner)

    def number(self, start: int, match: re.Match[str]) -> JsonNode:
        """A number, as int or float."""
        written = match.group()
        if len(written) > 400 or (match.lastindex and float(written) in (float("inf"), float("-inf"))):
            self.report("INF118", start, match.end(), found=_short(written))
            return JsonNode(start, match.end(), None)
        return JsonNode(start, match.end(), float(written) if match.lastindex else int(written))

    def wrong_word(self, start: int, name: str) -> JsonNode:
        """A word that JSON does not have."""
        plain = name.lstrip("+-").lower()
        if plain in _NOT_FINITE:
            self.report("INF108", start, start + len(name), found=name)
        else:
            meant = _MISSPELT.get(plain)
            expected = meant or f'"{_short(name)}" if it is text'
            self.report("INF100", start, start + len(name), found=_short(name), expected=expected)
        return JsonNode(start, start + len(name), None)

    def check_depth(self, start: int, depth: int) -> None:
        """Stop where the text is nested too deep."""
        if depth > MAXIMUM_DEPTH:
            self.give_up("INF110", start, start + 1, limit=MAXIMUM_DEPTH)

    def line(self, offset: int) -> int:
        """The line of an offset, from 1."""
        before = self.text[:offset]
        return before.count("\n") + before.count("\r") - before.count("\r\n") + 1


def _short(text: str) -> str:
    return text if len(text) <= 40 else text[:37] + "..."


def _shown(found: str) -> str:
    if not found:
        return "the end of the file"
    return (
        f'"{found}"'
        if found.isprintable() and found != '"'
        else {'"': "a quotation mark", "\n": "a line end"}.get(found, f"U+{ord(found[0]):04X}")
    )


def node_at(root: JsonNode, path: tuple[str | int, ...]) -> JsonNode | None:
    """The node that a path of names and indexes leads to, or None."""
    node: JsonNode | None = root
    for step in path:
        if isinstance(node, JsonObject) and isinstance(step, str):
            node = node.get(step)
        elif isinstance(node, JsonArray) and isinstance(step, int) and 0 <= step < len(node.items):
            node = node.items[step]
        else:
            return None
    return node


def walk(node: JsonNode, path: tuple[str | int, ...] = ()) -> Iterator[tuple[tuple[str | int, ...], JsonNode]]:
    """Every node below and including ``node`` with its path."""
    yield path, node
    if isinstance(node, JsonObject):
        for member in node.members:
            yield from walk(member.node, (*path, member.name))
    elif isinstance(node, JsonArray):
        for index, item in enumerate(node.items):
            yield from walk(item, (*path, index))


def pointer(path: tuple[str | int, ...]) -> str:
    """The JSON pointer (RFC 6901) of a path."""
    return "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in path)
