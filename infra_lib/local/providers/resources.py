"""Microsoft.Resources at large: subscriptions, locations, tenants, resource providers, tags, and the list of all resources."""

from __future__ import annotations

from typing import Any

from infra_lib.local import lifecycle, locations, refusals
from infra_lib.local.addresses import DEPLOYMENT_TYPE, RESOURCE_GROUP_TYPE, Address, parse
from infra_lib.local.context import TENANT_ID, Context
from infra_lib.local.operations import timestamp
from infra_lib.local.protocol import Call, Reply, ServiceError
from infra_lib.local.providers import filters
from infra_lib.local.providers.namespaces import NAMESPACES
from infra_lib.local.routes import GROUP, SUBSCRIPTION, Route
from infra_lib.local.store import Record, Store

_LISTED = ("id", "name", "type", "location", "tags", "kind", "sku", "identity", "managedBy", "plan", "zones", "systemData")
SUBSCRIPTION_NAME = "Local"

# ---------------------------------------------------------------------------------------------- subscriptions and tenants


def subscription_body(subscription_id: str) -> dict[str, Any]:
    """A subscription as it is shown."""
    return {
        "id": f"/subscriptions/{subscription_id}",
        "authorizationSource": "RoleBased",
        "subscriptionId": subscription_id,
        "tenantId": TENANT_ID,
        "displayName": SUBSCRIPTION_NAME,
        "state": "Enabled",
        "subscriptionPolicies": {
            "locationPlacementId": "Public_2014-09-01",
            "quotaId": "PayAsYouGo_2014-09-01",
            "spendingLimit": "Off",
        },
        "managedByTenants": [],
    }


def tenant_body() -> dict[str, Any]:
    """The tenant as it is shown."""
    return {
        "id": f"/tenants/{TENANT_ID}",
        "tenantId": TENANT_ID,
        "tenantCategory": "Home",
        "displayName": "Local",
        "countryCode": "US",
    }


def _subscriptions(context: Context, call: Call) -> Reply:
    refusals.require_api_version(call)
    return lifecycle.page(call, [subscription_body(name) for name in sorted(context.subscriptions)])


def _subscription(context: Context, call: Call) -> Reply:
    refusals.require_api_version(call)
    address = parse(call.path)
    refusals.require_subscription(context, address)
    return Reply(200, subscription_body(address.name))


def _locations(context: Context, call: Call) -> Reply:
    refusals.require_api_version(call)
    address = parse(call.path)
    refusals.require_subscription(context, address)
    return Reply(200, {"value": locations.describe(address.subscription)})


def _tenants(_context: Context, call: Call) -> Reply:
    refusals.require_api_version(call)
    return Reply(200, {"value": [tenant_body()]})


# ---------------------------------------------------------------------------------------------- resource providers


def _known_types(context: Context, namespace: str) -> dict[str, tuple[str, ...]]:
    """The types of a namespace, modelled or written so far, each with its API versions, the newest first."""
    known = {
        kind.name.partition("/")[2]: tuple(sorted(kind.api_versions, reverse=True))
        for kind in context.types.values()
        if kind.name.partition("/")[0].lower() == namespace.lower()
    }
    lowered = {name.lower() for name in known}
    for type_key in context.store.counts():
        space, _, rest = type_key.partition("/")
        if space == namespace.lower() and rest not in lowered:
            records = context.store.of_type(type_key)
            versions = sorted(
                {str(record.private["api_version"]) for record in records if "api_version" in record.private}, reverse=True
            )
            known[str(records[0].body["type"]).partition("/")[2]] = tuple(versions)
    return known


def provider_body(context: Context, namespace: str) -> dict[str, Any] | None:
    """A resource provider as it is shown, or None when there is no such namespace."""
    name = NAMESPACES.get(namespace.lower())
    if name is None:
        return None
    regions = list(locations.DISPLAY_NAMES.values())
    return {
        "id": f"/subscriptions/{context.subscription_id}/providers/{name}",
        "namespace": name,
        "registrationState": "NotRegistered" if namespace.lower() in context.unregistered() else "Registered",
        "registrationPolicy": "RegistrationRequired",
        "resourceTypes": [
            {
                "resourceType": type_name,
                "locations": regions,
                "apiVersions": list(versions),
                **({"defaultApiVersion": versions[0]} if versions else {}),
                "capabilities": "CrossResourceGroupResourceMove, CrossSubscriptionResourceMove, SupportsTags, SupportsLocation",
            }
            for type_name, versions in _known_types(context, namespace).items()
        ],
    }


def _provider(context: Context, namespace: str) -> dict[str, Any]:
    body = provider_body(context, namespace)
    if body is None:
        raise ServiceError(404, "InvalidResourceNamespace", f"The resource namespace '{namespace}' is invalid.")
    return body


def _get_provider(context: Context, call: Call) -> Reply:
    refusals.require_api_version(call)
    refusals.require_subscription(context, parse(call.path))
    return Reply(200, _provider(context, call.path.rsplit("/", 1)[1]))


def _list_providers(context: Context, call: Call) -> Reply:
    refusals.require_api_version(call)
    refusals.require_subscription(context, parse(call.path))
    return lifecycle.page(call, [_provider(context, name) for name in NAMESPACES])


def _set_registration(context: Context, call: Call) -> Reply:
    refusals.require_api_version(call)
    refusals.require_subscription(context, parse(call.path))
    namespace, verb = call.path.rsplit("/", 2)[1:]
    _provider(context, namespace)
    names = [name for name in context.unregistered() if name != namespace.lower()]
    if verb.lower() == "unregister":
        names.append(namespace.lower())
    context.store.put_setting("unregistered", names)
    return Reply(200, _provider(context, namespace))


def canonical_type(store: Store, type_key: str) -> str:
    """A type's name in its usual casing: as its first resource shows it."""
    record = store.any_of_type(type_key)
    return str(record.body["type"]) if record is not None else type_key


# ---------------------------------------------------------------------------------------------- all resources


def _resources(context: Context, call: Call) -> Reply:
    refusals.require_api_version(call)
    holder = parse(call.path.rsplit("/", 1)[0])
    refusals.require_group(context, holder)
    keep = filters.compile_filter(call.query.get("$filter", ""))
    expand = call.query.get("$expand", "").lower()
    items = []
    for record in context.store.below_but(holder.key, DEPLOYMENT_TYPE.lower()):
        if record.type == RESOURCE_GROUP_TYPE.lower() or "location" not in record.body or not keep(record.body):
            continue
        item = {name: record.body[name] for name in _LISTED if name in record.body}
        item["location"] = locations.normalize(item["location"])
        for name, field in (("createdtime", "created"), ("changedtime", "changed")):
            if name in expand and field in record.private:
                item[f"{field}Time"] = timestamp(record.private[field])
        if "provisioningstate" in expand:
            item["provisioningState"] = lifecycle.state_of(context, record) or "Succeeded"
        items.append(item)
    return lifecycle.page(call, items)


# ---------------------------------------------------------------------------------------------- tags

_TAGS_SUFFIX = "/providers/microsoft.resources/tags/default"


def _tagged(context: Context, call: Call) -> tuple[Address, Record | None]:
    refusals.require_api_version(call)
    scope = call.path[: -len(_TAGS_SUFFIX)]
    address = parse(scope)
    if address.type.lower() == "microsoft.resources/subscriptions":
        refusals.require_subscription(context, address)
        held = context.store.get_setting(f"tags:{address.key}", {})
        return address, Record(address.key, address.type.lower(), {"id": address.id, "tags": held})
    refusals.require_group(context, address)
    record = context.store.get(address.key)
    if record is None:
        raise refusals.not_found(address)
    return address, record


def _tags_reply(address: Address, tags: dict[str, str]) -> Reply:
    return Reply(
        200,
        {
            "id": f"{address.id}/providers/Microsoft.Resources/tags/default",
            "name": "default",
            "type": "Microsoft.Resources/tags",
            "properties": {"tags": tags},
        },
    )


def _get_tags(context: Context, call: Call) -> Reply:
    address, record = _tagged(context, call)
    return _tags_reply(address, (record.body.get("tags") if record is not None else None) or {})


def _changed_tags(call: Call, held: dict[str, str]) -> dict[str, str]:
    if call.method == "DELETE":
        return {}
    body = call.json_object()
    given = (body.get("properties") or {}).get("tags") or {}
    refusals.check_envelope({"tags": given}, None)
    operation = str(body.get("operation", "Replace")).lower() if call.method == "PATCH" else "replace"
    if operation == "merge":
        return {**held, **given}
    if operation == "delete":
        return {name: value for name, value in held.items() if given.get(name) != value}
    if operation != "replace":
        raise ServiceError(
            400, "InvalidRequestContent", f"The tags operation '{body['operation']}' is not Merge, Replace or Delete."
        )
    return dict(given)


def _put_tags(context: Context, call: Call) -> Reply:
    address, record = _tagged(context, call)
    refusals.require_unlocked(context, address, deleting=False)
    tags = _changed_tags(call, (record.body.get("tags") if record is not None else None) or {})
    if record is not None and record.type == "microsoft.resources/subscriptions":
        context.store.put_setting(f"tags:{address.key}", tags)
    elif record is not None:
        record.body["tags"] = tags
        if "input" in record.private:
            record.private["input"]["tags"] = tags
        context.store.put(record)
    return _tags_reply(address, tags)


_TAGS = "/<path:scope>/providers/Microsoft.Resources/tags/default"

ROUTES = [
    Route(method="GET", rule="/subscriptions", endpoint=_subscriptions, summary="subscriptions: list"),
    Route(method="GET", rule=SUBSCRIPTION, endpoint=_subscription, summary="subscription: get"),
    Route(method="GET", rule=f"{SUBSCRIPTION}/locations", endpoint=_locations, summary="subscription: list locations"),
    Route(method="GET", rule="/tenants", endpoint=_tenants, summary="tenants: list"),
    Route(method="GET", rule=f"{SUBSCRIPTION}/providers", endpoint=_list_providers, summary="resource providers: list"),
    Route(method="GET", rule=f"{SUBSCRIPTION}/providers/<namespace>", endpoint=_get_provider, summary="resource provider: get"),
    Route(
        method="POST",
        rule=f"{SUBSCRIPTION}/providers/<namespace>/register",
        endpoint=_set_registration,
        summary="resource provider: register",
    ),
    Route(
        method="POST",
        rule=f"{SUBSCRIPTION}/providers/<namespace>/unregister",
        endpoint=_set_registration,
        summary="resource provider: unregister",
    ),
    Route(method="GET", rule=f"{SUBSCRIPTION}/resources", endpoint=_resources, summary="resources of a subscription: list"),
    Route(method="GET", rule=f"{GROUP}/resources", endpoint=_resources, summary="resources of a group: list"),
    Route(method="GET", rule=_TAGS, endpoint=_get_tags, summary="tags of a scope: get"),
    Route(method="PUT", rule=_TAGS, endpoint=_put_tags, summary="tags of a scope: replace"),
    Route(method="PATCH", rule=_TAGS, endpoint=_put_tags, summary="tags of a scope: merge, replace or delete some"),
    Route(method="DELETE", rule=_TAGS, endpoint=_put_tags, summary="tags of a scope: delete all"),
]
