"""The public AI Toolkit projects, unmodified. INFRA_AI_TOOLKIT names a folder of them (the repository's configs/) or one."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest

from infra_lib.cli.main import run

FOLDER = os.environ.get("INFRA_AI_TOOLKIT")


def projects() -> list[Path]:
    if not FOLDER:
        return []
    root = Path(FOLDER)
    return [root] if (root / "infra").is_dir() else sorted(path.parent for path in root.glob("*/infra"))


@pytest.mark.skipif(not FOLDER, reason="INFRA_AI_TOOLKIT does not name a folder of AI Toolkit projects")
@pytest.mark.parametrize("source", projects(), ids=lambda path: path.name)
def test_the_project_provisions_and_settles(source: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    project = tmp_path / source.name
    shutil.copytree(source, project)
    for workload in ("finetuning", "inference"):
        where = ["--project", str(project), "--resource-group", "rg-toolkit", "--location", "westeurope"]
        command = ["provision", workload, *where, "--json"]
        capsys.readouterr()
        assert run(command) == 0
        assert len(json.loads(capsys.readouterr().out)["changes"]) == 7
        config = json.loads((project / "infra" / f"{workload}.config.json").read_text())
        assert all(value for value in config.values())
        assert run(command) == 0
        again = json.loads(capsys.readouterr().out)
        assert {change["action"] for change in again["changes"]} == {"unchanged"}
