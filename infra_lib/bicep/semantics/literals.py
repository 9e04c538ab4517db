"""What an expression is known to be while compiling: literals, through names, members, choices and pure functions.

An expression can stand for several values where it is a choice. Arrays and objects stay the nodes that they are written as, so
that a member may be known where its neighbours are not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from infra_lib.arm.functions.registry import FunctionError, lookup
from infra_lib.bicep import syntax as s
from infra_lib.bicep.semantics import symbols as sym
from infra_lib.bicep.typing.resource_bodies import body_of, unknown_body
from infra_lib.resource_types import nodes

if TYPE_CHECKING:
    from infra_lib.bicep.semantics.model import SemanticModel

Known = tuple[Any, ...]
"""The possible values: plain ones, an ArraySyntax or ObjectSyntax without spreads, or a :class:`_Declared` object."""

_LONGEST_TEXT = 100_000
_MOST_CHOICES = 100
_MOST_PARTS = 10_000
_MOST_STEPS = 100
_FOLDED = frozenset((
    "base64", "base64ToString", "concat", "contains", "dataUri", "dataUriToString", "distinct", "empty", "endsWith", "format",
    "guid", "indexOf", "intersection", "join", "lastIndexOf", "length", "max", "min", "padLeft", "replace", "skip", "split",
    "startsWith", "substring", "take", "toLower", "toUpper", "trim", "union", "uniqueString", "uri", "uriComponent",
    "uriComponentToString",
))  # fmt: skip
"""Functions of literals whose result the type system knows as a literal."""
_OPERATIONS = {
    "+": "add", "-": "sub", "*": "mul", "/": "div", "%": "mod", "==": "equals", "<": "less", "<=": "lessOrEquals",
    ">": "greater", ">=": "greaterOrEquals",
}  # fmt: skip
_DECISIVE = {"&&": False, "||": True}
"""The operand that decides, whatever the other one is."""


def known_values(model: SemanticModel, node: s.Expression, steps: int = 0) -> Known | None:
    """The values that an expression can have, one or several; None where they are not known while compiling."""
    kind = type(node)
    if kind in _PLAIN:
        return (node.value,)  # type: ignore[attr-defined]
    reader = _READERS.get(kind)
    if reader is None or steps > _MOST_STEPS:
        return None
    found = reader(model, node, steps + 1)
    return None if found is None or len(found) > _MOST_CHOICES else found


def known_value(model: SemanticModel, node: s.Expression, steps: int = 0) -> Any:
    """The plain value of an expression, UNKNOWN where there is not exactly one."""
    found = known_values(model, node, steps)
    return _plain(model, found[0], steps + 1) if found is not None and len(found) == 1 else UNKNOWN


def known_texts(model: SemanticModel, node: s.Expression) -> tuple[str, ...] | None:
    """The texts that an expression can be; None where that is not known, or it may be something else than text."""
    found = known_values(model, node)
    return found if found is not None and all(isinstance(value, str) for value in found) else None


class _Unknown:
    pass


UNKNOWN = _Unknown()
"""Stands for a value that is not known, since None is a value."""


def _plain(model: SemanticModel, value: Any, steps: int) -> Any:
    """A value with all that is in it, UNKNOWN where a part is not known or where it is very large."""
    if isinstance(value, _Declared):
        return UNKNOWN
    if not isinstance(value, s.ArraySyntax | s.ObjectSyntax):
        return value
    known = model.known_collections
    if value not in known:
        known[value] = UNKNOWN
        made = _array(model, value, steps) if isinstance(value, s.ArraySyntax) else _object(model, value, steps)
        known[value] = made if _is_small(made) else UNKNOWN
    return known[value]


def _array(model: SemanticModel, node: s.ArraySyntax, steps: int) -> Any:
    items = [known_value(model, item, steps) for item in _expressions(node)]
    return UNKNOWN if any(item is UNKNOWN for item in items) else items


def _object(model: SemanticModel, node: s.ObjectSyntax, steps: int) -> Any:
    members: dict[str, Any] = {}
    for item in node.properties():
        member = known_value(model, item.value, steps)
        if item.name is None or member is UNKNOWN:
            return UNKNOWN
        members[item.name] = member
    return members


def _is_small(value: Any) -> bool:
    pending, count = [value], 0
    while pending and count <= _MOST_PARTS:
        current = pending.pop()
        count += 1
        if isinstance(current, list | dict):
            pending += current if isinstance(current, list) else current.values()
    return count <= _MOST_PARTS


def _expressions(array: s.ArraySyntax) -> list[s.Expression]:
    return [item for item in array.items if isinstance(item, s.Expression)]


def _of_each(model: SemanticModel, node: s.Expression, steps: int, member: Callable[[Any], Known | None]) -> Known | None:
    """The members of all values of an expression, None where one has no such member."""
    bases = known_values(model, node, steps)
    return None if bases is None else _joined(member(base) for base in bases)


def _joined(parts: Iterable[Known | None]) -> Known | None:
    found: list[Any] = []
    for part in parts:
        if part is None:
            return None
        found += [value for value in part if not any(type(value) is type(each) and value == each for each in found)]
        if len(found) > _MOST_CHOICES:
            return None
    return tuple(found)


# ---------------------------------------------------------------------------------------------- by kind of expression


def _string(model: SemanticModel, node: s.StringSyntax, steps: int) -> Known | None:
    if not node.expressions:
        return (node.segments[0],)
    parts = [node.segments[0]]
    length = 0
    for hole, segment in zip(node.expressions, node.segments[1:], strict=True):
        value = known_value(model, hole, steps)
        if isinstance(value, bool):
            value = "True" if value else "False"
        if not isinstance(value, str | int):
            return None
        parts += [str(value), segment]
        length += len(parts[-2]) + len(segment)
        if length > _LONGEST_TEXT:
            return None
    return ("".join(parts),)


def _collection(_model: SemanticModel, node: s.ArraySyntax | s.ObjectSyntax, _steps: int) -> Known | None:
    return None if any(type(item) is s.Spread for item in node.items) else (node,)


def _null(_model: SemanticModel, _node: s.NullLiteral, _steps: int) -> Known | None:
    return (None,)


def _parenthesized(model: SemanticModel, node: s.Parenthesized, steps: int) -> Known | None:
    return known_values(model, node.expression, steps)


def _non_null(model: SemanticModel, node: s.NonNull, steps: int) -> Known | None:
    return known_values(model, node.base, steps)


def _unary(model: SemanticModel, node: s.Unary, steps: int) -> Known | None:
    value = known_value(model, node.operand, steps)
    if node.operator == "!":
        return (not value,) if isinstance(value, bool) else None
    return (-value,) if type(value) is int else None


def _binary(model: SemanticModel, node: s.Binary, steps: int) -> Known | None:
    operator = node.operator
    if operator == "??":
        left = known_value(model, node.left, steps)
        return known_values(model, node.right, steps) if left is None else None if left is UNKNOWN else (left,)
    operands = [known_value(model, node.left, steps), known_value(model, node.right, steps)]
    if operator in _DECISIVE:
        decisive = _DECISIVE[operator]
        if any(operand is decisive for operand in operands):
            return (decisive,)
        return (not decisive,) if all(operand is (not decisive) for operand in operands) else None
    negated = operator in ("!=", "!~")
    if operator in ("=~", "!~"):
        operands = [operand.lower() if isinstance(operand, str) else UNKNOWN for operand in operands]
    found = _called(_OPERATIONS.get(operator, "equals"), operands)
    return (not found[0],) if negated and found is not None else found


def _called(name: str, arguments: list[Any]) -> Known | None:
    """What a pure function gives, None for arguments that are not known and for those that it does not take."""
    function = lookup(name)
    if function is None or any(argument is UNKNOWN for argument in arguments):
        return None
    try:
        function.check_count(len(arguments))
        return (function.call(arguments),)
    except FunctionError:
        return None


def _choice(model: SemanticModel, node: s.Ternary, steps: int) -> Known | None:
    condition = known_value(model, node.condition, steps)
    branches = [
        branch
        for branch, taken in ((node.when_true, True), (node.when_false, False))
        if not isinstance(condition, bool) or condition is taken
    ]
    return _joined(known_values(model, branch, steps) for branch in branches)


def _name(model: SemanticModel, node: s.VariableAccess | s.ResourceAccess, steps: int) -> Known | None:
    symbol = model.symbols.get(node)
    if isinstance(symbol, sym.DeployableSymbol):
        return _body(model, symbol)
    if not isinstance(symbol, sym.VariableSymbol | sym.LocalSymbol) or symbol in model.cycles:
        return None
    known = model.known_names
    if symbol not in known:
        known[symbol] = None
        known[symbol] = _local(model, symbol, steps) if isinstance(symbol, sym.LocalSymbol) else _variable(model, symbol, steps)
    return known[symbol]


def _variable(model: SemanticModel, symbol: sym.VariableSymbol, steps: int) -> Known | None:
    return known_values(model, symbol.node.value, steps) if symbol.node.type is None else None


def _local(model: SemanticModel, symbol: sym.LocalSymbol, steps: int) -> Known | None:
    if symbol.role != "item" or type(symbol.owner) is not s.ForExpression:
        return None
    return _of_each(model, symbol.owner.expression, steps, lambda base: _all_items(model, base, steps))


def _all_items(model: SemanticModel, base: Any, steps: int) -> Known | None:
    if isinstance(base, s.ArraySyntax):
        return _joined(known_values(model, item, steps) for item in _expressions(base)) or None
    return _joined((item,) for item in base) or None if isinstance(base, list) else None


def _property(model: SemanticModel, node: s.PropertyAccess, steps: int) -> Known | None:
    return None if node.safe else _member(model, node.base, node.identifier.name, steps)


def _item(model: SemanticModel, node: s.ArrayAccess, steps: int) -> Known | None:
    index = None if node.safe else known_value(model, node.index, steps)
    if isinstance(index, str):
        return _member(model, node.base, index, steps)
    if type(index) is not int:
        return None
    position = -index if node.from_end else index
    return _of_each(model, node.base, steps, lambda base: _item_at(model, base, position, steps))


def _item_at(model: SemanticModel, base: Any, position: int, steps: int) -> Known | None:
    items = _expressions(base) if isinstance(base, s.ArraySyntax) else base
    if not isinstance(items, list) or not -len(items) <= position < len(items):
        return None
    found = items[position]
    return known_values(model, found, steps) if isinstance(found, s.Expression) else (found,)


def _member(model: SemanticModel, base: s.Expression, name: str, steps: int) -> Known | None:
    return _of_each(model, base, steps, lambda value: _member_of(model, value, name, steps))


def _member_of(model: SemanticModel, value: Any, name: str, steps: int) -> Known | None:
    if isinstance(value, _Declared):
        return value.member(model, name, steps)
    if isinstance(value, s.ObjectSyntax):
        item = value.get(name)
        return None if item is None else known_values(model, item.value, steps)
    return (value[name],) if isinstance(value, dict) and name in value else None


class _Declared:
    """The body of a resource or module, or an object in one.

    What is written there counts, but for a property whose type is an open union: that keeps its declared type.
    """

    __slots__ = ("body", "type")

    def __init__(self, body: s.ObjectSyntax, declared: nodes.ObjectType) -> None:
        self.body = body
        self.type = declared

    def member(self, model: SemanticModel, name: str, steps: int) -> Known | None:
        """The values of a property."""
        item = self.body.get(name)
        found = self.type.find(name)
        declared = found.type if found is not None else self.type.additional_properties
        if item is None or declared is None:
            return None
        if isinstance(declared, nodes.ObjectType) and isinstance(item.value, s.ObjectSyntax):
            return (_Declared(item.value, declared),)
        is_open = isinstance(declared, nodes.UnionType) and declared.is_open
        return None if is_open or isinstance(declared, _COMPOSED) else known_values(model, item.value, steps)


def _body(model: SemanticModel, symbol: sym.DeployableSymbol) -> Known | None:
    if symbol.body is None or symbol.is_collection or symbol in model.cycles:
        return None
    declared: nodes.TypeNode = _MODULE
    if isinstance(symbol, sym.ResourceSymbol):
        reference = model.resource_table.type_of(symbol)
        catalog = model.compiler.catalog
        if reference is None:
            return None
        found = catalog.find(reference.type, reference.version) if catalog is not None and reference.version is not None else None
        declared = unknown_body(reference.type) if found is None else body_of(found)
        if isinstance(declared, nodes.DiscriminatedObjectType):
            declared = _variant(declared, symbol.body) or declared
    return (_Declared(symbol.body, declared),) if isinstance(declared, nodes.ObjectType) else None


def _variant(declared: nodes.DiscriminatedObjectType, body: s.ObjectSyntax) -> nodes.ObjectType | None:
    key = body.get(declared.discriminator)
    text = key.value.literal if key is not None and type(key.value) is s.StringSyntax else None
    return None if text is None else declared.member(text)


def _call(model: SemanticModel, node: s.FunctionCall | s.InstanceCall, steps: int) -> Known | None:
    if node in model.compile_time_values:
        return (model.compile_time_values[node],)
    symbol = model.symbols.get(node)
    if type(symbol) is not sym.BuiltInFunction or symbol.namespace != "sys":
        return None
    if symbol.name in ("first", "last") and len(node.arguments) == 1:
        position = 0 if symbol.name == "first" else -1
        return _of_each(model, node.arguments[0], steps, lambda base: _end(model, base, position, steps))
    if symbol.name not in _FOLDED:
        return None
    return _called(symbol.name, [known_value(model, argument, steps) for argument in node.arguments])


def _end(model: SemanticModel, base: Any, position: int, steps: int) -> Known | None:
    if isinstance(base, str):
        return (base[:1] if position == 0 else base[-1:],)
    return _item_at(model, base, position, steps)


_MODULE = nodes.ObjectType("module", [nodes.Property("name", nodes.StringType, required=True)])
_COMPOSED = (nodes.ArrayType, nodes.ObjectType, nodes.DiscriminatedObjectType)
_PLAIN = frozenset((s.IntegerLiteral, s.BooleanLiteral))
_READERS: dict[type, Callable[[SemanticModel, Any, int], Known | None]] = {
    s.StringSyntax: _string,
    s.NullLiteral: _null,
    s.ArraySyntax: _collection,
    s.ObjectSyntax: _collection,
    s.Parenthesized: _parenthesized,
    s.NonNull: _non_null,
    s.Unary: _unary,
    s.Binary: _binary,
    s.Ternary: _choice,
    s.VariableAccess: _name,
    s.ResourceAccess: _name,
    s.PropertyAccess: _property,
    s.ArrayAccess: _item,
    s.FunctionCall: _call,
    s.InstanceCall: _call,
}
