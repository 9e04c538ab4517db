"""The lexer of Bicep: source text to tokens, in one pass of a compiled regular expression.

What the expression does not cover (strings with escapes or holes, multi-line strings, directives, broken text) is scanned by
hand from the place where it stopped. White space and comments are not tokens; they lie between them.

The kinds of token are ``identifier``, ``integer``, ``newline`` (one or more line ends in a row), ``string`` (complete),
``left``, ``middle`` and ``right`` (the pieces of a string with holes), ``unknown``, ``end``, and for everything else the text
itself (``{``, ``=>``, ``true``, ...).
"""

from __future__ import annotations

import re

from infra_lib.bicep.findings import Finding
from infra_lib.bicep.parsing.directives import DIRECTIVE, Directive

MAX_IDENTIFIER_LENGTH = 255

_TRIVIA = r"(?:[ \t]+|//[^\r\n]*|/\*(?s:.*?)\*/)*+"
_SKIP = re.compile(_TRIVIA)
_TOKEN = re.compile(
    _TRIVIA
    + "(?:"
    + "|".join(
        (
            r"([A-Za-z_][A-Za-z0-9_]*)",
            r"([\r\n]+)",
            r"(\.\.\.|\?\?|::|=[=~>]|![=~]|<=|>=|&&|\|\||/(?!\*)|[(){}\[\],.:;?!=<>+\-*%^@|])",
            r"('(?!'')(?:[^'\\$\r\n]+|\$(?!\{))*+')",
            r"([0-9]+)",
            r"(\Z)",
        )
    )
    + ")"
)
_IDENTIFIER, _NEWLINE, _OPERATOR, _STRING, _INTEGER, _END = range(1, 7)

_KEYWORDS = {"true": "true", "false": "false", "null": "null"}
_OPERATORS = {
    text: text
    for text in (*"/(){}[],.:;?!=<>+-*%^@|", "...", "??", "::", "==", "=~", "=>", "!=", "!~", "<=", ">=", "&&", "||")
}
_PLAIN = re.compile(r"[^'\\$\r\n]+")
_PLAIN_MULTI_LINE = re.compile(r"[^'$]+")
_HEX = re.compile(r"[0-9A-Fa-f]*")
_DOLLARS = re.compile(r"\$+")
_QUOTES = re.compile(r"'+")
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "\\": "\\", "'": "'", "$": "$"}
_SURROGATE = re.compile("[\ud800-\udfff]")
_REPLACEMENT = "\ufffd"


class Tokens:
    """The tokens of a text as parallel lists, the last one of kind ``end``.

    ``values`` holds an identifier's name, an integer's digits, a string token's unescaped text without its quotes and
    hole marks (None where the token is malformed), and the text of the others. Strings are ``multi_line`` by index.
    """

    __slots__ = ("directives", "ends", "findings", "kinds", "multi_line", "starts", "text", "values")

    def __init__(self, text: str) -> None:
        self.text = text
        self.kinds: list[str] = []
        self.starts: list[int] = []
        self.ends: list[int] = []
        self.values: list[str | None] = []
        self.multi_line: set[int] = set()
        self.findings: list[Finding] = []
        self.directives: list[Directive] = []

    def __len__(self) -> int:
        return len(self.kinds)

    def append(self, kind: str, start: int, end: int, value: str | None) -> None:
        """Add a token."""
        self.kinds.append(kind)
        self.starts.append(start)
        self.ends.append(end)
        self.values.append(value)


def replace_surrogates(text: str) -> str:
    """The text with every lone surrogate replaced by U+FFFD and every pair joined, as an encoder would write it."""
    if _SURROGATE.search(text) is None:
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def tokens(text: str) -> Tokens:
    """Split ``text`` into tokens; never raises. Time is linear in the length of the text."""
    if not text.isascii():
        text = _SURROGATE.sub(_REPLACEMENT, text)
    return _Lexer(text).run()


class _Lexer:
    """The state of one run: the text, what came out so far, and the strings whose holes are open.

    An entry of ``holes`` is the number of ``$`` of the string that the hole belongs to (0: a single-line string), or None for
    a ``{`` that was met inside a hole: from there on a ``}`` no longer closes the hole, as in the official lexer.
    """

    __slots__ = ("holes", "out", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        self.out = Tokens(text)
        self.holes: list[int | None] = []

    def run(self) -> Tokens:
        text, out, holes = self.text, self.out, self.holes
        match = _TOKEN.match
        add_kind, add_start, add_end, add_value = out.kinds.append, out.starts.append, out.ends.append, out.values.append
        position = 1 if text.startswith("\ufeff") else 0
        while True:
            found = match(text, position)
            if found is None:
                position = self.irregular(position)
                continue
            group = found.lastindex or 0
            start, position = found.span(group)
            value: str | None = found.group(group)
            if group == _IDENTIFIER:
                kind = _KEYWORDS.get(value, "identifier")  # type: ignore[arg-type]
                if position - start > MAX_IDENTIFIER_LENGTH:
                    out.findings.append(Finding("BCP024", start, position, limit=MAX_IDENTIFIER_LENGTH))
            elif group == _OPERATOR:
                kind = value = _OPERATORS[value]
                if holes:
                    if kind == "{":
                        holes.append(None)
                    elif kind == "}" and holes[-1] is not None:
                        position = self.string_piece(start, position, holes[-1], first=False)
                        continue
            elif group == _NEWLINE:
                kind = "newline"
                if holes:
                    self.close_broken_string(start)
            elif group == _STRING:
                kind = "string"
                value = text[start + 1 : position - 1]
            elif group == _INTEGER:
                kind = "integer"
            else:
                out.append("end", start, position, "")
                return out
            add_kind(kind)
            add_start(start)
            add_end(position)
            add_value(value)

    def close_broken_string(self, position: int) -> None:
        """End a string whose hole is cut by a line end: an empty last piece, and all holes are closed."""
        self.out.findings.append(Finding("BCP004", position, position))
        self.out.append("right", position, position, None)
        self.holes.clear()

    def irregular(self, position: int) -> int:
        """Scan one thing that the regular expression does not know; return the offset after it."""
        text, out = self.text, self.out
        skipped = _SKIP.match(text, position)
        start = skipped.end() if skipped else position
        first = text[start]
        if first == "/":
            out.findings.append(Finding("BCP002", start, len(text)))
            return len(text)
        if first == "#" and self.at_line_start(position, start):
            directive = DIRECTIVE.match(text, start)
            if directive is not None:
                return self.directive(directive)
        if first == "'":
            if text.startswith("'''", start):
                return self.string_piece(start, start + 3, 0, first=True, multi_line=True)
            return self.string_piece(start, start + 1, 0, first=True)
        end = start + 1
        if first == "$":
            dollars = _DOLLARS.match(text, start)
            end = dollars.end() if dollars else end
            if text.startswith("'''", end):
                return self.string_piece(start, end + 3, end - start, first=True, multi_line=True)
        out.findings.append(Finding("BCP103" if first == '"' else "BCP001", start, end, token=text[start:end]))
        out.append("unknown", start, end, text[start:end])
        return end

    def at_line_start(self, position: int, start: int) -> bool:
        kinds = self.out.kinds
        if kinds and (kinds[-1] != "newline" or self.out.ends[-1] != position):
            return False
        return not self.text[position:start].strip(" \t")

    def directive(self, found: re.Match[str]) -> int:
        codes = found["codes"].split()
        if codes:
            end = found.start("codes") + len(found["codes"].rstrip(" \t"))
        else:
            end = found.end()
            self.out.findings.append(Finding("BCP226", end, end))
        self.out.directives.append(Directive(found["keyword"], found.start(), end, codes))
        return end

    def string_piece(self, start: int, position: int, dollars: int, *, first: bool, multi_line: bool = False) -> int:
        """Scan a string, or the piece of one after a hole, from ``position`` (behind its opening mark); add its token.

        ``dollars`` is how many ``$`` stand before a hole's brace, 0 for a string of one line and for ``'''`` without holes.
        """
        out = self.out
        multi_line = multi_line or dollars > 0
        if multi_line:
            value, end, opens_hole = self.multi_line_text(start, position, dollars, first)
            out.multi_line.add(len(out))
        else:
            value, end, opens_hole = self.single_line_text(start, position)
        if opens_hole:
            if first:
                self.holes.append(dollars)
        elif not first:
            self.holes.pop()
        kind = ("left" if opens_hole else "string") if first else ("middle" if opens_hole else "right")
        out.append(kind, start, end, None if value is None else replace_surrogates(value))
        return end

    def multi_line_text(self, start: int, position: int, dollars: int, first: bool) -> tuple[str | None, int, bool]:
        text = self.text
        body = position
        if first:
            if text.startswith("\r", body):
                body += 1
            if text.startswith("\n", body):
                body += 1
        while position < len(text):
            if text[position] == "$":
                run = _DOLLARS.match(text, position)
                position = run.end() if run else position + 1
                if dollars and run and position - run.start() >= dollars and text.startswith("{", position):
                    return text[body : position - dollars], position + 1, True
            elif text[position] == "'":
                run = _QUOTES.match(text, position)
                position = run.end() if run else position + 1
                if run and position - run.start() >= 3:
                    return text[body : position - 3], position, False
            else:
                plain = _PLAIN_MULTI_LINE.match(text, position)
                position = plain.end() if plain else position + 1
        self.out.findings.append(Finding("BCP140", start, position))
        return None, position, False

    def single_line_text(self, start: int, position: int) -> tuple[str | None, int, bool]:
        text, findings = self.text, self.out.findings
        parts: list[str] = []
        valid = True
        while True:
            plain = _PLAIN.match(text, position)
            if plain is not None:
                parts.append(plain.group())
                position = plain.end()
            if position >= len(text):
                findings.append(Finding("BCP003", start, position))
                return None, position, False
            character = text[position]
            if character in "\r\n":
                findings.append(Finding("BCP004", start, position))
                return None, position, False
            if character == "'":
                return "".join(parts) if valid else None, position + 1, False
            if character == "$":
                if text.startswith("{", position + 1):
                    return "".join(parts) if valid else None, position + 2, True
                parts.append("$")
                position += 1
                continue
            if position + 1 >= len(text):
                findings.append(Finding("BCP005", start, position + 1))
                return None, position + 1, False
            escaped, position = self.escape(position)
            if escaped is None:
                valid = False
            else:
                parts.append(escaped)

    def escape(self, position: int) -> tuple[str | None, int]:
        r"""Read the escape at ``position`` (a backslash); return its text (None for a bad one) and the offset after it."""
        text, findings = self.text, self.out.findings
        letter = text[position + 1]
        if letter in _ESCAPES:
            if letter == "$" and text.startswith("{", position + 2):
                return "${", position + 3
            return _ESCAPES[letter], position + 2
        end = position + 2
        if letter != "u":
            findings.append(Finding("BCP006", position, end, escape=text[position:end]))
            return None, end
        if text.startswith("{", end):
            end += 1
            digits = _HEX.match(text, end)
            number = digits.group() if digits else ""
            end += len(number)
            if number and text.startswith("}", end):
                end += 1
                if len(number.lstrip("0")) <= 6 and int(number, 16) <= 0x10FFFF:
                    return chr(int(number, 16)), end
        if end < len(text):
            findings.append(Finding("BCP133", position, end, escape=text[position:end]))
        return None, end
