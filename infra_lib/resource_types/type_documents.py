"""Reads the nodes of the public type files (``types.json`` of Azure/bicep-types-az) into the catalog's nodes.

A document is an array of nodes, each with ``$type``, that refer to each other by position: ``{"$ref": "#/12"}``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any

from infra_lib.resource_types.nodes import (
    AnyType,
    ArrayType,
    BooleanType,
    DiscriminatedObjectType,
    IntegerType,
    NullType,
    ObjectType,
    Property,
    Scopes,
    StringLiteralType,
    StringType,
    TypeNode,
    TypeReference,
    UnionType,
)

REQUIRED = 1
READ_ONLY = 2
WRITE_ONLY = 4
DEPLOY_TIME_CONSTANT = 8

_ANY = AnyType()
_PLAIN_OBJECT = ObjectType("object", (), lambda: _ANY)
_PLAIN_ARRAY = ArrayType(lambda: _ANY)
_BUILT_IN: Mapping[int, TypeNode] = {
    1: _ANY,
    2: NullType(),
    3: BooleanType(),
    4: IntegerType(),
    5: StringType(),
    6: _PLAIN_OBJECT,
    7: _PLAIN_ARRAY,
    8: StringType(),
}
"""The kinds of the ``BuiltInType`` nodes of older files."""


def reference_index(reference: Mapping[str, str]) -> int:
    """The position that ``{"$ref": "#/12"}`` speaks of."""
    return int(reference["$ref"].removeprefix("#/"))


class TypeDocument:
    """The nodes of one document, made when they are first asked for. ``raw`` gives the JSON of the node at a position."""

    __slots__ = ("_nodes", "_raw")

    def __init__(self, raw: Callable[[int], dict[str, Any]]) -> None:
        self._raw = raw
        self._nodes: dict[int, TypeNode] = {}

    def node(self, index: int) -> TypeNode:
        """The node at a position; a node of a kind that is not known (of a later format) says nothing: it is any value."""
        node = self._nodes.get(index)
        if node is None:
            raw = self._raw(index)
            make = _MAKERS.get(raw["$type"])
            node = _ANY if make is None else make(self, raw)
            self._nodes[index] = node
        return node

    def reference(self, reference: Mapping[str, str]) -> TypeReference:
        """A reference as the catalog's nodes hold it."""
        return partial(self.node, reference_index(reference))

    def properties(self, raw: Mapping[str, Mapping[str, Any]]) -> Iterable[Property]:
        """The properties of an object node."""
        for name, item in raw.items():
            flags = item.get("flags", 0)
            yield Property(
                name,
                self.reference(item["type"]),
                required=bool(flags & REQUIRED),
                read_only=bool(flags & READ_ONLY),
                write_only=bool(flags & WRITE_ONLY),
                deploy_time_constant=bool(flags & DEPLOY_TIME_CONSTANT),
                description=item.get("description"),
            )


def scopes_of(raw: Mapping[str, Any]) -> tuple[Scopes, Scopes]:
    """The readable and the writable scopes of a ``ResourceType`` node, in the newer or the older form (``scopeType``)."""
    if "readableScopes" in raw or "writableScopes" in raw:
        return Scopes(raw.get("readableScopes", 0)), Scopes(raw.get("writableScopes", 0))
    readable = Scopes(raw.get("scopeType") or Scopes.ALL)
    if raw.get("flags", 0) & 1:
        return readable, Scopes.NONE
    return readable, readable & ~Scopes(raw.get("readOnlyScopes") or 0)


def _integer(_document: TypeDocument, raw: dict[str, Any]) -> TypeNode:
    return IntegerType(raw.get("minValue"), raw.get("maxValue"))


def _string(_document: TypeDocument, raw: dict[str, Any]) -> TypeNode:
    return StringType(raw.get("minLength"), raw.get("maxLength"), raw.get("pattern"), bool(raw.get("sensitive")))


def _union(document: TypeDocument, raw: dict[str, Any]) -> TypeNode:
    return UnionType([document.reference(item) for item in raw["elements"]])


def _array(document: TypeDocument, raw: dict[str, Any]) -> TypeNode:
    return ArrayType(document.reference(raw["itemType"]), raw.get("minLength"), raw.get("maxLength"))


def _object(document: TypeDocument, raw: dict[str, Any]) -> TypeNode:
    additional = raw.get("additionalProperties")
    return ObjectType(
        raw["name"],
        document.properties(raw["properties"]),
        None if additional is None else document.reference(additional),
        bool(raw.get("sensitive")),
    )


def _discriminated(document: TypeDocument, raw: dict[str, Any]) -> TypeNode:
    return DiscriminatedObjectType(
        raw["name"],
        raw["discriminator"],
        document.properties(raw["baseProperties"]),
        {key: document.reference(item) for key, item in raw["elements"].items()},
    )


_MAKERS: Mapping[str, Callable[[TypeDocument, dict[str, Any]], TypeNode]] = {
    "AnyType": lambda _document, _raw: _ANY,
    "NullType": lambda _document, _raw: _BUILT_IN[2],
    "BooleanType": lambda _document, _raw: _BUILT_IN[3],
    "IntegerType": _integer,
    "StringType": _string,
    "StringLiteralType": lambda _document, raw: StringLiteralType(raw["value"]),
    "UnionType": _union,
    "ArrayType": _array,
    "ObjectType": _object,
    "DiscriminatedObjectType": _discriminated,
    "BuiltInType": lambda _document, raw: _BUILT_IN.get(raw.get("kind", 1), _ANY),
}
