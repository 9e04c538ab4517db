"""Names of secrets, and host names of endpoints."""

from __future__ import annotations

import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from infra_lib import InputError
from infra_lib.workloads.endpoint import Endpoint
from infra_lib.workloads.secrets import patch_with_secret, patch_without_secret, secret_names


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
    ("given", "reason"),
    [
        ("PATH", "finds its programs"),
        ("HOME", "caches"),
        ("CONTAINER_APP_NAME", "Container Apps itself sets"),
        ("container-app-job-execution-name", "Container Apps itself sets"),
    ],
)
def test_a_variable_that_the_container_or_the_service_needs_is_not_replaced(given: str, reason: str) -> None:
    with pytest.raises(InputError, match=f"'{given}' cannot be a secret.*{reason}"):
        patch_with_secret({"properties": {"template": {}}}, [], given, "value")


@pytest.mark.parametrize("given", ["PATH_TO_DATA", "HOMEPAGE", "CONTAINER_APP", "my-path"])
def test_a_variable_that_only_looks_like_it_is_taken(given: str) -> None:
    assert patch_with_secret({"properties": {"template": {}}}, [], given, "value")


class Held:
    """A secret as the service lists it."""

    def __init__(self, name: str) -> None:
        self.name = name

    def as_dict(self) -> dict[str, str]:
        return {"name": self.name, "value": f"value of {self.name}"}


def resource(*, template: dict[str, Any] | None = None, **configuration: Any) -> dict[str, Any]:
    """An app with the secrets hf-token and other."""
    held = {"containers": [{"name": "main", "env": [{"name": "HF_TOKEN", "secretRef": "hf-token"}]}], **(template or {})}
    return {"name": "app", "tags": None, "properties": {"configuration": configuration, "template": held}}


@pytest.mark.parametrize(
    ("current", "user"),
    [
        (
            resource(registries=[{"server": "acr.example.io", "passwordSecretRef": "hf-token"}]),
            "configuration.registries['acr.example.io'].passwordSecretRef",
        ),
        (
            resource(template={"initContainers": [{"name": "first", "env": [{"name": "KEY", "secretRef": "hf-token"}]}]}),
            "template.initContainers['first'].env['KEY'].secretRef",
        ),
        (
            resource(template={"volumes": [{"name": "v", "storageType": "Secret", "secrets": [{"secretRef": "hf-token"}]}]}),
            "template.volumes['v'].secrets[0].secretRef",
        ),
        (
            resource(template={"scale": {"rules": [{"name": "q", "custom": {"auth": [{"secretRef": "hf-token"}]}}]}}),
            "template.scale.rules['q'].custom.auth[0].secretRef",
        ),
        (
            resource(eventTriggerConfig={"scale": {"rules": [{"name": "q", "auth": [{"secretRef": "hf-token"}]}]}}),
            "configuration.eventTriggerConfig.scale.rules['q'].auth[0].secretRef",
        ),
    ],
    ids=["registry", "variable", "volume", "scale rule", "scale rule of a job"],
)
def test_a_secret_that_something_else_uses_stays(current: dict[str, Any], user: str) -> None:
    with pytest.raises(InputError, match=f"something else uses it: {re.escape(user)}\\. Take it out"):
        patch_without_secret(current, [Held("hf-token")], "HF_TOKEN")


def test_a_secret_that_the_sign_in_of_an_app_uses_stays() -> None:
    sign_in = {"authConfigs/current": {"identityProviders": {"x": {"registration": {"clientSecretSettingName": "hf-token"}}}}}
    with pytest.raises(InputError, match=r"uses it: authConfigs/current\.identityProviders\.x\.registration\.clientSecret"):
        patch_without_secret(resource(), [Held("hf-token")], "HF_TOKEN", [sign_in])


def test_removing_leaves_the_other_secrets_variables_and_tags() -> None:
    current = resource()
    current["tags"] = {"infra-lib-secrets": "hf-token other", "team": "a"}
    current["properties"]["template"]["containers"][0]["env"] += [
        {"name": "OTHER", "secretRef": "other"}, {"name": "HF_HOME", "value": "hf-token"},
    ]  # fmt: skip
    patch = patch_without_secret(current, [Held("hf-token"), Held("other")], "hf-token")
    assert patch == {
        "tags": {"infra-lib-secrets": "other", "team": "a"},
        "properties": {
            "configuration": {"secrets": [{"name": "other", "value": "value of other"}]},
            "template": {
                "containers": [
                    {"name": "main", "env": [{"name": "OTHER", "secretRef": "other"}, {"name": "HF_HOME", "value": "hf-token"}]}
                ]
            },
        },
    }


@pytest.mark.parametrize(("held", "there"), [(["b", "a"], "it has a, b"), ([], "it has none")])
def test_a_secret_that_is_not_there(held: list[str], there: str) -> None:
    with pytest.raises(InputError, match=f"'app' has no secret 'hf-token'; {there}"):
        patch_without_secret(resource(), [Held(name) for name in held], "HF_TOKEN")


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
