"""A resource's body as a template may declare it.

To what a type declares come the top-level members that Resource Manager knows on resources in general (``tags``, ``sku``,
``identity`` and so on), marked as ``fallback``; and a type that no catalog knows has a body of these alone. ``resourceInput<>``
and ``resourceOutput<>`` read their types off such a body. The members that belong to Bicep (``scope``, ``parent``, ``dependsOn``)
are not in it.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

from infra_lib.resource_types.catalog import Catalog
from infra_lib.resource_types.nodes import (
    AnyType,
    ArrayType,
    BooleanType,
    DiscriminatedObjectType,
    IntegerType,
    ObjectType,
    Property,
    ResourceType,
    StringLiteralType,
    StringType,
    TypeNode,
    UnionType,
)


def template_type(catalog: Catalog, type_name: str, api_version: str) -> ResourceType:
    """The type at this version with the body that a template may declare, also for a type that the catalog does not know."""
    found = catalog.find(type_name, api_version)
    body = template_body(found) if found is not None else generic_body(type_name, api_version)
    if found is None:
        return ResourceType(type_name, api_version, partial(_same, body))
    return ResourceType(
        found.name,
        found.api_version,
        partial(_same, body),
        readable_scopes=found.readable_scopes,
        writable_scopes=found.writable_scopes,
        functions=lambda: found.functions,
    )


def template_body(resource: ResourceType) -> ObjectType | DiscriminatedObjectType:
    """The body of a known type with the general members that it does not declare.

    A body whose ``name`` discriminates fits only a resource whose own name is a literal. For a child type, whose name has more
    than one segment, a body of the general members stands in: those that some member of the type declares.
    """
    body = resource.body
    if isinstance(body, ObjectType):
        return _completed(body)
    if body.discriminator == "name" and resource.name.count("/") > 1:
        declared = {name for member in body.members.values() for name in member.properties}
        generic = generic_body(resource.name, resource.api_version)
        kept = [item for item in generic.properties.values() if item.name in declared]
        return _completed(ObjectType(resource.name, kept))
    elements = {key: partial(_same, _completed(member)) for key, member in body.members.items()}
    return DiscriminatedObjectType(body.name, body.discriminator, (), elements)


def generic_body(type_name: str, api_version: str) -> ObjectType:
    """The body of a type of which nothing is known: the members that every resource has, and nothing else at the top."""
    common = [
        Property("id", _string, read_only=True, deploy_time_constant=True),
        Property("name", _string, required=True, deploy_time_constant=True),
        Property("type", partial(StringLiteralType, type_name), read_only=True, deploy_time_constant=True),
        Property("apiVersion", partial(StringLiteralType, api_version), read_only=True, deploy_time_constant=True),
    ]
    return ObjectType(type_name, [*common, *_general(fallback=False)])


def _completed(body: ObjectType) -> ObjectType:
    added = [item for item in _general(fallback=True) if item.name not in body.properties]
    return body.with_properties([*body.properties.values(), *added])


def _same(node: TypeNode) -> TypeNode:
    return node


_STRING, _INTEGER, _ANY = StringType(), IntegerType(), AnyType()
_STRINGS = ArrayType(lambda: _STRING)
_ANY_OBJECT = ObjectType("object", (), lambda: _ANY)


def _string() -> TypeNode:
    return _STRING


def _object(title: str, /, *, required: Iterable[str] = (), **members: TypeNode) -> ObjectType:
    needed = frozenset(required)
    return ObjectType(title, [Property(key, partial(_same, node), required=key in needed) for key, node in members.items()])


def _one_of(*texts: str) -> UnionType:
    """An open enumeration."""
    return UnionType([*(partial(StringLiteralType, text) for text in texts), _string])


_BOOLEAN = BooleanType()
_USER_ASSIGNED = _object("userAssignedIdentityProperties", principalId=_STRING, clientId=_STRING)
_GENERAL: dict[str, TypeNode] = {
    "location": _STRING,
    "tags": ObjectType("Tags", (), lambda: _STRING),
    "asserts": ObjectType("ResourceAsserts", (), lambda: _BOOLEAN),
    "properties": _ANY_OBJECT,
    "sku": _object("sku", name=_STRING, tier=_STRING, size=_STRING, family=_STRING, model=_STRING, capacity=_INTEGER),
    "kind": _STRING,
    "managedBy": _STRING,
    "managedByExtended": _STRINGS,
    "extendedLocation": _object(
        "extendedLocation",
        required=("type",),
        type=_one_of("NotSpecified", "EdgeZone", "CustomLocation", "ArcZone"),
        name=_STRING,
    ),
    "zones": _STRINGS,
    "placement": _object(
        "placement",
        required=("zonePlacementPolicy",),
        zonePlacementPolicy=_one_of("NotSpecified", "Any", "None", "Auto"),
        includeZones=_STRINGS,
        excludeZones=_STRINGS,
    ),
    "plan": _ANY_OBJECT,
    "eTag": _STRING,
    "scale": _object("scale", required=("capacity",), capacity=_INTEGER, maximum=_INTEGER, minimum=_INTEGER),
    "identity": _object(
        "identity",
        required=("type",),
        principalId=_STRING,
        tenantId=_STRING,
        type=_one_of("NotSpecified", "SystemAssigned", "UserAssigned", "None", "Actor"),
        identityIds=_STRINGS,
        userAssignedIdentities=ObjectType("userAssignedIdentities", (), lambda: _USER_ASSIGNED),
        delegatedResources=_ANY_OBJECT,
    ),
}
"""The top-level members that Resource Manager knows on resources in general."""


def _general(*, fallback: bool) -> Iterable[Property]:
    return (Property(name, partial(_same, node), fallback=fallback) for name, node in _GENERAL.items())
