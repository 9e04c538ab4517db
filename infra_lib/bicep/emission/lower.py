"""Lowering: Bicep expressions to ARM template expressions and JSON values.

:meth:`Lowering.value` gives the JSON value of an expression in a template, :meth:`Lowering.expression` its text within an
expression (:mod:`infra_lib.bicep.emission.arm_text`). ``environment`` maps loop variables to the text that stands
for them while an
expression is lowered at another place than where it was written.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, cast

from infra_lib.bicep import syntax as s
from infra_lib.bicep.emission import arm_text as arm
from infra_lib.bicep.emission.lowering_accesses import AccessLowering
from infra_lib.bicep.emission.lowering_terms import Constant, Reference, UnsupportedError, constant_json, constant_text
from infra_lib.bicep.semantics import symbols as sym

_OPERATORS = {
    "||": "or", "&&": "and", "==": "equals", "<": "less", "<=": "lessOrEquals", ">": "greater", ">=": "greaterOrEquals",
    "+": "add", "-": "sub", "*": "mul", "/": "div", "%": "mod", "??": "coalesce",
}  # fmt: skip
_LONGEST_EXPRESSION = 4_000_000
_MOST_VALUES = 1_000_000
"""What is written out where it is used can grow without bounds; far beyond what Azure takes, the compiler gives up."""


class Lowering(AccessLowering):
    """Lowers the expressions of one file for one template."""

    # ------------------------------------------------------------------------------------------ JSON values

    def value(self, node: s.Expression) -> Any:
        """The JSON value that stands for an expression in a template."""
        node = self.core(node)
        self.values += 1
        if self.values > _MOST_VALUES:
            raise UnsupportedError(node, f"a template of more than {_MOST_VALUES:,} values")
        handler = _VALUES.get(type(node))
        return arm.written(self.expression(node)) if handler is None else handler(self, node)

    def _string_value(self, node: s.StringSyntax) -> str:
        if len(node.segments) == 1:
            return arm.escape(node.segments[0])
        return f"[{self._string(node)}]"

    def _unary_value(self, node: s.Unary) -> Any:
        if node.operator == "-" and type(node.operand) is s.IntegerLiteral:
            return -node.operand.value
        return arm.written(self._unary(node))

    def _array_value(self, node: s.ArraySyntax) -> Any:
        for item in node.items:
            if type(item) is s.Spread:
                return f"[{self._array(node)}]"
        return [self.value(item) for item in node.items]

    def _object_value(self, node: s.ObjectSyntax) -> Any:
        for item in node.items:
            if type(item) is s.Spread:
                return f"[{self._object(node)}]"
        return self.members(node.properties())

    def members(self, properties: Iterable[s.ObjectProperty]) -> dict[str, Any]:
        """The members of a JSON object: looped properties first, in ``copy``."""
        loops: list[dict[str, Any]] = []
        members: dict[str, Any] = {}
        for item in properties:
            value = self.core(item.value)
            if type(value) is s.ForExpression:
                if item.name is None:
                    raise UnsupportedError(item.key, "a loop as the value of a property whose name is computed")
                loops.append(self.copy(value, item.name))
            else:
                members[self.key(item)] = self.value(value)
        return {"copy": loops, **members} if loops else members

    def key(self, item: s.ObjectProperty) -> str:
        """The key of a property as it stands in JSON. ``copy`` is hidden from the engine, which would take it for a loop."""
        key = item.key
        if type(key) is s.Identifier:
            text = key.name
        elif type(key) is s.StringSyntax:
            text = self._string_value(key)
        else:
            raise UnsupportedError(key, "this name of a property")
        return f"[string('{text}')]" if len(text) == 4 and text.lower() == "copy" else text

    def copy(
        self, node: s.ForExpression, name: str | None, *, batch_size: int | None = None, body: bool = True
    ) -> dict[str, Any]:
        """A copy object: its name, count and, unless it is a resource's, what each turn gives."""
        result: dict[str, Any] = {} if name is None else {"name": arm.escape(name)}
        result["count"] = f"[length({self.expression(node.expression)})]"
        if batch_size is not None:
            result["mode"] = "serial"
            result["batchSize"] = batch_size
        if body:
            inner = self.core(node.body)
            direct = _is_plain(inner)
            result["input"] = self.value(inner) if direct else f"[{arm.as_call(self.expression(inner))}]"
        return result

    def _constant_value(self, node: Constant) -> Any:
        return constant_json(node.value)

    # ------------------------------------------------------------------------------------------ expressions

    def expression(self, node: s.Expression) -> str:
        """The text of an expression, without outer brackets."""
        handler = _EXPRESSIONS.get(type(node))
        if handler is None:
            raise UnsupportedError(node, _describe(node))
        text = handler(self, node)
        if len(text) > _LONGEST_EXPRESSION:
            raise UnsupportedError(node, f"an expression of more than {_LONGEST_EXPRESSION:,} characters")
        return text

    def _string(self, node: s.StringSyntax) -> str:
        if len(node.segments) == 1:
            return arm.string(node.segments[0])
        arguments = [arm.string(arm.format_string(node.segments))]
        arguments += [self.expression(hole) for hole in node.expressions]
        return f"format({', '.join(arguments)})"

    def _integer(self, node: s.IntegerLiteral) -> str:
        return arm.integer(node.value)

    def _boolean(self, node: s.BooleanLiteral) -> str:
        return "true()" if node.value else "false()"

    def _null(self, node: s.NullLiteral) -> str:
        return "null()"

    def _constant(self, node: Constant) -> str:
        return constant_text(node.value)

    def _array(self, node: s.ArraySyntax) -> str:
        return self._parts(node.items, "createArray", "flatten", lambda item: (self.expression(item),))

    def _object(self, node: s.ObjectSyntax) -> str:
        return self._parts(node.items, "createObject", "shallowMerge", self._member)

    def _member(self, item: s.Node) -> tuple[str, str]:
        if type(item) is not s.ObjectProperty:
            raise UnsupportedError(item, _describe(item))
        key = item.key
        text = arm.string(key.name) if type(key) is s.Identifier else self.expression(cast("s.Expression", key))
        return text, self.expression(item.value)

    def _parts(self, items: Iterable[s.Node], create: str, join: str, arguments: Callable[[Any], Iterable[str]]) -> str:
        """An array or an object: ``create`` of the arguments that each item gives; ``join`` puts what is spread between them."""
        chunks: list[str] = []
        chunk: list[str] = []
        spread = False
        for item in items:
            if type(item) is s.Spread:
                spread = True
                if chunk:
                    chunks.append(arm.call(create, chunk))
                    chunk = []
                chunks.append(self.expression(item.expression))
            else:
                chunk += arguments(item)
        if not spread:
            return arm.call(create, chunk)
        if chunk:
            chunks.append(arm.call(create, chunk))
        return f"{join}(createArray({', '.join(chunks)}))"

    def _wrapped(self, node: s.Parenthesized) -> str:
        return self.expression(node.expression)

    def _non_null(self, node: s.NonNull) -> str:
        return self.expression(node.base)

    def _unary(self, node: s.Unary) -> str:
        if node.operator == "!":
            return f"not({self.expression(node.operand)})"
        if type(node.operand) is s.IntegerLiteral:
            return arm.integer(-node.operand.value)
        return f"sub(0, {self.expression(node.operand)})"

    def _binary(self, node: s.Binary) -> str:
        chain = [node]
        left = node.left
        while type(left) is s.Binary:
            chain.append(left)
            left = left.left
        text = self.expression(left)
        for link in reversed(chain):
            text = self._operation(link, text, self.expression(link.right))
        return text

    @staticmethod
    def _operation(node: s.Binary, left: str, right: str) -> str:
        function = _OPERATORS.get(node.operator)
        if function is not None:
            return f"{function}({left}, {right})"
        match node.operator:
            case "!=":
                return f"not(equals({left}, {right}))"
            case "=~":
                return f"equals(toLower({left}), toLower({right}))"
            case "!~":
                return f"not(equals(toLower({left}), toLower({right})))"
        raise UnsupportedError(node, f"the operator {node.operator}")

    def _ternary(self, node: s.Ternary) -> str:
        return f"if({self.expression(node.condition)}, {self.expression(node.when_true)}, {self.expression(node.when_false)})"

    def _lambda(self, node: s.Lambda) -> str:
        names = [arm.string(parameter.identifier.name) for parameter in node.parameters]
        return arm.call("lambda", [*names, self.expression(node.body)])

    # ------------------------------------------------------------------------------------------ names

    def _variable_access(self, node: s.VariableAccess) -> str:
        symbol = self.symbols.get(node)
        kind = type(symbol)
        if kind is sym.LocalSymbol:
            return self.local(symbol)  # type: ignore[arg-type]
        if kind is sym.ParameterSymbol:
            return f"parameters({arm.string(symbol.name)})"  # type: ignore[union-attr]
        if kind is sym.VariableSymbol:
            if symbol in self.inlined:
                return self.expression(symbol.node.value)
            return f"variables({arm.string(self.emission.names.variable(symbol))})"  # type: ignore[arg-type]
        if kind is sym.ImportedSymbol:
            return f"variables({arm.string(self.emission.names.imported_variable(symbol))})"  # type: ignore[arg-type]
        if isinstance(symbol, sym.DeployableSymbol):
            return self.references.whole(Reference(symbol, None))
        if kind is sym.ParameterAssignmentSymbol:
            return f"parameters({arm.string(symbol.name)})"  # type: ignore[union-attr]
        raise UnsupportedError(node, f"the use of {symbol.kind} '{symbol.name}' as a value" if symbol else "this name")

    def _resource_access(self, node: s.ResourceAccess) -> str:
        symbol = self.symbols.get(node)
        if type(symbol) is not sym.ResourceSymbol:
            raise UnsupportedError(node, "this access to a nested resource")
        return self.references.whole(Reference(symbol, None))

    # ------------------------------------------------------------------------------------------ calls

    def _call(self, node: s.FunctionCall) -> str:
        function = self.symbols.get(node)
        if type(function) is sym.BuiltInFunction:
            return self._built_in(node, function)
        if type(function) is sym.FunctionSymbol:
            return arm.call(self.emission.names.function(function), self.arguments(node))
        if type(function) is sym.ImportedSymbol:
            return arm.call(self.emission.names.imported_function(function), self.arguments(node))
        if function is None:
            self.model.report("INF313", node, name=node.identifier.name)
            return arm.call(node.identifier.name, self.arguments(node))
        raise UnsupportedError(node, f"the call of '{node.identifier.name}'")

    def _built_in(self, node: s.FunctionCall | s.InstanceCall, function: sym.BuiltInFunction) -> str:
        if function.name == "any":
            return self.expression(node.arguments[0])
        constant = self.emission.constant(node, function)
        if constant is not None:
            return self.expression(constant)
        return arm.call(function.name, self.arguments(node))

    def arguments(self, node: s.FunctionCall | s.InstanceCall) -> list[str]:
        """The texts of a call's arguments."""
        return [self.expression(argument) for argument in node.arguments]

    def _instance_call(self, node: s.InstanceCall) -> str:
        function = self.symbols.get(node)
        if type(function) is sym.BuiltInFunction:
            return self._built_in(node, function)
        base = self.symbols.get(node.base)
        if type(base) is sym.WildcardSymbol:
            return arm.call(self.emission.names.wildcard_function(base, node.identifier.name), self.arguments(node))
        reference = self.method_target(node.base, node)
        name = node.identifier.name
        if reference is None or not name.lower().startswith("list"):
            raise UnsupportedError(node, f"the call of '{name}' here")
        return self.references.list_call(reference, name, self.arguments(node))


def _is_plain(node: s.Expression) -> bool:
    """True for what may stand in a copy's ``input`` as it is: an object or a text without holes."""
    if type(node) is s.ObjectSyntax:
        return not any(type(item) is s.Spread for item in node.items)
    if type(node) is Constant:
        return isinstance(node.value, (dict, str)) and type(node.value) is not arm.Verbatim
    return type(node) is s.StringSyntax and len(node.segments) == 1


def _describe(node: s.Node) -> str:
    if type(node) is s.ForExpression:
        return "a loop at this place"
    if type(node) is s.ResourceDeclaration:
        return "a resource declared at this place"
    return "this expression"


_VALUES: dict[type, Callable[[Lowering, Any], Any]] = {
    s.StringSyntax: Lowering._string_value,
    s.BooleanLiteral: lambda _, node: node.value,
    s.IntegerLiteral: lambda _, node: node.value,
    s.NullLiteral: lambda _, __: None,
    s.Unary: Lowering._unary_value,
    s.ArraySyntax: Lowering._array_value,
    s.ObjectSyntax: Lowering._object_value,
    Constant: Lowering._constant_value,
}

_EXPRESSIONS: dict[type, Callable[[Lowering, Any], str]] = {
    s.StringSyntax: Lowering._string,
    s.IntegerLiteral: Lowering._integer,
    s.BooleanLiteral: Lowering._boolean,
    s.NullLiteral: Lowering._null,
    Constant: Lowering._constant,
    s.ArraySyntax: Lowering._array,
    s.ObjectSyntax: Lowering._object,
    s.Parenthesized: Lowering._wrapped,
    s.NonNull: Lowering._non_null,
    s.Unary: Lowering._unary,
    s.Binary: Lowering._binary,
    s.Ternary: Lowering._ternary,
    s.Lambda: Lowering._lambda,
    s.VariableAccess: Lowering._variable_access,
    s.ResourceAccess: Lowering._resource_access,
    s.FunctionCall: Lowering._call,
    s.InstanceCall: Lowering._instance_call,
    s.PropertyAccess: Lowering.property_access,
    s.ArrayAccess: Lowering.array_access,
}
