"""How resources and modules are put together: nesting, names, and ids that two of them would share."""

from __future__ import annotations

from collections.abc import Hashable, Iterable

from infra_lib.bicep import syntax as s
from infra_lib.bicep.checks.mistakes import has_mistake
from infra_lib.bicep.semantics import symbols as sym
from infra_lib.bicep.semantics.constants import text_of
from infra_lib.bicep.semantics.literals import known_value
from infra_lib.bicep.semantics.model import SemanticModel
from infra_lib.bicep.semantics.resources import ScopeData, TypeReference
from infra_lib.bicep.typing.resource_bodies import body_of
from infra_lib.resource_types.nodes import DiscriminatedObjectType


def check_nesting(model: SemanticModel) -> None:
    """Report children with a scope of their own, and resources nested in a loop."""
    table = model.resource_table
    for resource in model.all_resources():
        if resource.nested_in is not None:
            _check_nested(model, resource, resource.nested_in)
        elif table.is_placed(resource) and table.ancestors(resource) and (scope := resource.property("scope")) is not None:
            model.report("BCP164", scope)


def _check_nested(model: SemanticModel, resource: sym.ResourceSymbol, around: sym.ResourceSymbol) -> None:
    scope = resource.property("scope")
    if scope is not None and model.resource_table.is_placed(resource):
        model.report("BCP164", scope)
    if around.loop is not None:
        model.report("BCP160", resource.node)


def check_names(model: SemanticModel) -> None:
    """Report names with too many or too few parts for their type."""
    table = model.resource_table
    for resource in model.all_resources():
        name = table.name_of(resource)
        reference = table.type_of(resource)
        if name is None and reference is not None and resource not in model.invalid:
            _report_missing(model, resource, reference)
        if not isinstance(name, s.StringSyntax) or reference is None or resource in model.invalid:
            continue
        if not table.is_placed(resource):
            continue
        slashes = sum(segment.count("/") for segment in name.segments)
        if table.ancestors(resource):
            if slashes:
                model.report("BCP170", name)
            continue
        expected = reference.type.count("/") - 1
        if slashes > expected or (slashes < expected and not name.expressions):
            model.report("BCP169", name, expected=expected)


def _report_missing(model: SemanticModel, resource: sym.ResourceSymbol, reference: TypeReference) -> None:
    """Report the lack of a name; of a body whose properties depend on one of them, the lack of that one."""
    if resource.body is None or has_mistake(model, resource.node.value):
        return
    catalog = model.compiler.catalog
    found = catalog.find(reference.type, reference.version) if catalog is not None and reference.version is not None else None
    body = body_of(found) if found is not None else None
    if isinstance(body, DiscriminatedObjectType) and resource.body.get(body.discriminator) is None:
        model.report("BCP078", resource.body, name=body.discriminator, values=", ".join(f"'{key}'" for key in sorted(body.keys)))
    else:
        model.report("BCP035", resource.identifier, names='"name"')


def check_duplicates(model: SemanticModel) -> None:
    """Report resources, and modules, that are deployed under one id."""
    table = model.resource_table
    resources = ((resource, table.name_of(resource), _resource_key(model, resource)) for resource in model.all_resources())
    _report_same(model, "BCP121", resources)
    modules = ((module, table.name_of(module), _module_key(model, module)) for module in model.modules)
    _report_same(model, "BCP122", modules)


def _report_same(
    model: SemanticModel, code: str, items: Iterable[tuple[sym.DeployableSymbol, s.Expression | None, Hashable | None]]
) -> None:
    groups: dict[Hashable, list[tuple[sym.DeployableSymbol, s.Expression]]] = {}
    for symbol, name, key in items:
        if key is not None and name is not None:
            groups.setdefault(key, []).append((symbol, name))
    for group in groups.values():
        if len(group) > 1:
            names = '", "'.join(symbol.name for symbol, _ in group)
            for _, name in group:
                model.report(code, name, names=names)


def _resource_key(model: SemanticModel, resource: sym.ResourceSymbol) -> Hashable | None:
    table = model.resource_table
    reference = table.type_of(resource)
    if reference is None or resource in model.cycles or resource in model.invalid or not _is_certain(model, resource.condition):
        return None
    if not table.is_placed(resource):
        return None
    segments: list[Hashable] = []
    for ancestor in table.ancestors(resource):
        segments.append(_segment(model, table.name_of(ancestor.resource)))
        if ancestor.subscript is not None:
            index = ancestor.subscript
            segments.append(index.value if isinstance(index, s.IntegerLiteral) else index)
    segments.append(_segment(model, table.name_of(resource)))
    return reference.type.lower(), _scope_key(table.scope_of(resource)), tuple(segments)


def _module_key(model: SemanticModel, module: sym.ModuleSymbol) -> Hashable | None:
    if module.target is None or not _is_certain(model, module.condition) or module in model.cycles:
        return None
    scope = model.resource_table.scope_of(module)
    places = tuple(_segment(model, place) for place in (scope.management_group, scope.subscription, scope.resource_group))
    return _segment(model, model.resource_table.name_of(module)), places


def _segment(model: SemanticModel, node: s.Expression | None) -> Hashable:
    """The text of a name where it is known while compiling, else the expression itself."""
    text = text_of(model, node) if node is not None else None
    return text if text is not None else node


def _scope_key(scope: ScopeData) -> Hashable:
    return tuple(scope)


def _is_certain(model: SemanticModel, condition: s.Expression | None) -> bool:
    """True without a condition, and for one that always holds."""
    return condition is None or known_value(model, condition) is True
