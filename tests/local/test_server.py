from __future__ import annotations

import http.client
import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from azure.core.exceptions import ClientAuthenticationError
from azure.core.pipeline.policies import SansIOHTTPPolicy
from azure.mgmt.resource.deployments import DeploymentsMgmtClient
from azure.mgmt.resource.resources import ResourceManagementClient
from azure.mgmt.storage import StorageManagementClient
from azure.storage.fileshare import ShareClient

from infra_lib.errors import InputError
from infra_lib.local import LocalResourceManager, Server, serve
from tests.local.conftest import GROUP, LOCATION, template
from tests.local.test_deployments import vault


class Bearer(SansIOHTTPPolicy[Any, Any]):
    """The SDK's own policy sends no token over plain http."""

    def __init__(self, token: str) -> None:
        self.token = token

    def on_request(self, request: Any) -> None:
        request.http_request.headers["Authorization"] = f"Bearer {self.token}"


@pytest.fixture
def server(manager: LocalResourceManager) -> Iterator[Server]:
    with serve(manager) as served:
        yield served


def client(kind: Any, server: Server, token: str | None = None, **options: Any) -> Any:
    credential = server.manager.credential()
    policy = Bearer(token if token is not None else credential.get_token("x").token)
    return kind(
        credential,
        server.manager.subscription_id,
        base_url=server.url,
        authentication_policy=policy,
        polling_interval=0,
        **options,
    )


def test_a_template_is_deployed_and_files_are_exchanged_over_sockets(server: Server) -> None:
    client(ResourceManagementClient, server).resource_groups.create_or_update(GROUP, {"location": LOCATION})
    deployments = client(DeploymentsMgmtClient, server).deployments
    body = {
        "properties": {"mode": "Incremental", "template": template([vault("v1")], outputs={"a": {"type": "int", "value": 1}})}
    }
    done = deployments.begin_create_or_update(GROUP, "main", body).result().as_dict()
    assert done["properties"]["outputs"] == {"a": {"type": "Int", "value": 1}}

    storage = client(StorageManagementClient, server)
    account = {"location": LOCATION, "kind": "StorageV2", "sku": {"name": "Standard_LRS"}}
    made = storage.storage_accounts.begin_create(GROUP, "account1", account).result().as_dict()
    endpoint = made["properties"]["primaryEndpoints"]["file"]
    assert endpoint == f"{server.url}/account1/"
    key = storage.storage_accounts.list_keys(GROUP, "account1").as_dict()["keys"][0]["value"]
    share = ShareClient(endpoint.rstrip("/"), "share1", credential=key)
    share.create_share()
    share.create_directory("a b")
    file = share.get_file_client("a b/ü.bin")
    data = bytes(range(256)) * 40000
    file.upload_file(data, max_concurrency=2)
    assert file.download_file().readall() == data
    file.rename_file("a b/new")
    assert [item.name for item in share.list_directories_and_files("a b")] == ["new"]
    client(ResourceManagementClient, server).resource_groups.begin_delete(GROUP).result()


def test_a_connection_is_kept_for_many_requests(server: Server, manager: LocalResourceManager) -> None:
    parts = urlsplit(server.url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port)
    headers = {"Authorization": f"Bearer {manager.credential().get_token('x').token}"}
    path = f"/subscriptions/{manager.subscription_id}/resourcegroups/{GROUP}?api-version=2025-04-01"
    ports = set()
    for method, body, status in (
        ("HEAD", None, 404),
        ("PUT", {"location": LOCATION}, 201),
        ("HEAD", None, 204),
        ("GET", None, 200),
    ):
        connection.request(method, path, json.dumps(body) if body else None, headers)
        response = connection.getresponse()
        response.read()
        assert response.status == status
        assert connection.sock is not None
        ports.add(connection.sock.getsockname())
    assert len(ports) == 1
    connection.close()


def test_a_token_of_somebody_else_is_refused(server: Server) -> None:
    for token, code in (("made-up", "InvalidAuthenticationToken"), ("local.1.00", "InvalidAuthenticationToken")):
        with pytest.raises(ClientAuthenticationError) as caught:
            client(ResourceManagementClient, server, token).resource_groups.get(GROUP)
        assert caught.value.status_code == 401
        assert caught.value.error.code == code


def test_https_with_a_certificate_of_its_own(
    manager: LocalResourceManager, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("INFRA_CONFIG_HOME", str(tmp_path))
    with serve(manager, tls=True) as server:
        assert server.url.startswith("https://127.0.0.1:")
        assert (tmp_path / "loopback.key").stat().st_mode & 0o777 == 0o600
        clients = ResourceManagementClient(
            manager.credential(), manager.subscription_id, base_url=server.url, connection_verify=str(server.certificate)
        )
        assert clients.resource_groups.create_or_update(GROUP, {"location": LOCATION}).name == GROUP


def test_only_loopback_is_served_and_a_taken_port_is_said(manager: LocalResourceManager, server: Server) -> None:
    with pytest.raises(InputError, match="loopback only"):
        serve(manager, "0.0.0.0")
    with pytest.raises(InputError, match="cannot be served"):
        serve(manager, port=int(server.url.rsplit(":", 1)[1]))
