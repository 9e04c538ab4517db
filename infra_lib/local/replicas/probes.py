"""Probes: is a container started, ready, alive; and what is wrong when it is not."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

PACE = 0.2
Address = tuple[str, int]
"""A host and a port."""

_DEFAULTS = {"initialDelaySeconds": 0, "periodSeconds": 10, "timeoutSeconds": 1, "failureThreshold": 3, "successThreshold": 1}
_LISTENING = "0A"
# What publishes a container engine's port accepts a connection before it knows that nobody is behind it, and then closes it.
_CLOSED_SECONDS = 0.15
_ANY = ("00000000", "0" * 32)


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """One probe of the template. Times in seconds."""

    type: str
    port: int
    path: str | None
    scheme: str
    headers: tuple[tuple[str, str], ...]
    initial_delay: float
    period: float
    timeout: float
    failures: int
    successes: int

    @property
    def allowance(self) -> float:
        """How long the template lets it fail at first."""
        return self.initial_delay + self.period * self.failures

    def succeeds(self, address: Address, *, published: bool = False) -> bool:
        """Ask once, at ``address``, where its port is reached; ``published``: through a container engine's forwarding."""
        try:
            with socket.create_connection(address, timeout=self.timeout) as connection:
                if self.path is None:
                    return not published or _stays_open(connection)
                return self._is_answered(connection, address[0])
        except (OSError, ValueError):
            return False

    def _is_answered(self, connection: socket.socket, host: str) -> bool:
        if self.scheme == "HTTPS":
            # As Kubernetes does: the certificate of a probed container is not verified.
            connection = ssl._create_unverified_context().wrap_socket(connection)  # noqa: S323
        headers = {"Host": f"{host}:{self.port}", "User-Agent": "kube-probe", "Connection": "close", **dict(self.headers)}
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        connection.sendall(f"GET {self.path} HTTP/1.1\r\n{lines}\r\n".encode())
        with connection.makefile("rb") as answer:
            status = answer.readline(1024).split()
        return len(status) > 1 and 200 <= int(status[1]) < 400


def read_probes(container: dict[str, Any], ingress_port: int | None) -> dict[str, Probe]:
    """A container's probes by lower-cased type; without any, the ingress's port is connected to, as the service does."""
    probes = {}
    for given in container.get("probes") or []:
        action = given.get("httpGet") or given.get("tcpSocket") or {}
        times = {name: given.get(name) if given.get(name) is not None else value for name, value in _DEFAULTS.items()}
        probes[str(given["type"]).lower()] = Probe(
            type=str(given["type"]),
            port=int(action.get("port") or ingress_port or 0),
            path=(action.get("path") or "/") if given.get("httpGet") else None,
            scheme=str(action.get("scheme") or "HTTP").upper(),
            headers=tuple((item["name"], item["value"]) for item in action.get("httpHeaders") or []),
            initial_delay=times["initialDelaySeconds"],
            period=times["periodSeconds"],
            timeout=times["timeoutSeconds"],
            failures=times["failureThreshold"],
            successes=times["successThreshold"],
        )
    if not probes and ingress_port:
        probes["readiness"] = Probe(
            type="Readiness", port=ingress_port, path=None, scheme="HTTP", headers=(), initial_delay=0, period=5, timeout=5,
            failures=48, successes=1,
        )  # fmt: skip
    return probes


def _stays_open(connection: socket.socket) -> bool:
    connection.settimeout(_CLOSED_SECONDS)
    try:
        return bool(connection.recv(1))
    except TimeoutError:
        return True


def listening(tables: Iterable[str]) -> dict[int, bool]:
    """The TCP ports that something listens on, True for one that is reached from outside.

    ``tables`` are the texts of the network namespace's ``/proc/net/tcp`` and ``tcp6``.
    """
    ports: dict[int, bool] = {}
    for row in (line for table in tables for line in table.splitlines()):
        fields = row.split()
        if len(fields) > 3 and fields[3] == _LISTENING:
            address, _, port = fields[1].partition(":")
            ports[int(port, 16)] = ports.get(int(port, 16), False) or address in _ANY
    return ports


def diagnose(port: int, ports: dict[int, bool]) -> str:
    """Why a port cannot be reached, in words; empty when it is listened on. ``ports`` as :func:`listening` gives them."""
    if ports.get(port):
        return ""
    if port in ports:
        return f"It listens on 127.0.0.1:{port} alone, where nothing from outside its container arrives: use 0.0.0.0."
    others = ", ".join(str(number) for number in sorted(ports))
    if others:
        return f"It listens on port {others}, and not on {port}, which the ingress or a probe asks for: change one of them."
    return f"Nothing listens on port {port} yet."
