"""Every other resource type: kept as it is written, with parent, location and tags checked.

Types that templates commonly read something off (an identity's principal, a vault's address) get those properties.
"""

from __future__ import annotations

import difflib
import re
from functools import lru_cache
from typing import Any

from infra_lib.local import lifecycle, refusals
from infra_lib.local.addresses import Address, parse
from infra_lib.local.context import Context
from infra_lib.local.protocol import Call, Reply, ServiceError
from infra_lib.local.providers.namespaces import NAMESPACES
from infra_lib.local.providers.values import one_of, properties_of
from infra_lib.local.providers.well_known import ACTIONS, DEFAULT_RESOURCES, EXTRAS, INLINE
from infra_lib.local.routes import Route
from infra_lib.local.store import Record
from infra_lib.local.types import Body, ResourceType

# Properties whose values a GET does not give back, whatever the type.
_SECRET_NAMES = re.compile(
    r"(\w*password|\w*clientsecret|accountkey|sharedkey|\w*connectionstring|protectedsettings|customdata|secretvalue|privatekey)",
    re.IGNORECASE,
)
_SECRET_BY_TYPE = {"microsoft.keyvault/vaults/secrets": ("value",)}

# Top-level types in a resource group that have no location of their own.
_UNTRACKED = frozenset({"microsoft.authorization", "microsoft.resources", "microsoft.consumption", "microsoft.costmanagement",
                        "microsoft.policyinsights", "microsoft.security", "microsoft.securityinsights", "microsoft.management",
                        "microsoft.billing", "microsoft.advisor", "microsoft.guestconfiguration", "microsoft.managedservices",
                        "microsoft.kubernetesconfiguration", "microsoft.features", "microsoft.subscription"})  # fmt: skip
_TRACKED_EXCEPTIONS = frozenset({
    "microsoft.resources/deploymentscripts", "microsoft.resources/templatespecs",
    "microsoft.managedservices/marketplaceregistrationdefinitions",
})  # fmt: skip
# Whose specification knows no 201: the SDK takes that for an error.
_MADE_WITH_200 = frozenset({
    "microsoft.app/containerapps/authconfigs", "microsoft.app/managedenvironments/certificates",
    "microsoft.app/managedenvironments/daprcomponents",
})  # fmt: skip
# How alike a type and a modelled one must be for it to be taken for a misspelling of that.
_MISSPELT = 0.94

_UNTRACKED_TYPES = frozenset({
    "microsoft.eventgrid/eventsubscriptions", "microsoft.insights/diagnosticsettings",
    "microsoft.storage/storageaccounts/services",
})  # fmt: skip

# ---------------------------------------------------------------------------------------------- the types


def _is_tracked(type_name: str) -> bool:
    lowered = type_name.lower()
    if lowered in _TRACKED_EXCEPTIONS:
        return True
    return lowered.count("/") == 1 and lowered.partition("/")[0] not in _UNTRACKED and lowered not in _UNTRACKED_TYPES


def _without_secrets(value: Any, extra: tuple[str, ...] = ()) -> Any:
    if isinstance(value, dict):
        return {
            name: _without_secrets(member)
            for name, member in value.items()
            if name not in extra and not (isinstance(member, str) and _SECRET_NAMES.fullmatch(name))
        }
    return [_without_secrets(item) for item in value] if isinstance(value, list) else value


# Resource Manager's own kinds, whose properties tell no state (recorded traffic: Azure/azure-cli, resource's recordings).
_STATELESS = frozenset({refusals.LOCK_TYPE, "microsoft.authorization/roleassignments"})


def _check_lock(_context: Context, _address: Address, body: Body, _existing: Record | None) -> None:
    one_of(
        properties_of(body).get("level") or "",
        ("CanNotDelete", "ReadOnly", "NotSpecified"),
        "properties.level",
        "InvalidLockLevel",
    )


def complete(context: Context, address: Address, body: Body, existing: Record | None) -> Record:
    """The record of a resource that is kept as it is written, without its secrets."""
    kind = context.types.get(address.type.lower()) or type_of(
        address.type, in_group=bool(address.resource_group) and "/providers/" not in address.scope
    )
    shown = lifecycle.envelope(context, kind, address, body, existing)
    for name, value in body.items():
        if name not in shown and name not in ("id", "name", "type", "properties", "apiVersion") and value is not None:
            shown[name] = value
    properties = _without_secrets(properties_of(body), _SECRET_BY_TYPE.get(kind.key, ()))
    if existing is not None:
        # Children that a body leaves out altogether stay: they may have been written by themselves.
        for collection in INLINE.get(kind.key, ()):
            if collection in existing.properties:
                properties.setdefault(collection, existing.properties[collection])
    extra = EXTRAS.get(kind.key)
    shown["properties"] = {**properties, **(extra(context, {**shown, "properties": properties}) if extra is not None else {})}
    if (kind.tracked or "properties" in body) and kind.key not in _STATELESS:
        shown["properties"]["provisioningState"] = "Succeeded"
    return Record(address.key, kind.key, shown)


@lru_cache(maxsize=512)
def type_of(type_name: str, *, in_group: bool) -> ResourceType:
    """The rules of a type that is not modelled."""
    return ResourceType(
        name=type_name,
        api_versions=(),
        complete=complete,
        tracked=in_group and _is_tracked(type_name),
        created=200 if type_name.lower() in _MADE_WITH_200 else 201,
        shape={"properties": {name: [{"name": str, "properties": {}}] for name in INLINE.get(type_name.lower(), ())}},
        check=_check_lock if type_name.lower() == refusals.LOCK_TYPE else None,
    )


# ---------------------------------------------------------------------------------------------- the fallback routes


def unsupported(context: Context, call: Call) -> ServiceError:
    """There is no such operation: say what there is near it."""
    address = parse(call.path)
    kind = context.types.get(address.type.lower())
    action = call.path.rsplit("/", 1)[-1]
    holder = context.types.get(parse(call.path.rsplit("/", 1)[0]).type.lower())
    known = holder or kind
    if known is not None:
        offered = [*known.actions, *known.reads]
        text = f"The local target does not support {call.method} '{action}' on {known.name}; it supports "
        text += f"{', '.join(sorted(known.methods))}" + (f" and {', '.join(offered)}." if offered else ".")
        return ServiceError(404, "UnsupportedOperation", text)
    return ServiceError(
        404,
        "UnsupportedOperation",
        f"The local target does not support {call.method} {call.path}; docs/local-coverage.md lists what it does.",
    )


def kind_at(context: Context, address: Address) -> ResourceType:
    """The rules of the type at an address. Raises ServiceError for a namespace that does not exist, and for a misspelt type."""
    namespace = address.namespace
    if namespace.lower() not in NAMESPACES:
        near = difflib.get_close_matches(namespace.lower(), NAMESPACES, 1)
        hint = f" Did you mean {NAMESPACES[near[0]]}?" if near else ""
        raise ServiceError(404, "InvalidResourceNamespace", f"The resource namespace '{namespace}' is invalid.{hint}")
    known = context.types.get(address.type.lower())
    if known is not None:
        return known
    modelled = sorted(name for name in context.types if name.startswith(f"{namespace.lower()}/"))
    near = difflib.get_close_matches(address.type.lower(), modelled, 1, _MISSPELT)
    if near and address.type.count("/") == near[0].count("/"):
        raise ServiceError(
            400,
            "NoRegisteredProviderFound",
            f"No registered resource provider found for type '{address.type}'. Did you mean {context.types[near[0]].name}? "
            f"Modelled types of {namespace}: {', '.join(context.types[name].name for name in modelled)}.",
        )
    return type_of(address.type, in_group=bool(address.resource_group) and "/providers/" not in address.scope)


def _resolve(context: Context, call: Call) -> tuple[ResourceType, Address]:
    """The type that a path names. Raises ServiceError for a path that names none, and for a namespace that does not exist."""
    address = parse(call.path)
    if "/providers/" not in address.id.lower() or "/" not in address.type:
        raise unsupported(context, call)
    return kind_at(context, address), address


def _get(context: Context, call: Call) -> Reply:
    kind, address = _resolve(context, call)
    if address.name:
        return lifecycle.read(context, kind, address, call)
    scope = call.path.rsplit("/", 1)[0] if "/" in address.type.partition("/")[2] else address.scope or "/"
    return lifecycle.list_below(context, kind, scope, call)


def _write(context: Context, call: Call) -> Reply:
    kind, address = _resolve(context, call)
    if not address.name:
        raise unsupported(context, call)
    return lifecycle.write(context, kind, address, call)


def _delete(context: Context, call: Call) -> Reply:
    kind, address = _resolve(context, call)
    return lifecycle.remove(context, kind, address, call)


def _post(context: Context, call: Call) -> Reply:
    action = call.path.rsplit("/", 1)[-1]
    address = parse(call.path.rsplit("/", 1)[0])
    known = context.types.get(address.type.lower()) if address.name else None
    handler = known.part("POST", action) if known is not None else None
    if known is not None and handler is not None:
        return lifecycle.act(context, known, address, handler, call)
    made = ACTIONS.get((address.type.lower(), action.lower()))
    if made is not None:
        refusals.require_api_version(call)
        refusals.require_group(context, address)
        record = context.find(address.id)
        comes_with_parent = DEFAULT_RESOURCES.get(address.type.lower()) == address.name.lower()
        if record is None and comes_with_parent and context.find(address.parent) is not None:
            return Reply(200, made(context, {"id": address.id, "name": address.name}))
        if record is None:
            raise refusals.not_found(address)
        return Reply(200, made(context, record.body))
    raise unsupported(context, call)


_ANY = "/<path:resource>"


def routes() -> list[Route]:
    """What answers for every type that has no routes of its own."""
    return [
        Route(method="GET", rule=_ANY, endpoint=_get, summary="any other resource: get; any other collection: list"),
        Route(method="HEAD", rule=_ANY, endpoint=_get, summary="any other resource: check existence"),
        Route(method="PUT", rule=_ANY, endpoint=_write, summary="any other resource: create or replace"),
        Route(method="PATCH", rule=_ANY, endpoint=_write, summary="any other resource: update"),
        Route(method="DELETE", rule=_ANY, endpoint=_delete, summary="any other resource: delete"),
        Route(method="POST", rule=_ANY, endpoint=_post, summary="any other action: refused, naming what is supported"),
    ]
