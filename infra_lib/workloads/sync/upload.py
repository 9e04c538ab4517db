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

from infra_lib.workloads.sync.failures import FileProblem
from infra_lib.workloads.sync.hashes import Hashes
from infra_lib.workloads.sync.manifest import PARTS, Sent, metadata_for
from infra_lib.workloads.sync.model import LocalFile
from infra_lib.workloads.sync.progress import Progress
from infra_lib.workloads.sync.remote import Remote, write_time
from infra_lib.workloads.sync.scan import local_file
from infra_lib.workloads.sync.workers import Cancelled, Workers

RANGE = 4 * 1024 * 1024
_MARK_EVERY = 16
_TRIES = 3
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
        """Read once, from the front, hashing; several ranges are on their way at a time.

        Every so often the part's metadata notes how far it is complete and the hash of that, which is what an interrupted
        run is gone on with.
        """
        part = part_name(file.path, file.size)
        position, hasher = self._resume(part, file, stream)
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
                data = _read_block(stream, size)
                if len(data) != size:
                    self._workers.give_back(size)
                    raise _Changed
                hasher.update(data)
                blocks.append(self._submit(part, data, position, hasher))
                position += size
                counted, marked = self._settle(part, blocks, counted, marked, wait=False)
            counted, marked = self._settle(part, blocks, counted, marked, wait=True)
        except BaseException:
            self._abandon(blocks)
            self._progress.add(-counted)
            raise
        if _has_changed(file, stream):
            self._progress.add(-counted)
            raise _Changed
        digest = hasher.hexdigest()
        self._remote.rename(part, file.path, written=written, metadata=metadata_for(digest, written))
        return digest

    def _submit(self, part: str, data: bytes, position: int, hasher: hashlib._Hash) -> _Block:
        end = position + len(data)
        digest = hasher.hexdigest() if end // RANGE % _MARK_EVERY == 0 else None

        def put() -> None:
            try:
                self._workers.check()
                self._remote.put_range(part, data, position)
            finally:
                self._workers.give_back(len(data))
            self._count(len(data))

        try:
            return _Block(size=len(data), end=end, future=self._workers.ranges.submit(put), digest=digest)
        except RuntimeError as error:
            self._workers.give_back(len(data))
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

    def _resume(self, part: str, file: LocalFile, stream: IO[bytes]) -> tuple[int, hashlib._Hash]:
        """How much of a part is there from an interrupted run and agrees with the file, and the hash of that."""
        fresh = hashlib.sha256()
        found = self._remote.properties(part)
        if found is None or found.size != file.size:
            return 0, fresh
        metadata = {str(name).lower(): str(value) for name, value in (found.metadata or {}).items()}
        prefix = metadata.get(_PREFIX_KEY, "")
        if not prefix.isdigit() or not 0 < int(prefix) <= file.size:
            return 0, fresh
        position, hasher = 0, hashlib.sha256()
        while position < int(prefix):
            data = stream.read(min(1024 * 1024, int(prefix) - position))
            if not data:
                break
            hasher.update(data)
            position += len(data)
        if position == int(prefix) and hasher.hexdigest() == metadata.get(_DIGEST_KEY):
            return position, hasher
        stream.seek(0)
        return 0, fresh


def _read_block(stream: IO[bytes], size: int) -> bytes:
    """That many bytes, fewer only at the end of the file: one read of a file may return less."""
    data = stream.read(size)
    while len(data) < size:
        more = stream.read(size - len(data))
        if not more:
            break
        data += more
    return data


def _has_changed(file: LocalFile, stream: IO[bytes]) -> bool:
    status = os.fstat(stream.fileno())
    return (status.st_size, status.st_mtime_ns) != (file.size, file.modified)
