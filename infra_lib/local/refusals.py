"""The refusals that the service's gateway makes for every provider alike."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from infra_lib.arm.ids import MADE_WITH_PARENT
from infra_lib.local import locations
from infra_lib.local.addresses import Address
from infra_lib.local.protocol import Call, ServiceError, error_body

if TYPE_CHECKING:
    from infra_lib.local.context import Context
    from infra_lib.local.store import Record
    from infra_lib.local.types import ResourceType

LOCK_TYPE = "microsoft.authorization/locks"
MAX_TAGS = 50
_API_VERSION = re.compile(r"\d{4}-\d{2}-\d{2}(-[a-z0-9.]+)?", re.IGNORECASE)
_MANAGEMENT_GROUP_TYPE = "microsoft.management/managementgroups"


def not_found(address: Address, type_name: str | None = None) -> ServiceError:
    """There is no such resource."""
    shown = "/".join(_interleave(type_name or address.type, address.names))
    if address.resource_group:
        text = f"The Resource '{shown}' under resource group '{address.resource_group}' was not found."
    else:
        text = f"The Resource '{shown}' was not found."
    return ServiceError(404, "ResourceNotFound", f"{text} For more details please go to https://aka.ms/ARMResourceNotFoundFix")


def missing(kind: ResourceType, address: Address) -> ServiceError:
    """There is no such resource, as its own provider says it where it does."""
    if kind.missing is None:
        return not_found(address, kind.name)
    code, text = kind.missing
    return ServiceError(404, code, text.format(name=address.name), by_gateway=False)


def _interleave(type_name: str, names: tuple[str, ...]) -> list[str]:
    namespace, *types = type_name.split("/")
    shown = [namespace]
    for index, name in enumerate(names):
        shown += [types[index], name] if index < len(types) else [name]
    return shown


def require_api_version(call: Call) -> str:
    """The request's api-version. Raises ServiceError when it is missing or is no date."""
    version = call.query.get("api-version", "")
    if not version:
        raise ServiceError(
            400, "MissingApiVersionParameter", "The api-version query parameter (?api-version=) is required for all requests."
        )
    if not _API_VERSION.fullmatch(version):
        raise ServiceError(
            400,
            "InvalidApiVersionParameter",
            f"The api-version '{version}' is invalid: it is a date, such as 2024-01-01 or 2024-01-01-preview.",
        )
    return version


def require_subscription(context: Context, address: Address) -> None:
    """Refuse a subscription that the service does not have."""
    if address.subscription and address.subscription.lower() not in context.subscriptions:
        raise ServiceError(
            404, "SubscriptionNotFound", f"The subscription '{address.subscription}' could not be found. "
            f"The local target has one: {context.subscription_id}.",
        )  # fmt: skip


def require_group(context: Context, address: Address) -> Record | None:
    """The resource group that an address lies in; None outside one. Refuses one that does not exist."""
    require_subscription(context, address)
    if not address.resource_group:
        return None
    group = context.store.get(address.group_id.lower())
    if group is None:
        raise ServiceError(404, "ResourceGroupNotFound", f"Resource group '{address.resource_group}' could not be found.")
    return group


def require_kept(group: Record) -> None:
    """Refuse a change in a resource group that is being deleted."""
    if group.private.get("deleting"):
        raise ServiceError(
            409,
            "ResourceGroupBeingDeleted",
            f"The resource group '{group.body['name']}' is in deprovisioning state and cannot perform this operation.",
        )


def require_scope(context: Context, address: Address) -> None:
    """Refuse a resource whose resource group, parent or extended resource does not exist, or whose group is being deleted."""
    group = require_group(context, address)
    if group is not None:
        require_kept(group)
    from infra_lib.local.addresses import parse

    parent = address.parent
    while "/providers/" in parent and parse(parent).type.lower() in MADE_WITH_PARENT and context.find(parent) is None:
        parent = parse(parent).parent
    if "/providers/" not in parent or context.find(parent) is not None:
        return
    enclosing = parse(parent)
    if enclosing.type.lower() == _MANAGEMENT_GROUP_TYPE:
        return
    if not address.is_nested:
        raise not_found(enclosing)
    raise ServiceError(
        404,
        "ParentResourceNotFound",
        f"Failed to perform 'write' on resource(s) of type '{address.type}', because the parent resource "
        f"'{parent}' could not be found.",
    )


def require_registered(context: Context, address: Address) -> None:
    """Refuse a namespace that the subscription has unregistered."""
    if not address.subscription or address.namespace.lower() not in context.unregistered():
        return
    text = (
        f"The subscription '{address.subscription}' is not registered to use namespace '{address.namespace}'. "
        "See https://aka.ms/rps-not-found for how to register subscriptions."
    )
    raise ServiceError(
        409,
        "MissingSubscriptionRegistration",
        text,
        details=[error_body("MissingSubscriptionRegistration", text, address.namespace)],
    )


def require_unlocked(context: Context, address: Address, *, deleting: bool) -> None:
    """Refuse a change that a lock forbids: on the resource, on what it lies in, or, for a deletion, on what lies in it."""
    if address.type.lower() == LOCK_TYPE:
        return
    blocking = []
    for lock in context.store.of_type(LOCK_TYPE):
        scope = lock.key.partition("/providers/microsoft.authorization/locks/")[0]
        level = str(lock.properties.get("level", "")).lower()
        within = address.key == scope or address.key.startswith(f"{scope}/")
        if (within and (deleting or level == "readonly")) or (deleting and scope.startswith(f"{address.key}/")):
            blocking.append(lock.id.partition("/providers/Microsoft.Authorization/locks/")[0])
    if blocking:
        verb = "delete" if deleting else "write"
        raise ServiceError(
            409,
            "ScopeLocked",
            f"The scope '{address.id}' cannot perform {verb} operation because following scope(s) are locked: "
            f"'{','.join(blocking)}'. Please remove the lock and try again.",
        )


def check_location(kind: ResourceType, address: Address, body: dict[str, Any], existing: Record | None) -> None:
    """A tracked resource has a location, a known one, and keeps it."""
    if not kind.tracked:
        return
    location = body.get("location")
    if not location:
        raise ServiceError(400, "LocationRequired", "The location property is required for this definition.")
    if not isinstance(location, str):
        raise ServiceError(400, "InvalidRequestContent", "The location property must be a string.")
    name = locations.normalize(location)
    if name != locations.GLOBAL and not locations.is_known(location):
        offered = ",".join(locations.DISPLAY_NAMES)
        raise ServiceError(
            400,
            "LocationNotAvailableForResourceType",
            f"The provided location '{location}' is not available for resource type '{kind.name}'. "
            f"List of available regions for the resource type is '{offered}'.",
        )
    held = existing.body.get("location") if existing is not None else None
    if held and locations.normalize(held) != name:
        raise ServiceError(
            409,
            "InvalidResourceLocation",
            f"The resource '{address.name}' already exists in location '{locations.normalize(held)}' in resource group "
            f"'{address.resource_group}'. A resource with the same name cannot be created in location '{name}'. "
            "Please select a new resource name.",
        )


def check_envelope(body: dict[str, Any], existing: Record | None) -> None:
    """What every body must be: tags of strings, properties an object, a provisioning state that is not made up."""
    tags = body.get("tags")
    if tags is not None:
        if not isinstance(tags, dict) or any(isinstance(value, dict | list) for value in tags.values()):
            raise ServiceError(400, "InvalidRequestContent", "The tags must be an object whose values are strings.")
        if len(tags) > MAX_TAGS:
            raise ServiceError(
                400, "TooManyTags", f"The tags of a resource are limited to {MAX_TAGS}; the request has {len(tags)}."
            )
        # The service reads a number or a Boolean as its text.
        body["tags"] = {name: value if isinstance(value, str | None) else json.dumps(value) for name, value in tags.items()}
    properties = body.get("properties")
    if properties is not None and not isinstance(properties, dict):
        raise ServiceError(400, "InvalidRequestContent", "The properties must be an object.")
    given = properties.get("provisioningState") if properties else None
    held = existing.properties.get("provisioningState") if existing is not None else None
    # Container Apps reads over another state (recorded: azure-cli-extensions, test_containerapp_auth_e2e.yaml).
    strict = existing is not None and not existing.type.startswith("microsoft.app/")
    if strict and given and held and given != held:
        raise ServiceError(
            400, "InvalidRequestContent", f"The provisioningState '{given}' differs from the resource's, which is '{held}'."
        )
