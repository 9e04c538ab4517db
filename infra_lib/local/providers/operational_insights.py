"""Microsoft.OperationalInsights: workspaces and their shared keys."""

from __future__ import annotations

import re

from infra_lib.local import lifecycle, locations, refusals
from infra_lib.local.addresses import Address, parse
from infra_lib.local.context import Context
from infra_lib.local.operations import timestamp
from infra_lib.local.protocol import Call, Reply
from infra_lib.local.providers.values import at, filled, new_key, one_of, properties_of, spelled, whole_number
from infra_lib.local.routes import GROUP, SUBSCRIPTION, Route
from infra_lib.local.store import Record
from infra_lib.local.types import Body, NameRule, ResourceType

SKUS = ("Free", "Standard", "Premium", "PerNode", "PerGB2018", "Standalone", "CapacityReservation", "LACluster")
API_VERSIONS = (
    "2020-08-01",
    "2020-10-01",
    "2021-06-01",
    "2021-12-01-preview",
    "2022-10-01",
    "2023-09-01",
    "2025-02-01",
    "2025-07-01",
)
_DELETED = "deleted-workspace:"

_DEFAULTS: Body = {
    "features": {"legacy": 0, "searchVersion": 1, "enableLogAccessUsingOnlyResourcePermissions": True},
    "workspaceCapping": {"dailyQuotaGb": -1.0, "dataIngestionStatus": "RespectQuota"},
    "publicNetworkAccessForIngestion": "Enabled",
    "publicNetworkAccessForQuery": "Enabled",
}


def _check(_context: Context, _address: Address, body: Body, _existing: Record | None) -> None:
    properties = properties_of(body)
    one_of(at(properties, "sku", "name"), SKUS, "properties.sku.name", "InvalidParameter")
    days = properties.get("retentionInDays")
    if days != 7:
        whole_number(days, "properties.retentionInDays", 30, 730, "InvalidParameter")
    for name in ("publicNetworkAccessForIngestion", "publicNetworkAccessForQuery"):
        one_of(properties.get(name), ("Enabled", "Disabled", "SecuredByPerimeter"), f"properties.{name}", "InvalidParameter")


def _complete(context: Context, address: Address, body: Body, existing: Record | None) -> Record:
    shown = lifecycle.envelope(context, WORKSPACE, address, body, existing)
    shown["location"] = locations.normalize(shown["location"])
    now = timestamp(context.now)
    held = existing.properties if existing is not None else context.store.get_setting(f"{_DELETED}{address.key}", {})
    properties = filled(properties_of(body), _DEFAULTS)
    sku = spelled(at(properties, "sku", "name") or at(held, "sku", "name") or "PerGB2018", SKUS)
    properties["sku"] = {**(properties.get("sku") or {}), "name": sku, "lastSkuUpdate": at(held, "sku", "lastSkuUpdate") or now}
    if properties.get("retentionInDays") is None:
        properties["retentionInDays"] = held.get("retentionInDays", 30)
    properties["workspaceCapping"]["quotaNextResetTime"] = now[:11] + "23:00:00Z"
    shown["properties"] = {
        **properties,
        "customerId": held.get("customerId") or context.guid(address.id, now),
        "provisioningState": "Succeeded",
        "createdDate": held.get("createdDate", now),
        "modifiedDate": now,
    }
    shown["etag"] = f'"{context.guid(address.id, now)}"'
    keys = existing.private["keys"] if existing is not None else {"primarySharedKey": new_key(), "secondarySharedKey": new_key()}
    context.store.put_setting(f"{_DELETED}{address.key}", {})
    return Record(address.key, WORKSPACE.key, shown, {"keys": keys})


def _shared_keys(context: Context, address: Address, _call: Call) -> Reply:
    record = context.store.get(address.key)
    if record is None:
        raise refusals.not_found(address)
    return Reply(200, record.private["keys"])


def _regenerate(context: Context, address: Address, _call: Call) -> Reply:
    record = context.store.get(address.key)
    if record is None:
        raise refusals.not_found(address)
    record.private["keys"] = {"primarySharedKey": new_key(), "secondarySharedKey": new_key()}
    context.store.put(record)
    return Reply(200, record.private["keys"])


def _remember_deleted(context: Context, record: Record) -> None:
    context.store.put_setting(f"{_DELETED}{record.key}", {**record.properties, "deleted": record.body})


def _list_deleted(context: Context, call: Call) -> Reply:
    refusals.require_api_version(call)
    scope = parse(call.path.rsplit("/", 3)[0])
    refusals.require_group(context, scope)
    held = [value["deleted"] for value in context.store.settings(f"{_DELETED}{scope.key}/") if "deleted" in value]
    return lifecycle.page(call, held)


WORKSPACE = ResourceType(
    name="Microsoft.OperationalInsights/workspaces",
    api_versions=API_VERSIONS,
    name_rule=NameRule(
        pattern=re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{2,61}[A-Za-z0-9]"),
        code="InvalidResourceName",
        message="The workspace name '{name}' is invalid: 4 to 63 letters, digits and '-', beginning and ending with a "
        "letter or digit.",
    ),
    put="async",
    in_progress="Creating",
    status_collection="operationstatuses",
    shape={
        "properties": {"sku": {"name": str}, "retentionInDays": int, "features": {}, "workspaceCapping": {"dailyQuotaGb": float}}
    },
    check=_check,
    complete=_complete,
    on_delete=_remember_deleted,
    actions={"sharedKeys": _shared_keys, "listKeys": _shared_keys, "regenerateSharedKey": _regenerate},
)

TYPES = (WORKSPACE,)

_PART = "/providers/Microsoft.OperationalInsights/deletedWorkspaces"
ROUTES = [
    Route(method="GET", rule=f"{scope}{_PART}", endpoint=_list_deleted, summary="deleted workspaces: list")
    for scope in (SUBSCRIPTION, GROUP)
]
