"""Arithmetic of literals that leaves 64 bits, and other literal calls that have no value: mistakes that are known while
compiling."""

from __future__ import annotations

from infra_lib.bicep import syntax as s
from infra_lib.bicep.semantics import symbols as sym
from infra_lib.bicep.semantics.model import SemanticModel
from infra_lib.bicep.sources.documents import JsonError, read_document

_LEAST, _GREATEST = -(2**63), 2**63 - 1
_OPERATORS = frozenset("+-*")


def check_arithmetic(model: SemanticModel) -> None:
    """Report sums, differences and products of literals outside 64 bits, ``min`` and ``max`` of nothing, and JSON text that is
    none."""
    checker = _Checker(model)
    for node in model.arithmetic:
        if isinstance(node, s.Binary):
            checker.value(node)
        else:
            checker.call(node)


class _Checker:
    def __init__(self, model: SemanticModel) -> None:
        self.model = model
        self.values: dict[s.Node, int | None] = {}

    def call(self, node: s.FunctionCall | s.InstanceCall) -> None:
        function = self.model.symbols.get(node)
        if type(function) is not sym.BuiltInFunction or len(node.arguments) != 1:
            return
        argument = node.arguments[0]
        if function.name != "json":
            if isinstance(argument, s.ArraySyntax) and not argument.items:
                self.model.report("INF315", argument, name=function.name)
        elif isinstance(argument, s.StringSyntax) and argument.literal is not None:
            try:
                read_document(argument.literal)
            except JsonError as error:
                self.model.report("BCP186", argument, reason=error.message)

    def value(self, node: s.Expression, depth: int = 0) -> int | None:
        """The number that an expression of literals is, None where it is none or not known."""
        if isinstance(node, s.IntegerLiteral):
            return node.value
        if node in self.values:
            return self.values[node]
        self.values[node] = None
        found = self.find(node, depth)
        self.values[node] = found
        return found

    def find(self, node: s.Expression, depth: int) -> int | None:
        if isinstance(node, s.Parenthesized):
            return self.value(node.expression, depth)
        if isinstance(node, s.Unary) and node.operator == "-":
            operand = self.value(node.operand, depth)
            return None if operand is None else -operand
        if isinstance(node, s.VariableAccess) and depth < 100:
            symbol = self.model.symbols.get(node)
            if type(symbol) is sym.VariableSymbol and symbol not in self.model.cycles:
                return self.value(symbol.node.value, depth + 1)
        if isinstance(node, s.Binary) and node.operator in _OPERATORS:
            return self.operation(node, depth)
        return None

    def operation(self, node: s.Binary, depth: int) -> int | None:
        left, right = self.value(node.left, depth), self.value(node.right, depth)
        if left is None or right is None:
            return None
        result = left + right if node.operator == "+" else left - right if node.operator == "-" else left * right
        if _LEAST <= result <= _GREATEST:
            return result
        self.model.report("INF314", node)
        return None
