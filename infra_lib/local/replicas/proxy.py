"""The way out of a pod's network: an HTTP proxy, which pip, requests, the Hugging Face libraries, curl and git all know.

The pod listens inside and hands each connection over; it is carried on here, in this machine's network: through this
machine's own proxy where it has one, else straight to the host that is asked for.
"""

from __future__ import annotations

import os
import socket
from urllib.parse import urlsplit

from infra_lib.local.replicas.relay import relay, respond

_CONNECT_SECONDS = 30.0
_MOST_HEAD = 1 << 16


def upstream() -> str | None:
    """This machine's own proxy, from its environment."""
    for name in ("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy"):
        if os.environ.get(name):
            return os.environ[name]
    return None


def goes_direct(host: str) -> bool:
    """Whether this machine's environment (NO_PROXY) has a host reached without its proxy."""
    exceptions = os.environ.get("NO_PROXY") or os.environ.get("no_proxy") or ""
    names = [item.strip().lower().lstrip("*").lstrip(".") for item in exceptions.split(",") if item.strip()]
    return exceptions.strip() == "*" or any(name and f".{host.lower()}".endswith(f".{name}") for name in names)


def carry_out(connection: socket.socket) -> None:
    """Carry one connection that came to the proxy to where it wants to go."""
    head = _read_head(connection)
    method, _, rest = head.partition(b" ")
    target, _, tail = rest.partition(b" ")
    host, _, port = target.decode("latin-1").rpartition(":")
    chained = upstream()
    wanted = host.strip("[]") if method == b"CONNECT" else urlsplit(target.decode("latin-1")).hostname or ""
    if chained is not None and not goes_direct(wanted):
        parts = urlsplit(chained if "://" in chained else f"http://{chained}")
        _join(connection, parts.hostname or "", parts.port or 80, head)
        return
    if method == b"CONNECT":
        _join(connection, host.strip("[]"), int(port) if port.isdigit() else 443, b"", established=True)
        return
    parts = urlsplit(target.decode("latin-1"))
    if parts.scheme != "http" or not parts.hostname:
        respond(connection, "400 Bad Request", "This proxy takes CONNECT and http:// alone.", is_read=True)
        return
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    lines = [line for line in tail.split(b"\r\n") if not line.lower().startswith((b"proxy-", b"connection:"))]
    lines.insert(1, b"Connection: close")
    _join(connection, parts.hostname, parts.port or 80, method + b" " + path.encode("latin-1") + b" " + b"\r\n".join(lines))


def _read_head(connection: socket.socket) -> bytes:
    head = b""
    while b"\r\n\r\n" not in head and len(head) < _MOST_HEAD:
        data = connection.recv(4096)
        if not data:
            break
        head += data
    return head


def _join(connection: socket.socket, host: str, port: int, first: bytes, *, established: bool = False) -> None:
    try:
        out = socket.create_connection((host, port), timeout=_CONNECT_SECONDS)
    except OSError as error:
        respond(connection, "502 Bad Gateway", f"{host}:{port} cannot be reached: {error}.", is_read=True)
        return
    out.settimeout(None)
    if established:
        connection.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
    if first:
        out.sendall(first)
    relay(connection, out)
