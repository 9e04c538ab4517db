"""Deployments as they are shown."""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from infra_lib.arm.deployment import PreparedDeployment, PreparedResource
from infra_lib.local import locations, refusals
from infra_lib.local.addresses import DEPLOYMENT_TYPE, Address, parse
from infra_lib.local.context import Context
from infra_lib.local.deployments.request import DeploymentRequest, hash_of, known_body
from infra_lib.local.operations import timestamp
from infra_lib.local.protocol import ServiceError
from infra_lib.local.store import Record

MAX_DEPLOYMENTS = 800
CLEANED_FROM, CLEANED_TO = 775, 750
EXPIRES = 7 * 24 * 3600
ACTIVE = ("Accepted", "Running")
_STEP = re.compile(r"\[(\d+)\]|([^.\[\]]+)")


def camel_case(name: str) -> str:
    """A parameter's or output's name as the service spells it in a deployment: ``NewGroup`` is newGroup, ``API_URL`` apI_URL.

    It lower-cases the capitals that a name begins with, but for the last of them where more follows (recorded traffic:
    Azure/azure-cli, resource/tests/latest/recordings/test_resource_group_deployment.yaml; the rule is its JSON library's).
    """
    letters = list(name)
    for index, letter in enumerate(letters):
        if not letter.isupper() or (index and index + 1 < len(letters) and not letters[index + 1].isupper()):
            break
        letters[index] = letter.lower()
    return "".join(letters)


def shown_parameters(prepared: PreparedDeployment) -> dict[str, Any]:
    """The parameters with their types and values; of secure ones the type alone."""
    return {
        camel_case(name): {"type": parameter.type} if parameter.secure else {"type": parameter.type, "value": parameter.value}
        for name, parameter in prepared.parameters.items()
    }


def _providers(prepared: PreparedDeployment) -> list[dict[str, Any]]:
    """The namespaces and types that a deployment uses, each with the locations of its resources (null for none)."""
    found: dict[str, dict[str, dict[str | None, None]]] = {}
    for resource in prepared.resources:
        namespace, _, type_name = resource.type.partition("/")
        found.setdefault(namespace, {}).setdefault(type_name, {})[_location_of(prepared, resource)] = None
    return [
        {"namespace": namespace, "resourceTypes": [{"resourceType": name, "locations": [*held]} for name, held in types.items()]}
        for namespace, types in found.items()
    ]


def _location_of(prepared: PreparedDeployment, resource: PreparedResource) -> str | None:
    """Where a resource is to be; the deployment's own location where only the running deployment knows."""
    given = _declaration(prepared.template, resource.path).get("location")
    if not isinstance(given, str) or resource.type.lower() == DEPLOYMENT_TYPE.lower():
        return None
    if given.startswith("["):
        body = known_body(resource) if resource.condition and not resource.existing else None
        given = (body or {}).get("location") or prepared.scope.location
    return locations.normalize(given) if given else None


def _declaration(template: Mapping[str, Any], path: str) -> Mapping[str, Any]:
    """What a resource's path (``resources[3]``, ``resources.app[0]``) leads to; a loop's items have one declaration."""
    found: Any = template
    for index, name in _STEP.findall(path):
        if index and isinstance(found, list):
            found = found[int(index)]
        elif name and isinstance(found, Mapping):
            found = found.get(name, {})
    return found if isinstance(found, Mapping) else {}


def _dependencies(prepared: PreparedDeployment) -> list[dict[str, Any]]:
    by_key = {resource.key: resource for resource in prepared.resources}

    def entry(key: str) -> dict[str, Any]:
        resource = by_key[key]
        return {"id": resource.id, "resourceType": resource.type, "resourceName": resource.name}

    return [
        {"dependsOn": [entry(key) for key in resource.depends_on if key in by_key], **entry(resource.key)}
        for resource in prepared.resources
        if any(key in by_key for key in resource.depends_on)
    ]


def new_record(
    address: Address, request: DeploymentRequest, prepared: PreparedDeployment, *, correlation: str | None = None
) -> Record:
    """A deployment that was accepted."""
    body: dict[str, Any] = {"id": address.id, "name": address.name, "type": DEPLOYMENT_TYPE}
    if request.location:
        body["location"] = request.location
    if request.tags:
        body["tags"] = request.tags
    body["properties"] = {
        "templateHash": hash_of(request.template),
        **({"parameters": shown_parameters(prepared)} if "parameters" in request.template else {}),
        "mode": request.mode,
        "provisioningState": "Accepted",
        "timestamp": timestamp(request.started),
        "duration": "PT0S",
        "correlationId": correlation or str(uuid.uuid4()),
        "providers": _providers(prepared),
        "dependencies": _dependencies(prepared),
    }
    # Twenty digits, as the service's: they only have to differ.
    return Record(address.key, DEPLOYMENT_TYPE.lower(), body, {"operation": f"{uuid.uuid4().int % 10**20:020d}"})


def require_idle(context: Context, address: Address) -> Record | None:
    """The deployment of this name that has ended, if there is one. Raises ServiceError while it is active."""
    existing = context.store.get(address.key)
    if existing is None:
        _make_room(context, address)
        return None
    if existing.properties["provisioningState"] in ACTIVE:
        started = existing.private["request"]["started"]
        raise ServiceError(
            409,
            "DeploymentActive",
            f"Unable to edit or replace deployment '{address.name}': previous deployment from '{_clock(started)}' "
            "is still active "
            f"(expiration time is '{_clock(started + EXPIRES)}'). Please see https://aka.ms/arm-deploy for usage details.",
        )
    return existing


def _make_room(context: Context, address: Address) -> None:
    """Delete the oldest deployments of a scope from its history before it is full, as the service does.

    Raises ServiceError DeploymentQuotaExceeded when the history is full all the same, because a lock keeps it.
    """
    collection = address.key.rpartition("/")[0]
    kind = DEPLOYMENT_TYPE.lower()
    count = context.store.count_below(collection, kind)
    if count < CLEANED_FROM:
        return
    try:
        refusals.require_unlocked(context, parse(address.scope), deleting=True)
    except ServiceError as error:
        if count < MAX_DEPLOYMENTS:
            return
        raise ServiceError(
            409,
            "DeploymentQuotaExceeded",
            f"Creating the deployment '{address.name}' would exceed the quota of '{MAX_DEPLOYMENTS}'. The current deployment "
            f"count is '{count}'. Please delete some deployments before creating a new one, or remove the lock.",
        ) from error
    ended = [record for record in context.store.below(collection, kind) if record.properties["provisioningState"] not in ACTIVE]
    ended.sort(key=lambda record: str(record.properties["timestamp"]))
    for record in ended[: count - CLEANED_TO]:
        context.store.delete_operations(record.key)
        context.store.delete(record.key)


def _clock(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%-m/%-d/%Y %-I:%M:%S %p")
