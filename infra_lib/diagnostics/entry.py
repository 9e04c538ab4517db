"""One row of the catalogue."""

from __future__ import annotations

from typing import Literal, NamedTuple

Level = Literal["error", "warning", "info"]


class Entry(NamedTuple):
    """A code's default level, its message with ``{named}`` place holders, and an optional fix (same place holders)."""

    level: Level
    message: str
    fix: str | None = None
