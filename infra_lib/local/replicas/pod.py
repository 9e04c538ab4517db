"""A replica from within its namespaces: runs the containers' commands, asks their probes, passes connections on."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

from infra_lib.local.replicas.channel import Channel, Message
from infra_lib.local.replicas.logfile import LogFile
from infra_lib.local.replicas.probes import ADDRESS, PACE, Probe, diagnose, read_probes
from infra_lib.local.replicas.relay import relay, respond
from infra_lib.local.replicas.root import build_root
from infra_lib.local.replicas.system import bring_loopback_up

_FIRST_BACK_OFF, _LONGEST_BACK_OFF = 0.5, 300.0
_STEADY_SECONDS = 600.0
_REAP_SECONDS = 5.0
_SHARED_NETWORK = (
    "This machine allows no network namespaces: this runs in the machine's own network, with its ports and what listens on them."
)
_LOOPBACK = "127.0.0.1"


class Container:
    """One container: its command, as often as it has to be started."""

    def __init__(self, pod: Pod, body: dict[str, Any], root: Path) -> None:
        self.pod = pod
        self.body = body
        self.name: str = body["name"]
        self.root = root
        self.probes = read_probes(body, pod.spec.get("port") if body.get("ingress") else None)
        self.log = LogFile(Path(pod.spec["folder"]) / f"{self.name}.log", pod.spec["secrets"])
        self.process: subprocess.Popen[bytes] | None = None
        self.restarts = 0
        self.started = self.ready = False

    def run_once(self) -> int:
        """Run the command to its end; its exit status, below zero for a signal, 127 where it cannot be started."""
        environment = {**self.body["env"], **self.pod.proxy_environment}
        try:
            with self.pod.spawning:
                self.process = process = subprocess.Popen(  # noqa: S603 - what the user's template says
                    self.body["argv"], env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                    stderr=subprocess.STDOUT, preexec_fn=self._enter, start_new_session=True,
                )  # fmt: skip
        except (OSError, subprocess.SubprocessError) as error:
            self.log.write(f"The command '{self.body['argv'][0]}' cannot be started on this machine: {error}.")
            return 127
        reader = threading.Thread(target=self._read, args=(process,), daemon=True)
        reader.start()
        code = process.wait()
        reader.join(timeout=1.0)
        self.started = self.ready = False
        return code

    def _enter(self) -> None:
        os.chroot(self.root)
        os.chdir(self.body.get("workingDir") or "/")

    def _read(self, process: subprocess.Popen[bytes]) -> None:
        assert process.stdout is not None  # noqa: S101
        with process.stdout as output:
            for line in output:
                self.log.write(line.decode("utf-8", "replace").rstrip("\r\n"))

    def keep_running(self) -> None:
        """Start it again whenever it ends, waiting longer each time, until the pod ends."""
        pause = 0.0
        while not self.pod.ending.wait(pause):
            begun = time.monotonic()
            self.pod.report(self, state="Running")
            probing = threading.Thread(target=self._probe, args=(self.restarts,), daemon=True)
            probing.start()
            code = self.run_once()
            if self.pod.ending.is_set():
                return
            self.restarts += 1
            steady = time.monotonic() - begun > _STEADY_SECONDS
            pause = _FIRST_BACK_OFF if steady or not pause else min(pause * 2, _LONGEST_BACK_OFF)
            self.log.write(f"The container ended with {describe_end(code)}; it is started again.")
            self.pod.report(self, state="Waiting", details=f"CrashLoopBackOff: it ended with {describe_end(code)}.")

    # ------------------------------------------------------------------------------------------ probes

    def _is_current(self, attempt: int) -> bool:
        return attempt == self.restarts and not self.pod.ending.is_set()

    def _probe(self, attempt: int) -> None:
        startup, readiness, liveness = (self.probes.get(name) for name in ("startup", "readiness", "liveness"))
        if startup is not None and not self._wait_for(startup, attempt, startup.allowance):
            self._end(attempt, startup)
            return
        if not self._is_current(attempt):
            return
        self.started = True
        if liveness is not None:
            threading.Thread(target=self._watch, args=(liveness, attempt), daemon=True).start()
        while self._is_current(attempt):
            if readiness is not None and not self._wait_for(readiness, attempt, None):
                return
            self.ready = True
            self.pod.report(self, state="Running")
            if readiness is None or not self._fails(readiness, attempt):
                return
            self.ready = False
            self.pod.report(self, state="Running", details="Its readiness probe fails.")

    def _wait_for(self, probe: Probe, attempt: int, allowance: float | None) -> bool:
        """Ask until it succeeds; False when its time is over or the container has ended."""
        paced: bool = self.pod.spec["paced"]
        if paced:
            self.pod.ending.wait(probe.initial_delay)
        begun, said, succeeded = time.monotonic(), "", 0
        while self._is_current(attempt):
            succeeded = succeeded + 1 if probe.succeeds() else 0
            if succeeded >= probe.successes:
                return True
            waited = time.monotonic() - begun
            if allowance is not None and waited > allowance:
                return False
            if waited > 5 * PACE and self.pod.spec["network"]:
                problem = diagnose(probe.port, self.pod.own_ports)
                if problem != said and self._is_current(attempt):
                    self.pod.report(self, state="Running", details=problem)
                    said = problem
            self.pod.ending.wait(probe.period if paced else PACE)
        return False

    def _fails(self, probe: Probe, attempt: int) -> bool:
        """Ask at the template's period; True when it has failed too often in a row, False when the container has ended."""
        failed = 0
        while self._is_current(attempt) and not self.pod.ending.wait(probe.period):
            failed = 0 if probe.succeeds() else failed + 1
            if failed >= probe.failures:
                return self._is_current(attempt)
        return False

    def _watch(self, probe: Probe, attempt: int) -> None:
        if not self._wait_for(probe, attempt, probe.allowance) or self._fails(probe, attempt):
            self._end(attempt, probe)

    def _end(self, attempt: int, probe: Probe) -> None:
        process = self.process
        if self._is_current(attempt) and process is not None:
            self.log.write(f"The {probe.type.lower()} probe failed too often; the container is ended.")
            process.terminate()


def describe_end(code: int) -> str:
    """How a process ended, in words."""
    return f"exit status {code}" if code >= 0 else f"signal {signal.Signals(-code).name}"


class Pod:
    """A replica."""

    def __init__(self, channel: Channel, spec: dict[str, Any]) -> None:
        self.channel = channel
        self.spec = spec
        self.ending = threading.Event()
        self.spawning = threading.Lock()
        self.own_ports: frozenset[int] = frozenset()
        self.proxy_environment: dict[str, str] = {}
        if spec["network"]:
            self._open_network()
        place = Path(spec["folder"]) / "root"
        self.containers: list[Container] = []
        self.initial: list[Container] = []
        for number, body in enumerate([*spec["initContainers"], *spec["containers"]]):
            root = place / str(number)
            root.mkdir(parents=True, exist_ok=True)
            build_root(root, body["mounts"])
            holder = self.initial if number < len(spec["initContainers"]) else self.containers
            holder.append(Container(self, body, root))
        if not spec["network"]:
            self.containers[0].log.write(_SHARED_NETWORK)

    # ------------------------------------------------------------------------------------------ network

    def _open_network(self) -> None:
        bring_loopback_up()
        listener = socket.create_server((_LOOPBACK, 0), backlog=64)
        port = listener.getsockname()[1]
        self.own_ports = frozenset({port})
        login = self.spec.get("proxyLogin") or ""
        url = f"http://{login}{_LOOPBACK}:{port}"
        self.proxy_environment = dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"), url)
        self.proxy_environment |= dict.fromkeys(("NO_PROXY", "no_proxy"), f"localhost,127.0.0.1,{ADDRESS},::1")
        threading.Thread(target=self._hand_out, args=(listener,), daemon=True).start()

    def _hand_out(self, listener: socket.socket) -> None:
        while True:
            connection, _ = listener.accept()
            with connection:
                self.channel.send({"event": "outgoing"}, connection.fileno())

    def _take_in(self, descriptor: int) -> None:
        connection = socket.socket(fileno=descriptor)
        try:
            inside = socket.create_connection((ADDRESS, self.spec["port"]), timeout=10.0)
        except OSError:
            respond(connection, "503 Service Unavailable", f"The app does not answer on port {self.spec['port']}.")
            return
        inside.settimeout(None)
        connection.settimeout(None)
        relay(connection, inside)

    # ------------------------------------------------------------------------------------------ life

    def report(self, container: Container, *, state: str, details: str = "") -> None:
        """Tell the keeper how a container is."""
        self.channel.send(
            {
                "event": "container", "name": container.name, "state": state, "details": details, "restarts": container.restarts,
                "started": container.started, "ready": container.ready,
            }
        )  # fmt: skip

    def start(self) -> None:
        """Run the initial containers one by one, then the others: once for a job, for good for an app."""
        for container in self.initial:
            while not self.ending.is_set() and (code := container.run_once()) != 0:
                self.report(container, state="Waiting", details=f"The initial container ended with {describe_end(code)}.")
                if self.spec["once"]:
                    self.channel.send({"event": "ended", "code": code})
                    return
                container.restarts += 1
                self.ending.wait(_FIRST_BACK_OFF * 2 ** min(container.restarts, 9))
        if not self.spec["once"]:
            for container in self.containers:
                threading.Thread(target=container.keep_running, daemon=True).start()
            return
        codes: list[int] = []

        def run_one(container: Container) -> None:
            codes.append(container.run_once())

        runs = [threading.Thread(target=run_one, args=(container,), daemon=True) for container in self.containers]
        for run, container in zip(runs, self.containers, strict=True):
            self.report(container, state="Running")
            run.start()
        for run in runs:
            run.join()
        self.channel.send({"event": "ended", "code": next((code for code in codes if code != 0), 0)})

    def serve(self) -> None:
        """Follow the keeper until it says to end, or is gone."""
        threading.Thread(target=self.start, daemon=True).start()
        threading.Thread(target=_reap_orphans, args=(self,), daemon=True).start()
        while True:
            received: tuple[Message, int | None] | None = self.channel.receive()
            if received is None or received[0].get("do") == "end":
                break
            message, descriptor = received
            if message.get("do") == "connect" and descriptor is not None:
                threading.Thread(target=self._take_in, args=(descriptor,), daemon=True).start()
        self.end(float(received[0].get("grace", 0.0)) if received is not None else 0.0)

    def end(self, grace: float) -> None:
        """Ask every process of the pod to end; after ``grace`` seconds the namespace's end ends them."""
        self.ending.set()
        if os.getpid() != 1:
            raise RuntimeError("a pod runs in a process namespace of its own")
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        try:
            os.kill(-1, signal.SIGTERM)
        except ProcessLookupError:
            return
        until = time.monotonic() + grace
        while time.monotonic() < until and self._has_others():
            time.sleep(0.01)

    @staticmethod
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


def _reap_orphans(pod: Pod) -> None:
    """Let go of what the containers' processes leave behind: the first process of a namespace inherits it."""
    while not pod.ending.wait(_REAP_SECONDS):
        with pod.spawning:
            mine = {container.process.pid for container in (*pod.containers, *pod.initial) if container.process is not None}
            try:
                while (found := os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)) and found.si_pid not in mine:
                    os.waitpid(found.si_pid, os.WNOHANG)
            except ChildProcessError:
                continue


def main() -> None:
    """Run a pod: the descriptor of its channel is the argument, what it is to be the first message."""
    channel = Channel(socket.socket(fileno=int(sys.argv[1])))
    received = channel.receive()
    if received is None:
        return
    try:
        pod = Pod(channel, received[0])
    except OSError as error:
        channel.send({"event": "failed", "details": f"The container's file system cannot be put together: {error}."})
        return
    pod.serve()
    os._exit(0)
