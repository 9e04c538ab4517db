"""A deployment as it is asked for: read off a request, checked, and prepared by the engine."""

from __future__ import annotations

import random
import re
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from infra_lib.arm.clouds import ENVIRONMENTS, PUBLIC_CLOUD
from infra_lib.arm.deployment import PreparedDeployment, PreparedResource, prepare
from infra_lib.arm.scopes import ManagementGroupScope, ResourceGroupScope, Scope, SubscriptionScope, TenantScope
from infra_lib.arm.template_hash import template_hash
from infra_lib.errors import InputError, TemplateError
from infra_lib.local import locations, refusals
from infra_lib.local.addresses import Address
from infra_lib.local.context import TENANT_ID, Context
from infra_lib.local.deployments.runtime import BlindRuntime, NotYetKnownError
from infra_lib.local.protocol import ServiceError
from infra_lib.local.providers.resources import subscription_body, tenant_body

MODES = ("Incremental", "Complete")
_UNKNOWN_STATE = re.compile(r"has no property .*\breference\(", re.IGNORECASE | re.DOTALL)
_STATE_HINT = (
    "A resource of the local target has what was written to it and few of the properties that Azure adds; "
    "docs/local-coverage.md lists the types that have some."
)
_NAME = re.compile(r"[-\w._()]{1,64}")
_MANAGEMENT_GROUPS = "/providers/microsoft.management/managementgroups/"


@dataclass(frozen=True, slots=True, kw_only=True)
class DeploymentRequest:
    """What a deployment is made of: plain data, so that it can be kept and prepared again."""

    name: str
    location: str | None
    tags: dict[str, str] | None
    mode: str
    template: dict[str, Any]
    parameters: dict[str, Any]
    started: float
    seed: str

    def to_dict(self) -> dict[str, Any]:
        """The fields by name."""
        return {name: getattr(self, name) for name in self.__slots__}


def read_request(context: Context, address: Address, body: dict[str, Any]) -> DeploymentRequest:
    """The deployment that a body asks for. Raises ServiceError for one that is not well formed."""
    properties = body.get("properties")
    if not isinstance(properties, dict):
        raise ServiceError(400, "InvalidRequestContent", "The request content needs 'properties', with a template.")
    if not _NAME.fullmatch(address.name):
        raise ServiceError(
            400,
            "InvalidDeploymentName",
            f"The deployment name '{address.name}' is invalid: up to 64 letters, digits, '-', '.', '_', '(' and ')'.",
        )
    for link in ("templateLink", "parametersLink"):
        if properties.get(link):
            raise ServiceError(
                400,
                "InvalidContentLink",
                f"The deployment '{address.name}' has a {link}. The local target downloads nothing; put the content "
                "into the request.",
            )
    template, parameters = properties.get("template"), properties.get("parameters") or {}
    if not isinstance(template, dict):
        raise ServiceError(
            400, "InvalidRequestContent", f"The deployment '{address.name}' needs properties.template, a JSON object."
        )
    if not isinstance(parameters, dict):
        raise ServiceError(400, "InvalidRequestContent", "properties.parameters must be an object of parameters.")
    # A whole parameter file is taken for its section, as clients send both.
    if "$schema" in parameters and isinstance(parameters.get("parameters"), dict):
        parameters = parameters["parameters"]
    mode = properties.get("mode", "Incremental")
    if str(mode).lower() not in {name.lower() for name in MODES}:
        raise ServiceError(400, "InvalidDeploymentMode", f"The deployment mode '{mode}' is not one of {', '.join(MODES)}.")
    location = _location(address, body)
    if str(mode).lower() == "complete" and not address.resource_group:
        raise ServiceError(400, "InvalidDeploymentMode", "The mode Complete is for deployments to a resource group.")
    return DeploymentRequest(
        name=address.name,
        location=location,
        tags=body.get("tags"),
        mode="Complete" if str(mode).lower() == "complete" else "Incremental",
        template=template,
        parameters=parameters,
        started=context.now,
        seed=uuid.uuid4().hex,
    )


def _location(address: Address, body: dict[str, Any]) -> str | None:
    location = body.get("location")
    if address.resource_group:
        if location:
            raise ServiceError(
                400, "InvalidDeployment", f"The 'location' property is not allowed for '{address.name}' at resource group scope."
            )
        return None
    if not location:
        raise ServiceError(
            400,
            "InvalidDeployment",
            f"The 'location' property must be specified for '{address.name}'. Please see "
            "https://aka.ms/deploy-to-subscription for usage details.",
        )
    if not locations.is_known(str(location)):
        raise ServiceError(
            400,
            "LocationNotAvailableForDeployment",
            f"The provided location '{location}' is not available for deployment. List of available regions is "
            f"'{','.join(locations.DISPLAY_NAMES)}'.",
        )
    return locations.normalize(str(location))


def scope_of(context: Context, address: Address, request: DeploymentRequest) -> tuple[Scope, dict[str, Any]]:
    """The scope that a deployment is at, and what functions such as resourceGroup() give there."""
    objects: dict[str, Any] = {"tenant": tenant_body(), "environment": ENVIRONMENTS[PUBLIC_CLOUD]}
    objects["deployer"] = {
        "objectId": context.guid("deployer", "object"),
        "tenantId": TENANT_ID,
        "userPrincipalName": "deployer@local",
    }
    deployment: dict[str, Any] = {
        "name": request.name,
        "properties": {
            "template": request.template,
            "templateHash": hash_of(request.template),
            "parameters": {},
            "mode": request.mode,
            "provisioningState": "Accepted",
        },
    }
    if request.location:
        deployment["location"] = request.location
    objects["deployment"] = deployment
    common = {"tenant_id": TENANT_ID, "deployment_name": request.name}
    if address.subscription:
        objects["subscription"] = {
            name: value
            for name, value in subscription_body(address.subscription).items()
            if name in ("id", "subscriptionId", "tenantId", "displayName")
        }
    if address.resource_group:
        group = refusals.require_group(context, address)
        body = {"tags": {}, **group.body, "properties": {"provisioningState": "Succeeded"}} if group is not None else {}
        objects["resourceGroup"] = body
        # The id as the client wrote it: names in ids keep the casing of the request.
        return (
            ResourceGroupScope(
                subscription_id=address.subscription, resource_group=body["name"], location=body["location"], **common
            ),
            objects,
        )
    if address.subscription:
        return SubscriptionScope(subscription_id=address.subscription, location=request.location, **common), objects
    if _MANAGEMENT_GROUPS in f"{address.scope.lower()}/":
        name = address.scope.rsplit("/", 1)[1]
        objects["managementGroup"] = {
            "id": f"/providers/Microsoft.Management/managementGroups/{name}",
            "name": name,
            "type": "/providers/Microsoft.Management/managementGroups",
            "properties": {"tenantId": TENANT_ID, "displayName": name},
        }
        return ManagementGroupScope(management_group=name, location=request.location, **common), objects
    return TenantScope(location=request.location, **common), objects


def prepare_request(
    context: Context, address: Address, request: DeploymentRequest, secret: Callable[[str, str, str | None], str]
) -> PreparedDeployment:
    """Hand the request to the engine. Raises ServiceError InvalidTemplate for a template or parameters that do not hold."""
    scope, objects = scope_of(context, address, request)
    source = random.Random(request.seed)
    try:
        return prepare(
            request.template,
            request.parameters,
            scope,
            context=objects,
            now=datetime.fromtimestamp(request.started, UTC),
            new_guid=lambda: str(uuid.UUID(int=source.getrandbits(128), version=4)),
            secret=secret,
        )
    except TemplateError as error:
        raise invalid_template(error) from error
    except InputError as error:
        raise ServiceError(400, "InvalidTemplate", f"Deployment template validation failed: '{error}'.") from error


def known_body(resource: PreparedResource) -> dict[str, Any] | None:
    """The body of a resource, or None when it needs what only the running deployment knows."""
    try:
        return resource.body(BlindRuntime())
    except NotYetKnownError:
        return None
    except TemplateError as error:
        raise invalid_template(error) from error


def invalid_template(error: TemplateError) -> ServiceError:
    """The service's refusal of a template, with the places of what is wrong."""
    findings = [finding for finding in error.diagnostics if finding.is_error] or list(error.diagnostics)
    text = " ".join(finding.message for finding in findings) or str(error)
    hint = f" {_STATE_HINT}" if any(_UNKNOWN_STATE.search(finding.message) for finding in findings) else ""
    violations = [
        {
            "type": "TemplateViolation",
            "info": {"lineNumber": finding.line or 0, "linePosition": finding.column or 0, "path": finding.pointer or ""},
        }
        for finding in findings
    ]
    return ServiceError(
        400, "InvalidTemplate", f"Deployment template validation failed: '{text}'.{hint}", additional_info=violations
    )


def hash_of(template: dict[str, Any]) -> str:
    """The hash that the template carries, where a compiler wrote one, else the one that it would write."""
    generator = (template.get("metadata") or {}).get("_generator") if isinstance(template.get("metadata"), dict) else None
    if isinstance(generator, dict) and isinstance(generator.get("templateHash"), str):
        return str(generator["templateHash"])
    return template_hash(template)
