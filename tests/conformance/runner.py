"""Runs a measurement over many items in worker processes, so that a crash, a hang or a runaway costs one item."""

from __future__ import annotations

import signal
import sys
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from types import FrameType
from typing import Any, Protocol

from .outcome import CRASHED, Outcome


class Item(Protocol):
    """A case or a hashed file."""

    @property
    def name(self) -> str:
        """What the item is called in the report."""
        ...


Measure = Callable[[Any, str], Outcome | None]


class _TooLongError(Exception):
    pass


def run(measure: Measure, items: Sequence[Item], *, resource_types: str, processes: int, timeout: int) -> Iterator[Outcome]:
    """Yield the outcome of each item that the measurement is about, as they come. ``timeout``: seconds for one item."""
    if processes == 1 and len(items) < 10:
        for item in items:
            if outcome := _measured(measure, item, resource_types, timeout):
                yield outcome
        return
    remaining = {item.name: item for item in items}
    try:
        with ProcessPoolExecutor(processes) as pool:
            futures = {pool.submit(_measured, measure, item, resource_types, timeout): item.name for item in items}
            for future in as_completed(futures):
                outcome = future.result()
                del remaining[futures[future]]
                if outcome:
                    yield outcome
    except BrokenProcessPool:
        yield from _one_by_one(measure, list(remaining.values()), resource_types, timeout)


def _one_by_one(measure: Measure, items: Sequence[Item], resource_types: str, timeout: int) -> Iterator[Outcome]:
    """After a worker died: one item a process, so that the one that kills its process is known by name."""
    for item in items:
        try:
            with ProcessPoolExecutor(1) as pool:
                outcome = pool.submit(_measured, measure, item, resource_types, timeout).result()
        except BrokenProcessPool:
            outcome = Outcome(item.name, CRASHED, "the process died")
        if outcome:
            yield outcome


def _measured(measure: Measure, item: Item, resource_types: str, timeout: int) -> Outcome | None:
    start = time.perf_counter()
    _set_alarm(timeout)
    try:
        outcome = measure(item, resource_types)
    except _TooLongError:
        outcome = Outcome(item.name, CRASHED, f"no answer within {timeout} s")
    except Exception as error:
        frames = traceback.extract_tb(error.__traceback__)
        place = f"{frames[-1].filename.rsplit('/', 1)[-1]}:{frames[-1].lineno}" if frames else ""
        text = f"{type(error).__name__}: {error} at {place}"
        outcome = Outcome(item.name, CRASHED, text, notes={"traceback": traceback.format_exc(limit=-6).splitlines()})
    finally:
        _set_alarm(0)
    if outcome:
        outcome.seconds = round(time.perf_counter() - start, 4)
    return outcome


def _set_alarm(seconds: int) -> None:
    if sys.platform != "win32":
        signal.signal(signal.SIGALRM, _raise_too_long)
        signal.alarm(seconds)


def _raise_too_long(_signal: int, _frame: FrameType | None) -> None:
    raise _TooLongError
