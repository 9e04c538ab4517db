"""Synchronising, from the scan to the verified listing."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from infra_lib.deploy.data_plane import RANGE
from infra_lib.errors import InfraError, InputError
from infra_lib.workloads.sync.downloads import Downloads
from infra_lib.workloads.sync.failures import ConnectionLostError, FileProblem, IncompleteSyncError, of_a_file, refused
from infra_lib.workloads.sync.hashes import Hashes
from infra_lib.workloads.sync.lock import RunLock
from infra_lib.workloads.sync.manifest import MANIFEST, PARTS, Manifest, Sent, write_manifest
from infra_lib.workloads.sync.model import (
    Confirm,
    Links,
    RemoteEntry,
    Skipped,
    SyncListener,
    SyncPlan,
    SyncResult,
    Upload,
    Workspace,
    files_text,
    fold,
    parent_of,
)
from infra_lib.workloads.sync.plan import Decided, decide
from infra_lib.workloads.sync.progress import Progress
from infra_lib.workloads.sync.remote import Remote, ShareLocation, by_depth
from infra_lib.workloads.sync.scan import scan
from infra_lib.workloads.sync.upload import Uploader, part_name
from infra_lib.workloads.sync.workers import Workers

if TYPE_CHECKING:
    from infra_lib.deploy.target import Target

T = TypeVar("T")

FILES_AT_ONCE = 16
RANGES_AT_ONCE = 8
MEMORY = RANGES_AT_ONCE * RANGE
_CHECKPOINT_SECONDS = 20.0
_NAMED = 5


def synchronise(
    folder: Path,
    target: Target,
    location: ShareLocation,
    *,
    state: Path,
    delete: bool = False,
    dry_run: bool = False,
    links: Links = "follow",
    overwrite: bool = False,
    confirm: Confirm | None = None,
    listener: SyncListener | None = None,
) -> SyncResult:
    """Make the share have what the folder has; see :meth:`infra_lib.workloads.project.Project.sync`.

    ``state`` is where hashes, and what was fetched, are kept between runs.
    """
    progress = Progress(listener)
    progress.tell()
    workspace = scan(folder, links=links)
    hashes = Hashes(state)
    downloads = Downloads(state, target.name, location)
    remote = Remote(target, location, retried=lambda seconds: progress.tell(message=f"tried again in {seconds:.0f} s"))
    from azure.core.exceptions import HttpResponseError

    began = time.monotonic()
    try:
        with Workers(files=FILES_AT_ONCE, ranges=RANGES_AT_ONCE, memory=MEMORY) as workers:
            progress.enter("comparing")
            decided = decide(workspace, remote, hashes, downloads, workers, delete=delete, overwrite=overwrite)
            _tell_what_is_newer(decided.plan, progress)
            if dry_run:
                progress.enter("done")
                return SyncResult(target=target.name, plan=decided.plan, dry_run=True, seconds=time.monotonic() - began)
            if confirm is not None and not confirm(decided.plan):
                raise InputError("Nothing was sent: it was not confirmed.")
            if decided.plan.changes_nothing and not decided.plan.adopted:
                progress.enter("done", files=0, size=0)
                return SyncResult(
                    target=target.name, plan=decided.plan, dry_run=False, seconds=time.monotonic() - began, verified=True
                )
            with RunLock(remote) as lock:
                if _state_of(remote) != decided.manifest.etag:
                    decided = decide(workspace, remote, hashes, downloads, workers, delete=delete, overwrite=overwrite)
                return _Run(workspace, remote, workers, hashes, downloads, progress, lock, decided).run(began)
    except HttpResponseError as error:
        raise refused(error, "synchronising") from error
    finally:
        hashes.save(workspace.files)
        downloads.keep(workspace.files)
        downloads.save()
        remote.close()


def _tell_what_is_newer(plan: SyncPlan, progress: Progress) -> None:
    if not plan.newer:
        return
    names = ", ".join(item.path for item in plan.newer[:_NAMED]) + (", ..." if len(plan.newer) > _NAMED else "")
    progress.tell(
        message=f"{files_text(len(plan.newer))} changed on the share and not here, so what is there stays: {names}. "
        "`infra download PATH` fetches it, `infra sync --overwrite` replaces it"
    )


def _state_of(remote: Remote) -> str:
    found = remote.properties(MANIFEST)
    return str(found.etag) if found is not None else ""


class _Run:
    """One synchronisation under way, the lock held."""

    def __init__(
        self, workspace: Workspace, remote: Remote, workers: Workers, hashes: Hashes, downloads: Downloads, progress: Progress,
        lock: RunLock, decided: Decided,
    ) -> None:  # fmt: skip
        self._workspace = workspace
        self._remote = remote
        self._workers = workers
        self._downloads = downloads
        self._progress = progress
        self._beat = lock.beat
        self._plan: SyncPlan = decided.plan
        self._clears = decided.clears
        self._manifest: Manifest = decided.manifest
        self._uploader = Uploader(remote, workers, hashes, progress)
        self._lock = threading.Lock()
        self._uploaded: list[Upload] = []
        self._expected: dict[str, Sent] = {}
        self._deleted: list[RemoteEntry] = []
        self._failed: list[Skipped] = []
        self._vanished: list[Skipped] = []
        self._noted = 0
        self._written = time.monotonic()

    def run(self, began: float) -> SyncResult:
        """Do what the plan says. Raises SyncError when something failed; its ``result`` is what was done."""
        plan = self._plan
        self._progress.enter("transferring", files=len(plan.uploads), size=plan.upload_bytes)
        try:
            self._clean_parts()
            for entry in self._clears:
                self._delete(entry)
            self._make_folders()
            self._each(self._rename_one, plan.renames)
            self._each(self._send_one, sorted(plan.uploads, key=lambda item: -item.size))
            if not self._failed:
                self._each(self._delete, [entry for entry in plan.deletions if entry not in self._clears])
                for path in plan.empty_folders:
                    if self._remote.delete_folder(path):
                        self._manifest.folders.discard(path)
            self._progress.enter("verifying")
            self._verify()
        except BaseException as error:
            if not isinstance(error, ConnectionLostError):
                with contextlib.suppress(InfraError):
                    write_manifest(self._remote, self._manifest)
            raise
        write_manifest(self._remote, self._manifest)
        self._progress.enter("done")
        result = SyncResult(
            target=self._remote.target.name,
            plan=plan,
            dry_run=False,
            uploaded=tuple(sorted(self._uploaded, key=lambda item: item.path)),
            deleted=tuple(self._deleted),
            failed=tuple(self._failed),
            vanished=tuple(self._vanished),
            sent_bytes=self._uploader.sent_bytes,
            seconds=time.monotonic() - began,
            verified=not self._failed,
        )
        if self._failed:
            raise IncompleteSyncError(result)
        return result

    def _each(self, work: Callable[[T], object], items: Iterable[T]) -> None:
        self._workers.each(items, work, self._tick)

    # ------------------------------------------------------------------------------------------ the steps

    def _clean_parts(self) -> None:
        """Remove what interrupted runs left, but for the large files that are about to be gone on with."""
        kept = {part_name(item.path, item.size) for item in self._plan.uploads if item.size > RANGE}
        left = [entry.path for entry in self._remote.entries(PARTS) or () if not entry.is_directory and entry.path not in kept]
        self._each(self._remote.delete_file, left)

    def _make_folders(self) -> None:
        for level in by_depth(self._plan.folders):
            self._each(self._remote.make_folder, level)
            self._manifest.folders.update(level)

    def _rename_one(self, pair: tuple[str, str]) -> None:
        before, after = pair
        self._guard(after, None, lambda: self._remote.rename(before, after))
        sent = self._manifest.files.get(fold(after))
        if sent is not None:
            self._note(Sent(path=after, size=sent.size, digest=sent.digest, written=sent.written))

    def _send_one(self, item: Upload) -> None:
        def send() -> None:
            try:
                sent = self._uploader.send(item.file)
            except FileNotFoundError:
                with self._lock:
                    self._vanished.append(Skipped(path=item.path, size=item.size, reason="gone since the workspace was read"))
                self._progress.grow(-item.size)
                return
            self._note(sent)
            self._downloads.forget(item.path)
            with self._lock:
                self._uploaded.append(item)

        self._guard(item.path, item.size, send)
        self._progress.add(0, item.path, files=1)

    def _delete(self, entry: RemoteEntry) -> None:
        def delete() -> None:
            self._remote.delete_file(entry.path)
            with self._lock:
                self._deleted.append(entry)
                self._manifest.files.pop(fold(entry.path), None)

        self._guard(entry.path, entry.size, delete)

    def _guard(self, path: str, size: int | None, work: Callable[[], None]) -> None:
        """Do something about one file; what is wrong with it is gathered, and the others go on."""
        from azure.core.exceptions import HttpResponseError

        try:
            work()
        except HttpResponseError as error:
            self._fail(path, size, str(of_a_file(error)))
        except FileProblem as problem:
            self._fail(path, size, str(problem))

    def _fail(self, path: str, size: int | None, reason: str) -> None:
        with self._lock:
            self._failed.append(Skipped(path=path, size=size, reason=reason))

    def _note(self, sent: Sent) -> None:
        with self._lock:
            self._manifest.sent(sent)
            self._expected[fold(sent.path)] = sent
            self._noted += 1

    def _tick(self) -> None:
        """Every second: say that this run is alive, and now and then write down what arrived."""
        self._beat()
        if self._noted and time.monotonic() - self._written > _CHECKPOINT_SECONDS:
            with self._lock:
                self._noted = 0
                manifest = Manifest(files=dict(self._manifest.files), folders=set(self._manifest.folders))
            write_manifest(self._remote, manifest)
            self._written = time.monotonic()

    # ------------------------------------------------------------------------------------------ the end

    def _verify(self) -> None:
        """List the folders that were written to and hold them against what was sent."""
        touched = sorted({parent_of(path) for path in self._expected})
        there: dict[str, RemoteEntry] = {}
        lock = threading.Lock()

        def read(folder: str) -> None:
            entries = self._remote.entries(folder) or []
            with lock:
                there.update((fold(entry.path), entry) for entry in entries)

        self._each(read, touched)
        for path, sent in self._expected.items():
            entry = there.get(path)
            if entry is None or not sent.agrees(entry):
                state = "is not there" if entry is None else f"has {entry.size} bytes there, {sent.size} were sent"
                if entry is not None and entry.size == sent.size:
                    state = "was written on the share meanwhile"
                self._manifest.files.pop(path, None)
                self._fail(sent.path, sent.size, f"it {state}: somebody else changes it; run again")
            else:
                self._manifest.sent(Sent(path=sent.path, size=sent.size, digest=sent.digest, written=entry.written))
