"""Content hashes of the workspace's files, computed when a file's status says that it may have changed."""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Iterable
from concurrent.futures import Executor
from pathlib import Path

from infra_lib.parameters.atomic import write_atomic
from infra_lib.workloads.sync.content import Source
from infra_lib.workloads.sync.model import LocalFile

_FILE = "sync-hashes.json"
_FORMAT = 1
_SETTLED_NS = 2_000_000_000
"""A file that changed this recently may change again without its status showing it: clocks of file systems are coarse."""

Status = tuple[int, int, int, int]


class Hashes:
    """Hashes by path. Kept in a file of the project's ``.infra``; one that cannot be read counts as empty. Thread-safe."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / _FILE
        self._lock = threading.Lock()
        self._known: dict[str, tuple[Status, str]] = _read(self._path)
        self._changed = False

    def known(self, file: LocalFile) -> str | None:
        """The hash of a file whose status is as it was when it was computed."""
        held = self._known.get(file.path)
        return held[1] if held is not None and held[0] == _status(file) else None

    def of(self, file: LocalFile, executor: Executor) -> str:
        """The hash of a file as it is now; ``executor`` reads large ones.

        Raises OSError where it cannot be read, ChangedError where it is shorter by now.
        """
        held = self.known(file)
        if held is not None:
            return held
        with open(file.source, "rb", buffering=0) as stream:
            text = Source(stream).digest(file.size, executor)
            status = os.fstat(stream.fileno())
        if (status.st_size, status.st_mtime_ns) == (file.size, file.modified):
            self.keep(file, text)
        return text

    def keep(self, file: LocalFile, digest: str) -> None:
        """Remember the hash of a file that was just read, unless it changed a moment ago."""
        if time.time_ns() - max(file.modified, file.changed) < _SETTLED_NS:
            return
        with self._lock:
            self._known[file.path] = (_status(file), digest)
            self._changed = True

    def save(self, paths: Iterable[str]) -> None:
        """Write what is known of these paths, if it changed; the file only saves time, so one that cannot be written is none."""
        if not self._changed:
            return
        wanted = set(paths)
        files = {path: [*status, digest] for path, (status, digest) in self._known.items() if path in wanted}
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            write_atomic(self._path, json.dumps({"format": _FORMAT, "files": files}, separators=(",", ":")).encode())
        except Exception:  # noqa: S110 - a cache
            pass


def _status(file: LocalFile) -> Status:
    return file.size, file.modified, file.changed, file.inode


def _read(path: Path) -> dict[str, tuple[Status, str]]:
    try:
        content = json.loads(path.read_bytes())
        if content["format"] != _FORMAT:
            return {}
        return {name: ((row[0], row[1], row[2], row[3]), str(row[4])) for name, row in content["files"].items()}
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        return {}
