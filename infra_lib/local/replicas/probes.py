"""Probes: is a container started, ready, alive; and what is wrong when it is not."""

from __future__ import annotations

import socket
import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import Any

# An app that listens on 127.0.0.1 alone is not reached here, one that listens on 0.0.0.0 is: as from outside a container.
ADDRESS = "127.0.0.2"
PACE = 0.2

_DEFAULTS = {"initialDelaySeconds": 0, "periodSeconds": 10, "timeoutSeconds": 1, "failureThreshold": 3, "successThreshold": 1}
_LISTENING = "0A"
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

    def succeeds(self) -> bool:
        """Ask once."""
        try:
            with socket.create_connection((ADDRESS, self.port), timeout=self.timeout) as connection:
                return self.path is None or self._is_answered(connection)
        except (OSError, ValueError):
            return False

    def _is_answered(self, connection: socket.socket) -> bool:
        if self.scheme == "HTTPS":
            # As Kubernetes does: the certificate of a probed container is not verified.
            connection = ssl._create_unverified_context().wrap_socket(connection)  # noqa: S323
        headers = {"Host": f"{ADDRESS}:{self.port}", "User-Agent": "kube-probe", "Connection": "close", **dict(self.headers)}
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


def listening() -> dict[int, bool]:
    """The TCP ports that something listens on in this network namespace; True for one that is reached from outside."""
    ports: dict[int, bool] = {}
    for table in ("/proc/self/net/tcp", "/proc/self/net/tcp6"):
        try:
            rows = Path(table).read_text().splitlines()[1:]
        except OSError:
            continue
        for row in rows:
            fields = row.split()
            if fields[3] == _LISTENING:
                address, _, port = fields[1].partition(":")
                ports[int(port, 16)] = ports.get(int(port, 16), False) or address in _ANY
    return ports


def diagnose(port: int, own: frozenset[int]) -> str:
    """Why a port cannot be reached, in words; empty when it is listened on. ``own`` are ports that are not the container's."""
    ports = {number: reached for number, reached in listening().items() if number not in own}
    if ports.get(port):
        return ""
    if port in ports:
        return f"It listens on 127.0.0.1:{port} alone, where nothing from outside its container arrives: use 0.0.0.0."
    others = ", ".join(str(number) for number in sorted(ports))
    if others:
        return f"It listens on port {others}, and not on {port}, which the ingress or a probe asks for: change one of them."
    return f"Nothing listens on port {port} yet."
