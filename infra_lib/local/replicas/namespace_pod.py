"""A replica as processes of this machine, from within its namespaces: the containers' commands with this machine's programs."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from infra_lib.local.replicas.channel import VOLUMES, Channel
from infra_lib.local.replicas.container import Container
from infra_lib.local.replicas.pod import Pod, run
from infra_lib.local.replicas.probes import Address, diagnose, listening
from infra_lib.local.replicas.root import build_root
from infra_lib.local.replicas.system import bring_loopback_up

_REAP_SECONDS = 5.0
_SHARED_NETWORK = (
    "This machine allows no network namespaces: this runs in the machine's own network, with its ports and what listens on them."
)
_LOOPBACK = "127.0.0.1"
# An app that listens on 127.0.0.1 alone is not reached here, one that listens on 0.0.0.0 is: as from outside a container.
_OUTSIDE = "127.0.0.2"


class NamespaceContainer(Container):
    """A container's command in a root of its own."""

    pod: NamespacePod

    def __init__(self, pod: NamespacePod, body: dict[str, Any], root: Path) -> None:
        super().__init__(pod, body)
        self.root = root

    def begin(self) -> subprocess.Popen[bytes]:
        """Start the command within the container's root."""
        with self.pod.spawning:
            self.process = subprocess.Popen(  # noqa: S603 - what the user's template says
                [*self.body["command"], *self.body["args"]], env={**self.body["env"], **self.pod.proxy_environment},
                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, preexec_fn=self._enter,
                start_new_session=True,
            )  # fmt: skip
        return self.process

    def _enter(self) -> None:
        os.chroot(self.root)
        os.chdir("/")

    def terminate(self) -> None:
        """Ask the command's process to end."""
        if self.process is not None:
            self.process.terminate()

    def reach(self, port: int) -> Address | None:
        """Where an app that listens on all addresses answers."""
        return (_OUTSIDE, port)

    def diagnose(self, port: int) -> str:
        """What listens in the pod's network, where it has one."""
        if not self.pod.spec["network"]:
            return ""
        ports = listening(_read_tables())
        return diagnose(port, {number: reached for number, reached in ports.items() if number not in self.pod.own_ports})


class NamespacePod(Pod):
    """A replica in namespaces; it is their first process."""

    def __init__(self, channel: Channel, spec: dict[str, Any]) -> None:
        super().__init__(channel, spec)
        self.spawning = threading.Lock()
        self.own_ports: frozenset[int] = frozenset()
        self.proxy_environment: dict[str, str] = {}
        if spec["network"]:
            self._open_network()
        place = Path(spec["folder"]) / "root"
        made: list[NamespaceContainer] = []
        for number, body in enumerate([*spec["initContainers"], *spec["containers"]]):
            root = place / str(number)
            root.mkdir(parents=True, exist_ok=True)
            build_root(root, [self._placed(mount) for mount in body["mounts"]])
            made.append(NamespaceContainer(self, body, root))
        first = len(spec["initContainers"])
        self.initial, self.containers = made[:first], made[first:]
        if not spec["network"]:
            made[first].log.write(_SHARED_NETWORK)

    def _placed(self, mount: dict[str, Any]) -> dict[str, Any]:
        """A mount with its source: an empty volume is a folder of the replica, which its containers share."""
        if not mount.get("volume"):
            return mount
        folder = Path(self.spec["folder"]) / VOLUMES / mount["volume"] / mount["below"]
        folder.mkdir(parents=True, exist_ok=True)
        return {"source": str(folder), "target": mount["target"]}

    def _open_network(self) -> None:
        bring_loopback_up()
        listener = socket.create_server((_LOOPBACK, 0), backlog=64)
        port = listener.getsockname()[1]
        self.own_ports = frozenset({port})
        login = self.spec.get("proxyLogin") or ""
        url = f"http://{login}{_LOOPBACK}:{port}"
        self.proxy_environment = dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"), url)
        self.proxy_environment |= dict.fromkeys(("NO_PROXY", "no_proxy"), f"localhost,{_LOOPBACK},{_OUTSIDE},::1")
        threading.Thread(target=self._hand_out, args=(listener,), daemon=True).start()

    def _hand_out(self, listener: socket.socket) -> None:
        while True:
            connection, _ = listener.accept()
            with connection:
                self.channel.send({"event": "outgoing"}, connection.fileno())

    def prepare(self) -> None:
        """Begin to let go of what the containers' processes leave behind."""
        threading.Thread(target=self._reap_orphans, daemon=True).start()

    def _reap_orphans(self) -> None:
        """The first process of a namespace inherits what has lost its parent."""
        while not self.ending.wait(_REAP_SECONDS):
            with self.spawning:
                mine = {item.process.pid for item in (*self.containers, *self.initial) if item.process is not None}
                try:
                    while (found := os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)) and found.si_pid not in mine:
                        os.waitpid(found.si_pid, os.WNOHANG)
                except ChildProcessError:
                    continue

    def end(self, grace: float) -> None:
        """Ask every process of the pod to end; after ``grace`` seconds the namespace's end ends them."""
        if os.getpid() != 1:
            raise RuntimeError("a pod runs in a process namespace of its own")
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        try:
            os.kill(-1, signal.SIGTERM)
        except ProcessLookupError:
            return
        until = time.monotonic() + grace
        while time.monotonic() < until and _has_others():
            time.sleep(0.01)


def _read_tables() -> Iterator[str]:
    for table in ("/proc/self/net/tcp", "/proc/self/net/tcp6"):
        try:
            yield Path(table).read_text()
        except OSError:
            continue


def _has_others() -> bool:
    try:
        os.kill(-1, 0)
    except ProcessLookupError:
        return False
    # What has ended is still counted until it is reaped; orphans become ours.
    while True:
        try:
            pid, _ = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return False
        if pid == 0:
            return True


def main() -> None:
    """Run a pod in the namespaces that this process was started in."""
    run(NamespacePod)
