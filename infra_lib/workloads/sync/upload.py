"""Sending one file: under a name of its own first, then renamed to its place in one step."""

from __future__ import annotations

import hashlib
import os
import threading
from collections import deque
from concurrent.futures import Future
from concurrent.futures import wait as wait_for
from dataclasses import dataclass
from typing import IO

from infra_lib.deploy.data_plane import RANGE
from infra_lib.workloads.sync.failures import FileProblem
from infra_lib.workloads.sync.hashes import Hashes
from infra_lib.workloads.sync.manifest import PARTS, Sent, metadata_for
from infra_lib.workloads.sync.model import LocalFile
from infra_lib.workloads.sync.progress import Progress
from infra_lib.workloads.sync.remote import Remote, write_time
from infra_lib.workloads.sync.scan import local_file
from infra_lib.workloads.sync.workers import Cancelled, Workers

_MARK_EVERY = 16
_TRIES = 3
_HASHED_AT_ONCE = 1024 * 1024
_PREFIX_KEY = "infraprefix"
_DIGEST_KEY = "infraprefixsha256"


class _Changed(Exception):  # noqa: N818 - leads to another try
    """The file is not any more what it was when reading it began."""


@dataclass(slots=True, kw_only=True)
class _Block:
    """A range on its way. ``digest`` is the hash of all up to its end, where that is to be noted."""

    size: int
    end: int
    future: Future[None]
    digest: str | None


def part_name(path: str, size: int) -> str:
    """Where a large file is put together: the same for each try, so that an interrupted one is gone on with."""
    mark = hashlib.blake2b(f"{size}/{path}".encode(), digest_size=16).hexdigest()
    return f"{PARTS}/{mark}"


class Uploader:
    """Sends files. Thread-safe."""

    def __init__(self, remote: Remote, workers: Workers, hashes: Hashes, progress: Progress) -> None:
        self._remote = remote
        self._workers = workers
        self._hashes = hashes
        self._progress = progress
        self._run = os.urandom(6).hex()
        self.sent_bytes = 0
        self._lock = threading.Lock()

    def _count(self, size: int) -> None:
        with self._lock:
            self.sent_bytes += size

    def send(self, file: LocalFile) -> Sent:
        """Send a file as it is now; once more when it changed meanwhile.

        Raises FileNotFoundError when it is gone, FileProblem when it cannot be read or keeps changing.
        """
        from azure.core.exceptions import HttpResponseError

        from infra_lib.workloads.sync.failures import of_a_file

        for _ in range(_TRIES):
            self._workers.check()
            try:
                return self._send_once(file)
            except _Changed:
                continue
            except FileNotFoundError:
                raise
            except OSError as error:
                raise FileProblem(f"it cannot be read: {error.strerror}") from error
            except HttpResponseError as error:
                raise of_a_file(error) from error
        raise FileProblem("it changes while it is read: let the program that writes it end, then run again")

    def _send_once(self, planned: LocalFile) -> Sent:
        with open(planned.source, "rb", buffering=0) as stream:
            file = local_file(planned.path, planned.source, os.fstat(stream.fileno()))
            written = write_time(file.modified)
            digest = self._send_small(file, stream, written) if file.size <= RANGE else self._send_large(file, stream, written)
        self._progress.grow(file.size - planned.size)
        self._hashes.keep(file, digest)
        return Sent(path=file.path, size=file.size, digest=digest, written=written)

    # ------------------------------------------------------------------------------------------ small files

    def _send_small(self, file: LocalFile, stream: IO[bytes], written: int) -> str:
        with self._workers.holding(file.size):
            data = stream.read(file.size + 1)
            if len(data) != file.size or _has_changed(file, stream):
                raise _Changed
            digest = hashlib.sha256(data).hexdigest()
            part = f"{PARTS}/{self._run}-{hashlib.blake2b(file.path.encode(), digest_size=12).hexdigest()}"
            metadata = metadata_for(digest, written)
            self._remote.create(part, file.size, data=data, written=written, metadata=metadata)
            self._remote.rename(part, file.path, written=written)
        self._count(file.size)
        self._progress.add(file.size, file.path)
        return digest

    # ------------------------------------------------------------------------------------------ large files

    def _send_large(self, file: LocalFile, stream: IO[bytes], written: int) -> str:
        """Hash from the front, and send each range as soon as it is hashed; several are on their way at a time.

        Every so often the part's metadata notes how far it is complete and the hash of that, which is what an interrupted
        run is gone on with.
        """
        source = _Source(stream)
        part = part_name(file.path, file.size)
        position, hasher = self._resume(part, file, source)
        if not position:
            self._remote.create(part, file.size)
        self._progress.add(position, file.path)
        counted = position
        blocks: deque[_Block] = deque()
        marked: tuple[int, str] | None = None
        try:
            while position < file.size:
                size = min(RANGE, file.size - position)
                self._workers.take(size)
                try:
                    source.hash(hasher, position, size)
                except BaseException:
                    self._workers.give_back(size)
                    raise
                blocks.append(self._submit(part, source, position, size, hasher))
                position += size
                counted, marked = self._settle(part, blocks, counted, marked, wait=False)
            counted, marked = self._settle(part, blocks, counted, marked, wait=True)
            if _has_changed(file, stream):
                raise _Changed
        except BaseException:
            self._abandon(blocks)
            self._progress.add(-counted)
            raise
        digest = hasher.hexdigest()
        self._remote.rename(part, file.path, written=written, metadata=metadata_for(digest, written))
        return digest

    def _submit(self, part: str, source: _Source, position: int, size: int, hasher: hashlib._Hash) -> _Block:
        end = position + size
        digest = hasher.hexdigest() if end // RANGE % _MARK_EVERY == 0 else None

        def put() -> None:
            try:
                self._workers.check()
                self._remote.put_range(part, _Body(source, position, size), position, size)
            finally:
                self._workers.give_back(size)
            self._count(size)

        try:
            return _Block(size=size, end=end, future=self._workers.ranges.submit(put), digest=digest)
        except RuntimeError as error:
            self._workers.give_back(size)
            raise Cancelled from error

    def _abandon(self, blocks: deque[_Block]) -> None:
        """Let no range of this try arrive any more, so that the next one may begin."""
        for block in blocks:
            if block.future.cancel():
                self._workers.give_back(block.size)
        wait_for([block.future for block in blocks])

    def _settle(
        self, part: str, blocks: deque[_Block], counted: int, marked: tuple[int, str] | None, *, wait: bool
    ) -> tuple[int, tuple[int, str] | None]:
        """Count the ranges that arrived, in their order, and note how far the part is complete."""
        before = marked
        while blocks and (wait or blocks[0].future.done()):
            block = blocks.popleft()
            block.future.result()
            self._progress.add(block.end - counted)
            counted = block.end
            if block.digest is not None:
                marked = (block.end, block.digest)
        if marked is not None and marked != before and not wait:
            metadata = {_PREFIX_KEY: str(marked[0]), _DIGEST_KEY: marked[1]}
            self._remote.set_metadata(part, metadata)
        return counted, marked

    def _resume(self, part: str, file: LocalFile, source: _Source) -> tuple[int, hashlib._Hash]:
        """How much of a part is there from an interrupted run and agrees with the file, and the hash of that."""
        found = self._remote.properties(part)
        if found is not None and found.size == file.size:
            metadata = {str(name).lower(): str(value) for name, value in (found.metadata or {}).items()}
            prefix = metadata.get(_PREFIX_KEY, "")
            if prefix.isdigit() and 0 < int(prefix) <= file.size:
                hasher = hashlib.sha256()
                source.hash(hasher, 0, int(prefix))
                if hasher.hexdigest() == metadata.get(_DIGEST_KEY):
                    return int(prefix), hasher
        return 0, hashlib.sha256()


class _Source:
    """An open file that several threads read at once."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self._lock = threading.Lock()

    def read(self, position: int, size: int) -> bytes:
        """Up to ``size`` bytes from a position on."""
        if hasattr(os, "pread"):
            return os.pread(self._stream.fileno(), size, position)
        with self._lock:
            self._stream.seek(position)
            return self._stream.read(size)

    def hash(self, hasher: hashlib._Hash, position: int, size: int) -> None:
        """Add that many bytes to a hash. Raises _Changed where the file ends before."""
        end = position + size
        while position < end:
            data = self.read(position, min(_HASHED_AT_ONCE, end - position))
            if not data:
                raise _Changed
            hasher.update(data)
            position += len(data)


class _Body:
    """A range of a file as a request's content: read when it is sent, and again when it is sent again.

    So the memory that a transfer takes does not depend on how many ranges wait.
    """

    def __init__(self, source: _Source, start: int, size: int) -> None:
        self._source = source
        self._start = start
        self._size = size
        self._position = 0

    def __len__(self) -> int:
        return self._size

    def tell(self) -> int:
        """Where the next read begins."""
        return self._position

    def seek(self, position: int, whence: int = os.SEEK_SET) -> int:
        """Go to a position."""
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._position, os.SEEK_END: self._size}[whence]
        self._position = base + position
        return self._position

    def read(self, size: int | None = -1) -> bytes:
        """The next bytes. What a file that was cut off meanwhile lacks is zeros: the range keeps its size, and is not used."""
        left = self._size - self._position
        wanted = left if size is None or size < 0 else min(size, left)
        data = self._source.read(self._start + self._position, wanted)
        self._position += wanted
        return data if len(data) == wanted else data.ljust(wanted, b"\0")


def _has_changed(file: LocalFile, stream: IO[bytes]) -> bool:
    status = os.fstat(stream.fileno())
    return (status.st_size, status.st_mtime_ns) != (file.size, file.modified)
