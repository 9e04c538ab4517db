"""What goes wrong while synchronising: said in words with the next step, and nothing half-written."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from infra_lib.deploy.target import LOCAL_SUBSCRIPTION_ID, Target
from infra_lib.errors import InputError, SyncError
from infra_lib.local import LocalResourceManager
from infra_lib.local.context import Fault
from infra_lib.local.server import serve
from infra_lib.workloads.sync import lock as locks
from infra_lib.workloads.sync.failures import IncompleteSyncError
from infra_lib.workloads.sync.lock import RunLock
from infra_lib.workloads.sync.model import SyncEvent
from infra_lib.workloads.sync.remote import Remote, ShareLocation
from tests.workloads.sync_support import (
    ACCOUNT,
    CONFIG,
    GROUP,
    MIB,
    SHARE,
    content,
    make_project,
    make_share,
    share_of,
    write,
)

PLACE = ShareLocation(resource_group=GROUP, account=ACCOUNT, share=SHARE)


@pytest.fixture
def target() -> Iterator[Target]:
    with Target.local() as made:
        make_share(made, quota=1)
        yield made


def inject(target: Target, **fault: Any) -> None:
    assert target.manager is not None
    target.manager.inject(Fault(**{"message": "the service says so", "path": "*", **fault}))


# ---------------------------------------------------------------------------------------------- the share and the account


def test_a_full_share(target: Target, tmp_path: Path) -> None:
    project = make_project(tmp_path, {"small": "1"})
    with open(tmp_path / "huge", "wb") as file:
        file.truncate(2 * 1024 * MIB)
    with pytest.raises(SyncError, match=r"The share 'workspace' is full\. Raise its quota .* run the same command again"):
        project.sync(target)
    assert "huge" not in content(target)
    (tmp_path / "huge").unlink()
    assert project.sync(target).verified


def test_a_key_that_is_rotated_meanwhile(target: Target, tmp_path: Path) -> None:
    project = make_project(tmp_path, {f"f{number}": "1" for number in range(50)})
    rotated: list[SyncEvent] = []

    def rotate(event: SyncEvent) -> None:
        if event.files_done == 10 and not rotated:
            rotated.append(event)
            body: Any = {"keyName": "key1"}
            target.storage.storage_accounts.regenerate_key(GROUP, ACCOUNT, body)

    assert project.sync(target, progress=rotate).verified
    assert rotated
    assert len(content(target)) == 51


def test_a_key_that_is_not_accepted(target: Target, tmp_path: Path) -> None:
    project = make_project(tmp_path, {"a": "1"})
    inject(target, method="PUT", code="AuthenticationFailed", status=403, times=1000)
    with pytest.raises(SyncError, match=r"does not accept its own key: it was rotated a moment ago, or this machine's clock"):
        project.sync(target)


def test_no_such_share_account_or_group(target: Target, tmp_path: Path) -> None:
    project = make_project(tmp_path, {"a": "1"})
    path = tmp_path / CONFIG
    text = path.read_text()
    path.write_text(text.replace(f'"{SHARE}"', '"other"'))
    with pytest.raises(SyncError, match=r"no share 'other' in storage account 'syncaccount' any more\. Run `infra provision`"):
        project.sync(target)
    path.write_text(text.replace(f'"{ACCOUNT}"', '"otheraccount"'))
    with pytest.raises(InputError, match=r"no storage account 'otheraccount' in resource group .* mend STORAGE_ACCOUNT_NAME"):
        project.sync(target)


def test_a_share_that_is_deleted_meanwhile(target: Target, tmp_path: Path) -> None:
    project = make_project(tmp_path, {f"f{number}": "1" for number in range(40)})

    def delete(event: SyncEvent) -> None:
        if event.files_done == 5:
            target.storage.file_shares.delete(GROUP, ACCOUNT, SHARE)

    with pytest.raises(SyncError, match="no share 'workspace'"):
        project.sync(target, progress=delete)


@pytest.mark.parametrize(
    ("code", "status", "text"),
    [
        ("AuthorizationFailure", 403, "network rules"),
        ("KeyBasedAuthenticationNotPermitted", 403, "allowSharedKeyAccess"),
        ("ServerBusy", 503, "busy and refused several times"), ("Strange", 500, r"failed several times \(the service says so"),
    ],
)  # fmt: skip
def test_refusals_that_end_it(target: Target, tmp_path: Path, code: str, status: int, text: str) -> None:
    project = make_project(tmp_path, {"a": "1"})
    inject(target, method="PUT", code=code, status=status, times=1000)
    with pytest.raises(SyncError, match=text):
        project.sync(target)


# ---------------------------------------------------------------------------------------------- single files


def test_a_file_that_is_open_on_the_share_does_not_stop_the_others(target: Target, tmp_path: Path) -> None:
    project = make_project(tmp_path, {"a": "1", "open.bin": "1", "z": "1"})
    project.sync(target)
    write(tmp_path, {"a": "22", "open.bin": "22", "z": "22"}, old=False)
    inject(target, method="PUT", path="*/open.bin", code="SharingViolation", times=1000)
    with pytest.raises(IncompleteSyncError, match=r"open\.bin: it is open on the share, perhaps in a") as caught:
        project.sync(target)
    assert {item.path for item in caught.value.result.uploaded} == {"a", "z"}
    assert content(target) | {CONFIG: b""} == {"a": b"22", "open.bin": b"1", "z": b"22", CONFIG: b""}


def test_a_file_that_changes_while_it_is_read_arrives_as_it_is_then(target: Target, tmp_path: Path) -> None:
    project = make_project(tmp_path, {"log": os.urandom(21 * MIB)})
    changed: list[int] = []

    def change(event: SyncEvent) -> None:
        if event.path == "" and event.bytes_done > 4 * MIB and not changed:
            changed.append(1)
            with open(tmp_path / "log", "ab") as file:
                file.write(b"more")

    done = project.sync(target, progress=change)
    assert changed
    assert done.verified
    assert content(target)["log"] == (tmp_path / "log").read_bytes()
    assert project.sync(target).uploaded == ()


def test_a_file_that_never_stops_changing_is_said(target: Target, tmp_path: Path) -> None:
    project = make_project(tmp_path, {"log": os.urandom(21 * MIB), "other": "1"})

    def change(event: SyncEvent) -> None:
        if event.path == "" and event.stage == "transferring":
            with open(tmp_path / "log", "ab") as file:
                file.write(b"more")

    with pytest.raises(SyncError, match="log: it changes while it is read: let the program that writes it end"):
        project.sync(target, progress=change)
    assert set(content(target)) == {"other", CONFIG}


def test_a_file_that_is_gone_meanwhile_is_left_out(target: Target, tmp_path: Path) -> None:
    project = make_project(tmp_path, {"a": "1", "gone": "1"})

    def remove(event: SyncEvent) -> None:
        if event.stage == "transferring":
            (tmp_path / "gone").unlink(missing_ok=True)

    done = project.sync(target, progress=remove)
    assert [item.path for item in done.vanished] == ["gone"]
    assert done.verified


@pytest.mark.skipif(not hasattr(os, "seteuid"), reason="needs POSIX permissions")
def test_a_file_without_permission(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        project = make_project(folder, {"a": "1", "closed.bin": "1"})
        with Target.local(project.store) as target:
            make_share(target)
            assert content(target) == {}
            folder.chmod(0o755)
            (folder / "closed.bin").chmod(0)
            user = os.geteuid()
            if user == 0:
                os.seteuid(65534)
            try:
                with pytest.raises(InputError, match=r"closed\.bin cannot be read: Permission denied \(chmod u\+r "):
                    project.sync(target, dry_run=True)
            finally:
                if user == 0:
                    os.seteuid(0)


def test_somebody_who_writes_over_a_file_at_the_same_time_is_noticed(target: Target, tmp_path: Path) -> None:
    project = make_project(tmp_path, {"a": "1"})
    share = share_of(target)

    def overwrite(event: SyncEvent) -> None:
        if event.stage == "verifying":
            share.get_file_client("a").upload_file(b"by a job")

    with pytest.raises(SyncError, match="a: it has 8 bytes there, 1 were sent: somebody else changes it"):
        project.sync(target, progress=overwrite)
    assert [item.path for item in project.sync(target).uploaded] == ["a"]


# ---------------------------------------------------------------------------------------------- two runs at once


def test_two_runs_at_once(target: Target, tmp_path: Path) -> None:
    project = make_project(tmp_path, {"a": "1"})
    with (
        RunLock(Remote(target, PLACE)),
        pytest.raises(SyncError, match=r"is being synchronised by .+@.+ since .*Wait until that run ends"),
    ):
        project.sync(target)
    assert content(target) == {}
    assert project.sync(target).verified


def test_a_run_that_has_nothing_to_do_needs_no_place(target: Target, tmp_path: Path) -> None:
    project = make_project(tmp_path, {"a": "1"})
    project.sync(target)
    with RunLock(Remote(target, PLACE)):
        assert project.sync(target).plan.changes_nothing


@pytest.mark.parametrize("known", [True, False])
def test_the_place_of_a_run_that_stands_still_is_taken_over_once(
    target: Target, monkeypatch: pytest.MonkeyPatch, known: bool
) -> None:
    now = [0.0]
    held = RunLock(Remote(target, PLACE), clock=lambda: now[0])
    held.__enter__()
    if not known:
        share_of(target).get_file_client(".infra-sync/lock").set_file_metadata({}, lease=held._id)
    monkeypatch.setattr(locks, "STALE_SECONDS", -10.0)
    with RunLock(Remote(target, PLACE)):
        now[0] = 1000.0
        with pytest.raises(SyncError, match="Another run has taken this one's place"):
            held.beat()
        held.__exit__(None, None, None)
        monkeypatch.setattr(locks, "STALE_SECONDS", 60.0)
        with pytest.raises(SyncError, match="is being synchronised"), RunLock(Remote(target, PLACE)):
            pass


def test_only_one_of_many_gets_the_place(target: Target) -> None:
    got: list[int] = []
    barrier = threading.Barrier(8)

    def enter(number: int) -> None:
        lock = RunLock(Remote(target, PLACE))
        barrier.wait()
        try:
            lock.__enter__()
        except SyncError:
            return
        got.append(number)

    threads = [threading.Thread(target=enter, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(got) == 1


def test_what_another_run_did_between_plan_and_place_is_seen(target: Target, tmp_path: Path) -> None:
    project = make_project(tmp_path, {"a": "1", "b": "1"})

    def other_run(_plan: object) -> bool:
        project.sync(target)
        return True

    done = project.sync(target, confirm=other_run)
    assert done.uploaded == ()


# ---------------------------------------------------------------------------------------------- over sockets


class Cutting:
    """A relay on loopback that cuts a connection in the middle of a request, as often as told."""

    def __init__(self, port: int, *, after: int, times: int) -> None:
        self._port, self._after, self.times = port, after, times
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            server = socket.create_connection(("127.0.0.1", self._port))
            threading.Thread(target=self._relay, args=(client, server, True), daemon=True).start()
            threading.Thread(target=self._relay, args=(server, client, False), daemon=True).start()

    def _relay(self, source: socket.socket, sink: socket.socket, counted: bool) -> None:
        passed = 0
        try:
            while data := source.recv(65536):
                passed += len(data)
                if counted and passed > self._after and self.times > 0:
                    self.times -= 1
                    break
                sink.sendall(data)
        except OSError:
            pass
        for end in (source, sink):
            end.close()

    def close(self) -> None:
        self._listener.close()


@pytest.fixture
def served() -> Iterator[LocalResourceManager]:
    with LocalResourceManager() as manager:
        yield manager


def test_a_connection_lost_in_the_middle_of_a_range(served: LocalResourceManager, tmp_path: Path) -> None:
    with serve(served) as server:
        relay = Cutting(int(server.url.rpartition(":")[2]), after=3 * MIB, times=2)
        target = Target.azure(LOCAL_SUBSCRIPTION_ID, credential=served.credential(), endpoint=relay.url)
        target.sleep = lambda seconds: None  # type: ignore[method-assign]
        make_share(target)
        project = make_project(tmp_path, {"big": os.urandom(10 * MIB), "d/ü %+&.txt": "1"})
        messages: list[str] = []
        done = project.sync(target, progress=lambda event: messages.append(event.message))
        assert done.verified
        assert relay.times == 0
        assert any("tried again" in message for message in messages)
        there = content(target)
        assert there["big"] == (tmp_path / "big").read_bytes()
        assert there["d/ü %+&.txt"] == b"1"
        assert project.sync(target).plan.changes_nothing
        relay.close()


def test_a_connection_that_stays_lost(served: LocalResourceManager, tmp_path: Path) -> None:
    with serve(served) as server:
        relay = Cutting(int(server.url.rpartition(":")[2]), after=3 * MIB, times=1000)
        target = Target.azure(LOCAL_SUBSCRIPTION_ID, credential=served.credential(), endpoint=relay.url)
        target.sleep = lambda seconds: None  # type: ignore[method-assign]
        make_share(target)
        project = make_project(tmp_path, {"big": os.urandom(10 * MIB)})
        with pytest.raises(SyncError, match=r"connection to storage account 'syncaccount' was lost .* the same command again"):
            project.sync(target)
        relay.times = 0
        assert "big" not in content(target)
        assert project.sync(target).verified
        relay.close()


HOLDER = """
import sys, os
from infra_lib.deploy.target import Target
from infra_lib.workloads.sync.lock import RunLock
from infra_lib.workloads.sync.remote import Remote, ShareLocation
from tests.workloads.sync_support import GROUP, ACCOUNT, SHARE
with Target.local(sys.argv[1]) as target:
    RunLock(Remote(target, ShareLocation(resource_group=GROUP, account=ACCOUNT, share=SHARE))).__enter__()
    os._exit(9)
"""


def test_the_place_of_a_dead_process_of_this_machine_is_free_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    project = make_project(tmp_path / "project", {"a": "1"})
    with Target.local(project.store) as target:
        make_share(target)
    root = Path(__file__).resolve().parents[2]
    subprocess.run([sys.executable, "-c", HOLDER, str(project.store)], cwd=root, check=False)
    with Target.local(project.store) as target:
        assert project.sync(target).verified
