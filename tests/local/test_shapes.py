"""Whatever a body holds, the service answers: with success or with a refusal, never with a failure of its own."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.local.conftest import LOCATION, Clients, consumption, template
from tests.local.test_container_apps import job_body
from tests.local.test_deployments import ACCOUNT, vault

ODD = st.one_of(
    st.none(), st.booleans(), st.integers(-1, 100000), st.just(1.5), st.just(""), st.just("x"), st.just([]), st.just([None]),
    st.just([1]), st.just({}), st.just({"x": 1}), st.just([{}]), st.just([{"name": 1}]),
)  # fmt: skip


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    found = [path] if path else []
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, member in items:
        found += places(member, (*path, name))
    return found


def changed(body: dict[str, Any], path: tuple[Any, ...], odd: Any) -> dict[str, Any]:
    body = copy.deepcopy(body)
    target: Any = body
    for name in path[:-1]:
        target = target[name]
    target[path[-1]] = odd
    return body


def bodies(clients: Clients) -> dict[str, dict[str, Any]]:
    app = clients.app_body()
    app["properties"]["configuration"] |= {
        "secrets": [{"name": "a", "value": "b"}],
        "registries": [{"server": "s", "passwordSecretRef": "a"}],
        "activeRevisionsMode": "Single",
    }
    app["properties"]["template"]["containers"][0] |= {
        "resources": {"cpu": 0.5, "memory": "1Gi"},
        "env": [{"name": "E", "secretRef": "a"}],
        "probes": [{"type": "Liveness", "periodSeconds": 10, "httpGet": {"path": "/", "port": 80}}],
        "volumeMounts": [{"volumeName": "v", "mountPath": "/m"}],
    }
    app["properties"]["template"]["volumes"] = [{"name": "v", "storageType": "EmptyDir"}]
    logs = {"destination": "log-analytics", "logAnalyticsConfiguration": {"customerId": "c", "sharedKey": "k"}}
    account = {"location": LOCATION, "kind": "StorageV2", "sku": {"name": "Standard_LRS"}, "tags": {"a": "b"}}
    environment = {
        "appLogsConfiguration": logs,
        "workloadProfiles": [consumption()],
        "zoneRedundant": False,
        "vnetConfiguration": None,
    }
    workspace = {"sku": {"name": "PerGB2018"}, "retentionInDays": 30, "features": {}, "workspaceCapping": {"dailyQuotaGb": 1}}
    deployment = template(
        [vault("v1"), ACCOUNT], parameters={"p": {"type": "int", "defaultValue": 1}}, outputs={"o": {"type": "int", "value": 1}}
    )
    return {
        "Microsoft.App/containerApps/app2": app,
        "Microsoft.App/jobs/job1": job_body(clients, secrets=[{"name": "a", "value": "b"}]),
        "Microsoft.App/managedEnvironments/env2": {"location": LOCATION, "properties": environment},
        "Microsoft.App/managedEnvironments/env1/storages/s1": {
            "properties": {"azureFile": {"accountName": "a", "accountKey": "k", "shareName": "s", "accessMode": "ReadOnly"}}
        },
        "Microsoft.Storage/storageAccounts/account2": {
            **account,
            "properties": {"networkAcls": {"ipRules": []}, "encryption": {"services": {}}},
        },
        "Microsoft.Storage/storageAccounts/account1/fileServices/default": {
            "properties": {"shareDeleteRetentionPolicy": {"enabled": True, "days": 7}, "cors": {"corsRules": []}}
        },
        "Microsoft.Storage/storageAccounts/account1/fileServices/default/shares/s1": {"properties": {"shareQuota": 1}},
        "Microsoft.OperationalInsights/workspaces/work1": {"location": LOCATION, "properties": workspace},
        "Microsoft.KeyVault/vaults/v1": {
            "location": LOCATION,
            "identity": {"type": "SystemAssigned"},
            "properties": {"a": {"b": "c"}},
        },
        "Microsoft.Network/virtualNetworks/vnet1": {
            "location": LOCATION,
            "properties": {"subnets": [{"name": "one", "properties": {}}]},
        },
        "Microsoft.Resources/deployments/main": {
            "properties": {"mode": "Incremental", "template": deployment, "parameters": {"p": {"value": 2}}}
        },
    }


@pytest.fixture
def prepared(clients: Clients) -> Clients:
    clients.account()
    clients.environment()
    return clients


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_body_with_anything_in_it_is_answered(prepared: Clients, data: st.DataObject) -> None:
    kinds = bodies(prepared)
    kind = data.draw(st.sampled_from(sorted(kinds)))
    body = changed(kinds[kind], data.draw(st.sampled_from(places(kinds[kind]))), data.draw(ODD))
    method = data.draw(st.sampled_from(["PUT", "PUT", "PUT", "PATCH"])) if "deployments" not in kind else "PUT"
    reply = prepared.raw(method, prepared.id(kind), body)
    assert reply.status_code < 500
    if reply.status_code >= 400:
        assert reply.json()["error"]["code"]
    assert prepared.raw("GET", prepared.id(kind)).status_code in (200, 404)
