"""The scopes that modules are deployed to, and the properties that a module's body may have."""

from __future__ import annotations

from infra_lib.bicep import syntax as s
from infra_lib.bicep.checks.mistakes import has_mistake
from infra_lib.bicep.parsing.spelling import suggest
from infra_lib.bicep.semantics import symbols as sym
from infra_lib.bicep.semantics.model import SemanticModel
from infra_lib.bicep.semantics.resources import ScopeData

_CODES = {"tenant": "BCP113", "managementGroup": "BCP114", "subscription": "BCP115", "resourceGroup": "BCP116"}
"""The mistake of a scope that cannot be named so, by the scope of the file."""
_SETTABLE = ("dependsOn", "identity", "name", "params", "scope")
_READ_ONLY = "outputs"


def check_module_scopes(model: SemanticModel) -> None:
    """Report modules at a scope that their template is not written for, or that this file cannot reach."""
    if model.kind != "bicep" or model.scope not in _CODES:
        return
    for module in model.modules:
        if module.target is None:
            continue
        wanted = module.target.target_scope
        value = module.property("scope")
        if value is None:
            if wanted is not None and wanted != model.scope:
                if module.body is not None and not has_mistake(model, module.node.value):
                    model.report("BCP035", module.identifier, names='"scope"')
                model.report("BCP134", module.node.value, scope=model.scope, wanted=wanted)
            continue
        supplied, scope = _supplied(model, value)
        if supplied is None:
            continue
        if wanted is not None and supplied != wanted:
            model.report("BCP134", value, scope=supplied, wanted=wanted)
        elif scope is not None and not _is_reachable(model, scope):
            model.report(_CODES[model.scope], value, scope=supplied)


def _supplied(model: SemanticModel, value: s.Expression) -> tuple[str | None, ScopeData | None]:
    """The kind of scope that an expression gives, None where it is none."""
    target = value.base if isinstance(value, s.ArrayAccess) else value
    symbol = model.symbols.get(target)
    if isinstance(symbol, sym.DeployableSymbol):
        if symbol.is_collection != isinstance(value, s.ArrayAccess) or symbol in model.invalid or symbol in model.cycles:
            return None, None
        if isinstance(symbol, sym.ModuleSymbol):
            return "module", None
    call = model.symbols.get(value)
    if isinstance(call, sym.BuiltInFunction) and isinstance(value, s.FunctionCall | s.InstanceCall):
        _, minimum, maximum, _ = call.info
        if len(value.arguments) < minimum or (maximum is not None and len(value.arguments) > maximum):
            return None, None
    scope = model.resource_table.read_scope(value)
    return (None, None) if scope is None else (scope.kind, scope)


def _is_reachable(model: SemanticModel, scope: ScopeData) -> bool:
    """True for a scope that a file of this kind can deploy a module to."""
    own = model.scope
    match scope.kind:
        case "tenant":
            return True
        case "managementGroup":
            return own in ("tenant", "managementGroup")
        case "subscription":
            return scope.subscription is not None or own in ("subscription", "resourceGroup")
        case "resourceGroup":
            if scope.resource_group is None:
                return own == "resourceGroup"
            return scope.subscription is not None or own in ("subscription", "resourceGroup")
    return False


def check_module_bodies(model: SemanticModel) -> None:
    """Report properties that no module has."""
    extensions = model.compiler.configuration_of(model.path).is_enabled("moduleExtensionConfigs")
    known = (*_SETTABLE, "extensionConfigs") if extensions else _SETTABLE
    for module in model.modules:
        if module.target is None or module.body is None or any(isinstance(item, s.Spread) for item in module.body.items):
            continue
        if has_mistake(model, module.node.value):
            continue
        names = [item.name for item in module.body.properties()]
        for item in module.body.properties():
            if item.name is None or item.name in known or isinstance(item.key, s.Skipped):
                continue
            if item.name == _READ_ONLY:
                model.report("BCP073", item.key, name=item.name)
                continue
            free = [name for name in known if name not in names]
            near = suggest(item.name, free)
            if near is not None:
                model.report("BCP089", item.key, name=item.name, suggestion=near)
            else:
                model.report("BCP037", item.key, name=item.name, known=", ".join(f'"{name}"' for name in free) or "none")
