"""What expressions mean at a place: the values of variables that are inlined, loop variables, the items of collections."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from infra_lib.bicep import syntax as s
from infra_lib.bicep.emission import arm_text as arm
from infra_lib.bicep.emission.lowering_terms import Context, Environment, UnsupportedError
from infra_lib.bicep.semantics import symbols as sym
from infra_lib.bicep.semantics.resources import UnmovableError

if TYPE_CHECKING:
    from infra_lib.bicep.emission.emit import Emission


class PlaceLowering:
    """The state of lowering one file for one template, and what depends on the place that is lowered."""

    def __init__(self, emission: Emission) -> None:
        self.emission = emission
        self.model = emission.model
        self.symbols = emission.model.symbols
        self.table = emission.model.resource_table
        self.inlined = emission.inlined.variables
        self.environment: Environment = {}
        self.values = 0
        self.value_copies: set[s.ForExpression] = set()
        self.declaration: s.Node = emission.model.file.program
        self.at: s.Node = self.declaration
        self.references = emission.references

    def within(self, environment: Environment | None, lower: Callable[[], str]) -> str:
        """Lower something in another environment; None keeps the present one."""
        if environment is None:
            return lower()
        before, self.environment = self.environment, environment
        try:
            return lower()
        finally:
            self.environment = before

    def core(self, node: s.Expression) -> s.Expression:
        """The expression that decides the shape: without parentheses, ``!`` and ``any()``, variables that are inlined
        replaced."""
        symbols = self.symbols
        while True:
            kind = type(node)
            if kind is s.Parenthesized:
                node = node.expression  # type: ignore[attr-defined]
            elif kind is s.NonNull:
                node = node.base  # type: ignore[attr-defined]
            elif kind is s.VariableAccess:
                symbol = symbols.get(node)
                if type(symbol) is not sym.VariableSymbol or symbol not in self.inlined:
                    return node
                node = symbol.node.value
            elif kind is s.FunctionCall or kind is s.InstanceCall:
                function = symbols.get(node)
                if type(function) is not sym.BuiltInFunction:
                    return node
                if function.name == "any":
                    node = node.arguments[0]  # type: ignore[attr-defined]
                    continue
                constant = self.emission.constant(node, function)  # type: ignore[arg-type]
                return node if constant is None else constant
            else:
                return node

    def expression(self, node: s.Expression) -> str:
        """The text of an expression, without outer brackets."""
        raise NotImplementedError

    # ------------------------------------------------------------------------------------------ loop variables

    def local(self, symbol: sym.LocalSymbol) -> str:
        """The text of a local name: a loop's variable, a parameter of a lambda or of a ``func``."""
        known = self.environment.get(symbol)
        if known is not None:
            return known
        if symbol.role == "lambda":
            return f"lambdaVariables({arm.string(symbol.name)})"
        if symbol.role == "parameter":
            return f"parameters({arm.string(symbol.name)})"
        loop = symbol.owner
        if type(loop) is not s.ForExpression:
            raise UnsupportedError(symbol.node, f"the name '{symbol.name}'")
        if not (self.declaration.start <= loop.start and loop.end <= self.declaration.end):
            self.model.report("INF311", self.at, name=symbol.name)
        return self.loop_variable(symbol, self._copy_index(loop))

    def loop_variable(self, symbol: sym.LocalSymbol, index: str) -> str:
        """The item or the index of a loop's turn."""
        if symbol.role == "index":
            return index
        loop = symbol.owner
        assert isinstance(loop, s.ForExpression)  # noqa: S101 - a narrowing for the type checker
        return arm.access(self.expression(loop.expression), index)

    def _copy_index(self, loop: s.ForExpression) -> str:
        if loop in self.value_copies:
            return "copyIndex('value')"
        around = self.model.around.get(loop)
        if isinstance(around, (s.ResourceDeclaration, s.ModuleDeclaration, s.OutputDeclaration)):
            return "copyIndex()"
        if isinstance(around, (s.VariableDeclaration, s.ParameterAssignment)):
            return f"copyIndex({arm.string(self.emission.names.loop(around))})"
        if isinstance(around, s.ObjectProperty) and around.name is not None:
            return f"copyIndex({arm.string(around.name)})"
        raise UnsupportedError(loop, "a loop at this place")

    # ------------------------------------------------------------------------------------------ indexes

    def context(self, symbol: sym.DeployableSymbol, index: s.Expression | None, place: s.Node) -> Context | None:
        """The context of a collection's item, for use at ``place``."""
        if type(symbol) is sym.ResourceSymbol:
            return self.context_for(self.table.name_segments(symbol), index, place)
        name = self.table.name_of(symbol)
        if name is None:
            return None if index is None else Context({}, self.expression(index))
        return self.context_for((name,), index, place)

    def context_of_name(self, symbol: sym.DeployableSymbol, index: s.Expression | None, place: s.Node) -> Context | None:
        """As :meth:`context`, the resource's own name being the only thing that moves."""
        name = self.table.name_of(symbol)
        return self.context_for(() if name is None else (name,), index, place)

    def context_for(self, moved: Iterable[s.Expression], index: s.Expression | None, place: s.Node) -> Context | None:
        """The context in which expressions hold at ``place``, reached through ``index``; None where nothing changes."""
        unreachable: dict[sym.LocalSymbol, None] = {}
        for expression in moved:
            unreachable.update(dict.fromkeys(self.table.unreachable_locals(expression, place)))
        if not unreachable:
            return None if index is None else Context(self.environment, self.expression(index))
        owners = {local.owner for local in unreachable}
        if index is None or len(owners) != 1:
            raise UnmovableError(place)
        text = self.expression(index)
        environment = dict(self.environment)
        for local in unreachable:
            environment[local] = self.loop_variable(local, text)
        return Context(environment, text)
