"""What tests that run containers' commands share."""

from __future__ import annotations

import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import pytest

from infra_lib.local.replicas.isolation import IsolationError, find_isolation
from tests.local.conftest import GROUP, Clients

T = TypeVar("T")
PORT = 7860
SERVE = f"python3 -m http.server {PORT}"
READINESS = {"type": "Readiness", "httpGet": {"path": "/", "port": PORT}, "initialDelaySeconds": 60}


def isolation_reason() -> str:
    """Why commands cannot be run on this machine; empty when they can."""
    try:
        return "" if find_isolation().network else "this machine allows no network namespaces"
    except IsolationError as error:
        return str(error)


needs_namespaces = pytest.mark.skipif(bool(isolation_reason()), reason=isolation_reason() or "they are there")


def eventually(look: Callable[[], T], *, seconds: float = 10.0) -> T:
    """What ``look`` gives as soon as that is true."""
    until = time.monotonic() + seconds
    while not (found := look()):
        assert time.monotonic() < until, f"not within {seconds} s: {found!r}"
        time.sleep(0.02)
    return found


def get(url: str, path: str = "/") -> tuple[int, str]:
    """Status and text of a GET, 0 where nothing answers."""
    try:
        with urllib.request.urlopen(f"{url}{path}", timeout=5) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()
    except OSError as error:
        return 0, str(error)


class World:
    """An environment with a share, in which apps and jobs run."""

    port = PORT

    def __init__(self, clients: Clients) -> None:
        self.clients = clients
        clients.group()
        clients.account()
        clients.storage.file_shares.create(GROUP, "account1", "share1", {})
        clients.environment()
        azure_file = {
            "accountName": "account1",
            "accountKey": clients.account_key(),
            "shareName": "share1",
            "accessMode": "ReadWrite",
        }
        storage = clients.id("Microsoft.App/managedEnvironments/env1/storages/st1")
        clients.put(storage, {"properties": {"azureFile": azure_file}}, "2024-03-01")
        self.share: Path = clients.manager._store.share_folder("account1", "share1")

    def container(self, command: str, **more: Any) -> dict[str, Any]:
        return {
            "name": "main",
            "image": "example.org/app:1",
            "command": ["/bin/bash", "-c", command],
            "volumeMounts": [{"volumeName": "v", "mountPath": "/mount"}],
            **more,
        }

    def template(self, *containers: dict[str, Any], **more: Any) -> dict[str, Any]:
        volumes = [{"name": "v", "storageType": "AzureFile", "storageName": "st1"}, {"name": "empty", "storageType": "EmptyDir"}]
        return {"containers": list(containers), "volumes": volumes, **more}

    def app(self, command: str = SERVE, name: str = "app1", *, mode: str = "Single", **more: Any) -> App:
        container = self.container(command, probes=[READINESS], **more)
        return self.app_of(self.template(container, scale={"minReplicas": 1, "maxReplicas": 2}), name, mode=mode)

    def app_of(self, template: dict[str, Any], name: str = "app1", *, mode: str = "Single", **configuration: Any) -> App:
        ingress = {"ingress": {"targetPort": self.port, "external": True}, "activeRevisionsMode": mode, **configuration}
        made = self.clients.app(name, template=template, configuration=ingress)
        return App(self, name, f"http://{made.properties.configuration.ingress.fqdn}")

    def job(self, command: str, **configuration: Any) -> Any:
        body = {
            "location": "westus",
            "properties": {
                "environmentId": self.clients.id("Microsoft.App/managedEnvironments/env1"),
                "configuration": {"triggerType": "Manual", "replicaTimeout": 60, **configuration},
                "template": self.template(self.container(command)),
            },
        }
        return self.clients.apps.jobs.begin_create_or_update(GROUP, "job1", body).result()

    def run(self, template: Any = None) -> str:
        return str(self.clients.apps.jobs.begin_start(GROUP, "job1", template).result().name)

    def execution(self, name: str) -> Any:
        return self.clients.apps.job_execution(GROUP, "job1", name)

    def ended(self, name: str) -> str:
        def status() -> str:
            found = str(self.execution(name).properties.status.value)
            return found if found != "Running" else ""

        return eventually(status)


class App:
    """An app of a world."""

    def __init__(self, world: World, name: str, url: str) -> None:
        self.world = world
        self.name = name
        self.url = url
        self.apps = world.clients.apps

    @property
    def revision(self) -> str:
        return str(self.apps.container_apps.get(GROUP, self.name).properties.latest_revision_name)

    def restart(self) -> None:
        self.apps.container_apps_revisions.restart_revision(GROUP, self.name, self.revision)

    def replicas(self, revision: str | None = None) -> list[Any]:
        return list(self.apps.container_apps_revision_replicas.list_replicas(GROUP, self.name, revision or self.revision).value)

    def ready(self) -> list[Any]:
        return [item for item in self.replicas() if all(container.ready for container in item.properties.containers)]

    def deploy(self) -> Any:
        """Restart, and wait until a replica is ready that was not there before."""
        before = {item.name for item in self.replicas()}
        self.restart()
        return eventually(lambda: [item for item in self.ready() if item.name not in before])[0]

    def details(self) -> str:
        return "".join(str(item.properties.running_state_details or "") for item in self.replicas())
