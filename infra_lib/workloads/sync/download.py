"""The other way: files of the share to this machine."""

from __future__ import annotations

import contextlib
import os
import stat
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from infra_lib.deploy.data_plane import RANGE
from infra_lib.errors import InputError, SyncError
from infra_lib.parameters.atomic import reason as reason_of
from infra_lib.workloads.sync.content import Source
from infra_lib.workloads.sync.downloads import Downloads
from infra_lib.workloads.sync.failures import FileProblem, of_a_file, refused
from infra_lib.workloads.sync.ignore import STATE_FOLDER
from infra_lib.workloads.sync.manifest import HASH_KEY, WRITTEN_KEY, Sent
from infra_lib.workloads.sync.model import RemoteEntry, Skipped, SyncListener, fold
from infra_lib.workloads.sync.names import shown_path
from infra_lib.workloads.sync.progress import Progress
from infra_lib.workloads.sync.remote import TIME_TOLERANCE, Remote, ShareLocation, microseconds, write_time
from infra_lib.workloads.sync.workers import Workers

if TYPE_CHECKING:
    from azure.storage.fileshare import ShareClient

    from infra_lib.deploy.target import Target

_FILES_AT_ONCE = 8
_RANGES_AT_ONCE = 4
_MEMORY = 8 * RANGE
_NOT_RESULTS = (STATE_FOLDER, ".infra", ".git")
_TRIES = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Download:
    """A file of the share and where it is put."""

    entry: RemoteEntry
    destination: Path

    def to_dict(self) -> dict[str, Any]:
        """As JSON results show it."""
        return {"path": self.entry.path, "size": self.entry.size, "to": str(self.destination)}


@dataclass(frozen=True, slots=True, kw_only=True)
class DownloadResult:
    """What a download did. ``kept`` are files that were here already, the same."""

    target: str
    share: str
    downloaded: tuple[Download, ...]
    kept: tuple[Download, ...]
    seconds: float

    def to_dict(self) -> dict[str, Any]:
        """The JSON form; sizes in bytes."""
        return {
            "target": self.target,
            "share": self.share,
            "downloaded": [item.to_dict() for item in self.downloaded],
            "unchanged": [item.to_dict() for item in self.kept],
            "bytes": sum(item.entry.size for item in self.downloaded),
            "seconds": round(self.seconds, 3),
        }


def download(
    target: Target,
    location: ShareLocation,
    path: str,
    into: Path,
    *,
    workspace: Path,
    state: Path,
    overwrite: bool = False,
    listener: SyncListener | None = None,
) -> DownloadResult:
    """Put the file or folder at ``path`` of the share into the folder ``into``, under its own name.

    A file that is here already and newer than the one there, with other content, is not replaced unless ``overwrite``.
    What is put to its place in ``workspace`` is noted in ``state``, so that synchronising does not send it back.
    Raises InputError for a path that the share does not have, and for such files.
    """
    progress = Progress(listener)
    progress.tell()
    remote = Remote(target, location, retried=lambda seconds: progress.tell(message=f"tried again in {seconds:.0f} s"))
    from azure.core.exceptions import HttpResponseError

    downloads = Downloads(state, target.name, location)
    began = time.monotonic()
    try:
        with Workers(files=_FILES_AT_ONCE, ranges=1, memory=_MEMORY) as workers:
            wanted, folders = _wanted(remote, _clean(path), into, workers)
            kept = tuple(item for item in wanted if _is_here(item))
            todo = [item for item in wanted if item not in kept]
            if not overwrite:
                _refuse_newer(todo)
            for folder in folders:
                _make_folder(folder)
            progress.enter("transferring", files=len(todo), size=sum(item.entry.size for item in todo))
            failed = _Downloader(remote, workers, progress, downloads, workspace).run(todo)
    except HttpResponseError as error:
        raise refused(error, f"fetching {path}") from error
    finally:
        downloads.save()
        remote.close()
    if failed:
        raise SyncError(
            f"{len(failed)} of {len(todo)} files could not be downloaded.",
            [f"{shown_path(item.path)}: {item.reason}." for item in failed],
        )
    progress.enter("done")
    return DownloadResult(
        target=target.name, share=location.share, downloaded=tuple(todo), kept=kept, seconds=time.monotonic() - began
    )


def _clean(path: str) -> str:
    names = [name for name in path.replace("\\", "/").split("/") if name not in ("", ".")]
    if ".." in names:
        raise InputError(f"{path} is not a path on the share: it has '..' in it.")
    return "/".join(names)


def _wanted(remote: Remote, path: str, into: Path, workers: Workers) -> tuple[list[Download], list[Path]]:
    """The files at and below a path, and the folders to make for them."""
    if path:
        parent, _, name = path.rpartition("/")
        siblings = remote.entries(parent) or []
        found = next((entry for entry in siblings if fold(entry.path) == fold(path)), None)
        if found is None:
            near = sorted(entry.path for entry in siblings if entry.path not in _NOT_RESULTS)[:10]
            there = f" There is {', '.join(near)}." if near else ""
            raise InputError(f"The share '{remote.location.share}' has no {path}.{there}")
        if not found.is_directory:
            return [Download(entry=found, destination=into / name)], [into]
        into = into / name
    files: list[Download] = []
    folders = [into]
    level = [(path, into)]
    while level:
        below: list[tuple[str, Path]] = []
        listed = workers.files.map(lambda pair: remote.entries(pair[0]), level)
        for (_, place), entries in zip(level, list(listed), strict=True):
            for entry in entries or ():
                if entry.path in _NOT_RESULTS:
                    continue
                destination = place / entry.path.rpartition("/")[2]
                if entry.is_directory:
                    below.append((entry.path, destination))
                    folders.append(destination)
                else:
                    files.append(Download(entry=entry, destination=destination))
        level = below
    return files, folders


def _is_here(item: Download) -> bool:
    """Whether the file is here with the size and the time that it has there, as a former download leaves it."""
    try:
        status = item.destination.stat()
    except OSError:
        return False
    return status.st_size == item.entry.size and abs(write_time(status.st_mtime_ns) - item.entry.written) <= TIME_TOLERANCE


def _refuse_newer(items: list[Download]) -> None:
    newer = []
    for item in items:
        with contextlib.suppress(OSError):
            here = item.destination.stat()
            if stat.S_ISREG(here.st_mode) and write_time(here.st_mtime_ns) > item.entry.written + TIME_TOLERANCE:
                newer.append(shown_path(str(item.destination)))
    if newer:
        shown = ", ".join(newer[:10]) + (f" and {len(newer) - 10} more" if len(newer) > 10 else "")
        raise InputError(
            f"Nothing was downloaded: what is here is newer than on the share: {shown}. Replace it with --overwrite, or choose "
            "another folder with --to."
        )


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"The folder {folder} cannot be made: {reason_of(error)}.") from error


class _Downloader:
    """Fetches files under a name of its own each, then renames them to their places."""

    def __init__(self, remote: Remote, workers: Workers, progress: Progress, downloads: Downloads, workspace: Path) -> None:
        self._remote = remote
        self._downloads = downloads
        self._workspace = Path(os.path.abspath(workspace))
        self._workers = workers
        self._progress = progress
        self._lock = threading.Lock()
        self._failed: list[Skipped] = []

    def run(self, items: list[Download]) -> list[Skipped]:
        """Fetch all; what could not be fetched, with the reasons."""
        self._workers.each(items, self._one, lambda: None)
        return sorted(self._failed, key=lambda item: item.path)

    def _one(self, item: Download) -> None:
        from azure.core.exceptions import HttpResponseError

        try:
            self._fetch(item)
        except HttpResponseError as error:
            self._fail(item, str(of_a_file(error)))
        except FileProblem as problem:
            self._fail(item, str(problem))
        except OSError as error:
            self._fail(item, f"{item.destination} cannot be written: {reason_of(error)}")
        self._progress.add(0, item.entry.path, files=1)

    def _fail(self, item: Download, reason: str) -> None:
        with self._lock:
            self._failed.append(Skipped(path=item.entry.path, size=item.entry.size, reason=reason))

    def _fetch(self, item: Download) -> None:
        from azure.core.exceptions import ResourceModifiedError

        draft = item.destination.with_name(f".{os.urandom(6).hex()}.infra-download")
        try:
            for _ in range(_TRIES):
                try:
                    fetched = self._remote.call(lambda share: self._stream(share, item, draft))
                except (ResourceModifiedError, _Changed):
                    continue
                os.utime(draft, ns=(fetched.written * 1000, fetched.written * 1000))
                os.replace(draft, item.destination)
                if fetched.written and self._is_in_its_place(item):
                    self._downloads.note(fetched)
                return
            raise FileProblem("it changes while it is read: let the job that writes it end, then run again")
        finally:
            with contextlib.suppress(OSError):
                draft.unlink()

    def _is_in_its_place(self, item: Download) -> bool:
        place = Path(os.path.abspath(item.destination))
        inside = place.is_relative_to(self._workspace)
        return inside and fold(place.relative_to(self._workspace).as_posix()) == fold(item.entry.path)

    def _stream(self, share: ShareClient, item: Download, draft: Path) -> Sent:
        """Write a file's content to ``draft``; what came, with a hash where that is noted or was sent along.

        Raises _Changed when what came is not what was said.
        """
        told = 0

        def tell(current: int, _total: int | None) -> None:
            nonlocal told
            self._progress.add(current - told, item.entry.path)
            told = current

        at_once = _RANGES_AT_ONCE if item.entry.size > RANGE else 1
        try:
            with self._workers.holding(at_once * RANGE), open(draft, "wb") as file:
                self._workers.check()
                stream = share.get_file_client(item.entry.path).download_file(max_concurrency=at_once, progress_hook=tell)
                size = stream.readinto(file)
            properties = stream.properties
            written = microseconds(properties.last_write_time)
            metadata = {str(name).lower(): str(value) for name, value in (properties.metadata or {}).items()}
            sent = metadata.get(HASH_KEY) if metadata.get(WRITTEN_KEY) == str(written) else None
            digest = _digest(draft, size) if sent is not None or self._is_in_its_place(item) else ""
            if size != properties.size or (sent is not None and sent != digest):
                raise _Changed
        except BaseException:
            self._progress.add(-told)
            raise
        return Sent(path=item.entry.path, size=size, digest=digest, written=written)


def _digest(path: Path, size: int) -> str:
    with open(path, "rb", buffering=0) as file:
        return Source(file).digest(size)


class _Changed(Exception):  # noqa: N818 - leads to another try
    """What came is not what the share said."""
