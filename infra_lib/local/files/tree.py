"""A share's paths on disk: names as Azure Files takes them, casing ignored and kept."""

from __future__ import annotations

import os
import threading
from pathlib import Path

from infra_lib.local.files.errors import StorageError, parent_not_found

_FORBIDDEN = frozenset('"\\/:|<>*?')
MAX_NAME = 255
MAX_PATH = 2048
MAX_DEPTH = 250
_MAX_NAME_BYTES = 255


def split_path(path: str, *, keep_dots: bool) -> list[str]:
    """The names of a path within a share. Raises StorageError for one that Azure Files forbids.

    The service drops trailing dots of names unless the request allows them (``keep_dots``).
    """
    names = []
    for name in path.split("/"):
        if not name:
            continue
        kept = name if keep_dots and name not in (".", "..") else name.rstrip(".")
        wrong = not kept or any(character in _FORBIDDEN or ord(character) < 32 for character in kept)
        if wrong or len(kept) > MAX_NAME or len(os.fsencode(kept)) > _MAX_NAME_BYTES:
            raise StorageError(
                400,
                "InvalidResourceName",
                f"The specified resource name '{name[:80]}' contains invalid characters or is too long.",
            )
        names.append(kept)
    if len(names) > MAX_DEPTH or sum(map(len, names)) + len(names) > MAX_PATH:
        raise StorageError(400, "InvalidResourceName", "The specified path is too long.")
    return names


class Tree:
    """Finds the file or directory that a path means. Thread-safe."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._lock = threading.Lock()
        self._folded: dict[str, tuple[int, dict[str, str]]] = {}

    def _names_in(self, folder: str) -> dict[str, str]:
        """The names in a folder by their lower-cased form; read anew when the folder changed."""
        changed = os.stat(folder).st_mtime_ns
        with self._lock:
            held = self._folded.get(folder)
            if held is not None and held[0] == changed:
                return held[1]
        names = {name.lower(): name for name in os.listdir(folder)}
        with self._lock:
            self._folded[folder] = (changed, names)
        return names

    def _actual(self, folder: str, name: str) -> str | None:
        """The name under which a folder has what is asked for, or None."""
        if os.path.lexists(f"{folder}/{name}"):
            return name
        return self._names_in(folder).get(name.lower())

    def find(self, names: list[str]) -> str | None:
        """The path on disk, or None when there is nothing."""
        folder = str(self.root)
        for name in names:
            try:
                actual = self._actual(folder, name)
            except (FileNotFoundError, NotADirectoryError):
                return None
            if actual is None:
                return None
            folder = f"{folder}/{actual}"
        return folder

    def place(self, names: list[str]) -> str:
        """The path on disk of what is or is to be there. Raises StorageError when its directory is missing."""
        folder = self.find(names[:-1])
        if folder is None or not os.path.isdir(folder):
            raise parent_not_found()
        return f"{folder}/{self._actual(folder, names[-1]) or names[-1]}"

    def added(self, path: str) -> None:
        """Told of a new name, so that the folder need not be read anew for it."""
        folder, _, name = path.rpartition("/")
        with self._lock:
            held = self._folded.get(folder)
            if held is not None:
                held[1][name.lower()] = name
                self._folded[folder] = (os.stat(folder).st_mtime_ns, held[1])
