"""What was fetched from the share is not sent back, unless it changed here; and nothing that changed there is overwritten."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from infra_lib.deploy.target import Target
from infra_lib.errors import SyncError
from infra_lib.local.context import Fault
from infra_lib.workloads.project import Project
from tests.workloads.sync_support import MIB, Requests, content, make_project, make_share, put, share_of, write

MODEL = "models/adapter.bin"


@pytest.fixture
def target() -> Iterator[Target]:
    with Target.local() as made:
        make_share(made)
        yield made


@pytest.fixture
def project(target: Target, tmp_path: Path) -> Project:
    """A synchronised project whose job has left a model on the share."""
    (tmp_path / "project").mkdir()
    made = make_project(tmp_path / "project", {"train.py": "print()"})
    made.sync(target)
    share_of(target).create_directory("models")
    put(target, MODEL, os.urandom(9 * MIB))
    return made


def uploads(project: Project, target: Target) -> list[str]:
    return [item.path for item in project.sync(target, dry_run=True).plan.uploads]


def test_it_is_not_sent_nor_asked_about(target: Target, project: Project) -> None:
    project.download(target, "models")
    requests = Requests(target)
    done = project.sync(target)
    assert [item.path for item in done.uploaded] == []
    assert done.plan.unchanged == 3
    assert requests.count("HEAD") == 0
    assert not any("adapter" in path for _, _, path in requests.seen)
    assert project.sync(target).plan.changes_nothing


def test_a_project_opened_by_another_path_and_a_single_file(
    target: Target, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(project.folder)
    Project.open(".").download(target, "MODELS/" + MODEL.rpartition("/")[2])
    (project.folder / "MODELS").rename(project.folder / "models")
    assert uploads(project, target) == []


def test_what_changed_here_is_sent(target: Target, project: Project) -> None:
    project.download(target, "models")
    status = (project.folder / MODEL).stat()
    write(project.folder, {MODEL: os.urandom(9 * MIB)})
    os.utime(project.folder / MODEL, ns=(status.st_atime_ns, status.st_mtime_ns))
    project.sync(target)
    assert content(target)[MODEL] == (project.folder / MODEL).read_bytes()


@pytest.mark.parametrize("size", [9 * MIB, 5])
def test_what_changed_there_alone_is_left_and_said(target: Target, project: Project, size: int) -> None:
    project.download(target, "models")
    again = os.urandom(size)
    put(target, MODEL, again)
    done = project.sync(target)
    assert [item.path for item in done.plan.newer] == [MODEL]
    assert content(target)[MODEL] == again
    project.sync(target, overwrite=True)
    assert content(target)[MODEL] == (project.folder / MODEL).read_bytes()


def test_what_changed_on_both_sides_is_sent(target: Target, project: Project) -> None:
    project.download(target, "models")
    put(target, MODEL, b"there")
    write(project.folder, {MODEL: "here"})
    project.sync(target)
    assert content(target)[MODEL] == b"here"


def test_a_file_that_was_sent_before_and_trained_again(target: Target, project: Project) -> None:
    write(project.folder, {MODEL: "first"})
    project.sync(target)
    put(target, MODEL, b"second")
    project.download(target, "models", overwrite=True)
    assert uploads(project, target) == []
    project.sync(target)
    write(project.folder, {MODEL: "mine"})
    project.sync(target)
    put(target, MODEL, b"third")
    assert [item.path for item in project.sync(target).plan.newer] == [MODEL]


def test_a_fetched_result_is_still_the_jobs_own(target: Target, project: Project) -> None:
    project.download(target, "models")
    project.sync(target)
    (project.folder / MODEL).unlink()
    done = project.sync(target, delete=True)
    assert done.deleted == ()
    assert MODEL in content(target)


def test_elsewhere_it_says_nothing_about_the_workspace(target: Target, project: Project, tmp_path: Path) -> None:
    project.download(target, "models", to=tmp_path / "out")
    project.download(target, "models", to=project.folder / "copy")
    assert not (project.folder / ".infra" / "sync-downloads.json").exists()
    assert uploads(project, target) == ["copy/models/adapter.bin"]


def test_another_share_with_the_same_account_and_path_is_not_meant(target: Target, project: Project) -> None:
    project.download(target, "models")
    path = project.folder / ".infra" / "sync-downloads.json"
    document = json.loads(path.read_text())
    (share,) = document["shares"]
    path.write_text(json.dumps({**document, "shares": {share + "2": document["shares"][share]}}))
    assert uploads(project, target) == [MODEL]
    project.download(target, "models")
    put(target, "models/b", b"1")
    project.download(target, "models")
    assert set(json.loads(path.read_text())["shares"]) == {share, share + "2"}


@pytest.mark.parametrize(
    "damaged", ["{", "[]", "5", '{"format": 2}', '{"format": 1, "shares": 5}', '{"format": 1, "shares": []}']
)
def test_a_damaged_record_only_costs_the_transfer(target: Target, project: Project, damaged: str) -> None:
    project.download(target, "models")
    path = project.folder / ".infra" / "sync-downloads.json"
    path.write_text(damaged)
    assert [item.path for item in project.sync(target).uploaded] == [MODEL]


def test_of_an_interrupted_download_what_arrived_is_recorded_and_nothing_else(target: Target, project: Project) -> None:
    put(target, "models/small", b"1")
    assert target.manager is not None
    target.manager.inject(Fault(method="GET", path="*/adapter.bin", code="SharingViolation", message="open", times=100))
    with pytest.raises(SyncError, match="1 of 2 files"):
        project.download(target, "models")
    shares = json.loads((project.folder / ".infra" / "sync-downloads.json").read_text())["shares"]
    assert [list(files) for files in shares.values()] == [["models/small"]]
    write(project.folder, {MODEL: os.urandom(9 * MIB)})
    assert uploads(project, target) == [MODEL]


def test_an_interruption_by_hand(target: Target, project: Project) -> None:
    def interrupt(event: object) -> None:
        if getattr(event, "bytes_done", 0):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        project.download(target, "models", progress=interrupt)
    assert not (project.folder / ".infra" / "sync-downloads.json").exists()
    assert not (project.folder / MODEL).exists()


def test_what_is_gone_here_is_forgotten(target: Target, project: Project) -> None:
    project.download(target, "models")
    (project.folder / MODEL).unlink()
    project.sync(target)
    assert json.loads((project.folder / ".infra" / "sync-downloads.json").read_text())["shares"] == {}
