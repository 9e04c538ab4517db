"""How resources and modules are put together: nesting, names, and ids that two of them would share."""

from __future__ import annotations

from collections.abc import Hashable, Iterable

from infra_lib.bicep import syntax as s
from infra_lib.bicep.semantics import symbols as sym
from infra_lib.bicep.semantics.constants import text_of
from infra_lib.bicep.semantics.model import SemanticModel
from infra_lib.bicep.semantics.resources import ScopeData


def check_nesting(model: SemanticModel) -> None:
    """Report children with a scope of their own, and resources nested in a loop."""
    for resource in model.all_resources():
        if resource.nested_in is not None:
            _check_nested(model, resource, resource.nested_in)
        elif resource.property("parent") is not None and (scope := resource.property("scope")) is not None:
            model.report("BCP164", scope)


def _check_nested(model: SemanticModel, resource: sym.ResourceSymbol, around: sym.ResourceSymbol) -> None:
    scope = resource.property("scope")
    if scope is not None:
        model.report("BCP164", scope)
    if around.loop is not None:
        model.report("BCP160", resource.node)


def check_names(model: SemanticModel) -> None:
    """Report names with too many or too few parts for their type."""
    table = model.resource_table
    for resource in model.all_resources():
        name = table.name_of(resource)
        reference = table.type_of(resource)
        if name is None and resource.body is not None and reference is not None:
            model.report("BCP035", resource.identifier, names='"name"')
        if not isinstance(name, s.StringSyntax) or reference is None or resource in model.invalid:
            continue
        slashes = sum(segment.count("/") for segment in name.segments)
        if table.ancestors(resource):
            if slashes:
                model.report("BCP170", name)
            continue
        expected = reference.type.count("/") - 1
        if slashes > expected or (slashes < expected and not name.expressions):
            model.report("BCP169", name, expected=expected)


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
    if reference is None or resource in model.cycles or resource in model.invalid or not _is_certain(resource.condition):
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
    if module.target is None or not _is_certain(module.condition) or module in model.cycles:
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


def _is_certain(condition: s.Expression | None) -> bool:
    """True without a condition, and for one that always holds."""
    if condition is None:
        return True
    if isinstance(condition, s.BooleanLiteral):
        return condition.value
    if isinstance(condition, s.Parenthesized):
        return _is_certain(condition.expression)
    if isinstance(condition, s.Binary) and condition.operator == "||":
        return _is_certain(condition.left) or _is_certain(condition.right)
    if isinstance(condition, s.Binary) and condition.operator == "==":
        left, right = condition.left, condition.right
        if isinstance(left, s.StringSyntax) and isinstance(right, s.StringSyntax):
            return left.literal is not None and left.literal == right.literal
        return isinstance(left, s.IntegerLiteral) and isinstance(right, s.IntegerLiteral) and left.value == right.value
    return False
