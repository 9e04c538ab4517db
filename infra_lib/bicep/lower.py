"""Lowering: Bicep expressions to ARM template expressions and JSON values.

:meth:`Lowering.value` gives the JSON value of an expression in a template, :meth:`Lowering.expression` its text within an
expression (:mod:`infra_lib.bicep.arm_text`). ``environment`` maps loop variables to the text that stands for them while an
expression is lowered at another place than where it was written.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, cast

from infra_lib.arm.values import float_text
from infra_lib.bicep import arm_text as arm
from infra_lib.bicep import symbols as sym
from infra_lib.bicep import syntax as s
from infra_lib.bicep.module_values import module_of
from infra_lib.bicep.resources import UnmovableError

if TYPE_CHECKING:
    from infra_lib.bicep.emit import Emission

Environment = dict[sym.LocalSymbol, str]

_OPERATORS = {
    "||": "or", "&&": "and", "==": "equals", "<": "less", "<=": "lessOrEquals", ">": "greater", ">=": "greaterOrEquals",
    "+": "add", "-": "sub", "*": "mul", "/": "div", "%": "mod", "??": "coalesce",
}  # fmt: skip
_LONGEST_EXPRESSION = 4_000_000
_MOST_VALUES = 1_000_000
"""What is written out where it is used can grow without bounds; far beyond what Azure takes, the compiler gives up."""
_ITEM_PARAMETERS = {"map": (0,), "filter": (0,), "groupBy": (0,), "toObject": (0,), "sort": (0, 1), "reduce": (1,)}
"""Which parameters of a lambda are items of the array in the first argument."""


class UnsupportedError(Exception):
    """A construct that is not compiled, at a node; ``construct`` names it."""

    def __init__(self, node: s.Node, construct: str) -> None:
        super().__init__(construct)
        self.node = node
        self.construct = construct


class Constant(s.Expression):
    """A value that the compiler worked out: of nameof(), of a loaded file."""

    __slots__ = ("value",)

    def __init__(self, node: s.Node, value: Any) -> None:
        self.start = node.start
        self.end = node.end
        self.value = value


class Context:
    """An index behind a collection: its text, and the environment in which the collection's name and scope are read."""

    __slots__ = ("environment", "index")

    def __init__(self, environment: Environment, index: str) -> None:
        self.environment = environment
        self.index = index


class Reference:
    """A resource or a module as a value, ``context`` being the index behind it."""

    __slots__ = ("context", "symbol")

    def __init__(self, symbol: sym.DeployableSymbol | sym.ParameterSymbol, context: Context | None) -> None:
        self.symbol = symbol
        self.context = context


class Lowering:
    """Lowers the expressions of one file for one template."""

    def __init__(self, emission: Emission) -> None:
        self.emission = emission
        self.model = emission.model
        self.symbols = emission.model.symbols
        self.table = emission.model.resource_table
        self.inlined = emission.inlined.variables
        self.environment: Environment = {}
        self.values = 0
        self.value_copies: set[s.ForExpression] = set()
        self.module_items: dict[sym.LocalSymbol, sym.ModuleSymbol] = {}
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
        chunks: list[str] = []
        chunk: list[str] = []
        spread = False
        for item in node.items:
            if type(item) is s.Spread:
                spread = True
                if chunk:
                    chunks.append(arm.call("createArray", chunk))
                    chunk = []
                chunks.append(self.expression(item.expression))
            else:
                chunk.append(self.expression(item))
        if not spread:
            return arm.call("createArray", chunk)
        if chunk:
            chunks.append(arm.call("createArray", chunk))
        return f"flatten(createArray({', '.join(chunks)}))"

    def _object(self, node: s.ObjectSyntax) -> str:
        chunks: list[str] = []
        chunk: list[str] = []
        spread = False
        for item in node.items:
            if type(item) is s.Spread:
                spread = True
                if chunk:
                    chunks.append(arm.call("createObject", chunk))
                    chunk = []
                chunks.append(self.expression(item.expression))
            elif type(item) is s.ObjectProperty:
                key = item.key
                chunk.append(arm.string(key.name) if type(key) is s.Identifier else self.expression(cast("s.Expression", key)))
                chunk.append(self.expression(item.value))
            else:
                raise UnsupportedError(item, _describe(item))
        if not spread:
            return arm.call("createObject", chunk)
        if chunk:
            chunks.append(arm.call("createObject", chunk))
        return f"shallowMerge(createArray({', '.join(chunks)}))"

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
            return self._local(symbol)  # type: ignore[arg-type]
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

    def _local(self, symbol: sym.LocalSymbol) -> str:
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
        if function.name in _ITEM_PARAMETERS:
            self._note_module_items(node, function.name)
        return arm.call(function.name, self.arguments(node))

    def _note_module_items(self, node: s.FunctionCall | s.InstanceCall, name: str) -> None:
        """Remember the parameters of a lambda that are items of a looped module."""
        array = self.core(node.arguments[0])
        module = self.symbols.get(array)
        if type(module) is not sym.ModuleSymbol or module.loop is None:
            return
        for argument in node.arguments[1:]:
            if type(argument) is s.Lambda:
                for position in _ITEM_PARAMETERS[name]:
                    if position < len(argument.parameters):
                        local = self.symbols[argument.parameters[position]]
                        assert isinstance(local, sym.LocalSymbol)  # noqa: S101 - a narrowing for the type checker
                        self.module_items[local] = module

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

    def method_target(self, node: s.Expression, place: s.Node) -> Reference | None:
        """The resource that a method is called on, through parentheses, ``!``, an index and variables."""
        for _ in range(100):
            while isinstance(node, (s.Parenthesized, s.NonNull)):
                node = node.expression if isinstance(node, s.Parenthesized) else node.base
            index: s.Expression | None = None
            if type(node) is s.ArrayAccess:
                index = node.index
                node = node.base
            symbol = self.symbols.get(node)
            if type(symbol) is sym.ParameterSymbol and type(symbol.node.type) is s.ResourceType:
                return Reference(symbol, None)
            resource = self.table.resource_at(node)
            if resource is not None:
                return Reference(resource, self.context_of_name(resource, index, place))
            if index is not None or type(symbol) is not sym.VariableSymbol:
                return None
            node = symbol.node.value
        return None

    # ------------------------------------------------------------------------------------------ accesses

    def _property_access(self, node: s.PropertyAccess) -> str:
        base, name = node.base, node.identifier.name
        self.at = node
        if type(base) is s.ArrayAccess:
            resource = self.table.resource_at(base.base)
            if resource is not None:
                if resource.loop is None:
                    self.model.report("INF312", base.index, name=resource.name)
                context = self.context(resource, base.index, node)
                return self.references.property(Reference(resource, context), name, node.safe)
        elif type(base) is s.PropertyAccess and base.identifier.name == "outputs":
            module = module_of(self.model, base.base, self.module_items)
            if module is not None:
                return self._module_output(node, base, module)
        elif type(base) is s.VariableAccess:
            wildcard = self.symbols.get(base)
            if type(wildcard) is sym.WildcardSymbol:
                return f"variables({arm.string(self.emission.names.wildcard_variable(wildcard, name))})"
        return self._named(node, name)

    def _named(self, node: s.PropertyAccess | s.ArrayAccess, name: str) -> str:
        """``base.name``, the base being whatever it is."""
        reference = self.reference(node.base)
        if reference is not None:
            return self.references.property(reference, name, node.safe)
        return self._access(node, arm.string(name))

    def reference(self, node: s.Expression) -> Reference | None:
        """The resource or module that an expression is, or None for every other value."""
        node = self.core(node)
        if type(node) is s.VariableAccess or type(node) is s.ResourceAccess:
            symbol = self.symbols.get(node)
            if isinstance(symbol, sym.DeployableSymbol):
                return Reference(symbol, None)
            if type(symbol) is sym.ParameterSymbol and type(symbol.node.type) is s.ResourceType:
                return Reference(symbol, None)
        elif type(node) is s.ArrayAccess:
            return self._indexed(node)
        return None

    def _indexed(self, node: s.ArrayAccess) -> Reference | None:
        if type(node.base) is not s.VariableAccess and type(node.base) is not s.ResourceAccess:
            return None
        symbol: sym.Symbol | None = self.table.resource_at(node.base) or self.symbols.get(node.base)
        if isinstance(symbol, sym.DeployableSymbol) and symbol.loop is not None:
            return Reference(symbol, self.context(symbol, node.index, node))
        return None

    def _array_access(self, node: s.ArrayAccess) -> str:
        reference = self._indexed(node)
        if reference is not None:
            self.at = node
            return self.references.whole(reference)
        index = self.core(node.index)
        if type(index) is s.StringSyntax and len(index.segments) == 1 and not node.from_end:
            return self._named(node, index.segments[0])
        return self._access(node, self.expression(index), from_end=node.from_end)

    def _access(self, node: s.PropertyAccess | s.ArrayAccess, accessor: str, *, from_end: bool = False) -> str:
        base = self.expression(node.base)
        if node.safe:
            return arm.SafeCall(f"{'tryIndexFromEnd' if from_end else 'tryGet'}({base}, {accessor})")
        if type(base) is arm.SafeCall and self._is_access(node.base):
            if from_end:
                accessor = f"createObject('value', {accessor}, 'fromEnd', true())"
            return arm.SafeCall(f"{base[:-1]}, {accessor})")
        if from_end:
            return f"indexFromEnd({base}, {accessor})"
        return arm.access(base, accessor)

    def _is_access(self, node: s.Expression) -> bool:
        """True for an access as it is written, through ``!`` and ``any()`` but not through parentheses."""
        while True:
            if type(node) is s.PropertyAccess or type(node) is s.ArrayAccess:
                return True
            if type(node) is s.NonNull:
                node = node.base
                continue
            function = self.symbols.get(node) if type(node) is s.FunctionCall or type(node) is s.InstanceCall else None
            if type(function) is not sym.BuiltInFunction or function.name != "any":
                return False
            node = node.arguments[0]  # type: ignore[attr-defined]

    # ------------------------------------------------------------------------------------------ modules

    def _module_output(self, node: s.PropertyAccess, outputs: s.PropertyAccess, module: sym.ModuleSymbol) -> str:
        name = node.identifier.name
        secure = module.target is not None and name in module.target.secure_outputs()
        reference = self.reference(outputs.base)
        tail = [arm.string(name), "'value'"]
        if reference is not None and type(reference.symbol) is sym.ModuleSymbol:
            base = self.references.property(reference, "outputs", outputs.safe, secure=secure)
            if secure:
                tail.pop()
        else:
            base = self.expression(outputs)
        if node.safe:
            for part in tail:
                base = arm.SafeCall(f"tryGet({base}, {part})")
            return base
        if type(base) is arm.SafeCall:
            return arm.SafeCall(f"{base[:-1]}, {', '.join(tail)})")
        if type(base) is arm.GuardedCall:
            return arm.SafeCall(f"tryGet({base}, {', '.join(tail)})")
        for part in tail:
            base = arm.access(base, part)
        return base

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


def _is_plain(node: s.Expression) -> bool:
    """True for what may stand in a copy's ``input`` as it is: an object or a text without holes."""
    if type(node) is s.ObjectSyntax:
        return not any(type(item) is s.Spread for item in node.items)
    if type(node) is Constant:
        return isinstance(node.value, (dict, str)) and type(node.value) is not arm.Verbatim
    return type(node) is s.StringSyntax and len(node.segments) == 1


def constant_json(value: Any) -> Any:
    """A loaded value as JSON: strings escaped, fractions read from text at run time."""
    if isinstance(value, str):
        return f"[{value}]" if type(value) is arm.Verbatim else arm.escape(value)
    if isinstance(value, dict):
        return {_constant_key(key): constant_json(item) for key, item in value.items()}
    if isinstance(value, list):
        return [constant_json(item) for item in value]
    if isinstance(value, float):
        return f"[{constant_text(value)}]"
    return value


def _constant_key(key: str) -> str:
    text = arm.escape(key)
    return f"[string('{text}')]" if text.lower() == "copy" else text


def constant_text(value: Any) -> str:
    """A loaded value within an expression."""
    if isinstance(value, str):
        return value if type(value) is arm.Verbatim else arm.string(value)
    if isinstance(value, dict):
        return arm.call("createObject", (text for key, item in value.items() for text in (arm.string(key), constant_text(item))))
    if isinstance(value, list):
        return arm.call("createArray", (constant_text(item) for item in value))
    if value is None:
        return "null()"
    if isinstance(value, bool):
        return "true()" if value else "false()"
    if isinstance(value, int):
        return arm.integer(value)
    return f"json('{float_text(value)}')"


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
    s.PropertyAccess: Lowering._property_access,
    s.ArrayAccess: Lowering._array_access,
}
