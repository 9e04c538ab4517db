"""Deleting resources, one after the other, and finding what uses them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from infra_lib.deploy.failures import failure

if TYPE_CHECKING:
    from infra_lib.deploy.target import Target


@dataclass(frozen=True, slots=True, kw_only=True)
class EnvironmentUser:
    """A container app or job: the id of its environment, and the names of the environment's storages that it mounts."""

    id: str
    environment_id: str
    storages: frozenset[str]

    def uses(self, resource_id: str) -> bool:
        """Whether it is in the managed environment of that id, or mounts the environment's storage of that id."""
        environment = self.environment_id.lower()
        return resource_id.lower() in {environment, *(f"{environment}/storages/{name.lower()}" for name in self.storages)}


def environment_users(target: Target, resource_groups: Iterable[str]) -> list[EnvironmentUser]:
    """The container apps and jobs of the subscription, which may be in other resource groups than their environment.

    Where the subscription may not be listed, those of ``resource_groups``. Raises DeploymentError.
    """
    from azure.core.exceptions import HttpResponseError

    clients: Any = target.container_apps
    found: list[Any] = []
    for kind, client in (("container apps", clients.container_apps), ("jobs", clients.jobs)):
        try:
            try:
                found.extend(client.list_by_subscription())
            except HttpResponseError as error:
                if error.status_code != 403:
                    raise
                for name in resource_groups:
                    found.extend(client.list_by_resource_group(name))
        except HttpResponseError as error:
            raise failure(error, f"listing the {kind} of {target.name}") from error
    return [_environment_user(item) for item in found]


def _environment_user(item: Any) -> EnvironmentUser:
    properties = item.properties
    environment = properties.environment_id or getattr(properties, "managed_environment_id", None)
    volumes = (properties.template.volumes if properties.template is not None else None) or []
    return EnvironmentUser(
        id=str(item.id),
        environment_id=str(environment or ""),
        storages=frozenset(str(volume.storage_name) for volume in volumes if volume.storage_name),
    )


def delete_resource(target: Target, resource_id: str, api_version: str) -> bool:
    """Delete a resource and wait until it is gone; one that does not exist is fine.

    False for a resource that the service does not let anybody delete by itself. Raises DeploymentError.
    """
    from azure.core.exceptions import HttpResponseError, ResourceNotFoundError

    try:
        target.resources.resources.begin_delete_by_id(resource_id, api_version=api_version, polling_interval=5).result()
    except ResourceNotFoundError:
        return True
    except HttpResponseError as error:
        if error.status_code == 405:
            return False
        raise failure(error, f"deleting {resource_id}") from error
    return True


def delete_resource_group(target: Target, name: str) -> bool:
    """Delete a resource group if nothing is left in it; False when something is. Raises DeploymentError."""
    from azure.core.exceptions import HttpResponseError, ResourceNotFoundError

    try:
        if next(iter(target.resources.resources.list_by_resource_group(name)), None) is not None:
            return False
        target.resources.resource_groups.begin_delete(name, polling_interval=5).result()
    except ResourceNotFoundError:
        return True
    except HttpResponseError as error:
        raise failure(error, f"deleting resource group '{name}'") from error
    return True
