"""The commands of the journey, as a person or a script types them."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from infra_lib.cli.main import run
from infra_lib.deploy.target import Target
from infra_lib.pipeline import plan
from infra_lib.workloads import job_log
from tests.local.running import get, needs_namespaces
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


def infra(journey: Journey, *arguments: str) -> int:
    return run([*arguments, "--project", str(journey.folder)])


@needs_namespaces
def test_deploy_endpoint_logs_and_down(journey: Journey, capfd: pytest.CaptureFixture[str]) -> None:
    assert infra(journey, "endpoint", "--json") == 0
    before = json.loads(capfd.readouterr().out)
    assert before["ready"] is False
    assert infra(journey, "deploy", "inference") == 0
    shown = capfd.readouterr()
    assert shown.out.strip() == before["url"]
    assert "images are not pulled" in shown.err
    assert infra(journey, "endpoint", "--json") == 0
    assert json.loads(capfd.readouterr().out) == {"url": before["url"], "ready": True}
    assert infra(journey, "deploy", "inference", "--json") == 0
    shown = capfd.readouterr()
    assert json.loads(shown.out) == {"url": before["url"], "ready": True}
    assert "images are not pulled" not in shown.err
    assert infra(journey, "logs", "inference") == 0
    assert "GET /" in capfd.readouterr().out
    assert infra(journey, "down", "--yes") == 0
    assert get(before["url"])[0] == 0


@needs_namespaces
def test_a_run_goes_on_when_its_log_cannot_be_had(
    journey: Journey, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(job_log, "_API_VERSION", "2025-07-01")
    assert infra(journey, "run", "finetuning") == 0
    shown = capfd.readouterr()
    assert "Its log cannot be shown any more; the run goes on." in shown.err
    assert "No registered resource provider found for API version '2025-07-01'" in shown.err
    assert shown.out.strip().endswith(" Succeeded")


@needs_namespaces
def test_run_shows_the_log_and_the_outcome(journey: Journey, capfd: pytest.CaptureFixture[str]) -> None:
    assert infra(journey, "run", "finetuning") == 0
    shown = capfd.readouterr()
    assert "training" in shown.err
    assert shown.out.split()[1] == "Succeeded"
    assert infra(journey, "run", "finetuning", "--no-wait", "--json") == 0
    execution: dict[str, Any] = json.loads(capfd.readouterr().out)
    assert infra(journey, "logs", "finetuning", "--follow", "--execution", execution["name"]) == 0
    assert capfd.readouterr().out == "training\n"


@needs_namespaces
def test_a_run_that_fails_has_status_1(journey: Journey, capfd: pytest.CaptureFixture[str]) -> None:
    journey.set_config("finetuning", COMMANDS=["echo out of memory", "exit 9"])
    assert infra(journey, "run", "finetuning") == 1
    shown = capfd.readouterr().err
    assert "ended: Failed" in shown
    assert shown.count("out of memory") == 1


@needs_namespaces
def test_a_run_that_is_under_way_can_be_stopped(journey: Journey, capfd: pytest.CaptureFixture[str]) -> None:
    journey.set_config("finetuning", COMMANDS=["sleep 100"])
    assert infra(journey, "run", "finetuning", "--no-wait") == 0
    capfd.readouterr()
    assert infra(journey, "run", "finetuning") == 2
    assert "infra run finetuning --stop" in capfd.readouterr().err
    assert infra(journey, "run", "finetuning", "--stop", "--json") == 0
    assert json.loads(capfd.readouterr().out)["status"] == "Stopped"
    assert infra(journey, "run", "finetuning", "--stop") == 2


@needs_namespaces
def test_commands_that_are_passed_over_are_said(journey: Journey, capfd: pytest.CaptureFixture[str]) -> None:
    assert infra(journey, "run", "finetuning") == 0
    assert "COMMANDS" not in capfd.readouterr().err
    journey.set_commands("finetuning", ["echo edited"])
    assert infra(journey, "run", "finetuning") == 0
    shown = capfd.readouterr().err
    assert "training" in shown
    assert "It runs COMMANDS of" in shown
    assert "infra provision finetuning" in shown


@needs_namespaces
def test_the_command_ends_although_what_it_started_goes_on(journey: Journey) -> None:
    command = [sys.executable, "-m", "infra_lib.cli.main", "deploy", "inference", "--project", str(journey.folder)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    assert get(done.stdout.strip())[0] == 200


@needs_namespaces
def test_a_secret_comes_from_standard_input_and_is_not_shown(journey: Journey) -> None:
    command = [sys.executable, "-m", "infra_lib.cli.main", "secret", "set", "HF_TOKEN", "--project", str(journey.folder)]
    done = subprocess.run(command, input="the-value\n\n", capture_output=True, text=True, timeout=60, check=True)
    assert "the-value" not in done.stdout + done.stderr
    journey.set_config("finetuning", COMMANDS=["printf %s \"$HF_TOKEN\" | od -An -c | tr -d ' \\n' > /mount/seen"])
    assert infra(journey, "run", "finetuning") == 0
    journey.project.download(journey.target, "seen", to=journey.folder, overwrite=True)
    # One line end is echo's, the other one the value's.
    assert (journey.folder / "seen").read_text() == "the-value\\n"


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (("secret", "set", "my secret"), 2, "cannot be a secret's name"),
        (("secret", "set", "NAME", "value"), 2, "unexpected extra argument"),
        (("deploy", "finetuning"), 2, "'finetuning' is not 'inference'"),
        (("run", "inference"), 2, "'inference' is not 'finetuning'"),
        (("logs", "inference", "--execution", "x"), 2, "--execution is for finetuning"),
        (("logs", "finetuning", "--execution", "nope"), 2, "no execution 'nope'"),
        (("logs", "finetuning"), 2, "has not run yet"),
    ],
)
def test_what_is_wrong_is_said(
    journey: Journey, capfd: pytest.CaptureFixture[str], arguments: tuple[str, ...], status: int, said: str
) -> None:
    assert infra(journey, *arguments) == status
    assert said in capfd.readouterr().err


def test_commands_before_provisioning_say_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("INFRA_CONFIG_HOME", str(tmp_path / "config"))
    from infra_lib.workloads.scaffold import write_project

    write_project(tmp_path / "new")
    for arguments in (("deploy", "inference"), ("endpoint",), ("logs", "inference")):
        assert run([*arguments, "--project", str(tmp_path / "new")]) == 2
        assert "infra provision inference" in capfd.readouterr().err


def test_what_a_reviewed_plan_created_goes_with_down(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    project = ["--project", str(tmp_path / "phi")]
    reviewed = str(tmp_path / "plan.json")
    assert run(["init", str(tmp_path / "phi")]) == 0
    assert run(["plan", "inference", *project, "-g", "rg", "-l", "westeurope", "--out", reviewed]) == 0
    assert run(["provision", "--plan", reviewed]) == 0
    capfd.readouterr()
    assert run(["down", *project, "--yes", "--json"]) == 0
    done = json.loads(capfd.readouterr().out)
    assert done["left"] == []
    assert [item.rpartition("/")[2] for item in done["deleted"]][-1] == "rg"
    assert run(["local", "status", *project, "--json"]) == 0
    assert json.loads(capfd.readouterr().out)["resources"] == {}


def test_what_a_project_created_stays_its_own_when_its_template_is_deployed_without_it(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "phi"
    assert run(["init", str(folder)]) == 0
    assert run(["provision", "inference", "--project", str(folder), "-g", "rg", "-l", "westeurope"]) == 0
    with Target.local(folder / ".infra") as target:
        changed = plan(
            folder / "infra" / "provision" / "inference.bicep", target=target, resource_group="rg",
            parameters={"defaultCommands": ["python3 other.py"], "maximumInstanceCount": 3},
        )  # fmt: skip
        assert [change.action for change in changed.changes].count("update") == 2
        changed.apply()
    capfd.readouterr()
    assert run(["down", "--project", str(folder), "--yes", "--json"]) == 0
    assert json.loads(capfd.readouterr().out)["left"] == []
