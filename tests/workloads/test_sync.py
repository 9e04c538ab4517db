"""Synchronising: only what changed, all of it, nothing half-written, gone on with after an interruption."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from infra_lib.deploy.target import Target
from infra_lib.errors import InputError
from infra_lib.local.context import Fault
from infra_lib.workloads.sync.model import SyncEvent
from tests.workloads.sync_support import (
    ACCOUNT,
    CONFIG,
    GROUP,
    MIB,
    SHARE,
    Requests,
    content,
    make_project,
    make_share,
    put,
    share_of,
    write,
)

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def target() -> Iterator[Target]:
    with Target.local() as made:
        make_share(made)
        yield made


def test_everything_arrives_then_nothing_is_sent(target: Target, tmp_path: Path) -> None:
    files: dict[str, bytes | str] = {"a.py": "print()", "data/x.bin": os.urandom(5 * MIB + 3), "data/deep/er/y": ""}
    files |= {"d/Ünï 日本 %+&#.txt": "ü"}
    project = make_project(tmp_path, files)
    (tmp_path / "empty" / "folder").mkdir(parents=True)
    first = project.sync(target)
    assert first.verified
    assert {item.path for item in first.uploaded} == {*files, CONFIG}
    there = content(target)
    assert {path: there[path] for path in files} == {path: (tmp_path / path).read_bytes() for path in files}
    assert share_of(target).get_directory_client("empty/folder").exists()

    requests = Requests(target)
    second = project.sync(target)
    assert second.verified
    assert (second.uploaded, second.sent_bytes, second.plan.unchanged) == ((), 0, len(files) + 1)
    assert requests.count("PUT") == 0
    folders = 1 + len([path for path in tmp_path.rglob("*") if path.is_dir() and ".infra" not in path.parts])
    assert requests.count() <= folders + 2


def test_only_what_changed_is_sent_and_says_why(target: Target, tmp_path: Path) -> None:
    project = make_project(tmp_path, {"same": "1", "size": "1", "content": "1", "both": "1"})
    project.sync(target)
    write(tmp_path, {"size": "22", "content": "2", "both": "2", "new": "3"}, old=False)
    put(target, "both", b"9")
    done = project.sync(target)
    reasons = {item.path: item.reason for item in done.uploaded}
    assert reasons == {"size": "size", "content": "content", "both": "changed on the share", "new": "new"}
    assert content(target)["both"] == b"2"


def test_a_result_that_is_newer_on_the_share_is_left_there(target: Target, tmp_path: Path) -> None:
    """A job trains again, while the model of its first run lies here: the next deploy must not bring that one back."""
    project = make_project(tmp_path, {"models/adapter": "first", "models/log": "first", "other": "1"})
    project.sync(target)
    put(target, "models/adapter", b"newer")
    put(target, "models/log", b"longer than first")
    said: list[str] = []
    for _ in range(2):
        write(tmp_path, {"other": str(len(said))}, old=False)
        done = project.sync(target, progress=lambda event: said.append(event.message))
        assert {item.path for item in done.plan.newer} == {"models/adapter", "models/log"}
        assert done.verified
        assert (content(target)["models/adapter"], content(target)["models/log"]) == (b"newer", b"longer than first")
    told = next(text for text in said if text)
    assert "2 files changed on the share and not here" in told
    assert "models/adapter, models/log" in told
    assert "infra sync --overwrite" in told

    project.download(target, "models")
    assert project.sync(target).plan.newer == ()
    assert content(target)["models/adapter"] == b"newer"
    put(target, "models/adapter", b"third")
    assert [item.path for item in project.sync(target, overwrite=True).uploaded] == ["models/adapter"]
    assert content(target)["models/adapter"] == b"newer"


def test_content_that_changed_within_the_same_size_and_time_is_sent(target: Target, tmp_path: Path) -> None:
    project = make_project(tmp_path, {"f": "1"})
    project.sync(target)
    before = (tmp_path / "f").stat()
    (tmp_path / "f").write_text("2")
    os.utime(tmp_path / "f", ns=(before.st_atime_ns, before.st_mtime_ns))
    assert [item.path for item in project.sync(target).uploaded] == ["f"]


def test_a_file_that_was_only_touched_is_not_sent(target: Target, tmp_path: Path) -> None:
    project = make_project(tmp_path, {"f": "1"})
    project.sync(target)
    os.utime(tmp_path / "f")
    assert project.sync(target).uploaded == ()


@pytest.mark.parametrize("record", [None, b"", b"no gzip", b"\x1f\x8b broken"])
def test_without_its_record_files_are_recognised(target: Target, tmp_path: Path, record: bytes | None) -> None:
    project = make_project(tmp_path, {"a": "1", "b/c": "2", "d": "3"})
    project.sync(target)
    put(target, "d", b"4")
    manifest = share_of(target).get_file_client(".infra-sync/manifest.json.gz")
    if record is None:
        manifest.delete_file()
    else:
        manifest.upload_file(record)
    done = project.sync(target)
    assert [item.path for item in done.uploaded] == ["d"]
    requests = Requests(target)
    assert project.sync(target).uploaded == ()
    assert requests.count("HEAD") == 0


def test_deletions_only_on_request_and_only_of_what_came_from_here(target: Target, tmp_path: Path) -> None:
    project = make_project(tmp_path, {"gone/a": "1", "gone/b/c": "1", "stays": "1", "changed": "1"})
    project.sync(target)
    put(target, "result.bin", b"from a job")
    put(target, "changed", b"by a job")
    for name in ("gone/a", "gone/b/c", "changed"):
        (tmp_path / name).unlink()
    (tmp_path / "gone/b").rmdir()
    (tmp_path / "gone").rmdir()
    assert project.sync(target).deleted == ()
    assert "gone/a" in content(target)
    planned = project.sync(target, delete=True, dry_run=True)
    assert {item.path for item in planned.plan.deletions} == {"gone/a", "gone/b/c"}
    assert "gone/a" in content(target)
    done = project.sync(target, delete=True)
    assert {item.path for item in done.deleted} == {"gone/a", "gone/b/c"}
    assert set(content(target)) == {"stays", "changed", "result.bin", CONFIG}
    assert not share_of(target).get_directory_client("gone").exists()
    left = {item.path: item.reason for item in done.plan.left}
    assert left == {"changed": "not from this workspace", "result.bin": "not from this workspace"}


def test_deleting_without_the_record_keeps_what_is_not_ours(target: Target, tmp_path: Path) -> None:
    project = make_project(tmp_path, {"gone": "1"})
    project.sync(target)
    put(target, "result.bin", b"1")
    share_of(target).get_file_client(".infra-sync/manifest.json.gz").delete_file()
    (tmp_path / "gone").unlink()
    assert [item.path for item in project.sync(target, delete=True).deleted] == ["gone"]
    assert "result.bin" in content(target)


def test_a_file_that_became_a_folder(target: Target, tmp_path: Path) -> None:
    project = make_project(tmp_path, {"x": "1"})
    project.sync(target)
    (tmp_path / "x").unlink()
    write(tmp_path, {"x/y": "2"})
    with pytest.raises(InputError, match=r"x is a folder here and a file on the share: --delete"):
        project.sync(target)
    project.sync(target, delete=True)
    assert content(target)["x/y"] == b"2"


def test_another_casing_is_taken_over(target: Target, tmp_path: Path) -> None:
    project = make_project(tmp_path, {"Model.BIN": "1"})
    project.sync(target)
    (tmp_path / "Model.BIN").rename(tmp_path / "model.bin")
    done = project.sync(target)
    assert done.uploaded == ()
    assert done.plan.renames == (("Model.BIN", "model.bin"),)
    assert "model.bin" in content(target)
    assert project.sync(target).plan.changes_nothing


def test_a_dry_run_writes_nothing(target: Target, tmp_path: Path) -> None:
    project = make_project(tmp_path, {"a": "12"})
    requests = Requests(target)
    done = project.sync(target, dry_run=True)
    assert done.to_dict()["would_upload"][0] == {"path": "a", "size": 2, "reason": "new"}
    assert done.to_dict()["uploaded"] == []
    assert requests.count("PUT") == 0
    assert content(target) == {}


def test_not_confirmed_sends_nothing(target: Target, tmp_path: Path) -> None:
    project = make_project(tmp_path, {"a": "12"})
    with pytest.raises(InputError, match="Nothing was sent"):
        project.sync(target, confirm=lambda plan: plan.upload_bytes == 0)
    assert content(target) == {}


def test_progress_goes_up_to_all_of_it(target: Target, tmp_path: Path) -> None:
    project = make_project(tmp_path, {"big": os.urandom(9 * MIB), "small": "1"})
    events: list[SyncEvent] = []
    project.sync(target, progress=events.append)
    assert [event.stage for event in events if event.stage != "transferring"][:2] == ["scanning", "comparing"]
    last = events[-1]
    assert (last.stage, last.files_done, last.bytes_done) == ("done", last.files_total, last.bytes_total)
    sizes = [event.bytes_done for event in events]
    assert sizes == sorted(sizes)
    assert last.rate > 0


def test_no_file_is_seen_half_written_under_its_name(target: Target, tmp_path: Path) -> None:
    old, new = os.urandom(9 * MIB), os.urandom(13 * MIB)
    project = make_project(tmp_path, {"big": old, "small": "1"})
    project.sync(target)
    write(tmp_path, {"big": new, "small": "22"}, old=False)
    file, seen = share_of(target).get_file_client("big"), set()

    def look(_event: SyncEvent) -> None:
        seen.add(file.get_file_properties().size)

    project.sync(target, progress=look)
    assert seen == {len(old), len(new)}
    assert content(target)["big"] == new


INTERRUPTED = """
import os, sys
from infra_lib.deploy.target import Target
from infra_lib.workloads.project import Project

def stop(event):
    if event.stage == "transferring" and event.bytes_done >= int(sys.argv[2]):
        os._exit(9)

with Target.local(os.path.join(sys.argv[1], ".infra")) as target:
    Project.open(sys.argv[1]).sync(target, progress=stop)
"""


@pytest.fixture
def killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with a store of its own, for processes that are killed."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    folder = tmp_path / "project"
    folder.mkdir()
    with Target.local(folder / ".infra") as target:
        make_share(target)
    return folder


def run_killed(folder: Path, after: int) -> None:
    done = subprocess.run([sys.executable, "-c", INTERRUPTED, str(folder), str(after)], cwd=ROOT, check=False)
    assert done.returncode == 9


def test_a_killed_run_is_finished_by_the_next(killed: Path) -> None:
    project = make_project(killed, {f"d{number % 5}/f{number}": b"x" * 1000 for number in range(100)})
    run_killed(killed, 30_000)
    with Target.local(killed / ".infra") as target:
        there = [path for path in content(target) if path.startswith("d")]
        assert 20 <= len(there) < 100
        done = project.sync(target)
        assert len(done.uploaded) <= 101 - len(there) + 16  # those that were under way
        assert len(content(target)) == 101
        assert [item.name for item in share_of(target).list_directories_and_files(".infra-sync/parts")] == []


def test_a_large_file_is_gone_on_with(killed: Path) -> None:
    size = 96 * MIB
    data = os.urandom(MIB) * 96
    project = make_project(killed, {"model": data})
    run_killed(killed, 84 * MIB)
    with Target.local(killed / ".infra") as target:
        assert "model" not in content(target)
        done = project.sync(target)
        assert done.sent_bytes <= size - 64 * MIB + 1000
        assert content(target)["model"] == data


def test_the_rest_of_another_file_is_not_gone_on_with(killed: Path) -> None:
    project = make_project(killed, {"model": os.urandom(MIB) * 80})
    run_killed(killed, 72 * MIB)
    data = os.urandom(MIB) * 80
    write(killed, {"model": data})
    with Target.local(killed / ".infra") as target:
        assert project.sync(target).sent_bytes > 79 * MIB
        assert content(target)["model"] == data


def test_an_interruption_from_the_keyboard_keeps_what_arrived(target: Target, tmp_path: Path) -> None:
    project = make_project(tmp_path, {f"f{number}": "1" for number in range(60)})
    calls = 0

    def interrupt(event: SyncEvent) -> None:
        nonlocal calls
        calls += event.stage == "transferring"
        if calls > 20:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        project.sync(target, progress=interrupt)
    arrived = len(content(target))
    assert 5 <= arrived < 60
    requests = Requests(target)
    assert len(project.sync(target).uploaded) <= 61 - arrived + 2
    assert requests.count("HEAD") <= 20
    assert len(content(target)) == 61


def test_a_busy_service_costs_no_real_time_here(target: Target, tmp_path: Path) -> None:
    project = make_project(tmp_path, {"a": "1", "big": os.urandom(9 * MIB)})
    assert target.manager is not None
    for comp in ("PUT", "GET"):
        target.manager.inject(Fault(method=comp, path="*", code="ServerBusy", message="busy", status=503, times=3))
    messages: list[str] = []
    project.sync(target, progress=lambda event: messages.append(event.message))
    assert any("tried again" in message for message in messages)
    assert len(content(target)) == 3


def test_the_config_file_by_hand_and_for_another_subscription(target: Target, tmp_path: Path) -> None:
    project = make_project(tmp_path, {"a": "1"})
    path = tmp_path / CONFIG
    values = json.loads(path.read_text())
    path.write_text(json.dumps({key: values[key] for key in ("RESOURCE_GROUP_NAME", "STORAGE_ACCOUNT_NAME", "FILE_SHARE_NAME")}))
    assert project.sync(target).verified
    path.write_text(json.dumps({**values, "SUBSCRIPTION_ID": "11111111-2222-3333-4444-555555555555"}))
    with pytest.raises(InputError, match="is about subscription 1111"):
        project.sync(target)
    path.unlink()
    with pytest.raises(InputError, match="No file share is known"):
        project.sync(target)


def test_two_config_files_that_name_different_shares(target: Target, tmp_path: Path) -> None:
    project = make_project(tmp_path, {"a": "1"})
    other = {"RESOURCE_GROUP_NAME": GROUP, "STORAGE_ACCOUNT_NAME": ACCOUNT, "FILE_SHARE_NAME": "other"}
    write(tmp_path, {"infra/finetuning.config.json": json.dumps(other)})
    with pytest.raises(InputError, match=r"name different shares.*in resource group .*infra sync inference"):
        project.sync(target)
    assert project.sync(target, workload="inference").plan.share == SHARE
