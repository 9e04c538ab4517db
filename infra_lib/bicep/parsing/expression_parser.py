"""Expressions: precedence climbing over hand-written rules."""

from __future__ import annotations

from collections.abc import Callable

from infra_lib.arm.values import MAX_INTEGER
from infra_lib.bicep.findings import Finding
from infra_lib.bicep.parsing.token_reader import MAX_DEPTH, NestingError, UnexpectedTokenError, missing
from infra_lib.bicep.parsing.value_parser import ValueParser
from infra_lib.bicep.syntax import (
    ArrayAccess,
    Binary,
    Expression,
    ForExpression,
    FunctionCall,
    Identifier,
    InstanceCall,
    IntegerLiteral,
    Lambda,
    LocalVariable,
    Node,
    NonNull,
    Parenthesized,
    PropertyAccess,
    ResourceAccess,
    Skipped,
    Ternary,
    Unary,
    VariableAccess,
)

PRECEDENCE = {
    "*": 8, "/": 8, "%": 8,
    "+": 7, "-": 7,
    "<": 6, "<=": 6, ">": 6, ">=": 6,
    "==": 5, "!=": 5, "=~": 5, "!~": 5,
    "&&": 4,
    "||": 3,
    "??": 2,
}  # fmt: skip
"""The binary operators; a higher number binds closer. ``?:`` is looser than all."""

DECLARATION_KEYWORDS = frozenset(("assert", "import", "metadata", "module", "output", "param", "resource", "type", "var"))
"""Words before which a line break after ``=>`` ends a lambda without a body."""

OPERAND_END = ("right", "}", ")", "]", "newline")


class ParenthesizedItems:
    """What was read between parentheses.

    ``first`` and ``content_end`` are the tokens after ``(`` and after the last part; ``parts`` counts items, commas and line
    ends; ``closed`` tells whether the closing parenthesis is there.
    """

    __slots__ = ("closed", "content_end", "end", "first", "items", "parts", "start")

    def __init__(self, start: int, first: int) -> None:
        self.start = start
        self.first = first
        self.items: list[Node] = []
        self.content_end = first
        self.parts = 0
        self.closed = False
        self.end = start


class ExpressionParser(ValueParser):
    """The rules for values. ``complex`` says whether object and array literals may stand here (not in a string's holes)."""

    def expression(self, complex: bool = True) -> Expression:
        """Any expression."""
        if self.depth >= MAX_DEPTH:
            raise NestingError(self.starts[self.pos])
        self.depth += 1
        try:
            left = self.unary(complex)
            kind = self.kinds[self.pos]
            if kind in PRECEDENCE:
                left = self.binary(left, complex, 0)
                kind = self.kinds[self.pos]
            if kind == "?" or (kind == "newline" and self.kinds[self.peek_past_newlines(self.pos)] == "?"):
                return self.ternary(left, complex)
            return left
        finally:
            self.depth -= 1

    def ternary(self, condition: Expression, complex: bool) -> Ternary:
        """``? when_true : when_false`` behind ``condition``; lines may break before ``?`` and ``:``."""
        self.skip_newlines()
        self.pos += 1
        when_true = self.recover(lambda: self.expression(complex), False, ":", *OPERAND_END)
        if type(when_true) is not Skipped and self.kinds[self.peek_past_newlines(self.pos)] == ":":
            self.skip_newlines()
        colon = self.recover(lambda: self.expect(":"), missing(when_true), *OPERAND_END)
        silent = isinstance(colon, Skipped) and missing(colon)
        when_false = self.recover(lambda: self.expression(complex), silent, *OPERAND_END)
        return Ternary(condition.start, when_false.end, condition, when_true, when_false)

    def binary(self, left: Expression, complex: bool, level: int) -> Expression:
        """Go on from ``left`` as long as operators that bind closer than ``level`` follow."""
        kinds = self.kinds
        chain = 0
        while True:
            pos = self.pos
            operator = kinds[pos]
            precedence = PRECEDENCE.get(operator, 0)
            if precedence <= level:
                break
            self.pos = pos + 1
            known = len(self.findings)
            try:
                right = self.unary(complex)
                if PRECEDENCE.get(kinds[self.pos], 0) > precedence:
                    right = self.binary(right, complex, precedence)
            except UnexpectedTokenError as error:
                right = self.skip_from(pos + 1, known, error, False, OPERAND_END)
            left = Binary(left.start, right.end, left, operator, self.starts[pos], right)
            chain += 1
        self.longest_chain = max(self.longest_chain, chain)
        return left

    def unary(self, complex: bool) -> Expression:
        """An operand with at most one sign before it."""
        pos = self.pos
        operator = self.kinds[pos]
        if operator != "-" and operator != "!":
            return self.member(complex)
        self.pos = pos + 1
        operand: Expression = self.recover(lambda: self.member(complex), False, *OPERAND_END)
        return self.signed(pos, operand)

    def signed(self, pos: int, operand: Expression) -> Unary:
        """The operation of the sign at token ``pos``; with a minus, a literal reaches to 2**63 and the sign is part of it."""
        operator, start = self.kinds[pos], self.starts[pos]
        if operator == "-" and type(operand) is IntegerLiteral and operand.value > MAX_INTEGER:
            self.findings.pop()
            if operand.value > MAX_INTEGER + 1:
                self.findings.append(Finding("BCP010", start, operand.end))
        return Unary(start, operand.end, operator, self.ends[pos], operand)

    # ------------------------------------------------------------------------------------------ members

    def member(self, complex: bool) -> Expression:
        """A primary expression and the accesses behind it."""
        node = self.primary(complex)
        kinds = self.kinds
        chain = 0
        while True:
            kind = kinds[self.pos]
            if kind == ".":
                node = self.dot_access(node, complex)
            elif kind == "[":
                node = self.array_access(node, complex)
            elif kind == "::":
                self.pos += 1
                name = self.identifier_or_empty("BCP020")
                node = ResourceAccess(node.start, name.end, node, name)
            elif kind == "!":
                self.pos += 1
                node = NonNull(node.start, self.ends[self.pos - 1], node)
            else:
                break
            chain += 1
        if chain > self.longest_chain:
            self.longest_chain = chain
        return node

    def dot_access(self, base: Expression, complex: bool) -> Expression:
        """``.name``, ``.?name`` or ``.name(...)`` behind ``base``."""
        self.pos += 1
        mark = self.pos
        safe = self.kinds[mark] == "?"
        if safe:
            self.pos += 1
        name = self.identifier_or_empty("BCP020")
        if self.kinds[self.pos] != "(":
            return PropertyAccess(base.start, name.end, base, name, safe)
        arguments, end = self.call_arguments(complex)
        if safe:
            self.findings.append(Finding("BCP322", self.starts[mark], self.ends[mark]))
            name = Identifier(self.starts[mark], name.end, "", valid=False)
        return InstanceCall(base.start, end, base, name, arguments)

    def array_access(self, base: Expression, complex: bool) -> ArrayAccess:
        """``[index]``, ``[?index]``, ``[^index]`` behind ``base``."""
        self.pos += 1
        safe = self.kinds[self.pos] == "?"
        if safe:
            self.pos += 1
        from_end = self.kinds[self.pos] == "^"
        if from_end:
            self.pos += 1
        index = self.empty("BCP117") if self.kinds[self.pos] == "]" else self.expression(complex)
        return ArrayAccess(base.start, self.expect("]"), base, index, safe, from_end)

    def call_arguments(self, complex: bool) -> tuple[list[Expression], int]:
        """``( ... )``: the arguments and the offset behind the parenthesis."""
        self.pos += 1
        if self.kinds[self.pos] == ")":
            self.pos += 1
            return [], self.ends[self.pos - 1]

        def argument() -> Expression:
            start, known = self.pos, len(self.findings)
            try:
                return self.expression(complex)
            except UnexpectedTokenError as error:
                return self.skip_from(start, known, error, False, ("newline", ",", ")"))

        arguments = self.arguments(")", argument)
        if self.kinds[self.pos] == ")":
            self.pos += 1
            return arguments, self.ends[self.pos - 1]
        return arguments, self.empty("BCP018", character=")").end

    # ------------------------------------------------------------------------------------------ primary expressions

    def primary(self, complex: bool) -> Expression:
        """A literal, a name, a call, a string, an object, an array, a loop, parentheses or a lambda."""
        pos = self.pos
        kind = self.kinds[pos]
        if kind == "identifier":
            return self.call_or_variable(complex)
        if kind == "string" or kind == "left":
            return self.string()
        if kind == "{" and complex:
            return self.object(False)
        if kind == "[" and complex:
            after = self.peek_past_newlines(pos + 1)
            if self.kinds[after] == "identifier" and self.values[after] == "for":
                return self.for_expression(False, False)
            return self.array()
        if kind == "(":
            return self.parenthesized_or_lambda(complex)
        if kind == "integer" or kind == "true" or kind == "false" or kind == "null":
            return self.literal()
        raise self.unexpected("BCP087" if kind == "{" or kind == "[" else "BCP009")

    def call_or_variable(self, complex: bool) -> Expression:
        """A bare name, a call of it, or the lambda ``name => body``."""
        pos = self.pos
        self.pos = pos + 1
        start, end = self.starts[pos], self.ends[pos]
        name = Identifier(start, end, self.values[pos] or "")
        kind = self.kinds[pos + 1]
        if kind == "(":
            arguments, end = self.call_arguments(complex)
            return FunctionCall(start, end, name, arguments)
        if kind == "=>":
            body = self.lambda_body()
            return Lambda(start, body.end, [LocalVariable(start, end, name)], body)
        return VariableAccess(start, end, name)

    def lambda_body(self) -> Expression:
        """``=> body``; the body may begin on the next line unless that begins a declaration."""
        self.pos += 1
        self.skip_newlines_before_body()
        return self.recover(self.expression, False, "newline", ")")

    def skip_newlines_before_body(self) -> None:
        """Go to the next line after ``=>`` unless a declaration begins there."""
        following = self.peek_past_newlines(self.pos)
        if not (self.kinds[following] == "identifier" and self.values[following] in DECLARATION_KEYWORDS):
            self.pos = following

    def parenthesized_list(self, item: Callable[[], Node], newlines: bool) -> ParenthesizedItems:
        """``( a, b )``; ``newlines`` allows the items to stand on lines of their own."""
        kinds = self.kinds
        found = ParenthesizedItems(self.starts[self.pos], self.pos + 1)
        self.expect("(")
        last: Node | None = None
        before = self.pos
        if newlines:
            self.skip_newlines()
        separators = self.pos - before
        while kinds[self.pos] != ")":
            last = self.recover(item, False, *OPERAND_END, ",")
            found.items.append(last)
            before = self.pos
            if newlines:
                self.skip_newlines()
            comma = kinds[self.pos] == ","
            if comma:
                self.pos += 1
                if newlines:
                    self.skip_newlines()
            separators += self.pos - before
            if self.pos > before:
                last = None
            if not comma:
                break
        found.content_end = self.pos
        found.parts = len(found.items) + separators
        closed = self.recover(lambda: self.expect(")"), last is not None and missing(last), "right", "}", "]", "newline")
        found.closed = not isinstance(closed, Skipped)
        found.end = closed.end if isinstance(closed, Skipped) else closed
        return found

    def parenthesized_or_lambda(self, complex: bool) -> Expression:
        """``(expression)`` or ``(a, b) => body``."""
        found = self.parenthesized_list(lambda: self.expression(complex), newlines=True)
        if self.kinds[self.pos] == "=>":
            body = self.lambda_body()
            return Lambda(found.start, body.end, [local_variable(item) for item in found.items], body)
        return Parenthesized(found.start, found.end, self.parenthesized_content(found))

    def parenthesized_content(self, found: ParenthesizedItems) -> Expression:
        """The one expression in parentheses; BCP243 where there is not exactly one part, a comma or line end counting as one."""
        first, items = found.first, found.items
        if found.parts == 1:
            item = items[0] if items else None
            return item if isinstance(item, Expression) else Skipped(self.starts[first], self.ends[first])
        if found.parts == 0:
            start = end = self.ends[first - 1]
        else:
            start, end = self.starts[first], max(self.ends[found.content_end - 1], items[-1].end if items else 0)
        self.findings.append(Finding("BCP243", start, end))
        return Skipped(start, end)

    def for_expression(self, body_is_declared: bool, resources: bool) -> ForExpression:
        """A loop; :class:`~infra_lib.bicep.parsing.loop_parser.LoopParser` has the rule."""
        raise NotImplementedError


def local_variable(item: Node) -> LocalVariable:
    """A name in a list of variables; anything else leaves one that is not valid."""
    if type(item) is VariableAccess:
        return LocalVariable(item.start, item.end, item.identifier)
    return LocalVariable(item.start, item.end, Identifier(item.start, item.end, "", valid=False))
