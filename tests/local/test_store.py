"""What a user is told about the store of the local target and its key."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from infra_lib import InputError, Target


def test_a_closed_target_says_so_and_closes_twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INFRA_CONFIG_HOME", str(tmp_path / "config"))
    for target in (Target.local(), Target.local(tmp_path / ".infra")):
        target.close()
        with pytest.raises(InputError, match="is closed"):
            target.resources.resource_groups.check_existence("rg")
        target.close()


def test_a_key_that_cannot_be_kept_is_said_with_the_way_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("INFRA_CONFIG_HOME", str(tmp_path / "file" / "config"))
    with pytest.raises(InputError, match=r"local\.key: Not a directory\. Set INFRA_CONFIG_HOME"):
        Target.local(tmp_path / ".infra")


def test_a_key_that_is_none_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "local.key").write_text("short")
    monkeypatch.setenv("INFRA_CONFIG_HOME", str(tmp_path))
    with pytest.raises(InputError, match="is not a key of 32 bytes: move it away"):
        Target.local(tmp_path / ".infra")


@pytest.mark.skipif(os.name == "nt", reason="the home folder is found in another way there")
def test_a_user_without_a_home_folder_is_told_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("INFRA_CONFIG_HOME", "XDG_CONFIG_HOME", "HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("os.path.expanduser", lambda path: path)
    with pytest.raises(InputError, match="no home folder: set INFRA_CONFIG_HOME"):
        Target.local(tmp_path / ".infra")
