"""Keeps the replicas of one app, or one execution of a job: a process that outlives the command that started it.

It answers on a control socket in its folder. It ends when it has nothing left to keep, when it is told to, or when its folder
is gone.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from infra_lib.local.replicas import launch
from infra_lib.local.replicas.channel import CONTROL, RESULT, STARTED, VOLUMES, Channel, Message, answer, read_request
from infra_lib.local.replicas.engine import REPLICA_LABEL, Engine, private_folder
from infra_lib.local.replicas.execution import Execution, Run
from infra_lib.local.replicas.proxy import carry_out
from infra_lib.local.replicas.relay import respond

KEPT_REPLICAS = 8
_ENGINE_SECONDS = 20.0
_CRASHES = 3
_LOOK_SECONDS = 1.0
_STOP_SECONDS = 2.0
_ANSWER_SECONDS = 0.2
_DRAIN_SECONDS = 0.5


class Replica:
    """One pod, from outside. ``end`` is the exit status of a job's run, None while it runs."""

    def __init__(self, keeper: Keeper, spec: dict[str, Any], runner: Message) -> None:
        self.name: str = spec["name"]
        self.spec = spec
        self.created = time.time()
        self.containers: dict[str, Message] = {}
        self.failure = ""
        self.end: int | None = None
        self.gone = threading.Event()
        self.over = threading.Event()
        ours, theirs = Channel.pair()
        self.channel = Channel(ours)
        with theirs:
            self._process = subprocess.Popen(  # noqa: S603 - what the user's template says
                [*runner["isolation"], *launch.python(f"infra_lib.local.replicas.{runner['pod']}", str(theirs.fileno()))],
                stdin=subprocess.DEVNULL, pass_fds=[theirs.fileno()],
            )  # fmt: skip
        self.channel.send(spec)
        threading.Thread(target=self._listen, args=(keeper,), daemon=True).start()

    def _listen(self, keeper: Keeper) -> None:
        while (received := self.channel.receive()) is not None:
            message, descriptor = received
            if descriptor is not None:
                threading.Thread(target=carry_out, args=(socket.socket(fileno=descriptor),), daemon=True).start()
            elif message["event"] == "container":
                self.containers[message["name"]] = message
                keeper.noticed(self)
            elif message["event"] == "failed":
                self.failure = message["details"]
                self.over.set()
            else:
                self.end = message["code"]
                self.over.set()
        self._process.wait()
        if not self.failure and self.end is None and not self.gone.is_set():
            self.failure = "It ended unexpectedly."
        self._clear()
        self.gone.set()
        self.over.set()

    def _clear(self) -> None:
        """Drop all of it but its logs; with a container engine what a pod that was ended from outside left behind."""
        for name in ("root", VOLUMES):
            shutil.rmtree(Path(self.spec["folder"]) / name, ignore_errors=True)
        if self.spec.get("engine"):
            Engine(**self.spec["engine"]).remove(REPLICA_LABEL, f"infra-{self.name}")
            shutil.rmtree(private_folder(self.name), ignore_errors=True)

    @property
    def ready(self) -> bool:
        """Whether every container is ready."""
        wanted = len(self.spec["containers"])
        return not self.gone.is_set() and sum(bool(item["ready"]) for item in self.containers.values()) == wanted

    @property
    def restarts(self) -> int:
        """How often its containers were started again, at most."""
        return max((int(item["restarts"]) for item in self.containers.values()), default=0)

    def state(self) -> Message:
        """As the control plane asks for it."""
        failed = bool(self.failure) or (not self.ready and self.restarts >= _CRASHES)
        running = any(item["state"] == "Running" for item in self.containers.values())
        details = self.failure or next((item["details"] for item in self.containers.values() if item["details"]), "")
        return {
            "name": self.name,
            "runningState": "Failed" if failed else "Running" if running else "NotRunning",
            "ready": self.ready,
            "restarts": self.restarts,
            "created": self.created,
            "details": details,
        }

    def stop(self) -> None:
        """End it, and wait until it is gone: for its grace period, and a little for the kernel."""
        grace = float(self.spec["grace"])
        self.channel.send({"do": "end", "grace": grace})
        if not self.gone.wait(grace + (_ENGINE_SECONDS if self.spec.get("engine") else 2.0)):
            self._process.kill()
            self.gone.wait(2.0)


class Keeper:
    """The replicas of one app by revision, and its ingress; or one execution of a job."""

    def __init__(self, folder: Path, control: socket.socket, ingress: socket.socket | None) -> None:
        self.folder = folder
        self.control = control
        self.ingress = ingress
        self.revisions: dict[str, list[Replica]] = {}
        self.weights: dict[str, int] = {}
        self.single = True
        self.stopped = self.leaving = False
        self._lock = threading.RLock()

    # ------------------------------------------------------------------------------------------ control

    def serve(self) -> None:
        """Answer until there is nothing left to keep."""
        if self.ingress is not None:
            threading.Thread(target=self._accept, daemon=True).start()
        threading.Thread(target=self._look, daemon=True).start()
        while True:
            connection, _ = self.control.accept()
            threading.Thread(target=self._control, args=(connection,), daemon=True).start()

    def _control(self, connection: socket.socket) -> None:
        with connection:
            message = read_request(connection)
            if message is None:
                return
            with self._lock:
                if self.leaving:
                    return
            done = {"restart": self._restart, "start": self._start, "stop": self._stop, "run": self._run, "state": self._state}
            answer(connection, done[message["do"]](message))

    def _state(self, _message: Message) -> Message:
        with self._lock:
            return {"revisions": {name: [replica.state() for replica in held] for name, held in self.revisions.items()}}

    def _start(self, message: Message) -> Message:
        """Start a revision that does not run."""
        with self._lock:
            self._take_over(message)
            if message["revision"] not in self.revisions:
                self._renew(message, [])
        return {}

    def _restart(self, message: Message) -> Message:
        """End a revision's replicas, then start new ones: two at a time may not have room on one machine."""
        with self._lock:
            self._take_over(message)
            self._renew(message, self.revisions.get(message["revision"], []))
        return {}

    def _renew(self, message: Message, held: Sequence[Replica]) -> None:
        """Answered before it is done: there may be much to end and to start."""
        self.revisions[message["revision"]] = fresh = list[Replica]()
        threading.Thread(target=self._replace, args=(message, held, fresh), daemon=True).start()

    def _replace(self, message: Message, held: Sequence[Replica], fresh: list[Replica]) -> None:
        end_all(held)
        for spec in message["replicas"] if message["network"] else message["replicas"][:1]:
            with self._lock:
                # Another request may have come: what this one wanted is not wanted any more.
                if self.revisions.get(message["revision"]) is not fresh:
                    return
                fresh.append(self._launch(message, spec))
        self._forget_logs()

    def _take_over(self, message: Message) -> None:
        self.weights, self.single, self.stopped = message["weights"], message["single"], False

    def _launch(self, message: Message, spec: dict[str, Any]) -> Replica:
        return Replica(self, {**spec, "network": message["network"]}, message["runner"])

    def _stop(self, message: Message) -> Message:
        """End a revision's replicas, or all; answered when they are gone, or soon."""
        with self._lock:
            names = [message["revision"]] if message.get("revision") else [*self.revisions]
            held = [replica for name in names for replica in self.revisions.pop(name, [])]
            self.stopped = not self.revisions
        ended = threading.Event()
        threading.Thread(target=self._end, args=(held, ended), daemon=True).start()
        return {"ended": ended.wait(_STOP_SECONDS)}

    def _end(self, held: Sequence[Replica], ended: threading.Event) -> None:
        """End replicas; this process too, when nothing is left to keep."""
        end_all(held)
        with self._lock:
            if not self.stopped or self.revisions:
                ended.set()
                return
            self._close()
        ended.set()
        time.sleep(_ANSWER_SECONDS)
        os._exit(0)

    def noticed(self, replica: Replica) -> None:
        """A replica's state changed: once the latest revision is ready, the ones before it end (in the single mode)."""
        if not replica.ready or not self.single:
            return
        with self._lock:
            latest = next((name for name, held in self.revisions.items() if replica in held), None)
            if latest is None or latest not in self.weights:
                return
            old = [name for name in self.revisions if name != latest]
            held = [other for name in old for other in self.revisions.pop(name)]
        if held:
            threading.Thread(target=drain, args=(held,), daemon=True).start()

    # ------------------------------------------------------------------------------------------ ingress

    def _accept(self) -> None:
        assert self.ingress is not None  # noqa: S101
        while True:
            try:
                connection, _ = self.ingress.accept()
            except OSError:
                return
            chosen = self._choose()
            if chosen is None:
                nothing = (connection, "503 Service Unavailable", "The app has no replica that is ready.")
                threading.Thread(target=respond, args=nothing, daemon=True).start()
                continue
            with connection:
                chosen.channel.send({"do": "connect"}, connection.fileno())

    def _choose(self) -> Replica | None:
        """A ready replica of a revision chosen by weight; while the latest one is not ready, of the one before it."""
        with self._lock:
            found = {name: [item for item in held if item.ready] for name, held in self.revisions.items()}
        ready = {name: held for name, held in found.items() if held}
        weighted = [name for name in ready if self.weights.get(name)]
        if weighted:
            return random.choice(ready[random.choices(weighted, [self.weights[name] for name in weighted])[0]])
        return random.choice([*ready.values()][-1]) if ready and self.single else None

    # ------------------------------------------------------------------------------------------ a job's execution

    def _run(self, message: Message) -> Message:
        threading.Thread(target=self._execute, args=(message,), daemon=True).start()
        return {}

    def _execute(self, message: Message) -> None:
        revision = message["revision"]

        def begin(spec: dict[str, Any]) -> Replica | None:
            with self._lock:
                if self.stopped:
                    return None
                with (self.folder / STARTED).open("a") as names:
                    names.write(f"{spec['name']}\n")
                replica = self._launch(message, spec)
                self.revisions[revision] = [*self.revisions.get(revision, []), replica]
                return replica

        def ended(replica: Run) -> None:
            with self._lock:
                if revision in self.revisions:
                    self.revisions[revision] = [item for item in self.revisions[revision] if item is not replica]

        outcome = Execution(message, begin, ended).run()
        if outcome is not None and not self.stopped:
            self._finish(*outcome)

    def _finish(self, status: str, details: str) -> None:
        write_result(self.folder, status, details)
        with self._lock:
            self._close()
        os._exit(0)

    # ------------------------------------------------------------------------------------------ the end

    def _forget_logs(self) -> None:
        """Drop the logs of an app's replicas long gone."""
        with self._lock:
            running = {replica.name for held in self.revisions.values() for replica in held}
        folders = [item for item in self.folder.iterdir() if item.is_dir()]
        logs = sorted(folders, key=lambda item: item.stat().st_mtime, reverse=True)
        for folder in logs[KEPT_REPLICAS:]:
            if folder.name not in running:
                shutil.rmtree(folder, ignore_errors=True)

    def _look(self) -> None:
        """End when the folder is gone, or another keeper has taken it over."""
        mine = (self.folder / CONTROL).stat().st_ino
        while True:
            time.sleep(_LOOK_SECONDS)
            try:
                still = (self.folder / CONTROL).stat().st_ino == mine
            except OSError:
                still = False
            if not still:
                with self._lock:
                    held = [replica for replicas in self.revisions.values() for replica in replicas]
                end_all(held)
                os._exit(0)

    def _close(self) -> None:
        """Answer nothing any more, and give the port free: from here on, another keeper may take over."""
        self.leaving = True
        (self.folder / CONTROL).unlink(missing_ok=True)
        if self.ingress is not None:
            self.ingress.shutdown(socket.SHUT_RDWR)
            self.ingress.close()


def drain(replicas: Sequence[Replica]) -> None:
    """End replicas that get no new connections any more, once those that they just got have been answered."""
    time.sleep(_DRAIN_SECONDS)
    end_all(replicas)


def end_all(replicas: Sequence[Replica]) -> None:
    """End replicas at the same time, and wait until they are gone."""
    endings = [threading.Thread(target=replica.stop) for replica in replicas]
    for ending in endings:
        ending.start()
    for ending in endings:
        ending.join()


def write_result(folder: Path, status: str, details: str) -> None:
    """Keep how an execution ended, for when nobody is there to ask."""
    draft = folder / f"{RESULT}.new"
    draft.write_text(json.dumps({"status": status, "endTime": time.time(), "details": details}))
    os.replace(draft, folder / RESULT)


def main() -> None:
    """Run a keeper: its folder and the descriptors of its control socket and of its ingress (-1: none) are the arguments."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.chdir("/")
    folder, control, ingress = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    listener = socket.socket(fileno=ingress) if ingress >= 0 else None
    Keeper(folder, socket.socket(fileno=control), listener).serve()
