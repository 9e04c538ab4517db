"""``infra down`` deletes what the project created, and leaves the rest."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from infra_lib.cli.main import run
from infra_lib.deploy.target import Target

GROUP = ["--resource-group", "rg-down", "--location", "westeurope"]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("INFRA_TARGET", raising=False)
    monkeypatch.delenv("AZURE_SUBSCRIPTION_ID", raising=False)
    folder = tmp_path / "phi"
    assert run(["init", str(folder)]) == 0
    return folder


def down(project: Path, capsys: pytest.CaptureFixture[str], *more: str) -> dict[str, Any]:
    capsys.readouterr()
    assert run(["down", "--project", str(project), "--json", *more]) == 0
    value = json.loads(capsys.readouterr().out)
    assert isinstance(value, dict)
    return value


def resources(project: Path) -> list[str]:
    with Target.local(project / ".infra") as target:
        return sorted(str(item.name) for item in target.resources.resources.list())


def test_everything_that_was_created_goes_in_reverse_order(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["provision", "inference", "--project", str(project), *GROUP]) == 0
    planned = down(project, capsys, "--dry-run")
    assert len(resources(project)) > 0
    kinds = [item.split("/providers/")[-1].split("/")[1] for item in planned["would_delete"][:-1]]
    assert kinds.index("containerApps") < kinds.index("managedEnvironments") < kinds.index("storageAccounts")
    done = down(project, capsys, "--yes")
    assert done["deleted"] == planned["would_delete"]
    assert resources(project) == []
    assert down(project, capsys, "--yes")["deleted"] == []


def test_what_was_there_before_is_left(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with Target.local(project / ".infra") as target:
        target.resources.resource_groups.create_or_update("rg-down", {"location": "westeurope"})  # type: ignore[call-overload]
        target.storage.storage_accounts.begin_create(
            "rg-down", "before123", {"location": "westeurope", "kind": "StorageV2", "sku": {"name": "Standard_LRS"}}  # type: ignore[call-overload]
        ).result()
    command = ["provision", "inference", "--project", str(project), *GROUP, "--set", "storageAccountName=before123"]
    assert run([*command, "--reuse", "storageAccounts=keep"]) == 2
    assert run([*command, "--reuse", "Microsoft.Storage/storageAccounts=keep"]) == 0
    done = down(project, capsys, "--yes")
    assert not any(item.endswith("/storageAccounts/before123") for item in done["deleted"])
    assert "before123" in resources(project)
    assert not any(item.endswith("/resourceGroups/rg-down") for item in done["deleted"])


def test_a_resource_that_lost_its_tag_is_left_with_the_reason(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["provision", "inference", "--project", str(project), *GROUP]) == 0
    name = json.loads((project / "infra" / "inference.config.json").read_text())["STORAGE_ACCOUNT_NAME"]
    with Target.local(project / ".infra") as target:
        target.storage.storage_accounts.update("rg-down", name, {"tags": {}})  # type: ignore[call-overload]
    done = down(project, capsys, "--yes")
    reasons = [item["reason"] for item in done["left"] if item["id"].endswith(name)]
    assert reasons == ["does not carry this project's tag any more"]
    assert name in resources(project)


def test_an_update_keeps_the_tag(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["provision", "inference", "--project", str(project), *GROUP]) == 0
    assert run(["provision", "inference", "--project", str(project), *GROUP, "--set", "maximumInstanceCount=4"]) == 0
    down(project, capsys, "--yes")
    assert resources(project) == []


def test_without_a_terminal_it_has_to_be_said(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["provision", "inference", "--project", str(project), *GROUP]) == 0
    before = resources(project)
    assert run(["down", "--project", str(project)]) == 2
    assert "--yes" in capsys.readouterr().err
    assert resources(project) == before
