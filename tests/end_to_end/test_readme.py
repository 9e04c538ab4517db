"""What the README shows works as it is written."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from infra_lib.workloads.scaffold import write_project

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text()


def blocks() -> list[str]:
    return re.findall(r"```python\n(.*?)```", README, flags=re.DOTALL)


def test_the_python_example_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    write_project(tmp_path / "phi-3")
    monkeypatch.chdir(tmp_path)
    example = next(block for block in blocks() if "infra.plan(" in block)
    exec(compile(example, "README.md", "exec"), {})
    printed = capsys.readouterr().out
    assert printed.count("create ") == 7
    assert "127.0.0.1:" in printed


def test_the_unit_test_example_passes_with_the_fixture_that_installing_registers(tmp_path: Path) -> None:
    example = next(block for block in blocks() if "local_arm" in block)
    (tmp_path / "test_example.py").write_text(example)
    (tmp_path / "templates").symlink_to(ROOT / "templates")
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTEST_ADDOPTS": ""}
    plugins = [] if "infra_lib" in _registered() else ["-p", "infra_lib.testing.plugin"]
    command = [sys.executable, "-m", "pytest", "-q", *plugins, "--rootdir", str(tmp_path), "test_example.py"]
    run = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert "1 passed" in run.stdout, run.stdout + run.stderr


def _registered() -> set[str]:
    from importlib.metadata import entry_points

    return {point.name for point in entry_points(group="pytest11")}


def test_importing_the_package_loads_nothing_heavy() -> None:
    code = (
        "import sys, infra_lib; heavy = ('azure', 'jsonschema', 'jinja2', 'rich', 'click', 'werkzeug', 'yaml', 'sqlite3'); "
        "print([name for name in heavy if name in sys.modules])"
    )
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"
