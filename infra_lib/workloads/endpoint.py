"""The URL of the web API, and whether it answers."""

from __future__ import annotations

import http.client
import time
from urllib.parse import urlsplit

from infra_lib.errors import DeploymentError, InputError
from infra_lib.workloads.live import pauses

WAIT_SECONDS = 600.0
_TRY_SECONDS = 10.0
_LOOPBACK = ("127.0.0.1", "localhost", "::1")
_NOT_YET = frozenset({502, 503, 504})
_PROXY_SIGN_IN = 407
# What Azure's ingress answers for an app that is stopped or not there (yet): a page that says so.
_UNROUTED, _UNROUTED_PAGE, _PAGE_BYTES = 404, b"Azure Container App", 1 << 16


class Endpoint:
    """Where the web API answers. ``host`` is a host name with or without a port, or a whole URL."""

    def __init__(self, host: str, source: str) -> None:
        text = host if "://" in host else f"{'http' if urlsplit(f'//{host}').hostname in _LOOPBACK else 'https'}://{host}"
        try:
            parts = urlsplit(text)
            usable = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port is None or parts.port > 0)
        except ValueError:
            usable = False
        if not usable or any(character.isspace() for character in host):
            raise InputError(f"{source} is '{host}', which is no host name such as app.example.org or 127.0.0.1:20000.")
        self.url = text.rstrip("/")
        self._parts = parts

    def __repr__(self) -> str:
        return f"Endpoint({self.url})"

    def is_ready(self, *, timeout: float = _TRY_SECONDS) -> bool:
        """Ask once: True when something answers that is not the ingress saying that there is no app (yet)."""
        status = self._status(timeout)
        return status is not None and status not in _NOT_YET

    def wait(self, timeout: float = WAIT_SECONDS) -> None:
        """Wait until it answers. Raises DeploymentError after ``timeout`` seconds."""
        began = time.monotonic()
        for passed in pauses(timeout):
            if self.is_ready(timeout=min(_TRY_SECONDS, max(timeout - passed, 0.1))):
                return
        raise DeploymentError(
            f"{self.url} does not answer after {time.monotonic() - began:.0f} s.",
            ["Look at `infra logs inference`, and run `infra deploy inference` again."],
        )

    def open(self) -> bool:
        """Open it in the browser; False where there is none."""
        import webbrowser

        return webbrowser.open(self.url)

    def _status(self, timeout: float) -> int | None:
        """The status of an answer to GET, a redirection's too; None when nothing answers. Past proxies on loopback alone."""
        import urllib.error
        import urllib.request

        class Redirections(urllib.request.HTTPRedirectHandler):
            def redirect_request(self, *_arguments: object) -> None:
                """They are an answer: not followed."""

        proxies = urllib.request.ProxyHandler({} if self._parts.hostname in _LOOPBACK else None)
        opener = urllib.request.build_opener(proxies, Redirections)
        try:
            try:
                request = urllib.request.Request(self.url, headers={"Connection": "close"})  # noqa: S310 - http(s), see __init__
                answer = opener.open(request, timeout=timeout)
            except urllib.error.HTTPError as error:
                answer = error
            with answer:
                status: int = answer.status
                unrouted = status == _UNROUTED and _UNROUTED_PAGE in answer.read(_PAGE_BYTES)
        except (OSError, http.client.HTTPException):
            return None
        return None if unrouted or status == _PROXY_SIGN_IN else status
