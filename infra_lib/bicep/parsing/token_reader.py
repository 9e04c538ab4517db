"""What all parts of the parser share: the place in the tokens, what is expected there, and how a mistake is got over.

A rule that meets a token it cannot use raises :class:`UnexpectedTokenError`. The nearest :meth:`TokenReader.recover` around it
skips to a token where parsing can go on, leaves a :class:`~infra_lib.bicep.syntax.Skipped` node in the tree, and makes the
finding. Findings that were made inside the skipped text are dropped: one mistake is reported once.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from infra_lib.bicep.findings import Finding
from infra_lib.bicep.parsing.lexer import Tokens
from infra_lib.bicep.syntax import Expression, Identifier, Node, Skipped

MAX_DEPTH = 400
"""How many expressions or types may be nested in each other. Resource Manager itself takes far less."""

Parsed = TypeVar("Parsed")


class UnexpectedTokenError(Exception):
    """A token that does not fit; carries the finding that says so."""

    def __init__(self, finding: Finding) -> None:
        self.finding = finding


class NestingError(Exception):
    """The source is nested deeper than MAX_DEPTH at ``offset``; ends the parsing of the file."""

    def __init__(self, offset: int) -> None:
        self.offset = offset


class TokenReader:
    """A position in the tokens. ``findings`` are the parser's alone; the lexer's are in the tokens."""

    def __init__(self, tokens: Tokens) -> None:
        self.tokens = tokens
        self.kinds = tokens.kinds
        self.starts = tokens.starts
        self.ends = tokens.ends
        self.values = tokens.values
        self.pos = 0
        self.depth = 0
        self.longest_chain = 0
        self.repeated_keys = False
        self.findings: list[Finding] = []

    # ------------------------------------------------------------------------------------------ expectations

    def unexpected(self, code: str, at: int | None = None, **names: Any) -> UnexpectedTokenError:
        """The exception for the current token, or the token ``at``; a line end is reported as the empty span before it."""
        pos = self.pos if at is None else at
        start = self.starts[pos]
        end = start if self.kinds[pos] == "newline" else self.ends[pos]
        return UnexpectedTokenError(Finding(code, start, end, **names))

    def expect(self, kind: str) -> int:
        """Read the punctuation ``kind`` and return the offset behind it; BCP018 where something else stands."""
        pos = self.pos
        if self.kinds[pos] != kind:
            raise self.unexpected("BCP018", character=kind)
        self.pos = pos + 1
        return self.ends[pos]

    def expect_keyword(self, keyword: str, code: str = "BCP012") -> int:
        """Read a word that is a keyword here and return the offset behind it."""
        if not self.at_keyword(keyword):
            raise self.unexpected(code, keyword=keyword)
        self.pos += 1
        return self.ends[self.pos - 1]

    def at_keyword(self, keyword: str) -> bool:
        """True when the current token is that word."""
        return self.kinds[self.pos] == "identifier" and self.values[self.pos] == keyword

    def peek_past_newlines(self, pos: int) -> int:
        """The index of the first token from ``pos`` on that is no line end."""
        while self.kinds[pos] == "newline":
            pos += 1
        return pos

    def skip_newlines(self) -> None:
        """Go over any line ends."""
        while self.kinds[self.pos] == "newline":
            self.pos += 1

    def identifier(self, code: str) -> Identifier:
        """Read a name; ``code`` where there is none."""
        pos = self.pos
        if self.kinds[pos] != "identifier":
            raise self.unexpected(code)
        self.pos = pos + 1
        return Identifier(self.starts[pos], self.ends[pos], self.values[pos] or "")

    def identifier_or_empty(self, code: str) -> Identifier:
        """Read a name; where there is none, report ``code`` at an empty span and go on from the same token."""
        if self.kinds[self.pos] == "identifier":
            return self.identifier(code)
        start = self.starts[self.pos]
        self.findings.append(Finding(code, start, start))
        return Identifier(start, start, "", valid=False)

    def identifier_with_recovery(self, code: str, *until: str) -> Identifier:
        """Read a name; where there is none, skip to one of ``until``."""
        found = self.recover(lambda: self.identifier(code), False, *until)
        return found if isinstance(found, Identifier) else Identifier(found.start, found.end, "", valid=False)

    # ------------------------------------------------------------------------------------------ recovery

    def empty(self, code: str | None = None, **names: Any) -> Skipped:
        """A missing part at the current token, reported under ``code`` if one is given."""
        start = self.starts[self.pos]
        if code is not None:
            self.findings.append(Finding(code, start, start, **names))
        return Skipped(start, start)

    def recover(self, rule: Callable[[], Parsed], silent: bool, *until: str) -> Parsed | Skipped:
        """What ``rule`` returns; where it fails, the text up to the next token of the kinds ``until``, skipped.

        ``silent`` leaves the finding out: for a part whose predecessor is missing altogether.
        """
        start, known = self.pos, len(self.findings)
        try:
            return rule()
        except UnexpectedTokenError as error:
            return self.skip_from(start, known, error, silent, until)

    def skip_from(self, start: int, known: int, error: UnexpectedTokenError, silent: bool, until: tuple[str, ...]) -> Skipped:
        """Skip from the token ``start`` to one of ``until`` after a failed rule; ``known`` counts the findings before it."""
        del self.findings[known:]
        skipped = self.skip_to(start, until)
        if not silent:
            self.findings.append(error.finding)
        return skipped

    def skip_to(self, start: int, until: tuple[str, ...]) -> Skipped:
        """Advance to a token of the kinds ``until`` (or the end); the span from token ``start`` to there."""
        kinds, pos = self.kinds, self.pos
        while kinds[pos] not in until and kinds[pos] != "end":
            pos += 1
        self.pos = pos
        first = self.starts[start]
        return Skipped(first, self.ends[pos - 1] if pos > start else first)

    def expression_or_skipped(self, node: Expression, code: str, start: int) -> Expression:
        """The node unless it was skipped; then ``code`` at the token ``start``, as an exception (the position stays)."""
        if type(node) is Skipped:
            raise self.unexpected(code, at=start)
        return node

    # ------------------------------------------------------------------------------------------ lists

    def elements(self, close: str, element: Callable[[], Parsed | None]) -> list[Parsed]:
        """The elements up to ``close``, which is not read; they stand on lines of their own or between commas.

        ``element`` may return None for something that leaves nothing in the tree.
        """
        kinds = self.kinds
        items: list[Parsed] = []
        if kinds[self.pos] == close:
            return items
        self.skip_newlines()
        while True:
            kind = kinds[self.pos]
            if kind == close or kind == "end":
                return items
            item = element()
            if item is not None:
                items.append(item)
            kind = kinds[self.pos]
            if kind == "newline":
                self.skip_newlines()
            elif kind == ",":
                self.pos += 1
                if kinds[self.pos] == "newline":
                    self.empty("BCP238")
                    self.pos += 1
            elif kind != close and kind != "end":
                self.empty("BCP236")

    def arguments(self, close: str, argument: Callable[[], Parsed]) -> list[Parsed]:
        """The arguments up to ``close``, which is not read; commas stand between them, lines may break after ``(`` and ``,``."""
        kinds = self.kinds
        items: list[Parsed] = []
        if kinds[self.pos] == close:
            return items
        self.skip_newlines()
        while kinds[self.pos] not in (close, "end"):
            items.append(argument())
            kind = kinds[self.pos]
            if kind == "newline":
                after = self.argument_line_end()
                if kinds[after] == "end":
                    return items
                if kinds[after] != close:
                    self.empty("BCP237")
                self.skip_newlines()
            elif kind == ",":
                self.pos += 1
                self.skip_newlines()
                if kinds[self.pos] == close:
                    items.append(argument())
            elif kind not in (close, "end"):
                self.empty("BCP236")
        return items

    def argument_line_end(self) -> int:
        """The token that counts as the one after a line end in arguments: lines that hold a comment alone are skipped."""
        pos = self.pos + 1
        while self.kinds[pos] == "newline" and self.tokens.text[self.ends[pos - 1] : self.starts[pos]].strip(" \t"):
            pos += 1
        return pos


def missing(node: Node) -> bool:
    """True for a part that is not there at all: what follows it is then not reported once more."""
    return node.start == node.end and (type(node) is Skipped or (type(node) is Identifier and not node.valid))
