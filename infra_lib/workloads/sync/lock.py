"""One run at a time: a lease on a file of the share, renewed by writing to it, taken over from a run that is dead.

File leases never end by themselves. So the holder writes who it is into the file's metadata, again every few seconds. A lease
whose holder has not written for long, or was a process of this machine that is gone, is changed into one's own: the service
does that for the first who names the old lease, and refuses all others.
"""

from __future__ import annotations

import contextlib
import getpass
import hashlib
import os
import socket
import time
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from infra_lib.errors import SyncError
from infra_lib.workloads.sync.failures import ConnectionLostError, code_of
from infra_lib.workloads.sync.ignore import STATE_FOLDER
from infra_lib.workloads.sync.manifest import PARTS
from infra_lib.workloads.sync.remote import Remote

if TYPE_CHECKING:
    from azure.storage.fileshare import ShareClient

_LOCK = f"{STATE_FOLDER}/lock"
BEAT_SECONDS = 15.0
_HELD: set[str] = set()
"""The leases of this process's own runs."""
STALE_SECONDS = 60.0


class RunLock:
    """The right to write to a share. A context manager; :meth:`beat` has to be called every few seconds.

    Raises SyncError when another run holds it, or has taken it over.
    """

    def __init__(self, remote: Remote, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._remote = remote
        self._id = str(uuid.uuid4())
        self._clock = clock
        self._beaten = 0.0
        self._started = datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")

    def __enter__(self) -> RunLock:
        self._remote.make_folder(STATE_FOLDER)
        self._remote.make_folder(PARTS)
        if not self._acquire():
            self._take_over()
        _HELD.add(self._id)
        self._write()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        from azure.core.exceptions import HttpResponseError

        _HELD.discard(self._id)
        if isinstance(error, ConnectionLostError):
            return
        # Where it was taken over, or the share is gone, there is nothing to give back.
        with contextlib.suppress(HttpResponseError, SyncError):
            self._remote.call(lambda share: self._lease(share, self._id).release())

    def beat(self) -> None:
        """Say that this run is alive, if it has not been said lately."""
        if self._clock() - self._beaten >= BEAT_SECONDS:
            self._write()

    # ------------------------------------------------------------------------------------------ the lease

    def _lease(self, share: ShareClient, lease_id: str) -> Any:
        from azure.storage.fileshare import ShareLeaseClient

        return ShareLeaseClient(share.get_file_client(_LOCK), lease_id=lease_id)

    def _acquire(self) -> bool:
        from azure.core.exceptions import HttpResponseError, ResourceNotFoundError

        for _ in range(2):
            try:
                self._remote.call(lambda share: self._lease(share, self._id).acquire())
                return True
            except ResourceNotFoundError:
                self._make_file()
            except HttpResponseError as error:
                if code_of(error) != "LeaseAlreadyPresent":
                    raise
                return False
        return False

    def _make_file(self) -> None:
        from azure.core.exceptions import HttpResponseError

        try:
            self._remote.create(_LOCK, 0)
        except HttpResponseError as error:
            if code_of(error) != "LeaseIdMissing":
                raise

    def _take_over(self) -> None:
        from azure.core.exceptions import HttpResponseError

        holder, age = self._holder()
        if not _is_dead(holder) and age < STALE_SECONDS:
            who = f" by {holder['holder']}" if holder.get("holder") else ""
            since = f" since {holder['started']}" if holder.get("started") else ""
            raise SyncError(
                f"The share '{self._remote.location.share}' is being synchronised{who}{since}. Wait until that run ends; if it "
                f"was killed, its place is free in {max(STALE_SECONDS - age, 1):.0f} seconds."
            )
        try:
            if holder.get("lease"):
                self._remote.call(lambda share: self._lease(share, str(holder["lease"])).change(self._id))
                return
            self._remote.call(lambda share: self._lease(share, "").break_lease())
        except HttpResponseError as error:
            if not code_of(error).startswith("Lease"):
                raise
        if not self._acquire():
            raise SyncError(
                f"The share '{self._remote.location.share}' is being synchronised by another run that began just now. "
                "Wait until it ends."
            )

    def _holder(self) -> tuple[dict[str, str], float]:
        """Who holds the lease, and how many seconds ago by the service's clock that was said last."""
        now: list[str] = []

        def read(share: ShareClient) -> Any:
            return share.get_file_client(_LOCK).get_file_properties(
                raw_response_hook=lambda response: now.append(response.http_response.headers.get("Date", ""))
            )

        found = self._remote.call(read)
        metadata = {str(name).lower(): str(value) for name, value in (found.metadata or {}).items()}
        current = parsedate_to_datetime(now[-1]) if now and now[-1] else datetime.now(UTC)
        said = found.last_modified
        return metadata, (current - said).total_seconds() if said is not None else STALE_SECONDS

    def _write(self) -> None:
        from azure.core.exceptions import HttpResponseError

        values = {
            "lease": self._id, "holder": _holder_name(), "machine": _machine(), "process": str(os.getpid()),
            "started": self._started,
        }  # fmt: skip
        try:
            self._remote.call(lambda share: share.get_file_client(_LOCK).set_file_metadata(values, lease=self._id))
        except HttpResponseError as error:
            if not code_of(error).startswith("Lease"):
                raise
            raise SyncError(
                "Another run has taken this one's place, because it stood still for a minute (did the machine sleep?). "
                "Run the same command again when that one has ended."
            ) from error
        self._beaten = self._clock()


def _holder_name() -> str:
    try:
        user = getpass.getuser()
    except (KeyError, OSError):
        user = "somebody"
    return f"{user}@{socket.gethostname()}".encode("ascii", "replace").decode()


def _machine() -> str:
    """What tells this machine, since it was started and with its processes, from others."""
    marks = [socket.gethostname(), str(uuid.getnode())]
    with contextlib.suppress(OSError):
        marks.append(Path("/proc/sys/kernel/random/boot_id").read_text().strip())
    with contextlib.suppress(OSError):
        marks.append(os.readlink("/proc/self/ns/pid"))
    return hashlib.sha256("\n".join(marks).encode()).hexdigest()[:32]


def _is_dead(holder: dict[str, str]) -> bool:
    """Whether the holder was a run of this machine that is there no more."""
    process = holder.get("process", "")
    if holder.get("machine") != _machine() or not process.isdigit():
        return False
    if int(process) == os.getpid():
        return holder.get("lease") not in _HELD
    if os.name == "nt":
        return False
    try:
        os.kill(int(process), 0)
    except ProcessLookupError:
        return True
    except OSError:
        return False
    return False
