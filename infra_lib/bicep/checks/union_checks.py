"""Mistakes of unions: of literals, and of objects that a discriminator tells apart."""

from __future__ import annotations

from typing import TYPE_CHECKING

from infra_lib.bicep import syntax as s
from infra_lib.bicep.typing.declared_types import (
    AliasType,
    DeclaredType,
    DerivedType,
    DiscriminatedType,
    InvalidType,
    LiteralType,
    ObjectType,
    UnionType,
    base_name,
    expressed,
    flat_members,
    is_literal,
    is_null,
)

if TYPE_CHECKING:
    from infra_lib.bicep.typing.type_table import TypeTable


def check_literals(table: TypeTable, node: s.UnionType, *, in_array: bool) -> None:
    """Report what keeps a union from being one of literals of one kind; directly in an array the kinds may differ."""
    type_ = table.type_of(node)
    if not isinstance(type_, UnionType):
        return
    members = [
        (found, member) for member, written in zip(node.members, type_.members, strict=True) for found in flat_members(written)
    ]
    if any(isinstance(found, InvalidType) for found, _ in members):
        return
    kinds = {base_name(found) for found, _ in members if not is_null(found)} - {None}
    if not kinds or (len(kinds) > 1 and not (in_array and "array" not in kinds)):
        table.error("BCP294", node)
        return
    for member in {member: found for found, member in members if not is_literal(found)}:
        table.error("BCP293", member)


def check_discriminated(table: TypeTable, node: s.UnionType, type_: DiscriminatedType) -> None:
    """Report members that are no objects, or that the discriminator does not tell apart."""
    seen: dict[str, DeclaredType] = {}
    endless = {symbol.name for symbol in table.endless}
    for member, written in zip(node.members, type_.members, strict=True):
        circular = isinstance(written, AliasType) and written.owner is table.model and written.name in endless
        for found in _objects(written):
            code = "BCP286" if circular else _mistake(found, type_.key, seen)
            if code is not None:
                table.error(code, member, name=type_.key)


def _objects(type_: DeclaredType) -> list[DeclaredType]:
    """The objects of a member: several for a discriminated union."""
    found = expressed(type_)
    if isinstance(found, DiscriminatedType):
        return [inner for member in found.members for inner in _objects(member)]
    return [found]


def _mistake(found: DeclaredType, key: str, seen: dict[str, DeclaredType]) -> str | None:
    """The code of what is wrong with a member; one and the same type may come twice."""
    if isinstance(found, (InvalidType, DerivedType)):
        return None
    if not isinstance(found, ObjectType):
        return "BCP286"
    member = found.properties.get(key)
    value = expressed(member.type) if member is not None and member.required else None
    if not isinstance(value, LiteralType) or not isinstance(value.value, str):
        return "BCP364"
    return "BCP365" if seen.setdefault(value.value.lower(), found) is not found else None
