"""A project that is provisioned on a local store, with commands that need nothing but Python."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from infra_lib import ParameterFile, Project, Target
from infra_lib.workloads.scaffold import write_project

SERVE = ["cd /mount/inference", "python3 -m http.server 7860"]
TRAIN = ["cd /mount/finetuning", "echo training", "mkdir -p /mount/models", "cp finetune.py /mount/models/adapter.txt"]


class Journey:
    """A project, its target, and short ways to change both."""

    def __init__(self, folder: Path, target: Target) -> None:
        write_project(folder)
        self.folder = folder
        self.target = target
        self.project = Project.open(folder)
        self.set_commands("inference", SERVE)
        self.set_commands("finetuning", TRAIN)

    def set_commands(self, workload: str, commands: Any) -> None:
        file = ParameterFile.load(self.project.parameters_path(workload))
        file["defaultCommands"] = commands
        file.save()

    def provision(self, *workloads: str) -> None:
        for workload in workloads:
            self.project.workload(workload).provision(self.target, resource_group="rg", location="westus3")

    def set_config(self, workload: str, **values: Any) -> None:
        path = self.project.config_path(workload)
        held = json.loads(path.read_text())
        path.write_text(json.dumps({**held, **values}))


@pytest.fixture
def journey(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Journey]:
    monkeypatch.setenv("INFRA_CONFIG_HOME", str(tmp_path / "config"))
    folder = tmp_path / "phi"
    with Target.local(folder / ".infra") as target:
        yield Journey(folder, target)
        assert target.manager is not None
        target.manager.reset()
