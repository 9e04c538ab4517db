"""Pairs of measurements: ours and a peer's in turn, so that a machine whose speed drifts slows both."""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of the table. ``ratio`` is ours to the peer's, ``bound`` what it may be at most."""

    name: str
    peer: str
    ours_seconds: float
    peer_seconds: float
    ratio: float
    bound: float
    runs: int

    @property
    def holds(self) -> bool:
        """True when the ratio is within its bound."""
        return self.ratio <= self.bound


def pair(
    name: str, ours: Callable[[], object], peer_name: str, peer: Callable[[], object], *, bound: float, runs: int = 9
) -> Row:
    """Time ``ours`` and ``peer`` in turn, after one run of each that does not count; medians, and the median of the ratios."""
    ours()
    peer()
    times = [(_seconds(ours), _seconds(peer)) for _ in range(runs)]
    return Row(
        name=name,
        peer=peer_name,
        ours_seconds=statistics.median(one for one, _ in times),
        peer_seconds=statistics.median(other for _, other in times),
        ratio=statistics.median(one / other for one, other in times),
        bound=bound,
        runs=runs,
    )


def exponent(sizes: Sequence[int], work: Callable[[int], Callable[[], object]], *, runs: int = 5) -> float:
    """How time grows with size: the slope of log time over log size, from the fastest of several runs of each size."""
    points = []
    for size in sizes:
        prepared = work(size)
        prepared()
        points.append((math.log(size), math.log(min(_seconds(prepared) for _ in range(runs)))))
    mean_x = statistics.fmean(x for x, _ in points)
    mean_y = statistics.fmean(y for _, y in points)
    return sum((x - mean_x) * (y - mean_y) for x, y in points) / sum((x - mean_x) ** 2 for x, _ in points)


def table(rows: Sequence[Row]) -> str:
    """The rows as a Markdown table."""
    lines = ["| what | peer | ours (ms) | peer (ms) | ratio | bound | |", "|---|---|---|---|---|---|---|"]
    lines.extend(
        f"| {row.name} | {row.peer} | {row.ours_seconds * 1000:.2f} | {row.peer_seconds * 1000:.2f} | {row.ratio:.2f} "
        f"| {row.bound:g} | {'holds' if row.holds else 'does not hold'} |"
        for row in rows
    )
    return "\n".join(lines)


def _seconds(call: Callable[[], object]) -> float:
    begin = time.perf_counter()
    call()
    return time.perf_counter() - begin
