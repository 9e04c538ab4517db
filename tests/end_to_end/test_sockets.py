"""The same way over real sockets: Target.azure() against the embedded server, which is served on loopback."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from infra_lib.cli.main import run
from infra_lib.deploy.target import Target
from infra_lib.errors import InputError
from infra_lib.local import LocalResourceManager, serve
from infra_lib.workloads.project import Project
from infra_lib.workloads.scaffold import write_project


@pytest.fixture
def target() -> Iterator[Target]:
    manager = LocalResourceManager()
    with serve(manager) as server:
        yield Target.azure(manager.subscription_id, credential=manager.credential(), endpoint=server.url)
    manager.close()


def test_the_sample_is_provisioned_and_settles(target: Target, tmp_path: Path) -> None:
    write_project(tmp_path / "phi")
    project = Project.open(tmp_path / "phi")
    deployment = project.inference.provision(target, resource_group="rg-sockets", location="westeurope")
    assert len(deployment.operations) == 7
    assert deployment.target.startswith("127.0.0.1:")
    config = json.loads((tmp_path / "phi" / "infra" / "inference.config.json").read_text())
    assert all(config.values())
    again = project.inference.provision(target, resource_group="rg-sockets")
    assert again.sent is False
    assert again.outputs == deployment.outputs


def test_loopback_is_reached_past_a_proxy_of_the_environment(
    target: Target, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    write_project(tmp_path / "phi")
    project = Project.open(tmp_path / "phi")
    project.inference.provision(target, resource_group="rg-sockets", location="westeurope")
    assert project.sync(target).verified


def test_an_endpoint_elsewhere_has_to_be_encrypted() -> None:
    with pytest.raises(InputError, match="not encrypted"):
        Target.azure("00000000-0000-0000-0000-000000000000", endpoint="http://example.org")


def test_a_subscription_is_needed_and_is_a_guid(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AZURE_SUBSCRIPTION_ID", raising=False)
    with pytest.raises(InputError, match="AZURE_SUBSCRIPTION_ID"):
        Target.azure()
    with pytest.raises(InputError, match="not a GUID"):
        Target.azure("production")


def test_a_run_that_was_interrupted_is_followed_to_its_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from infra_lib.cli.views import ProgressView

    monkeypatch.delenv("AZURE_SUBSCRIPTION_ID", raising=False)
    write_project(tmp_path / "phi")
    config = tmp_path / "phi" / "infra" / "inference.config.json"
    before = config.read_bytes()
    manager = LocalResourceManager(tmp_path / "store", pace=0.3)
    with serve(manager) as server:
        command = ["provision", "inference", "--project", str(tmp_path / "phi"), "-g", "rg", "-l", "westeurope"]
        command += ["--target", server.url]

        def interrupt(self: object, event: object) -> None:
            raise KeyboardInterrupt

        with monkeypatch.context() as patch:
            patch.setattr(ProgressView, "__call__", interrupt)
            assert run(command) == 130
        assert config.read_bytes() == before
        capsys.readouterr()
        assert run(["plan", *command[1:]]) == 1
        assert "is running" in capsys.readouterr().err
        assert run(command) == 0
        printed = capsys.readouterr().err
        assert "It runs already" in printed
        assert "no deployment was sent" in printed
        assert all(json.loads(config.read_text()).values())
    manager.close()
