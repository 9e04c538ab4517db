"""Executions of jobs with several replicas, retries and a history: real processes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from azure.core.exceptions import HttpResponseError
from azure.core.rest import HttpRequest

from infra_lib.local.providers.app import jobs
from tests.local.conftest import GROUP, Clients
from tests.local.running import World, eventually, needs_namespaces

pytestmark = needs_namespaces
STREAM_VERSION = "2023-11-02-preview"


@pytest.fixture
def world(stored: Callable[..., Clients]) -> Iterator[World]:
    clients = stored()
    yield World(clients)
    clients.manager.reset()


def several(parallelism: int, completions: int) -> dict[str, Any]:
    return {"manualTriggerConfig": {"parallelism": parallelism, "replicaCompletionCount": completions}}


def replicas(world: World, execution: str) -> list[str]:
    path = f"{world.clients.id('Microsoft.App/jobs/job1')}/executions/{execution}/replicas"
    return [item["name"] for item in world.clients.raw("GET", path, version=STREAM_VERSION).json()["value"]]


def log(world: World, execution: str, replica: str) -> list[str]:
    job = world.clients.id("Microsoft.App/jobs/job1")
    token = world.clients.raw("POST", f"{job}/getAuthToken", version=STREAM_VERSION).json()["properties"]["token"]
    base = str(world.clients.apps.jobs.get(GROUP, "job1").properties.event_stream_endpoint).partition("/subscriptions/")[0]
    inside = f"{world.clients.group_id}/jobs/job1/executions/{execution}/replicas/{replica}/containers/main/logstream"
    request = HttpRequest("GET", base + inside, params={"output": "text", "tailLines": "100"})
    request.headers["Authorization"] = f"Bearer {token}"
    return str(world.clients.manager.transport().send(request).text()).splitlines()[2:]


def message(world: World, execution: str) -> str:
    return str(world.execution(execution).properties.message or "")


def test_replicas_run_at_the_same_time(world: World) -> None:
    meet = "touch /mount/$CONTAINER_APP_REPLICA_NAME; until [ $(ls /mount | wc -l) -ge 2 ]; do sleep 0.05; done"
    world.job(meet, **several(2, 2))
    assert world.ended(world.run()) == "Succeeded"


def test_each_replica_has_its_own_name_and_log(world: World) -> None:
    world.job("echo I am $CONTAINER_APP_REPLICA_NAME", **several(1, 3))
    name = world.run()
    assert world.ended(name) == "Succeeded"
    names = replicas(world, name)
    assert len({*names}) == 3
    assert all(item.startswith(f"{name}-") for item in names)
    assert [log(world, name, item) for item in names] == [[f"I am {item}"] for item in names]


def test_the_latest_replica_is_listed_first(world: World) -> None:
    world.job("echo $CONTAINER_APP_REPLICA_NAME >> /mount/order", **several(1, 4))
    name = world.run()
    assert world.ended(name) == "Succeeded"
    assert replicas(world, name) == [*reversed((world.share / "order").read_text().split())]


def test_more_completions_than_parallelism_run_one_after_the_other(world: World) -> None:
    alone = "mkdir /mount/running || exit 1; sleep 0.1; rmdir /mount/running"
    world.job(alone, **several(1, 3))
    assert world.ended(world.run()) == "Succeeded"


def test_the_other_replicas_end_once_enough_have_succeeded(world: World) -> None:
    world.job("mkdir /mount/first && exit 0; sleep 100", **several(2, 1))
    name = world.run()
    assert world.ended(name) == "Succeeded"
    assert len(replicas(world, name)) == 2


def test_retries_are_counted_over_all_replicas(world: World) -> None:
    world.job("exit 3", replicaRetryLimit=1, **several(2, 2))
    name = world.run()
    assert world.ended(name) == "Failed"
    assert "2 replicas failed, replicaRetryLimit is 1." in message(world, name)
    assert message(world, name).endswith("exit status 3.")


def test_a_replica_that_fails_is_replaced_by_another_one(world: World) -> None:
    world.job("mkdir /mount/once && exit 1; exit 0", replicaRetryLimit=1, **several(2, 2))
    name = world.run()
    assert world.ended(name) == "Succeeded"
    assert len(replicas(world, name)) == 3


def test_without_retries_the_first_failure_ends_the_others(world: World) -> None:
    world.job("mkdir /mount/first && exit 1; sleep 100", **several(3, 3))
    name = world.run()
    assert world.ended(name) == "Failed"
    assert "exit status 1." in message(world, name)


def test_the_timeout_is_that_of_the_execution(world: World) -> None:
    world.job("echo x >> /mount/tries; sleep 100", replicaTimeout=1, replicaRetryLimit=3, **several(2, 2))
    name = world.run()
    assert world.ended(name) == "Failed"
    assert "longer than replicaTimeout" in message(world, name)
    assert (world.share / "tries").read_text() == "x\nx\n"


def test_stopping_ends_all_replicas(world: World) -> None:
    world.job(
        "touch /mount/begun-$CONTAINER_APP_REPLICA_NAME; while true; do date >> /mount/alive; sleep 0.05; done", **several(3, 3)
    )
    name = world.run()
    eventually(lambda: len([*world.share.glob("begun-*")]) == 3)
    world.clients.apps.jobs.begin_stop_execution(GROUP, "job1", name).result()
    assert world.ended(name) == "Stopped"
    folder = world.clients.manager.store_path
    assert folder is not None
    eventually(lambda: not [*(folder / "replicas").rglob("control")])
    assert not [*(folder / "replicas").rglob("root")]


@pytest.mark.parametrize(
    "trigger",
    [
        {"triggerType": "Schedule", "scheduleTriggerConfig": {"cronExpression": "0 0 * * *", "parallelism": 2,
                                                               "replicaCompletionCount": 2}},
        {"triggerType": "event", "eventTriggerConfig": {"parallelism": 2, "replicaCompletionCount": 2, "scale": {"rules": []}}},
    ],
    ids=["schedule", "event"],
)  # fmt: skip
def test_a_job_of_any_trigger_is_started_by_hand(world: World, trigger: dict[str, Any]) -> None:
    world.job("echo done", **trigger)
    assert list(world.clients.apps.jobs_executions.list(GROUP, "job1")) == []
    name = world.run()
    assert world.ended(name) == "Succeeded"
    assert len(replicas(world, name)) == 2


def test_the_oldest_executions_are_forgotten_with_their_logs(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "HISTORY", 2)
    world.job("true")
    names = []
    for _ in range(4):
        names.append(world.run())
        assert world.ended(names[-1]) == "Succeeded"
    held = [item.name for item in world.clients.apps.jobs_executions.list(GROUP, "job1")]
    # Of those that had ended when the latest one was started, the newest two.
    assert {*held} == {*names[1:]}
    folder = world.clients.manager.store_path
    assert folder is not None
    assert {item.name for item in folder.glob("replicas/*/jobs/job1/executions/*")} == {*held}


def test_an_execution_that_runs_is_never_forgotten(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "HISTORY", 1)
    world.job("until [ -e /mount/go ]; do sleep 0.05; done")
    running = world.run()
    for _ in range(2):
        world.clients.apps.jobs.begin_stop_execution(GROUP, "job1", world.run()).result()
    assert str(world.execution(running).properties.status.value) == "Running"
    (world.share / "go").touch()
    assert world.ended(running) == "Succeeded"


def test_replicas_and_token_are_parts_of_one_api_version(world: World) -> None:
    world.job("true")
    name = world.run()
    job = world.clients.id("Microsoft.App/jobs/job1")
    for method, path in (("GET", f"{job}/executions/{name}/replicas"), ("POST", f"{job}/getAuthToken")):
        answer = world.clients.raw(method, path, version="2025-07-01")
        assert answer.status_code == 400
        assert answer.json()["error"]["code"] == "NoRegisteredProviderFound"


def test_a_replica_count_of_none_is_refused(world: World) -> None:
    with pytest.raises(HttpResponseError, match="parallelism is not a whole number from 1"):
        world.job("true", **several(0, 1))
