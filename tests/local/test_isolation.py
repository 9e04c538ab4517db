"""Machines that cannot run containers' commands are told why, and what to do."""

from __future__ import annotations

import shutil
import subprocess
import sys

import pytest

from infra_lib.local.replicas.engine import EngineError, find_engine
from infra_lib.local.replicas.isolation import IsolationError, find_isolation


def test_other_systems_than_linux_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    with pytest.raises(IsolationError, match="on Linux only"):
        find_isolation()


def test_other_systems_than_linux_are_named_for_container_engines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    with pytest.raises(EngineError, match="on Linux only"):
        find_engine("docker")


def test_a_missing_unshare_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(shutil, "which", lambda *_arguments, **_options: None)
    with pytest.raises(IsolationError, match="install the package util-linux"):
        find_isolation()


def has_user_namespaces() -> bool:
    found = shutil.which("unshare")
    return found is not None and subprocess.run([found, "-Urm", "true"], capture_output=True, check=False).returncode == 0


@pytest.mark.skipif(
    not has_user_namespaces(),
    reason="this machine allows no user namespaces, so that they cannot be taken away",
)
@pytest.mark.parametrize(
    ("limit", "user", "said"),
    [
        ("max_user_namespaces", ["unshare", "--user", "--map-user=1000"], "does not allow user and mount namespaces"),
        ("max_net_namespaces", [], "network=False"),
    ],
)
def test_what_the_machine_does_not_allow(limit: str, user: list[str], said: str) -> None:
    code = (
        "from infra_lib.local.replicas import isolation\n"
        "try: print(isolation.find_isolation())\n"
        "except isolation.IsolationError as error: print(error)"
    )
    # One user namespace more is needed to become an ordinary user; it is the last one that is allowed.
    allowed = len(user[:1])
    script = f'echo {allowed} > /proc/sys/user/{limit}; exec "$@"'
    command = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", script, "sh", *user, sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert said in done.stdout, done.stdout + done.stderr
