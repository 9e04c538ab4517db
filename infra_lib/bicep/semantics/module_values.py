"""Which expressions stand for a module, or for one of several."""

from __future__ import annotations

from infra_lib.bicep import syntax as s
from infra_lib.bicep.semantics import symbols as sym
from infra_lib.bicep.semantics.model import SemanticModel

Modules = tuple[sym.ModuleSymbol, ...]

_MOST_STEPS = 100
_ITEM_PARAMETERS: dict[str, tuple[int, ...]] = {
    "filter": (0,),
    "groupBy": (0,),
    "map": (0,),
    "reduce": (1,),
    "sort": (0, 1),
    "toObject": (0,),
}
"""The parameters of a lambda that are items of the array in front of it, by function."""
_ENDS = frozenset(("first", "last"))


def modules_of(model: SemanticModel, node: s.Expression, steps: int = 0) -> Modules:
    """The modules of whose types an expression is, all that it may be; none for one that may be something else."""
    if steps > _MOST_STEPS:
        return ()
    if isinstance(node, s.Parenthesized):
        return modules_of(model, node.expression, steps + 1)
    if isinstance(node, s.NonNull):
        return modules_of(model, node.base, steps + 1)
    if isinstance(node, s.Ternary):
        return _all(model, [node.when_true, node.when_false], steps)
    if isinstance(node, s.VariableAccess):
        return _named(model, node, steps)
    if isinstance(node, s.FunctionCall | s.InstanceCall):
        function = model.symbols.get(node)
        is_item = isinstance(function, sym.BuiltInFunction) and function.name in _ENDS and len(node.arguments) == 1
        return _items(model, node.arguments[0], steps + 1) if is_item else ()
    if isinstance(node, s.ArrayAccess) and not (isinstance(node.index, s.StringSyntax) and node.index.literal is not None):
        return _items(model, node.base, steps + 1)
    if isinstance(node, s.PropertyAccess | s.ArrayAccess):
        name = node.identifier.name if isinstance(node, s.PropertyAccess) else getattr(node.index, "literal", None)
        body = _written(model, node.base)
        member = body.get(name) if isinstance(body, s.ObjectSyntax) and name is not None else None
        return () if member is None else modules_of(model, member.value, steps + 1)
    return ()


def _named(model: SemanticModel, node: s.VariableAccess, steps: int) -> Modules:
    symbol = model.symbols.get(node)
    if isinstance(symbol, sym.ModuleSymbol):
        return (symbol,) if symbol.loop is None else ()
    if isinstance(symbol, sym.VariableSymbol) and symbol not in model.cycles:
        return modules_of(model, symbol.node.value, steps + 1)
    if isinstance(symbol, sym.LocalSymbol) and isinstance(symbol.owner, s.ForExpression):
        return _items(model, symbol.owner.expression, steps + 1) if symbol.role == "item" else ()
    if isinstance(symbol, sym.LocalSymbol) and isinstance(symbol.owner, s.Lambda):
        return _lambda_item(model, symbol, symbol.owner, steps)
    return ()


def _lambda_item(model: SemanticModel, local: sym.LocalSymbol, owner: s.Lambda, steps: int) -> Modules:
    call = model.parents.get(owner)
    function = model.symbols.get(call) if isinstance(call, s.FunctionCall | s.InstanceCall) else None
    if not isinstance(call, s.FunctionCall | s.InstanceCall) or not isinstance(function, sym.BuiltInFunction):
        return ()
    positions = _ITEM_PARAMETERS.get(function.name, ())
    is_item = any(parameter is local.node and position in positions for position, parameter in enumerate(owner.parameters))
    return _items(model, call.arguments[0], steps + 1) if is_item and call.arguments[0] is not owner else ()


def _items(model: SemanticModel, node: s.Expression, steps: int) -> Modules:
    """The modules that the items of an array are."""
    array = _written(model, node)
    if isinstance(array, s.VariableAccess):
        symbol = model.symbols.get(array)
        return (symbol,) if isinstance(symbol, sym.ModuleSymbol) and symbol.loop is not None else ()
    return _all(model, array.items, steps) if isinstance(array, s.ArraySyntax) else ()


def _all(model: SemanticModel, nodes: list[s.Expression], steps: int) -> Modules:
    found: dict[sym.ModuleSymbol, None] = {}
    for node in nodes:
        modules = modules_of(model, node, steps + 1)
        if not modules:
            return ()
        found.update(dict.fromkeys(modules))
    return tuple(found)


def _written(model: SemanticModel, node: s.Expression) -> s.Expression:
    """The expression that variables lead to."""
    for _ in range(_MOST_STEPS):
        if isinstance(node, s.Parenthesized):
            node = node.expression
        elif isinstance(node, s.VariableAccess) and isinstance(symbol := model.symbols.get(node), sym.VariableSymbol):
            node = symbol.node.value
        else:
            break
    return node
