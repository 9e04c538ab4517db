"""``infra sync`` and ``infra download`` as a person uses them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from infra_lib.cli import transfer_view
from infra_lib.cli.main import run
from infra_lib.deploy.target import Target
from infra_lib.local.context import Fault
from infra_lib.workloads.project import Project
from tests.workloads.sync_support import make_project, make_share, put, share_of, write


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A project with a local store that has its share."""
    for name in ("INFRA_TARGET", "AZURE_SUBSCRIPTION_ID"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    made = make_project(tmp_path / "project", {"a.py": "print()", "data/b": "12"})
    with Target.local(made.store) as target:
        make_share(target)
    return made


def infra(capsys: pytest.CaptureFixture[str], project: Project, *words: str) -> tuple[int, str, str]:
    capsys.readouterr()
    status = run([*words, "--project", str(project.folder)])
    captured = capsys.readouterr()
    return status, captured.out, captured.err


def as_json(capsys: pytest.CaptureFixture[str], project: Project, *words: str, status: int = 0) -> dict[str, Any]:
    found, out, err = infra(capsys, project, *words, "--json")
    assert found == status, err
    value = json.loads(out)
    assert isinstance(value, dict)
    return value


def test_dry_run_then_sync_then_nothing(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    planned = as_json(capsys, project, "sync", "--dry-run")
    assert [item["path"] for item in planned["would_upload"]] == ["a.py", "data/b", "infra/inference.config.json"]
    assert planned["uploaded"] == []
    done = as_json(capsys, project, "sync")
    assert done["uploaded"] == planned["would_upload"]
    assert (done["verified"], done["sent_bytes"], done["target"]) == (True, planned["would_send_bytes"], "local")
    again = as_json(capsys, project, "sync")
    assert (again["uploaded"], again["unchanged"]["files"]) == ([], 3)


def test_in_words(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    status, out, err = infra(capsys, project, "sync")
    assert status == 0
    assert "send data/b (2 B, new)" in out
    assert "3 files sent" in err
    assert "the share's listing agrees" in err


def test_delete(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    infra(capsys, project, "sync")
    (project.folder / "data/b").unlink()
    assert as_json(capsys, project, "sync")["deleted"] == []
    assert as_json(capsys, project, "sync", "--delete", "--dry-run")["would_delete"] == [{"path": "data/b", "size": 2}]
    assert as_json(capsys, project, "sync", "--delete", "--yes")["deleted"] == [{"path": "data/b", "size": 2}]


def test_more_files_than_meant_are_asked_about(
    project: Project, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transfer_view, "ASK_FILES", 10)
    write(project.folder, {f"model-cache/blobs/{number}": "x" * 1024 for number in range(30)})
    status, _, err = infra(capsys, project, "sync")
    assert status == 2
    assert "33 files, 30." in err
    assert any(line.split() == ["model-cache/", "30", "files", "30.0", "KiB"] for line in err.splitlines())
    assert "--yes" in err
    assert ".infraignore, such as model-cache/" in err
    with Target.local(project.store) as target:
        assert list(share_of(target).list_directories_and_files()) == []
    write(project.folder, {".infraignore": "model-cache/\n"})
    assert len(as_json(capsys, project, "sync")["uploaded"]) == 4
    (project.folder / ".infraignore").unlink()
    assert len(as_json(capsys, project, "sync", "--yes")["uploaded"]) == 30


def test_what_failed_is_in_the_result_too(
    project: Project, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    original = Target.local

    def faulty(*arguments: Any, **options: Any) -> Target:
        target = original(*arguments, **options)
        assert target.manager is not None
        target.manager.inject(Fault(method="PUT", path="*/data/b", code="SharingViolation", message="open", times=99))
        return target

    monkeypatch.setattr(Target, "local", faulty)
    found = as_json(capsys, project, "sync", status=1)
    assert [item["path"] for item in found["failed"]] == ["data/b"]
    assert [item["path"] for item in found["uploaded"]] == ["a.py", "infra/inference.config.json"]
    assert not found["verified"]


@pytest.mark.parametrize(
    ("change", "text"),
    [({"bad:name": "1"}, "forbids the character :"), ({"infra/inference.config.json": "{}"}, "No file share is known"),
     ({".infraignore": b"\xff"}, "UTF-8")],
)  # fmt: skip
def test_bad_input_is_status_2(
    project: Project, capsys: pytest.CaptureFixture[str], change: dict[str, bytes | str], text: str
) -> None:
    write(project.folder, change)
    status, out, err = infra(capsys, project, "sync")
    assert (status, out) == (2, "")
    assert text in err


def test_download(project: Project, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    infra(capsys, project, "sync")
    with Target.local(project.store) as target:
        share_of(target).create_directory("results")
        put(target, "results/m.json", b"{}")
    done = as_json(capsys, project, "download", "results", "--to", str(tmp_path / "out"))
    assert done["downloaded"] == [{"path": "results/m.json", "size": 2, "to": str(tmp_path / "out/results/m.json")}]
    assert infra(capsys, project, "download", "results")[0] == 0
    assert (project.folder / "results/m.json").exists()
    status, _, err = infra(capsys, project, "download", "nothing")
    assert status == 2
    assert "has no nothing" in err


@pytest.mark.parametrize("words", [("run", "finetuning"), ("deploy", "inference")])
def test_runs_and_deploys_ask_as_well(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, words: tuple[str, str]
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.delenv("INFRA_TARGET", raising=False)
    monkeypatch.delenv("AZURE_SUBSCRIPTION_ID", raising=False)
    monkeypatch.setattr(transfer_view, "ASK_FILES", 50)
    folder = tmp_path / "phi"
    assert run(["init", str(folder)]) == 0
    assert run(["provision", words[1], "--project", str(folder), "-g", "rg", "-l", "westeurope"]) == 0
    write(folder, {f"model-cache/{number}": "x" for number in range(60)})
    status, out, err = infra(capsys, Project.open(folder), *words)
    assert (status, out) == (2, "")
    assert "are perhaps not all meant" in err
    assert "model-cache/" in err
