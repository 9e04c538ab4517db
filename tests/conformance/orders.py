"""Equal up to what the official CLI leaves to chance.

In ``dependsOn`` it gives the entries of one collection that differ only in the index (``[format('zones[{0}]', i)]``) in an order
that changes from run to run. Where only a hash is recorded, all orders are tried.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import math
import re
from collections.abc import Iterator
from typing import Any

_INDEXED = re.compile(r"\[format\('([^'{]+)\[\{0\}\]', ")
_MARK = re.compile(r'"\\u0000(\d+)\\u0000(\d+)"')
_LIMIT = 20_000


def has_hash_in_some_order(template: Any, expected: str) -> bool:
    """True when some order of the indexed entries of each ``dependsOn`` gives the hash (not where there are too many to try)."""
    groups: list[list[str]] = []
    text = json.dumps(_with_marks(template, groups), ensure_ascii=False, separators=(",", ":"))
    if not groups or math.prod(math.factorial(len(group)) for group in groups) > _LIMIT:
        return False
    pieces = _MARK.split(text)
    fixed = [piece.encode("utf-8", "surrogatepass") for piece in pieces[::3]]
    places = list(zip(map(int, pieces[1::3]), map(int, pieces[2::3]), strict=True))
    written = [[json.dumps(entry, ensure_ascii=False).encode() for entry in group] for group in groups]
    every_order = itertools.product(*(itertools.permutations(group) for group in written))
    return any(_hash(fixed, places, orders).startswith(expected) for orders in every_order)


def has_order_left_to_chance(template: Any) -> bool:
    """True when some ``dependsOn`` has entries whose order is random in the official output, and so a snapshot's order."""
    groups: list[list[str]] = []
    _with_marks(template, groups)
    return bool(groups)


def _hash(fixed: list[bytes], places: list[tuple[int, int]], orders: tuple[tuple[bytes, ...], ...]) -> str:
    sha = hashlib.sha256(fixed[0])
    for (group, position), piece in zip(places, fixed[1:], strict=True):
        sha.update(orders[group][position])
        sha.update(piece)
    return sha.hexdigest()


def _with_marks(value: Any, groups: list[list[str]]) -> Any:
    """A copy in which each entry of a group stands as a mark: its group's number and its place in the group."""
    if isinstance(value, list):
        return [_with_marks(item, groups) for item in value]
    if not isinstance(value, dict):
        return value
    return {
        key: list(_marked(item, groups)) if key == "dependsOn" and isinstance(item, list) else _with_marks(item, groups)
        for key, item in value.items()
    }


def _marked(entries: list[Any], groups: list[list[str]]) -> Iterator[Any]:
    for collection, run in itertools.groupby(entries, _collection):
        items = list(run)
        if collection is None or len(items) == 1:
            yield from items
        else:
            groups.append(items)
            yield from (f"\0{len(groups) - 1}\0{position}" for position in range(len(items)))


def _collection(entry: Any) -> str | None:
    match = _INDEXED.match(entry) if isinstance(entry, str) else None
    return match[1] if match else None
