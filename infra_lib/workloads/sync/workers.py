"""Doing many things at once, within bounds of threads and memory."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from typing import TypeVar

T = TypeVar("T")

_TICK_SECONDS = 1.0


class Cancelled(Exception):  # noqa: N818 - no error: the end of a thread whose work is not wanted any more
    """The transfer ends; this part of it was not finished."""


class Workers:
    """Threads for files and threads for the ranges of large files, and how much data they may hold together.

    A context manager; leaving it waits for what runs.
    """

    def __init__(self, *, files: int, ranges: int, memory: int) -> None:
        self.files = ThreadPoolExecutor(files, thread_name_prefix="sync-file")
        self.ranges = ThreadPoolExecutor(ranges, thread_name_prefix="sync-range")
        self.stopping = threading.Event()
        self._count = files
        self._memory = memory
        self._free = memory
        self._condition = threading.Condition()

    def __enter__(self) -> Workers:
        return self

    def __exit__(self, *_: object) -> None:
        self.stopping.set()
        self.files.shutdown(cancel_futures=True)
        self.ranges.shutdown(cancel_futures=True)

    def take(self, size: int) -> None:
        """Wait until there is memory for ``size`` bytes. Raises Cancelled when the transfer ends meanwhile."""
        with self._condition:
            while self._free < min(size, self._memory):
                if self.stopping.is_set():
                    raise Cancelled
                self._condition.wait(0.2)
            self._free -= size

    def give_back(self, size: int) -> None:
        """The bytes are not held any more."""
        with self._condition:
            self._free += size
            self._condition.notify_all()

    @contextmanager
    def holding(self, size: int) -> Iterator[None]:
        """Hold ``size`` bytes of memory meanwhile."""
        self.take(size)
        try:
            yield
        finally:
            self.give_back(size)

    def check(self) -> None:
        """Raise Cancelled when the transfer ends."""
        if self.stopping.is_set():
            raise Cancelled

    def each(self, items: Iterable[T], work: Callable[[T], object], tick: Callable[[], None]) -> None:
        """Do ``work`` for all items, as many at once as there are threads; ``tick`` is called every second meanwhile.

        The first exception, also of ``tick`` or from the keyboard, stops the others after what they are doing, and is raised.
        """
        source = iter(items)
        lock = threading.Lock()

        def run() -> None:
            while not self.stopping.is_set():
                with lock:
                    item = next(source, _END)
                if item is _END:
                    return
                work(item)  # type: ignore[arg-type]

        pending: set[Future[None]] = {self.files.submit(run) for _ in range(self._count)}
        try:
            while pending:
                done, pending = wait(pending, timeout=_TICK_SECONDS, return_when=FIRST_EXCEPTION)
                for future in done:
                    future.result()
                tick()
        except BaseException:
            self.stopping.set()
            wait(pending)
            raise


_END = object()
