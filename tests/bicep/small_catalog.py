"""The few resource types that the golden cases ask about, written down by hand from Azure's public documentation."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from infra_lib.resource_types import nodes
from infra_lib.resource_types.catalog import Catalog

TEXT = nodes.StringType()
TEXTS = {"*": TEXT}


def node(shape: Any) -> nodes.TypeNode:
    """A type from a shape: a node, a list of one item's shape, or members by name (``*``: all others)."""
    if isinstance(shape, nodes.TypeNode):
        return shape
    if isinstance(shape, list):
        return nodes.ArrayType(lambda: node(shape[0]))
    others = shape.get("*")
    members = [nodes.Property(name, lambda item=item: node(item)) for name, item in shape.items() if name != "*"]
    return nodes.ObjectType("object", members, None if others is None else lambda: node(others))


GENERAL: dict[str, Any] = {"id": TEXT, "name": TEXT, "type": TEXT, "apiVersion": TEXT, "location": TEXT, "tags": TEXTS}
STORAGE: dict[str, Any] = {
    **GENERAL,
    "kind": TEXT,
    "sku": {"name": TEXT},
    "properties": {"networkAcls": {"ipRules": [{"value": TEXT}]}, "primaryEndpoints": {"blob": TEXT}},
}
NETWORK: dict[str, Any] = {**GENERAL, "properties": {"subnets": [{"name": TEXT}]}}

TYPES: Mapping[str, dict[str, Any]] = {
    "Microsoft.Storage/storageAccounts@2023-01-01": STORAGE,
    "Microsoft.Network/virtualNetworks@2023-04-01": NETWORK,
    "Microsoft.Network/virtualNetworks/subnets@2023-04-01": GENERAL,
    "Microsoft.Network/virtualNetworks@2023-11-01": NETWORK,
    "Microsoft.Network/trafficmanagerprofiles@2022-04-01": GENERAL,
    "Microsoft.Network/trafficmanagerprofiles/ExternalEndpoints@2022-04-01": GENERAL,
}


class SmallCatalog(Catalog):
    """Knows the types above and nothing else."""

    @property
    def source(self) -> str:
        return "the tests"

    def find(self, type_name: str, api_version: str) -> nodes.ResourceType | None:
        wanted = f"{type_name}@{api_version}".lower()
        for key, shape in TYPES.items():
            if key.lower() == wanted:
                name, _, version = key.partition("@")
                return nodes.ResourceType(name, version, lambda shape=shape: node(shape))
        return None

    def versions(self, type_name: str) -> tuple[str, ...]:
        found = (key.partition("@") for key in TYPES)
        return tuple(sorted(version for name, _, version in found if name.lower() == type_name.lower()))

    def type_names(self) -> Iterator[str]:
        return iter(sorted({key.partition("@")[0] for key in TYPES}))
