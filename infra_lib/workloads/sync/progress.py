"""Counting what a transfer has done, and telling the listener."""

from __future__ import annotations

import threading
import time

from infra_lib.workloads.sync.model import Stage, SyncEvent, SyncListener


class Progress:
    """The counts of one transfer. Thread-safe; the listener is called by one thread at a time."""

    def __init__(self, listener: SyncListener | None) -> None:
        self._listener = listener
        self._lock = threading.Lock()
        self._began = time.monotonic()
        self._stage: Stage = "scanning"
        self.files_total = 0
        self.bytes_total = 0
        self.files_done = 0
        self.bytes_done = 0

    @property
    def seconds(self) -> float:
        """Since it began, or since the transfer itself began."""
        return time.monotonic() - self._began

    def enter(self, stage: Stage, *, files: int | None = None, size: int | None = None) -> None:
        """Begin a stage; with ``files`` and ``size`` the totals of the transfer."""
        with self._lock:
            self._stage = stage
            if files is not None:
                self.files_total, self.bytes_total = files, size or 0
                self._began = time.monotonic()
        self.tell()

    def add(self, size: int, path: str = "", *, files: int = 0) -> None:
        """Count bytes (below zero: they have to be sent again) and files."""
        with self._lock:
            self.bytes_done += size
            self.files_done += files
        self.tell(path)

    def grow(self, size: int) -> None:
        """A file is larger or smaller than it was when the transfer was planned."""
        with self._lock:
            self.bytes_total += size

    def tell(self, path: str = "", message: str = "") -> None:
        """Send an event with the counts as they are."""
        if self._listener is None:
            return
        with self._lock:
            self._listener(
                SyncEvent(
                    stage=self._stage, path=path, files_done=self.files_done, files_total=self.files_total,
                    bytes_done=self.bytes_done, bytes_total=self.bytes_total, seconds=self.seconds, message=message,
                )
            )  # fmt: skip
