"""The index of resource types: imported from type files of our own in the public format."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any

import pytest

from infra_lib.errors import InputError
from infra_lib.resource_types import bicep_types
from infra_lib.resource_types.bicep_types import BicepTypesCatalog, import_types, open_index
from infra_lib.resource_types.catalog import (
    AnyType,
    ArrayType,
    BooleanType,
    DiscriminatedObjectType,
    IntegerType,
    ObjectType,
    Scopes,
    StringLiteralType,
    StringType,
    UnionType,
)


def ref(index: int) -> dict[str, str]:
    return {"$ref": f"#/{index}"}


def prop(index: int, flags: int = 0, description: str | None = None) -> dict[str, Any]:
    return {"type": ref(index), "flags": flags, **({"description": description} if description else {})}


OVENS: list[dict[str, Any]] = [
    {"$type": "StringType"},
    {"$type": "StringLiteralType", "value": "Gas"},
    {"$type": "StringLiteralType", "value": "Electric"},
    {"$type": "UnionType", "elements": [ref(1), ref(2), ref(0)]},
    {"$type": "IntegerType", "minValue": 50, "maxValue": 300},
    {"$type": "StringType", "sensitive": True, "minLength": 8, "maxLength": 64, "pattern": "^[a-z]+$"},
    {"$type": "ArrayType", "itemType": ref(7), "minLength": 1},
    {
        "$type": "ObjectType",
        "name": "Shelf",
        "properties": {"height": prop(4, 1), "above": prop(7)},
        "additionalProperties": ref(8),
    },
    {"$type": "AnyType"},
    {
        "$type": "ObjectType",
        "name": "OvenProperties",
        "properties": {
            "heating": prop(3, 1, "What heats it."),
            "temperature": prop(4),
            "pin": prop(5, 4),
            "shelves": prop(6),
            "serialNumber": prop(0, 2),
            "program": prop(12),
        },
    },
    {"$type": "StringLiteralType", "value": "Bakery.Oven/ovens"},
    {
        "$type": "ObjectType",
        "name": "Bakery.Oven/ovens",
        "properties": {"name": prop(0, 9), "type": prop(10, 10), "properties": prop(9)},
    },
    {
        "$type": "DiscriminatedObjectType",
        "name": "Program",
        "discriminator": "kind",
        "baseProperties": {"minutes": prop(4), "note": prop(0)},
        "elements": {"Bread": ref(13), "Cake": ref(14)},
    },
    {"$type": "ObjectType", "name": "Bread", "properties": {"kind": prop(15, 1), "steam": prop(16), "Note": prop(16)}},
    {"$type": "ObjectType", "name": "Cake", "properties": {"kind": prop(17, 1)}},
    {"$type": "StringLiteralType", "value": "Bread"},
    {"$type": "BooleanType"},
    {"$type": "StringLiteralType", "value": "Cake"},
    {
        "$type": "ResourceType",
        "name": "Bakery.Oven/ovens@2024-01-01",
        "body": ref(11),
        "readableScopes": 12,
        "writableScopes": 8,
    },
    {
        "$type": "ResourceFunctionType",
        "name": "listKeys",
        "resourceType": "Bakery.Oven/ovens",
        "apiVersion": "2024-01-01",
        "output": ref(9),
        "input": ref(7),
    },
    {"$type": "ObjectType", "name": "Meter", "properties": {"name": prop(0, 9)}},
    {
        "$type": "ResourceType",
        "name": "bakery.oven/meters@2024-01-01",
        "body": ref(20),
        "readableScopes": 16,
        "writableScopes": 0,
    },
]


def simple_type(name: str, marker: str = "marker") -> list[dict[str, Any]]:
    return [
        {"$type": "StringType"},
        {"$type": "ObjectType", "name": name, "properties": {marker: prop(0)}},
        {"$type": "ResourceType", "name": name, "body": ref(1), "readableScopes": 8, "writableScopes": 8},
    ]


def write(folder: Path, place: str, nodes: Any) -> None:
    path = folder / "generated" / place / "types.json"
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps(nodes), encoding="utf-8")


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("checkout")
    write(folder, "bakery/bakery.oven/2024-01-01", OVENS)
    for version, name in (("2023-06-01", "Bakery.Oven/Ovens"), ("2024-01-01-preview", "Bakery.Oven/ovens")):
        write(folder, f"bakery/bakery.oven/{version}", simple_type(f"{name}@{version}"))
    write(folder, "zbakery/bakery.oven/2024-01-01", simple_type("Bakery.Oven/ovens@2024-01-01", "later"))
    return folder


@pytest.fixture(scope="module")
def catalog(checkout: Path, tmp_path_factory: pytest.TempPathFactory) -> BicepTypesCatalog:
    index = tmp_path_factory.mktemp("data") / "new folder" / "types.db"
    import_types(checkout, index)
    return open_index(index)


def oven_properties(catalog: BicepTypesCatalog) -> ObjectType:
    found = catalog.find("Bakery.Oven/ovens", "2024-01-01")
    assert found is not None
    assert isinstance(found.body, ObjectType)
    properties = found.body.properties["properties"].type
    assert isinstance(properties, ObjectType)
    return properties


def test_type_is_found_in_any_letter_case_and_named_as_in_the_source(catalog: BicepTypesCatalog) -> None:
    found = catalog.find("BAKERY.oven/OVENS", "2024-01-01")
    assert str(found) == "Bakery.Oven/ovens@2024-01-01"
    assert catalog.canonical_name("bakery.oven/ovens", "2023-06-01") == "Bakery.Oven/Ovens"


def test_casing_of_a_version_that_is_not_known_stays_open(catalog: BicepTypesCatalog) -> None:
    assert catalog.canonical_name("bakery.oven/ovens", "1999-01-01") is None


def test_versions_are_sorted_with_the_preview_before_its_release(catalog: BicepTypesCatalog) -> None:
    assert catalog.versions("bakery.Oven/ovens") == ("2023-06-01", "2024-01-01-preview", "2024-01-01")
    assert catalog.versions("bakery.oven/pans") == ()


def test_type_names_are_those_of_the_newest_version(catalog: BicepTypesCatalog) -> None:
    assert list(catalog.type_names()) == ["bakery.oven/meters", "Bakery.Oven/ovens"]


@pytest.mark.parametrize(
    ("version", "closest"),
    [
        ("2024-01-01", "2024-01-01"),
        ("2023-07-01", "2024-01-01-preview"),
        ("2030-01-01", "2024-01-01"),
        ("2000-01-01", "2023-06-01"),
    ],
)
def test_closest_is_the_next_newer_version_else_the_newest(catalog: BicepTypesCatalog, version: str, closest: str) -> None:
    found = catalog.closest("Bakery.Oven/ovens", version)
    assert found is not None
    assert found.api_version == closest


def test_unknown_says_whether_the_type_or_the_version_is_missing(catalog: BicepTypesCatalog) -> None:
    assert catalog.unknown("Bakery.Oven/ovens", "2024-01-01") is None
    version = catalog.unknown("Bakery.Oven/ovens", "2025-01-01")
    assert version is not None
    assert version.reason == "version"
    assert "2024-01-01-preview" in str(version)
    kind = catalog.unknown("Bakery.Oven/pans", "2025-01-01")
    assert kind is not None
    assert kind.reason == "type"


def test_scopes_and_read_only_types(catalog: BicepTypesCatalog) -> None:
    oven, meter = catalog.find("Bakery.Oven/ovens", "2024-01-01"), catalog.find("Bakery.Oven/meters", "2024-01-01")
    assert oven is not None
    assert meter is not None
    assert oven.readable_scopes == Scopes.SUBSCRIPTION | Scopes.RESOURCE_GROUP
    assert oven.writable_scopes == Scopes.RESOURCE_GROUP
    assert not oven.is_read_only
    assert meter.is_read_only
    assert meter.readable_scopes == Scopes.EXTENSION


def test_flags_of_properties(catalog: BicepTypesCatalog) -> None:
    properties = oven_properties(catalog)
    heating = properties.properties["heating"]
    assert heating.required
    assert heating.description == "What heats it."
    assert properties.properties["serialNumber"].read_only
    assert properties.properties["pin"].write_only
    assert list(properties.properties) == ["heating", "temperature", "pin", "shelves", "serialNumber", "program"]
    body = catalog.find("Bakery.Oven/ovens", "2024-01-01")
    assert body is not None
    assert isinstance(body.body, ObjectType)
    name = body.body.properties["name"]
    assert name.required
    assert name.deploy_time_constant
    assert not name.read_only


def test_property_is_found_in_any_letter_case(catalog: BicepTypesCatalog) -> None:
    properties = oven_properties(catalog)
    found = properties.find("SERIALNUMBER")
    assert found is not None
    assert found.name == "serialNumber"
    assert properties.find("colour") is None


def test_limits_and_open_enumerations(catalog: BicepTypesCatalog) -> None:
    properties = oven_properties(catalog).properties
    heating, temperature, pin = (properties[name].type for name in ("heating", "temperature", "pin"))
    assert isinstance(heating, UnionType)
    assert heating.literals == ("Gas", "Electric")
    assert heating.is_open
    assert isinstance(temperature, IntegerType)
    assert (temperature.min_value, temperature.max_value) == (50, 300)
    assert isinstance(pin, StringType)
    assert pin.sensitive
    assert (pin.min_length, pin.max_length, pin.pattern) == (8, 64, "^[a-z]+$")


def test_recursive_types_are_read_as_far_as_they_are_asked_for(catalog: BicepTypesCatalog) -> None:
    shelves = oven_properties(catalog).properties["shelves"].type
    assert isinstance(shelves, ArrayType)
    assert shelves.min_length == 1
    shelf = shelves.item_type
    for _ in range(50):
        assert isinstance(shelf, ObjectType)
        assert isinstance(shelf.additional_properties, AnyType)
        shelf = shelf.properties["above"].type


def test_members_of_a_discriminated_object_have_their_own_properties_before_the_base(catalog: BicepTypesCatalog) -> None:
    program = oven_properties(catalog).properties["program"].type
    assert isinstance(program, DiscriminatedObjectType)
    assert program.discriminator == "kind"
    assert program.keys == ("Bread", "Cake")
    bread = program.member("bread")
    assert bread is not None
    assert list(bread.properties) == ["kind", "steam", "Note", "minutes"]
    assert isinstance(bread.properties["Note"].type, BooleanType)
    kind = bread.properties["kind"].type
    assert isinstance(kind, StringLiteralType)
    assert kind.value == "Bread"
    assert list(program.members["Cake"].properties) == ["kind", "minutes", "note"]
    assert program.member("Pizza") is None


def test_functions_of_a_type(catalog: BicepTypesCatalog) -> None:
    oven, older = catalog.find("Bakery.Oven/ovens", "2024-01-01"), catalog.find("Bakery.Oven/ovens", "2023-06-01")
    assert oven is not None
    assert older is not None
    keys = oven.functions["listKeys"]
    assert isinstance(keys.output, ObjectType)
    assert isinstance(keys.input, ObjectType)
    assert keys.input.name == "Shelf"
    assert older.functions == {}


def test_of_two_files_with_one_type_the_first_by_path_counts(catalog: BicepTypesCatalog) -> None:
    assert oven_properties(catalog).name == "OvenProperties"


def test_index_of_another_folder_replaces_the_old_one_while_it_is_open(checkout: Path, tmp_path: Path) -> None:
    index = tmp_path / "types.db"
    import_types(checkout, index)
    old = open_index(index)
    write(tmp_path / "other", "x/x.y/2020-01-01", simple_type("X.Y/z@2020-01-01"))
    report = import_types(tmp_path / "other", index)
    assert report.status.types == 1
    assert old.find("Bakery.Oven/ovens", "2024-01-01") is not None
    assert open_index(index).find("Bakery.Oven/ovens", "2024-01-01") is None
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == ["types.db"]


def test_progress_and_skipped_files(checkout: Path, tmp_path: Path) -> None:
    write(tmp_path / "checkout", "a/a.b/2020-01-01", simple_type("A.B/c@2020-01-01"))
    write(tmp_path / "checkout", "d/d.e/2020-01-01", {"not": "a list"})
    broken = tmp_path / "checkout" / "generated" / "f" / "types.json"
    broken.parent.mkdir()
    broken.write_text("version https://git-lfs.github.com/spec/v1\n", encoding="utf-8")
    seen: list[tuple[int, int]] = []
    report = import_types(tmp_path / "checkout", tmp_path / "types.db", progress=lambda done, total: seen.append((done, total)))
    assert seen == [(1, 3), (2, 3), (3, 3)]
    assert sorted(path.parent.name for path, _ in report.skipped) == ["2020-01-01", "f"]
    assert report.status.documents == 1
    assert len(report.to_dict()["skipped"]) == 2


def test_folder_without_type_files_is_refused_and_leaves_no_index(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no types\.json"):
        import_types(tmp_path, tmp_path / "types.db")
    write(tmp_path / "broken", "a", "text")
    with pytest.raises(InputError, match="can be read"):
        import_types(tmp_path / "broken", tmp_path / "data" / "types.db")
    assert list((tmp_path / "data").iterdir()) == []


def test_commit_of_the_checkout_is_kept(tmp_path: Path) -> None:
    write(tmp_path, "a/a.b/2020-01-01", simple_type("A.B/c@2020-01-01"))
    git = tmp_path / ".git"
    git.mkdir()
    (git / "HEAD").write_text("ref: refs/heads/main\n", encoding="utf-8")
    (git / "packed-refs").write_text(f"# pack-refs\n{'ab' * 20} refs/heads/main\n", encoding="utf-8")
    status = import_types(tmp_path / "generated", tmp_path / "types.db").status
    assert status.commit == "ab" * 20
    assert open_index(tmp_path / "types.db").source == "Azure/bicep-types-az at abababababab"


def test_default_index_is_named_by_the_environment(checkout: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INFRA_RESOURCE_TYPES", str(tmp_path / "mine.db"))
    assert bicep_types.open_default() is None
    assert "resource-types import" in str(bicep_types.status())
    assert bicep_types.status().to_dict()["imported"] is None
    import_types(checkout)
    assert (tmp_path / "mine.db").is_file()
    assert bicep_types.open_default() is not None
    assert bicep_types.status().versions == 4


def test_environment_may_name_a_folder(checkout: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INFRA_RESOURCE_TYPES", str(tmp_path))
    import_types(checkout)
    assert bicep_types.default_path() == tmp_path / "resource-types.db"
    assert bicep_types.open_default() is not None


def test_index_that_cannot_be_written_is_refused(checkout: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(InputError, match="cannot be written"):
        import_types(checkout, tmp_path / "file" / "types.db")


def test_what_is_no_index_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="resource-types import"):
        open_index(tmp_path / "absent.db")
    (tmp_path / "text.db").write_text("not a database, but long enough to be taken for one " * 50, encoding="utf-8")
    with pytest.raises(InputError, match="not an index"):
        open_index(tmp_path / "text.db")


def test_nodes_beyond_one_piece_are_found(tmp_path: Path) -> None:
    literals = [{"$type": "StringLiteralType", "value": f"v{i}"} for i in range(1000)]
    union = {"$type": "UnionType", "elements": [ref(i) for i in range(1000)]}
    body = {"$type": "ObjectType", "name": "B", "properties": {"choice": prop(1000)}}
    resource = {"$type": "ResourceType", "name": "A.B/c@2020-01-01", "body": ref(1001), "readableScopes": 8, "writableScopes": 8}
    write(tmp_path, "a", [*literals, union, body, resource])
    import_types(tmp_path, tmp_path / "types.db")
    found = open_index(tmp_path / "types.db").find("A.B/c", "2020-01-01")
    assert found is not None
    assert isinstance(found.body, ObjectType)
    choice = found.body.properties["choice"].type
    assert isinstance(choice, UnionType)
    assert choice.literals == tuple(f"v{i}" for i in range(1000))
    assert not choice.is_open


def test_several_threads_may_ask(catalog: BicepTypesCatalog, checkout: Path, tmp_path: Path) -> None:
    import_types(checkout, tmp_path / "types.db")
    shared = open_index(tmp_path / "types.db")
    answers: list[str] = []

    def ask() -> None:
        for version in ("2024-01-01", "2023-06-01", "1999-01-01"):
            answers.append(str(shared.find("bakery.oven/ovens", version)))

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == 24
    assert answers.count("None") == 8


OLDER_FORMAT = [
    {"$type": "BuiltInType", "kind": 5},
    {"$type": "BuiltInType", "kind": 7},
    {"$type": "ObjectType", "name": "B", "properties": {"text": prop(0), "list": prop(1), "later": prop(3)}},
    {"$type": "TypeOfTheFuture"},
    {"$type": "ResourceType", "name": "A.B/c@2020-01-01", "scopeType": 24, "readOnlyScopes": 16, "body": ref(2), "flags": 0},
    {"$type": "ResourceType", "name": "A.B/r@2020-01-01", "scopeType": 0, "body": ref(2), "flags": 1},
]


def test_older_form_of_types_and_scopes(tmp_path: Path) -> None:
    write(tmp_path, "a", OLDER_FORMAT)
    import_types(tmp_path, tmp_path / "types.db")
    catalog = open_index(tmp_path / "types.db")
    found, read_only = catalog.find("A.B/c", "2020-01-01"), catalog.find("A.B/r", "2020-01-01")
    assert found is not None
    assert read_only is not None
    assert isinstance(found.body, ObjectType)
    assert isinstance(found.body.properties["text"].type, StringType)
    assert isinstance(found.body.properties["list"].type, ArrayType)
    assert isinstance(found.body.properties["later"].type, AnyType)
    assert (found.readable_scopes, found.writable_scopes) == (Scopes.RESOURCE_GROUP | Scopes.EXTENSION, Scopes.RESOURCE_GROUP)
    assert (read_only.readable_scopes, read_only.writable_scopes) == (Scopes.ALL, Scopes.NONE)
