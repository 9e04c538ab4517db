"""``infra status`` as a person and a script read it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from infra_lib.cli.main import run
from infra_lib.cli.status import _show_app, _show_executions
from infra_lib.deploy.target import Target
from infra_lib.workloads.app_status import AppStatus, ReplicaStatus, RevisionStatus
from infra_lib.workloads.finetuning import Execution
from tests.local.running import needs_namespaces
from tests.workloads.conftest import Journey


@pytest.fixture
def journey(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Journey]:
    monkeypatch.setenv("INFRA_CONFIG_HOME", str(tmp_path / "config"))
    folder = tmp_path / "phi"
    with Target.local(folder / ".infra") as target:
        made = Journey(folder, target)
        made.provision("finetuning", "inference")
        yield made
        assert target.manager is not None
        target.manager.reset()


def status(journey: Journey, *arguments: str) -> int:
    return run(["status", *arguments, "--project", str(journey.folder)])


def rows(text: str) -> list[list[str]]:
    return [line.split() for line in text.splitlines()]


def test_before_anything_runs_it_says_what_starts_it(journey: Journey, capfd: pytest.CaptureFixture[str]) -> None:
    assert status(journey, "inference") == 0
    shown = capfd.readouterr()
    assert rows(shown.out)[1] == ["revision", "state", "health", "traffic", "replicas"]
    assert rows(shown.out)[2][-3:] == ["100", "%", "0"]
    assert "infra deploy inference" in shown.err
    assert status(journey, "finetuning") == 0
    shown = capfd.readouterr()
    assert shown.out == ""
    assert "has not run yet: `infra run finetuning`" in shown.err
    assert status(journey, "finetuning", "--json") == 0
    assert json.loads(capfd.readouterr().out) == {"executions": []}


@needs_namespaces
def test_what_runs_and_what_failed(journey: Journey, capfd: pytest.CaptureFixture[str]) -> None:
    journey.project.inference.deploy(journey.target)
    capfd.readouterr()
    assert status(journey, "inference") == 0
    url = journey.project.inference.endpoint.url
    first, *table = rows(capfd.readouterr().out)
    assert first == [journey.project.inference.config.require("ACA_APP_NAME"), "Running", url]
    assert table[1][-3:] == ["100", "%", "1"]
    assert table[2] == ["replica", "state", "ready", "restarts", "since", "details"]
    assert table[3][1:4] == ["Running", "yes", "0"]
    assert status(journey, "inference", "--json") == 0
    found = json.loads(capfd.readouterr().out)
    assert found == json.loads(json.dumps(journey.project.inference.status(journey.target).to_dict()))
    assert found["revisions"][0]["replicas"][0]["ready"] is True
    journey.set_config("finetuning", COMMANDS=["exit 1"])
    assert run(["run", "finetuning", "--project", str(journey.folder)]) == 1
    capfd.readouterr()
    assert status(journey, "finetuning") == 0
    table = rows(capfd.readouterr().out)
    assert table[0] == ["execution", "status", "started", "ended", "message"]
    assert table[1][1] == "Failed"
    assert status(journey, "finetuning", "--json") == 0
    (execution,) = json.loads(capfd.readouterr().out)["executions"]
    assert (execution["name"], execution["status"]) == (table[1][0], "Failed")


def test_inactive_revisions_and_early_executions_are_counted(capfd: pytest.CaptureFixture[str]) -> None:
    replica = ReplicaStatus(name="a--2-x", state="NotRunning", ready=False, restarts=3, created="t", details="[red]: it crashes",
                            streams={})  # fmt: skip
    _show_app(
        AppStatus(
            name="a", state="Running", host="", latest_revision="a--2",
            revisions=(
                RevisionStatus(name="a--1", active=False, state="Stopped", health="None", traffic=0, replicas=()),
                RevisionStatus(name="a--2", active=True, state="Failed", health="Unhealthy", traffic=80, replicas=(replica,)),
            ),
        )
    )  # fmt: skip
    shown = capfd.readouterr()
    assert rows(shown.out)[0] == ["a", "Running", "no", "ingress"]
    assert rows(shown.out)[2] == ["a--2", "Failed", "Unhealthy", "80", "%", "1"]
    assert rows(shown.out)[4] == ["a--2-x", "NotRunning", "no", "3", "t", "[red]:", "it", "crashes"]
    assert "a--1" not in shown.out
    assert "Inactive revisions, not shown: 1." in shown.err
    _show_executions([Execution(name=f"e{n}", status="Succeeded", started="s", ended="e") for n in range(12)], "job")
    shown = capfd.readouterr()
    assert [row[0] for row in rows(shown.out)] == ["execution", *(f"e{n}" for n in range(10))]
    assert "Earlier executions, not shown: 2." in shown.err


def test_before_provisioning_it_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("INFRA_CONFIG_HOME", str(tmp_path / "config"))
    assert run(["init", str(tmp_path / "new")]) == 0
    for workload in ("inference", "finetuning"):
        assert run(["status", workload, "--project", str(tmp_path / "new")]) == 2
        assert f"infra provision {workload}" in capfd.readouterr().err
