"""What a deployment's expressions read, answered from live state: for outputs when nothing had to be deployed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from infra_lib.deploy.failures import failure
from infra_lib.deploy.wire import raw_body
from infra_lib.errors import DeploymentError

if TYPE_CHECKING:
    from azure.core.rest import HttpRequest

    from infra_lib.deploy.target import Target


class LiveRuntime:
    """Answers the engine's :class:`~infra_lib.arm.deployment.Runtime` through the SDK. Every resource is read once.

    Raises DeploymentError for what cannot be read.
    """

    def __init__(self, target: Target, bodies: dict[str, Any] | None = None) -> None:
        self._target = target
        self._bodies = dict(bodies or {})

    def reference(self, resource_id: str, api_version: str | None, full: bool) -> Any:
        """The live resource: its ``properties``, or with ``full`` all of it."""
        key = resource_id.lower()
        if key not in self._bodies:
            self._bodies[key] = self._read(resource_id, api_version)
        body = self._bodies[key]
        return body if full else body.get("properties", {})

    def list(self, function: str, resource_id: str, api_version: str, body: Any) -> Any:
        """The answer of a POST action on the live resource."""
        from azure.core.rest import HttpRequest

        request = HttpRequest("POST", f"{resource_id}/{function}", params={"api-version": api_version}, json=body)
        return self._send(request, f"calling {function} of {resource_id}")

    def provider(self, namespace: str, resource_type: str | None) -> Any:
        """A resource provider, or one of its types."""
        from azure.core.exceptions import HttpResponseError

        try:
            found: dict[str, Any] = self._target.resources.providers.get(namespace).as_dict()
        except HttpResponseError as error:
            raise failure(error, f"reading resource provider {namespace}") from error
        if resource_type is None:
            return found
        kinds = found.get("resourceTypes") or []
        return next((item for item in kinds if str(item.get("resourceType")).lower() == resource_type.lower()), {})

    def secret(self, vault_id: str, secret_name: str, secret_version: str | None) -> str:
        """Refused: a vault's secrets are read by Resource Manager, never here."""
        raise DeploymentError(f"Secret '{secret_name}' of {vault_id} is known to a deployment alone.")

    def _read(self, resource_id: str, api_version: str | None) -> dict[str, Any]:
        from azure.core.exceptions import HttpResponseError

        if api_version is None:
            raise DeploymentError(f"reference() of {resource_id} names no API version.")
        try:
            body: Any = self._target.resources.resources.get_by_id(
                resource_id, api_version=api_version, cls=raw_body
            )
        except HttpResponseError as error:
            raise failure(error, f"reading {resource_id}") from error
        return body if isinstance(body, dict) else {}

    def _send(self, request: HttpRequest, doing: str) -> Any:
        from azure.core.exceptions import HttpResponseError

        response = self._target.resources.send_request(_absolute(request, self._target.endpoint))
        try:
            response.raise_for_status()
        except HttpResponseError as error:
            raise failure(error, doing) from error
        return response.json()


def _absolute(request: HttpRequest, endpoint: str) -> HttpRequest:
    if request.url.startswith("/"):
        request.url = endpoint.rstrip("/") + request.url
    return request
