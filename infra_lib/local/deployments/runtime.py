"""What templates ask a running deployment: reference(), listKeys() and their like, answered through the service itself."""

from __future__ import annotations

import json
from typing import Any

from infra_lib.local import refusals
from infra_lib.local.addresses import DEPLOYMENT_TYPE, parse
from infra_lib.local.context import Context
from infra_lib.local.protocol import Call, ServiceError
from infra_lib.local.providers.resources import provider_body

_DEFAULT_VERSION = "2025-04-01"


def vault_secret(context: Context, vault_id: str, name: str) -> str:
    """The value of a Key Vault secret of the local target. Raises ServiceError when there is none."""
    record = context.store.get(f"{parse(vault_id).key}/secrets/{name.lower()}")
    value = ((record.private.get("input") or {}).get("properties") or {}).get("value") if record is not None else None
    if not isinstance(value, str):
        raise ServiceError(
            400,
            "KeyVaultParameterReferenceNotFound",
            f"The secret of KeyVault parameter '{name}' was not found: '{vault_id}' on the local target has no such secret. "
            "Deploy it as Microsoft.KeyVault/vaults/secrets.",
        )
    return value


class LiveRuntime:
    """Answers from the state of the service. Raises ServiceError for what does not exist or is not supported."""

    def __init__(self, context: Context, call: Call) -> None:
        self._context = context
        self._call = call

    def reference(self, resource_id: str, api_version: str | None, full: bool) -> Any:
        """A resource's properties, or all of it."""
        address = parse(resource_id)
        if address.type.lower() == DEPLOYMENT_TYPE.lower():
            body = self._deployment(resource_id)
        else:
            record = self._context.find(resource_id)
            if record is None:
                raise refusals.not_found(address)
            version = api_version or str(record.private.get("api_version") or _DEFAULT_VERSION)
            body = self._context.dispatch("GET", resource_id, self._call, api_version=version).body
        if not full:
            return body.get("properties", {})
        return {
            "apiVersion": api_version,
            "subscriptionId": address.subscription,
            "resourceGroupName": address.resource_group,
            "resourceId": resource_id,
            **body,
        }

    def _deployment(self, resource_id: str) -> dict[str, Any]:
        record = self._context.store.get(parse(resource_id).key)
        if record is None:
            raise ServiceError(404, "DeploymentNotFound", f"Deployment '{parse(resource_id).name}' could not be found.")
        return {**record.body, "properties": {**record.properties, "outputs": record.private.get("outputs", {})}}

    def list(self, function: str, resource_id: str, api_version: str, body: Any) -> Any:
        """The answer of a POST action."""
        content = json.dumps(body).encode() if body is not None else b""
        return self._context.dispatch("POST", f"{resource_id}/{function}", self._call, content, api_version).body

    def provider(self, namespace: str, resource_type: str | None) -> Any:
        """A resource provider, or one of its types."""
        body = provider_body(self._context, namespace)
        if body is None:
            raise ServiceError(404, "InvalidResourceNamespace", f"The resource namespace '{namespace}' is invalid.")
        if resource_type is None:
            return body
        for entry in body["resourceTypes"]:
            if entry["resourceType"].lower() == resource_type.lower():
                return entry
        raise ServiceError(
            404, "InvalidResourceType", f"The resource type '{resource_type}' could not be found in the namespace '{namespace}'."
        )

    def secret(self, vault_id: str, secret_name: str, _secret_version: str | None) -> str:
        """The value of a Key Vault secret."""
        return vault_secret(self._context, vault_id, secret_name)


class NotYetKnownError(Exception):
    """The value depends on the deployment's running."""


class BlindRuntime:
    """Before a deployment begins: nothing that only it could answer is known."""

    def reference(self, resource_id: str, api_version: str | None, full: bool) -> Any:
        """Not known yet."""
        raise NotYetKnownError(resource_id)

    def list(self, function: str, resource_id: str, api_version: str, body: Any) -> Any:
        """Not known yet."""
        raise NotYetKnownError(resource_id)

    def provider(self, namespace: str, resource_type: str | None) -> Any:
        """Not known yet."""
        raise NotYetKnownError(namespace)

    def secret(self, vault_id: str, secret_name: str, secret_version: str | None) -> str:
        """Not known yet."""
        raise NotYetKnownError(vault_id)
