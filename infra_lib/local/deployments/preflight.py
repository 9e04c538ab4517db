"""What is checked before a deployment begins: each resource as its provider would, as far as its body is known by then."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any

from infra_lib.arm.deployment import PreparedDeployment, PreparedResource
from infra_lib.arm.scopes import ResourceGroupScope
from infra_lib.local import lifecycle, refusals
from infra_lib.local.addresses import DEPLOYMENT_TYPE, RESOURCE_GROUP_TYPE, parse
from infra_lib.local.context import Context
from infra_lib.local.deployments.request import known_body, prepare_request, read_request
from infra_lib.local.deployments.runtime import vault_secret
from infra_lib.local.protocol import ServiceError, error_body
from infra_lib.local.providers import generic

_UNCHECKED = (RESOURCE_GROUP_TYPE.lower(), "microsoft.resources/tags", DEPLOYMENT_TYPE.lower())


def inner(context: Context, resource: PreparedResource) -> PreparedDeployment | None:
    """A nested deployment prepared, or None when that needs what only the running deployment knows.

    Raises ServiceError for a nested template that does not hold.
    """
    body = known_body(resource)
    address = parse(resource.id)
    if body is None or (address.resource_group and not context.store.exists(address.group_id.lower())):
        return None
    request = read_request(context, address, body)
    return prepare_request(context, address, request, lambda vault, name, _version: vault_secret(context, vault, name))


def leaves(context: Context, prepared: PreparedDeployment) -> Iterator[PreparedResource]:
    """The resources that a deployment writes, those of nested deployments included as far as they are known."""
    for resource in prepared.resources:
        if resource.existing or not resource.condition:
            continue
        if resource.type.lower() == DEPLOYMENT_TYPE.lower():
            nested = inner(context, resource)
            if nested is not None:
                yield from leaves(context, nested)
        else:
            yield resource


def _written(context: Context, prepared: PreparedDeployment) -> Iterator[PreparedResource]:
    """What a deployment writes, nested deployments included: its own resources, then theirs."""
    within = []
    for resource in prepared.resources:
        if resource.existing or not resource.condition:
            continue
        yield resource
        if resource.type.lower() == DEPLOYMENT_TYPE.lower():
            within.append(inner(context, resource))
    for nested in within:
        if nested is not None:
            yield from _written(context, nested)


def _require_groups(context: Context, prepared: PreparedDeployment) -> None:
    """Refuse a nested deployment to a resource group that does not exist and that nothing in the template can make."""
    if not isinstance(prepared.scope, ResourceGroupScope):
        return
    nested = [parse(item.id) for item in prepared.resources if item.type.lower() == DEPLOYMENT_TYPE.lower() and item.condition]
    if all(address.resource_group for address in nested):
        for address in nested:
            refusals.require_group(context, address)


def _finding(context: Context, resource: PreparedResource) -> dict[str, Any] | None:
    if resource.type.lower() in _UNCHECKED:
        return None
    address = parse(resource.id)
    refusals.require_subscription(context, address)
    refusals.require_registered(context, address)
    try:
        kind = generic.kind_at(context, address)
        existing = context.find(resource.id)
        body = known_body(resource)
        lifecycle.validate(
            context, kind, address, lifecycle.whole_body(kind, body, existing) if body is not None else None, existing
        )
    except ServiceError as error:
        if error.code == "InvalidTemplate":
            raise
        return error_body(error.code, error.message, error.target or address.name, error.details)
    return None


def check(context: Context, name: str, prepared: PreparedDeployment) -> list[str]:
    """The ids of what is to be written. Raises ServiceError InvalidTemplateDeployment with all that the providers refuse."""
    _require_groups(context, prepared)
    findings, ids = [], []
    for resource in _written(context, prepared):
        ids.append(resource.id)
        finding = _finding(context, resource)
        if finding is not None:
            findings.append(finding)
    if findings:
        raise ServiceError(
            400,
            "InvalidTemplateDeployment",
            f"The template deployment '{name}' is not valid according to the validation procedure. "
            f"The tracking id is '{uuid.uuid4()}'. See inner errors for details.",
            details=[
                error_body(
                    "PreflightValidationCheckFailed",
                    "Preflight validation failed. Please refer to the details for the specific errors.",
                    details=findings,
                )
            ],
        )
    return ids
