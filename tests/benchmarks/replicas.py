"""Apps that run on the local target: from a restart to an answer."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

from tests.benchmarks.harness import Row, pair

_POLL_SECONDS = 0.2
_PORT = 7860


def rows() -> Iterator[Row]:
    """The rows of this group."""
    yield restart_to_ready()


def restart_to_ready() -> Row:
    """Restart the app of a project and wait until it answers; the same command started by hand and asked every 0.2 s."""
    from infra_lib import ParameterFile, Project, Target
    from infra_lib.workloads.scaffold import write_project

    folder = Path(tempfile.mkdtemp())
    os.environ["INFRA_CONFIG_HOME"] = str(folder / "config")
    project = Project.open(write_project(folder / "phi").folder)
    path = project.parameters_path("inference")
    file = ParameterFile.load(path)
    file["defaultCommands"] = ["cd /mount/inference", f"python3 -m http.server {_PORT}"]
    file.save()
    with Target.local(project.store) as target:
        project.inference.provision(target, resource_group="rg", location="westeurope")
        project.sync(target)

        def ours() -> None:
            project.inference.deploy(target, sync=False)

        def peer() -> None:
            by_hand(folder / "phi" / "inference")

        try:
            return pair("restart to ready (http.server)", ours, "the same command by hand, polled", peer, bound=2.0)
        finally:
            if target.manager is not None:
                target.manager.reset()
            shutil.rmtree(folder, ignore_errors=True)


def by_hand(folder: Path) -> None:
    """Start the command, poll it until it answers, end it."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = subprocess.Popen(
        ["/bin/bash", "-c", f"cd {folder}; exec python3 -m http.server {port} --bind 127.0.0.1"],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        while True:
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=5):
                    return
            except (urllib.error.URLError, OSError):
                time.sleep(_POLL_SECONDS)
    finally:
        process.terminate()
        process.wait()
