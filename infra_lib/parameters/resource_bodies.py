"""Evaluated resources against what is known of their types: names, required properties, allowed values, types, read-only ones.

The knowledge comes from a :class:`~infra_lib.resource_types.catalog.Catalog`; a type that it does not have is not checked. Where
it knows the type at another API version only, an unknown property is only reported where a known one has nearly its name. What is
not known before the deployment (an expression in brackets) is not checked.

What is missing, and a value that cannot be read as the type, is an error. All else is a warning: services take more than their
descriptions say (a number as text, a value that is newer than the list of allowed ones).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from infra_lib.diagnostics import Diagnostic, Level
from infra_lib.parameters import naming, words
from infra_lib.parameters.relations import check_relations
from infra_lib.parameters.schema import utf16_length
from infra_lib.parameters.validate import Location, problem
from infra_lib.resource_types.catalog import (
    ArrayType,
    BooleanType,
    Catalog,
    DiscriminatedObjectType,
    IntegerType,
    ObjectType,
    Property,
    StringLiteralType,
    StringType,
    TypeNode,
    UnionType,
)

_ENVELOPE = frozenset(
    ["id", "type", "name", "apiversion", "condition", "dependson", "scope", "copy", "comments", "metadata", "existing", "asserts"]
)
"""What a resource in a template has besides its type's properties, in lower case."""

_COMMON = frozenset(
    ["location", "tags", "sku", "kind", "managedby", "plan", "identity", "zones", "extendedlocation", "properties"]
)
"""Members of every resource as Resource Manager sees it: a type that does not declare one may still be given it."""

_EXPECTED: tuple[tuple[type[TypeNode], type | tuple[type, ...], str], ...] = (
    (ObjectType, dict, "object"),
    (DiscriminatedObjectType, dict, "object"),
    (ArrayType, list, "array"),
    (BooleanType, bool, "boolean"),
    (StringType, str, "string"),
    (StringLiteralType, str, "string"),
    (IntegerType, (int, float), "number"),
)

_NUMBER = re.compile(r"[-+]?[0-9]+(\.[0-9]+)?")


def check_resources(resources: Iterable[Mapping[str, Any]], catalog: Catalog, *, file: str | None = None) -> list[Diagnostic]:
    """Everything that is wrong with evaluated resources (a snapshot's ``predictedResources``), in their order.

    ``file`` is the template to name. Pointers are template paths: ``resources[3].properties.x``.
    """
    listed = list(resources)
    found: list[Diagnostic] = []
    for index, resource in enumerate(listed):
        found += _Checker(resource, catalog, f"resources[{index}]", file).check()
    found += check_relations(listed, file)
    return list(dict.fromkeys(found))


@dataclass(frozen=True, slots=True)
class _Spot:
    """A value's place: the template path, the property's name, and whether it must not be shown."""

    path: str
    name: str
    secure: bool = False

    def member(self, name: str, secure: bool = False) -> _Spot:
        """The place of a member."""
        path = f"{self.path}.{name}" if name.isidentifier() else f"{self.path}['{name}']"
        return _Spot(path, name, self.secure or secure)

    def item(self, index: int) -> _Spot:
        """The place of an item."""
        return _Spot(f"{self.path}[{index}]", f"{self.name}[{index}]", self.secure)


class _Checker:
    """Checks one resource."""

    def __init__(self, resource: Mapping[str, Any], catalog: Catalog, path: str, file: str | None) -> None:
        self.resource = resource
        self.path = path
        self.file = file
        self.type_name = str(resource.get("type", ""))
        version = str(resource.get("apiVersion", ""))
        self.type = catalog.closest(self.type_name, version)
        self.exact = self.type is not None and self.type.api_version.lower() == version.lower()
        name = resource.get("name")
        self.kind = f"{self.type_name} {words.quoted(name)}" if isinstance(name, str) and not is_unknown(name) else self.type_name

    def check(self) -> Iterator[Diagnostic]:
        """All that is wrong."""
        yield from self.name()
        if self.type is None:
            return
        node, name = self.type.body, self.resource.get("name")
        body = {key: value for key, value in self.resource.items() if key.lower() not in _ENVELOPE}
        if isinstance(node, DiscriminatedObjectType) and node.discriminator.lower() == "name":
            if not isinstance(name, str) or is_unknown(name):
                return
            body["name"] = name.rpartition("/")[2]
        yield from self.value(body, node, _Spot(self.path, self.type_name))

    def name(self) -> Iterator[Diagnostic]:
        """The name against Azure's rules, segment by segment."""
        name, parts = self.resource.get("name"), self.type_name.split("/")
        if not isinstance(name, str) or is_unknown(name):
            return
        segments = name.split("/")
        if len(segments) != len(parts) - 1:
            segments, parts = segments[-1:], [*parts[:1], "/".join(parts[1:])]
        for index, segment in enumerate(segments):
            wrong = naming.check_name("/".join(parts[: index + 2]), segment)
            if wrong is not None:
                place = self.at(_Spot(f"{self.path}.name", "name"))
                yield problem(
                    "INF150", place, subject=words.quoted(segment), kind=wrong.kind, problem=wrong.problem, fix=wrong.fix
                )

    def at(self, spot: _Spot) -> Location:
        """Where a finding is reported."""
        return Location(file=self.file, pointer=spot.path)

    # ------------------------------------------------------------------------------------------ values

    def value(self, value: Any, node: TypeNode, spot: _Spot) -> Iterator[Diagnostic]:
        """A value against a type."""
        if value is None or (isinstance(value, str) and is_unknown(value)):
            return
        if isinstance(node, UnionType):
            yield from self.union(value, node, spot)
            return
        for kind, wanted, expected in _EXPECTED:
            if isinstance(node, kind) and not (isinstance(value, wanted) and (wanted is bool or not isinstance(value, bool))):
                secure = spot.secure or (isinstance(node, StringType) and node.sensitive)
                level: Level = "warning" if _reads_as(value, expected) else "error"
                yield self.wrong(spot, words.found(value, secure=secure), words.TYPE_WORDS[expected], level)
                return
        if isinstance(node, ObjectType):
            yield from self.object(value, node, spot)
        elif isinstance(node, DiscriminatedObjectType):
            yield from self.discriminated(value, node, spot)
        elif isinstance(node, ArrayType):
            yield from self.length(len(value), node.min_length, node.max_length, "items", spot)
            for index, item in enumerate(value):
                yield from self.value(item, node.item_type, spot.item(index))
        elif isinstance(node, IntegerType):
            yield from self.range(value, node, spot)
        elif isinstance(node, StringType):
            yield from self.length(utf16_length(value), node.min_length, node.max_length, "characters", spot)
        elif isinstance(node, StringLiteralType) and value.lower() != node.value.lower():
            yield self.not_allowed(value, (node.value,), spot)

    def wrong(self, spot: _Spot, found: str, expected: str, level: Level = "warning") -> Diagnostic:
        """A value of the wrong type or size."""
        return problem("INF173", self.at(spot), level=level, member=spot.name, kind=self.kind, found=found, expected=expected)

    def not_allowed(self, value: Any, allowed: Iterable[str], spot: _Spot) -> Diagnostic:
        """A text that is none of the allowed ones."""
        choices = list(allowed)
        near = words.nearest(value, choices)
        expected = words.one_of(choices) + (f' (did you mean "{near}"?)' if near and len(choices) > 1 else "")
        found = words.found(value, secure=spot.secure)
        return problem("INF172", self.at(spot), member=spot.name, kind=self.kind, found=found, expected=expected)

    def union(self, value: Any, node: UnionType, spot: _Spot) -> Iterator[Diagnostic]:
        """A value against a choice: an enumeration, or types of which one has to fit."""
        literals = node.literals
        if isinstance(value, str) and literals:
            known = {literal.lower() for literal in literals}
            if value.lower() in known or (node.is_open and words.nearest(value, literals) is None):
                return
            if self.exact or words.nearest(value, literals) is not None or not node.is_open:
                yield self.not_allowed(value, literals, spot)
            return
        attempts = [list(self.value(value, element, spot)) for element in node.elements]
        if attempts and all(attempts):
            yield from min(attempts, key=len)

    def range(self, value: float, node: IntegerType, spot: _Spot) -> Iterator[Diagnostic]:
        """A number against its limits."""
        low, high = node.min_value, node.max_value
        if (low is not None and value < low) or (high is not None and value > high):
            yield self.wrong(spot, words.found(value, secure=spot.secure), f"a number {_between(low, high)}")

    def length(self, length: int, low: int | None, high: int | None, unit: str, spot: _Spot) -> Iterator[Diagnostic]:
        """A length against its limits."""
        if (low is not None and length < low) or (high is not None and length > high):
            yield self.wrong(spot, f"{length} {unit} long", f"a length {_between(low, high)} {unit}")

    # ------------------------------------------------------------------------------------------ objects

    def discriminated(self, value: Mapping[str, Any], node: DiscriminatedObjectType, spot: _Spot) -> Iterator[Diagnostic]:
        """An object whose type one property tells."""
        chosen = next((item for key, item in value.items() if key.lower() == node.discriminator.lower()), None)
        if chosen is None:
            yield self.missing(node.discriminator, spot)
        elif isinstance(chosen, str) and not is_unknown(chosen):
            member = node.member(chosen)
            if member is None:
                yield self.not_allowed(chosen, node.keys, spot.member(node.discriminator))
            else:
                yield from self.object(value, member, spot, node.discriminator)

    def object(self, value: Mapping[str, Any], node: ObjectType, spot: _Spot, discriminator: str = "") -> Iterator[Diagnostic]:
        """An object: every member, and those that are missing."""
        others = node.additional_properties
        top = spot.path == self.path
        for name, item in value.items():
            if is_unknown(name) or name.lower() == discriminator.lower() != "":
                continue
            known = node.find(name)
            if known is not None:
                yield from self.member(item, known, spot.member(name, known.write_only))
            elif others is not None:
                yield from self.value(item, others, spot.member(name))
            elif not (top and name.lower() in _COMMON):
                yield from self.unknown(name, value, node, spot)
        given = {name.lower() for name, item in value.items() if item is not None}
        if any(is_unknown(name) for name in value):
            return
        for name, known in node.properties.items():
            if known.required and not known.read_only and name.lower() not in given and not (top and name.lower() in _ENVELOPE):
                yield self.missing(name, spot)

    def member(self, value: Any, known: Property, spot: _Spot) -> Iterator[Diagnostic]:
        """A member that the type has."""
        if known.read_only:
            if value is not None:
                yield problem("INF174", self.at(spot), member=spot.name, kind=self.kind)
            return
        yield from self.value(value, known.type, spot)

    def unknown(self, name: str, value: Mapping[str, Any], node: ObjectType, spot: _Spot) -> Iterator[Diagnostic]:
        """A member that the type does not have."""
        given = {key.lower() for key in value}
        near = words.nearest(
            name, [key for key, known in node.properties.items() if key.lower() not in given and not known.read_only]
        )
        if near is None and not self.exact:
            return
        place = "" if spot.path == self.path else f' at "{spot.path.removeprefix(self.path + ".")}"'
        fix = f'Did you mean "{near}"?' if near else None
        yield problem("INF170", self.at(spot.member(name)), member=name, kind=self.kind, place=place, fix=fix)

    def missing(self, name: str, spot: _Spot) -> Diagnostic:
        """A member that is required and not there."""
        place = "" if spot.path == self.path else f' at "{spot.path.removeprefix(self.path + ".")}"'
        return problem("INF171", self.at(spot), member=name, kind=self.kind, place=place)


def _reads_as(value: Any, expected: str) -> bool:
    """Whether services read a scalar of another type as the expected one: ``"5"`` as 5, ``"true"`` as true, 5 as ``"5"``."""
    if expected == "string":
        return isinstance(value, bool | int | float)
    if not isinstance(value, str):
        return False
    if expected == "boolean":
        return value.lower() in ("true", "false")
    return expected == "number" and _NUMBER.fullmatch(value) is not None


def _between(low: int | None, high: int | None) -> str:
    if low is not None and high is not None:
        return f"of exactly {low}" if low == high else f"from {low} to {high}"
    return f"of at least {low}" if low is not None else f"of at most {high}"


def is_unknown(text: str) -> bool:
    """Whether a text of an evaluated resource is an expression that only a deployment can answer."""
    return text.startswith("[") and text.endswith("]")
