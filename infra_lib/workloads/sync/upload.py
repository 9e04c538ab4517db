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
from infra_lib.workloads.sync.content import ChangedError, Source, digest_of_ranges, ranges_of
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
_PREFIX_KEY = "infraranges"
_DIGEST_KEY = "infrarangessha256"


@dataclass(slots=True, kw_only=True)
class _Block:
    """A range on its way; its result is the hash of what was sent."""

    size: int
    future: Future[bytes]


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
        self._of_thread = threading.local()

    def _buffer(self) -> memoryview:
        """The memory in which this thread holds the range that it sends."""
        held: memoryview | None = getattr(self._of_thread, "buffer", None)
        if held is None:
            held = self._of_thread.buffer = memoryview(bytearray(RANGE))
        return held

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
            except ChangedError:
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
                raise ChangedError
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
        """Send range by range, several at a time.

        Every so often the part's metadata notes how far it is complete and the hash of that, which is what an interrupted
        run is gone on with.
        """
        source = Source(stream)
        part = part_name(file.path, file.size)
        arrived = self._resume(part, file, source)
        begin = len(arrived) * RANGE
        if not begin:
            self._remote.create(part, file.size)
        self._progress.add(begin, file.path)
        blocks: deque[_Block] = deque()
        counted = begin
        try:
            for start, size in ranges_of(file.size, begin):
                self._workers.take(size)
                blocks.append(self._submit(part, source, start, size))
                counted += self._settle(part, blocks, arrived, wait=False)
            counted += self._settle(part, blocks, arrived, wait=True)
            if _has_changed(file, stream):
                raise ChangedError
        except BaseException:
            self._abandon(blocks)
            self._progress.add(-counted)
            raise
        digest = digest_of_ranges(arrived)
        self._remote.rename(part, file.path, written=written, metadata=metadata_for(digest, written))
        return digest

    def _submit(self, part: str, source: Source, start: int, size: int) -> _Block:
        def put() -> bytes:
            try:
                self._workers.check()
                data = self._buffer()[:size]
                source.fill(data, start)
                digest = hashlib.sha256(data).digest()
                self._remote.put_range(part, data, start)
            finally:
                self._workers.give_back(size)
            self._count(size)
            return digest

        try:
            return _Block(size=size, future=self._workers.ranges.submit(put))
        except RuntimeError as error:
            self._workers.give_back(size)
            raise Cancelled from error

    def _abandon(self, blocks: deque[_Block]) -> None:
        """Let no range of this try arrive any more, so that the next one may begin."""
        for block in blocks:
            if block.future.cancel():
                self._workers.give_back(block.size)
        wait_for([block.future for block in blocks])

    def _settle(self, part: str, blocks: deque[_Block], arrived: list[bytes], *, wait: bool) -> int:
        """Take the ranges that arrived, in their order, and note how far the part is complete; how many bytes they have."""
        counted = 0
        while blocks and (wait or blocks[0].future.done()):
            block = blocks.popleft()
            arrived.append(block.future.result())
            counted += block.size
            self._progress.add(block.size)
            if len(arrived) % _MARK_EVERY == 0 and blocks:
                self._remote.set_metadata(part, {_PREFIX_KEY: str(len(arrived)), _DIGEST_KEY: digest_of_ranges(arrived)})
        return counted

    def _resume(self, name: str, file: LocalFile, source: Source) -> list[bytes]:
        """The hashes of the ranges of a part that are there from an interrupted run and agree with the file."""
        found = self._remote.properties(name)
        if found is None or found.size != file.size:
            return []
        metadata = {str(name).lower(): str(value) for name, value in (found.metadata or {}).items()}
        count = metadata.get(_PREFIX_KEY, "")
        if not count.isdigit() or int(count) * RANGE > file.size:
            return []
        here = [hashlib.sha256(source.range(*part)).digest() for part in ranges_of(int(count) * RANGE)]
        return here if digest_of_ranges(here) == metadata.get(_DIGEST_KEY) else []


def _has_changed(file: LocalFile, stream: IO[bytes]) -> bool:
    status = os.fstat(stream.fileno())
    return (status.st_size, status.st_mtime_ns) != (file.size, file.modified)
