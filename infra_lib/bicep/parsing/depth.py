"""How deep a source may be nested, and room on the stack for the stages that follow the tree."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from infra_lib.bicep.syntax import Node

MAX_TREE_DEPTH = 1_000
"""The deepest tree that the parser lets through, in nodes; chains such as ``a + b + c`` make one level a link."""

_ROOM = 20 * MAX_TREE_DEPTH
_lock = threading.Lock()
_users = 0
_limit_before = 0


@contextmanager
def deep_stack() -> Iterator[None]:
    """Raise the interpreter's recursion limit while a tree of the greatest depth is worked on; safe to nest and in threads.

    A limit that is high enough already stays; the old one comes back when the last user is done.
    """
    global _users, _limit_before
    with _lock:
        if _users == 0:
            _limit_before = sys.getrecursionlimit()
            sys.setrecursionlimit(max(_limit_before, _ROOM))
        _users += 1
    try:
        yield
    finally:
        with _lock:
            _users -= 1
            if _users == 0:
                sys.setrecursionlimit(_limit_before)


def too_deep(root: Node) -> int | None:
    """The offset of a node deeper than MAX_TREE_DEPTH, None where there is none."""
    level: list[Node] = [root]
    for _ in range(MAX_TREE_DEPTH):
        level = [child for node in level for child in node.children()]
        if not level:
            return None
    return level[0].start
