# ruff: noqa: T201
"""How fast the index of resource types opens and answers, over every type that it has."""

from __future__ import annotations

import statistics
import time
from pathlib import Path

from infra_lib.resource_types.bicep_types import BicepTypesCatalog, default_path, open_index
from infra_lib.resource_types.catalog import DiscriminatedObjectType

LIMIT = 0.020
"""Seconds that an answer may take."""


def measure(place: str, *, show: int) -> int:
    """Ask for every type at every version, its properties and their types; returns the number of answers over the limit."""
    path = Path(place) if place else default_path()
    start = time.perf_counter()
    catalog = open_index(path)
    opening = time.perf_counter() - start
    names = [(name, version) for name in catalog.type_names() for version in catalog.versions(name)]
    times = sorted(((_answer(catalog, *name), *name) for name in names), reverse=True)
    slow = [row for row in times if row[0] > LIMIT and _again(path, row[1], row[2]) > LIMIT]
    for seconds, name, version in (slow or times)[:show]:
        print(f"{seconds * 1000:8.2f} ms  {name}@{version}")
    median = statistics.median(row[0] for row in times)
    print(catalog.status())
    print(f"opened in {opening * 1000:.1f} ms; {len(times)} answers, median {median * 1000:.2f} ms, ", end="")
    print(f"slowest {times[0][0] * 1000:.1f} ms, {len(slow)} over {LIMIT * 1000:.0f} ms when asked again")
    return len(slow)


def _answer(catalog: BicepTypesCatalog, name: str, version: str) -> float:
    start = time.perf_counter()
    found = catalog.find(name, version)
    if found is None:
        raise LookupError(f"{name}@{version} is listed but not found")
    body = found.body
    members = body.members.values() if isinstance(body, DiscriminatedObjectType) else [body]
    for member in members:
        for item in member.properties.values():
            _ = item.type
    return time.perf_counter() - start


def _again(path: Path, name: str, version: str) -> float:
    """The best of three answers of fresh catalogs: what else the machine does at the moment is not the index's."""
    return min(_answer(open_index(path), name, version) for _ in range(3))
