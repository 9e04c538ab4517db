"""The way out of a container's network."""

from __future__ import annotations

import http.server
import socket
import threading
from collections.abc import Iterator

import pytest

from infra_lib.local.replicas.proxy import carry_out, goes_direct


class _Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(f"{self.path} {self.headers.get('Proxy-Connection')}".encode())

    def log_message(self, *_: object) -> None:
        """Nothing is logged."""


@pytest.fixture
def port() -> Iterator[int]:
    with http.server.HTTPServer(("127.0.0.1", 0), _Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_address[1]
        server.shutdown()


@pytest.fixture(autouse=True)
def without_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


def through(request: str) -> str:
    """What a program in a container gets that sends this to its proxy."""
    inside, handed = socket.socketpair()
    threading.Thread(target=carry_out, args=(handed,), daemon=True).start()
    inside.settimeout(5)
    with inside:
        inside.sendall(request.encode())
        received = b""
        while data := inside.recv(4096):
            received += data
            if b"established\r\n\r\n" in received and b"GET /" not in request.encode():
                inside.sendall(b"GET /inside HTTP/1.0\r\n\r\n")
                request = "GET /"
    return received.decode()


def test_a_plain_request_is_carried_on(port: int) -> None:
    answer = through(f"GET http://127.0.0.1:{port}/page?x=1 HTTP/1.1\r\nHost: x\r\nProxy-Connection: keep-alive\r\n\r\n")
    assert answer.endswith("/page?x=1 None")


def test_a_tunnel_is_made(port: int) -> None:
    answer = through(f"CONNECT 127.0.0.1:{port} HTTP/1.1\r\n\r\n")
    assert answer.startswith("HTTP/1.1 200 Connection established")
    assert answer.endswith("/inside None")


def test_a_host_that_cannot_be_reached_is_said() -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    assert "502 Bad Gateway" in through(f"CONNECT 127.0.0.1:{port} HTTP/1.1\r\n\r\n")


def test_the_machines_own_proxy_is_used(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", f"http://user:word@127.0.0.1:{port}")
    assert through("GET http://example.invalid/page HTTP/1.0\r\n\r\n").endswith("http://example.invalid/page None")


@pytest.mark.parametrize(
    ("exceptions", "host", "direct"),
    [("", "a.example", False), ("*", "a.example", True), ("example", "a.example", True), (".a.example, b", "b", True),
     ("a.example", "ba.example", False), ("127.0.0.1", "127.0.0.1", True), ("*.corp", "x.corp", True)],
)  # fmt: skip
def test_exceptions_of_the_machines_proxy(exceptions: str, host: str, direct: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", exceptions)
    assert goes_direct(host) is direct
