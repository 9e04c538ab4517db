"""A replica in a process of its own: starts its containers in order, reports how they are, passes connections on."""

from __future__ import annotations

import os
import socket
import sys
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Any

from infra_lib.local.replicas.channel import Channel, Message
from infra_lib.local.replicas.container import Container
from infra_lib.local.replicas.relay import relay, respond

_CONNECT_SECONDS = 10.0


class PodError(Exception):
    """The replica cannot be run; the text says why."""


class Pod(ABC):
    """A replica; ``spec`` is what :class:`.spec.Builder` makes. Raises OSError or PodError where it cannot be put together."""

    containers: Sequence[Container]
    initial: Sequence[Container]

    def __init__(self, channel: Channel, spec: dict[str, Any]) -> None:
        self.channel = channel
        self.spec = spec
        self.ending = threading.Event()

    # ------------------------------------------------------------------------------------------ how it is run

    @abstractmethod
    def prepare(self) -> None:
        """Called before the first container starts; may take long. Raises PodError."""

    @abstractmethod
    def end(self, grace: float) -> None:
        """End all that runs: asked for at first, forced after ``grace`` seconds."""

    # ------------------------------------------------------------------------------------------ life

    def report(self, container: Container, *, state: str, details: str = "") -> None:
        """Tell the keeper how a container is."""
        self.channel.send(
            {
                "event": "container", "name": container.name, "state": state, "details": details, "restarts": container.restarts,
                "started": container.started, "ready": container.ready,
            }
        )  # fmt: skip

    def fail(self, details: str) -> None:
        """Tell the keeper that nothing will run."""
        self.channel.send({"event": "failed", "details": details})

    def start(self) -> None:
        """Run the initial containers one by one, then the others: once for a job, for good for an app."""
        try:
            self.prepare()
        except PodError as error:
            self.fail(str(error))
            return
        for container in self.initial:
            if (code := container.run_until_done()) != 0:
                self.channel.send({"event": "ended", "code": code})
                return
        if self.spec["once"]:
            self.channel.send({"event": "ended", "code": self._run_once()})
            return
        for container in self.containers:
            threading.Thread(target=container.keep_running, daemon=True).start()

    def _run_once(self) -> int:
        codes: list[int] = []

        def run_one(container: Container) -> None:
            codes.append(container.run_once())

        runs = [threading.Thread(target=run_one, args=(container,), daemon=True) for container in self.containers]
        for run, container in zip(runs, self.containers, strict=True):
            self.report(container, state="Running")
            run.start()
        for run in runs:
            run.join()
        return next((code for code in codes if code != 0), 0)

    def serve(self) -> None:
        """Follow the keeper until it says to end, or is gone."""
        threading.Thread(target=self.start, daemon=True).start()
        while True:
            received: tuple[Message, int | None] | None = self.channel.receive()
            if received is None or received[0].get("do") == "end":
                break
            message, descriptor = received
            if message.get("do") == "connect" and descriptor is not None:
                threading.Thread(target=self._take_in, args=(descriptor,), daemon=True).start()
        self.ending.set()
        self.end(float(received[0].get("grace", 0.0)) if received is not None else 0.0)

    def _take_in(self, descriptor: int) -> None:
        connection = socket.socket(fileno=descriptor)
        port = int(self.spec["port"])
        address = self.containers[0].reach(port)
        try:
            if address is None:
                raise ConnectionRefusedError
            inside = socket.create_connection(address, timeout=_CONNECT_SECONDS)
        except OSError:
            respond(connection, "503 Service Unavailable", f"The app does not answer on port {port}.")
            return
        inside.settimeout(None)
        connection.settimeout(None)
        relay(connection, inside)


def run(make: Callable[[Channel, dict[str, Any]], Pod]) -> None:
    """Run a pod: the descriptor of its channel is the argument, what it is to be the first message."""
    channel = Channel(socket.socket(fileno=int(sys.argv[1])))
    received = channel.receive()
    if received is None:
        return
    try:
        pod = make(channel, received[0])
    except (OSError, PodError) as error:
        channel.send({"event": "failed", "details": f"The replica cannot be put together: {error}."})
        return
    pod.serve()
    os._exit(0)
