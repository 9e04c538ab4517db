"""The Python environment of an app: what its commands install goes there, and stays as long as it fits."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from infra_lib.local.replicas.environment import make_environment


def run(programs: Path, name: str, *arguments: str) -> str:
    return subprocess.run([str(programs / name), *arguments], capture_output=True, text=True, check=True).stdout.strip()


@pytest.mark.parametrize("name", ["plain", "with space", "with 'quotes' and $HOME"])
def test_python_and_pip_are_those_of_the_environment(tmp_path: Path, name: str) -> None:
    programs = make_environment(tmp_path / name)
    assert run(programs, "python", "-c", "import sys; print(sys.prefix)") == str(tmp_path / name)
    assert run(programs, "pip", "--version").startswith("pip ")


def test_what_was_installed_stays_until_the_project_is_moved(tmp_path: Path) -> None:
    before = tmp_path / "before"
    programs = make_environment(before)
    installed = Path(run(programs, "python", "-c", "import sysconfig; print(sysconfig.get_path('purelib'))")) / "installed.py"
    installed.write_text("")
    make_environment(before)
    assert installed.exists()

    after = before.rename(tmp_path / "after")
    programs = make_environment(after)
    assert run(programs, "pip", "--version").startswith("pip ")
    assert run(programs, "python", "-c", "import sys; print(sys.prefix)") == str(after)
    assert not list(after.rglob("installed.py"))


def test_an_environment_that_was_not_made_to_its_end_is_made_anew(tmp_path: Path) -> None:
    programs = make_environment(tmp_path)
    (programs / "pip").unlink()
    (tmp_path / "made-for").unlink()
    assert run(make_environment(tmp_path), "pip", "--version").startswith("pip ")
