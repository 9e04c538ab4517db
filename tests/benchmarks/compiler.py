"""The compiler: how time grows with the size of a file, and its speed over the Azure Verified Modules.

INFRA_AVM_CHECKOUT names a checkout of Azure/bicep-registry-modules; without it the rows that need one are left out.
"""

from __future__ import annotations

import os
import re
import statistics
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from tests.benchmarks.harness import Row, exponent

CHECKOUT = os.environ.get("INFRA_AVM_CHECKOUT")
_REGISTRY_REFERENCE = re.compile(r"'br[:/]")


def rows() -> Iterator[Row]:
    """The rows of this group."""
    yield growth()
    if CHECKOUT:
        yield modules(Path(CHECKOUT))


def source(size: int) -> str:
    """A file of about ``size`` characters: parameters, variables and resources that use them, over and over."""
    parts = ["param location string = resourceGroup().location\n"]
    length, number = len(parts[0]), 0
    while length < size:
        part = (
            f"@description('The name of account {number}.')\nparam name{number} string = 'account{number}'\n"
            f"var tags{number} = {{ name: name{number}, index: '{number}-${{location}}' }}\n"
            f"resource account{number} 'Microsoft.Storage/storageAccounts@2023-01-01' = {{\n  name: name{number}\n"
            f"  location: location\n  kind: 'StorageV2'\n  sku: {{ name: 'Standard_LRS' }}\n  tags: tags{number}\n"
            f"  properties: {{\n    accessTier: length(name{number}) > 3 ? 'Hot' : 'Cool'\n"
            f"    minimumTlsVersion: 'TLS1_2'\n  }}\n}}\n"
        )
        parts.append(part)
        length, number = length + len(part), number + 1
    return "".join(parts)


def growth() -> Row:
    """The exponent of time over the size of the file, from 1 KB to 1 MB."""
    from infra_lib.bicep.compiler import compile_text

    def work(size: int) -> Callable[[], object]:
        text = source(size)
        return lambda: compile_text(text)

    slope = exponent([1_000, 10_000, 100_000, 1_000_000], work, runs=3)
    return Row(
        name="compile time over file size, 1 KB to 1 MB", peer="linear: exponent 1", ours_seconds=0.0, peer_seconds=0.0,
        ratio=slope, bound=1.1, runs=3,
    )  # fmt: skip


def modules(checkout: Path) -> Row:
    """Seconds per megabyte compiled over the modules without registry references, against pycep-parser parsing what it can."""
    from pycep import BicepParser

    from infra_lib.bicep.compiler import compile_file

    files = [path for path in sorted(checkout.glob("avm/**/main.bicep")) if "tests" not in path.parts]
    closed = [path for path in files if not _refers_to_a_registry(path)]
    parser = BicepParser()
    parsable = [path for path in closed if _parses(parser, path)]
    ours, theirs = [], []
    for _ in range(3):
        ours.append(_seconds(lambda: [compile_file(path) for path in closed]) / _megabytes(closed))
        theirs.append(_seconds(lambda: [parser.parse(text=path.read_text()) for path in parsable]) / _megabytes(parsable))
    ratio = statistics.median(one / other for one, other in zip(ours, theirs, strict=True))
    return Row(
        name=f"compile {len(closed)} closed modules, per MB", peer=f"pycep-parser parses the {len(parsable)} that it can, per MB",
        ours_seconds=statistics.median(ours), peer_seconds=statistics.median(theirs), ratio=ratio, bound=2.0, runs=3,
    )  # fmt: skip


def _refers_to_a_registry(path: Path, seen: set[Path] | None = None) -> bool:
    seen = seen if seen is not None else set()
    if path in seen or not path.is_file():
        return False
    seen.add(path)
    text = path.read_text()
    if _REGISTRY_REFERENCE.search(text):
        return True
    below = re.findall(r"(?:module\s+\w+\s+|from\s+)'([^':]+\.bicep)'", text)
    return any(_refers_to_a_registry((path.parent / name).resolve(), seen) for name in below)


def _parses(parser: object, path: Path) -> bool:
    try:
        parser.parse(text=path.read_text())  # type: ignore[attr-defined]
    except Exception:
        return False
    return True


def _megabytes(paths: list[Path]) -> float:
    return sum(path.stat().st_size for path in paths) / 1e6


def _seconds(call: Callable[[], object]) -> float:
    begin = time.perf_counter()
    call()
    return time.perf_counter() - begin
