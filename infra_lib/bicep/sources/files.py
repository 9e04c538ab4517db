"""Where a compilation reads its files: from disk or from memory, each file once."""

from __future__ import annotations

from collections.abc import Mapping

from infra_lib.bicep.sources.paths import Problem, read


class Files:
    """Files on disk."""

    def __init__(self) -> None:
        self._read: dict[str, bytes | Problem] = {}

    def read(self, path: str, shown: str) -> bytes | Problem:
        """The bytes of a file (an absolute path with ``/``), or what is wrong; ``shown`` is the path as it was written."""
        known = self._read.get(path)
        if known is None:
            known = self._read[path] = self._fetch(path, shown)
        return known

    def _fetch(self, path: str, shown: str) -> bytes | Problem:
        return read(path, shown)


class MemoryFiles(Files):
    """Files given as text by absolute path; what is not there is looked for on disk."""

    def __init__(self, texts: Mapping[str, str | bytes]) -> None:
        super().__init__()
        self._read.update((path, text.encode() if isinstance(text, str) else text) for path, text in texts.items())
