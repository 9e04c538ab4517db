"""Answers on the wire, as recorded traffic of the service has them (recordings of Azure/azure-cli and azure-cli-extensions)."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlsplit

import pytest
from azure.core.rest import HttpRequest

from infra_lib.local import LocalResourceManager
from infra_lib.local.deployments.bodies import camel_case
from tests.local.conftest import GROUP, LOCATION, Clients, consumption, template
from tests.local.test_container_apps import job_body
from tests.local.test_deployments import vault

APP = "Microsoft.App/containerApps/app1"
ENVIRONMENT = "Microsoft.App/managedEnvironments/env1"
VERSION = "2026-01-01"


def follow(clients: Clients, url: str) -> Any:
    """One request to an address that an answer gave."""
    address = urlsplit(url)
    return clients.raw("GET", f"{address.path}?{address.query}".replace(f"api-version={VERSION}", "x=1"), version=VERSION)


# ---------------------------------------------------------------------------------------------- writes that take time


def test_every_put_of_an_app_answers_201_and_goes_on(clients: Clients) -> None:
    clients.environment()
    for _ in range(2):
        reply = clients.raw("PUT", clients.id(APP), clients.app_body(), version=VERSION)
        assert reply.status_code == 201
        assert reply.json()["properties"]["provisioningState"] == "InProgress"
        assert not {"runningStatus", "latestRevisionName", "latestRevisionFqdn"} & reply.json()["properties"].keys()
        assert "/locations/westus/containerappOperationStatuses/" in reply.headers["Azure-AsyncOperation"]
        state = follow(clients, reply.headers["Azure-AsyncOperation"]).json()
        assert (state["status"], state.keys()) == ("Succeeded", {"id", "name", "status", "startTime"})
        assert not state["startTime"].endswith("Z")


def test_a_patch_of_an_app_answers_202_with_both_addresses(clients: Clients) -> None:
    clients.environment()
    clients.app()
    reply = clients.raw("PATCH", clients.id(APP), {"tags": {"a": "b"}}, version=VERSION)
    assert (reply.status_code, reply.text()) == (202, "")
    assert follow(clients, reply.headers["Azure-AsyncOperation"]).json()["status"] == "Succeeded"
    result = follow(clients, reply.headers["Location"])
    assert (result.status_code, result.json()["tags"]) == (200, {"a": "b"})


@pytest.mark.parametrize(("kind", "collection"), [(APP, "containerapp"), (ENVIRONMENT, "managedEnvironment")])
def test_a_deletion_answers_202_and_ends_with_204(clients: Clients, kind: str, collection: str) -> None:
    clients.environment()
    if kind == APP:
        clients.app()
    reply = clients.raw("DELETE", clients.id(kind), version=VERSION)
    assert (reply.status_code, "Azure-AsyncOperation" in reply.headers) == (202, False)
    assert f"/{collection}OperationResults/" in reply.headers["Location"]
    assert follow(clients, reply.headers["Location"]).status_code == 204
    assert clients.raw("DELETE", clients.id(kind), version=VERSION).status_code == 204


def test_a_deletion_that_takes_time_is_polled() -> None:
    with LocalResourceManager(pace={"Microsoft.App/managedEnvironments": 3}) as manager:
        clients = Clients(manager)
        clients.group()
        clients.environment()
        poller = clients.apps.managed_environments.begin_delete(GROUP, "env1", polling_interval=1)
        assert clients.get(clients.id(ENVIRONMENT), VERSION)["properties"]["provisioningState"] == "Deleting"
        poller.result()
        assert clients.raw("GET", clients.id(ENVIRONMENT), version=VERSION).status_code == 404


def test_an_environment_answers_at_once_when_nothing_changes(clients: Clients) -> None:
    body = {"location": LOCATION, "properties": {"workloadProfiles": [consumption()]}}
    made = clients.raw("PUT", clients.id(ENVIRONMENT), body, version=VERSION)
    assert (made.status_code, made.json()["properties"]["provisioningState"]) == (201, "Waiting")
    assert "staticIp" not in made.json()["properties"]
    same = clients.raw("PUT", clients.id(ENVIRONMENT), body, version=VERSION)
    assert (same.status_code, same.json()["properties"]["provisioningState"]) == (200, "Succeeded")
    assert "Azure-AsyncOperation" not in same.headers
    changed = clients.raw("PUT", clients.id(ENVIRONMENT), {**body, "tags": {"a": "b"}}, version=VERSION)
    assert (changed.status_code, changed.json()["properties"]["provisioningState"]) == (201, "Updating")
    assert clients.raw("PATCH", clients.id(ENVIRONMENT), {"location": LOCATION}, version=VERSION).status_code == 200
    patched = clients.raw("PATCH", clients.id(ENVIRONMENT), {"tags": {}}, version=VERSION)
    assert (patched.status_code, follow(clients, patched.headers["Location"]).json()["tags"]) == (202, {})


def test_a_storage_account_is_made_with_202_and_changed_with_200(clients: Clients) -> None:
    body = {"location": LOCATION, "kind": "StorageV2", "sku": {"name": "Standard_RAGRS"}}
    account = clients.id("Microsoft.Storage/storageAccounts/account1")
    made = clients.raw("PUT", account, body)
    assert (made.status_code, made.text()) == (202, "")
    held = follow(clients, made.headers["Location"]).json()
    assert (held["tags"], held["properties"]["minimumTlsVersion"]) == ({}, "TLS1_2")
    assert held["properties"]["secondaryLocation"] == "eastus"
    assert held["properties"]["secondaryEndpoints"]["blob"] == "https://account1-secondary.blob.core.windows.net/"
    assert clients.raw("PUT", account, body).status_code == 200


def test_a_workspace_is_made_with_a_status_and_changed_at_once(clients: Clients) -> None:
    workspace = clients.id("Microsoft.OperationalInsights/workspaces/logs")
    made = clients.raw("PUT", workspace, {"location": LOCATION, "properties": {}}, version="2025-07-01")
    assert (made.status_code, made.json()["properties"]["provisioningState"]) == (201, "Creating")
    assert "/operationstatuses/" in made.headers["Azure-AsyncOperation"]
    same = clients.raw("PUT", workspace, {"location": LOCATION, "properties": {}}, version="2025-07-01")
    assert (same.status_code, same.json()["properties"]["provisioningState"]) == (200, "Succeeded")
    assert "source" not in same.json()["properties"]


# ---------------------------------------------------------------------------------------------- bodies


def test_file_services_and_shares_answer_writes_with_what_they_were_given(clients: Clients) -> None:
    clients.account()
    service = clients.id("Microsoft.Storage/storageAccounts/account1/fileServices/default")
    wanted = {"properties": {"shareDeleteRetentionPolicy": {"enabled": True, "days": 9}}}
    assert clients.raw("PUT", service, wanted).json()["properties"] == wanted["properties"]
    assert clients.get(service)["properties"]["protocolSettings"] == {"smb": {}}
    share = clients.raw("PUT", f"{service}/shares/share1", {"properties": {"shareQuota": 7}})
    assert share.json()["properties"] == {"shareQuota": 7}
    assert share.headers["ETag"] == clients.get(f"{service}/shares/share1")["etag"]
    missing = clients.raw("GET", f"{service}/shares/none")
    assert (missing.status_code, missing.json()["error"]["code"]) == (404, "ShareNotFound")
    assert "x-ms-failure-cause" not in missing.headers
    refused = clients.raw("PUT", service, {"properties": {"protocolSettings": {"smb": {"multichannel": {"enabled": True}}}}})
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "FeatureNotSupportedForAccount")


def test_blob_containers(clients: Clients) -> None:
    clients.account()
    blobs = clients.id("Microsoft.Storage/storageAccounts/account1/blobServices/default/containers/one")
    made = clients.raw("PUT", blobs, {"properties": {"metadata": {"a": "b"}}})
    assert made.status_code == 201
    said = {"deleted": False, "remainingRetentionDays": 0, "hasImmutabilityPolicy": False, "hasLegalHold": False}
    assert made.json()["properties"] == {"metadata": {"a": "b"}, **said}
    held = clients.get(blobs)
    assert held["properties"]["legalHold"] == {"hasLegalHold": False, "tags": []}
    assert held["etag"] == made.headers["ETag"]
    assert clients.raw("GET", f"{blobs}x").json()["error"]["code"] == "ContainerNotFound"


def test_an_environment_in_a_network(clients: Clients) -> None:
    subnet = f"{clients.group_id}/providers/Microsoft.Network/virtualNetworks/net/subnets/one"
    clients.environment(vnetConfiguration={"infrastructureSubnetId": subnet})
    environment = clients.get(clients.id(ENVIRONMENT), VERSION)
    assert environment["location"] == "West US"
    assert environment["properties"]["vnetConfiguration"] == {
        "internal": False,
        "infrastructureSubnetId": subnet,
        "dockerBridgeCidr": None,
        "platformReservedCidr": None,
        "platformReservedDnsIP": None,
    }
    assert environment["properties"]["infrastructureResourceGroup"] == f"ME_env1_{GROUP}_westus"
    again = clients.raw("PUT", clients.id(ENVIRONMENT), {"location": LOCATION, "properties": {"vnetConfiguration": None}})
    assert again.json()["properties"]["vnetConfiguration"]["infrastructureSubnetId"] == subnet


def test_parts_of_an_environment(clients: Clients) -> None:
    gpu = {"name": "GPU", "workloadProfileType": "NC24-A100", "minimumCount": 0, "maximumCount": 2}
    clients.environment(workloadProfiles=[consumption(), gpu])
    states = clients.raw("GET", f"{clients.id(ENVIRONMENT)}/workloadProfileStates", version=VERSION).json()["value"]
    assert [state["type"] for state in states] == ["Consumption", "NC24-A100"]
    assert states[0]["properties"].keys() == {"name", "workloadProfileType", "enableFips"}
    assert states[1]["properties"] == {**gpu, "enableFips": False, "currentCount": 0}
    usage = clients.raw("GET", f"{clients.id(ENVIRONMENT)}/usages", version=VERSION).json()["value"][0]
    assert usage.keys() == {"name", "usage", "currentValue", "limit"}
    storage = f"{clients.id(ENVIRONMENT)}/storages/store1"
    missing = clients.raw("GET", storage, version=VERSION)
    assert missing.json()["error"]["code"] == "ManagedEnvironmentStorageNotFound"
    file = {"accountName": "account1", "accountKey": "hush", "shareName": "share1", "accessMode": "ReadOnly"}
    made = clients.raw("PUT", storage, {"properties": {"azureFile": file}}, version=VERSION)
    assert (made.status_code, made.json()["type"]) == (200, "Microsoft.App/managedenvironments/storages")


def test_members_in_any_casing_and_numbers_as_text_are_read(clients: Clients) -> None:
    profiles = [
        {"Name": "Consumption", "workloadProfileType": "Consumption"},
        {"name": "d4", "WorkloadProfileType": "D4", "minimumCount": "1", "maximumCount": "3"},
    ]
    clients.environment(workloadProfiles=profiles)
    held = clients.get(clients.id(ENVIRONMENT), VERSION)["properties"]["workloadProfiles"]
    assert [item["name"] for item in held] == ["Consumption", "d4"]
    assert (held[1]["minimumCount"], held[1]["maximumCount"]) == (1, 3)
    traffic = [{"weight": "100", "latestRevision": True, "revisionName": None}]
    app = clients.app(configuration={"ingress": {"targetPort": "80", "traffic": traffic}}).as_dict()
    ingress = app["properties"]["configuration"]["ingress"]
    assert (ingress["targetPort"], ingress["traffic"]) == (80, [{"weight": 100, "latestRevision": True}])


def test_an_app_is_shown_as_the_service_shows_it(clients: Clients) -> None:
    clients.environment()
    variable = {"name": "A", "value": "1", "secretRef": None}
    container = {"name": "main", "image": "example.org/app:1", "command": None, "env": [variable]}
    registry = {"server": "example.org", "identity": "system"}
    clients.app(
        configuration={"registries": [registry]},
        template={"containers": [container], "scale": None, "revisionSuffix": None},
    )
    app = clients.get(clients.id(APP), VERSION)
    assert app["id"].endswith("/Microsoft.App/containerapps/app1")
    assert not app["systemData"]["createdAt"].endswith("Z")
    properties = app["properties"]
    assert properties["eventStreamEndpoint"].endswith(f"/resourceGroups/{GROUP}/containerApps/app1/eventstream")
    assert properties["configuration"]["registries"] == [{**registry, "username": "", "passwordSecretRef": ""}]
    assert properties["template"]["revisionSuffix"] == ""
    assert properties["template"]["containers"][0]["env"] == [{"name": "A", "value": "1"}]
    assert "command" not in properties["template"]["containers"][0]
    refused = clients.raw(
        "PUT",
        clients.id("Microsoft.App/containerApps/app2"),
        clients.app_body(configuration={"registries": [{"server": "example.org", "passwordSecretRef": "none"}]}),
        version=VERSION,
    ).json()
    assert refused["error"]["code"] == "ContainerAppRegistriesPasswordSecretRefNotFound"


def test_revisions_of_patches_are_numbered(clients: Clients) -> None:
    clients.environment()
    first = str(clients.app().as_dict()["properties"]["latestRevisionName"])
    assert len(first) == len("app1--0000000")
    names = []
    for image in ("example.org/app:2", "example.org/app:3"):
        change = {"properties": {"template": {"containers": [{"name": "main", "image": image}]}}}
        clients.raw("PATCH", clients.id(APP), change, version=VERSION)
        names.append(clients.get(clients.id(APP), VERSION)["properties"]["latestRevisionName"])
    assert names == ["app1--0000001", "app1--0000002"]
    by_name = {item["name"]: item for item in clients.raw("GET", f"{clients.id(APP)}/revisions", version=VERSION).json()["value"]}
    old, new = by_name[first], by_name["app1--0000002"]
    assert new["type"] == "Microsoft.App/containerapps/revisions"
    assert new["properties"]["createdTime"].endswith("+00:00")
    assert new["properties"]["template"]["containers"][0]["resources"] == {"cpu": 0.5, "memory": "1Gi"}
    assert new["properties"]["template"]["containers"][0]["probes"] == []
    assert "lastActiveTime" not in new["properties"]
    assert (old["properties"]["active"], old["properties"]["runningState"]) == (False, "Stopped")
    assert old["properties"]["lastActiveTime"].endswith("+00:00")
    assert (old["properties"]["provisioningState"], old["properties"]["healthState"]) == ("Provisioned", "Healthy")
    assert clients.apps.container_apps_revisions.get_revision(GROUP, "app1", first).properties.created_time.tzinfo is not None


def test_executions_of_a_job(clients: Clients) -> None:
    clients.environment()
    job = clients.id("Microsoft.App/jobs/job1")
    for _ in range(2):
        assert clients.raw("PUT", job, job_body(clients), version=VERSION).status_code == 201
    held = clients.get(job, VERSION)["properties"]
    assert held["configuration"]["dapr"] is None
    started = clients.raw("POST", f"{job}/start", version=VERSION)
    assert (started.status_code, started.json().keys()) == (200, {"id", "name"})
    name = started.json()["name"]
    stopped = clients.raw("POST", f"{job}/stop/{name}", version=VERSION)
    assert stopped.status_code == 200
    execution = clients.get(f"{job}/executions/{name}", VERSION)["properties"]
    assert execution["startTime"].endswith("+00:00")
    assert execution["template"]["containers"][0]["imageType"] == "ContainerImage"
    assert execution["template"]["initContainers"] == []
    assert clients.raw("POST", f"{job}/stop/none", version=VERSION).status_code == 404


def test_an_app_in_an_environment_of_another_kind_is_refused(clients: Clients) -> None:
    connected = clients.id("Microsoft.App/connectedEnvironments/arc")
    clients.raw("PUT", connected, {"location": LOCATION, "properties": {}})
    refused = clients.raw("PUT", clients.id(APP), clients.app_body(environmentId=connected), version=VERSION)
    assert (refused.status_code, refused.json()["error"]["code"]) == (400, "InvalidRequestContent")


def test_the_list_of_all_resources_and_locks(clients: Clients) -> None:
    clients.environment()
    listed = clients.raw("GET", f"{clients.group_id}/resources").json()["value"][0]
    assert (listed["location"], listed["systemData"]["createdByType"]) == ("westus", "User")
    lock = f"{clients.group_id}/providers/Microsoft.Authorization/locks/lock1"
    made = clients.raw("PUT", lock, {"properties": {"level": "CanNotDelete"}}, version="2016-09-01")
    assert (made.status_code, made.json()["properties"]) == (201, {"level": "CanNotDelete"})
    assert clients.raw("GET", f"{clients.group_id}/resources?$skiptoken=abc").status_code == 400


# ---------------------------------------------------------------------------------------------- deployments


@pytest.mark.parametrize(
    ("name", "shown"),
    [("NewNSG", "newNSG"), ("API_URL", "apI_URL"), ("ID", "id"), ("URLPath", "urlPath"), ("fine", "fine"), ("", "")],
)
def test_names_are_spelled_as_the_service_spells_them(name: str, shown: str) -> None:
    assert camel_case(name) == shown


def test_a_deployment_shows_names_sections_and_places(clients: Clients) -> None:
    source = template(
        [{**vault("v1"), "location": "West US"}, {**vault("v0")}],
        parameters={"Size": {"type": "int", "defaultValue": 1}},
        outputs={"NewName": {"type": "string", "value": "x"}},
    )
    properties = clients.deploy(source).as_dict()["properties"]
    assert properties["parameters"] == {"size": {"type": "Int", "value": 1}}
    assert properties["outputs"] == {"newName": {"type": "String", "value": "x"}}
    assert [item["id"].rsplit("/", 1)[1] for item in properties["outputResources"]] == ["v0", "v1"]
    assert [item["resourceTypes"][0]["locations"] for item in properties["providers"]] == [["westus"]]
    bare = clients.raw("GET", clients.id("Microsoft.Resources/deployments/bare"), version="2025-04-01")
    assert bare.json()["error"]["code"] == "DeploymentNotFound"
    clients.deploy(template([]), name="bare")
    bare = clients.get(clients.id("Microsoft.Resources/deployments/bare"), "2025-04-01")["properties"]
    assert not {"parameters", "outputs", "error"} & bare.keys()
    assert (bare["providers"], bare["dependencies"], bare["outputResources"]) == ([], [], [])
    operations = clients.raw("GET", f"{clients.group_id}/deployments/bare/operations", version="2025-04-01").json()["value"]
    assert [item["properties"]["provisioningOperation"] for item in operations] == ["EvaluateDeploymentOutput"]
    assert operations[0]["properties"].keys() == {
        "provisioningOperation", "provisioningState", "timestamp", "duration", "trackingId", "statusCode",
    }  # fmt: skip


def nested(group: str | None = None) -> dict[str, Any]:
    place: dict[str, Any] = {"resourceGroup": group} if group else {}
    place["properties"] = {"mode": "Incremental", "template": template([vault("within")])}
    return {"type": "Microsoft.Resources/deployments", "apiVersion": "2025-04-01", "name": "child", **place}


def test_validation_lists_nested_deployments_and_has_no_time(clients: Clients) -> None:
    at = clients.id("Microsoft.Resources/deployments/main")
    body = {"properties": {"mode": "Incremental", "template": template([nested(), vault("own")])}}
    validated = clients.raw("POST", f"{at}/validate", body, version="2025-04-01").json()["properties"]
    assert [item["id"].rsplit("/", 1)[1] for item in validated["validatedResources"]] == ["child", "own", "within"]
    assert validated["timestamp"] == "0001-01-01T00:00:00Z"
    places = {item["resourceTypes"][0]["resourceType"]: item["resourceTypes"][0]["locations"] for item in validated["providers"]}
    assert places["deployments"] == [None]
    body["properties"]["template"] = template([nested("nowhere")])
    refused = clients.raw("POST", f"{at}/validate", body, version="2025-04-01")
    assert (refused.status_code, refused.json()["error"]["code"]) == (404, "ResourceGroupNotFound")


def test_a_deployment_is_deleted_with_202_and_204(clients: Clients) -> None:
    clients.deploy(template([]))
    reply = clients.raw("DELETE", clients.id("Microsoft.Resources/deployments/main"), version=VERSION)
    assert (reply.status_code, follow(clients, reply.headers["Location"]).status_code) == (202, 204)
    missing = clients.raw("HEAD", clients.id("Microsoft.Resources/deployments/main"), version=VERSION)
    assert (missing.status_code, missing.headers["x-ms-failure-cause"]) == (404, "gateway")


def test_a_cancelled_deployment_has_no_error(manager: LocalResourceManager) -> None:
    with LocalResourceManager(pace=60) as slow:
        clients = Clients(slow)
        clients.group()
        clients.begin(template([vault("v1")]))
        clients.deployments.deployments.cancel(GROUP, "main")
        held = clients.get(clients.id("Microsoft.Resources/deployments/main"), "2025-04-01")["properties"]
        assert held["provisioningState"] == "Canceled"
        assert not {"error", "outputs", "outputResources"} & held.keys()


def test_what_if_answers_202_and_without_nulls(clients: Clients) -> None:
    clients.deploy(template([vault("changed", tags={"a": "b"})]))
    source = template([vault("changed", tags={"a": "c"}), vault("added")])
    body = {"properties": {"mode": "Incremental", "template": source}}
    asked = clients.raw("POST", f"{clients.id('Microsoft.Resources/deployments/main')}/whatIf", body, version=VERSION)
    assert (asked.status_code, asked.text()) == (202, "")
    added, changed = follow(clients, asked.headers["Location"]).json()["properties"]["changes"]
    assert (added["changeType"], added.keys()) == ("Create", {"resourceId", "changeType", "after"})
    assert changed["delta"] == [{"path": "tags.a", "propertyChangeType": "Modify", "before": "b", "after": "c"}]
    assert (changed["before"]["tags"], changed["after"]["tags"]) == ({"a": "b"}, {"a": "c"})
    assert [*changed["before"]] == sorted(changed["before"])
    assert changed["before"]["apiVersion"] == changed["after"]["apiVersion"]


def test_json_as_the_azure_cli_sends_it_is_read(manager: LocalResourceManager, clients: Clients) -> None:
    source = json.dumps(template([vault("v1", tags={"a": "http://x/*y*/, z: 1"})]))[:-1] + " // a comment\n /* and, b: one */ }"
    text = '{"properties": {"mode": "Incremental", "parameters": {}, template:' + source + "}}"
    url = f"{manager.base_url}{clients.id('Microsoft.Resources/deployments/main')}?api-version={VERSION}"
    token = manager.credential().get_token("x").token
    sent = HttpRequest("PUT", url, headers={"Authorization": f"Bearer {token}"}, content=text)
    assert manager.transport().send(sent).status_code == 201
    assert clients.resources.resources.list_by_resource_group(GROUP).next().tags == {"a": "http://x/*y*/, z: 1"}


def test_outputs_have_the_template_s_names_when_they_are_deployed() -> None:
    from infra_lib import Target
    from infra_lib.deploy.execute import deploy

    with Target.local() as target:
        target.resources.resource_groups.create_or_update(GROUP, {"location": LOCATION})
        scope = f"/subscriptions/{target.subscription_id}/resourceGroups/{GROUP}"
        source = template([], outputs={"API_URL": {"type": "string", "value": "x"}, "plain": {"type": "int", "value": 1}})
        done = deploy(target, scope=scope, name="main", template=source, parameters={})
    assert done.outputs == {"API_URL": "x", "plain": 1}
