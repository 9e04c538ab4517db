"""Microsoft.Network: children that are written with their parent or by themselves, and are there in both."""

from __future__ import annotations

from infra_lib.local import lifecycle
from infra_lib.local.addresses import Address, parse
from infra_lib.local.context import Context
from infra_lib.local.providers import generic
from infra_lib.local.store import Record
from infra_lib.local.types import ResourceType

API_VERSIONS = ("2022-09-01", "2023-04-01", "2023-11-01", "2024-01-01", "2024-05-01", "2024-07-01", "2025-01-01")


def _child_type(parent: str, collection: str) -> ResourceType:
    def implicit(context: Context, address: Address) -> Record | None:
        """The child as its parent's body has it."""
        holder = context.store.get(parse(address.parent).key)
        children = holder.properties.get(collection) if holder is not None else None
        for child in children or []:
            if isinstance(child, dict) and str(child.get("name", "")).lower() == address.name.lower():
                body = {"id": lifecycle.canonical_id(kind, address), "type": kind.name, **child}
                return Record(address.key, kind.key, body)
        return None

    def change_parent(context: Context, record: Record, *, keep: bool) -> None:
        holder = context.store.get(parse(parse(record.id).parent).key)
        if holder is None:
            return
        name = str(record.body["name"]).lower()
        others = [child for child in holder.properties.get(collection) or [] if str(child.get("name", "")).lower() != name]
        entry = {name: record.body[name] for name in ("id", "name", "properties")}
        holder.properties[collection] = [*others, entry] if keep else others
        context.store.put(holder)

    kind = ResourceType(
        name=f"{parent}/{collection}",
        api_versions=API_VERSIONS,
        tracked=False,
        complete=generic.complete,
        implicit=implicit,
        on_written=lambda context, record: change_parent(context, record, keep=True),
        on_delete=lambda context, record: change_parent(context, record, keep=False),
    )
    return kind


TYPES = (
    _child_type("Microsoft.Network/virtualNetworks", "subnets"),
    _child_type("Microsoft.Network/networkSecurityGroups", "securityRules"),
    _child_type("Microsoft.Network/routeTables", "routes"),
)
