"""Partly changed templates of every form: one update is planned, one resource is written, the outputs stay right."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import infra_lib as infra
from infra_lib.errors import PlanError
from infra_lib.local.context import Fault
from infra_lib.pipeline import load
from infra_lib.planning.policy import ReusePolicy

INNER = """
param tls string
SYMBOLIC
resource account 'Microsoft.Storage/storageAccounts@2023-01-01' = {
  name: 'stinner'
  location: 'westeurope'
  kind: 'StorageV2'
  sku: { name: 'Standard_LRS' }
  properties: { minimumTlsVersion: tls }
}
resource share 'Microsoft.Storage/storageAccounts/fileServices/shares@2023-01-01' = {
  name: '${account.name}/default/data'
  properties: { shareQuota: 10 }
}
output endpoint string = account.properties.primaryEndpoints.file
output quota int = share.properties.shareQuota
"""
OUTER = """
param tls string = 'TLS1_2'
SYMBOLIC
resource workspace 'Microsoft.OperationalInsights/workspaces@2023-09-01' = {
  name: 'log-outer'
  location: 'westeurope'
  properties: { retentionInDays: 30 }
}
module inner 'inner.bicep' = { name: 'inner', params: { tls: tls } }
output endpoint string = inner.outputs.endpoint
output quota int = inner.outputs.quota
output customer string = workspace.properties.customerId
"""

JSON_TEMPLATE = {
    "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
    "contentVersion": "1.0.0.0",
    "parameters": {"quota": {"type": "int", "defaultValue": 5}, "withLogs": {"type": "bool", "defaultValue": True}},
    "resources": [
        {
            "type": "Microsoft.Storage/storageAccounts", "apiVersion": "2023-01-01", "name": "stjson", "location": "westeurope",
            "kind": "StorageV2", "sku": {"name": "Standard_LRS"}, "properties": {},
            "resources": [{
                "type": "fileServices/shares", "apiVersion": "2023-01-01", "name": "default/inside",
                "dependsOn": ["stjson"], "properties": {"shareQuota": "[parameters('quota')]"},
            }],
        },
        {
            "type": "Microsoft.Storage/storageAccounts/fileServices/shares", "apiVersion": "2023-01-01",
            "name": "[concat('stjson/default/loop', copyIndex())]", "copy": {"name": "loop", "count": 3},
            "dependsOn": ["[resourceId('Microsoft.Storage/storageAccounts', 'stjson')]"], "properties": {"shareQuota": 7},
        },
        {
            "type": "Microsoft.OperationalInsights/workspaces", "apiVersion": "2023-09-01", "name": "log-json",
            "location": "westeurope", "condition": "[parameters('withLogs')]", "properties": {"retentionInDays": 30},
            "dependsOn": ["loop"],
        },
    ],
    "outputs": {
        "quota": {
            "type": "int",
            "value": "[reference(resourceId('Microsoft.Storage/storageAccounts/fileServices/shares',"
            " 'stjson', 'default', 'inside'), '2023-01-01').shareQuota]",
        },
        "blob": {"type": "string", "value": "[reference('stjson').primaryEndpoints.blob]"},
    },
}  # fmt: skip

SUBSCRIPTION = """
targetScope = 'subscription'
param retention int = 30
resource group 'Microsoft.Resources/resourceGroups@2024-03-01' = { name: 'made', location: 'westeurope' }
module inner 'logs.bicep' = { name: 'logs', scope: group, params: { retention: retention } }
output customer string = inner.outputs.customer
"""
LOGS = """
param retention int
resource workspace 'Microsoft.OperationalInsights/workspaces@2023-09-01' = {
  name: 'log-made'
  location: 'westeurope'
  properties: { retentionInDays: retention }
}
output customer string = workspace.properties.customerId
"""


@pytest.fixture
def target() -> Iterator[infra.Target]:
    with infra.Target.local() as made:
        yield made


def plan(path: Path, target: infra.Target, parameters: dict[str, Any] | None = None, **options: Any) -> infra.Plan:
    return infra.plan(path, target=target, resource_group="rg", location="westeurope", parameters=parameters, **options)


def actions(made: infra.Plan) -> dict[str, str]:
    return {change.resource.name: change.action for change in made.changes}


def forbid(target: infra.Target, *paths: str) -> None:
    """Make every write to these resources fail, so that a deployment which succeeds has not written them."""
    assert target.manager is not None
    for path in paths:
        for method in ("PUT", "PATCH"):
            target.manager.inject(
                Fault(method=method, path=path, code="Forbidden", message="Not this one.", status=403, times=99)
            )


@pytest.mark.parametrize("outer", ["", "type size = 1 | 2"], ids=["outer array", "outer symbolic"])
@pytest.mark.parametrize("inner", ["", "type size = 1 | 2"], ids=["inner array", "inner symbolic"])
def test_one_resource_of_a_module_is_written_alone(outer: str, inner: str, target: infra.Target, tmp_path: Path) -> None:
    (tmp_path / "inner.bicep").write_text(INNER.replace("SYMBOLIC", inner))
    path = tmp_path / "outer.bicep"
    path.write_text(OUTER.replace("SYMBOLIC", outer))
    outputs = plan(path, target).apply().outputs
    changed = plan(path, target, {"tls": "TLS1_0"})
    assert actions(changed) == {"log-outer": "unchanged", "stinner": "update", "stinner/default/data": "unchanged"}
    forbid(target, "*/workspaces/log-outer", "*/shares/data")
    assert changed.apply().outputs == outputs
    again = plan(path, target, {"tls": "TLS1_0"})
    assert set(actions(again).values()) == {"unchanged"}
    assert again.apply().outputs == outputs


def test_a_policy_names_a_resource_by_its_symbol_in_every_form(target: infra.Target, tmp_path: Path) -> None:
    (tmp_path / "inner.bicep").write_text(INNER.replace("SYMBOLIC", ""))
    path = tmp_path / "outer.bicep"
    path.write_text(OUTER.replace("SYMBOLIC", ""))
    plan(path, target).apply()
    kept = plan(path, target, {"tls": "TLS1_0"}, policy=ReusePolicy.parse(["account=keep", "workspace=update"]))
    assert actions(kept) == {"log-outer": "update", "stinner": "keep", "stinner/default/data": "unchanged"}


def test_a_json_template_with_loops_conditions_and_children_inside(target: infra.Target, tmp_path: Path) -> None:
    path = tmp_path / "main.json"
    path.write_text(json.dumps(JSON_TEMPLATE))
    outputs = plan(path, target).apply().outputs
    assert outputs["quota"] == 5
    assert set(actions(plan(path, target)).values()) == {"unchanged"}
    changed = plan(path, target, {"quota": 6})
    assert [name for name, action in actions(changed).items() if action == "update"] == ["stjson/default/inside"]
    forbid(target, "*/storageAccounts/stjson", "*/shares/loop*", "*/workspaces/*")
    assert changed.apply().outputs == {**outputs, "quota": 6}
    without = plan(path, target, {"quota": 6, "withLogs": False})
    assert set(actions(without).values()) == {"unchanged"}
    assert without.apply().outputs == {**outputs, "quota": 6}


def test_a_template_of_subscription_scope(target: infra.Target, tmp_path: Path) -> None:
    (tmp_path / "logs.bicep").write_text(LOGS)
    path = tmp_path / "subscription.bicep"
    path.write_text(SUBSCRIPTION)

    def make(retention: int = 30) -> infra.Plan:
        return infra.plan(path, target=target, location="westeurope", parameters={"retention": retention})

    first = make()
    assert actions(first) == {"made": "create", "log-made": "create"}
    outputs = first.apply().outputs
    again = make()
    assert set(actions(again).values()) == {"unchanged"}
    assert again.apply().outputs == outputs
    changed = make(60)
    assert actions(changed) == {"made": "unchanged", "log-made": "update"}
    forbid(target, "*/resourcegroups/made")
    assert changed.apply().outputs == outputs


def test_a_provider_that_is_not_registered_is_said_and_registered_on_apply(target: infra.Target, tmp_path: Path) -> None:
    path = tmp_path / "logs.bicep"
    path.write_text(LOGS)
    target.resources.providers.unregister("Microsoft.OperationalInsights")
    made = plan(path, target, {"retention": 30})
    assert made.registers == ("Microsoft.OperationalInsights",)
    assert "Microsoft.OperationalInsights" in str(made)
    made.apply()
    assert target.resources.providers.get("Microsoft.OperationalInsights").registration_state == "Registered"
    assert plan(path, target, {"retention": 31}).registers == ()


def test_a_read_only_lock_is_a_conflict(target: infra.Target, tmp_path: Path) -> None:
    path = tmp_path / "logs.bicep"
    path.write_text(LOGS)
    plan(path, target, {"retention": 30}).apply()
    lock = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg/providers/Microsoft.Authorization/locks/frozen"
    body: Any = {"properties": {"level": "ReadOnly"}}
    target.resources.resources.begin_create_or_update_by_id(lock, api_version="2020-05-01", parameters=body).result()
    assert actions(plan(path, target, {"retention": 30})) == {"log-made": "unchanged"}
    made = plan(path, target, {"retention": 60})
    assert made.conflicts[0].reason == "is locked read-only by 'frozen'"
    with pytest.raises(PlanError, match="frozen"):
        made.apply()


def test_a_child_whose_parent_is_elsewhere_is_a_conflict_that_says_where(target: infra.Target, tmp_path: Path) -> None:
    account = tmp_path / "account.bicep"
    account.write_text(INNER.replace("SYMBOLIC", ""))
    infra.plan(account, target=target, resource_group="other", location="westeurope", parameters={"tls": "TLS1_2"}).apply()
    target.resources.resource_groups.create_or_update("rg", {"location": "westeurope"})
    path = tmp_path / "child.bicep"
    path.write_text(
        "resource service 'Microsoft.Storage/storageAccounts/fileServices@2023-01-01' existing = { name: 'stinner/default' }\n"
        "resource share 'Microsoft.Storage/storageAccounts/blobServices@2023-01-01' = { name: 'stinner/default' }\n"
    )
    made = plan(path, target)
    assert made.conflicts[0].reason.startswith(
        "lies below Microsoft.Storage/storageAccounts 'stinner', which is not in rg, but in other"
    )


def test_a_running_deployment_of_the_same_name_is_a_conflict(tmp_path: Path) -> None:
    path = tmp_path / "logs.bicep"
    path.write_text(LOGS)
    with infra.Target.local(pace=60) as target:
        target.resources.resource_groups.create_or_update("rg", {"location": "westeurope"})
        template = load(path).template
        body: Any = {"properties": {"mode": "Incremental", "template": template, "parameters": {"retention": {"value": 30}}}}
        scope = "subscriptions/00000000-0000-0000-0000-000000000000/resourcegroups/rg"
        target.deployments.deployments.begin_create_or_update_at_scope(scope, "logs", body, polling=False)
        made = plan(path, target, {"retention": 60})
        assert [change.resource.type for change in made.conflicts] == ["Microsoft.Resources/deployments"]
        assert "is running" in made.conflicts[0].reason or "is accepted" in made.conflicts[0].reason
