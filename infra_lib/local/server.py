"""The same service on loopback HTTP or HTTPS, for clients in other processes and in other languages."""

from __future__ import annotations

import io
import socket
import ssl
import sys
import threading
from collections.abc import Callable, Iterable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from infra_lib.errors import InputError

if TYPE_CHECKING:
    from infra_lib.local.manager import LocalResourceManager

LOOPBACK = ("127.0.0.1", "localhost", "::1")
_IDLE_SECONDS = 60


class _Handler(BaseHTTPRequestHandler):
    """One connection: HTTP/1.1, kept alive. Reads a request whole, hands it to the application, writes the answer at once."""

    protocol_version = "HTTP/1.1"
    server_version = "infra-local"
    sys_version = ""
    timeout = _IDLE_SECONDS
    disable_nagle_algorithm = True
    wbufsize = -1
    server: _HttpServer

    def _answer(self) -> None:
        try:
            body = self._read_body()
        except ValueError:
            self.close_connection = True
            self.send_error(400, "The request's length is not a number.")
            return
        path, _, query = self.path.partition("?")
        environ: dict[str, Any] = {
            "REQUEST_METHOD": self.command,
            "SCRIPT_NAME": "",
            "PATH_INFO": unquote(path, "latin-1"),
            "QUERY_STRING": query,
            "RAW_URI": self.path,
            "SERVER_NAME": self.server.server_name,
            "SERVER_PORT": str(self.server.server_port),
            "SERVER_PROTOCOL": self.request_version,
            "REMOTE_ADDR": self.client_address[0],
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "CONTENT_LENGTH": str(len(body)),
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": self.server.scheme,
            "wsgi.input": io.BytesIO(body),
            "wsgi.errors": sys.stderr,
            "wsgi.multithread": True,
            "wsgi.multiprocess": False,
            "wsgi.run_once": False,
        }
        for name, value in self.headers.items():
            key = name.upper().replace("-", "_")
            if key not in ("CONTENT_TYPE", "CONTENT_LENGTH"):
                environ[f"HTTP_{key}"] = value
        self._chunked = False
        for part in self.server.application(environ, self._start):
            self.wfile.write(b"%x\r\n%s\r\n" % (len(part), part) if self._chunked else part)
            if self._chunked:
                self.wfile.flush()
        if self._chunked:
            self.wfile.write(b"0\r\n\r\n")
        self.wfile.flush()

    def _start(self, status: str, headers: list[tuple[str, str]]) -> None:
        code, _, phrase = status.partition(" ")
        self.send_response_only(int(code), phrase)
        for name, value in headers:
            if not (code == "204" and name.lower() == "content-length"):
                self.send_header(name, value)
        self._chunked = code != "204" and not any(name.lower() == "content-length" for name, _ in headers)
        if self._chunked:
            self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()

    def _read_body(self) -> bytes:
        if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        parts = []
        while size := int(self.rfile.readline().split(b";")[0], 16):
            parts.append(self.rfile.read(size))
            self.rfile.readline()
        while self.rfile.readline().strip():
            pass
        return b"".join(parts)

    do_GET = do_HEAD = do_PUT = do_PATCH = do_POST = do_DELETE = _answer  # noqa: N815 - the base class looks for these names

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing is logged: requests may carry secrets."""


class _HttpServer(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128
    scheme = "http"

    def __init__(self, address: tuple[str, int], application: Callable[..., Iterable[bytes]]) -> None:
        self.application = application
        self.address_family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        super().__init__(address, _Handler)

    def server_bind(self) -> None:
        """Bind without looking up the host's name, which may take seconds."""
        socket.socket.bind(self.socket, self.server_address)
        self.server_address = self.socket.getsockname()
        self.server_name, self.server_port = str(self.server_address[0]), int(self.server_address[1])

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is no error of the service's; anything else is shown."""
        if not isinstance(sys.exc_info()[1], ConnectionError | TimeoutError):
            super().handle_error(request, client_address)


class Server:
    """A served manager. ``url`` is its base; ``certificate`` what a client has to trust when it is https, else None."""

    def __init__(self, manager: LocalResourceManager, host: str, port: int, certificate: tuple[Path, Path] | None = None) -> None:
        if host not in LOOPBACK:
            raise InputError(f"The local target is served on loopback only ({', '.join(LOOPBACK)}), not on {host}.")
        self.manager = manager
        try:
            self._server = _HttpServer((host, port), manager.service)
        except OSError as error:
            raise InputError(
                f"Port {port} of {host} cannot be served: {error.strerror}. Choose another one, or 0 for any."
            ) from error
        self.certificate = certificate[0] if certificate is not None else None
        if certificate is not None:
            tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            tls.load_cert_chain(*certificate)
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True, do_handshake_on_connect=False)
            self._server.scheme = "https"
        shown = f"[{host}]" if ":" in host else host
        self.url = f"{self._server.scheme}://{shown}:{self._server.server_port}"
        self._thread: threading.Thread | None = None

    def start(self) -> Server:
        """Serve in a thread of its own."""
        self._thread = threading.Thread(target=self.serve_forever, name="local-resource-manager", daemon=True)
        self._thread.start()
        return self

    def serve_forever(self) -> None:
        """Serve until :meth:`stop` is called from another thread."""
        self._server.serve_forever(poll_interval=0.05)

    def stop(self) -> None:
        """Stop serving. The manager stays open."""
        if self._thread is not None:
            self._server.shutdown()
            self._thread.join()
            self._thread = None
        self._server.server_close()

    def __enter__(self) -> Server:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


def serve(manager: LocalResourceManager, host: str = "127.0.0.1", port: int = 0, *, tls: bool = False) -> Server:
    """Serve ``manager`` on loopback, in a thread; ``port`` 0 takes a free one. ``tls``: under a certificate of its own.

    Raises InputError for a host that is not loopback, and for a port that is taken.
    """
    certificate = None
    if tls:
        from infra_lib.local.certificates import loopback_certificate

        certificate = loopback_certificate()
    return Server(manager, host, port, certificate).start()
