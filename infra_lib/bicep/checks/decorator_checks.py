"""Mistakes of decorators: the wrong place, twice the same, limits that contradict each other, values that are not constant."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from infra_lib.bicep import syntax as s
from infra_lib.bicep.checks.mistakes import has_mistake
from infra_lib.bicep.checks.type_checks import type_syntax_of, types_below
from infra_lib.bicep.semantics import symbols as sym
from infra_lib.bicep.semantics.constants import not_constant
from infra_lib.bicep.semantics.namespaces import DECORATORS, PLACE_OF
from infra_lib.bicep.typing.declared_types import (
    DeclaredType,
    DiscriminatedType,
    InvalidType,
    ObjectType,
    PrimitiveType,
    TupleType,
    UnionType,
    base_name,
    expressed,
    is_literal,
    type_text,
    without_null,
)
from infra_lib.bicep.typing.type_table import declared_type_syntax

if TYPE_CHECKING:
    from infra_lib.bicep.semantics.model import SemanticModel
    from infra_lib.bicep.typing.type_table import TypeTable

Call = s.FunctionCall | s.InstanceCall

_MISPLACED = {
    "parameter": "BCP125",
    "variable": "BCP126",
    "resource": "BCP127",
    "module": "BCP128",
    "output": "BCP129",
    "metadata": "BCP269",
    "type": "BCP297",
}
"""The code of a decorator that cannot be at a place.

Below statements, the official compiler does not look at the place of a decorator with its name space (``@sys.allowed``).
"""

_EXPECTED: dict[frozenset[str], str] = {
    frozenset(("parameter",)): "BCP147",
    frozenset(("resource",)): "BCP149",
    frozenset(("resource", "module")): "BCP153",
    frozenset(("parameter", "output", "type")): "BCP292",
}
"""The code for a decorator with no declaration below it, by the places where it could stand; BCP132 for all others."""

_ATTACHABLE: dict[str, frozenset[str]] = {
    "minLength": frozenset(("string", "array")),
    "maxLength": frozenset(("string", "array")),
    "minValue": frozenset(("int",)),
    "maxValue": frozenset(("int",)),
    "secure": frozenset(("string", "object")),
    "sealed": frozenset(("object",)),
    "discriminator": frozenset(("object",)),
}
"""The types that a decorator can stand on, where not on all."""

_NOT_ON_REFERENCES = frozenset(("allowed", "maxLength", "maxValue", "minLength", "minValue", "secure"))
_ANY_VALUE = frozenset(("batchSize",))
"""Decorators whose arguments need not be constant."""

_EXPORTABLE = (
    sym.VariableSymbol, sym.TypeSymbol, sym.FunctionSymbol, sym.ImportedSymbol, sym.WildcardSymbol, sym.LocalSymbol,
)  # fmt: skip


def check_decorators(model: SemanticModel, table: TypeTable) -> None:
    """Report what is wrong with the decorators of a file. Types have to be made."""
    for node in _decorated(model):
        if isinstance(node, s.SkippedDeclaration):
            _check_missing_declaration(model, node)
        else:
            _Checks(model, table, node).run()


def _check_missing_declaration(model: SemanticModel, node: s.SkippedDeclaration) -> None:
    if model.file.parsed.has_mistake(node):
        return
    last = node.decorators[-1]
    call = last.expression
    info = DECORATORS.get(call.identifier.name) if isinstance(call, (s.FunctionCall, s.InstanceCall)) else None
    if info is None or call in model.symbols:
        model.report("BCP132", last)
    else:
        model.report(_EXPECTED.get(info.places, "BCP132"), last)


def _decorated(model: SemanticModel) -> Iterator[s.Decorated]:
    """Everything with decorators: statements, nested resources, members of types."""
    pending: list[s.Node] = list(reversed(model.file.program.declarations))
    while pending:
        node = pending.pop()
        if isinstance(node, s.Decorated) and node.decorators:
            yield node
        if isinstance(node, s.ResourceDeclaration):
            symbol = model.symbols.get(node)
            body = symbol.body if isinstance(symbol, sym.ResourceSymbol) else None
            pending.extend(item for item in (body.items if body is not None else ()) if isinstance(item, s.Declaration))
        for written in type_syntax_of(node):
            for below, _ in types_below(written):
                if isinstance(below, s.Decorated) and below.decorators:
                    yield below


class _Checks:
    """The decorators of one node."""

    def __init__(self, model: SemanticModel, table: TypeTable, node: s.Decorated) -> None:
        self.model = model
        self.table = table
        self.node = node
        self.syntax = declared_type_syntax(node)

    def run(self) -> None:
        seen: dict[tuple[str, str], list[s.Decorator]] = {}
        place = PLACE_OF.get(type(self.node), "")
        target = self.target()
        is_statement = isinstance(self.node, s.Declaration)
        for decorator in self.node.decorators:
            call = self.call_of(decorator)
            if call is None:
                continue
            name = call.identifier.name
            if place and place not in DECORATORS[name].places and (isinstance(call, s.FunctionCall) or is_statement):
                self.model.report(_MISPLACED[place], call.identifier, name=name, place=place)
                continue
            if not DECORATORS[name].minimum <= len(call.arguments) <= DECORATORS[name].maximum:
                continue
            if name not in _ANY_VALUE and not self.constant_arguments(call):
                continue
            seen.setdefault((name, "sys" if isinstance(call, s.InstanceCall) else ""), []).append(decorator)
            self.check_limits_below_zero(call)
            if name == "allowed" and isinstance(call.arguments[0], s.ArraySyntax) and not call.arguments[0].items:
                self.model.report("BCP099", call.arguments[0])
            if isinstance(self.node, (s.ResourceDeclaration, s.ModuleDeclaration)):
                self.check_batch_size(decorator, call)
            if target is not None:
                self.check_target(decorator, call, target)
            if name == "export":
                self.check_export(decorator)
        for same in seen.values():
            if len(same) > 1:
                for decorator in same:
                    self.model.report("BCP166", decorator, name=self.name_of(decorator))
        self.check_contradictions()

    def name_of(self, decorator: s.Decorator) -> str:
        call = decorator.expression
        return call.identifier.name if isinstance(call, (s.FunctionCall, s.InstanceCall)) else ""

    def call_of(self, decorator: s.Decorator) -> Call | None:
        """The call of a decorator that is known."""
        call = decorator.expression
        if not isinstance(call, (s.FunctionCall, s.InstanceCall)) or call in self.model.symbols:
            return None
        return call if call.identifier.name in DECORATORS else None

    def target(self) -> DeclaredType | None:
        """The type that is decorated, without null; None where there is none or it is wrong."""
        if self.syntax is None:
            return None
        found = without_null(expressed(self.table.type_of(self.syntax)))
        return None if isinstance(found, InvalidType) else found

    # ------------------------------------------------------------------------------------------ arguments

    def constant_arguments(self, call: Call) -> bool:
        """True when every argument is known while compiling; BCP032 at what is not."""
        if any(self.is_wrong(argument) or has_mistake(self.model, argument) for argument in call.arguments):
            return False
        found = [node for argument in call.arguments for node in not_constant(argument)]
        for node in found:
            self.model.report("BCP032", node)
        return not found

    def is_wrong(self, node: s.Node) -> bool:
        """True for a value with a name in it that means nothing, or that goes in a circle: that has been reported."""
        pending = [node]
        while pending:
            current = pending.pop()
            symbol = self.model.symbols.get(current)
            if isinstance(symbol, sym.ErrorSymbol) or symbol in self.model.cycles or symbol in self.model.invalid:
                return True
            pending.extend(current.children())
        return False

    def check_limits_below_zero(self, call: Call) -> None:
        if call.identifier.name in ("minLength", "maxLength"):
            value = integer_of(call.arguments[0])
            if value is not None and value < 0:
                self.model.report("BCP168", call.arguments[0])

    def check_batch_size(self, decorator: s.Decorator, call: Call) -> None:
        if call.identifier.name != "batchSize" or not isinstance(self.node, (s.ResourceDeclaration, s.ModuleDeclaration)):
            return
        if not isinstance(self.node.value, s.ForExpression):
            self.model.report("BCP155", decorator)
        value = integer_of(call.arguments[0])
        if value is not None and value < 1:
            self.model.report("BCP154", call.arguments[0], value=value)

    def check_contradictions(self) -> None:
        decorators = self.model.decorators(self.node)
        for lower, upper in (("minLength", "maxLength"), ("minValue", "maxValue")):
            if lower not in decorators or upper not in decorators:
                continue
            minimum, maximum = (
                integer_of(call.arguments[0]) if call.arguments else None for call in (decorators[lower], decorators[upper])
            )
            if minimum is not None and maximum is not None and minimum > maximum:
                place = next(each for each in self.node.decorators if each.expression is decorators[lower])
                self.model.report("BCP331", place, minimum=minimum, maximum=maximum)

    # ------------------------------------------------------------------------------------------ types

    def check_target(self, decorator: s.Decorator, call: Call, target: DeclaredType) -> None:
        name = call.identifier.name
        attachable = _ATTACHABLE.get(name)
        kind = base_name(target)
        fits = attachable is None or kind is None or kind in attachable
        if not fits:
            self.model.report("BCP124", decorator, name=name, type=type_text(target))
            if name == "secure":
                return
        if name == "secure" and kind is None and isinstance(target, PrimitiveType) and target.name == "any":
            self.model.report("BCP440", decorator)
        if name in _NOT_ON_REFERENCES and self.refers_to_declared_type():
            self.model.report("BCP308", decorator, name=name)
        if name in ("minLength", "maxLength") and (isinstance(target, UnionType) or is_literal(target)):
            self.model.report("BCP295", decorator, name=name)
        if name == "allowed" and self.is_literal_syntax():
            self.model.report("BCP295", decorator, name=name)
        if name == "sealed" and self.has_additional_properties():
            self.model.report("BCP316", decorator)
        if name == "sealed" and isinstance(self.written(), (s.ParameterizedType, s.QualifiedParameterizedType)):
            self.model.report("BCP386", decorator, name=name)
        if name == "discriminator":
            if not isinstance(target, DiscriminatedType):
                self.model.report("BCP363", decorator)
            elif isinstance(call.arguments[0], s.StringSyntax) and call.arguments[0].literal != target.key:
                self.model.report("BCP366", decorator, name=call.arguments[0].literal)

    def written(self) -> s.Expression | None:
        node = self.syntax
        return node.base if isinstance(node, s.NullableType) else node

    def refers_to_declared_type(self) -> bool:
        node = self.written()
        while isinstance(node, (s.PropertyAccess, s.ArrayAccess, s.ItemsAccess, s.AdditionalPropertiesAccess)):
            node = node.base
        if not isinstance(node, s.VariableAccess):
            return False
        return isinstance(self.model.symbols.get(node), (sym.TypeSymbol, sym.ImportedSymbol, sym.WildcardSymbol))

    def is_literal_syntax(self) -> bool:
        node = self.written()
        if isinstance(node, (s.IntegerLiteral, s.BooleanLiteral, s.Unary, s.StringSyntax, s.UnionType)):
            return True
        if not isinstance(node, (s.ObjectType, s.TupleType)):
            return False
        found = self.table.type_of(node)
        return isinstance(found, (ObjectType, TupleType)) and is_literal(found)

    def has_additional_properties(self) -> bool:
        node = self.written()
        return isinstance(node, s.ObjectType) and any(isinstance(item, s.ObjectTypeAdditionalProperties) for item in node.items)

    # ------------------------------------------------------------------------------------------ exports

    def check_export(self, decorator: s.Decorator) -> None:
        """What other files import must not depend on what only a deployment of this file has."""
        symbol = self.model.symbols.get(self.node)
        if not isinstance(self.node, s.Declaration):
            self.model.report("BCP361", decorator)
        if not isinstance(symbol, sym.DeclaredSymbol):
            return
        reached: set[sym.DeclaredSymbol] = {symbol}
        pending: list[sym.DeclaredSymbol] = [symbol]
        while pending:
            for use in self.model.uses.get(pending.pop(), ()):
                if use.symbol not in reached:
                    reached.add(use.symbol)
                    pending.append(use.symbol)
        hidden = sorted(each.name for each in reached if not isinstance(each, _EXPORTABLE))
        if hidden:
            self.model.report("BCP372", decorator, name=symbol.name, uses=", ".join(hidden))


def integer_of(node: s.Expression) -> int | None:
    """The value of a whole number with or without a minus, None for anything else."""
    if isinstance(node, s.IntegerLiteral):
        return node.value
    if isinstance(node, s.Unary) and node.operator == "-" and isinstance(node.operand, s.IntegerLiteral):
        return -node.operand.value
    return None
