"""A replica as containers of Docker or Podman, from their images.

Its containers share the network of the first one, which is where its ports are published: a pod's holder would need an image
of its own. So when the first container of an app is started again, the others are as well.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import threading
import time
from pathlib import Path
from typing import Any

from infra_lib.local.replicas.channel import Channel
from infra_lib.local.replicas.container import Container
from infra_lib.local.replicas.engine import (
    FOLDER_LABEL,
    REPLICA_LABEL,
    Engine,
    EngineError,
    last_line,
    mount_option,
    private_folder,
)
from infra_lib.local.replicas.pod import Pod, PodError, run
from infra_lib.local.replicas.probes import Address, diagnose, listening
from infra_lib.local.replicas.root import write_files

PULL_FAILURE = "ImagePullFailure"
_LOOPBACK = "127.0.0.1"
_LOOK_SECONDS = 0.05
# What the engine's own program reads from its environment.
_READ_BY_ENGINE = re.compile(r"(DOCKER_|CONTAINER|XDG_|LD_|STORAGE_|REGISTRY_|GO|TMP|(HTTPS?|NO)_PROXY$)", re.IGNORECASE)


class EngineContainer(Container):
    """A container of the engine; a new one for each start. ``place`` is its number, None for an initial container."""

    pod: EnginePod
    published = True

    def __init__(self, pod: EnginePod, body: dict[str, Any], place: int | None) -> None:
        super().__init__(pod, body)
        self.place = place
        self.label = ""
        self._ports: dict[int, int] = {}
        self._looked = 0.0

    def begin(self) -> subprocess.Popen[bytes]:
        """``run`` in the foreground, so that its output and its end are the container's."""
        engine, body = self.pod.engine, self.body
        self._ports = {}
        arguments = ["run", "--rm", "--pull", "never", *engine.first_process, *self._network()]
        self.label = f"{self.pod.prefix}-{self.name}-{self.restarts}"
        arguments += ["--name", self.label, *self.pod.common]
        for mount in body["mounts"]:
            arguments += ["--mount", mount_option(self.pod.placed(mount))]
        environment = dict(os.environ)
        for name, value in body["env"].items():
            # A secret goes through the engine's environment, so that it stands in no process list.
            hidden = name in body["secretEnv"] and name not in os.environ and not _READ_BY_ENGINE.match(name)
            arguments += ["--env", name if hidden else f"{name}={value}"]
            if hidden:
                environment[name] = value
        command = body["command"]
        if command:
            arguments += ["--entrypoint", command[0]]
        arguments += [body["image"], *command[1:], *body["args"]]
        return subprocess.Popen(  # noqa: S603 - what the user's template says
            [engine.program, *arguments], env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip

    def _network(self) -> list[str]:
        if self.place is None:
            return []
        if self.place:
            return ["--network", f"container:{self.pod.await_first()}"]
        return [word for port in self.pod.ports for word in ("--publish", f"{_LOOPBACK}::{port}")]

    def ended(self) -> None:
        """The network goes with the first container: the others are started again with the new one."""
        if self.place == 0 and not self.pod.spec["once"]:
            for other in self.pod.containers[1:]:
                other.terminate()

    def terminate(self) -> None:
        """Ask the container to end."""
        threading.Thread(target=self.stop, args=(self.label, self.pod.grace), daemon=True).start()

    def stop(self, label: str, grace: float) -> None:
        """End a container; after ``grace`` seconds by force."""
        try:
            self.pod.engine.run("stop", "--time", str(int(grace)), label, timeout=None)
        except EngineError:
            return

    def reach(self, port: int) -> Address | None:
        """Where the port is published; asked for until the engine says so."""
        if self.place:
            first = self.pod.containers[0]
            return first.reach(port)
        if port not in self._ports and time.monotonic() - self._looked > _LOOK_SECONDS:
            self._ports = self.pod.engine.ports(self.label)
            self._looked = time.monotonic()
        return (_LOOPBACK, self._ports[port]) if port in self._ports else None

    def diagnose(self, port: int) -> str:
        """What listens in the container, where its image has a program to look with."""
        if not self._ports:
            return ""
        try:
            tables = self.pod.engine.run("exec", self.label, "cat", "/proc/net/tcp", "/proc/net/tcp6")
        except EngineError:
            return f"Nothing answers on port {port} yet."
        return diagnose(port, listening([tables]))


class EnginePod(Pod):
    """A replica in containers of an engine."""

    containers: list[EngineContainer]
    initial: list[EngineContainer]

    def __init__(self, channel: Channel, spec: dict[str, Any]) -> None:
        super().__init__(channel, spec)
        self.engine = Engine(**spec["engine"])
        self.prefix = f"infra-{spec['name']}"
        self.grace = float(spec["grace"])
        # A share is not relabelled for SELinux: this machine's own programs read it, too.
        self.labels = ["--label", f"{FOLDER_LABEL}={Path(spec['folder']).parent}", "--label", f"{REPLICA_LABEL}={self.prefix}"]
        self.common = [*self.labels, "--security-opt", "label=disable"]
        self._private = private_folder(spec["name"])
        self._private.mkdir(mode=0o700)
        self._pulling: subprocess.Popen[str] | None = None
        self.initial = [EngineContainer(self, body, None) for body in spec["initContainers"]]
        self.containers = [EngineContainer(self, body, place) for place, body in enumerate(spec["containers"])]
        wanted = {probe.port for container in self.containers for probe in container.probes.values()}
        self.ports = sorted({*wanted, int(spec.get("port") or 0)} - {0})

    # ------------------------------------------------------------------------------------------ before it starts

    def prepare(self) -> None:
        """Pull the images that are not on this machine, and make the empty volumes."""
        try:
            self._prepare()
        except EngineError as error:
            raise PodError(f"{self.engine.name} refuses: {error}.") from error

    def _prepare(self) -> None:
        for container in (*self.initial, *self.containers):
            image = container.body["image"]
            if not self.engine.has_image(image):
                self.report(container, state="Waiting", details=f"Pulling image {image}.")
                self._pull(image)
        self.common += self.engine.graphics_cards()
        for volume in self._empty_volumes():
            self.engine.run("volume", "create", *self.labels, volume)

    def _pull(self, image: str) -> None:
        arguments = self.engine.pull_arguments(image, self._private, self.spec["registries"])
        self._pulling = pulling = subprocess.Popen(  # noqa: S603 - our own arguments
            [self.engine.program, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        _, said = pulling.communicate()
        if pulling.returncode != 0 and not self.ending.is_set():
            raise PodError(f"{PULL_FAILURE}: {self.engine.name} cannot pull {image}: {last_line(said)}.")

    def _empty_volumes(self) -> set[str]:
        mounts = [mount for container in (*self.initial, *self.containers) for mount in container.body["mounts"]]
        return {self.placed(mount)["volume"] for mount in mounts if mount.get("volume")}

    def placed(self, mount: dict[str, Any]) -> dict[str, Any]:
        """A mount as the engine takes it: an empty volume by its name there, files in a folder of this machine."""
        if mount.get("volume"):
            return {**mount, "volume": f"{self.prefix}-{mount['volume']}"}
        if "files" not in mount:
            return mount
        folder = self._private / mount["name"]
        if not folder.is_dir():
            folder.mkdir()
            write_files(folder, mount["files"])
        return {"source": str(folder), "target": mount["target"], "readOnly": True}

    def await_first(self) -> str:
        """The engine's name of the first container, once it runs. Raises OSError when the pod ends before."""
        first = self.containers[0]
        while not self.ending.wait(_LOOK_SECONDS):
            try:
                if self.engine.run("inspect", "--format", "{{.State.Running}}", first.label).strip() == "true":
                    return first.label
            except EngineError:
                continue
        raise ConnectionAbortedError("the replica ends")

    # ------------------------------------------------------------------------------------------ its end

    def end(self, grace: float) -> None:
        """Stop the containers at the same time, then remove whatever is left of them."""
        if self._pulling is not None and self._pulling.poll() is None:
            self._pulling.kill()
        running = [item for item in (*self.initial, *self.containers) if item.label]
        stops = [threading.Thread(target=item.stop, args=(item.label, grace)) for item in running]
        for stop in stops:
            stop.start()
        for stop in stops:
            stop.join()
        self.engine.remove(REPLICA_LABEL, self.prefix)
        shutil.rmtree(self._private, ignore_errors=True)


def main() -> None:
    """Run a pod with a container engine."""
    run(EnginePod)
