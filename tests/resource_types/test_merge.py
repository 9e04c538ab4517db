"""Two descriptions of one type as one."""

from __future__ import annotations

from collections.abc import Iterator

from infra_lib.resource_types.catalog import (
    AnyType,
    ArrayType,
    Catalog,
    DiscriminatedObjectType,
    IntegerType,
    LayeredCatalog,
    ObjectType,
    Property,
    ResourceType,
    StringType,
    TypeNode,
    version_key,
)
from infra_lib.resource_types.merge import merged_node

TEXT, SECRET, ANY, NUMBER = StringType(), StringType(sensitive=True), AnyType(), IntegerType()


def node_of(node: TypeNode, *path: str) -> TypeNode:
    for name in path:
        while isinstance(node, ArrayType):
            node = node.item_type
        assert isinstance(node, ObjectType)
        node = node.properties[name].type
    return node


class OneType(Catalog):
    """Knows one type at one version."""

    def __init__(self, api_version: str, body: ObjectType) -> None:
        self._type = ResourceType("A.B/c", api_version, lambda: body)

    @property
    def source(self) -> str:
        return "test"

    def find(self, type_name: str, api_version: str) -> ResourceType | None:
        return self._type if (type_name.lower(), api_version) == ("a.b/c", self._type.api_version) else None

    def versions(self, type_name: str) -> tuple[str, ...]:
        return (self._type.api_version,) if type_name.lower() == "a.b/c" else ()

    def type_names(self) -> Iterator[str]:
        return iter(("A.B/c",))


def test_facts_that_one_side_may_know_are_joined() -> None:
    first = ObjectType("A", [Property("key", lambda: TEXT), Property("id", lambda: TEXT, create_only=True, required=True)])
    second = ObjectType("B", [Property("KEY", lambda: SECRET, write_only=True), Property("id", lambda: TEXT, description="text")])
    merged = merged_node(first, second)
    assert isinstance(merged, ObjectType)
    key, identifier = merged.properties["key"], merged.properties["id"]
    assert isinstance(key.type, StringType)
    assert key.type.sensitive
    assert key.write_only
    assert identifier.create_only
    assert identifier.required
    assert identifier.description == "text"


def test_the_first_decides_what_is_read_only_and_required() -> None:
    first = ObjectType("A", [Property("state", lambda: TEXT, read_only=True), Property("size", lambda: NUMBER)])
    second = ObjectType("B", [Property("state", lambda: TEXT, write_only=True), Property("size", lambda: TEXT, required=True)])
    merged = merged_node(first, second)
    assert isinstance(merged, ObjectType)
    assert merged.properties["state"].read_only
    assert not merged.properties["state"].write_only
    assert not merged.properties["size"].required
    assert merged.properties["size"].type is NUMBER


def test_properties_of_the_second_come_after_those_of_the_first() -> None:
    first = ObjectType("A", [Property("b", lambda: TEXT), Property("any", lambda: ANY)])
    second = ObjectType("B", [Property("a", lambda: TEXT), Property("any", lambda: SECRET)], lambda: TEXT)
    merged = merged_node(first, second)
    assert isinstance(merged, ObjectType)
    assert list(merged.properties) == ["b", "any", "a"]
    assert merged.properties["any"].type is SECRET
    assert merged.additional_properties is TEXT


def test_a_number_with_a_fraction_stays_one() -> None:
    assert merged_node(ANY, NUMBER) is ANY


def test_lists_and_recursive_types_are_merged_as_far_as_they_are_asked_for() -> None:
    def recursive(leaf: StringType) -> ObjectType:
        node: ObjectType = ObjectType("N", [Property("leaf", lambda: leaf), Property("below", lambda: ArrayType(lambda: node))])
        return node

    merged = merged_node(recursive(TEXT), recursive(SECRET))
    leaf = node_of(merged, *["below"] * 20, "leaf")
    assert isinstance(leaf, StringType)
    assert leaf.sensitive


def test_members_of_discriminated_objects_are_merged_by_their_key() -> None:
    def union(leaf: StringType, *keys: str) -> DiscriminatedObjectType:
        member = ObjectType("M", [Property("kind", lambda: TEXT), Property("leaf", lambda: leaf)])
        return DiscriminatedObjectType("U", "kind", [], {key: lambda: member for key in keys})

    merged = merged_node(union(TEXT, "A"), union(SECRET, "a", "B"))
    assert isinstance(merged, DiscriminatedObjectType)
    assert merged.keys == ("A", "B")
    member = merged.member("a")
    assert member is not None
    assert node_of(member, "leaf") is SECRET


def test_closest_of_layers_is_merged_and_find_is_not() -> None:
    newer = OneType("2025-01-01", ObjectType("A", [Property("x", lambda: TEXT, create_only=True)]))
    older = OneType("2024-01-01", ObjectType("A", [Property("x", lambda: SECRET), Property("y", lambda: TEXT)]))
    layered = LayeredCatalog([newer, older])
    found = layered.closest("a.b/C", "2024-01-01")
    assert found is not None
    assert found.api_version == "2025-01-01"
    assert isinstance(found.body, ObjectType)
    assert found.body.properties["x"].create_only
    assert found.body.properties["x"].type is SECRET
    assert layered.find("A.B/c", "2024-01-01") is older.find("A.B/c", "2024-01-01")
    assert layered.versions("A.B/c") == ("2024-01-01", "2025-01-01")
    assert layered.closest("A.B/d", "2024-01-01") is None


def test_versions_that_are_no_dates_are_sorted_as_texts() -> None:
    versions = ["2024-01-01", "2024-01-01-preview", "v1", "2023-05-05"]
    assert sorted(versions, key=version_key) == ["2023-05-05", "2024-01-01-preview", "2024-01-01", "v1"]
