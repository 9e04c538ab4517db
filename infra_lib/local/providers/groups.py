"""Microsoft.Resources: resource groups."""

from __future__ import annotations

import re
from typing import Any

from infra_lib.local import lifecycle, locations, operations, refusals
from infra_lib.local.addresses import DEPLOYMENT_TYPE, RESOURCE_GROUP_TYPE, parse
from infra_lib.local.context import Context
from infra_lib.local.protocol import Call, Reply, ServiceError
from infra_lib.local.providers import filters
from infra_lib.local.routes import GROUP, SUBSCRIPTION, Route
from infra_lib.local.store import Record

_TYPE = RESOURCE_GROUP_TYPE.lower()
_NAME = re.compile(r"[-\w._()]{0,89}[-\w_()]")


def _shown(record: Record) -> dict[str, Any]:
    state = "Deleting" if record.private.get("deleting") else "Succeeded"
    return {**record.body, "properties": {"provisioningState": state}}


def _put(context: Context, call: Call) -> Reply:
    refusals.require_api_version(call)
    address = parse(call.path)
    refusals.require_subscription(context, address)
    body = call.json_object()
    if not _NAME.fullmatch(address.name):
        raise ServiceError(
            400,
            "InvalidResourceGroupName" if address.name else "InvalidRequestContent",
            f"The resource group name '{address.name}' is invalid: up to 90 letters, digits, '-', '.', '_' and parentheses, "
            "not ending with a period.",
        )
    refusals.check_envelope(body, None)
    location = body.get("location")
    if not isinstance(location, str) or not location:
        raise ServiceError(400, "LocationRequired", "The location property is required for this definition.")
    if not locations.is_known(location):
        raise ServiceError(
            400,
            "LocationNotAvailableForResourceGroup",
            f"The provided location '{location}' is not available for resource group. "
            f"List of available regions is '{','.join(locations.DISPLAY_NAMES)}'.",
        )
    existing = context.store.get(address.key)
    if existing is not None and locations.normalize(existing.body["location"]) != locations.normalize(location):
        raise ServiceError(
            409,
            "InvalidResourceGroupLocation",
            f"Invalid resource group location '{location}'. The Resource group already exists in location "
            f"'{existing.body['location']}'.",
        )
    if existing is not None:
        refusals.require_kept(existing)
    refusals.require_unlocked(context, address, deleting=False)
    shown: dict[str, Any] = {
        "id": existing.id if existing is not None else address.id,
        "name": existing.body["name"] if existing is not None else address.name,
        "type": RESOURCE_GROUP_TYPE,
        "location": existing.body["location"] if existing is not None else locations.normalize(location),
    }
    for name in ("tags", "managedBy"):
        if body.get(name) is not None:
            shown[name] = body[name]
    record = Record(address.key, _TYPE, shown)
    context.store.put(record)
    return Reply(200 if existing is not None else 201, _shown(record))


def _existing(context: Context, call: Call) -> Record:
    refusals.require_api_version(call)
    group = refusals.require_group(context, parse(call.path))
    if group is None:
        raise ServiceError(404, "ResourceGroupNotFound", f"Resource group '{call.path}' could not be found.")
    return group


def _get(context: Context, call: Call) -> Reply:
    if call.method == "HEAD":
        refusals.require_api_version(call)
        return Reply(204 if context.store.exists(parse(call.path).key) else 404)
    return Reply(200, _shown(_existing(context, call)))


def _patch(context: Context, call: Call) -> Reply:
    record = _existing(context, call)
    body = call.json_object()
    refusals.check_envelope(body, None)
    refusals.require_unlocked(context, parse(call.path), deleting=False)
    for name in ("tags", "managedBy"):
        if name in body:
            record.body[name] = body[name]
    context.store.put(record)
    return Reply(200, _shown(record))


def _delete(context: Context, call: Call) -> Reply:
    record = _existing(context, call)
    address = parse(call.path)
    refusals.require_unlocked(context, address, deleting=True)
    due = context.due(RESOURCE_GROUP_TYPE)
    record.private["deleting"] = True
    context.store.put(record)
    if due <= context.now:
        lifecycle.drop(context, record.key)
    else:
        context.store.add_event(due, "delete", record.key)
    path = operations.begin(context, due=due, collection=f"/subscriptions/{address.subscription}/operationresults")
    return Reply(202, None, {"Location": call.link(path)})


def _list(context: Context, call: Call) -> Reply:
    refusals.require_api_version(call)
    holder = parse(call.path.rsplit("/", 1)[0])
    refusals.require_subscription(context, holder)
    keep = filters.compile_filter(call.query.get("$filter", ""))
    return lifecycle.page(call, [_shown(record) for record in context.store.below(holder.key, _TYPE) if keep(record.body)])


def _export(context: Context, call: Call) -> Reply:
    refusals.require_api_version(call)
    address = parse(call.path.rsplit("/", 1)[0])
    refusals.require_group(context, address)
    wanted = [str(item).lower() for item in call.json_object().get("resources") or ["*"]]
    resources = []
    for record in context.store.below_but(address.key, DEPLOYMENT_TYPE.lower()):
        if "*" not in wanted and record.key not in wanted:
            continue
        names = "/".join(parse(record.id).names)
        kept = {name: value for name, value in record.body.items() if name not in ("id", "name", "type", "systemData", "etag")}
        resources.append({"type": record.body["type"], "apiVersion": record.private.get("api_version"), "name": names, **kept})
    template = {
        "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
        "contentVersion": "1.0.0.0",
        "parameters": {},
        "variables": {},
        "resources": resources,
    }
    return Reply(200, {"template": template})


ROUTES = [
    Route(method="PUT", rule=GROUP, endpoint=_put, summary="resource group: create or update"),
    Route(method="GET", rule=GROUP, endpoint=_get, summary="resource group: get"),
    Route(method="HEAD", rule=GROUP, endpoint=_get, summary="resource group: check existence"),
    Route(method="PATCH", rule=GROUP, endpoint=_patch, summary="resource group: update"),
    Route(method="DELETE", rule=GROUP, endpoint=_delete, summary="resource group: delete"),
    Route(method="GET", rule=f"{SUBSCRIPTION}/resourceGroups", endpoint=_list, summary="resource groups: list"),
    Route(method="POST", rule=f"{GROUP}/exportTemplate", endpoint=_export, summary="resource group: export template"),
]
