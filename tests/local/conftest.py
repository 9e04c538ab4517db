"""Real SDK clients on the embedded Resource Manager; nothing is mocked."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from azure.core.rest import HttpRequest
from azure.mgmt.appcontainers import ContainerAppsAPIClient
from azure.mgmt.resource.deployments import DeploymentsMgmtClient
from azure.mgmt.resource.resources import ResourceManagementClient
from azure.mgmt.storage import StorageManagementClient

from infra_lib.local import LocalResourceManager

GROUP = "rg-test"
LOCATION = "westus"


class Clients:
    """The management clients of one manager, and short ways to what most tests need."""

    def __init__(self, manager: LocalResourceManager) -> None:
        self.manager = manager
        options: dict[str, Any] = {"base_url": manager.base_url, "transport": manager.transport()}
        arguments = (manager.credential(), manager.subscription_id)
        self.resources = ResourceManagementClient(*arguments, **options)
        self.deployments = DeploymentsMgmtClient(*arguments, **options)
        self.storage = StorageManagementClient(*arguments, **options)
        self.apps = ContainerAppsAPIClient(*arguments, **options)
        self.group_id = f"/subscriptions/{manager.subscription_id}/resourceGroups/{GROUP}"

    def group(self, name: str = GROUP, location: str = LOCATION) -> Any:
        return self.resources.resource_groups.create_or_update(name, {"location": location})

    def id(self, *path: str) -> str:
        return f"{self.group_id}/providers/" + "/".join(path)

    def raw(
        self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None, version: str = "2024-01-01"
    ) -> Any:
        """One request straight to the transport, without the SDK's policies; the response."""
        token = self.manager.credential().get_token("x").token
        url = f"{self.manager.base_url}{path}{'&' if '?' in path else '?'}api-version={version}"
        sent = {"Authorization": f"Bearer {token}", **(headers or {})}
        return self.manager.transport().send(HttpRequest(method, url, headers=sent, json=body))

    def put(self, resource_id: str, body: dict[str, Any], version: str = "2024-01-01") -> dict[str, Any]:
        poller = self.resources.resources.begin_create_or_update_by_id(resource_id, api_version=version, parameters=body)
        return poller.result().as_dict()

    def get(self, resource_id: str, version: str = "2024-01-01") -> dict[str, Any]:
        return self.resources.resources.get_by_id(resource_id, api_version=version).as_dict()

    def deploy(self, template: dict[str, Any], parameters: dict[str, Any] | None = None, name: str = "main", **more: Any) -> Any:
        return self.begin(template, parameters, name, **more).result()

    def begin(self, template: dict[str, Any], parameters: dict[str, Any] | None = None, name: str = "main", **more: Any) -> Any:
        values = {key: {"value": value} for key, value in (parameters or {}).items()}
        properties = {"mode": "Incremental", "template": template, "parameters": values, **more}
        return self.deployments.deployments.begin_create_or_update(GROUP, name, {"properties": properties})

    def account(self, name: str = "account1", **more: Any) -> Any:
        body = {"location": LOCATION, "kind": "StorageV2", "sku": {"name": "Standard_LRS"}, **more}
        return self.storage.storage_accounts.begin_create(GROUP, name, body).result()

    def account_key(self, name: str = "account1") -> str:
        return str(self.storage.storage_accounts.list_keys(GROUP, name).as_dict()["keys"][0]["value"])

    def environment(self, name: str = "env1", **properties: Any) -> Any:
        body = {"location": LOCATION, "properties": {"workloadProfiles": [consumption()], **properties}}
        return self.apps.managed_environments.begin_create_or_update(GROUP, name, body).result()

    def app_body(self, **changes: Any) -> dict[str, Any]:
        properties = {
            "environmentId": self.id("Microsoft.App/managedEnvironments/env1"),
            "configuration": {"ingress": {"targetPort": 7860, "external": True}},
            "template": {
                "containers": [{"name": "main", "image": "example.org/app:1"}],
                "scale": {"minReplicas": 1, "maxReplicas": 2},
            },
        }
        return {"location": LOCATION, "properties": {**properties, **changes}}

    def app(self, name: str = "app1", **changes: Any) -> Any:
        return self.apps.container_apps.begin_create_or_update(GROUP, name, self.app_body(**changes)).result()


def consumption() -> dict[str, Any]:
    return {"name": "Consumption", "workloadProfileType": "Consumption"}


def template(resources: Any, **sections: Any) -> dict[str, Any]:
    """An ARM template for a resource group; symbolic when ``resources`` is an object."""
    head: dict[str, Any] = {"$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#"}
    if isinstance(resources, dict):
        head["languageVersion"] = "2.0"
    return {**head, "contentVersion": "1.0.0.0", **sections, "resources": resources}


@pytest.fixture
def manager() -> Iterator[LocalResourceManager]:
    with LocalResourceManager() as made:
        yield made


@pytest.fixture
def clients(manager: LocalResourceManager) -> Clients:
    made = Clients(manager)
    made.group()
    return made


@pytest.fixture
def paced() -> Iterator[Clients]:
    """Every operation takes five seconds of virtual time."""
    with LocalResourceManager(pace=5, virtual_time=True) as made:
        clients = Clients(made)
        clients.group()
        yield clients


@pytest.fixture
def stored(tmp_path: Path) -> Iterator[Callable[..., Clients]]:
    """Opens the store of one folder, as often as a test asks for."""
    opened: list[LocalResourceManager] = []

    def open_store(**options: Any) -> Clients:
        made = LocalResourceManager(tmp_path / ".infra", key_file=tmp_path / "config" / "local.key", **options)
        opened.append(made)
        return Clients(made)

    yield open_store
    for made in opened:
        made.close()
