"""Names of secrets, and host names of endpoints."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from infra_lib import InputError
from infra_lib.workloads.endpoint import Endpoint
from infra_lib.workloads.secrets import patch_with_secret, secret_names


@pytest.mark.parametrize(
    ("given", "secret", "variable"),
    [
        ("HF_TOKEN", "hf-token", "HF_TOKEN"),
        ("hf-token", "hf-token", "HF_TOKEN"),
        ("Token", "token", "Token"),
        ("a.b-c", "a.b-c", "A_B_C"),
        ("x1", "x1", "x1"),
    ],
)
def test_a_secret_and_its_environment_variable(given: str, secret: str, variable: str) -> None:
    assert secret_names(given) == (secret, variable)


@pytest.mark.parametrize("given", ["", "my secret", "-x", "x-", "TOKEN_", "ä", "a/b", "x" * 254, "1-a"])
def test_a_name_that_container_apps_or_a_shell_forbids(given: str) -> None:
    with pytest.raises(InputError, match="cannot be"):
        secret_names(given)


@pytest.mark.parametrize("value", ["", "s3cret\0", "s3cret\udcff", 5, None])
def test_a_value_that_no_variable_holds_is_refused_without_being_shown(value: object) -> None:
    with pytest.raises(InputError, match="The value of 'TOKEN'") as caught:
        patch_with_secret({"properties": {"template": {}}}, [], "TOKEN", value)  # type: ignore[arg-type]
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("app.calm-sea-1a2b3c4d.westus3.azurecontainerapps.io", "https://app.calm-sea-1a2b3c4d.westus3.azurecontainerapps.io"),
        ("127.0.0.1:20001", "http://127.0.0.1:20001"),
        ("https://app.example.org/", "https://app.example.org"),
    ],
)
def test_an_endpoint_is_a_whole_url(host: str, url: str) -> None:
    assert Endpoint(host, "ACA_APP_ENDPOINT").url == url


@pytest.mark.parametrize("host", ["not a host", "ftp://x", "host:port", "host:99999", "https://"])
def test_what_is_no_host_name_is_refused(host: str) -> None:
    with pytest.raises(InputError, match="ACA_APP_ENDPOINT is"):
        _ = Endpoint(host, "ACA_APP_ENDPOINT").url


class Answers(BaseHTTPRequestHandler):
    """Answers with the status that the path names; a proxy is asked with the whole URL."""

    def do_GET(self) -> None:
        status = 200 if self.path.startswith("http://") else int(self.path.rpartition("/")[2])
        self.send_response(status)
        self.send_header("Location", "http://127.0.0.1:9/")
        self.end_headers()
        self.wfile.write(b"Azure Container App - Unavailable" if status == 404 else b"")

    def log_message(self, format: str, *args: object) -> None:
        """Says nothing."""


def test_what_answers_is_ready_and_a_proxy_is_used_but_for_loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    with ThreadingHTTPServer(("127.0.0.1", 0), Answers) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"127.0.0.1:{server.server_port}"
        for name in ("http_proxy", "HTTP_PROXY"):
            monkeypatch.setenv(name, "http://127.0.0.1:9")
        ready = {status: Endpoint(f"http://{address}/{status}", "").is_ready() for status in (200, 302, 401, 500, 503, 404, 407)}
        assert ready == {200: True, 302: True, 401: True, 500: True, 503: False, 404: False, 407: False}
        for name in ("http_proxy", "HTTP_PROXY"):
            monkeypatch.setenv(name, f"http://{address}")
        assert Endpoint("http://app.example.invalid", "").is_ready()
        server.shutdown()
    assert not Endpoint(f"http://{address}/200", "").is_ready(timeout=1)
