"""Synchronising a workspace, against the plain SDK on the same embedded Resource Manager.

The peer of the row of large files is one ``upload_file`` after another, each with as many ranges at once as synchronising
sends; both write to the local disk. The row of its memory gives MiB instead of milliseconds: how much more the process takes at
its most than at the beginning, while a request takes 20 ms, against the 64 MiB that are allowed.
"""

from __future__ import annotations

import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from tests.benchmarks.harness import Row

ROOT = Path(__file__).resolve().parents[2]
LATENCY = 0.02
SMALL_FILES = 1000
UNCHANGED_FILES = 5000
UNCHANGED_FOLDERS = 50
LARGE_FILES, LARGE_SIZE = 4, 256 * 1024 * 1024
MEMORY_BOUND = 64


def rows() -> Iterator[Row]:
    """The rows of this group."""
    yield from unchanged_workspace()
    yield small_files()
    yield large_files()
    yield memory()


def unchanged_workspace() -> Iterator[Row]:
    """5,000 files of which none changed: how many requests, and how long against reading the properties of each."""
    with _project() as (project, target):
        for number in range(UNCHANGED_FILES):
            path = project.folder / f"d{number % UNCHANGED_FOLDERS}" / f"f{number}"
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(b"%d" % number)
        project.sync(target)
        project.sync(target)
        requests = _count_requests(target)
        times = []
        for _ in range(3):
            requests.clear()
            begin = time.perf_counter()
            done = project.sync(target)
            times.append(time.perf_counter() - begin)
            assert done.verified
            assert done.sent_bytes == 0
            assert "PUT" not in requests
        folders = UNCHANGED_FOLDERS + 2
        yield Row(
            name=f"unchanged workspace of {UNCHANGED_FILES} files: requests", peer="folders, with the root",
            ours_seconds=len(requests) / 1000, peer_seconds=folders / 1000, ratio=len(requests) / folders, bound=1.1, runs=3,
        )  # fmt: skip
        share = _share(target)
        begin = time.perf_counter()
        for number in range(0, UNCHANGED_FILES, 10):
            share.get_file_client(f"d{number % UNCHANGED_FOLDERS}/f{number}").get_file_properties()
        peer = (time.perf_counter() - begin) * 10
        ours = statistics.median(times)
        yield Row(
            name=f"unchanged workspace of {UNCHANGED_FILES} files", peer="SDK: properties of each (of every tenth, times ten)",
            ours_seconds=ours, peer_seconds=peer, ratio=ours / peer, bound=1.0, runs=3,
        )  # fmt: skip


def small_files() -> Row:
    """1,000 small files, 20 ms a request."""
    with _project() as (project, target):
        files = [f"f{number}" for number in range(SMALL_FILES)]
        for name in files:
            (project.folder / name).write_bytes(os.urandom(500))
        _delay(target)
        share = _share(target)
        share.create_directory("peer")

        def peer() -> None:
            for name in files:
                with open(project.folder / name, "rb") as file:
                    share.get_file_client(f"peer/{name}").upload_file(file)

        ours_seconds, peer_seconds = _seconds(lambda: project.sync(target)), _seconds(peer)
        return Row(
            name=f"{SMALL_FILES} small files, 20 ms a request", peer="SDK: upload_file, one after the other",
            ours_seconds=ours_seconds, peer_seconds=peer_seconds, ratio=ours_seconds / peer_seconds, bound=0.25, runs=1,
        )  # fmt: skip


def large_files() -> Row:
    """Four files of 256 MiB, with nothing but the local disk to wait for."""
    from infra_lib.workloads.sync.run import RANGES_AT_ONCE

    pairs = []
    with _project() as (project, target):
        share = _share(target)
        share.create_directory("peer")

        def upload(names: list[str]) -> None:
            for name in names:
                with open(project.folder / name, "rb") as file:
                    share.get_file_client(f"peer/{name}").upload_file(file, max_concurrency=RANGES_AT_ONCE)

        for run in range(4):
            names = [f"large{run}-{number}" for number in range(LARGE_FILES)]
            for name in names:
                _fill(project.folder / name)
            pair = _seconds(lambda: project.sync(target)), _seconds(partial(upload, names))
            if run:
                pairs.append(pair)
            for name in names:
                (project.folder / name).unlink()
                share.get_file_client(name).delete_file()
                share.get_file_client(f"peer/{name}").delete_file()
        return Row(
            name="1 GiB of large files", peer=f"SDK: upload_file, {RANGES_AT_ONCE} ranges at once",
            ours_seconds=statistics.median(one for one, _ in pairs), peer_seconds=statistics.median(other for _, other in pairs),
            ratio=statistics.median(one / other for one, other in pairs), bound=1.25, runs=len(pairs),
        )  # fmt: skip


def memory() -> Row:
    """How much memory 1 GiB of large files take, in a process of its own."""
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    done = subprocess.run(
        [sys.executable, "-m", "tests.benchmarks.sync"], cwd=ROOT, env=environment, check=True, capture_output=True, text=True
    )
    more = float(done.stdout)
    return Row(
        name="memory for 1 GiB of large files (MiB)", peer="what is allowed", ours_seconds=more / 1000,
        peer_seconds=MEMORY_BOUND / 1000, ratio=more / MEMORY_BOUND, bound=1.0, runs=1,
    )  # fmt: skip


def _measure_memory() -> float:
    with _project() as (project, target):
        (project.folder / "warm").write_bytes(os.urandom(5 * 1024 * 1024))
        project.sync(target)
        for number in range(LARGE_FILES):
            _fill(project.folder / f"large{number}")
        _delay(target)
        Path("/proc/self/clear_refs").write_text("5")
        before = _memory_field("VmRSS")
        project.sync(target)
        return _memory_field("VmHWM") - before


def _memory_field(name: str) -> float:
    """A field of what Linux says about this process's memory, in MiB."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith(name)).split()[1]) / 1024


# ---------------------------------------------------------------------------------------------- what is measured


@contextmanager
def _project() -> Iterator[tuple[Any, Any]]:
    """A project and a local target that has its share."""
    from infra_lib.deploy.target import Target
    from infra_lib.workloads.project import Project

    folder = Path(tempfile.mkdtemp())
    try:
        with Target.local() as target:
            target.resources.resource_groups.create_or_update("rg", {"location": "westus"})
            account: Any = {"location": "westus", "kind": "StorageV2", "sku": {"name": "Standard_LRS"}}
            target.storage.storage_accounts.begin_create("rg", "benchmark", account).result()
            shared: Any = {"properties": {"shareQuota": 10}}
            target.storage.file_shares.create("rg", "benchmark", "share", shared)
            (folder / "infra").mkdir()
            (folder / "infra" / "inference.config.json").write_text(
                json.dumps({"RESOURCE_GROUP_NAME": "rg", "STORAGE_ACCOUNT_NAME": "benchmark", "FILE_SHARE_NAME": "share"})
            )
            yield Project.open(folder), target
    finally:
        shutil.rmtree(folder)


def _share(target: Any) -> Any:
    keys = target.storage.storage_accounts.list_keys("rg", "benchmark").keys_property
    return target.share("https://benchmark.file.core.windows.net", "share", keys[0].value)


def _around_files(target: Any, around: Callable[[Callable[[Any], Any], Any], Any]) -> None:
    """Put a function around what answers requests to the share."""
    service = target.manager.service.files
    answer = service.respond
    service.respond = lambda call: around(answer, call)


def _delay(target: Any) -> None:
    def around(answer: Callable[[Any], Any], call: Any) -> Any:
        time.sleep(LATENCY)
        return answer(call)

    _around_files(target, around)


def _count_requests(target: Any) -> list[str]:
    seen: list[str] = []

    def around(answer: Callable[[Any], Any], call: Any) -> Any:
        seen.append(call.method)
        return answer(call)

    _around_files(target, around)
    return seen


def _fill(path: Path) -> None:
    block = os.urandom(1024 * 1024)
    with open(path, "wb") as file:
        for _ in range(LARGE_SIZE // len(block)):
            file.write(block)


def _seconds(call: Callable[[], object]) -> float:
    begin = time.perf_counter()
    call()
    return time.perf_counter() - begin


if __name__ == "__main__":
    sys.stdout.write(f"{_measure_memory()}\n")
