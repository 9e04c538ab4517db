"""The model classes of the Azure packages, read as the catalog's nodes.

A generated model class declares its fields as ``rest_field(name=…, visibility=[…])`` with an annotation. The visibility tells the
moments at which the service takes or gives a field: only ``read`` is read-only, without ``read`` write-only, ``create`` without
``update`` cannot be changed. Optional in the annotation is what is not required. Secrets are not marked: a text that is never
given back, or whose name says so, counts as one.
"""

from __future__ import annotations

import datetime
import re
import typing
from collections.abc import Iterable, Mapping, MutableMapping
from decimal import Decimal
from enum import Enum
from functools import partial
from types import ModuleType, NoneType
from types import UnionType as PythonUnion
from typing import Any, NamedTuple, Union, get_args, get_origin

from infra_lib.resource_types.nodes import (
    AnyType,
    ArrayType,
    BooleanType,
    DiscriminatedObjectType,
    IntegerType,
    ObjectType,
    Property,
    StringLiteralType,
    StringType,
    TypeNode,
    TypeReference,
    UnionType,
)

_ANY = AnyType()
_STRING = StringType()
_PLAIN: Mapping[Any, TypeNode] = {
    str: _STRING,
    bytes: _STRING,
    bool: BooleanType(),
    int: IntegerType(),
    float: _ANY,
    Decimal: _ANY,
    datetime.datetime: _STRING,
    datetime.date: _STRING,
    datetime.time: _STRING,
    datetime.timedelta: _STRING,
}
"""What a Python type is in JSON; numbers with a fraction have no node of their own, in the public type files neither."""

_SECRET_NAME = re.compile(
    r"(password|accountkey|sharedkey|accesskey|instrumentationkey|connectionstring|sastoken|clientsecret|certificatevalue)$",
    re.IGNORECASE,
)
_SECRET = StringType(sensitive=True)
_DOCUMENTED = re.compile(r":ivar (\w+): (.*?)(?=\n\s*:(?:ivar|vartype)|\Z)", re.DOTALL)


class Models(NamedTuple):
    """What a resource or a part of it is sent as and what it comes back as; the same class where the package has only one."""

    sent: type
    returned: type


class _Field(NamedTuple):
    attribute: str
    name: str
    annotation: Any
    visibility: tuple[str, ...]
    is_discriminator: bool
    owner: type

    @property
    def is_read_only(self) -> bool:
        return self.visibility == ("read",)


class ModelReader:
    """Makes nodes of the model classes of one package; each class (or pair of classes) once."""

    def __init__(self, models: ModuleType) -> None:
        self._names = {"_models": models, "_types": _AnyAttribute(), "JSON": Any}
        self._objects: dict[Models, TypeNode] = {}
        self._fields_by_class: dict[type, dict[str, _Field]] = {}

    def object(self, models: Models) -> TypeNode:
        """The node of a model; where another comes back than is sent, what only the former has is read-only."""
        if models not in self._objects:
            self._objects[models] = self._discriminated(models) or self._plain(models)
        return self._objects[models]

    def node(self, annotation: Any) -> TypeNode:
        """The node of an annotation."""
        return self._node(annotation, None)

    def _plain(self, models: Models, name: str | None = None) -> ObjectType:
        return ObjectType(name or models.sent.__name__, self._properties(models))

    def _discriminated(self, models: Models) -> DiscriminatedObjectType | None:
        mapping: Mapping[str, type] | None = vars(models.sent).get("__mapping__")
        field = next((item for item in self._fields(models.sent).values() if item.is_discriminator), None)
        if not mapping or field is None:
            return None
        returned: Mapping[str, type] = vars(models.returned).get("__mapping__") or {}
        elements: dict[str, TypeReference] = {
            key: partial(self._plain, Models(model, returned.get(key, model)), key) for key, model in mapping.items()
        }
        return DiscriminatedObjectType(models.sent.__name__, field.name, self._properties(models), elements)

    def _properties(self, models: Models) -> Iterable[Property]:
        sent, returned = self._fields(models.sent), self._fields(models.returned)
        for name, field in {**returned, **sent}.items():
            other = returned.get(name)
            visibility = field.visibility
            write_only = bool(visibility) and "read" not in visibility
            node: TypeReference = partial(self._node, field.annotation, None if other is None else other.annotation)
            if _without_none(field.annotation) in (str, bytes) and (write_only or _SECRET_NAME.search(name)):
                node = partial(_same, _SECRET)
            is_required = not _is_optional(field.annotation) and not field.is_read_only and name in sent
            yield Property(
                name,
                node,
                required=is_required,
                read_only=name not in sent or field.is_read_only,
                write_only=write_only,
                create_only="create" in visibility and "update" not in visibility,
                description=_description(field),
            )

    def _fields(self, model: type) -> dict[str, _Field]:
        fields = self._fields_by_class.get(model)
        if fields is None:
            hints = typing.get_type_hints(model, localns=dict(self._names))
            fields = {}
            for owner in reversed(model.__mro__):
                for attribute, value in vars(owner).items():
                    if not attribute.startswith("_") and hasattr(value, "_visibility"):
                        name = getattr(value, "_rest_name_input", None) or attribute
                        fields[name] = _Field(
                            attribute,
                            name,
                            hints.get(attribute, Any),
                            tuple(value._visibility or ()),
                            bool(getattr(value, "_is_discriminator", False)),
                            owner,
                        )
            self._fields_by_class[model] = fields
        return fields

    def _node(self, annotation: Any, returned: Any) -> TypeNode:
        """The node of an annotation; ``returned`` is that of the same field in the model that comes back, if it has the field."""
        if annotation in _PLAIN:
            return _PLAIN[annotation]
        origin, arguments = get_origin(annotation), get_args(annotation)
        if origin in (Union, PythonUnion):
            return self._union(arguments, returned)
        if origin is typing.Literal:
            return _enumeration(arguments)
        if origin in (list, set, tuple) or (isinstance(origin, type) and issubclass(origin, typing.Sequence)):
            inner = _first(get_args(returned)) if returned is not None else None
            return ArrayType(partial(self._node, _first(arguments), inner))
        if origin is dict or (isinstance(origin, type) and issubclass(origin, Mapping)):
            return ObjectType("object", (), partial(self._node, arguments[-1] if arguments else Any, None))
        if isinstance(annotation, type):
            return self._class(annotation, _without_none(returned))
        return _ANY

    def _class(self, annotation: type, returned: Any) -> TypeNode:
        if issubclass(annotation, Enum):
            return _enumeration(tuple(annotation))
        if getattr(annotation, "_is_model", False):
            back = returned if isinstance(returned, type) and getattr(returned, "_is_model", False) else annotation
            return self.object(Models(annotation, back))
        if issubclass(annotation, MutableMapping | Mapping):
            return ObjectType("object", (), lambda: _ANY)
        return _ANY

    def _union(self, arguments: tuple[Any, ...], returned: Any) -> TypeNode:
        members = [argument for argument in arguments if argument is not NoneType]
        if len(members) == 1:
            return self._node(members[0], _without_none(returned))
        literals = [value for member in members if _is_enumeration(member) for value in _values(member)]
        if literals and all(_is_enumeration(member) or member is str for member in members):
            return _enumeration(literals, open=str in members)
        return UnionType([partial(self._node, member, None) for member in members])


class _AnyAttribute:
    """Stands for a module whose names mean nothing here."""

    def __getattr__(self, name: str) -> Any:
        return Any


def _is_enumeration(annotation: Any) -> bool:
    return get_origin(annotation) is typing.Literal or (isinstance(annotation, type) and issubclass(annotation, Enum))


def _values(annotation: Any) -> tuple[Any, ...]:
    return get_args(annotation) if get_origin(annotation) is typing.Literal else tuple(annotation)


def _enumeration(values: Iterable[Any], *, open: bool = False) -> TypeNode:
    texts = [str(value.value if isinstance(value, Enum) else value) for value in values]
    nodes: list[TypeNode] = [StringLiteralType(text) for text in texts]
    if open:
        nodes.append(_STRING)
    if len(nodes) == 1:
        return nodes[0]
    return UnionType([partial(_same, node) for node in nodes])


def _same(node: TypeNode) -> TypeNode:
    return node


def _is_optional(annotation: Any) -> bool:
    return get_origin(annotation) in (Union, PythonUnion) and NoneType in get_args(annotation)


def _without_none(annotation: Any) -> Any:
    if not _is_optional(annotation):
        return annotation
    members = [argument for argument in get_args(annotation) if argument is not NoneType]
    return members[0] if len(members) == 1 else None


def _first(arguments: tuple[Any, ...]) -> Any:
    return arguments[0] if arguments else Any


def _description(field: _Field) -> str | None:
    """The field's text in the docstring of the class that declares it."""
    documented = dict(_DOCUMENTED.findall(field.owner.__doc__ or ""))
    text = documented.get(field.attribute)
    return " ".join(text.split()) if text else None
