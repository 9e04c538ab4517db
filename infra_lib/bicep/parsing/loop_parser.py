"""Loops and conditions: ``[for ...]`` around values, and around the bodies of resources and modules, and ``if`` before those."""

from __future__ import annotations

from infra_lib.bicep.findings import Finding
from infra_lib.bicep.parsing.expression_parser import ExpressionParser, local_variable
from infra_lib.bicep.parsing.token_reader import missing
from infra_lib.bicep.syntax import Expression, ForExpression, IfCondition, LocalVariable, Skipped


class LoopParser(ExpressionParser):
    """The rules for values, loops included."""

    def for_expression(self, body_is_declared: bool, resources: bool) -> ForExpression:
        """``[for item in expression: body]``; ``body_is_declared`` for a resource's or module's: an object or ``if``."""
        start = self.starts[self.pos]
        self.expect("[")
        self.skip_newlines()
        self.expect_keyword("for")
        item, index, broken = self.for_variables()
        keyword = self.recover(lambda: self.expect_keyword("in"), broken, "]", "newline")
        silent = isinstance(keyword, Skipped) and missing(keyword)
        expression = self.recover(self.expression, silent, ":", "]", "newline")
        colon = self.recover(lambda: self.expect(":"), missing(expression), "]", "newline")
        silent = isinstance(colon, Skipped) and missing(colon)
        body: Expression
        if body_is_declared:
            body = self.recover(lambda: self.for_body(resources), silent, "]", "newline")
        else:
            body = self.recover(self.expression, silent, "]", "newline")
        if type(body) is not Skipped:
            self.skip_newlines()
        close = self.recover(lambda: self.expect("]"), missing(body), "]", "newline")
        end = close.end if isinstance(close, Skipped) else close
        return ForExpression(start, end, item, index, expression, body)

    def for_variables(self) -> tuple[LocalVariable, LocalVariable | None, bool]:
        """The item, the index if there is one, and whether there is a mistake in them."""
        kind = self.kinds[self.pos]
        if kind == "identifier":
            name = self.identifier("BCP136")
            return LocalVariable(name.start, name.end, name), None, False
        if kind != "(":
            nothing = self.empty("BCP162")
            return local_variable(nothing), None, True
        known = len(self.findings)
        found = self.parenthesized_list(lambda: self.expression(False), newlines=False)
        variables = [local_variable(item) for item in found.items]
        count = sum(variable.identifier.valid for variable in variables)
        broken = len(self.findings) > known or self.lexer_found_between(found.start, found.end)
        if count != 2 and not broken:
            self.findings.append(Finding("BCP249", found.start, found.end, count=count))
            broken = True
        item = variables[0] if variables else local_variable(Skipped(found.start, found.end))
        return item, variables[1] if len(variables) > 1 else None, broken

    def lexer_found_between(self, start: int, end: int) -> bool:
        """True when the lexer reported something in that span."""
        return any(start <= finding.start and finding.end <= end for finding in self.tokens.findings)

    def for_body(self, resources: bool) -> Expression:
        """The body of a loop of resources or modules."""
        if self.kinds[self.pos] == "{":
            return self.object(resources)
        if self.at_keyword("if"):
            return self.if_condition(resources, in_loop=True)
        raise self.unexpected("BCP167")

    def if_condition(self, resources: bool, in_loop: bool) -> IfCondition:
        """``if (condition) { ... }``"""
        start = self.starts[self.pos]
        self.expect_keyword("if")
        until = ("]", "{", "newline") if in_loop else ("{", "newline")
        condition = self.recover(self.parenthesized_condition, False, *until)
        if isinstance(condition, Skipped):
            inner: Expression = condition
            silent = missing(condition)
        else:
            inner, closed = condition
            silent = not closed
        body = self.recover(lambda: self.object(resources), silent, *(("]", "newline") if in_loop else ("newline",)))
        return IfCondition(start, body.end, inner, body)

    def parenthesized_condition(self) -> tuple[Expression, bool]:
        """The condition of an ``if``, and whether its parenthesis is closed."""
        found = self.parenthesized_list(self.expression, newlines=True)
        return self.parenthesized_content(found), found.closed
