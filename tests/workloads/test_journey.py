"""Fine-tune, deploy, ask: on the local target, for real."""

from __future__ import annotations

import json
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from infra_lib import DeploymentError, Event, InputError, Target
from tests.local.running import eventually, get, needs_namespaces
from tests.workloads.conftest import Journey

pytestmark = needs_namespaces


def test_the_whole_journey(journey: Journey, tmp_path: Path) -> None:
    journey.provision("finetuning", "inference")
    project, target = journey.project, journey.target

    execution = project.finetuning.run(target)
    assert execution.is_running
    assert [line.text for line in project.finetuning.logs(target, follow=True)] == ["training"]
    assert project.finetuning.wait(target, execution.name).status == "Succeeded"
    assert [item.name for item in project.finetuning.executions(target)] == [execution.name]
    project.finetuning.download(target, "models", to=tmp_path / "results")
    assert [*(tmp_path / "results").rglob("adapter.txt")]

    said: list[Event] = []
    endpoint = project.inference.deploy(target, listener=said.append)
    assert (said[0].state, said[-1].state) == ("started", "succeeded")
    assert endpoint.url == project.inference.endpoint.url == f"http://{project.config('inference').get('ACA_APP_ENDPOINT')}"
    assert "chat.py" in get(endpoint.url)[1]
    assert any("GET /" in line.text for line in project.inference.logs(target))

    status = project.inference.status(target)
    revision = status.revision(status.latest_revision)
    assert (status.state, revision.state, revision.health, revision.traffic) == ("Running", "Running", "Healthy", 100)
    assert [(replica.ready, replica.restarts) for replica in revision.replicas] == [(True, 0)]
    assert json.loads(json.dumps(status.to_dict()))["latest_revision"] == revision.name


def test_new_code_is_there_after_the_next_deploy(journey: Journey) -> None:
    journey.provision("inference")
    endpoint = journey.project.inference.deploy(journey.target)
    assert get(endpoint.url, "/new.txt")[0] == 404
    (journey.folder / "inference/new.txt").write_text("new code")
    journey.project.inference.deploy(journey.target)
    assert get(endpoint.url, "/new.txt") == (200, "new code")


def test_changed_commands_make_a_new_revision_and_the_same_ones_none(journey: Journey) -> None:
    journey.provision("inference")
    inference = journey.project.inference
    inference.deploy(journey.target)
    first = inference.status(journey.target).latest_revision
    inference.deploy(journey.target)
    assert inference.status(journey.target).latest_revision == first
    journey.set_commands("inference", ["cd /mount/dataset", "python3 -m http.server 7860"])
    endpoint = inference.deploy(journey.target)
    assert inference.status(journey.target).latest_revision != first
    assert "dataset.jsonl" in get(endpoint.url)[1]


def test_a_stopped_app_is_started_by_a_deploy(journey: Journey) -> None:
    journey.provision("inference")
    inference, target = journey.project.inference, journey.target
    endpoint = inference.deploy(target)
    target.container_apps.container_apps.begin_stop("rg", str(inference.config.get("ACA_APP_NAME"))).result()
    assert (inference.status(target).state, endpoint.is_ready()) == ("Stopped", False)
    assert get(inference.deploy(target).url)[0] == 200
    assert inference.status(target).state == "Running"


def test_a_secret_of_a_running_app_is_in_effect_at_once(journey: Journey) -> None:
    journey.set_commands("inference", ["mkdir -p /tmp/web", "cd /tmp/web", "echo value=$ONE > index.html",
                                       "python3 -m http.server 7860"])  # fmt: skip
    journey.provision("inference")
    url = journey.project.inference.deploy(journey.target).url
    assert get(url)[1] == "value=\n"
    journey.project.inference.set_secret(journey.target, "ONE", "1111")
    eventually(lambda: get(url)[1] == "value=1111\n")


def test_provisioning_waits_for_nothing_and_the_endpoint_says_so(journey: Journey) -> None:
    journey.provision("inference")
    endpoint = journey.project.inference.endpoint
    assert not endpoint.is_ready()
    with pytest.raises(DeploymentError, match="does not answer"):
        endpoint.wait(0.2)
    assert journey.project.inference.status(journey.target).revisions[0].replicas == ()


def test_scaling_keeps_the_app_answering(journey: Journey) -> None:
    journey.provision("inference")
    endpoint = journey.project.inference.deploy(journey.target)
    for wrong in ((0, 0), (3, 2), (-1, 1), (1, 1001), ("1", "2"), (True, True), (1.5, 2), (None, None)):
        with pytest.raises(InputError, match="whole numbers"):
            journey.project.inference.scale(journey.target, minimum=wrong[0], maximum=wrong[1])  # type: ignore[arg-type]
    revision = journey.project.inference.scale(journey.target, minimum=2, maximum=3)
    for _ in range(100):
        assert get(endpoint.url)[0] == 200
        found = journey.project.inference.status(journey.target).revision(revision.name).replicas
        if len(found) == 2 and all(item.ready for item in found):
            return
        time.sleep(0.05)
    pytest.fail("the new revision never had two replicas")


def test_a_log_is_followed_from_one_replica_to_the_next(journey: Journey) -> None:
    journey.set_commands("inference", ["echo begins here", *["cd /mount/inference", "python3 -m http.server 7860"]])
    journey.provision("inference")
    inference = journey.project.inference
    inference.deploy(journey.target)
    seen: list[str] = []

    def follow() -> None:
        for line in inference.logs(journey.target, follow=True):
            seen.append(line.text)
            if seen.count("begins here") == 2:
                return

    following = threading.Thread(target=follow, daemon=True)
    following.start()
    time.sleep(0.3)
    inference.deploy(journey.target)
    following.join(timeout=10)
    assert seen.count("begins here") == 2


# ---------------------------------------------------------------------------------------------- the job


def test_commands_of_the_config_file_come_first_then_the_parameter_file(journey: Journey) -> None:
    journey.provision("finetuning")
    finetuning, target = journey.project.finetuning, journey.target

    def ran() -> list[str]:
        name = finetuning.run(target).name
        finetuning.wait(target, name)
        return [line.text for line in finetuning.logs(target, execution=name)]

    assert ran() == ["training"]
    journey.set_config("finetuning", COMMANDS=["echo from the config", "echo twice"])
    assert ran() == ["from the config", "twice"]
    journey.set_config("finetuning", COMMANDS=None)
    journey.set_commands("finetuning", ["echo from the parameters"])
    assert ran() == ["from the parameters"]


def test_a_secret_is_an_environment_variable_of_the_next_run(journey: Journey) -> None:
    journey.provision("finetuning")
    finetuning, target = journey.project.finetuning, journey.target
    assert finetuning.set_secret(target, "HF_TOKEN", "first-value") == "HF_TOKEN"
    assert finetuning.set_secret(target, "wandb-key", "other-value") == "WANDB_KEY"
    finetuning.set_secret(target, "HF_TOKEN", "second-value")
    journey.set_config("finetuning", COMMANDS=["cd /mount", "echo $HF_TOKEN $WANDB_KEY > seen", "echo $HF_TOKEN"])
    name = finetuning.run(target).name
    finetuning.wait(target, name)
    assert [line.text for line in finetuning.logs(target, execution=name)] == ["***"]
    journey.project.download(target, "seen", to=journey.folder)
    assert (journey.folder / "seen").read_text() == "second-value other-value\n"
    found: Any = target.container_apps.jobs.get("rg", str(journey.project.config("finetuning").get("ACA_JOB_NAME")))
    assert "second-value" not in str(found.as_dict())


def test_a_secret_of_the_app_is_kept_beside_the_others(journey: Journey) -> None:
    journey.provision("inference")
    inference, target = journey.project.inference, journey.target
    inference.set_secret(target, "ONE", "1111")
    inference.set_secret(target, "TWO", "2222")
    journey.set_commands("inference", ["mkdir -p /mount/out", "echo $ONE $TWO > /mount/out/index.html", "cd /mount/out",
                                       "python3 -m http.server 7860"])  # fmt: skip
    assert get(inference.deploy(target).url) == (200, "1111 2222\n")


def test_a_run_that_fails_shows_the_end_of_its_log(journey: Journey) -> None:
    journey.set_commands("finetuning", ["echo no memory left", "exit 1"])
    journey.provision("finetuning")
    finetuning = journey.project.finetuning
    name = finetuning.run(journey.target).name
    with pytest.raises(DeploymentError, match=r"(?s)ended: Failed.*no memory left"):
        finetuning.wait(journey.target, name)


def test_a_second_run_is_refused_while_one_runs_and_that_one_can_be_stopped(journey: Journey) -> None:
    journey.set_commands("finetuning", ["sleep 100"])
    journey.provision("finetuning")
    finetuning, target = journey.project.finetuning, journey.target
    name = finetuning.run(target).name
    with pytest.raises(InputError, match=f"runs already: {name}.*infra logs finetuning --follow"):
        finetuning.run(target)
    assert finetuning.stop(target).status == "Stopped"
    with pytest.raises(InputError, match="No execution of the job"):
        finetuning.stop(target)


def test_a_run_that_began_while_the_workspace_was_sent_is_seen(journey: Journey) -> None:
    journey.set_commands("finetuning", ["sleep 100"])
    journey.provision("finetuning")
    finetuning, target = journey.project.finetuning, journey.target

    def other_one_is_faster(_plan: object) -> bool:
        return finetuning.run(target, sync=False).is_running

    with pytest.raises(InputError, match="runs already"):
        finetuning.run(target, confirm=other_one_is_faster)
    assert len(finetuning.executions(target)) == 1
    finetuning.stop(target)


def test_the_log_of_a_container_that_the_job_does_not_have_is_bad_input(journey: Journey) -> None:
    journey.provision("finetuning")
    finetuning, target = journey.project.finetuning, journey.target
    finetuning.wait(target, finetuning.run(target).name)
    with pytest.raises(InputError, match=r"has no container 'sidecar'; it has \w+"):
        list(finetuning.logs(target, container="sidecar"))


# ---------------------------------------------------------------------------------------------- bad input


def test_an_app_that_crashes_is_shown_as_such_with_its_log(journey: Journey) -> None:
    journey.set_commands("inference", ["echo no such model", "exit 4"])
    journey.provision("inference")
    with pytest.raises(DeploymentError, match=r"(?s)crashes again and again.*exit status 4.*no such model"):
        journey.project.inference.deploy(journey.target)


def test_an_app_on_another_port_is_told_so_at_the_time_limit(journey: Journey) -> None:
    journey.set_commands("inference", ["python3 -m http.server 8000"])
    journey.provision("inference")
    said = r"(?s)is not ready after 2 s.*It listens on port 8000, and not on 7860.*longer with --timeout"
    with pytest.raises(DeploymentError, match=said):
        journey.project.inference.deploy(journey.target, timeout=2)
    with pytest.raises(InputError, match="in seconds and more than 0"):
        journey.project.inference.deploy(journey.target, timeout=0)


@pytest.mark.parametrize(("workload", "key"), [("inference", "ACA_APP_NAME"), ("finetuning", "ACA_JOB_NAME")])
def test_what_was_deleted_behind_our_back_is_named_with_the_next_step(journey: Journey, workload: str, key: str) -> None:
    journey.provision(workload)
    clients = journey.target.container_apps
    name = str(journey.project.config(workload).get(key))
    (clients.container_apps if workload == "inference" else clients.jobs).begin_delete("rg", name).result()
    start = journey.project.inference.deploy if workload == "inference" else journey.project.finetuning.run
    with pytest.raises(InputError, match=f"'{name}' in resource group 'rg', which is not there.*infra provision {workload}"):
        start(journey.target)


@pytest.mark.parametrize(
    ("workload", "values", "said"),
    [
        ("inference", {"ACA_APP_NAME": None}, "ACA_APP_NAME is missing. Run `infra provision inference`"),
        ("inference", {"ACA_APP_NAME": 7}, "ACA_APP_NAME is 7"),
        ("inference", {"RESOURCE_GROUP_NAME": ""}, "RESOURCE_GROUP_NAME is missing"),
        ("inference", {"SUBSCRIPTION_ID": "11111111-1111-1111-1111-111111111111"}, "is about subscription 11111111"),
        ("finetuning", {"COMMANDS": "python3 train.py"}, "COMMANDS .* a list of"),
        ("finetuning", {"COMMANDS": ["echo", 1]}, "COMMANDS .* a list of"),
        ("finetuning", {"COMMANDS": []}, "COMMANDS .* a list of"),
    ],
)
def test_a_wrong_value_of_a_config_file_is_named(journey: Journey, workload: str, values: dict[str, Any], said: str) -> None:
    journey.provision(workload)
    journey.set_config(workload, **values)
    start = journey.project.inference.deploy if workload == "inference" else journey.project.finetuning.run
    with pytest.raises(InputError, match=said) as caught:
        start(journey.target)
    assert f"{workload}.config.json" in str(caught.value)


def test_a_hand_written_config_file_is_enough(journey: Journey) -> None:
    journey.provision("inference")
    values = dict(journey.project.config("inference").values)
    for name in ("inference.config.json", "finetuning.config.json", "provision/inference.parameters.json"):
        (journey.folder / "infra" / name).unlink()
    wanted = ("SUBSCRIPTION_ID", "RESOURCE_GROUP_NAME", "STORAGE_ACCOUNT_NAME", "FILE_SHARE_NAME", "ACA_APP_NAME")
    (journey.folder / "infra/inference.config.json").write_text(json.dumps({key: values[key] for key in wanted}))
    assert get(journey.project.inference.deploy(journey.target).url)[0] == 200


def test_logs_of_what_never_ran_say_so(journey: Journey) -> None:
    journey.provision("finetuning", "inference")
    with pytest.raises(InputError, match="has not run yet: run `infra run finetuning`"):
        list(journey.project.finetuning.logs(journey.target))
    with pytest.raises(InputError, match=r"no replica.*infra deploy inference"):
        list(journey.project.inference.logs(journey.target))


def test_a_target_in_memory_says_that_it_runs_nothing(journey: Journey) -> None:
    journey.provision("inference")
    with Target.local() as memory, pytest.raises(InputError, match="in memory and runs nothing"):
        journey.project.inference.deploy(memory)


def set_replicas(journey: Journey, *, parallelism: int = 1, completions: int = 1, retries: int = 0) -> None:
    """Change how many replicas an execution of the job has."""
    config = json.loads(journey.project.config_path("finetuning").read_text())
    jobs: Any = journey.target.container_apps.jobs
    job = jobs.get(config["RESOURCE_GROUP_NAME"], config["ACA_JOB_NAME"])
    configuration = job.properties.configuration.as_dict()
    configuration["manualTriggerConfig"] = {"parallelism": parallelism, "replicaCompletionCount": completions}
    configuration["replicaRetryLimit"] = retries
    patch = {"properties": {"configuration": configuration}}
    jobs.begin_update(config["RESOURCE_GROUP_NAME"], config["ACA_JOB_NAME"], patch).result()


def test_the_logs_of_several_replicas_are_followed_together(journey: Journey) -> None:
    journey.provision("finetuning")
    set_replicas(journey, parallelism=2, completions=3)
    journey.set_config("finetuning", COMMANDS=["echo trains", "sleep 0.2", "echo trained"])
    finetuning = journey.project.finetuning
    execution = finetuning.run(journey.target)
    followed = [line.text for line in finetuning.logs(journey.target, follow=True)]
    assert finetuning.wait(journey.target, execution.name).status == "Succeeded"
    replicas = finetuning.replicas(journey.target, execution.name)
    assert len(replicas) == 3
    expected = [f"{name}: {text}" for name in replicas for text in ("trains", "trained")]
    assert sorted(followed) == sorted(expected)
    assert sorted(line.text for line in finetuning.logs(journey.target)) == sorted(expected)
    one = [line.text for line in finetuning.logs(journey.target, replica=replicas[0])]
    assert one == [f"{replicas[0]}: trains", f"{replicas[0]}: trained"]
    with pytest.raises(InputError, match=f"has no replica 'other'; it has {replicas[0]}"):
        list(finetuning.logs(journey.target, replica="other"))


def test_the_log_goes_on_with_the_replica_that_replaces_one_that_failed(journey: Journey) -> None:
    journey.provision("finetuning")
    set_replicas(journey, retries=1)
    commands = ["mkdir /mount/tried 2>/dev/null || { echo works; exit 0; }", "echo fails", "exit 1"]
    journey.set_config("finetuning", COMMANDS=commands)
    finetuning = journey.project.finetuning
    execution = finetuning.run(journey.target)
    assert [line.text for line in finetuning.logs(journey.target, follow=True)] == ["fails", "works"]
    assert finetuning.execution(journey.target, execution.name).status == "Succeeded"
    assert [line.text for line in finetuning.logs(journey.target)] == ["fails", "works"]
