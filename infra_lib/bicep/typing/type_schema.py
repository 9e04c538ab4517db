"""Declared types as the schema nodes of a template, member for member in the official order."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import quote

from infra_lib.bicep.emission import arm_text
from infra_lib.bicep.emission.lowering_terms import UnsupportedError
from infra_lib.bicep.typing.declared_types import (
    AccessType,
    AliasType,
    ArrayType,
    DeclaredType,
    DerivedType,
    DiscriminatedType,
    LiteralType,
    Member,
    NonNullType,
    NullableType,
    ObjectType,
    PrimitiveType,
    ResourceIdType,
    TupleType,
    UnionType,
    base_name,
    expressed,
    is_literal,
    is_null,
    literal_value,
    member_type,
    union_members,
)
from infra_lib.resource_types import nodes

if TYPE_CHECKING:
    from infra_lib.bicep import syntax as s
    from infra_lib.bicep.emission.emit import Emission


class _Place(NamedTuple):
    """A definition's place in the template by the segments of its pointer, and what is written there."""

    pointer: tuple[str, ...]
    written: DeclaredType


class SchemaWriter:
    """Writes the types of one template. ``node`` is the syntax that a refusal points at."""

    def __init__(self, emission: Emission, node: s.Node) -> None:
        self.emission = emission
        self.node = node

    def unsupported(self, construct: str) -> UnsupportedError:
        """The exception that refuses the type."""
        return UnsupportedError(self.node, construct)

    def write(self, type_: DeclaredType) -> dict[str, Any]:
        """The schema node of a type."""
        if isinstance(type_, PrimitiveType):
            return {} if type_.name == "any" else {"type": type_.name}
        if isinstance(type_, (AliasType, AccessType, DerivedType)):
            return self.reference(type_)
        if isinstance(type_, LiteralType) and not is_null(type_):
            return {"type": base_name(type_), "allowedValues": [json_literal(type_.value)]}
        if isinstance(type_, NullableType):
            return {**self.write(type_.base), "nullable": True}
        if isinstance(type_, NonNullType):
            return {**self.write(type_.base), "nullable": False}
        if isinstance(type_, ArrayType):
            return self.array(type_)
        if isinstance(type_, ObjectType):
            return self.object(type_)
        if isinstance(type_, TupleType):
            items = [self.member(item) for item in type_.items]
            return {"type": "array", "prefixItems": items, "items": False}
        if isinstance(type_, UnionType):
            return self.union(type_)
        if isinstance(type_, DiscriminatedType):
            return {"type": "object", "discriminator": {"propertyName": type_.key, "mapping": self.mapping(type_)}}
        if isinstance(type_, ResourceIdType):
            return {"type": "string", "metadata": {"resourceType": type_.reference}}
        raise self.unsupported("this type")

    def array(self, type_: ArrayType) -> dict[str, Any]:
        """An array; one of literals that are written right here lists them as the values that may be in it."""
        item = type_.item
        if isinstance(item, UnionType):
            return {"type": "array", "allowedValues": [json_literal(literal_value(member)) for member in union_members(item)]}
        if isinstance(item, (LiteralType, ObjectType, TupleType)) and is_literal(item):
            return {"type": "array", "allowedValues": [json_literal(literal_value(item))]}
        return {"type": "array", "items": self.write(item)}

    def object(self, type_: ObjectType) -> dict[str, Any]:
        """An object with its properties."""
        result: dict[str, Any] = {
            "type": "object",
            "properties": {arm_text.escape(name): self.member(member) for name, member in type_.properties.items()},
        }
        if type_.additional is not None:
            result["additionalProperties"] = self.member(type_.additional)
        return result

    def member(self, member: Member) -> dict[str, Any]:
        """A property or an item, with what its decorators say."""
        from infra_lib.bicep.typing.declarations import apply_decorators
        from infra_lib.bicep.typing.json_types import apply_modifiers

        result = self.write(member.type)
        if isinstance(member.source, dict):
            return apply_modifiers(member.source, result)
        return apply_decorators(self.emission, member.source, result)

    def union(self, type_: UnionType) -> dict[str, Any]:
        """A union of literals."""
        members = union_members(type_)
        values = [member for member in members if not is_null(member)]
        if not values or not all(is_literal(member) for member in values):
            raise self.unsupported("this union")
        result: dict[str, Any] = {}
        name = base_name(values[0])
        if name is not None:
            result["type"] = name
        result["allowedValues"] = [json_literal(literal_value(member)) for member in values]
        if len(values) < len(members):
            result["nullable"] = True
        return result

    # ------------------------------------------------------------------------------------------ discriminated unions

    def mapping(self, type_: DiscriminatedType) -> dict[str, Any]:
        """The members by the value of their discriminator, in the order of writing."""
        result: dict[str, Any] = {}
        for member in type_.members:
            result.update(self.mapping_entries(type_.key, member))
        return result

    def mapping_entries(self, key: str, member: DeclaredType) -> dict[str, Any]:
        """The entries of one member: several for a discriminated union among them."""
        found = expressed(member)
        if isinstance(found, DiscriminatedType):
            return self.mapping(found)
        if isinstance(found, DerivedType):
            return self.derived_entries(key, found)
        value = expressed(found.properties[key].type) if isinstance(found, ObjectType) and key in found.properties else None
        if not isinstance(value, LiteralType) or not isinstance(value.value, str):
            raise self.unsupported("this member of a discriminated union")
        return {value.value: self.write(member)}

    def derived_entries(self, key: str, found: DerivedType) -> dict[str, Any]:
        """The entries of a member that is derived from a resource type."""
        shape = found.shape
        if isinstance(shape, nodes.DiscriminatedObjectType):
            result = {}
            for name in shape.keys:
                variant = shape.member(name)
                if variant is not None:
                    pointer = (*found.pointer, "discriminator", "mapping", name)
                    result[name] = self.derived(DerivedType(found.reference, found.output, pointer, variant))
            return result
        discriminator = shape.properties.get(key) if isinstance(shape, nodes.ObjectType) else None
        if discriminator is None or not isinstance(discriminator.type, nodes.StringLiteralType):
            raise self.unsupported("this member of a discriminated union")
        return {discriminator.type.value: self.derived(found)}

    # ------------------------------------------------------------------------------------------ references

    def reference(self, type_: DeclaredType) -> dict[str, Any]:
        """A ``$ref`` to a definition or into one, or the metadata of a type derived from a resource type."""
        place = self.resolve(type_)
        if isinstance(place, DerivedType):
            return self.derived(place)
        return {"$ref": "/".join(("#", *map(encode_segment, place.pointer)))}

    def resolve(self, type_: DeclaredType) -> _Place | DerivedType:
        """Where a reference leads: a place in ``definitions``, or a type derived from a resource type."""
        steps: list[AccessType] = []
        while isinstance(type_, AccessType):
            steps.append(type_)
            type_ = type_.base
        if isinstance(type_, DerivedType):
            place: _Place | DerivedType = type_
        elif isinstance(type_, AliasType):
            name = self.emission.names.definition(type_.owner, type_.name)
            place = _Place(("definitions", name), type_.target)
        else:
            raise self.unsupported("a part of this type")
        for step in reversed(steps):
            place = self.step(place, step)
        return place

    def step(self, place: _Place | DerivedType, access: AccessType) -> _Place | DerivedType:
        """One access further, references at the place looked through until the type that has the part."""
        kinds = {"property": ObjectType, "additional": ObjectType, "index": TupleType, "items": ArrayType}
        while isinstance(place, _Place) and not isinstance(place.written, kinds[access.kind]):
            place = self.resolve(place.written)
        if isinstance(place, DerivedType):
            found = member_type(AccessType(place, access.kind, access.key, access.node))
            if not isinstance(found, DerivedType):
                raise self.unsupported("this part of a resource's type")
            return found
        segments = {
            "property": ("properties", str(access.key)),
            "additional": ("additionalProperties",),
            "index": ("prefixItems", str(access.key)),
            "items": ("items",),
        }[access.kind]
        return _Place((*place.pointer, *segments), member_type(AccessType(place.written, access.kind, access.key, access.node)))

    def derived(self, type_: DerivedType) -> dict[str, Any]:
        """A type derived from a resource type."""
        source = type_.reference
        if type_.pointer:
            source += "#" + "/".join(map(encode_segment, type_.pointer))
        from_resource: dict[str, Any] = {"source": source}
        if type_.output:
            from_resource["output"] = True
        name = base_name(type_)
        result: dict[str, Any] = {} if name is None else {"type": name}
        result["metadata"] = {"__bicep_resource_derived_type!": from_resource}
        return result


def json_literal(value: Any) -> Any:
    """A literal as the template has it: texts and keys escaped."""
    if isinstance(value, str):
        return arm_text.escape(value)
    if isinstance(value, list):
        return [json_literal(item) for item in value]
    if isinstance(value, dict):
        return {arm_text.escape(name): json_literal(item) for name, item in value.items()}
    return value


def encode_segment(segment: str) -> str:
    """A segment of a JSON pointer in a URI fragment."""
    return quote(segment.replace("~", "~0").replace("/", "~1"), safe="", errors="replace")
