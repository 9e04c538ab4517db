"""Docker and Podman, through their command line, which is the same for what is needed here."""

from __future__ import annotations

import base64
import csv
import io
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from infra_lib.local.replicas.isolation import LINUX_ONLY

ENGINES = ("docker", "podman")
FOLDER_LABEL, REPLICA_LABEL = "infra-lib.folder", "infra-lib.replica"
"""The labels of every container and volume of ours: the folder of the app or execution, and the replica."""
# Docker keeps the login to its own registry under another name than that registry's.
_HUB, _HUB_KEY = ("docker.io", "index.docker.io", "registry-1.docker.io"), "https://index.docker.io/v1/"
_ANSWER_SECONDS = 20.0
_REMOVE_SECONDS = 60.0
_MEMORY = Path("/dev/shm")  # noqa: S108 - memory, for what must not be written to a disk
# Where the NVIDIA container toolkit describes the cards for Podman (cncf-tags/container-device-interface).
_CDI = ("/etc/cdi", "/var/run/cdi")
# Podman looks for its first process in these places; Docker brings its own.
_CATATONIT = (
    "/usr/libexec/podman",
    "/usr/lib/podman",
    "/usr/local/libexec/podman",
    "/usr/local/lib/podman",
    "/usr/libexec/catatonit",
)


class EngineError(Exception):
    """The container engine is not there or does not do what it should; the text says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Engine:
    """A container engine: its name and the path of its program."""

    name: str
    program: str

    def run(self, *arguments: str, timeout: float | None = _ANSWER_SECONDS) -> str:
        """What a command prints. Raises EngineError with the last thing that it says when it fails."""
        try:
            done = subprocess.run(  # noqa: S603 - our own arguments
                [self.program, *arguments], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=timeout, check=False
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise EngineError(f"`{self.name} {arguments[0]}` does not answer: {error}") from error
        if done.returncode != 0:
            raise EngineError(last_line(done.stderr) or f"`{self.name} {arguments[0]}` ended with status {done.returncode}")
        return done.stdout

    def has_image(self, image: str) -> bool:
        """Whether an image is on this machine."""
        try:
            self.run("image", "inspect", "--format", "{{.Id}}", image)
        except EngineError:
            return False
        return True

    def pull_arguments(self, image: str, folder: Path, registries: Iterable[Mapping[str, str]]) -> list[str]:
        """The arguments that pull an image, signed in to ``registries`` by files in ``folder``, else as the user is."""
        hub = _HUB_KEY if self.name == "docker" else "docker.io"
        logins = {
            hub if item["server"] in _HUB else item["server"]: {"auth": _encode(f"{item['username']}:{item['password']}")}
            for item in registries
        }
        if not logins:
            return ["pull", "--quiet", image]
        (folder / "config.json").write_text(json.dumps({"auths": logins}))
        if self.name == "podman":
            return ["pull", "--quiet", "--authfile", str(folder / "config.json"), image]
        # A configuration of ours hides the user's, and with it the endpoint that the user has chosen.
        endpoint = self.run("context", "inspect", "--format", "{{.Endpoints.docker.Host}}").strip()
        return ["--config", str(folder), "--host", endpoint, "pull", "--quiet", image]

    @property
    def first_process(self) -> tuple[str, ...]:
        """The option for a first process that passes signals on, without which a shell does not end when it is asked to."""
        places = [Path(item) / "catatonit" for item in _CATATONIT]
        there = self.name == "docker" or shutil.which("catatonit") or any(place.is_file() for place in places)
        return ("--init",) if there else ()

    def graphics_cards(self) -> tuple[str, ...]:
        """The options that pass on this machine's NVIDIA cards, where its container toolkit is set up for the engine."""
        if self.name == "podman":
            described = (item for folder in _CDI for item in Path(folder).glob("*nvidia*"))
            return ("--device", "nvidia.com/gpu=all") if next(described, None) else ()
        try:
            runtimes = json.loads(self.run("info", "--format", "{{json .Runtimes}}") or "null")
        except (EngineError, json.JSONDecodeError):
            return ()
        return ("--gpus", "all") if "nvidia" in (runtimes or {}) else ()

    def ports(self, container: str) -> dict[int, int]:
        """The loopback ports that a container's TCP ports are published at, by the container's; none while it does not run."""
        try:
            lines = self.run("port", container).splitlines()
        except EngineError:
            return {}
        pairs = (line.partition("/tcp -> ") for line in lines if "/tcp -> " in line)
        return {int(inside): int(outside.rpartition(":")[2]) for inside, _, outside in pairs}

    def remove(self, label: str, value: str) -> None:
        """Remove the containers and volumes with a label, whatever state they are in."""
        chosen = ("--quiet", "--filter", f"label={label}={value}")
        for listing, removal in (
            (("ps", "--all"), ("rm", "--force", "--volumes")),
            (("volume", "ls"), ("volume", "rm", "--force")),
        ):
            try:
                found = self.run(*listing, *chosen).split()
                if found:
                    self.run(*removal, *found, timeout=_REMOVE_SECONDS)
            except EngineError:
                continue


def find_engine(name: str) -> Engine:
    """An engine that answers. Raises EngineError, in words."""
    if sys.platform != "linux":
        raise EngineError(LINUX_ONLY)
    program = shutil.which(name)
    if program is None:
        raise EngineError(
            f"There is no `{name}` on this machine: install it, or choose 'process' ({' or '.join(_others(name))})."
        )
    engine = Engine(name=name, program=program)
    try:
        engine.run("ps", "--quiet")
    except EngineError as error:
        raise EngineError(f"`{name}` is here, but does not answer: {error}. Start it, or choose 'process'.") from error
    return engine


def mount_option(mount: Mapping[str, Any]) -> str:
    """The value of ``--mount`` for a mount of the pod's spec: fields as in CSV, so that any path can stand there."""
    fields = ["type=volume" if mount.get("volume") else "type=bind", f"source={mount.get('volume') or mount['source']}"]
    fields += [f"target={mount['target']}"] + (["readonly"] if mount.get("readOnly") else [])
    text = io.StringIO()
    csv.writer(text, lineterminator="").writerow(fields)
    return text.getvalue()


def private_folder(replica: str) -> Path:
    """Where a replica has what only this user may see: in memory where there is such a place. Not made here."""
    return (_MEMORY if os.access(_MEMORY, os.W_OK) else Path(tempfile.gettempdir())) / f"infra-{replica}"


def last_line(text: str) -> str:
    """The last line that says something, without its full stop."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1].rstrip(".") if lines else ""


def _encode(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def _others(name: str) -> list[str]:
    return [f"'{other}'" for other in ENGINES if other != name]
