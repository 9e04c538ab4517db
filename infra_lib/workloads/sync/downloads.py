"""What was fetched to its place in the workspace, so that it is not sent back: a file beside the hashes, one for all shares.

It is kept here and not in the record on the share: there it would count as sent from the workspace, and a job's results are not.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from infra_lib.parameters.atomic import write_atomic
from infra_lib.workloads.sync.manifest import Sent
from infra_lib.workloads.sync.model import LocalFile, RemoteEntry, fold
from infra_lib.workloads.sync.remote import ShareLocation

_FILE = "sync-downloads.json"
_FORMAT = 1


class Downloads:
    """Files as they were on one share when they were fetched, by path. One that cannot be read counts as empty. Thread-safe."""

    def __init__(self, folder: Path, target: str, location: ShareLocation) -> None:
        self._path = folder / _FILE
        self._share = "/".join((target, location.resource_group, location.account, location.share)).lower()
        self._lock = threading.Lock()
        self._files = _files(_read(self._path).get(self._share))
        self._changed = False

    def of(self, file: LocalFile) -> Sent | None:
        """How a file of the workspace was on the share when it was fetched."""
        return self._files.get(fold(file.path))

    def agreeing(self, file: LocalFile, entry: RemoteEntry) -> Sent | None:
        """The same, where the share's entry is still that."""
        found = self.of(file)
        return found if found is not None and found.agrees(entry) else None

    def note(self, fetched: Sent) -> None:
        """Note a file that is in its place now."""
        with self._lock:
            self._files[fold(fetched.path)] = fetched
            self._changed = True

    def forget(self, path: str) -> None:
        """Forget a file that was sent since."""
        with self._lock:
            self._changed = self._files.pop(fold(path), None) is not None or self._changed

    def keep(self, paths: Iterable[str]) -> None:
        """Forget all but these."""
        with self._lock:
            kept = self._files.keys() & {fold(path) for path in paths}
            self._changed = self._changed or len(kept) < len(self._files)
            self._files = {path: self._files[path] for path in kept}

    def save(self) -> None:
        """Write it, if it changed; it only saves sending files again, so one that cannot be written is none."""
        if not self._changed:
            return
        mine = {item.path: [item.size, item.digest, item.written] for item in self._files.values()}
        shares = _read(self._path) | {self._share: mine}
        content = {"format": _FORMAT, "shares": {name: files for name, files in shares.items() if files}}
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            write_atomic(self._path, json.dumps(content, separators=(",", ":")).encode())
        except Exception:  # noqa: S110 - saves time alone
            pass


def _read(path: Path) -> dict[str, Any]:
    """The files of all shares."""
    try:
        content = json.loads(path.read_bytes())
        return dict(content["shares"]) if content["format"] == _FORMAT else {}
    except (OSError, ValueError, LookupError, TypeError):
        return {}


def _files(rows: Any) -> dict[str, Sent]:
    try:
        return {
            fold(path): Sent(path=path, size=int(row[0]), digest=str(row[1]), written=int(row[2]))
            for path, row in (rows or {}).items()
        }
    except (ValueError, LookupError, TypeError, AttributeError):
        return {}
