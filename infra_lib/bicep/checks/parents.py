"""Parents and dependencies of resources, and what can be read off existing ones whose names only a running deployment knows."""

from __future__ import annotations

from infra_lib.bicep import syntax as s
from infra_lib.bicep.checks.mistakes import has_mistake
from infra_lib.bicep.checks.placement import is_any
from infra_lib.bicep.checks.value_kinds import kinds_of
from infra_lib.bicep.semantics import symbols as sym
from infra_lib.bicep.semantics.model import SemanticModel

_ALWAYS_READABLE = frozenset(("id", "name", "type", "apiVersion"))


def check_parents(model: SemanticModel) -> None:
    """Report a ``parent`` that is no resource by its name."""
    for resource in model.resources:
        value = resource.property("parent")
        if value is None or isinstance(value, s.Skipped):
            continue
        base = value.base if isinstance(value, s.ArrayAccess) else value
        if model.resource_table.resource_at(base) is None and _is_certain(model, base):
            model.report("BCP240", value)


def _is_certain(model: SemanticModel, node: s.Expression) -> bool:
    """True for a value that has no mistake in it: what is wrong is only that it stands here."""
    if isinstance(node, s.VariableAccess):
        symbol = model.symbols.get(node)
        if isinstance(symbol, sym.ParameterSymbol):
            return symbol not in model.invalid and not isinstance(symbol.node.type, s.ResourceType)
        return (
            isinstance(symbol, sym.ModuleSymbol | sym.VariableSymbol)
            and symbol not in model.invalid
            and symbol not in model.cycles
        )
    if isinstance(node, s.Ternary):
        branches = (node.when_true, node.when_false)
        return all(model.resource_table.resource_at(branch) is not None or _is_certain(model, branch) for branch in branches)
    if is_any(model, node):
        return not has_mistake(model, node)
    if model.resource_table.read_scope(node) is not None:
        return True
    return kinds_of(model, node) is not None and not list(node.children())


def check_inlined_existing(model: SemanticModel) -> None:
    """Report what cannot be done with an existing resource whose name, parent or scope is known only at run time."""
    if not any(resource.is_existing for resource in model.all_resources()):
        return
    inlined = model.inlined.resources
    if not inlined:
        return
    for resource in model.resources:
        dependencies = resource.body.get("dependsOn") if resource.body is not None else None
        if dependencies is None:
            continue
        if resource in inlined:
            model.report("BCP433", dependencies, name=resource.name)
            continue
        for use in model.uses.get(resource, ()):
            if use.symbol in inlined and dependencies.start <= use.node.start and use.node.end <= dependencies.end:
                model.report("BCP434", use.node, name=use.symbol.name)
    for uses in model.uses.values():
        for use in uses:
            if isinstance(use.symbol, sym.ResourceSymbol) and use.symbol in inlined:
                _check_read(model, use.symbol, use.node)


def _check_read(model: SemanticModel, resource: sym.ResourceSymbol, node: s.Node) -> None:
    above = model.around.get(node)
    if resource.is_collection:
        if not isinstance(above, s.ArrayAccess) or above.base is not node or isinstance(above.index, s.StringSyntax):
            return
        node, above = above, model.around.get(above)
    wrong = False
    if isinstance(above, s.PropertyAccess):
        wrong = above.identifier.name not in _ALWAYS_READABLE
    elif isinstance(above, s.ArrayAccess) and above.base is node and isinstance(above.index, s.StringSyntax):
        wrong = above.index.literal not in _ALWAYS_READABLE
    elif isinstance(above, s.InstanceCall) and above.base is node:
        wrong = above.identifier.name.startswith("list")
    if wrong and above is not None:
        model.report("BCP307", above, name=resource.name)
