"""Resources bound to existing ones by id: references resolve there, children are planned and deployed there."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import infra_lib as infra
from infra_lib.errors import InputError
from infra_lib.local.context import Fault
from infra_lib.planning.policy import ReusePolicy

SUBSCRIPTION = "00000000-0000-0000-0000-000000000000"
SHARED = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/shared/providers/Microsoft.Storage/storageAccounts/stshared"

SHARED_ACCOUNT = """
resource account 'Microsoft.Storage/storageAccounts@2023-01-01' = {
  name: 'stshared'
  location: 'westeurope'
  kind: 'StorageV2'
  sku: { name: 'Standard_LRS' }
  properties: {}
}
"""

OWN = """
param accountName string = 'stown'
param shareName string = 'data'
SYMBOLIC
resource account 'Microsoft.Storage/storageAccounts@2023-01-01' = {
  name: accountName
  location: 'westeurope'
  kind: 'StorageV2'
  sku: { name: 'Standard_LRS' }
  properties: { minimumTlsVersion: 'TLS1_2' }
}
resource files 'Microsoft.Storage/storageAccounts/fileServices@2023-01-01' = {
  parent: account
  name: 'default'
}
resource share 'Microsoft.Storage/storageAccounts/fileServices/shares@2023-01-01' = {
  parent: files
  name: shareName
  properties: { shareQuota: 10 }
}
resource more 'Microsoft.Storage/storageAccounts/fileServices/shares@2023-01-01' = [for index in range(0, 2): {
  parent: files
  name: 'more${index}'
  properties: { shareQuota: 5 }
}]
resource environment 'Microsoft.App/managedEnvironments@2024-03-01' = {
  name: 'env-use'
  location: 'westeurope'
  properties: {}
}
resource storage 'Microsoft.App/managedEnvironments/storages@2024-03-01' = {
  parent: environment
  name: 'mount'
  properties: {
    azureFile: {
      accountName: account.name
      accountKey: account.listKeys().keys[0].value
      shareName: share.name
      accessMode: 'ReadWrite'
    }
  }
}
output endpoint string = account.properties.primaryEndpoints.file
output accountId string = account.id
output quota int = share.properties.shareQuota
"""


@pytest.fixture
def target(tmp_path: Path) -> Iterator[infra.Target]:
    shared = tmp_path / "shared.bicep"
    shared.write_text(SHARED_ACCOUNT)
    with infra.Target.local() as made:
        infra.plan(shared, target=made, resource_group="shared", location="westeurope").apply()
        yield made


@pytest.fixture(params=["", "type size = 1 | 2"], ids=["array form", "symbolic form"])
def own(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    path = tmp_path / "own.bicep"
    path.write_text(OWN.replace("SYMBOLIC", request.param))
    return path


def plan(path: Path, target: infra.Target, *use: str, **options: Any) -> infra.Plan:
    policy = ReusePolicy.parse(use=use)
    return infra.plan(path, target=target, resource_group="rg", location="westeurope", policy=policy, **options)


def found(made: infra.Plan) -> dict[str, str]:
    return {change.resource.id.partition("/resourceGroups/")[2]: change.action for change in made.changes}


def test_children_and_references_follow_to_another_resource_group(own: Path, target: infra.Target) -> None:
    made = plan(own, target, f"account={SHARED}")
    account = "shared/providers/Microsoft.Storage/storageAccounts/stshared"
    assert found(made) == {
        account: "keep",
        f"{account}/fileServices/default": "unchanged",
        f"{account}/fileServices/default/shares/data": "create",
        f"{account}/fileServices/default/shares/more0": "create",
        f"{account}/fileServices/default/shares/more1": "create",
        "rg/providers/Microsoft.App/managedEnvironments/env-use": "create",
        "rg/providers/Microsoft.App/managedEnvironments/env-use/storages/mount": "create",
    }
    assert next(change.reason for change in made.changes if change.action == "keep").startswith("bound to an existing resource")
    before = target.resources.resources.get_by_id(SHARED, api_version="2023-01-01").as_dict()
    outputs = made.apply().outputs
    assert outputs["accountId"] == SHARED
    assert "stshared" in outputs["endpoint"]
    assert outputs["quota"] == 10
    assert target.resources.resources.get_by_id(SHARED, api_version="2023-01-01").as_dict() == before
    mount = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg/providers/Microsoft.App/managedEnvironments/env-use/storages/mount"
    properties: Any = target.resources.resources.get_by_id(mount, api_version="2024-03-01").properties
    assert properties["azureFile"]["accountName"] == "stshared"
    assert not target.resources.resources.check_existence_by_id(
        SHARED.replace("/shared/", "/rg/").replace("stshared", "stown"), api_version="2023-01-01"
    )
    again = plan(own, target, f"account={SHARED}")
    assert set(found(again).values()) == {"keep", "unchanged"}
    second = again.apply()
    assert second.sent is False
    assert second.outputs == outputs


def test_a_bound_resource_in_the_same_resource_group_needs_no_nested_deployment(own: Path, target: infra.Target) -> None:
    made = infra.plan(own, target=target, resource_group="shared", policy=ReusePolicy.parse(use=[f"account={SHARED}"]))
    assert not any("deployments" in raw["type"] for raw in made.deployed_template()["resources"].values())
    assert made.apply().outputs["accountId"] == SHARED


def test_a_saved_plan_keeps_its_bindings(own: Path, target: infra.Target, tmp_path: Path) -> None:
    made = plan(own, target, f"account={SHARED}")
    made.save(tmp_path / "plan.json")
    loaded = infra.load_plan(tmp_path / "plan.json", target)
    assert loaded.to_dict() == made.to_dict()
    assert loaded.apply().outputs["accountId"] == SHARED


def test_a_bound_resource_that_may_not_be_read_is_a_conflict(own: Path, target: infra.Target) -> None:
    assert target.manager is not None
    fault = Fault(method="GET", path="*/storageAccounts/stshared", code="AuthorizationFailed", message="No.", status=403, times=9)
    target.manager.inject(fault)
    reason = plan(own, target, f"account={SHARED}").conflicts[0].reason
    assert reason.startswith("is bound to a resource that cannot be read: AuthorizationFailed: No.")


def test_a_bound_resource_that_does_not_exist_is_a_conflict(own: Path, target: infra.Target) -> None:
    made = plan(own, target, f"account={SHARED}x")
    assert made.conflicts[0].reason == "is bound to a resource that does not exist"


@pytest.mark.parametrize(
    ("use", "message"),
    [
        ("acount=/subscriptions/s", "did you mean 'account'"),
        ("account=/subscriptions/s/what", "is not a resource id"),
        (f"environment={SHARED}", r"that of a Microsoft.Storage/storageAccounts, .*did you mean --use account"),
        (f"more={SHARED}/fileServices/default/shares/x", "2 resources are meant"),
    ],
)
def test_an_id_that_does_not_fit_is_refused_with_the_reason(own: Path, target: infra.Target, use: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        plan(own, target, use)


def test_a_literal_name_that_may_mean_something_else_is_refused(target: infra.Target, tmp_path: Path) -> None:
    path = tmp_path / "literal.bicep"
    path.write_text(SHARED_ACCOUNT.replace("stshared", "stown") + "output label string = 'stown'\n")
    with pytest.raises(InputError, match="make the name a parameter"):
        plan(path, target, f"account={SHARED}")


def test_a_reference_that_cannot_be_led_there_is_refused(target: infra.Target, tmp_path: Path) -> None:
    path = tmp_path / "hidden.bicep"
    text = SHARED_ACCOUNT.replace("'stshared'", "name")
    path.write_text(
        "param name string = 'stown'\nparam same string = 'stown'\n"
        + text
        + "output other string = resourceId('Microsoft.Storage/storageAccounts', same)\n"
    )
    with pytest.raises(InputError, match="output 'other' refers to 'stown'"):
        plan(path, target, f"account={SHARED}")


def test_a_module_that_looks_for_it_at_the_old_place_is_refused(target: infra.Target, tmp_path: Path) -> None:
    (tmp_path / "inner.bicep").write_text(
        "param name string\nresource account 'Microsoft.Storage/storageAccounts@2023-01-01' existing = { name: name }\n"
        "output id string = account.id\n"
    )
    path = tmp_path / "outer.bicep"
    path.write_text(
        "param name string = 'stown'\n" + SHARED_ACCOUNT.replace("'stshared'", "name")
        + "module inner 'inner.bicep' = { name: 'inner', params: { name: account.name } }\noutput id string = inner.outputs.id\n"
    )  # fmt: skip
    with pytest.raises(InputError, match="output 'id' refers to 'stown'"):
        plan(path, target, f"account={SHARED}")


def test_a_name_that_two_resources_share_is_refused(target: infra.Target, tmp_path: Path) -> None:
    path = tmp_path / "sharing.bicep"
    environment = "resource environment 'Microsoft.App/managedEnvironments@2024-03-01' = { name: name, location: 'westeurope' }"
    path.write_text("param name string = 'stown'\n" + SHARED_ACCOUNT.replace("'stshared'", "name") + environment)
    with pytest.raises(InputError, match="'environment' would become another resource"):
        plan(path, target, f"account={SHARED}")
