"""Fetching results from the share."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from infra_lib.deploy.target import Target
from infra_lib.errors import InputError, SyncError
from infra_lib.local.context import Fault
from infra_lib.workloads.project import Project
from infra_lib.workloads.sync.model import SyncEvent
from tests.workloads.sync_support import MIB, make_project, make_share, put, share_of


@pytest.fixture
def target() -> Iterator[Target]:
    with Target.local() as made:
        make_share(made)
        yield made


@pytest.fixture
def project(target: Target, tmp_path: Path) -> Project:
    """A project whose share has results of a job."""
    share = share_of(target)
    for folder in ("results", "results/run 1", "results/empty"):
        share.create_directory(folder)
    put(target, "results/metrics.json", b"{}")
    put(target, "results/run 1/ünï.bin", os.urandom(9 * MIB))
    put(target, "results/run 1/nothing", b"")
    (tmp_path / "project").mkdir()
    return make_project(tmp_path / "project")


def test_a_folder_goes_to_its_place_in_the_project(target: Target, project: Project) -> None:
    done = project.download(target, "results")
    folder = project.folder / "results"
    assert {str(path.relative_to(folder)) for path in folder.rglob("*")} == {
        "metrics.json", "run 1", "run 1/ünï.bin", "run 1/nothing", "empty",
    }  # fmt: skip
    data = share_of(target).get_file_client("results/run 1/ünï.bin").download_file().readall()
    assert (folder / "run 1/ünï.bin").read_bytes() == data
    assert len(done.downloaded) == 3
    again = project.download(target, "results")
    assert (len(again.downloaded), len(again.kept)) == (0, 3)


def test_a_file_and_a_folder_into_another_folder(target: Target, project: Project, tmp_path: Path) -> None:
    project.download(target, "results/metrics.json", to=tmp_path / "out")
    assert (tmp_path / "out/metrics.json").read_bytes() == b"{}"
    project.download(target, "/results/run 1/", to=tmp_path / "out")
    assert (tmp_path / "out/run 1/nothing").read_bytes() == b""
    project.download(target, "results/run 1/nothing")
    assert (project.folder / "results/run 1/nothing").exists()


def test_the_whole_share_without_its_record(target: Target, project: Project, tmp_path: Path) -> None:
    project.sync(target)
    project.download(target, ".", to=tmp_path / "out")
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"results", "infra"}


def test_newer_results_replace_older_ones_but_not_the_other_way_round(target: Target, project: Project) -> None:
    project.download(target, "results/metrics.json")
    put(target, "results/metrics.json", b"{1}")
    assert len(project.download(target, "results/metrics.json").downloaded) == 1
    path = project.folder / "results/metrics.json"
    path.write_bytes(b"mine")
    with pytest.raises(InputError, match=r"newer than on the share: .*metrics\.json\. Replace it with --overwrite"):
        project.download(target, "results/metrics.json")
    assert path.read_bytes() == b"mine"
    project.download(target, "results/metrics.json", overwrite=True)
    assert path.read_bytes() == b"{1}"


def test_what_was_fetched_is_not_sent_back(target: Target, project: Project) -> None:
    project.sync(target)
    project.download(target, "results")
    put(target, "results/metrics.json", b"{2}")
    project.download(target, "results")
    project.sync(target)
    assert project.sync(target).plan.changes_nothing


@pytest.mark.parametrize("path", ["nothing", "results/none", "a/b/c"])
def test_a_path_that_is_not_there(target: Target, project: Project, path: str) -> None:
    with pytest.raises(InputError, match=f"has no {path}"):
        project.download(target, path)


def test_a_path_that_leads_out(target: Target, project: Project) -> None:
    with pytest.raises(InputError, match=r"'\.\.'"):
        project.download(target, "../x")


def test_a_file_that_changes_while_it_is_read_arrives_whole(target: Target, project: Project) -> None:
    put(target, "big", b"a" * 40 * MIB)
    changed: list[int] = []

    def change(event: SyncEvent) -> None:
        if event.bytes_done and not changed:
            changed.append(1)
            put(target, "big", b"b" * 40 * MIB)

    project.download(target, "big", progress=change)
    assert (project.folder / "big").read_bytes() == b"b" * 40 * MIB
    assert [path.name for path in project.folder.iterdir() if "download" in path.name] == []


def test_a_file_that_cannot_be_read_there_or_written_here_does_not_stop_the_others(target: Target, project: Project) -> None:
    assert target.manager is not None
    fault = Fault(method="GET", path="*/metrics.json", code="SharingViolation", message="open", times=100)
    target.manager.inject(fault)
    (project.folder / "results/run 1/nothing").mkdir(parents=True)
    with pytest.raises(SyncError) as caught:
        project.download(target, "results")
    assert "metrics.json: it is open on the share" in str(caught.value)
    assert "nothing: " in str(caught.value)
    assert (project.folder / "results/run 1/ünï.bin").stat().st_size == 9 * MIB
