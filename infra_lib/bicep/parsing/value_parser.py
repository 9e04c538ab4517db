"""Values as they are written out: literals, strings, arrays and objects."""

from __future__ import annotations

from infra_lib.arm.values import MAX_INTEGER
from infra_lib.bicep.findings import Finding
from infra_lib.bicep.parsing.token_reader import TokenReader, UnexpectedTokenError, missing
from infra_lib.bicep.syntax import (
    ArraySyntax,
    BooleanLiteral,
    Expression,
    Identifier,
    IntegerLiteral,
    Node,
    NullLiteral,
    ObjectProperty,
    ObjectSyntax,
    Skipped,
    Spread,
    StringSyntax,
)

_MAX_UNSIGNED = 2**64 - 1


class ValueParser(TokenReader):
    """The rules for literals, strings, arrays and objects, in values and types."""

    def expression(self, complex: bool = True) -> Expression:
        """An expression; :class:`~infra_lib.bicep.parsing.expression_parser.ExpressionParser` has the rule."""
        raise NotImplementedError

    def literal(self) -> Expression:
        """A number, ``true``, ``false`` or ``null``, in a value or a type."""
        pos = self.pos
        start, end = self.starts[pos], self.ends[pos]
        kind = self.kinds[pos]
        if kind == "integer":
            digits = (self.values[pos] or "").lstrip("0")
            value = int(digits or "0") if len(digits) <= 20 else _MAX_UNSIGNED + 1
            if value > _MAX_UNSIGNED:
                raise self.unexpected("BCP010")
            if value > MAX_INTEGER:
                self.findings.append(Finding("BCP010", start, end))
            self.pos = pos + 1
            return IntegerLiteral(start, end, value)
        self.pos = pos + 1
        return NullLiteral(start, end) if kind == "null" else BooleanLiteral(start, end, kind == "true")

    # ------------------------------------------------------------------------------------------ strings

    def string(self) -> Expression:
        """A string of any form; a Skipped where it is broken."""
        pos = self.pos
        if self.kinds[pos] == "string":
            self.pos = pos + 1
            value = self.values[pos]
            if value is None:
                return Skipped(self.starts[pos], self.ends[pos])
            multi_line = pos in self.tokens.multi_line
            return StringSyntax(self.starts[pos], self.ends[pos], [value], [], multi_line)
        if self.kinds[pos] == "left":
            return self.interpolated_string()
        skipped = self.skip_to(pos, ("middle", "right", "newline"))
        self.findings.append(Finding("BCP064", skipped.start, skipped.end))
        return skipped

    def interpolated_string(self) -> Expression:
        """A string with holes; a Skipped where one of its pieces is broken."""
        kinds, first = self.kinds, self.pos
        start = self.starts[first]
        segments: list[str | None] = []
        expressions: list[Expression] = []
        piece_ends = ("middle", "right", "newline")
        while True:
            segments.append(self.values[self.pos])
            self.pos += 1
            hole: Expression = self.recover(lambda: self.expression(False), False, *piece_ends)
            if kinds[self.pos] not in piece_ends:
                rest = self.skip_to(self.pos, piece_ends)
                self.findings.append(Finding("BCP064", rest.start, rest.end))
                hole = Skipped(hole.start, rest.end)
            expressions.append(hole)
            kind = kinds[self.pos]
            if kind == "middle":
                continue
            if kind != "right":
                return Skipped(start, self.starts[self.pos])
            segments.append(self.values[self.pos])
            self.pos += 1
            whole = [segment for segment in segments if segment is not None]
            if len(whole) < len(segments):
                return Skipped(start, self.starts[self.pos])
            return StringSyntax(start, self.ends[self.pos - 1], whole, expressions, first in self.tokens.multi_line)

    # ------------------------------------------------------------------------------------------ arrays and objects

    def array(self) -> ArraySyntax:
        """``[ ... ]`` that is no loop."""
        start = self.starts[self.pos]
        self.pos += 1
        items = self.elements("]", self.array_element)
        return ArraySyntax(start, self.expect("]"), items)

    def array_element(self) -> Expression:
        """An item or a spread; a broken one reaches to the line end."""
        start, known = self.pos, len(self.findings)
        try:
            if self.kinds[start] == "...":
                return self.spread("]")
            return self.expression()
        except UnexpectedTokenError as error:
            return self.skip_from(start, known, error, False, ("newline", "]"))

    def spread(self, close: str) -> Spread:
        """``...expression``"""
        start = self.starts[self.pos]
        self.pos += 1
        value = self.recover(self.expression, False, ",", "newline", close)
        return Spread(start, value.end, value)

    def object(self, resources: bool) -> ObjectSyntax:
        """``{ ... }``; ``resources`` allows nested resource declarations in it."""
        start = self.starts[self.pos]
        self.expect("{")
        items = self.elements("}", self.resource_body_element if resources else self.object_element)
        if not self.repeated_keys:
            names = [item.name for item in items if type(item) is ObjectProperty]
            self.repeated_keys = len(set(names)) < len(names)
        return ObjectSyntax(start, self.expect("}"), items)

    def resource_body_element(self) -> Node | None:
        """A nested resource, or what an object holds."""
        kind = self.kinds[self.pos]
        if kind == "@" or (self.at_keyword("resource") and self.kinds[self.pos + 1] == "identifier"):
            return self.nested_declaration()
        return self.object_element()

    def nested_declaration(self) -> Node | None:
        """A nested resource; the declaration parser has the rule."""
        raise NotImplementedError

    def object_element(self) -> Node:
        """``key: value`` or a spread."""
        pos = self.pos
        kinds = self.kinds
        kind = kinds[pos]
        if kind == "...":
            return self.spread("}")
        key: Node
        if kind == "identifier":
            key = Identifier(self.starts[pos], self.ends[pos], self.values[pos] or "")
            self.pos = pos + 1
        else:
            key = self.recover(self.quoted_key, False, ":", "newline", "}")
        if kinds[self.pos] == ":":
            self.pos += 1
            silent = False
        else:
            colon = self.recover(lambda: self.expect(":"), missing(key), "newline", "}")
            silent = isinstance(colon, Skipped) and missing(colon)
        start, known = self.pos, len(self.findings)
        value: Expression
        try:
            value = self.expression()
        except UnexpectedTokenError as error:
            value = self.skip_from(start, known, error, silent, ("newline", "}"))
        return ObjectProperty(key.start, value.end, key, value)

    def quoted_key(self, code: str = "BCP022") -> Node:
        """A property name in quotes; a broken one is ``code``."""
        start = self.pos
        if self.kinds[start] not in ("string", "left"):
            raise self.unexpected(code)
        return self.expression_or_skipped(self.string(), "BCP022", start)
