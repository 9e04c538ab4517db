"""What public templates do with types that are kept as they are written: read addresses off them, declare what lies in parts that
the service makes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import infra_lib as infra
from infra_lib.errors import DeploymentError

SCHEMA = "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#"


@pytest.fixture
def target() -> Iterator[infra.Target]:
    with infra.Target.local() as made:
        yield made


def resource(kind_of: str, name: str, properties: dict[str, Any] | None = None, **members: Any) -> dict[str, Any]:
    return {"type": kind_of, "apiVersion": "2023-01-01", "name": name, "properties": properties or {}, **members}


def plan(
    folder: Path, target: infra.Target, *resources: dict[str, Any], profile: str | None = None, **outputs: str
) -> infra.Plan:
    path = folder / "main.json"
    shown = {name: {"type": "object", "value": {"value": f"[{text}]"}} for name, text in outputs.items()}
    head = {"$schema": SCHEMA, "contentVersion": "1.0.0.0", **({"apiProfile": profile} if profile else {})}
    path.write_text(json.dumps({**head, "resources": list(resources), "outputs": shown}))
    return infra.plan(path, target=target, resource_group="rg", location="westeurope")


VNET = resource(
    "Microsoft.Network/virtualNetworks",
    "net",
    {
        "addressSpace": {"addressPrefixes": ["10.7.0.0/16"]},
        "subnets": [{"name": "a", "properties": {"addressPrefix": "10.7.3.0/24"}}],
    },
    location="westeurope",
)
SUBNET = "resourceId('Microsoft.Network/virtualNetworks/subnets', 'net', 'a')"


@pytest.mark.parametrize(
    ("made", "read", "expected"),
    [
        (
            resource("Microsoft.ContainerInstance/containerGroups", "g", {"ipAddress": {"type": "Public", "dnsNameLabel": "hi"}}),
            "ipAddress.fqdn",
            "hi.westeurope.azurecontainer.io",
        ),
        (resource("Microsoft.Web/sites", "App"), "hostNames[0]", "app.azurewebsites.net"),
        (resource("Microsoft.DBforMySQL/servers", "db"), "fullyQualifiedDomainName", "db.mysql.database.azure.com"),
        (resource("Microsoft.Devices/IotHubs", "hub"), "hostName", "hub.azure-devices.net"),
        (resource("Microsoft.ApiManagement/service", "api"), "gatewayUrl", "https://api.azure-api.net"),
        (resource("Microsoft.ContainerService/managedClusters", "k"), "nodeResourceGroup", "MC_rg_k_westeurope"),
    ],
)
def test_what_templates_read_off_a_resource(
    made: dict[str, Any], read: str, expected: str, tmp_path: Path, target: infra.Target
) -> None:
    made = {**made, "location": "westeurope"}
    deployment = plan(tmp_path, target, made, o=f"reference('{made['name']}').{read}").apply()
    assert deployment.outputs["o"] == {"value": expected}
    assert [change.action for change in plan(tmp_path, target, made).changes] == ["unchanged"]


def test_a_private_address_is_one_of_the_subnet(tmp_path: Path, target: infra.Target) -> None:
    card = resource(
        "Microsoft.Network/networkInterfaces",
        "nic",
        {"ipConfigurations": [{"name": "c", "properties": {"subnet": {"id": f"[{SUBNET}]"}}}]},
        location="westeurope",
        dependsOn=["net"],
    )
    deployment = plan(tmp_path, target, VNET, card, o="reference('nic').ipConfigurations[0].properties.privateIPAddress").apply()
    assert deployment.outputs["o"]["value"].startswith("10.7.3.")
    assert {change.action for change in plan(tmp_path, target, VNET, card).changes} == {"unchanged"}


@pytest.mark.parametrize("again", [False, True])
def test_what_lies_in_a_part_that_the_service_makes_needs_no_parent_of_its_own(
    again: bool, tmp_path: Path, target: infra.Target
) -> None:
    hub = resource("Microsoft.Devices/IotHubs", "hub", location="westeurope")
    group = resource("Microsoft.Devices/IotHubs/eventHubEndpoints/ConsumerGroups", "hub/events/g", dependsOn=["hub"])
    if again:
        plan(tmp_path, target, hub).apply()
    plan(tmp_path, target, hub, group).apply()
    assert [change.action for change in plan(tmp_path, target, hub, group).changes] == ["unchanged", "unchanged"]


def test_a_part_of_what_is_not_there_is_refused_by_the_name_of_what_is_missing(tmp_path: Path, target: infra.Target) -> None:
    group = resource("Microsoft.Devices/IotHubs/eventHubEndpoints/ConsumerGroups", "none/events/g")
    with pytest.raises(DeploymentError, match=r"the parent resource '[^']*/IotHubs/none' could not be found"):
        plan(tmp_path, target, group).apply()


def test_the_rule_that_comes_with_a_namespace_has_keys(tmp_path: Path, target: infra.Target) -> None:
    bus = resource("Microsoft.ServiceBus/namespaces", "bus", location="westeurope")
    rule = "resourceId('Microsoft.ServiceBus/namespaces/authorizationRules', 'bus', 'RootManageSharedAccessKey')"
    deployment = plan(tmp_path, target, bus, o=f"listKeys({rule}, '2023-01-01').primaryConnectionString").apply()
    start = "Endpoint=sb://bus.servicebus.windows.net/;SharedAccessKeyName=RootManageSharedAccessKey;SharedAccessKey="
    assert deployment.outputs["o"]["value"].startswith(start)
    with pytest.raises(DeploymentError, match="was not found"):
        plan(tmp_path, target, bus, o=f"listKeys({rule.replace('RootManage', 'Other')}, '2023-01-01').primaryKey").apply()


def test_a_property_that_only_azure_adds_is_refused_with_the_reason(tmp_path: Path, target: infra.Target) -> None:
    script = resource("Microsoft.Resources/deploymentScripts", "s", {"scriptContent": "x"}, location="westeurope")
    with pytest.raises(DeploymentError, match=r"no property 'outputs'(.|\n)*few of the properties that Azure adds"):
        plan(tmp_path, target, script, o="reference('s').outputs.x").apply()


def test_a_reference_to_nothing_is_refused_by_name(tmp_path: Path, target: infra.Target) -> None:
    site = resource("Microsoft.Web/sites", "s", {"x": "[reference('nobody', '2023-01-01').x]"}, location="westeurope")
    with pytest.raises(DeploymentError, match=r"reference\(\) names 'nobody', which the template does not have"):
        plan(tmp_path, target, site).apply()


def test_a_template_with_a_profile_of_versions_is_planned_again(tmp_path: Path, target: infra.Target) -> None:
    account = resource(
        "Microsoft.Storage/storageAccounts", "stprofile", location="westeurope", kind="Storage", sku={"name": "Standard_LRS"}
    )
    network = {key: value for key, value in VNET.items() if key != "apiVersion"}
    del account["apiVersion"]
    plan(tmp_path, target, account, network, profile="2019-03-01-hybrid").apply()
    again = plan(tmp_path, target, account, network, profile="2019-03-01-hybrid")
    assert {change.action for change in again.changes} == {"unchanged"}


def test_an_event_subscription_has_no_location(tmp_path: Path, target: infra.Target) -> None:
    plan(tmp_path, target, resource("Microsoft.EventGrid/eventSubscriptions", "s")).apply()
