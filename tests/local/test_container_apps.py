from __future__ import annotations

from typing import Any

import pytest
from azure.core.exceptions import HttpResponseError, ResourceNotFoundError

from infra_lib.local import LocalResourceManager
from tests.local.conftest import GROUP, LOCATION, Clients, consumption

GPU = {"name": "GPU", "workloadProfileType": "NC24-A100", "minimumCount": 0, "maximumCount": 2}


def test_an_environment_has_the_service_s_defaults_and_no_key(clients: Clients) -> None:
    logs = {"destination": "log-analytics", "logAnalyticsConfiguration": {"customerId": "id", "sharedKey": "hush"}}
    clients.environment(appLogsConfiguration=logs, workloadProfiles=[consumption(), GPU])
    environment = clients.apps.managed_environments.get(GROUP, "env1").as_dict()
    properties = environment["properties"]
    assert properties["provisioningState"] == "Succeeded"
    assert properties["appLogsConfiguration"]["logAnalyticsConfiguration"] == {"customerId": "id", "sharedKey": None}
    assert properties["defaultDomain"].endswith(".westus.azurecontainerapps.io")
    assert properties["zoneRedundant"] is False
    assert [profile["name"] for profile in properties["workloadProfiles"]] == ["Consumption", "GPU"]
    assert "hush" not in str(environment)


@pytest.mark.parametrize(
    ("properties", "code"),
    [
        ({"appLogsConfiguration": {"destination": "log-analytics"}}, "InvalidLogAnalyticsConfiguration"),
        ({"workloadProfiles": [{**GPU, "workloadProfileType": "NC99"}]}, "InvalidWorkloadProfileType"),
        ({"workloadProfiles": [{**GPU, "minimumCount": 3}]}, "InvalidWorkloadProfileCount"),
        ({"workloadProfiles": [GPU, GPU]}, "DuplicateWorkloadProfileName"),
        ({"zoneRedundant": True}, "ZoneRedundantRequiresVnet"),
    ],
)
def test_a_bad_environment_is_refused(clients: Clients, properties: dict[str, Any], code: str) -> None:
    with pytest.raises(HttpResponseError) as caught:
        clients.environment(**properties)
    assert caught.value.error.code == code


def test_profiles_and_quotas_of_a_location(clients: Clients, manager: LocalResourceManager) -> None:
    offered = {item.name for item in clients.apps.available_workload_profiles.get("westus")}
    assert {"Consumption", "D4", "NC24-A100"} <= offered
    assert "NC24-A100" not in {item.name for item in clients.apps.available_workload_profiles.get("westcentralus")}
    manager.set_quota("SubscriptionDedicatedNCA100Gpus", 1)
    with pytest.raises(HttpResponseError) as caught:
        clients.environment(workloadProfiles=[GPU])
    assert caught.value.error.code == "WorkloadProfileQuotaExceeded"
    clients.environment(workloadProfiles=[{**GPU, "maximumCount": 1}])
    usages = {usage.name.value: usage for usage in clients.apps.managed_environment_usages.list(GROUP, "env1")}
    assert usages["SubscriptionDedicatedNCA100Gpus"].current_value == 1
    assert usages["SubscriptionDedicatedNCA100Gpus"].limit == 1


def test_a_storage_keeps_its_key_to_itself_and_its_share(clients: Clients) -> None:
    clients.environment()
    storages = clients.apps.managed_environments_storages
    file = {"accountName": "account1", "accountKey": "hush", "shareName": "share1", "accessMode": "ReadWrite"}
    made = storages.create_or_update(GROUP, "env1", "store1", {"properties": {"azureFile": file}})
    assert made.as_dict()["properties"]["azureFile"] == {name: value for name, value in file.items() if name != "accountKey"}
    storages.create_or_update(GROUP, "env1", "store1", {"properties": {"azureFile": {**file, "accountKey": "other"}}})
    with pytest.raises(HttpResponseError) as caught:
        storages.create_or_update(GROUP, "env1", "store1", {"properties": {"azureFile": {**file, "shareName": "share2"}}})
    assert caught.value.error.code == "PropertyChangeNotAllowed"
    with pytest.raises(HttpResponseError):
        storages.create_or_update(GROUP, "env1", "store2", {"properties": {"azureFile": {**file, "accountKey": None}}})


def test_an_app_has_the_service_s_defaults(clients: Clients) -> None:
    clients.environment()
    app = clients.app().as_dict()
    properties = app["properties"]
    assert app["location"] == "West US"
    assert app["identity"] == {"type": "None"}
    assert properties["configuration"]["activeRevisionsMode"] == "Single"
    assert properties["configuration"]["secrets"] is None
    assert properties["configuration"]["ingress"]["traffic"] == [{"weight": 100, "latestRevision": True}]
    assert properties["template"]["containers"][0]["resources"] == {"cpu": 0.5, "memory": "1Gi", "ephemeralStorage": "2Gi"}
    assert properties["template"]["scale"]["maxReplicas"] == 2
    assert properties["workloadProfileName"] == "Consumption"
    assert properties["latestRevisionName"].startswith("app1--")


def test_each_app_has_a_loopback_port_of_its_own_and_keeps_it(clients: Clients) -> None:
    clients.environment()
    first = clients.app("app1").configuration.ingress.fqdn
    second = clients.app("app2").configuration.ingress.fqdn
    assert first.startswith("127.0.0.1:")
    assert first != second
    changed = clients.app("app1", template={"containers": [{"name": "main", "image": "example.org/app:2"}]})
    assert changed.configuration.ingress.fqdn == first


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"environmentId": None}, "InvalidRequestContent"),
        ({"workloadProfileName": "GPU"}, "WorkloadProfileNotFound"),
        ({"template": {"containers": []}}, "ContainerAppContainersRequired"),
        ({"template": {"containers": [{"name": "main"}]}}, "ContainerAppImageRequired"),
        ({"configuration": {"secrets": [{"name": "a"}]}}, "ContainerAppSecretInvalid"),
        ({"configuration": {"secrets": [{"name": "A_B", "value": "x"}]}}, "ContainerAppSecretNameInvalid"),
        (
            {"template": {"containers": [{"name": "main", "image": "i", "env": [{"name": "E", "secretRef": "nope"}]}]}},
            "ContainerAppSecretRefNotFound",
        ),
        (
            {"template": {"containers": [{"name": "main", "image": "i", "resources": {"cpu": 3.1, "memory": "1Gi"}}]}},
            "ContainerAppInvalidResourceTotal",
        ),
        (
            {
                "template": {
                    "containers": [{"name": "main", "image": "i", "volumeMounts": [{"volumeName": "v", "mountPath": "/m"}]}]
                }
            },
            "ContainerAppVolumeNotFound",
        ),
        (
            {
                "template": {
                    "containers": [{"name": "main", "image": "i"}],
                    "volumes": [{"name": "v", "storageType": "AzureFile", "storageName": "nope"}],
                }
            },
            "ManagedEnvironmentStorageNotFound",
        ),
    ],
)
def test_a_bad_app_is_refused_and_not_kept(clients: Clients, changes: dict[str, Any], code: str) -> None:
    clients.environment()
    with pytest.raises(HttpResponseError) as caught:
        clients.app(**changes)
    assert caught.value.error.code == code
    with pytest.raises(ResourceNotFoundError):
        clients.apps.container_apps.get(GROUP, "app1")


def test_an_app_needs_a_name_and_an_environment_that_fit(clients: Clients) -> None:
    with pytest.raises(HttpResponseError) as caught:
        clients.app()
    assert caught.value.error.code == "ManagedEnvironmentNotFound"
    clients.environment()
    with pytest.raises(HttpResponseError) as caught:
        clients.app("Not_Valid")
    assert caught.value.error.code == "ContainerAppInvalidName"
    body = {**clients.app_body(), "location": "eastus"}
    with pytest.raises(HttpResponseError) as caught:
        clients.apps.container_apps.begin_create_or_update(GROUP, "app1", body)
    assert caught.value.error.code == "InvalidLocation"


def test_secrets_are_listed_by_name_and_read_by_an_action(clients: Clients) -> None:
    clients.environment()
    clients.app(configuration={"secrets": [{"name": "token", "value": "hush"}]})
    shown = clients.apps.container_apps.get(GROUP, "app1").as_dict()
    assert shown["properties"]["configuration"]["secrets"] == [{"name": "token"}]
    assert "hush" not in str(shown)
    assert clients.apps.container_apps.list_secrets(GROUP, "app1").as_dict() == {"value": [{"name": "token", "value": "hush"}]}
    clients.apps.container_apps.begin_update(GROUP, "app1", {"location": "West US", "tags": {"a": "b"}}).result()
    assert clients.apps.container_apps.list_secrets(GROUP, "app1").value[0].value == "hush"
    assert clients.apps.container_apps.get_auth_token(GROUP, "app1").as_dict()["properties"]["token"]


def test_a_changed_template_makes_a_revision_and_a_changed_configuration_none(clients: Clients) -> None:
    clients.environment()
    first = clients.app().latest_revision_name
    assert clients.app().latest_revision_name == first
    assert clients.app(configuration={"ingress": {"targetPort": 80}}).latest_revision_name == first
    second = clients.app(template={"revisionSuffix": "two", "containers": [{"name": "main", "image": "example.org/app:2"}]})
    assert second.latest_revision_name == "app1--two"
    revisions = {revision.name: revision for revision in clients.apps.container_apps_revisions.list_revisions(GROUP, "app1")}
    assert revisions[first].active is False
    assert revisions[first].replicas == 0
    assert revisions["app1--two"].active is True
    assert revisions["app1--two"].traffic_weight == 100
    with pytest.raises(HttpResponseError) as caught:
        clients.app(template={"revisionSuffix": "two", "containers": [{"name": "main", "image": "example.org/app:3"}]})
    assert caught.value.error.code == "ContainerAppRevisionSuffixInUse"


def test_replicas_change_their_names_when_a_revision_is_restarted(clients: Clients) -> None:
    clients.environment()
    revision = clients.app().latest_revision_name
    replicas = clients.apps.container_apps_revision_replicas
    before = [replica.name for replica in replicas.list_replicas(GROUP, "app1", revision).value]
    clients.apps.container_apps_revisions.restart_revision(GROUP, "app1", revision)
    after = [replica.name for replica in replicas.list_replicas(GROUP, "app1", revision).value]
    assert len(before) == len(after) == 1
    assert before != after
    assert replicas.get_replica(GROUP, "app1", revision, after[0]).containers[0].ready


def test_an_app_stops_and_starts(clients: Clients) -> None:
    clients.environment()
    revision = clients.app().latest_revision_name
    clients.apps.container_apps.begin_stop(GROUP, "app1").result()
    assert clients.apps.container_apps.get(GROUP, "app1").running_status == "Stopped"
    assert clients.apps.container_apps_revision_replicas.list_replicas(GROUP, "app1", revision).value == []
    clients.apps.container_apps.begin_start(GROUP, "app1").result()
    assert clients.apps.container_apps_revisions.get_revision(GROUP, "app1", revision).running_state == "Running"


def test_revisions_can_be_deactivated(clients: Clients) -> None:
    clients.environment()
    revision = clients.app(configuration={"activeRevisionsMode": "Multiple"}).latest_revision_name
    clients.apps.container_apps_revisions.deactivate_revision(GROUP, "app1", revision)
    assert clients.apps.container_apps_revisions.get_revision(GROUP, "app1", revision).active is False
    clients.apps.container_apps_revisions.activate_revision(GROUP, "app1", revision)
    assert clients.apps.container_apps_revisions.get_revision(GROUP, "app1", revision).active is True


def test_an_environment_with_an_app_cannot_be_deleted(clients: Clients) -> None:
    clients.environment()
    clients.app()
    with pytest.raises(HttpResponseError) as caught:
        clients.apps.managed_environments.begin_delete(GROUP, "env1")
    assert caught.value.error.code == "ManagedEnvironmentHasContainerApps"
    clients.apps.container_apps.begin_delete(GROUP, "app1").result()
    clients.apps.managed_environments.begin_delete(GROUP, "env1").result()


def test_with_a_pace_an_app_is_in_progress_first(paced: Clients) -> None:
    paced.environment()
    poller = paced.apps.container_apps.begin_create_or_update(GROUP, "app1", paced.app_body())
    assert poller.result().provisioning_state == "Succeeded"
    paced.apps.container_apps.begin_create_or_update(
        GROUP, "app1", paced.app_body(template={"containers": [{"name": "main", "image": "i:2"}]}), polling=False
    )
    assert paced.apps.container_apps.get(GROUP, "app1").provisioning_state == "InProgress"
    with pytest.raises(HttpResponseError) as caught:
        paced.apps.container_apps.begin_create_or_update(GROUP, "app1", paced.app_body(), polling=False)
    assert caught.value.status_code == 409
    assert caught.value.error.code == "ContainerAppOperationInProgress"


# ---------------------------------------------------------------------------------------------- jobs


def job_body(clients: Clients, **configuration: Any) -> dict[str, Any]:
    return {
        "location": LOCATION,
        "properties": {
            "environmentId": clients.id("Microsoft.App/managedEnvironments/env1"),
            "configuration": {"triggerType": "Manual", "replicaTimeout": 60, **configuration},
            "template": {"containers": [{"name": "main", "image": "example.org/job:1", "command": ["true"]}]},
        },
    }


def test_a_job_is_made_started_and_its_execution_ends(clients: Clients) -> None:
    clients.environment()
    body = job_body(clients, secrets=[{"name": "token", "value": "hush"}])
    job = clients.apps.jobs.begin_create_or_update(GROUP, "job1", body).result().as_dict()
    assert job["properties"]["configuration"]["manualTriggerConfig"] == {"replicaCompletionCount": 1, "parallelism": 1}
    assert "hush" not in str(job)
    assert clients.apps.jobs.list_secrets(GROUP, "job1").value[0].value == "hush"
    started = clients.apps.jobs.begin_start(GROUP, "job1").result()
    assert started.name.startswith("job1-")
    execution = clients.apps.jobs_executions.list(GROUP, "job1").next().as_dict()
    assert execution["properties"]["status"] == "Succeeded"
    assert execution["properties"]["template"]["containers"][0]["command"] == ["true"]


def test_a_job_is_started_with_other_commands_and_stopped(paced: Clients) -> None:
    paced.environment()
    paced.apps.jobs.begin_create_or_update(GROUP, "job1", job_body(paced)).result()
    override = {"containers": [{"name": "main", "image": "example.org/job:1", "command": ["sleep", "9"]}]}
    paced.apps.jobs.begin_start(GROUP, "job1", override, polling=False)
    execution = next(iter(paced.apps.jobs_executions.list(GROUP, "job1")))
    assert execution.as_dict()["properties"]["status"] == "Running"
    assert execution.as_dict()["properties"]["template"]["containers"][0]["command"] == ["sleep", "9"]
    paced.apps.jobs.begin_stop_execution(GROUP, "job1", execution.name).result()
    assert paced.apps.job_execution(GROUP, "job1", execution.name).as_dict()["properties"]["status"] == "Stopped"


def test_a_job_remembers_its_newest_hundred_executions(clients: Clients) -> None:
    clients.environment()
    clients.apps.jobs.begin_create_or_update(GROUP, "job1", job_body(clients)).result()
    names = [clients.apps.jobs.begin_start(GROUP, "job1").result().name for _ in range(102)]
    held = [item.name for item in clients.apps.jobs_executions.list(GROUP, "job1")]
    assert held == [*reversed(names[2:])]


@pytest.mark.parametrize(
    ("configuration", "said"),
    [
        ({"triggerType": "Schedule"}, "needs properties.configuration.scheduleTriggerConfig"),
        ({"triggerType": "Schedule", "scheduleTriggerConfig": {"parallelism": 1}}, "scheduleTriggerConfig.cronExpression"),
        ({"triggerType": "Schedule", "scheduleTriggerConfig": {"cronExpression": "@daily"}}, "it has five fields"),
        ({"triggerType": "Event"}, "needs properties.configuration.eventTriggerConfig"),
    ],
)
def test_a_trigger_needs_its_configuration(clients: Clients, configuration: dict[str, Any], said: str) -> None:
    clients.environment()
    with pytest.raises(HttpResponseError, match=said):
        clients.apps.jobs.begin_create_or_update(GROUP, "job1", job_body(clients, **configuration)).result()


def test_a_job_needs_a_trigger_and_a_timeout(clients: Clients) -> None:
    clients.environment()
    for configuration in ({"triggerType": None}, {"replicaTimeout": None}, {"triggerType": "Schedule"}):
        with pytest.raises(HttpResponseError) as caught:
            clients.apps.jobs.begin_create_or_update(GROUP, "job1", job_body(clients, **configuration))
        assert caught.value.error.code == "InvalidRequestContent"
