"""What ``infra down`` does about what the project did not create and that uses what it would delete."""

from __future__ import annotations

import json
from typing import Any

import pytest

from infra_lib import PlanError
from infra_lib.cli.main import run
from infra_lib.local.context import Fault
from infra_lib.workloads.teardown import plan_teardown, tear_down
from tests.workloads.conftest import Journey

CONTAINER = {"name": "main", "image": "img", "command": ["sleep"], "resources": {"cpu": 0.25, "memory": "0.5Gi"}}


def put_foreign(journey: Journey, kind: str, *, group: str = "rg", storage: str | None = None) -> None:
    """An app or job of somebody else in the project's environment."""
    target = journey.target
    target.resources.resource_groups.create_or_update(group, {"location": "westus3"})
    clients: Any = target.container_apps
    environment = next(iter(clients.managed_environments.list_by_resource_group("rg")))
    template: dict[str, Any] = {"containers": [CONTAINER]}
    if storage is not None:
        template["volumes"] = [{"name": "data", "storageType": "AzureFile", "storageName": storage}]
    properties: dict[str, Any] = {"environmentId": environment.id, "template": template}
    if kind == "jobs":
        properties["configuration"] = {
            "triggerType": "Manual", "replicaTimeout": 60, "manualTriggerConfig": {"parallelism": 1},
        }  # fmt: skip
    body = {"location": "westus3", "properties": properties}
    getattr(clients, kind).begin_create_or_update(group, "foreign", body).result()


def names(journey: Journey) -> set[str]:
    return {str(item.name) for item in journey.target.resources.resources.list()}


def down(journey: Journey, *options: str) -> int:
    return run(["down", "--project", str(journey.folder), "--yes", *options])


@pytest.mark.parametrize(("kind", "group"), [("container_apps", "rg"), ("jobs", "rg-other")])
def test_nothing_is_deleted_while_a_foreign_app_or_job_is_in_the_environment(
    journey: Journey, capfd: pytest.CaptureFixture[str], kind: str, group: str
) -> None:
    journey.provision("finetuning")
    put_foreign(journey, kind, group=group)
    before = names(journey)
    assert down(journey) == 1
    said = capfd.readouterr()
    assert "Nothing was deleted" in said.err
    kind_name = "job" if kind == "jobs" else "container app"
    assert f"The {kind_name} 'foreign' in resource group '{group}' uses the environment '" in said.err
    assert "Delete it" in said.err
    assert names(journey) == before
    assert down(journey, "--dry-run", "--json") == 1
    found = json.loads(capfd.readouterr().out)
    assert [item["id"].rpartition("/")[2] for item in found["in_the_way"]] == ["foreign"]
    assert down(journey, "--dry-run") == 1
    assert "nothing would be deleted before it is deleted" in capfd.readouterr().err
    clients: Any = journey.target.container_apps
    getattr(clients, kind).begin_delete(group, "foreign").result()
    assert down(journey, "--json") == 0
    assert json.loads(capfd.readouterr().out)["in_the_way"] == []
    assert names(journey) == set()


def test_what_came_while_it_was_confirmed_is_seen_too(journey: Journey) -> None:
    journey.provision("finetuning")
    planned = plan_teardown(journey.project, journey.target)
    assert planned.hindrances == ()
    put_foreign(journey, "jobs")
    before = names(journey)
    with pytest.raises(PlanError, match="'foreign' in resource group 'rg'"):
        tear_down(journey.project, journey.target, planned)
    assert names(journey) == before


def test_an_app_that_lost_its_tag_is_in_the_way_of_its_environment(
    journey: Journey, capfd: pytest.CaptureFixture[str]
) -> None:
    journey.provision("finetuning", "inference")
    name = journey.project.inference.config.require("ACA_APP_NAME")
    clients: Any = journey.target.container_apps
    app = clients.container_apps.get("rg", name).as_dict()
    clients.container_apps.begin_update("rg", name, {"location": app["location"], "tags": {"infra-lib-project": ""}}).result()
    before = names(journey)
    assert down(journey) == 1
    said = capfd.readouterr().err
    assert f"{name} is left: it does not carry this project's tag any more." in said
    assert f"The container app '{name}' in resource group 'rg' uses" in said
    assert names(journey) == before


def test_a_storage_that_a_foreign_app_mounts_stays(journey: Journey) -> None:
    """The environment is somebody else's, and stays; the storage in it is the project's."""
    journey.provision("finetuning", "inference")
    record = journey.folder / ".infra" / "created.json"
    content = json.loads(record.read_text())
    created = content["created"]["local"]
    content["created"]["local"] = [item for item in created if not item["type"].lower().endswith("/managedenvironments")]
    record.write_text(json.dumps(content))
    mounted = next(item["id"] for item in created if "/storages/" in item["id"]).rpartition("/")[2]
    put_foreign(journey, "container_apps", storage=mounted)
    assert [item.used.id.rpartition("/")[2] for item in plan_teardown(journey.project, journey.target).hindrances] == [mounted]


def test_without_leave_to_list_the_subscription_its_groups_are_listed(journey: Journey) -> None:
    journey.provision("finetuning")
    put_foreign(journey, "jobs")
    assert journey.target.manager is not None
    for kind in ("containerApps", "jobs"):
        path = f"/subscriptions/{journey.target.subscription_id}/providers/Microsoft.App/{kind}"
        fault = Fault(method="GET", path=path, status=403, code="AuthorizationFailed", message="no")
        journey.target.manager.inject(fault)
    assert [item.id.rpartition("/")[2] for item in plan_teardown(journey.project, journey.target).hindrances] == ["foreign"]
