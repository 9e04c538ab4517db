"""Copies of expressions with some of their names replaced by other expressions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, TypeVar

from infra_lib.bicep import syntax as s
from infra_lib.bicep.semantics import symbols as sym

if TYPE_CHECKING:
    from infra_lib.bicep.semantics.model import SemanticModel

_N = TypeVar("_N", bound=s.Node)


def local_symbols(model: SemanticModel, node: s.Node) -> list[sym.LocalSymbol]:
    """The names of loops and lambdas that are used in a tree, each once, in the order of the tree."""
    found: dict[sym.LocalSymbol, None] = {}
    stack: list[s.Node] = [node]
    symbols = model.symbols
    while stack:
        current = stack.pop()
        kind = type(current)
        if kind is s.VariableAccess:
            symbol = symbols.get(current)
            if type(symbol) is sym.LocalSymbol:
                found[symbol] = None
        elif kind is not s.Identifier and kind not in _LEAVES:
            stack.extend(reversed(list(current.children())))
    return list(found)


def replace_symbols(model: SemanticModel, node: s.Expression, replacements: Mapping[sym.Symbol, s.Expression]) -> s.Expression:
    """The tree with each use of a symbol replaced; parts without one are shared, copies are bound in the model as the originals.

    Calls are an exception that the official compiler makes: a copied call is bound to nothing and is written by its bare name.
    """
    result = _replace(model, node, replacements)
    assert isinstance(result, s.Expression)  # noqa: S101 - a narrowing for the type checker
    return result


def _replace(model: SemanticModel, node: s.Node, replacements: Mapping[sym.Symbol, s.Expression]) -> s.Node:
    if type(node) is s.VariableAccess:
        symbol = model.symbols.get(node)
        return replacements.get(symbol, node) if symbol is not None else node
    if type(node) is s.Identifier or type(node) in _LEAVES:
        return node
    copy: s.Node | None = None
    for name in _slots(type(node)):
        value = getattr(node, name)
        if isinstance(value, s.Node):
            changed: object = _replace(model, value, replacements)
            if changed is value:
                continue
        elif isinstance(value, list) and value and isinstance(value[0], s.Node):
            items = [_replace(model, item, replacements) for item in value]
            if all(item is old for item, old in zip(items, value, strict=True)):
                continue
            changed = items
        else:
            continue
        if copy is None:
            copy = _copy(node)
        setattr(copy, name, changed)
    if copy is None:
        return node
    if node in model.symbols and type(node) is not s.FunctionCall:
        model.symbols[copy] = model.symbols[node]
    return copy


def _copy(node: _N) -> _N:
    copy = object.__new__(type(node))
    for name in _slots(type(node)):
        setattr(copy, name, getattr(node, name))
    return copy


def _slots(kind: type[s.Node]) -> tuple[str, ...]:
    slots = _SLOTS.get(kind)
    if slots is None:
        slots = _SLOTS[kind] = tuple(name for cls in kind.__mro__ for name in getattr(cls, "__slots__", ()))
    return slots


_SLOTS: dict[type[s.Node], tuple[str, ...]] = {}
_LEAVES = frozenset((s.NullLiteral, s.BooleanLiteral, s.IntegerLiteral, s.Skipped))
