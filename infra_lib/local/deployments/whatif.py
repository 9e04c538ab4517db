"""What a deployment would change: each resource's body against what is there."""

from __future__ import annotations

import json
from typing import Any

from infra_lib.arm.deployment import PreparedDeployment
from infra_lib.local import lifecycle, locations
from infra_lib.local.addresses import DEPLOYMENT_TYPE, Address, parse
from infra_lib.local.context import Context
from infra_lib.local.deployments.preflight import leaves
from infra_lib.local.deployments.request import known_body
from infra_lib.local.protocol import Call

_MASK = "*******"
_READ_ONLY = ("systemData", "etag")
_READ_ONLY_PROPERTIES = ("provisioningState", "creationTime", "primaryEndpoints", "primaryLocation", "statusOfPrimary")
_HIDDEN = ("microsoft.app/containerapps/revisions", "microsoft.app/jobs/executions")


def _equal(name: str, before: Any, after: Any) -> bool:
    if name == "location" and isinstance(before, str) and isinstance(after, str):
        return locations.normalize(before) == locations.normalize(after)
    return bool(before == after)


def differences(before: Any, after: Any, path: str = "") -> list[dict[str, Any]]:
    """What ``after`` asks for that ``before`` does not have; what it leaves out counts as kept, a null as absent."""
    found: list[dict[str, Any]] = []
    for name, wanted in after.items():
        held = before.get(name)
        place = f"{path}.{name}" if path else name
        if isinstance(wanted, dict) and isinstance(held, dict):
            found += differences(held, wanted, place)
        elif wanted is None or _equal(name, held, wanted):
            continue
        elif isinstance(wanted, list) and isinstance(held, list):
            found += _array(held, wanted, place)
        else:
            found.append(_change(place, held, wanted))
    return found


def _array(held: list[Any], wanted: list[Any], path: str) -> list[dict[str, Any]]:
    children: list[dict[str, Any]] = []
    for index in range(max(len(held), len(wanted))):
        before = held[index] if index < len(held) else None
        after = wanted[index] if index < len(wanted) else None
        if isinstance(before, dict) and isinstance(after, dict):
            inner = differences(before, after)
            if inner:
                children.append({"path": str(index), "propertyChangeType": "Modify", "children": inner})
        elif before != after:
            # The items of an array are not told apart by their places: one goes, another comes.
            pairs = ((before, None), (None, after)) if before is not None and after is not None else ((before, after),)
            children += [_change(str(index), old, new) for old, new in pairs]
    return [{"path": path, "propertyChangeType": "Array", "children": children}] if children else []


def _change(path: str, before: Any, after: Any) -> dict[str, Any]:
    kind = "Create" if before is None else "Delete" if after is None else "Modify"
    values = {name: value for name, value in (("before", before), ("after", after)) if value is not None}
    return {"path": path, "propertyChangeType": kind, **values}


def _settable(body: dict[str, Any], api_version: str) -> dict[str, Any]:
    """A live body without what the service alone says of it and without what is not set, its members in order."""
    shown = _compact({name: value for name, value in body.items() if name not in _READ_ONLY})
    properties = {name: value for name, value in shown.get("properties", {}).items() if name not in _READ_ONLY_PROPERTIES}
    return dict(sorted({**shown, "apiVersion": api_version, **({"properties": properties} if properties else {})}.items()))


def _compact(value: Any) -> Any:
    if isinstance(value, dict):
        members = {name: _compact(value[name]) for name in sorted(value)}
        return {name: member for name, member in members.items() if member is not None and member != {} and member != []}
    return [_compact(item) for item in value] if isinstance(value, list) else value


def _masked(value: Any, secrets: frozenset[str]) -> Any:
    if isinstance(value, dict):
        return {name: _masked(member, secrets) for name, member in value.items()}
    if isinstance(value, list):
        return [_masked(item, secrets) for item in value]
    return _MASK if isinstance(value, str) and value in secrets else value


def changes(
    context: Context, scope: Address, prepared: PreparedDeployment, call: Call, result_format: str, mode: str
) -> list[dict[str, Any]]:
    """The changes, by resource: what the template has, then what else the resource group has.

    A resource whose body needs the running deployment is Create when it is missing, else Deploy: its changes are not known.
    """
    secrets = frozenset(
        parameter.value for parameter in prepared.parameters.values() if parameter.secure and isinstance(parameter.value, str)
    )
    full = result_format.lower() == "fullresourcepayloads"
    found: list[dict[str, Any]] = []
    seen: set[str] = set()
    for resource in leaves(context, prepared):
        address = parse(resource.id)
        seen.add(address.key)
        body = known_body(resource)
        after = {
            "id": resource.id,
            "name": address.name,
            "type": resource.type,
            "apiVersion": resource.api_version,
            **(body or {}),
        }
        after = json.loads(json.dumps(_masked(after, secrets)))
        live = context.find(resource.id)
        entry: dict[str, Any] = {"resourceId": resource.id}
        if live is None:
            entry |= {"changeType": "Create", "after": dict(sorted(after.items()))}
        else:
            before = context.dispatch("GET", resource.id, call, api_version=resource.api_version).body
            delta = differences(
                before, {name: value for name, value in after.items() if name not in ("id", "name", "type", "apiVersion")}
            )
            kind = "Deploy" if body is None else "Modify" if delta else "NoChange"
            shown = _settable(before, resource.api_version)
            wanted = lifecycle.merge_patch(shown, {**after, "id": shown["id"], "name": shown["name"], "type": shown["type"]})
            entry |= {"changeType": kind, "before": shown, "after": dict(sorted(wanted.items()))}
            if delta:
                entry["delta"] = delta
        found.append(entry)
    if scope.resource_group:
        for record in context.store.below_but(scope.group_id.lower(), DEPLOYMENT_TYPE.lower()):
            if record.key not in seen and record.type not in _HIDDEN:
                kind = "Delete" if mode == "Complete" and record.type.count("/") == 1 else "Ignore"
                shown = _settable(record.body, str(record.private.get("api_version", "")))
                after = {} if kind == "Delete" else {"after": shown}
                found.append({"resourceId": record.id, "changeType": kind, "before": shown, **after})
    found.sort(key=lambda entry: str(entry["resourceId"]).lower())
    if not full:
        found = [{"resourceId": entry["resourceId"], "changeType": entry["changeType"]} for entry in found]
    return found
