"""Secrets that are removed from the job and the app, on the local target."""

from __future__ import annotations

import json
from typing import Any

import pytest

from infra_lib import InputError
from infra_lib.cli.main import run
from tests.workloads.conftest import Journey

NAMES = {"finetuning": ("jobs", "ACA_JOB_NAME"), "inference": ("container_apps", "ACA_APP_NAME")}


def body(journey: Journey, workload: str) -> dict[str, Any]:
    """The job or the app as the service shows it."""
    kind, key = NAMES[workload]
    found = getattr(journey.target.container_apps, kind).get("rg", journey.project.config(workload).require(key))
    return dict(found.as_dict())


def variables(journey: Journey, workload: str) -> list[str]:
    return [item["name"] for item in body(journey, workload)["properties"]["template"]["containers"][0].get("env") or []]


def secrets(journey: Journey, workload: str) -> dict[str, str]:
    kind, key = NAMES[workload]
    client = getattr(journey.target.container_apps, kind)
    return {item.name: item.value for item in client.list_secrets("rg", journey.project.config(workload).require(key)).value}


@pytest.mark.parametrize("workload", NAMES)
def test_a_secret_goes_with_its_variable_and_its_mark(journey: Journey, workload: str) -> None:
    journey.provision(workload)
    made, target = journey.project.workload(workload), journey.target
    before = (variables(journey, workload), body(journey, workload).get("tags"))
    made.set_secret(target, "HF_TOKEN", "1111")
    made.set_secret(target, "OTHER", "2222")
    assert made.remove_secret(target, "hf-token") == ["HF_TOKEN"]
    assert secrets(journey, workload) == {"other": "2222"}
    assert "HF_TOKEN" not in variables(journey, workload)
    with pytest.raises(InputError, match="has no secret 'hf-token'; it has other"):
        made.remove_secret(target, "HF_TOKEN")
    assert made.remove_secret(target, "OTHER") == ["OTHER"]
    assert secrets(journey, workload) == {}
    assert (variables(journey, workload), body(journey, workload).get("tags")) == before
    plan = made.plan(target, resource_group="rg")
    assert {change.action for change in plan.changes} == {"unchanged"}


def test_a_secret_of_the_apps_sign_in_is_kept(journey: Journey) -> None:
    journey.provision("inference")
    inference, target = journey.project.inference, journey.target
    inference.set_secret(target, "LOGIN", "1111")
    properties = {"identityProviders": {"azureActiveDirectory": {"registration": {"clientSecretSettingName": "login"}}}}
    made: Any = {"properties": properties}
    identity = f"{body(journey, 'inference')['id']}/authConfigs/current"
    target.resources.resources.begin_create_or_update_by_id(identity, made, api_version="2025-07-01").result()
    with pytest.raises(InputError, match=r"authConfigs/current\.identityProviders.*clientSecretSettingName"):
        inference.remove_secret(target, "LOGIN")
    assert secrets(journey, "inference") == {"login": "1111"}


def test_the_command(journey: Journey, capfd: pytest.CaptureFixture[str]) -> None:
    journey.provision("finetuning", "inference")
    project = ["--project", str(journey.folder)]
    journey.project.finetuning.set_secret(journey.target, "HF_TOKEN", "1111")
    journey.project.inference.set_secret(journey.target, "KEY", "2222")
    assert run(["secret", "remove", "HF_TOKEN", *project, "--json"]) == 0
    shown = capfd.readouterr()
    assert json.loads(shown.out) == {"secret": "hf-token", "variables": ["HF_TOKEN"], "workload": "finetuning"}
    assert "'HF_TOKEN' is removed with HF_TOKEN from finetuning in local, in effect with the next run." in shown.err
    assert run(["secret", "remove", "HF_TOKEN", *project]) == 2
    assert "has no secret 'hf-token'; it has none." in capfd.readouterr().err
    assert run(["secret", "remove", "key", *project, "--workload", "inference"]) == 0
    assert "2222" not in (said := capfd.readouterr()).out + said.err
    assert secrets(journey, "inference") == {}
    assert run(["secret", "set", "PATH", *project]) == 2
    assert "PATH: a container finds its programs by it" in capfd.readouterr().err
