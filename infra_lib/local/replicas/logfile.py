"""A container's console log: one JSON object a line, ``{"TimeStamp", "Log"}``, as the service streams it."""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

MOST_BYTES = 32 * 1024 * 1024
_POLL_SECONDS = 0.1
_ASK_SECONDS = 0.5
_HIDDEN = "***"
_SHORTEST_SECRET = 4


class LogFile:
    """Written by a pod. Values of secrets are masked; a long log begins anew, with the last part kept beside it. Thread-safe."""

    def __init__(self, path: Path, secrets: Iterable[str] = ()) -> None:
        self.path = path
        self._secrets = sorted((item for item in secrets if len(item) >= _SHORTEST_SECRET), key=len, reverse=True)
        self._lock = threading.Lock()
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._file = path.open("ab", buffering=0)

    def write(self, text: str) -> None:
        """Add a line."""
        for secret in self._secrets:
            text = text.replace(secret, _HIDDEN)
        now = time.time()
        stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(now)) + f".{int(now % 1 * 1_000_000):06d}+00:00"
        line = json.dumps({"TimeStamp": stamp, "Log": text}, ensure_ascii=False).encode("utf-8", "replace") + b"\n"
        with self._lock:
            if self._file.tell() > MOST_BYTES:
                self._file.close()
                os.replace(self.path, self.path.with_suffix(".old"))
                self._file = self.path.open("ab", buffering=0)
            self._file.write(line)


def tail(path: Path, lines: int) -> list[str]:
    """The last lines of a log, as they are in the file; none where there is no log."""
    try:
        return path.read_text(encoding="utf-8").splitlines()[-lines:] if lines > 0 else []
    except FileNotFoundError:
        return []


def follow(path: Path, lines: int, is_over: Callable[[], bool], *, idle: float) -> Iterator[str]:
    """The last ``lines`` of a log, then what is added; ends when ``is_over()`` or when nothing came for ``idle`` seconds."""
    quiet = asked = time.monotonic()
    yield from tail(path, lines)
    position = path.stat().st_size if path.exists() else 0
    pending, over = "", False
    while True:
        if time.monotonic() > asked + _ASK_SECONDS:
            over, asked = is_over(), time.monotonic()
        size = path.stat().st_size if path.exists() else 0
        position = 0 if size < position else position
        if size > position:
            with path.open("rb") as file:
                file.seek(position)
                data = file.read()
            position += len(data)
            *whole, pending = (pending + data.decode("utf-8", "replace")).split("\n")
            yield from whole
            quiet = time.monotonic()
        elif over or time.monotonic() - quiet > idle:
            return
        else:
            time.sleep(_POLL_SECONDS)
