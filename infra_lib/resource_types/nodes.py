"""The nodes that a resource type is made of: objects with properties, lists, unions, limits."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from enum import IntFlag


class Scopes(IntFlag):
    """Where a resource of a type may be deployed or read, in the numbers of the public type files."""

    NONE = 0
    TENANT = 1
    MANAGEMENT_GROUP = 2
    SUBSCRIPTION = 4
    RESOURCE_GROUP = 8
    EXTENSION = 16
    ALL = 31


class TypeNode:
    """The base of the nodes. Nodes are immutable; what they refer to is read when it is asked for, so types may be recursive."""

    __slots__ = ()


TypeReference = Callable[[], TypeNode]
"""Gives the node that is referred to, when it is asked for."""


class AnyType(TypeNode):
    """Any value, or a value of which nothing is known."""

    __slots__ = ()


class NullType(TypeNode):
    """The value null."""

    __slots__ = ()


class BooleanType(TypeNode):
    """true or false."""

    __slots__ = ()


class IntegerType(TypeNode):
    """A whole number, with inclusive limits where there are any."""

    __slots__ = ("max_value", "min_value")

    def __init__(self, min_value: int | None = None, max_value: int | None = None) -> None:
        self.min_value = min_value
        self.max_value = max_value


class StringType(TypeNode):
    """A text: inclusive limits of its length, a regular expression, and whether it is a secret."""

    __slots__ = ("max_length", "min_length", "pattern", "sensitive")

    def __init__(
        self,
        min_length: int | None = None,
        max_length: int | None = None,
        pattern: str | None = None,
        sensitive: bool = False,
    ) -> None:
        self.min_length = min_length
        self.max_length = max_length
        self.pattern = pattern
        self.sensitive = sensitive


class StringLiteralType(TypeNode):
    """One text and no other."""

    __slots__ = ("value",)

    def __init__(self, value: str) -> None:
        self.value = value


class UnionType(TypeNode):
    """One of several types. An enumeration is a union of string literals; an open one has a :class:`StringType` as well."""

    __slots__ = ("_elements",)

    def __init__(self, elements: Sequence[TypeReference]) -> None:
        self._elements = tuple(elements)

    @property
    def elements(self) -> tuple[TypeNode, ...]:
        """The types, in the order of the source."""
        return tuple(element() for element in self._elements)

    @property
    def literals(self) -> tuple[str, ...]:
        """The texts among the elements, in the order of the source."""
        return tuple(element.value for element in self.elements if isinstance(element, StringLiteralType))

    @property
    def is_open(self) -> bool:
        """True when some element is not a literal, so that the literals are suggestions rather than all that is allowed."""
        return any(not isinstance(element, StringLiteralType) for element in self.elements)


class ArrayType(TypeNode):
    """A list of items of one type, with inclusive limits of its length."""

    __slots__ = ("_item_type", "max_length", "min_length")

    def __init__(self, item_type: TypeReference, min_length: int | None = None, max_length: int | None = None) -> None:
        self._item_type = item_type
        self.min_length = min_length
        self.max_length = max_length

    @property
    def item_type(self) -> TypeNode:
        """The type of every item."""
        return self._item_type()


class Property:
    """A property of an object type.

    ``read_only``: given by the service, not to be sent. ``write_only``: sent, never returned. ``deploy_time_constant``: its value
    has to be known when the deployment starts. ``create_only``: cannot be changed once the resource exists; False also where the
    source does not tell (the public type files never do, the models of the Azure packages do). ``fallback``: not declared by the
    type itself, but one that Resource Manager knows on resources in general.
    """

    __slots__ = (
        "_type",
        "create_only",
        "deploy_time_constant",
        "description",
        "fallback",
        "name",
        "read_only",
        "required",
        "write_only",
    )

    def __init__(
        self,
        name: str,
        type: TypeReference,
        *,
        required: bool = False,
        read_only: bool = False,
        write_only: bool = False,
        deploy_time_constant: bool = False,
        create_only: bool = False,
        fallback: bool = False,
        description: str | None = None,
    ) -> None:
        self.name = name
        self._type = type
        self.required = required
        self.read_only = read_only
        self.write_only = write_only
        self.deploy_time_constant = deploy_time_constant
        self.create_only = create_only
        self.fallback = fallback
        self.description = description

    @property
    def type(self) -> TypeNode:
        """The type of the property's value."""
        return self._type()

    def __repr__(self) -> str:
        return f"Property({self.name!r})"


class ObjectType(TypeNode):
    """An object: its ``properties`` by name in the order of the source, and the type of any others, if there may be others."""

    __slots__ = ("_additional", "_by_lower_name", "name", "properties", "sensitive")

    def __init__(
        self,
        name: str,
        properties: Iterable[Property],
        additional_properties: TypeReference | None = None,
        sensitive: bool = False,
    ) -> None:
        self.name = name
        self.properties: Mapping[str, Property] = {item.name: item for item in properties}
        self._additional = additional_properties
        self._by_lower_name: dict[str, Property] | None = None
        self.sensitive = sensitive

    @property
    def additional_properties(self) -> TypeNode | None:
        """The type of properties that are not declared, or None where there must not be any."""
        return None if self._additional is None else self._additional()

    def find(self, name: str) -> Property | None:
        """The property of this name in any letter case, as Resource Manager compares names."""
        found = self.properties.get(name)
        if found is None:
            if self._by_lower_name is None:
                self._by_lower_name = {key.lower(): item for key, item in self.properties.items()}
            found = self._by_lower_name.get(name.lower())
        return found

    def with_properties(self, properties: Iterable[Property], name: str | None = None) -> ObjectType:
        """The same type with these properties, and another name where one is given."""
        return ObjectType(name or self.name, properties, self._additional, self.sensitive)

    def __repr__(self) -> str:
        return f"ObjectType({self.name!r})"


class DiscriminatedObjectType(TypeNode):
    """One of several object types, told apart by the text of the property ``discriminator``."""

    __slots__ = ("_elements", "_members", "base_properties", "discriminator", "name")

    def __init__(
        self,
        name: str,
        discriminator: str,
        base_properties: Iterable[Property],
        elements: Mapping[str, TypeReference],
    ) -> None:
        self.name = name
        self.discriminator = discriminator
        self.base_properties: Mapping[str, Property] = {item.name: item for item in base_properties}
        self._elements = dict(elements)
        self._members: dict[str, ObjectType] = {}

    @property
    def keys(self) -> tuple[str, ...]:
        """The values of the discriminator, in the order of the source."""
        return tuple(self._elements)

    def member(self, key: str) -> ObjectType | None:
        """The object type for a value of the discriminator, in any letter case: its own properties, then the base's.

        None for a value that the type does not have.
        """
        exact = key if key in self._elements else next((name for name in self._elements if name.lower() == key.lower()), None)
        if exact is None:
            return None
        if exact not in self._members:
            element = self._elements[exact]()
            if not isinstance(element, ObjectType):
                return None
            own = {name.lower() for name in element.properties}
            base = [item for name, item in self.base_properties.items() if name.lower() not in own]
            self._members[exact] = element.with_properties([*element.properties.values(), *base], exact)
        return self._members[exact]

    @property
    def members(self) -> Mapping[str, ObjectType]:
        """All object types, by their value of the discriminator."""
        return {key: found for key in self._elements if (found := self.member(key)) is not None}

    def __repr__(self) -> str:
        return f"DiscriminatedObjectType({self.name!r})"


class ResourceFunction:
    """An action that gives a result, such as ``listKeys``: the types of its body (None where it takes none) and result."""

    __slots__ = ("_input", "_output", "name")

    def __init__(self, name: str, output: TypeReference, input: TypeReference | None = None) -> None:
        self.name = name
        self._output = output
        self._input = input

    @property
    def output(self) -> TypeNode:
        """The type of the result."""
        return self._output()

    @property
    def input(self) -> TypeNode | None:
        """The type of the body, or None."""
        return None if self._input is None else self._input()


class ResourceType:
    """A resource type at an API version. ``name`` is in the casing of the source (``Microsoft.Storage/storageAccounts``)."""

    __slots__ = ("_body", "_functions", "api_version", "name", "readable_scopes", "writable_scopes")

    def __init__(
        self,
        name: str,
        api_version: str,
        body: TypeReference,
        *,
        readable_scopes: Scopes = Scopes.ALL,
        writable_scopes: Scopes = Scopes.ALL,
        functions: Callable[[], Mapping[str, ResourceFunction]] | None = None,
    ) -> None:
        self.name = name
        self.api_version = api_version
        self._body = body
        self.readable_scopes = readable_scopes
        self.writable_scopes = writable_scopes
        self._functions = functions

    @property
    def body(self) -> ObjectType | DiscriminatedObjectType:
        """The whole resource: ``id``, ``name``, ``type``, ``apiVersion``, ``location``, ``properties`` and so on."""
        node = self._body()
        if not isinstance(node, ObjectType | DiscriminatedObjectType):
            raise TypeError(f"the body of {self} is not an object type")
        return node

    @property
    def functions(self) -> Mapping[str, ResourceFunction]:
        """The actions by name; empty where the source has none."""
        return {} if self._functions is None else self._functions()

    @property
    def is_read_only(self) -> bool:
        """True for a type that can be read but not deployed."""
        return self.writable_scopes == Scopes.NONE

    def __str__(self) -> str:
        return f"{self.name}@{self.api_version}"

    def __repr__(self) -> str:
        return f"ResourceType({str(self)!r})"
