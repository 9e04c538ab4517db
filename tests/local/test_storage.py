from __future__ import annotations

import base64
from typing import Any

import pytest
from azure.core.exceptions import HttpResponseError, ResourceExistsError, ResourceNotFoundError

from tests.local.conftest import GROUP, LOCATION, Clients


def test_an_account_has_the_service_s_defaults(clients: Clients) -> None:
    clients.account(properties={"largeFileSharesState": "Enabled"}, location="West US")
    account = clients.storage.storage_accounts.get_properties(GROUP, "ACCOUNT1").as_dict()
    properties = account["properties"]
    assert account["sku"] == {"name": "Standard_LRS", "tier": "Standard"}
    assert account["location"] == LOCATION
    assert properties["largeFileSharesState"] == "Enabled"
    assert properties["provisioningState"] == "Succeeded"
    assert properties["accessTier"] == "Hot"
    assert properties["primaryEndpoints"]["file"] == "https://account1.file.core.windows.net/"
    assert properties["networkAcls"]["defaultAction"] == "Allow"


def test_keys_are_two_and_can_be_made_anew(clients: Clients) -> None:
    clients.account()
    before = clients.storage.storage_accounts.list_keys(GROUP, "account1").as_dict()["keys"]
    assert [key["keyName"] for key in before] == ["key1", "key2"]
    assert len(base64.b64decode(before[0]["value"])) == 64
    after = clients.storage.storage_accounts.regenerate_key(GROUP, "account1", {"keyName": "key1"}).as_dict()["keys"]
    assert after[0]["value"] != before[0]["value"]
    assert after[1]["value"] == before[1]["value"]


def test_a_later_put_keeps_what_it_leaves_out_and_the_keys(clients: Clients) -> None:
    clients.account(properties={"minimumTlsVersion": "TLS1_2"}, tags={"a": "b"})
    key = clients.account_key()
    account = clients.account(properties={"accessTier": "Cool"}).as_dict()
    assert account["properties"]["minimumTlsVersion"] == "TLS1_2"
    assert account["properties"]["accessTier"] == "Cool"
    assert account["tags"] == {}
    assert clients.account_key() == key


def test_a_patch_merges(clients: Clients) -> None:
    clients.account(tags={"a": "1"}, properties={"minimumTlsVersion": "TLS1_2"})
    account = clients.storage.storage_accounts.update(
        GROUP, "account1", {"tags": {"b": "2"}, "properties": {"accessTier": "Cool"}}
    )
    assert account.tags == {"b": "2"}
    assert account.as_dict()["properties"]["minimumTlsVersion"] == "TLS1_2"


@pytest.mark.parametrize(
    ("name", "body", "code"),
    [
        ("Not_Valid", {}, "AccountNameInvalid"),
        ("ab", {}, "AccountNameInvalid"),
        ("account2", {"sku": {"name": "Gold_LRS"}}, "InvalidValueForSku"),
        ("account2", {"kind": "Shed"}, "InvalidValueForKind"),
        ("account2", {"location": "atlantis"}, "LocationNotAvailableForResourceType"),
        ("account2", {"location": None}, "LocationRequired"),
    ],
)
def test_a_bad_account_is_refused_and_not_kept(clients: Clients, name: str, body: dict[str, Any], code: str) -> None:
    with pytest.raises(HttpResponseError) as caught:
        clients.account(name, **body)
    assert caught.value.status_code == 400
    assert caught.value.error.code == code
    assert list(clients.storage.storage_accounts.list()) == []


def test_what_cannot_change_is_refused(clients: Clients) -> None:
    clients.account(properties={"largeFileSharesState": "Enabled"})
    cases: list[tuple[dict[str, Any], str]] = [
        ({"location": "eastus"}, "InvalidResourceLocation"),
        ({"kind": "BlobStorage"}, "PropertyChangeNotAllowed"),
        ({"sku": {"name": "Premium_LRS"}}, "PropertyChangeNotAllowed"),
        ({"properties": {"largeFileSharesState": "Disabled"}}, "LargeFileSharesCannotBeDisabled"),
    ]
    for body, code in cases:
        with pytest.raises(HttpResponseError) as caught:
            clients.account(**body)
        assert caught.value.error.code == code


def test_a_name_is_taken_across_groups(clients: Clients) -> None:
    clients.account()
    clients.group("rg-other")
    check = clients.storage.storage_accounts.check_name_availability(
        {"name": "account1", "type": "Microsoft.Storage/storageAccounts"}
    )
    assert (check.name_available, check.reason) == (False, "AlreadyExists")
    invalid = clients.storage.storage_accounts.check_name_availability({"name": "A", "type": "Microsoft.Storage/storageAccounts"})
    assert invalid.reason == "AccountNameInvalid"
    body = {"location": LOCATION, "kind": "StorageV2", "sku": {"name": "Standard_LRS"}}
    with pytest.raises(ResourceExistsError) as caught:
        clients.storage.storage_accounts.begin_create("rg-other", "account1", body)
    assert caught.value.error.code == "StorageAccountAlreadyTaken"


def test_a_file_service_exists_with_its_account(clients: Clients) -> None:
    clients.account()
    service = clients.storage.file_services.get_service_properties(GROUP, "account1").as_dict()
    assert service["properties"]["shareDeleteRetentionPolicy"] == {"enabled": True, "days": 7}
    changed = clients.storage.file_services.set_service_properties(
        GROUP, "account1", {"properties": {"shareDeleteRetentionPolicy": {"enabled": True, "days": 14}}}
    )
    assert changed.as_dict()["properties"]["shareDeleteRetentionPolicy"]["days"] == 14


def test_shares(clients: Clients) -> None:
    clients.account()
    shares = clients.storage.file_shares
    made = shares.create(GROUP, "account1", "share1", {"properties": {"shareQuota": 100}}).as_dict()["properties"]
    assert made == {"shareQuota": 100}
    held = shares.get(GROUP, "account1", "share1").as_dict()["properties"]
    assert (held["shareQuota"], held["leaseStatus"], held["signedIdentifiers"]) == (100, "unlocked", [])
    assert not {"accessTier", "enabledProtocols"} & held.keys()
    listed = [share.as_dict() for share in shares.list(GROUP, "account1")]
    assert [share["name"] for share in listed] == ["share1"]
    assert (listed[0]["properties"]["accessTier"], listed[0]["properties"]["enabledProtocols"]) == ("TransactionOptimized", "SMB")
    with pytest.raises(HttpResponseError) as caught:
        shares.create(GROUP, "account1", "Bad--Name", {})
    assert caught.value.error.code == "InvalidResourceName"
    shares.delete(GROUP, "account1", "share1")
    with pytest.raises(ResourceNotFoundError) as missing:
        shares.get(GROUP, "account1", "share1")
    assert missing.value.error.code == "ShareNotFound"


def test_a_share_needs_its_account(clients: Clients) -> None:
    with pytest.raises(ResourceNotFoundError) as caught:
        clients.storage.file_shares.create(GROUP, "missing", "share1", {})
    assert caught.value.error.code == "ParentResourceNotFound"


def test_with_a_pace_an_account_is_made_by_polling_a_location(paced: Clients) -> None:
    body = {"location": LOCATION, "kind": "StorageV2", "sku": {"name": "Standard_LRS"}}
    poller = paced.storage.storage_accounts.begin_create(GROUP, "account1", body)
    assert poller.result().as_dict()["properties"]["provisioningState"] == "Succeeded"


def test_usage_counts_accounts(clients: Clients) -> None:
    clients.account()
    usage = next(iter(clients.storage.usages.list_by_location("West US")))
    assert (usage.current_value, usage.limit) == (1, 250)
