"""Types of ARM JSON templates as declared types, so that they can be imported and referred to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from infra_lib.arm.values import MISSING, get_member
from infra_lib.bicep.typing.declared_types import (
    INVALID,
    AliasType,
    ArrayType,
    DeclaredType,
    DiscriminatedType,
    LiteralType,
    Member,
    NonNullType,
    NullableType,
    ObjectType,
    PrimitiveType,
    TupleType,
    UnionType,
)

if TYPE_CHECKING:
    from infra_lib.bicep.semantics.model import JsonTemplate

_PRIMITIVES = {"string": "string", "securestring": "string", "int": "int", "bool": "bool"}
_SECURE = {"securestring": "securestring", "secureobject": "secureObject"}
_LIMITS = ("minLength", "maxLength", "minValue", "maxValue")
_HANDLED_METADATA = frozenset(("description", "__bicep_export!"))


def member(node: Any, name: str) -> Any:
    """A member of a JSON object in any letter case, None without one."""
    found = get_member(node, name) if isinstance(node, dict) else MISSING
    return None if found is MISSING else found


def definition(template: JsonTemplate, pointer: str) -> DeclaredType:
    """The type at ``#/definitions/...``."""
    node = schema_at(template, pointer)
    return INVALID if node is None else json_type(template, node)


def schema_at(template: JsonTemplate, pointer: str) -> dict[str, Any] | None:
    """The schema node that a pointer leads to, None if none."""
    from infra_lib.bicep.sources.arm_module import resolve_reference

    found = resolve_reference(member(template.template, "definitions") or {}, pointer)
    return found if isinstance(found, dict) else None


def json_type(template: JsonTemplate, node: dict[str, Any]) -> DeclaredType:
    """The type that a schema node describes."""
    found = _without_nullability(template, node)
    nullable = member(node, "nullable")
    if nullable is True:
        return NullableType(found)
    return NonNullType(found) if nullable is False else found


def _without_nullability(template: JsonTemplate, node: dict[str, Any]) -> DeclaredType:
    name = str(member(node, "type") or "").lower()
    allowed = member(node, "allowedValues")
    if isinstance(allowed, list) and allowed:
        values = [_literal(value) for value in allowed]
        union = values[0] if len(values) == 1 else UnionType(values)
        whole = name == "array" and not all(isinstance(value, list) for value in allowed)
        return ArrayType(union) if whole else union
    pointer = member(node, "$ref")
    if isinstance(pointer, str):
        return AliasType(template, pointer, lambda: definition(template, pointer))
    if name in _PRIMITIVES:
        return PrimitiveType(_PRIMITIVES[name])
    if name == "array":
        return _array(template, node)
    if name in ("object", "secureobject"):
        return _object(template, node)
    return PrimitiveType("any")


def _member(template: JsonTemplate, node: dict[str, Any]) -> Member:
    return Member(json_type(template, node), node, required=member(node, "nullable") is not True)


def _array(template: JsonTemplate, node: dict[str, Any]) -> DeclaredType:
    prefix = member(node, "prefixItems")
    if isinstance(prefix, list):
        return TupleType([_member(template, item) for item in prefix])
    items = member(node, "items")
    return ArrayType(json_type(template, items)) if isinstance(items, dict) else PrimitiveType("array")


def _object(template: JsonTemplate, node: dict[str, Any]) -> DeclaredType:
    properties, additional = member(node, "properties"), member(node, "additionalProperties")
    discriminator = member(node, "discriminator")
    if isinstance(discriminator, dict):
        mapping = member(discriminator, "mapping") or {}
        members = [json_type(template, mapping[name]) for name in sorted(mapping, key=str.upper)]
        return DiscriminatedType(str(member(discriminator, "propertyName")), members)
    if properties is None and additional is None:
        return PrimitiveType("object")
    return ObjectType(
        {name: _member(template, child) for name, child in (properties or {}).items()},
        _member(template, additional) if isinstance(additional, dict) else None,
    )


def _literal(value: Any) -> DeclaredType:
    if isinstance(value, dict):
        return ObjectType({name: Member(_literal(item), {}) for name, item in value.items()}, None)
    if isinstance(value, list):
        return TupleType([Member(_literal(item), {}) for item in value])
    return LiteralType(value)


def apply_modifiers(node: dict[str, Any], result: dict[str, Any]) -> dict[str, Any]:
    """Add to a written schema what the node in the other template says besides its type: secrecy, limits, metadata."""
    from infra_lib.bicep.typing.declarations import merge

    secure = _SECURE.get(str(member(node, "type") or "").lower())
    if secure is not None:
        merge(result, "type", secure)
    if member(node, "additionalProperties") is False:
        merge(result, "additionalProperties", False)
    metadata = member(node, "metadata")
    if isinstance(metadata, dict):
        others = {name: value for name, value in metadata.items() if name.lower() not in _HANDLED_METADATA}
        if others:
            merge(result, "metadata", others)
    for name in _LIMITS:
        limit = member(node, name)
        if limit is not None:
            merge(result, name, limit)
    description = member(metadata, "description")
    if isinstance(description, str):
        merge(result, "metadata", {"description": description})
    return result
