"""A newcomer's first run: init, provision, provision again, change one parameter; all through the command line and the SDK."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from infra_lib.cli.main import run

SIX_KEYS = [
    "SUBSCRIPTION_ID", "RESOURCE_GROUP_NAME", "STORAGE_ACCOUNT_NAME", "FILE_SHARE_NAME", "ACA_APP_NAME", "ACA_APP_ENDPOINT",
]  # fmt: skip
GROUP = ["--resource-group", "rg-first", "--location", "westeurope"]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("INFRA_TARGET", "AZURE_SUBSCRIPTION_ID"):
        monkeypatch.delenv(name, raising=False)
    folder = tmp_path / "phi"
    assert run(["init", str(folder)]) == 0
    return folder


def config(project: Path, workload: str = "inference") -> dict[str, Any]:
    value = json.loads((project / "infra" / f"{workload}.config.json").read_text())
    assert isinstance(value, dict)
    return value


def provision(project: Path, capsys: pytest.CaptureFixture[str], *more: str, what: str = "inference") -> dict[str, Any]:
    capsys.readouterr()
    assert run(["provision", what, "--project", str(project), *GROUP, "--json", *more]) == 0
    value = json.loads(capsys.readouterr().out)
    assert isinstance(value, dict)
    return value


def actions(result: dict[str, Any]) -> dict[str, str]:
    return {change["type"]: change["action"] for change in result["changes"]}


def set_parameter(project: Path, name: str, value: Any, workload: str = "inference") -> None:
    path = project / "infra" / "provision" / f"{workload}.parameters.json"
    content = json.loads(path.read_text())
    content["parameters"][name]["value"] = value
    path.write_text(json.dumps(content))


def test_init_writes_a_complete_project_with_empty_config_files(project: Path) -> None:
    for name in ("inference.bicep", "inference.parameters.json", "finetuning.bicep", "finetuning.parameters.json"):
        assert (project / "infra" / "provision" / name).is_file()
    assert (project / "inference" / "chat.py").is_file()
    assert config(project) == dict.fromkeys(SIX_KEYS)
    assert set(config(project, "finetuning").values()) == {None}


def test_init_on_a_complete_project_changes_nothing_and_says_so(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (project / "inference" / "chat.py").write_text("# mine\n")
    before = {path: path.read_bytes() for path in project.rglob("*") if path.is_file()}
    capsys.readouterr()
    assert run(["init", str(project)]) == 0
    assert "nothing was changed" in capsys.readouterr().out
    assert {path: path.read_bytes() for path in project.rglob("*") if path.is_file()} == before


def test_provisioning_creates_seven_resources_and_fills_the_config(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    result = provision(project, capsys)
    assert [change["action"] for change in result["changes"]] == ["create"] * 7
    written = config(project)
    assert list(written) == SIX_KEYS
    assert all(isinstance(value, str) and value for value in written.values())
    assert written["RESOURCE_GROUP_NAME"] == "rg-first"
    assert written["SUBSCRIPTION_ID"] == "00000000-0000-0000-0000-000000000000"
    assert written["STORAGE_ACCOUNT_NAME"].startswith("aistorage")
    assert written == result["config"]


def test_provisioning_again_reports_no_change_and_writes_nothing(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    provision(project, capsys)
    before = config(project)
    result = provision(project, capsys)
    assert [change["action"] for change in result["changes"]] == ["unchanged"] * 7
    assert result["outputs"]["ACA_APP_ENDPOINT"] == before["ACA_APP_ENDPOINT"]
    assert config(project) == before
    capsys.readouterr()
    assert run(["provision", "inference", "--project", str(project), *GROUP]) == 0
    assert "no deployment was sent" in capsys.readouterr().err


def test_a_changed_instance_count_updates_the_environment_only(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    provision(project, capsys)
    set_parameter(project, "maximumInstanceCount", 3)
    result = provision(project, capsys)
    assert [kind for kind, action in actions(result).items() if action != "unchanged"] == ["Microsoft.App/managedEnvironments"]
    environment = next(change for change in result["changes"] if change["action"] == "update")
    assert environment["differences"] == [
        {"path": "properties.workloadProfiles[GPU].maximumCount", "before": 2, "after": 3}
    ]
    assert set(actions(provision(project, capsys)).values()) == {"unchanged"}


def test_inference_is_put_beside_fine_tuning(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    set_parameter(project, "storageAccountName", "mystorage123", workload="finetuning")
    provision(project, capsys, what="finetuning")
    result = provision(project, capsys)
    assert [kind for kind, action in actions(result).items() if action == "create"] == ["Microsoft.App/containerApps"]
    assert config(project)["STORAGE_ACCOUNT_NAME"] == "mystorage123"


def test_the_resource_group_comes_from_the_config_once_it_is_written(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    provision(project, capsys)
    assert run(["provision", "inference", "--project", str(project)]) == 0


def test_a_hand_written_key_survives(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = project / "infra" / "inference.config.json"
    path.write_text(json.dumps({"NOTE": "mine", **json.loads(path.read_text())}))
    provision(project, capsys)
    assert config(project)["NOTE"] == "mine"


@pytest.mark.parametrize("count", ['"two"', "null,", "true"])
def test_a_broken_parameter_file_is_one_message_with_its_place_and_changes_nothing(
    project: Path, capsys: pytest.CaptureFixture[str], count: str
) -> None:
    path = project / "infra" / "provision" / "inference.parameters.json"
    path.write_text(path.read_text().replace('"value": 2', f'"value": {count}'))
    line = next(n for n, text in enumerate(path.read_text().splitlines(), 1) if count in text)
    before = (project / "infra" / "inference.config.json").read_bytes()
    capsys.readouterr()
    assert run(["provision", "inference", "--project", str(project), *GROUP]) == 2
    message = capsys.readouterr().err
    assert "Traceback" not in message
    assert f"inference.parameters.json({line}," in message
    assert (project / "infra" / "inference.config.json").read_bytes() == before
    assert run(["local", "status", "--project", str(project)]) == 0
    assert "rg-first" not in capsys.readouterr().out


def test_all_problems_come_at_once(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    set_parameter(project, "maximumInstanceCount", "two")
    set_parameter(project, "storageAccountName", "Not_Allowed")
    path = project / "infra" / "provision" / "inference.parameters.json"
    content = json.loads(path.read_text())
    content["parameters"]["fileShareNam"] = {"value": "x"}
    del content["parameters"]["defaultCommands"]
    path.write_text(json.dumps(content, indent=2))
    capsys.readouterr()
    assert run(["provision", "inference", "--project", str(project), *GROUP]) == 2
    message = capsys.readouterr().err
    for word in ("maximumInstanceCount", "storageAccountName", "fileShareName", "defaultCommands"):
        assert word in message


def test_a_syntax_error_in_the_bicep_file_has_its_place(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = project / "infra" / "provision" / "inference.bicep"
    path.write_text("param x string =\n" + path.read_text())
    capsys.readouterr()
    assert run(["provision", "inference", "--project", str(project), *GROUP]) == 2
    assert "inference.bicep(1,17) : Error BCP009" in capsys.readouterr().err


def test_a_missing_location_is_asked_for(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["provision", "inference", "--project", str(project), "--resource-group", "rg-first"]) == 2
    assert "--location" in capsys.readouterr().err


def test_a_missing_resource_group_is_bad_input_without_a_terminal(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["provision", "inference", "--project", str(project)]) == 2
    assert "--resource-group" in capsys.readouterr().err


def test_a_folder_without_the_files_says_which_and_what_writes_them(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["provision", "inference", "--project", str(tmp_path), *GROUP]) == 2
    message = capsys.readouterr().err
    assert "inference.bicep" in message
    assert "inference.parameters.json" in message
    assert "infra init" in message


def test_an_interrupt_leaves_the_old_config_and_says_how_to_go_on(
    project: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from infra_lib.cli.views import ProgressView

    before = (project / "infra" / "inference.config.json").read_bytes()

    def interrupt(self: object, event: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(ProgressView, "__call__", interrupt)
    assert run(["provision", "inference", "--project", str(project), *GROUP]) == 130
    assert "run the same command again" in capsys.readouterr().err
    assert (project / "infra" / "inference.config.json").read_bytes() == before
    monkeypatch.undo()
    provision(project, capsys)
    assert config(project)["ACA_APP_NAME"]
