"""What the type of a resource allows: being declared with ``existing``, and the properties of a resource that is."""

from __future__ import annotations

from infra_lib.bicep import syntax as s
from infra_lib.bicep.semantics import symbols as sym
from infra_lib.bicep.semantics.model import SemanticModel
from infra_lib.resource_types.nodes import ObjectType, ResourceType, Scopes

_IDENTIFYING = frozenset(("dependsOn", "name", "parent", "scope"))
_GENERAL = frozenset(
    ("apiVersion", "asserts", "eTag", "extendedLocation", "id", "identity", "kind", "location", "managedBy", "managedByExtended",
     "placement", "plan", "properties", "scale", "sku", "tags", "type", "zones")
)  # fmt: skip
"""Properties that every resource may have."""


def _type_of(model: SemanticModel, resource: sym.ResourceSymbol) -> ResourceType | None:
    catalog = model.compiler.catalog
    reference = model.resource_table.type_of(resource)
    if catalog is None or reference is None or reference.version is None:
        return None
    return catalog.find(reference.type, reference.version)


def check_type_names(model: SemanticModel) -> None:
    """Report existing resources of types that cannot be read, and types with another resource's type inside."""
    for resource in model.all_resources():
        if resource in model.invalid:
            continue
        if resource.is_existing:
            type_ = _type_of(model, resource)
            if type_ is not None and type_.readable_scopes == Scopes.NONE:
                model.report("BCP441", resource.node.type, type=str(type_))
        reference = model.resource_table.type_of(resource)
        if reference is not None and "/providers/" in reference.type.lower():
            inner = reference.type.lower().split("/")[2:-1]
            if "providers" in inner and _type_of(model, resource) is None:
                model.report("BCP174", resource.node.type)


def check_existing_bodies(model: SemanticModel) -> None:
    """Report what is set on an existing resource beside the properties that say which one it is."""
    for resource in model.all_resources():
        if not resource.is_existing or resource.loop is not None or resource.body is None or resource in model.invalid:
            continue
        for item in resource.body.properties():
            name = item.name
            if (
                name is not None
                and name not in _IDENTIFYING
                and not isinstance(item.key, s.Skipped)
                and _has(model, resource, name)
            ):
                model.report("BCP173", item.key, name=name)


def _has(model: SemanticModel, resource: sym.ResourceSymbol, name: str) -> bool:
    """True for a property that resources of the type have."""
    if name in _GENERAL:
        return True
    type_ = _type_of(model, resource)
    return type_ is not None and isinstance(type_.body, ObjectType) and name in type_.body.properties
