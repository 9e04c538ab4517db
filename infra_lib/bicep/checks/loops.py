"""Loops: where they may stand, the collections that they make, and the names of what they deploy."""

from __future__ import annotations

import re
from typing import NamedTuple

from infra_lib.bicep import syntax as s
from infra_lib.bicep.semantics import symbols as sym
from infra_lib.bicep.semantics.model import SemanticModel
from infra_lib.bicep.semantics.rewriting import local_symbols

_FOR = re.compile(r"\bfor\b")
_LOOPED = (s.ResourceDeclaration, s.ModuleDeclaration, s.OutputDeclaration, s.VariableDeclaration, s.ParameterAssignment)
"""Statements whose whole value may be a loop."""


def check_loops(model: SemanticModel) -> None:
    """Report loops that are not the whole value of a statement or of a property of a resource or module."""
    if model.kind != "bicep":
        return
    for owner, loops in model.loops.items():
        inner = []
        for loop in loops:
            around = model.around.get(loop)
            if isinstance(around, s.ObjectProperty) and around.name is None and isinstance(around.key, s.StringSyntax):
                model.report("BCP143", around.key)
            if not isinstance(around, _LOOPED):
                inner.append(loop)
        if inner:
            allowed = _loops_in_properties(model, owner.node.value) if isinstance(owner, sym.DeployableSymbol) else {}
            for loop in inner:
                if allowed.get(loop) != 0:
                    _report(model, "BCP142" if loop in allowed else "BCP138", loop)


def _loops_in_properties(model: SemanticModel, body: s.Expression) -> dict[s.ForExpression, int]:
    """The loops that are values of properties, reached through literals alone, with the number of such loops around each."""
    found: dict[s.ForExpression, int] = {}
    pending: list[tuple[s.Node, int]] = [(body, 0)]
    while pending:
        node, outer = pending.pop()
        kind = type(node)
        if kind is s.ObjectSyntax:
            pending += [(item.value, outer) for item in node.items if type(item) is s.ObjectProperty]  # type: ignore[attr-defined]
        elif kind is s.ArraySyntax:
            pending += [(item, outer) for item in node.items]  # type: ignore[attr-defined]
        elif isinstance(node, s.ForExpression):
            if isinstance(model.around.get(node), s.ObjectProperty):
                found[node] = outer
                outer += 1
            pending += [(node.expression, outer), (node.body, outer)]
        elif isinstance(node, s.IfCondition):
            pending.append((node.body, outer))
    return found


def _report(model: SemanticModel, code: str, loop: s.ForExpression) -> None:
    found = _FOR.search(model.file.text, loop.start, loop.end)
    start = found.start() if found is not None else loop.start
    model.report(code, (start, start + 3))


# ---------------------------------------------------------------------------------------------- whole collections


class _Place(NamedTuple):
    """Where an expression stands: inside a loop, inside ``dependsOn``, inside ``properties`` or ``params``."""

    looped: bool
    explicit_dependency: bool
    properties: bool


def check_collections(model: SemanticModel) -> None:
    """Report a looped resource or module, or a variable that holds one, where a single item is wanted.

    A whole collection may be used in the properties of a resource, the parameters of a module, variables and outputs, outside
    of loops.
    """
    whole: dict[sym.DeclaredSymbol, bool] = {}
    for variable in model.variables:
        _holds_collection(model, variable, whole)
    for owner, uses in model.uses.items():
        for use in uses:
            if use.name_only:
                continue
            symbol = use.symbol
            if isinstance(symbol, sym.DeployableSymbol):
                if not symbol.is_collection or _is_accessed(model, use.node):
                    continue
            elif not whole.get(symbol) or (isinstance(owner, sym.VariableSymbol) and not _place(model, use.node, owner).looped):
                continue
            place = _place(model, use.node, owner)
            if place.explicit_dependency:
                continue
            in_value = isinstance(owner, (sym.VariableSymbol, sym.OutputSymbol))
            if place.looped or not (place.properties or in_value):
                model.report("BCP144", use.node, name=symbol.name)


def _holds_collection(model: SemanticModel, variable: sym.VariableSymbol, known: dict[sym.DeclaredSymbol, bool]) -> bool:
    """True for a variable with a whole looped resource or module in it, or another such variable."""
    pending: list[sym.DeclaredSymbol] = [variable]
    while pending:
        current = pending[-1]
        if current in known:
            pending.pop()
            continue
        found, unknown = False, []
        for use in model.uses.get(current, ()):
            if use.name_only:
                continue
            if isinstance(use.symbol, sym.DeployableSymbol):
                found = found or (use.symbol.is_collection and not _is_accessed(model, use.node))
            elif isinstance(use.symbol, sym.VariableSymbol) and use.symbol not in model.cycles:
                if use.symbol not in known:
                    unknown.append(use.symbol)
                found = found or known.get(use.symbol, False)
        if found or not unknown or current in model.cycles:
            known[current] = found and current not in model.cycles
            pending.pop()
        else:
            pending.extend(unknown)
    return known[variable]


def _is_accessed(model: SemanticModel, node: s.Node) -> bool:
    """True where a property or an item is read off a node."""
    above = model.around.get(node)
    while isinstance(above, s.Parenthesized):
        above = model.around.get(above)
    if above is None:
        above = model.parents.get(node)
        while isinstance(above, s.Parenthesized):
            above = model.parents.get(above)
    return isinstance(above, (s.PropertyAccess, s.ArrayAccess))


def _place(model: SemanticModel, node: s.Node, owner: sym.DeclaredSymbol) -> _Place:
    body = owner.body if isinstance(owner, sym.DeployableSymbol) else None
    dependencies = body.get("dependsOn") if body is not None else None
    properties = body.get("params" if isinstance(owner, sym.ModuleSymbol) else "properties") if body is not None else None
    looped = explicit = inside = False
    current: s.Node | None = node
    while current is not None and current is not owner.node:
        looped = looped or isinstance(current, s.ForExpression)
        explicit = explicit or current is dependencies
        inside = inside or current is properties
        current = model.parents.get(current)
    return _Place(looped, explicit, inside)


def check_safe_indexes(model: SemanticModel) -> None:
    """Report ``[?index]`` on a looped resource or module."""
    for uses in model.uses.values():
        for use in uses:
            if isinstance(use.symbol, sym.DeployableSymbol) and use.symbol.is_collection:
                above = model.around.get(use.node)
                if isinstance(above, s.ArrayAccess) and above.safe and above.base is use.node:
                    start = model.file.text.find("?", use.node.end, above.end)
                    model.report("BCP323", (start, start + 1))


# ---------------------------------------------------------------------------------------------- names


def check_loop_names(model: SemanticModel) -> None:
    """Warn of a loop whose items all have the same name at the same place."""
    for symbol in (*model.all_resources(), *model.modules):
        loop = symbol.loop
        if loop is None or symbol.body is None or (isinstance(symbol, sym.ResourceSymbol) and symbol.is_existing):
            continue
        values = {name: symbol.property(name) for name in ("name", "parent", "scope")}
        name = values["name"]
        if name is None or isinstance(name, s.Skipped):
            continue
        locals_ = [model.symbols.get(variable) for variable in (loop.item, loop.index) if variable is not None]
        used = {local for value in values.values() if value is not None for local in local_symbols(model, value)}
        if not any(local in used for local in locals_):
            variables = " or ".join(f'"{local.name}"' for local in locals_ if local is not None)
            model.report("BCP179", symbol.identifier, variables=variables)
