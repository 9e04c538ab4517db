"""The kinds of value that an expression can have, as far as its form alone says: enough to tell arrays from other things."""

from __future__ import annotations

from infra_lib.bicep import syntax as s
from infra_lib.bicep.semantics import symbols as sym
from infra_lib.bicep.semantics.model import SemanticModel

Kinds = frozenset[str]
"""Words out of array, bool, int, null, object, string."""

_LITERALS: dict[type, Kinds] = {
    s.StringSyntax: frozenset(("string",)),
    s.IntegerLiteral: frozenset(("int",)),
    s.BooleanLiteral: frozenset(("bool",)),
    s.NullLiteral: frozenset(("null",)),
    s.ArraySyntax: frozenset(("array",)),
    s.ObjectSyntax: frozenset(("object",)),
    s.ForExpression: frozenset(("array",)),
    s.ArrayType: frozenset(("array",)),
    s.TupleType: frozenset(("array",)),
    s.ObjectType: frozenset(("object",)),
}
_RETURNS: dict[str, Kinds] = {
    name: frozenset((kind,))
    for kind, names in (
        (
            "string",
            ("base64", "base64ToString", "dataUri", "format", "guid", "join", "replace", "string", "substring", "toLower",
             "toUpper", "trim", "uniqueString", "uri", "uriComponent", "resourceId", "subscriptionResourceId", "tenantResourceId",
             "extensionResourceId", "dateTimeAdd", "padLeft"),
        ),
        ("int", ("indexOf", "int", "lastIndexOf", "length", "dateTimeToEpoch")),
        ("bool", ("bool", "contains", "empty", "endsWith", "startsWith")),
        ("array", ("array", "filter", "flatten", "items", "map", "objectKeys", "pickZones", "range", "sort", "split")),
        ("object", ("deployment", "environment", "groupBy", "mapValues", "parseCidr", "parseUri", "resourceGroup", "shallowMerge",
                    "subscription", "toObject")),
    )
    for name in names
}  # fmt: skip
_OPERATORS: dict[str, Kinds] = {
    **dict.fromkeys(("==", "!=", "=~", "!~", "<", "<=", ">", ">=", "&&", "||"), frozenset(("bool",))),
    **dict.fromkeys(("+", "-", "*", "/", "%"), frozenset(("int",))),
}
_NULL = frozenset(("null",))
_MOST_STEPS = 100


def kinds_of(model: SemanticModel, node: s.Node | None, steps: int = 0) -> Kinds | None:
    """The kinds of value that an expression (or a type) can have; None where its form does not say."""
    if node is None or steps > _MOST_STEPS:
        return None
    known = _LITERALS.get(type(node))
    if known is not None:
        return known
    if isinstance(node, s.Parenthesized):
        return kinds_of(model, node.expression, steps + 1)
    if isinstance(node, s.NonNull):
        base = kinds_of(model, node.base, steps + 1)
        return None if base is None else base - _NULL
    if isinstance(node, s.NullableType):
        base = kinds_of(model, node.base, steps + 1)
        return None if base is None else base | _NULL
    if isinstance(node, s.Ternary):
        return _either(kinds_of(model, node.when_true, steps + 1), kinds_of(model, node.when_false, steps + 1))
    if isinstance(node, s.Binary):
        if node.operator == "??":
            left = kinds_of(model, node.left, steps + 1)
            return _either(None if left is None else left - _NULL, kinds_of(model, node.right, steps + 1))
        return _OPERATORS.get(node.operator)
    if isinstance(node, s.FunctionCall | s.InstanceCall):
        function = model.symbols.get(node)
        return _RETURNS.get(function.name) if isinstance(function, sym.BuiltInFunction) else None
    if isinstance(node, s.VariableAccess):
        return _named(model, model.symbols.get(node), steps)
    return None


def _either(left: Kinds | None, right: Kinds | None) -> Kinds | None:
    return None if left is None or right is None else left | right


def _named(model: SemanticModel, symbol: sym.Symbol | None, steps: int) -> Kinds | None:
    if isinstance(symbol, sym.AmbientType):
        return frozenset((symbol.name,)) if symbol.name in ("array", "bool", "int", "object", "string") else None
    if not isinstance(symbol, sym.DeclaredSymbol) or symbol in model.invalid or symbol in model.cycles:
        return None
    if isinstance(symbol, sym.ParameterSymbol):
        return kinds_of(model, symbol.node.type, steps + 1)
    if isinstance(symbol, sym.ParameterAssignmentSymbol):
        return kinds_of(model, symbol.node.value, steps + 1)
    if isinstance(symbol, sym.VariableSymbol):
        return kinds_of(model, symbol.node.type or symbol.node.value, steps + 1)
    if isinstance(symbol, sym.DeployableSymbol):
        return frozenset(("array" if symbol.is_collection else "object",))
    return None


def words(kinds: Kinds) -> str:
    """The kinds for a message."""
    return " or ".join(sorted(kinds))
