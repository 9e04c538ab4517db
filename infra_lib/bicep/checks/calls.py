"""Calls of methods of resources, and lambdas' variables in calls that only a running deployment answers."""

from __future__ import annotations

from infra_lib.bicep import syntax as s
from infra_lib.bicep.checks.mistakes import has_mistake
from infra_lib.bicep.checks.value_kinds import kinds_of, words
from infra_lib.bicep.parsing.spelling import suggest
from infra_lib.bicep.semantics import symbols as sym
from infra_lib.bicep.semantics.model import SemanticModel
from infra_lib.bicep.semantics.rewriting import local_symbols

_MOST_LIST_ARGUMENTS = 2


def check_methods(model: SemanticModel) -> None:
    """Report methods that a resource or module does not have, and calls of ``list...`` with too many arguments.

    Runs before the uses of what is not valid are reported: such a call has no value.
    """
    for call in model.method_calls:
        symbol = _called_on(model, call.base)
        if symbol is None:
            _check_value(model, call)
            continue
        if not call.identifier.valid or symbol in model.invalid or symbol in model.cycles:
            continue
        name = call.identifier.name
        if _is_in_lambda(model, call):
            continue
        type_, near = "module", None
        if isinstance(symbol, sym.ResourceSymbol):
            reference = model.resource_table.type_of(symbol)
            if reference is None:
                continue
            type_ = reference.type
            catalog = model.compiler.catalog
            found = catalog.find(type_, reference.version) if catalog is not None and reference.version is not None else None
            near = suggest(name, found.functions) if found is not None else None
        if near is not None:
            model.report("BCP110", call.identifier, type=type_, name=name, suggestion=near)
        else:
            model.report("BCP109", call.identifier, type=type_, name=name)
        model.invalidate_around(call)
    for calls in model.run_time_calls.values():
        for node in calls:
            if not isinstance(node, s.InstanceCall) or len(node.arguments) <= _MOST_LIST_ARGUMENTS:
                continue
            if isinstance(_called_on(model, node.base), sym.ResourceSymbol) and not _is_in_lambda(model, node):
                start = model.file.text.find("(", node.identifier.end, node.end)
                model.report("BCP071", (start, node.end), name=node.identifier.name, expected="0 to 2", count=len(node.arguments))
                model.invalidate_around(node)


def _check_value(model: SemanticModel, call: s.InstanceCall) -> None:
    """Report a call of a method of something else than a resource or module, which has none."""
    kinds = kinds_of(model, call.base)
    if kinds is None or has_mistake(model, call.base) or _is_in_lambda(model, call):
        return
    if kinds == {"object"}:
        model.report("BCP109", call.identifier, type="object", name=call.identifier.name)
    else:
        model.report("BCP067", call.identifier, type=words(kinds))
    model.invalidate_around(call)


def _called_on(model: SemanticModel, base: s.Expression) -> sym.DeployableSymbol | None:
    """The resource or module that a method is called on, one item of a looped one included."""
    indexed = isinstance(base, s.ArrayAccess) and not isinstance(base.index, s.StringSyntax)
    symbol = model.symbols.get(base.base if isinstance(base, s.ArrayAccess) and indexed else base)
    return symbol if isinstance(symbol, sym.DeployableSymbol) and symbol.is_collection == indexed else None


def _is_in_lambda(model: SemanticModel, node: s.Node) -> bool:
    above = model.parents.get(node)
    while above is not None:
        if isinstance(above, s.Lambda):
            return True
        above = model.parents.get(above)
    return False


def check_lambda_arguments(model: SemanticModel) -> None:
    """Report calls of ``reference`` and the like, within a lambda, whose arguments use a lambda's variable."""
    for calls in model.run_time_calls.values():
        for call in calls:
            names: dict[str, None] = {}
            for argument in call.arguments:
                for local in local_symbols(model, argument):
                    body = local.owner.body if isinstance(local.owner, s.Lambda) else None
                    if body is not None and body.start <= call.start and call.end <= body.end:
                        names[local.name] = None
            if names:
                model.report("BCP248", call, name=call.identifier.name, variables='", "'.join(names))
