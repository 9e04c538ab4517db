from __future__ import annotations

import os
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from azure.core.exceptions import ClientAuthenticationError, HttpResponseError, ResourceNotFoundError

from infra_lib.errors import InfraError
from infra_lib.local import LocalResourceManager
from infra_lib.local.coverage import coverage_text
from tests.local.conftest import GROUP, LOCATION, Clients

DOCS = Path(__file__).parents[2] / "docs"


def refusal(action: Callable[[], Any]) -> Any:
    with pytest.raises(HttpResponseError) as caught:
        action()
    return caught.value.error


# ---------------------------------------------------------------------------------------------- any resource


def test_any_type_is_kept_as_it_is_written(clients: Clients) -> None:
    path = clients.id("Microsoft.Network/virtualNetworks/vnet1")
    body = {"location": "West US", "tags": {"a": "b"}, "properties": {"addressSpace": {"addressPrefixes": ["10.0.0.0/16"]}}}
    clients.put(path, body)
    held = clients.get(path.upper().replace("/SUBSCRIPTIONS", "/subscriptions"))
    assert held["name"] == "vnet1"
    assert held["type"] == "Microsoft.Network/virtualNetworks"
    assert held["properties"]["addressSpace"] == body["properties"]["addressSpace"]
    assert held["properties"]["provisioningState"] == "Succeeded"
    replaced = clients.put(path, {"location": "westus", "properties": {}})
    assert "tags" not in replaced
    assert "addressSpace" not in replaced["properties"]
    assert clients.resources.resources.check_existence_by_id(path, api_version="2024-01-01")
    clients.resources.resources.begin_delete_by_id(path, api_version="2024-01-01").result()
    assert not clients.resources.resources.check_existence_by_id(path, api_version="2024-01-01")
    clients.resources.resources.begin_delete_by_id(path, api_version="2024-01-01").result()


def test_the_sdk_takes_the_sign_in_of_an_app_that_is_written_for_the_first_time(clients: Clients) -> None:
    clients.environment()
    clients.app()
    sign_in: Any = {"properties": {"platform": {"enabled": True}}}
    made = clients.apps.container_apps_auth_configs.create_or_update(GROUP, "app1", "current", sign_in)
    assert made.name == "current"


def test_children_need_their_parent_and_go_with_it(clients: Clients) -> None:
    vault = clients.id("Microsoft.KeyVault/vaults/v1")
    assert refusal(lambda: clients.put(f"{vault}/keys/k1", {"properties": {}})).code == "ParentResourceNotFound"
    clients.put(vault, {"location": LOCATION, "properties": {}})
    clients.put(f"{vault}/keys/k1", {"properties": {}})
    assert clients.get(vault)["properties"]["vaultUri"] == "https://v1.vault.azure.net/"
    clients.resources.resources.begin_delete_by_id(vault, api_version="2024-01-01").result()
    with pytest.raises(ResourceNotFoundError):
        clients.get(f"{vault}/keys/k1")


def test_extension_resources_on_resources_groups_and_subscriptions(clients: Clients) -> None:
    account = clients.account().id
    for scope in (account, clients.group_id, f"/subscriptions/{clients.manager.subscription_id}"):
        role = f"{scope}/providers/Microsoft.Authorization/roleAssignments/11111111-1111-1111-1111-111111111111"
        clients.put(role, {"properties": {"principalId": "p", "roleDefinitionId": "r"}})
        assert clients.get(role)["properties"]["principalId"] == "p"
    missing = clients.id("Microsoft.Storage/storageAccounts/none") + "/providers/Microsoft.Authorization/roleAssignments/x"
    assert refusal(lambda: clients.put(missing, {"properties": {}})).code == "ResourceNotFound"


def test_identities_have_principals(clients: Clients) -> None:
    user = clients.put(clients.id("Microsoft.ManagedIdentity/userAssignedIdentities/id1"), {"location": LOCATION})
    assert {"principalId", "clientId", "tenantId"} <= set(user["properties"])
    site = clients.put(
        clients.id("Microsoft.Web/sites/s1"), {"location": LOCATION, "identity": {"type": "SystemAssigned"}, "properties": {}}
    )
    assert site["identity"]["principalId"]


def test_secrets_of_any_type_are_not_shown(clients: Clients) -> None:
    body = {"location": LOCATION, "properties": {"administratorLogin": "me", "administratorLoginPassword": "hush"}}
    path = clients.id("Microsoft.Sql/servers/s1")
    assert "hush" not in str(clients.put(path, body))
    fingerprints = clients.manager.secret_fingerprints(path)
    assert fingerprints == {"/properties/administratorLoginPassword": clients.manager.fingerprint("hush")}


@pytest.mark.parametrize(
    ("path", "body", "code"),
    [
        ("Microsoft.Storag/storageAccounts/a", {"location": LOCATION}, "InvalidResourceNamespace"),
        ("Microsoft.App/containerApp/a", {"location": LOCATION}, "NoRegisteredProviderFound"),
        ("Microsoft.KeyVault/vaults/v", {}, "LocationRequired"),
        ("Microsoft.KeyVault/vaults/v", {"location": LOCATION, "properties": []}, "InvalidRequestContent"),
        ("Microsoft.KeyVault/vaults/v", {"location": LOCATION, "tags": {"a": {}}}, "InvalidRequestContent"),
        ("Microsoft.KeyVault/vaults/v", {"location": LOCATION, "tags": {str(n): "" for n in range(51)}}, "TooManyTags"),
    ],
)
def test_a_bad_resource_is_refused(clients: Clients, path: str, body: dict[str, Any], code: str) -> None:
    assert clients.raw("PUT", clients.id(path), body).json()["error"]["code"] == code


# ---------------------------------------------------------------------------------------------- the door


def test_what_is_not_supported_is_named(clients: Clients) -> None:
    clients.account()
    reply = clients.raw("POST", clients.id("Microsoft.Storage/storageAccounts/account1/failover"))
    assert reply.status_code == 404
    assert "failover" in reply.json()["error"]["message"]
    assert "listKeys" in reply.json()["error"]["message"]
    assert clients.raw("POST", "/nowhere/at/all").json()["error"]["code"] == "UnsupportedOperation"


def test_every_request_needs_an_api_version_and_a_known_subscription(clients: Clients) -> None:
    assert clients.raw("GET", clients.group_id, version="").json()["error"]["code"] == "MissingApiVersionParameter"
    assert clients.raw("GET", clients.group_id, version="tomorrow").json()["error"]["code"] == "InvalidApiVersionParameter"
    other = "/subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/x"
    assert clients.raw("GET", other).json()["error"]["code"] == "SubscriptionNotFound"


def test_a_body_that_is_no_json_object_is_refused(clients: Clients) -> None:
    reply = clients.raw("PUT", clients.id("Microsoft.KeyVault/vaults/v"), [1])
    assert (reply.status_code, reply.json()["error"]["code"]) == (400, "InvalidRequestContent")


def test_paths_ignore_casing_and_double_slashes(clients: Clients) -> None:
    clients.account()
    path = clients.id("Microsoft.Storage//STORAGEACCOUNTS/Account1").replace("resourceGroups", "resourcegroups")
    assert clients.raw("GET", path).json()["name"] == "account1"


def test_a_request_without_a_token_is_refused(manager: LocalResourceManager) -> None:
    class Nobody:
        def get_token(self, *scopes: str, **options: Any) -> Any:
            from azure.core.credentials import AccessToken

            return AccessToken("", 2**31)

    from azure.mgmt.resource.resources import ResourceManagementClient

    client = ResourceManagementClient(Nobody(), manager.subscription_id, base_url=manager.base_url, transport=manager.transport())
    with pytest.raises(ClientAuthenticationError):
        client.resource_groups.get(GROUP)


def test_the_sdk_retries_what_is_asked_to_be_retried_in_no_time(clients: Clients) -> None:
    from infra_lib.local.context import Fault

    fault = Fault(
        method="GET",
        path=f"*/resourcegroups/{GROUP}",
        code="TooManyRequests",
        message="Slow.",
        status=429,
        times=2,
        retry_after=60,
    )
    clients.manager.inject(fault)
    assert clients.resources.resource_groups.get(GROUP).name == GROUP
    assert fault.times == 0


# ---------------------------------------------------------------------------------------------- the store


def test_state_lasts_and_lies_sealed_under_a_key_elsewhere(stored: Callable[..., Clients], tmp_path: Path) -> None:
    first = stored()
    first.group()
    first.account()
    key = first.account_key()
    first.environment()
    first.app(configuration={"secrets": [{"name": "token", "value": "very-hush-hush"}]})
    first.manager.close()
    key_file = tmp_path / "config" / "local.key"
    assert stat.S_IMODE(key_file.stat().st_mode) == 0o600
    content = b"".join(path.read_bytes() for path in (tmp_path / ".infra").rglob("*") if path.is_file())
    assert key.encode() not in content
    assert b"very-hush-hush" not in content
    second = stored()
    assert second.account_key() == key
    assert second.apps.container_apps.list_secrets(GROUP, "app1").value[0].value == "very-hush-hush"


def test_a_store_does_not_open_with_another_key(stored: Callable[..., Clients], tmp_path: Path) -> None:
    clients = stored()
    clients.group()
    clients.manager.close()
    (tmp_path / "config" / "local.key").write_bytes(os.urandom(32))
    again = stored()
    with pytest.raises(InfraError, match="does not open this store"):
        again.resources.resource_groups.get(GROUP)


def test_a_file_that_is_no_store_is_said_so(tmp_path: Path) -> None:
    (tmp_path / "local.db").write_bytes(b"not a database at all, but long enough to be looked at" * 50)
    with pytest.raises(InfraError, match="is not a store"):
        LocalResourceManager(tmp_path, key_file=tmp_path / "key")


def test_two_processes_share_a_store(stored: Callable[..., Clients]) -> None:
    one, other = stored(), stored()
    one.group()
    other.account()
    assert one.account_key() == other.account_key()
    token = one.manager.credential().get_token("x").token
    from infra_lib.local.protocol import Call
    from infra_lib.local.tokens import verify

    verify(other.manager._store.vault, Call("GET", "/", headers={"Authorization": f"Bearer {token}"}))


# ---------------------------------------------------------------------------------------------- the package


def test_importing_it_loads_neither_werkzeug_nor_the_sdk() -> None:
    heavy = ("werkzeug", "azure", "sqlite3", "cryptography")
    code = f"import sys, infra_lib.local; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=DOCS.parent)
    assert done.stdout.strip() == "[]"


def test_the_list_of_what_is_supported_is_current() -> None:
    text = (DOCS / "local-coverage.md").read_text(encoding="utf-8")
    assert text == coverage_text(), "run: python -m infra_lib.local.coverage > docs/local-coverage.md"


# ---------------------------------------------------------------------------------------------- what templates read off


def test_subnets_are_there_with_their_network_and_by_themselves(clients: Clients) -> None:
    network = clients.id("Microsoft.Network/virtualNetworks/vnet1")
    inline = {"name": "one", "properties": {"addressPrefix": "10.0.0.0/24"}}
    clients.put(network, {"location": LOCATION, "properties": {"subnets": [inline]}})
    assert clients.get(f"{network}/subnets/one")["properties"]["addressPrefix"] == "10.0.0.0/24"
    clients.put(f"{network}/subnets/two", {"properties": {"addressPrefix": "10.0.1.0/24"}})
    held = clients.put(network, {"location": LOCATION, "properties": {}})["properties"]["subnets"]
    assert [item["id"].rsplit("/", 2)[1:] for item in held] == [["subnets", "one"], ["subnets", "two"]]
    clients.resources.resources.begin_delete_by_id(f"{network}/subnets/two", api_version="2024-01-01").result()
    assert [item["name"] for item in clients.get(network)["properties"]["subnets"]] == ["one"]


def test_keys_of_common_types_stay_the_same(clients: Clients) -> None:
    registry = clients.id("Microsoft.ContainerRegistry/registries/Reg1")
    clients.put(registry, {"location": LOCATION, "sku": {"name": "Basic"}, "properties": {}})
    assert clients.get(registry)["properties"]["loginServer"] == "reg1.azurecr.io"
    first = clients.raw("POST", f"{registry}/listCredentials").json()
    assert first["username"] == "Reg1"
    assert first == clients.raw("POST", f"{registry}/listCredentials").json()
