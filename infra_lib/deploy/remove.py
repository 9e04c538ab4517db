"""Deleting resources, one after the other."""

from __future__ import annotations

from typing import TYPE_CHECKING

from infra_lib.deploy.failures import failure

if TYPE_CHECKING:
    from infra_lib.deploy.target import Target


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
