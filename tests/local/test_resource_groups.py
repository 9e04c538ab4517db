from __future__ import annotations

import pytest
from azure.core.exceptions import HttpResponseError, ResourceExistsError, ResourceNotFoundError

from infra_lib.local import LocalResourceManager
from tests.local.conftest import GROUP, LOCATION, Clients


def test_a_group_is_created_found_in_any_casing_and_listed(clients: Clients) -> None:
    groups = clients.resources.resource_groups
    made = groups.create_or_update("Rg-Other", {"location": "West Europe", "tags": {"a": "b"}})
    assert made.id == f"/subscriptions/{clients.manager.subscription_id}/resourceGroups/Rg-Other"
    assert made.location == "westeurope"
    assert groups.get("rg-OTHER").name == "Rg-Other"
    assert groups.check_existence("RG-other")
    assert not groups.check_existence("rg-none")
    assert sorted(group.name for group in groups.list()) == ["Rg-Other", GROUP]
    assert [group.name for group in groups.list(filter="tagName eq 'a' and tagValue eq 'b'")] == ["Rg-Other"]


def test_tags_of_a_group_are_replaced_by_an_update(clients: Clients) -> None:
    groups = clients.resources.resource_groups
    groups.create_or_update(GROUP, {"location": LOCATION, "tags": {"a": "1"}})
    assert groups.update(GROUP, {"tags": {"b": "2"}}).tags == {"b": "2"}


def test_a_group_keeps_its_location(clients: Clients) -> None:
    with pytest.raises(ResourceExistsError) as caught:
        clients.group(location="eastus")
    assert caught.value.error.code == "InvalidResourceGroupLocation"


@pytest.mark.parametrize(
    ("name", "body", "code"),
    [
        ("rg-x", {}, "LocationRequired"),
        ("rg-x", {"location": "atlantis"}, "LocationNotAvailableForResourceGroup"),
        ("rg-x.", {"location": "westus"}, "InvalidResourceGroupName"),
    ],
)
def test_a_bad_group_is_refused(clients: Clients, name: str, body: dict[str, str], code: str) -> None:
    with pytest.raises(HttpResponseError) as caught:
        clients.resources.resource_groups.create_or_update(name, body)
    assert caught.value.error.code == code
    assert not clients.resources.resource_groups.check_existence("rg-x")


def test_deleting_a_group_deletes_what_is_in_it(clients: Clients) -> None:
    clients.account()
    clients.resources.resource_groups.begin_delete(GROUP).result()
    assert not clients.resources.resource_groups.check_existence(GROUP)
    assert clients.manager.status()["resources"] == {}
    with pytest.raises(ResourceNotFoundError) as caught:
        clients.resources.resource_groups.get(GROUP)
    assert caught.value.error.message == f"Resource group '{GROUP}' could not be found."


def test_a_group_that_is_being_deleted_takes_nothing_more(paced: Clients) -> None:
    poller = paced.resources.resource_groups.begin_delete(GROUP, polling=False)
    assert poller.status() != "Failed"
    assert paced.resources.resource_groups.get(GROUP).properties.provisioning_state == "Deleting"
    with pytest.raises(ResourceExistsError) as caught:
        paced.put(paced.id("Microsoft.KeyVault/vaults/v1"), {"location": LOCATION, "properties": {}})
    assert caught.value.error.code == "ResourceGroupBeingDeleted"
    paced.manager.transport().sleep(5)
    assert not paced.resources.resource_groups.check_existence(GROUP)


def test_a_lock_forbids_deletion_and_changes(clients: Clients) -> None:
    lock = f"{clients.group_id}/providers/Microsoft.Authorization/locks/keep"
    clients.put(lock, {"properties": {"level": "CanNotDelete"}}, "2020-05-01")
    clients.account()
    for attempt in (
        lambda: clients.resources.resource_groups.begin_delete(GROUP),
        lambda: clients.storage.storage_accounts.delete(GROUP, "account1"),
    ):
        with pytest.raises(ResourceExistsError) as caught:
            attempt()
        assert caught.value.error.code == "ScopeLocked"
    clients.put(lock, {"properties": {"level": "ReadOnly"}}, "2020-05-01")
    with pytest.raises(ResourceExistsError):
        clients.account(tags={"a": "b"})
    clients.resources.resources.begin_delete_by_id(lock, api_version="2020-05-01").result()
    clients.resources.resource_groups.begin_delete(GROUP).result()


def test_resources_are_listed_and_filtered(clients: Clients) -> None:
    clients.account(tags={"team": "x"})
    clients.put(clients.id("Microsoft.KeyVault/vaults/v1"), {"location": "eastus", "properties": {}})
    listed = clients.resources.resources
    assert sorted(item.name for item in listed.list()) == ["account1", "v1"]
    assert [item.name for item in listed.list_by_resource_group(GROUP, filter="resourceType eq 'microsoft.keyvault/Vaults'")] == [
        "v1"
    ]
    assert [item.name for item in listed.list(filter="tagName eq 'team' and tagValue eq 'x'")] == ["account1"]
    assert [item.name for item in listed.list(filter="location eq 'East US'")] == ["v1"]
    assert [item.name for item in listed.list(filter="substringof('acc', name)")] == ["account1"]
    expanded = next(iter(listed.list(filter="name eq 'v1'", expand="createdTime,provisioningState")))
    assert expanded.provisioning_state == "Succeeded"
    assert expanded.created_time is not None
    with pytest.raises(HttpResponseError) as caught:
        list(listed.list(filter="plan/name eq 'x'"))
    assert caught.value.error.code == "InvalidFilterInQueryString"


def test_tags_of_any_scope(clients: Clients) -> None:
    account = clients.account(tags={"a": "1"}).id
    tags = clients.resources.tags
    tags.begin_update_at_scope(account, {"operation": "Merge", "properties": {"tags": {"b": "2"}}}).result()
    assert tags.get_at_scope(account).properties.tags == {"a": "1", "b": "2"}
    assert clients.storage.storage_accounts.get_properties(GROUP, "account1").tags == {"a": "1", "b": "2"}
    tags.begin_delete_at_scope(account).result()
    assert not tags.get_at_scope(account).properties.tags


def test_providers_are_registered_until_unregistered(clients: Clients) -> None:
    providers = clients.resources.providers
    app = providers.get("microsoft.app")
    assert (app.namespace, app.registration_state) == ("Microsoft.App", "Registered")
    assert {"containerApps", "jobs"} <= {kind.resource_type for kind in app.resource_types}
    providers.unregister("Microsoft.Storage")
    body = {"location": LOCATION, "kind": "StorageV2", "sku": {"name": "Standard_LRS"}}
    # Straight to the transport: the SDK would register the provider by itself and wait ten seconds in real time.
    refused = clients.raw("PUT", clients.id("Microsoft.Storage/storageAccounts/account1"), body)
    assert refused.status_code == 409
    assert refused.json()["error"]["code"] == "MissingSubscriptionRegistration"
    providers.register("Microsoft.Storage")
    clients.account()


def test_reset_forgets_everything(manager: LocalResourceManager, clients: Clients) -> None:
    clients.account()
    assert [group["name"] for group in manager.export()["resourceGroups"]] == [GROUP]
    manager.reset()
    assert manager.status()["resources"] == {}
    assert manager.export()["resources"] == []
