"""The body of a resource type as Bicep sees it: what the catalog says, and the properties that every resource may have."""

from __future__ import annotations

from collections.abc import Callable

from infra_lib.resource_types import nodes


def body_of(found: nodes.ResourceType) -> nodes.TypeNode:
    """The body of a type of the catalog, with the common properties that it does not declare itself.

    A child type whose bodies are told apart by their names has one generic body: names of children are computed.
    """
    body = found.body
    if isinstance(body, nodes.ObjectType):
        missing = [item for item in _top_level() if item.name not in body.properties]
        additional = body.additional_properties
        others = None if additional is None else lambda: additional
        return nodes.ObjectType(body.name, [*body.properties.values(), *missing], others, body.sensitive)
    if body.discriminator == "name" and found.name.count("/") > 1:
        declared = set(body.base_properties)
        for key in body.keys:
            member = body.member(key)
            if member is not None:
                declared.update(member.properties)
        common = [item for item in (*_identity(), *_top_level()) if item.name in declared]
        extra = [item for item in _top_level() if item.name not in declared]
        return nodes.ObjectType(body.name, [*common, *extra])
    return body


def unknown_body(reference: str) -> nodes.ObjectType:
    """The body of a type that the catalog does not have."""
    return nodes.ObjectType(reference, [*_identity(), *_top_level()])


def _property(name: str, node: nodes.TypeNode, *, read_only: bool = False, required: bool = False) -> nodes.Property:
    return nodes.Property(name, _lazy(node), read_only=read_only, required=required)


def _lazy(node: nodes.TypeNode) -> Callable[[], nodes.TypeNode]:
    return lambda: node


def _object(name: str, /, **members: nodes.TypeNode) -> nodes.ObjectType:
    return nodes.ObjectType(name, [_property(member, node) for member, node in members.items()])


def _identity() -> list[nodes.Property]:
    text = nodes.StringType()
    return [
        _property("id", text, read_only=True),
        _property("name", text, required=True),
        _property("type", text, read_only=True),
        _property("apiVersion", text, read_only=True),
    ]


def _top_level() -> list[nodes.Property]:
    text, number = nodes.StringType(), nodes.IntegerType()
    texts = nodes.ArrayType(_lazy(text))
    anything = nodes.ObjectType("object", [], _lazy(nodes.AnyType()))
    user_identity = _object("userAssignedIdentity", principalId=text, clientId=text)
    identities = nodes.ObjectType("userAssignedIdentities", [], _lazy(user_identity))
    table: dict[str, nodes.TypeNode] = {
        "location": text,
        "tags": nodes.ObjectType("tags", [], _lazy(text)),
        "asserts": nodes.ObjectType("asserts", [], _lazy(nodes.BooleanType())),
        "properties": anything,
        "sku": _object("sku", name=text, tier=text, size=text, family=text, model=text, capacity=number),
        "kind": text,
        "managedBy": text,
        "managedByExtended": texts,
        "extendedLocation": _object("extendedLocation", type=text, name=text),
        "zones": texts,
        "placement": _object("placement", zonePlacementPolicy=text, includeZones=texts, excludeZones=texts),
        "plan": anything,
        "eTag": text,
        "scale": _object("scale", capacity=number, maximum=number, minimum=number),
        "identity": _object(
            "identity", principalId=text, tenantId=text, type=text, identityIds=texts,
            userAssignedIdentities=identities, delegatedResources=anything,
        ),
    }  # fmt: skip
    return [_property(name, node) for name, node in table.items()]
