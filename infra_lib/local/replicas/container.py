"""One container of a replica: its command as often as it has to be started, and its probes. How it is run is a subclass's."""

from __future__ import annotations

import signal
import subprocess
import threading
import time
from abc import ABC, abstractmethod
from pathlib import Path
from typing import TYPE_CHECKING, Any

from infra_lib.local.replicas.logfile import LogFile
from infra_lib.local.replicas.probes import PACE, Address, Probe, read_probes

if TYPE_CHECKING:
    from infra_lib.local.replicas.pod import Pod

_FIRST_BACK_OFF, _LONGEST_BACK_OFF = 0.5, 300.0
_STEADY_SECONDS = 600.0
_LONGEST_LINE = 1 << 16


class Container(ABC):
    """One container. ``body`` is its part of the pod's spec."""

    published = False
    """Whether its ports are reached through a container engine's forwarding."""

    def __init__(self, pod: Pod, body: dict[str, Any]) -> None:
        self.pod = pod
        self.body = body
        self.name: str = body["name"]
        self.probes = read_probes(body, pod.spec.get("port") if body.get("ingress") else None)
        self.log = LogFile(Path(pod.spec["folder"]) / f"{self.name}.log", pod.spec["secrets"])
        self.process: subprocess.Popen[bytes] | None = None
        self.restarts = 0
        self.started = self.ready = False

    # ------------------------------------------------------------------------------------------ how it is run

    @abstractmethod
    def begin(self) -> subprocess.Popen[bytes]:
        """Start the command, its output on a pipe. Raises OSError where it cannot be started."""

    @abstractmethod
    def terminate(self) -> None:
        """Ask what runs to end."""

    @abstractmethod
    def reach(self, port: int) -> Address | None:
        """Where one of its ports is reached from here; None while it is not."""

    @abstractmethod
    def diagnose(self, port: int) -> str:
        """Why a port is not reached, in words; empty where that is not known."""

    # ------------------------------------------------------------------------------------------ running

    def run_once(self) -> int:
        """Run the command to its end; its exit status, below zero for a signal, 127 where it cannot be started."""
        try:
            self.process = process = self.begin()
        except (OSError, subprocess.SubprocessError) as error:
            if not self.pod.ending.is_set():
                what = f"command '{self.body['command'][0]}'" if self.body["command"] else f"image '{self.body['image']}'"
                self.log.write(f"The {what} cannot be started on this machine: {error}.")
            return 127
        reader = threading.Thread(target=self._read, args=(process,), daemon=True)
        reader.start()
        code = process.wait()
        reader.join(timeout=1.0)
        self.started = self.ready = False
        self.ended()
        return code

    def ended(self) -> None:  # noqa: B027 - most have nothing to do
        """Called when a run has ended."""

    def _read(self, process: subprocess.Popen[bytes]) -> None:
        assert process.stdout is not None  # noqa: S101
        with process.stdout as output:
            while line := output.readline(_LONGEST_LINE):
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

    def run_until_done(self) -> int:
        """Run an initial container until it succeeds (for a job: once); its last exit status."""
        while (code := self.run_once()) != 0 and not self.pod.ending.is_set():
            self.pod.report(self, state="Waiting", details=f"The initial container ended with {describe_end(code)}.")
            if self.pod.spec["once"]:
                break
            self.restarts += 1
            self.pod.ending.wait(_FIRST_BACK_OFF * 2 ** min(self.restarts, 9))
        return code

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

    def _asks(self, probe: Probe) -> bool:
        address = self.reach(probe.port)
        return address is not None and probe.succeeds(address, published=self.published)

    def _wait_for(self, probe: Probe, attempt: int, allowance: float | None) -> bool:
        """Ask until it succeeds; False when its time is over or the container has ended."""
        paced: bool = self.pod.spec["paced"]
        if paced:
            self.pod.ending.wait(probe.initial_delay)
        begun, said, succeeded = time.monotonic(), "", 0
        while self._is_current(attempt):
            succeeded = succeeded + 1 if self._asks(probe) else 0
            if succeeded >= probe.successes:
                return True
            waited = time.monotonic() - begun
            if allowance is not None and waited > allowance:
                return False
            if waited > 5 * PACE:
                problem = self.diagnose(probe.port)
                if problem != said and self._is_current(attempt):
                    self.pod.report(self, state="Running", details=problem)
                    said = problem
            self.pod.ending.wait(probe.period if paced else PACE)
        return False

    def _fails(self, probe: Probe, attempt: int) -> bool:
        """Ask at the template's period; True when it has failed too often in a row, False when the container has ended."""
        failed = 0
        while self._is_current(attempt) and not self.pod.ending.wait(probe.period):
            failed = 0 if self._asks(probe) else failed + 1
            if failed >= probe.failures:
                return self._is_current(attempt)
        return False

    def _watch(self, probe: Probe, attempt: int) -> None:
        if not self._wait_for(probe, attempt, probe.allowance) or self._fails(probe, attempt):
            self._end(attempt, probe)

    def _end(self, attempt: int, probe: Probe) -> None:
        if self._is_current(attempt) and self.process is not None:
            self.log.write(f"The {probe.type.lower()} probe failed too often; the container is ended.")
            self.terminate()


def describe_end(code: int) -> str:
    """How a process ended, in words."""
    return f"exit status {code}" if code >= 0 else f"signal {signal.Signals(-code).name}"
