"""Which expressions stand for a module."""

from __future__ import annotations

from collections.abc import Mapping

from infra_lib.bicep import syntax as s
from infra_lib.bicep.semantics import symbols as sym
from infra_lib.bicep.semantics.model import SemanticModel

_NO_ITEMS: Mapping[sym.LocalSymbol, sym.ModuleSymbol] = {}


def module_of(
    model: SemanticModel, node: s.Expression, items: Mapping[sym.LocalSymbol, sym.ModuleSymbol] = _NO_ITEMS
) -> sym.ModuleSymbol | None:
    """The module whose type an expression has: one module, an item of a looped one, a variable that holds it; else None.

    ``items`` are the parameters of lambdas that are items of a looped module.
    """
    for _ in range(100):
        if isinstance(node, s.Parenthesized):
            node = node.expression
        elif isinstance(node, s.NonNull):
            node = node.base
        elif isinstance(node, s.ArrayAccess):
            symbol = model.symbols.get(node.base)
            return symbol if type(symbol) is sym.ModuleSymbol and symbol.loop is not None else None
        elif isinstance(node, s.VariableAccess):
            symbol = model.symbols.get(node)
            if type(symbol) is sym.ModuleSymbol:
                return symbol if symbol.loop is None else None
            if type(symbol) is sym.LocalSymbol:
                return items.get(symbol)
            if type(symbol) is not sym.VariableSymbol:
                return None
            node = symbol.node.value
        else:
            return None
    return None
