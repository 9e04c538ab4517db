"""Which namespaces this machine lets us have: through ``unshare`` of util-linux, which every Linux distribution brings.

Bubblewrap cannot make a mount point in the root, and slirp4netns and pasta come with Podman alone; a fresh machine has neither.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass

LINUX_ONLY = (
    "The local target runs containers' commands on Linux only. Use Linux (WSL 2 on Windows, a virtual machine or a development "
    "container on macOS), or deploy to Azure."
)
_ALWAYS = ("--mount", "--pid", "--fork", "--kill-child")
_USER = ("--user", "--map-root-user")
_TRIAL_SECONDS = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Isolation:
    """A command to put in front of another one, and whether that gets a network of its own."""

    command: tuple[str, ...]
    network: bool


class IsolationError(Exception):
    """This machine cannot run containers' commands; the text says why and what to do."""


def find_isolation() -> Isolation:
    """The best that this machine allows, tried out. Raises IsolationError."""
    if sys.platform != "linux":
        raise IsolationError(LINUX_ONLY)
    unshare = shutil.which("unshare", path=os.environ.get("PATH", "") + ":/usr/bin:/bin")
    if unshare is None:
        raise IsolationError("There is no `unshare`, which the local target runs commands with: install the package util-linux.")
    reason = ""
    users: tuple[tuple[str, ...], ...] = (_USER, ()) if os.geteuid() == 0 else (_USER,)
    for network in (True, False):
        for user in users:
            command = (unshare, *user, *_ALWAYS, *(("--net",) if network else ()), "--")
            trial = subprocess.run(  # noqa: S603 - a fixed command
                [*command, "/bin/sh", "-c", ":"],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=_TRIAL_SECONDS,
                check=False,
            )
            if trial.returncode == 0:
                return Isolation(command=command, network=network)
            reason = reason or trial.stderr.strip()
    raise IsolationError(
        f"This machine does not allow user and mount namespaces, which the local target runs commands in ({reason}). Allow them "
        "(sysctl user.max_user_namespaces, and on Ubuntu kernel.apparmor_restrict_unprivileged_userns=0; in Docker "
        "--security-opt seccomp=unconfined), choose a container engine (--containers docker or podman), or deploy to Azure."
    )
