"""Two descriptions of one resource type as one.

The public type files know which texts are secrets, the models of the Azure packages what cannot be changed once it exists; each
describes what the other does not. The first description decides; the second adds properties that the first lacks, and the facts
that only one of them may know: secret, write-only, fixed once created.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

from infra_lib.resource_types.nodes import (
    AnyType,
    ArrayType,
    DiscriminatedObjectType,
    IntegerType,
    ObjectType,
    Property,
    ResourceType,
    StringType,
    TypeNode,
    TypeReference,
    UnionType,
)


def merged_resource(first: ResourceType, second: ResourceType) -> ResourceType:
    """The first type, its body completed from the second; both may be at different API versions."""
    return ResourceType(
        first.name,
        first.api_version,
        _Merged(lambda: first.body, lambda: second.body),
        readable_scopes=first.readable_scopes,
        writable_scopes=first.writable_scopes,
        functions=lambda: {**second.functions, **first.functions},
    )


class _Merged:
    """A reference to the node of two references; merged when it is first asked for."""

    __slots__ = ("_first", "_node", "_second")

    def __init__(self, first: TypeReference, second: TypeReference) -> None:
        self._first = first
        self._second = second
        self._node: TypeNode | None = None

    def __call__(self) -> TypeNode:
        if self._node is None:
            self._node = merged_node(self._first(), self._second())
        return self._node


def merged_node(first: TypeNode, second: TypeNode) -> TypeNode:
    """The first node, completed from the second where both are of one kind; any value gives way to what is known.

    Not to an integer: the public type files call every number one, the models of the packages a number with a fraction any value.
    """
    if isinstance(first, AnyType):
        return first if isinstance(second, IntegerType) else second
    if isinstance(first, ObjectType) and isinstance(second, ObjectType):
        return _merged_object(first, second)
    if isinstance(first, ArrayType) and isinstance(second, ArrayType):
        items = _Merged(partial(_item_type, first), partial(_item_type, second))
        return ArrayType(items, first.min_length, first.max_length)
    if isinstance(first, DiscriminatedObjectType) and isinstance(second, DiscriminatedObjectType):
        return _merged_discriminated(first, second)
    if isinstance(second, StringType) and second.sensitive and isinstance(first, StringType | UnionType):
        return second
    return first


def _item_type(array: ArrayType) -> TypeNode:
    return array.item_type


def _type_of(item: Property) -> TypeNode:
    return item.type


def _merged_object(first: ObjectType, second: ObjectType) -> ObjectType:
    additional = first.additional_properties or second.additional_properties
    return ObjectType(
        first.name,
        _merged_properties(first, second),
        None if additional is None else partial(_same, additional),
        first.sensitive or second.sensitive,
    )


def _merged_properties(first: ObjectType, second: ObjectType) -> Iterable[Property]:
    for item in first.properties.values():
        other = second.find(item.name)
        yield item if other is None else _merged_property(item, other)
    for item in second.properties.values():
        if first.find(item.name) is None:
            yield item


def _merged_property(first: Property, second: Property) -> Property:
    return Property(
        first.name,
        _Merged(partial(_type_of, first), partial(_type_of, second)),
        required=first.required,
        read_only=first.read_only,
        write_only=first.write_only or (second.write_only and not first.read_only),
        deploy_time_constant=first.deploy_time_constant or second.deploy_time_constant,
        create_only=first.create_only or second.create_only,
        fallback=first.fallback and second.fallback,
        description=first.description or second.description,
    )


def _merged_discriminated(first: DiscriminatedObjectType, second: DiscriminatedObjectType) -> TypeNode:
    if first.discriminator.lower() != second.discriminator.lower():
        return first
    elements: dict[str, TypeReference] = {}
    for key, member in first.members.items():
        other = second.member(key)
        elements[key] = partial(_same, member if other is None else _merged_object(member, other))
    known = {key.lower() for key in elements}
    elements.update({key: partial(_same, member) for key, member in second.members.items() if key.lower() not in known})
    return DiscriminatedObjectType(first.name, first.discriminator, first.base_properties.values(), elements)


def _same(node: TypeNode) -> TypeNode:
    return node
