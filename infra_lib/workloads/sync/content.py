"""Content of local files: read by several threads at once, and hashed."""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Iterable
from concurrent.futures import Executor
from typing import IO

from infra_lib.deploy.data_plane import RANGE


class ChangedError(Exception):
    """The file is not any more what it was when reading it began."""


class Source:
    """An open file that several threads read at once."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self._lock = threading.Lock()

    def read(self, position: int, size: int) -> bytes:
        """Up to ``size`` bytes from a position on; fewer only where the file ends."""
        data = self._read(position, size)
        while 0 < len(data) < size:
            more = self._read(position + len(data), size - len(data))
            if not more:
                break
            data += more
        return data

    def _read(self, position: int, size: int) -> bytes:
        if hasattr(os, "pread"):
            return os.pread(self._stream.fileno(), size, position)
        with self._lock:
            self._stream.seek(position)
            return self._stream.read(size)

    def range(self, position: int, size: int) -> bytes:
        """A range of that size. Raises ChangedError where the file ends before."""
        data = self.read(position, size)
        if len(data) != size:
            raise ChangedError
        return data

    def fill(self, buffer: memoryview, position: int) -> None:
        """Read a range as large as the buffer into it. Raises ChangedError where the file ends before."""
        if not hasattr(os, "preadv"):
            buffer[:] = self.range(position, len(buffer))
            return
        filled = 0
        while filled < len(buffer):
            count = os.preadv(self._stream.fileno(), [buffer[filled:]], position + filled)
            if not count:
                raise ChangedError
            filled += count

    def digest(self, size: int, executor: Executor | None = None) -> str:
        """The content hash of a file of that size: see :func:`digest_of_ranges`. With an executor ranges are read at once."""
        if size <= RANGE:
            return hashlib.sha256(self.range(0, size)).hexdigest()

        def digest(part: tuple[int, int]) -> bytes:
            return hashlib.sha256(self.range(*part)).digest()

        return digest_of_ranges((map if executor is None else executor.map)(digest, ranges_of(size)))


def ranges_of(size: int, start: int = 0) -> Iterable[tuple[int, int]]:
    """The ranges in which a file of that size is sent, from a position on: where each begins and its length."""
    while start < size:
        yield start, min(RANGE, size - start)
        start += RANGE


def digest_of_ranges(digests: Iterable[bytes]) -> str:
    """The content hash of a file of more than one range: the SHA-256 of its ranges' SHA-256s.

    So the threads that send the ranges hash them too, and what is hashed is what is sent.
    """
    hasher = hashlib.sha256()
    for value in digests:
        hasher.update(value)
    return hasher.hexdigest()
