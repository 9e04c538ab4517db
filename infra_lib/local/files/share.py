"""One share: its folder on disk, its files' properties, and how much of its quota is used."""

from __future__ import annotations

import os
import threading
import time
from typing import Any

from infra_lib.local.files.errors import StorageError
from infra_lib.local.files.tree import Tree, split_path
from infra_lib.local.protocol import Call
from infra_lib.local.store import Store

_SCAN_SECONDS = 10.0


class Share:
    """What operations on files and directories work with. Thread-safe."""

    def __init__(self, store: Store, account: str, name: str) -> None:
        self.store = store
        self.name = name
        self.key = f"{account}/{name}"
        self.tree = Tree(store.share_folder(account, name))
        self.quota = 0
        self._used = 0
        self._scanned = float("-inf")
        self._lock = threading.Lock()

    def split(self, path: str, call: Call) -> list[str]:
        """The names of a path of a request."""
        return split_path(path, keep_dots=call.headers.get("x-ms-allow-trailing-dot", "").lower() == "true")

    # ------------------------------------------------------------------------------------------ properties

    def relative(self, path: str) -> str:
        """The key of a path on disk among the kept properties."""
        return path[len(str(self.tree.root)) + 1 :].lower()

    def document(self, path: str) -> dict[str, Any]:
        """The kept properties of what is at a path on disk; empty for what came there without the service."""
        return self.store.get_file(self.key, self.relative(path)) or {}

    def keep(self, path: str, document: dict[str, Any]) -> None:
        """Keep the properties of what is at a path on disk."""
        self.store.put_file(self.key, self.relative(path), document)

    def forget(self, path: str) -> None:
        """Forget the properties of what was at a path on disk, and below it."""
        self.store.delete_files(self.key, self.relative(path))

    def move(self, source: str, target: str) -> None:
        """Let the kept properties follow a rename on disk."""
        old, new = self.relative(source), self.relative(target)
        with self.store.transaction():
            moved = self.store.files_below(self.key, old)
            self.store.delete_files(self.key, old)
            self.store.delete_files(self.key, new)
            for path, document in moved:
                self.store.put_file(self.key, new + path[len(old) :], document)

    # ------------------------------------------------------------------------------------------ quota

    def used(self, *, fresh: bool = False) -> int:
        """How many bytes the files have; counted anew when ``fresh`` or when the last count is old."""
        with self._lock:
            if fresh or time.monotonic() - self._scanned > _SCAN_SECONDS:
                self._used = sum(
                    _size_of(os.path.join(folder, name)) for folder, _, names in os.walk(self.tree.root) for name in names
                )
                self._scanned = time.monotonic()
            return self._used

    def take(self, size: int) -> None:
        """Account for bytes to be added (or, below zero, given back). Raises StorageError when the quota does not allow it."""
        if size > 0 and self._used + size > self.quota // 2 and self.used() + size > self.quota:
            raise StorageError(
                413, "ShareSizeLimitReached", f"The share '{self.name}' is full: {size} more bytes exceed its quota."
            )
        with self._lock:
            self._used += size


def _size_of(path: str) -> int:
    """The size of a file; 0 for one that another request, or a container, has just moved or deleted."""
    try:
        return os.lstat(path).st_size
    except FileNotFoundError:
        return 0
