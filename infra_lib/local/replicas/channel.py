"""Messages between keeper and pods, and between the control plane and a keeper: JSON, at times with a file descriptor."""

from __future__ import annotations

import json
import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

Message = dict[str, Any]

CONTROL = "control"
RESULT = "result.json"
ENGINE = "engine"
STARTED = "started"
"""The files of a keeper's folder: its socket, how an execution ended, the name of the container engine if it uses one, the
names of an execution's replicas in the order of their start."""
VOLUMES = "volumes"
"""The folder of a replica's folder where its empty volumes are."""
_MOST = 1 << 20
_PATIENCE = 15.0


class Channel:
    """One end of a socket pair that keeps messages apart. Sending is thread-safe."""

    def __init__(self, end: socket.socket) -> None:
        self.end = end
        self._lock = threading.Lock()

    @staticmethod
    def pair() -> tuple[socket.socket, socket.socket]:
        """Two connected ends, with room for long messages."""
        ends = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        for end in ends:
            end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _MOST)
        return ends

    def send(self, message: Message, descriptor: int | None = None) -> bool:
        """Send a message; False when the other end is gone."""
        data = json.dumps(message).encode()
        try:
            with self._lock:
                socket.send_fds(self.end, [data], [] if descriptor is None else [descriptor])
        except OSError:
            return False
        return True

    def receive(self) -> tuple[Message, int | None] | None:
        """The next message and its descriptor; None when the other end is gone."""
        try:
            data, descriptors, _, _ = socket.recv_fds(self.end, _MOST, 1)
        except OSError:
            return None
        if not data:
            return None
        return json.loads(data), descriptors[0] if descriptors else None


# ---------------------------------------------------------------------------------------------- a keeper's control socket


@contextmanager
def _short_path(folder: Path) -> Iterator[str]:
    """A path of the control socket that fits into an address, however deep the folder lies."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{descriptor}/{CONTROL}"
    finally:
        os.close(descriptor)


def listen(folder: Path) -> socket.socket:
    """A new control socket in ``folder``, in place of one that nobody answers any more."""
    (folder / CONTROL).unlink(missing_ok=True)
    control = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    with _short_path(folder) as path:
        control.bind(path)
    (folder / CONTROL).chmod(0o600)
    control.listen(16)
    return control


class UnansweredError(Exception):
    """There is a keeper, and it does not answer in time."""


def ask(folder: Path, message: Message, *, timeout: float = _PATIENCE) -> Message | None:
    """A keeper's answer; None when there is no keeper in that folder, which is known at once.

    Raises UnansweredError for one that is there and does not answer: it must not be taken for gone, as another one in its place
    would not get its port.
    """
    if not (folder / CONTROL).exists():
        return None
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    with connection:
        connection.settimeout(timeout)
        try:
            with _short_path(folder) as path:
                connection.connect(path)
            connection.sendall(json.dumps(message).encode() + b"\n")
            with connection.makefile("rb") as answer:
                line = answer.readline()
        except TimeoutError as error:
            raise UnansweredError from error
        except OSError:
            return None
    return json.loads(line) if line else None


def read_request(connection: socket.socket) -> Message | None:
    """What :func:`ask` sent."""
    with connection.makefile("rb") as request:
        line = request.readline()
    return json.loads(line) if line else None


def answer(connection: socket.socket, message: Message) -> None:
    """Answer :func:`ask`; one that is gone is no matter."""
    try:
        connection.sendall(json.dumps(message).encode() + b"\n")
    except OSError:
        return
