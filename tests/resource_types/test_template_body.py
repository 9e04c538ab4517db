"""A resource's body as a template may declare it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from infra_lib.resource_types.bicep_types import BicepTypesCatalog, import_types, open_index
from infra_lib.resource_types.catalog import DiscriminatedObjectType, ObjectType, StringType
from infra_lib.resource_types.template_body import template_type


def ref(index: int) -> dict[str, str]:
    return {"$ref": f"#/{index}"}


def resource(name: str, body: int) -> dict[str, Any]:
    return {"$type": "ResourceType", "name": f"{name}@2024-01-01", "body": ref(body), "readableScopes": 8, "writableScopes": 8}


NODES: list[dict[str, Any]] = [
    {"$type": "StringType"},
    {"$type": "ObjectType", "name": "P", "properties": {}},
    {
        "$type": "ObjectType",
        "name": "Plain",
        "properties": {"name": {"type": ref(0), "flags": 9}, "sku": {"type": ref(1), "flags": 1}},
    },
    {
        "$type": "ObjectType",
        "name": "Weekly",
        "properties": {"name": {"type": ref(0), "flags": 9}, "properties": {"type": ref(1)}},
    },
    {
        "$type": "DiscriminatedObjectType",
        "name": "ByName",
        "discriminator": "name",
        "baseProperties": {"id": {"type": ref(0), "flags": 10}},
        "elements": {"weekly": ref(3)},
    },
    {
        "$type": "DiscriminatedObjectType",
        "name": "ByKind",
        "discriminator": "kind",
        "baseProperties": {"name": {"type": ref(0), "flags": 9}},
        "elements": {"weekly": ref(3)},
    },
    resource("Bakery.Oven/ovens", 2),
    resource("Bakery.Oven/timers", 4),
    resource("Bakery.Oven/ovens/timers", 4),
    resource("Bakery.Oven/clocks", 5),
]


@pytest.fixture(scope="module")
def catalog(tmp_path_factory: pytest.TempPathFactory) -> BicepTypesCatalog:
    folder: Path = tmp_path_factory.mktemp("types")
    (folder / "types.json").write_text(json.dumps(NODES), encoding="utf-8")
    import_types(folder, folder / "index.db")
    return open_index(folder / "index.db")


def test_general_members_complete_a_known_type(catalog: BicepTypesCatalog) -> None:
    found = template_type(catalog, "bakery.oven/OVENS", "2024-01-01")
    assert found.name == "Bakery.Oven/ovens"
    assert isinstance(found.body, ObjectType)
    properties = found.body.properties
    assert list(properties)[:2] == ["name", "sku"]
    assert not properties["sku"].fallback
    assert properties["tags"].fallback
    tags = properties["tags"].type
    assert isinstance(tags, ObjectType)
    assert isinstance(tags.additional_properties, StringType)


def test_unknown_type_has_the_general_members_alone(catalog: BicepTypesCatalog) -> None:
    found = template_type(catalog, "Bakery.Oven/pans", "2024-01-01")
    assert str(found) == "Bakery.Oven/pans@2024-01-01"
    assert isinstance(found.body, ObjectType)
    assert {"id", "name", "location", "properties", "identity"} <= set(found.body.properties)
    assert not found.body.properties["tags"].fallback
    properties = found.body.properties["properties"].type
    assert isinstance(properties, ObjectType)
    assert properties.additional_properties is not None


def test_members_of_a_discriminated_body_are_completed(catalog: BicepTypesCatalog) -> None:
    found = template_type(catalog, "Bakery.Oven/clocks", "2024-01-01").body
    assert isinstance(found, DiscriminatedObjectType)
    weekly = found.member("weekly")
    assert weekly is not None
    assert weekly.properties["tags"].fallback
    assert "name" in weekly.properties


def test_body_told_apart_by_its_name_fits_only_a_top_level_type(catalog: BicepTypesCatalog) -> None:
    top = template_type(catalog, "Bakery.Oven/timers", "2024-01-01").body
    child = template_type(catalog, "Bakery.Oven/ovens/timers", "2024-01-01").body
    assert isinstance(top, DiscriminatedObjectType)
    assert isinstance(child, ObjectType)
    assert not child.properties["properties"].fallback
    assert child.properties["tags"].fallback
