"""Expressions that may stand only at certain places: secrets of key vaults, scopes, dependencies, defaults."""

from __future__ import annotations

from infra_lib.bicep import syntax as s
from infra_lib.bicep.checks.mistakes import has_mistake
from infra_lib.bicep.semantics import symbols as sym
from infra_lib.bicep.semantics.model import JsonTemplate, SemanticModel
from infra_lib.resource_types.nodes import ObjectType

_SECRET_ARGUMENTS = (1, 2)


def check_secrets(model: SemanticModel) -> None:
    """Report ``getSecret`` anywhere but as the whole value of a module's secure parameter."""
    calls = model.secret_calls
    if not calls:
        return
    allowed: dict[s.Node, None] = {}
    for module in model.modules:
        parameters = module.property("params")
        if isinstance(parameters, s.ObjectSyntax) and module.target is not None:
            secure = _secure_parameters(module)
            for item in parameters.properties():
                if secure is None or item.name in secure:
                    allowed.update(dict.fromkeys(_directly(item.value)))
    unread = [module.node.value for module in model.modules if module.target is None]
    for call in calls:
        if any(value.start <= call.start and call.end <= value.end for value in unread):
            continue
        resource = _vault(model, call.base)
        if resource is None:
            continue
        reference = model.resource_table.type_of(resource)
        if reference is not None and reference.type.lower() != "microsoft.keyvault/vaults":
            model.report("BCP109", call.identifier, type=reference.type, name="getSecret")
            continue
        count = len(call.arguments)
        if not _SECRET_ARGUMENTS[0] <= count <= _SECRET_ARGUMENTS[1]:
            start = model.file.text.find("(", call.identifier.end, call.end)
            model.report("BCP071", (start, call.end), name="getSecret", expected="1 to 2", count=count)
        elif call not in allowed:
            model.report("BCP180", call)


def _directly(value: s.Expression) -> list[s.Node]:
    """The value, or the last branches of a ternary without parentheses."""
    if isinstance(value, s.Ternary):
        return [*_directly(value.when_true), *_directly(value.when_false)]
    return [value]


def _secure_parameters(module: sym.ModuleSymbol) -> frozenset[str] | None:
    """The names of a module's parameters that take secrets; None where that is not known."""
    from infra_lib.bicep.typing.types import is_secure

    target = module.target
    if isinstance(target, SemanticModel):
        return frozenset(parameter.name for parameter in target.parameters if is_secure(target, parameter.node))
    if isinstance(target, JsonTemplate):
        return target.secure_parameters()
    return None


def _vault(model: SemanticModel, node: s.Expression) -> sym.ResourceSymbol | None:
    while isinstance(node, (s.Parenthesized, s.NonNull, s.ArrayAccess)):
        node = node.expression if isinstance(node, s.Parenthesized) else node.base
    return model.resource_table.resource_at(node)


def check_scope_choices(model: SemanticModel) -> None:
    """Report a ``scope`` that is a choice between scopes."""
    for symbol in (*model.all_resources(), *model.modules):
        scope = symbol.property("scope")
        if isinstance(scope, (s.Ternary, s.Parenthesized)) and _is_scope_choice(model, scope):
            model.report("BCP420", scope)


def _is_scope_choice(model: SemanticModel, scope: s.Expression) -> bool:
    """True for a ternary whose branches are all scopes."""
    pending: list[s.Expression] = [scope]
    choice = False
    while pending:
        node = pending.pop()
        while isinstance(node, s.Parenthesized):
            node = node.expression
        if isinstance(node, s.Ternary):
            choice = True
            pending += (node.when_true, node.when_false)
        elif model.resource_table.read_scope(node) is None:
            return False
    return choice


def check_any(model: SemanticModel) -> None:
    """Report ``any()`` as a scope, a parent or a dependency: it would hide from the compiler what is meant."""
    for symbol in (*model.all_resources(), *model.modules):
        for name in ("scope", "parent", "dependsOn"):
            value = symbol.property(name)
            if value is None or (name == "parent" and not _takes_parent(symbol)):
                continue
            items = value.items if name == "dependsOn" and isinstance(value, s.ArraySyntax) else [value]
            for item in items:
                if is_any(model, item):
                    model.report("BCP176", item)


def is_any(model: SemanticModel, node: s.Node) -> bool:
    """True for a call of ``any()``."""
    function = model.symbols.get(node) if isinstance(node, s.FunctionCall | s.InstanceCall) else None
    return isinstance(function, sym.BuiltInFunction) and function.name == "any"


def _takes_parent(symbol: sym.DeployableSymbol) -> bool:
    return isinstance(symbol, sym.ResourceSymbol) and symbol.nested_in is None


def check_computed_keys(model: SemanticModel) -> None:
    """Report computed names of properties in the body of a resource or module, and in a module's parameters."""
    for resource in model.all_resources():
        if resource.body is None or resource in model.invalid:
            continue
        keys = _computed_keys(resource.body)
        if keys and not has_mistake(model, resource.node.value) and not _may_have_any_property(model, resource):
            for key in keys:
                model.report("BCP040", key)
    for module in model.modules:
        if module.body is None or module.target is None:
            continue
        parameters = module.property("params")
        for body in (module.body, parameters):
            for key in _computed_keys(body) if isinstance(body, s.ObjectSyntax) else ():
                model.report("BCP040", key)


def _computed_keys(body: s.ObjectSyntax) -> list[s.StringSyntax]:
    return [
        item.key
        for item in body.items
        if type(item) is s.ObjectProperty and type(item.key) is s.StringSyntax and item.key.expressions
    ]


def _may_have_any_property(model: SemanticModel, resource: sym.ResourceSymbol) -> bool:
    """False for a resource whose type names all its properties, which that of an unknown type does."""
    catalog = model.compiler.catalog
    reference = model.resource_table.type_of(resource)
    if catalog is None or catalog.is_empty or reference is None or reference.version is None:
        return True
    found = catalog.find(reference.type, reference.version)
    return found is not None and not (isinstance(found.body, ObjectType) and found.body.additional_properties is None)


def check_parameter_defaults(model: SemanticModel) -> None:
    """Report what the default value of a parameter uses beside parameters and functions."""
    for parameter in model.parameters:
        default = parameter.node.default
        for use in model.uses.get(parameter, ()):
            if default is None or not default.start <= use.node.start < default.end or not isinstance(use.node, s.VariableAccess):
                continue
            if isinstance(use.symbol, (sym.VariableSymbol, sym.DeployableSymbol, sym.TypeSymbol)):
                model.report("BCP072", use.node, name=use.symbol.name)
