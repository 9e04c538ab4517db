"""Types as a file declares them: the written form, with references kept, and what stands behind it.

The written form is what a schema is made from: :class:`Alias` and :class:`Access` become ``$ref``. :func:`expressed` looks
through them; a type checker reads its result. Types may be recursive, so what an alias stands for is found when it is asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any, Literal

from infra_lib.resource_types import nodes

if TYPE_CHECKING:
    from infra_lib.bicep import syntax as s
    from infra_lib.bicep.semantics.model import ModuleTarget

Scalar = str | int | bool | None
AccessKind = Literal["property", "index", "items", "additional"]

_MAX_STEPS = 1_000


class DeclaredType:
    """The base of the types."""

    __slots__ = ()


class InvalidType(DeclaredType):
    """A type that is wrong; the finding has been made."""

    __slots__ = ()


class PrimitiveType(DeclaredType):
    """``any``, ``array``, ``bool``, ``int``, ``object`` or ``string``."""

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = name


class LiteralType(DeclaredType):
    """One value and no other; null is the value None."""

    __slots__ = ("value",)

    def __init__(self, value: Scalar) -> None:
        self.value = value


class Member:
    """A property, an item of a tuple or the additional properties.

    ``required`` is False for a property written with ``?``. ``source`` is where its decorators are: the syntax, or the schema in
    an ARM JSON template.
    """

    __slots__ = ("required", "source", "type")

    def __init__(self, type: DeclaredType, source: s.Decorated | dict[str, Any], *, required: bool = True) -> None:
        self.type = type
        self.source = source
        self.required = required


class ObjectType(DeclaredType):
    """``{ ... }``: properties in the order of the source, and the type of others where one is given."""

    __slots__ = ("additional", "properties")

    def __init__(self, properties: dict[str, Member], additional: Member | None) -> None:
        self.properties = properties
        self.additional = additional


class TupleType(DeclaredType):
    """``[a, b]``"""

    __slots__ = ("items",)

    def __init__(self, items: list[Member]) -> None:
        self.items = items


class ArrayType(DeclaredType):
    """``item[]``"""

    __slots__ = ("item",)

    def __init__(self, item: DeclaredType) -> None:
        self.item = item


class UnionType(DeclaredType):
    """``a | b``, as written."""

    __slots__ = ("members",)

    def __init__(self, members: list[DeclaredType]) -> None:
        self.members = members


class DiscriminatedType(DeclaredType):
    """A union of objects that are told apart by the property ``key``."""

    __slots__ = ("key", "members")

    def __init__(self, key: str, members: list[DeclaredType]) -> None:
        self.key = key
        self.members = members


class NullableType(DeclaredType):
    """``base?``"""

    __slots__ = ("base",)

    def __init__(self, base: DeclaredType) -> None:
        self.base = base


class NonNullType(DeclaredType):
    """``base!``"""

    __slots__ = ("base",)

    def __init__(self, base: DeclaredType) -> None:
        self.base = base


class AliasType(DeclaredType):
    """A reference to the definition ``name`` of the file or template ``owner``."""

    __slots__ = ("_find", "name", "owner")

    def __init__(self, owner: ModuleTarget, name: str, find: Callable[[], DeclaredType]) -> None:
        self.owner = owner
        self.name = name
        self._find = find

    @property
    def target(self) -> DeclaredType:
        """What the definition says, in its written form."""
        return self._find()


class AccessType(DeclaredType):
    """A part of another type: ``base.key``, ``base[key]``, ``base[*]``, ``base.*``; ``node`` is where it is written."""

    __slots__ = ("base", "key", "kind", "node")

    def __init__(self, base: DeclaredType, kind: AccessKind, key: str | int | None, node: s.Node | None) -> None:
        self.base = base
        self.kind: AccessKind = kind
        self.key = key
        self.node = node


class DerivedType(DeclaredType):
    """``resourceInput<'reference'>`` or ``resourceOutput<...>`` and the way into it. ``shape`` is what the catalog says of it."""

    __slots__ = ("output", "pointer", "reference", "shape")

    def __init__(self, reference: str, output: bool, pointer: tuple[str, ...], shape: nodes.TypeNode) -> None:
        self.reference = reference
        self.output = output
        self.pointer = pointer
        self.shape = shape


class ResourceIdType(DeclaredType):
    """``resource 'reference'``: a resource, handed over by its id."""

    __slots__ = ("reference",)

    def __init__(self, reference: str) -> None:
        self.reference = reference


INVALID = InvalidType()
NULL = LiteralType(None)


# ---------------------------------------------------------------------------------------------- behind the references


def expressed(type_: DeclaredType) -> DeclaredType:
    """What a type is once references, accesses and ``!`` are looked through; InvalidType for an endless chain or lost member."""
    for _ in range(_MAX_STEPS):
        if isinstance(type_, AliasType):
            type_ = type_.target
        elif isinstance(type_, AccessType):
            type_ = member_type(type_)
        elif isinstance(type_, NonNullType):
            return without_null(expressed(type_.base))
        else:
            return type_
    return INVALID


def member_type(access: AccessType) -> DeclaredType:
    """What an access leads to, in its written form."""
    base = without_null(expressed(access.base))
    key = access.key
    if isinstance(base, DerivedType):
        return _derived_member(base, access.kind, key)
    if isinstance(base, ObjectType):
        if access.kind == "property" and key in base.properties:
            return base.properties[str(key)].type
        if access.kind == "additional" and base.additional is not None:
            return base.additional.type
    if isinstance(base, TupleType) and access.kind == "index" and isinstance(key, int) and key < len(base.items):
        return base.items[key].type
    if isinstance(base, ArrayType) and access.kind == "items":
        return base.item
    return INVALID


def _derived_member(base: DerivedType, kind: AccessKind, key: str | int | None) -> DeclaredType:
    shape = base.shape
    if isinstance(shape, nodes.AnyType):
        return base
    if kind == "property" and isinstance(shape, nodes.ObjectType):
        found = shape.properties.get(str(key))
        if found is None and shape.additional_properties is not None:
            return INVALID
        if found is not None and not (found.read_only and not base.output):
            return DerivedType(base.reference, base.output, (*base.pointer, "properties", str(key)), found.type)
    if kind == "items" and isinstance(shape, nodes.ArrayType):
        return DerivedType(base.reference, base.output, (*base.pointer, "items"), shape.item_type)
    if kind == "additional" and isinstance(shape, nodes.ObjectType) and shape.additional_properties is not None:
        return DerivedType(base.reference, base.output, (*base.pointer, "additionalProperties"), shape.additional_properties)
    return INVALID


def without_null(type_: DeclaredType) -> DeclaredType:
    """An expressed type without null among its values."""
    if isinstance(type_, NullableType):
        return without_null(expressed(type_.base))
    if isinstance(type_, UnionType):
        members = [member for member in flat_members(type_) if not is_null(member)]
        return members[0] if len(members) == 1 else UnionType(members)
    return type_


def is_null(type_: DeclaredType) -> bool:
    """True for the literal null."""
    return isinstance(type_, LiteralType) and type_.value is None


def is_nullable(type_: DeclaredType) -> bool:
    """True when null is among the values of a type."""
    found = expressed(type_)
    if isinstance(found, NullableType):
        return True
    return isinstance(found, UnionType) and any(is_null(member) for member in flat_members(found))


def flat_members(type_: DeclaredType) -> Iterator[DeclaredType]:
    """The members of a union and of the unions among them, expressed; a nullable member gives null as well."""
    pending: list[DeclaredType] = [type_]
    steps = 0
    while pending and steps < 100 * _MAX_STEPS:
        steps += 1
        found = expressed(pending.pop())
        if isinstance(found, UnionType):
            pending.extend(reversed(found.members))
        elif isinstance(found, NullableType):
            pending.extend((NULL, found.base))
        else:
            yield found


def union_members(type_: DeclaredType) -> list[DeclaredType]:
    """The members of a union without repetitions, in the order of their texts: the order of the output."""
    by_text: dict[str, DeclaredType] = {}
    for member in flat_members(type_):
        by_text.setdefault(type_text(member), member)
    return [by_text[text] for text in sorted(by_text, key=_ordinal)]


def is_literal(type_: DeclaredType) -> bool:
    """True for a type of a single value: a literal, or an object or tuple of nothing else."""
    found = expressed(type_)
    if isinstance(found, LiteralType):
        return True
    if isinstance(found, TupleType):
        return all(is_literal(item.type) for item in found.items)
    if isinstance(found, ObjectType):
        return found.additional is None and all(
            member.required and is_literal(member.type) for member in found.properties.values()
        )
    return False


def literal_value(type_: DeclaredType) -> Any:
    """The value of a type of a single value; an object's keys are sorted."""
    found = expressed(type_)
    if isinstance(found, LiteralType):
        return found.value
    if isinstance(found, TupleType):
        return [literal_value(item.type) for item in found.items]
    if isinstance(found, ObjectType):
        return {name: literal_value(found.properties[name].type) for name in sorted(found.properties, key=_ordinal)}
    raise ValueError("the type has more than one value")


def base_name(type_: DeclaredType) -> str | None:
    """The template's name for a type: string, int, bool, object or array; None where there is no single one."""
    found = expressed(type_)
    if isinstance(found, LiteralType):
        value = found.value
        return "bool" if isinstance(value, bool) else {str: "string", int: "int"}.get(type(value))
    if isinstance(found, PrimitiveType):
        return None if found.name == "any" else found.name
    if isinstance(found, (ObjectType, DiscriminatedType)):
        return "object"
    if isinstance(found, (ArrayType, TupleType)):
        return "array"
    if isinstance(found, UnionType):
        names = {base_name(member) for member in flat_members(found)}
        return names.pop() if len(names) == 1 else None
    if isinstance(found, DerivedType):
        return _shape_name(found.shape)
    return None


def _shape_name(shape: nodes.TypeNode) -> str | None:
    if isinstance(shape, nodes.UnionType):
        names = {_shape_name(element) for element in shape.elements}
        return names.pop() if len(names) == 1 else None
    for kinds, name in _SHAPE_NAMES:
        if isinstance(shape, kinds):
            return name
    return None


_SHAPE_NAMES: tuple[tuple[tuple[type, ...], str], ...] = (
    ((nodes.StringType, nodes.StringLiteralType), "string"),
    ((nodes.IntegerType,), "int"),
    ((nodes.BooleanType,), "bool"),
    ((nodes.ObjectType, nodes.DiscriminatedObjectType), "object"),
    ((nodes.ArrayType,), "array"),
)


# ---------------------------------------------------------------------------------------------- texts


def type_text(type_: DeclaredType, depth: int = 0) -> str:
    """A type as Bicep would write it; members of a union are sorted by it."""
    if depth > 8:
        return "..."
    if isinstance(type_, AliasType):
        return type_.name if depth else type_text(expressed(type_), 1)
    found = expressed(type_)
    if isinstance(found, LiteralType):
        value = found.value
        if isinstance(value, str):
            return _quoted(value)
        return "null" if value is None else str(value).lower()
    if isinstance(found, PrimitiveType):
        return found.name
    if isinstance(found, ObjectType):
        parts = [f" {_key(name)}: {type_text(member.type, depth + 1)}" for name, member in found.properties.items()]
        if found.additional is not None:
            parts.append(f" *: {type_text(found.additional.type, depth + 1)}")
        return "{" + ",".join(parts) + " }"
    if isinstance(found, TupleType):
        return "[" + ", ".join(type_text(item.type, depth + 1) for item in found.items) + "]"
    if isinstance(found, ArrayType):
        item = type_text(found.item, depth + 1)
        return f"({item})[]" if isinstance(expressed(found.item), (UnionType, NullableType)) else f"{item}[]"
    if isinstance(found, NullableType):
        return f"{type_text(found.base, depth + 1)} | null"
    if isinstance(found, (UnionType, DiscriminatedType)):
        return " | ".join(_sorted_texts(found.members, depth + 1))
    if isinstance(found, DerivedType):
        return found.reference
    return found.reference if isinstance(found, ResourceIdType) else "error"


def _sorted_texts(members: Iterable[DeclaredType], depth: int) -> list[str]:
    return sorted({type_text(member, depth) for member in members}, key=_ordinal)


def _ordinal(text: str) -> bytes:
    """A key that sorts as .NET's ordinal comparison: by UTF-16 units."""
    return text.encode("utf-16-be", "surrogatepass")


def _quoted(text: str) -> str:
    for character, escape in (("\\", "\\\\"), ("'", "\\'"), ("\r", "\\r"), ("\n", "\\n"), ("\t", "\\t"), ("${", "\\${")):
        text = text.replace(character, escape)
    return f"'{text}'"


def _key(name: str) -> str:
    return name if name.isascii() and name.isidentifier() else _quoted(name)


def takes_null(type_: DeclaredType) -> bool:
    """True for a type that null is a value of, by what it expresses."""
    found = expressed(type_)
    if isinstance(found, UnionType):
        return any(is_null(member) for member in found.members)
    return isinstance(found, NullableType) or is_null(found)
