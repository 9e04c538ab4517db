"""The control plane's side: tells keepers what is wanted, asks them what is, and starts them."""

from __future__ import annotations

import json
import os
import re
import secrets
import shutil
import socket
import string
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from infra_lib.local.addresses import parse
from infra_lib.local.protocol import ServiceError
from infra_lib.local.replicas import launch
from infra_lib.local.replicas.channel import CONTROL, ENGINE, RESULT, STARTED, Message, UnansweredError, ask, listen
from infra_lib.local.replicas.engine import ENGINES, FOLDER_LABEL, EngineError, find_engine, private_folder
from infra_lib.local.replicas.isolation import IsolationError, find_isolation
from infra_lib.local.replicas.logfile import follow as follow_log
from infra_lib.local.replicas.logfile import tail
from infra_lib.local.replicas.spec import Builder, environment_of, folder_of, refuse
from infra_lib.local.runtime import ReplicaState
from infra_lib.local.store import Record, Store

_PROXY_NAMES = ("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY")
# What the programs of Docker and Podman go by.
_OF_ENGINES = re.compile(r"(DOCKER_|CONTAINER|XDG_|HOME$|USER$|LOGNAME$|TMPDIR$|DBUS_)")
_NAME_CHARACTERS = string.ascii_lowercase + string.digits
_IDLE_SECONDS = 30.0
CONTAINERS, PROCESS = "containers", "process"
"""The setting of a store that says what runs containers, and its default: processes of this machine."""
CHOICES = (PROCESS, *ENGINES)
_UNANSWERED = "The process that kept it is gone: this machine was restarted, or the process was ended from outside."


class ReplicaRuntime:
    """Runs the replicas of a store that lies in a folder, by what the store's setting says.

    Nothing starts before a restart, a start or an execution asks for it. ``paced``: probes keep the template's initial delays
    and periods, in place of being asked at once and often.
    """

    def __init__(self, store: Store, *, paced: bool = False) -> None:
        self._store = store
        self._paced = paced

    # ------------------------------------------------------------------------------------------ apps

    def restart(self, app: Record, revision: Record) -> None:
        """Restart a revision's replicas, or start them for the first time."""
        self._send("restart", app, revision)

    def start(self, app: Record, revision: Record) -> None:
        """Start a revision's replicas where none run."""
        self._send("start", app, revision)

    def update(self, app: Record) -> None:
        """The app was written: once it has been started, what is new among its active revisions starts by itself."""
        if _ask(folder_of(self._store, app.id), {"do": "state"}) is None:
            return
        for revision in self._store.below(app.key, "microsoft.app/containerapps/revisions"):
            if revision.properties["active"]:
                self._send("start", app, revision)

    def stop(self, app: Record, revision: Record) -> None:
        """End a revision's replicas; with the last one, the keeper ends."""
        _ask(folder_of(self._store, app.id), {"do": "stop", "revision": revision.body["name"]})

    def replicas(self, app: Record, revision: Record) -> list[ReplicaState] | None:
        """The replicas as the keeper has them; none before the first start."""
        state = _ask(folder_of(self._store, app.id), {"do": "state"})
        held: list[ReplicaState] = (state or {"revisions": {}})["revisions"].get(revision.body["name"], [])
        return held

    def _send(self, what: str, app: Record, revision: Record) -> None:
        folder = folder_of(self._store, app.id)
        name = str(revision.body["name"])
        template = revision.properties["template"]
        ingress = app.properties["configuration"].get("ingress") or {}
        port = int(ingress.get("targetPort") or 0) or None
        runner = self._runner()
        builder = Builder(self._store, app, template, folder, paced=self._paced, engine=runner["engine"])
        count = max(int((template.get("scale") or {}).get("minReplicas") or 1), 1)
        replicas = []
        for _ in range(count):
            replica = f"{name}-{_random(9)}-{_random(5)}"
            own = {
                "CONTAINER_APP_NAME": str(app.body["name"]), "CONTAINER_APP_REVISION": name,
                "CONTAINER_APP_REPLICA_NAME": replica,
                "CONTAINER_APP_HOSTNAME": str(ingress.get("fqdn") or ""), "CONTAINER_APP_PORT": str(port or ""),
            }  # fmt: skip
            replicas.append(builder.replica(replica, own=own, port=port, once=False))
        message = {
            "do": what,
            "revision": name,
            "replicas": replicas,
            "weights": _weights(app, ingress),
            "single": app.properties["configuration"]["activeRevisionsMode"] == "Single",
            "runner": runner,
            "network": runner["network"],
        }
        if _ask(folder, message) is None:
            self._keep(folder, message, int(app.private["port"]) if ingress else None)

    # ------------------------------------------------------------------------------------------ executions

    def start_execution(self, job: Record, execution: Record) -> None:
        """Run a job's execution; by hand, whatever its trigger is."""
        folder = folder_of(self._store, execution.id)
        name = str(execution.body["name"])
        configuration = job.properties["configuration"]
        kind = str(configuration["triggerType"]).lower()
        trigger = configuration.get(f"{kind}TriggerConfig") or {}
        template = {**execution.properties["template"], "volumes": job.properties["template"].get("volumes")}
        _restore_mounts(template, job.properties["template"])
        replica = f"{name}-{_random(5)}"
        own = {
            "CONTAINER_APP_JOB_NAME": str(job.body["name"]), "CONTAINER_APP_JOB_EXECUTION_NAME": name,
            "CONTAINER_APP_REPLICA_NAME": replica,
        }  # fmt: skip
        runner = self._runner()
        builder = Builder(self._store, job, template, folder, paced=self._paced, engine=runner["engine"])
        message = {
            "do": "run",
            "revision": name,
            "replica": builder.replica(replica, own=own, port=None, once=True),
            "parallelism": int(trigger.get("parallelism") or 1),
            "completions": int(trigger.get("replicaCompletionCount") or 1),
            "timeout": configuration["replicaTimeout"],
            "retries": configuration.get("replicaRetryLimit") or 0,
            "runner": runner,
            "network": runner["network"],
        }
        self._keep(folder, message, None)

    def stop_execution(self, job: Record, execution: Record) -> None:
        """End an execution's replicas."""
        _ask(folder_of(self._store, execution.id), {"do": "stop"})

    def execution(self, job: Record, execution: Record) -> dict[str, Any] | None:
        """How an execution is, or how it ended."""
        folder = folder_of(self._store, execution.id)
        if not folder.is_dir():
            return None
        if _ask(folder, {"do": "state"}) is not None:
            return {"status": "Running", "endTime": None, "details": ""}
        try:
            ended: dict[str, Any] = json.loads((folder / RESULT).read_bytes())
        except FileNotFoundError:
            ended = {"status": "Failed", "endTime": folder.stat().st_mtime, "details": _UNANSWERED}
        return ended

    def forget_execution(self, execution: Record) -> None:
        """End what may run of an execution, and drop its logs."""
        _end_below(folder_of(self._store, execution.id))

    def execution_replicas(self, execution: Record) -> list[str]:
        """The names of the replicas that an execution had, the latest first."""
        folder = folder_of(self._store, execution.id)
        try:
            names = (folder / STARTED).read_text().split()
        except FileNotFoundError:
            return []
        return [name for name in reversed(names) if (folder / name).is_dir()]

    # ------------------------------------------------------------------------------------------ logs

    def console(self, holder: str, replica: str, container: str, *, lines: int, follow: bool) -> Iterator[str] | None:
        """A container's log; followed until the replica is gone, or until nothing came for a while."""
        address = parse(holder)
        folder = folder_of(self._store, address.parent if address.type.lower().endswith("/revisions") else holder)
        path = folder / replica / f"{container}.log"
        if not path.resolve().is_relative_to(folder) or not path.parent.is_dir():
            return None
        if not follow:
            return iter(tail(path, lines))

        def is_over() -> bool:
            try:
                revisions = (ask(folder, {"do": "state"}) or {"revisions": {}})["revisions"]
            except UnansweredError:
                return False
            return not any(item["name"] == replica for held in revisions.values() for item in held)

        return follow_log(path, lines, is_over, idle=_IDLE_SECONDS)

    # ------------------------------------------------------------------------------------------ keepers

    def _runner(self) -> dict[str, Any]:
        """What runs the containers, as it was chosen. Raises ServiceError where this machine does not allow it."""
        chosen = self._store.get_setting(CONTAINERS, PROCESS)
        try:
            if chosen == PROCESS:
                found = find_isolation()
                return {"pod": "namespace_pod", "isolation": found.command, "network": found.network, "engine": None}
            engine = find_engine(chosen)
        except (IsolationError, EngineError) as error:
            raise refuse("LocalContainersUnsupported", str(error)) from error
        of_engine = {"name": engine.name, "program": engine.program}
        return {"pod": "engine_pod", "isolation": [], "network": True, "engine": of_engine}

    def _keep(self, folder: Path, message: Message, port: int | None) -> None:
        """Start a keeper and give it its first task."""
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        engine = message["runner"]["engine"]
        _remove_left_over(folder)
        if engine is not None:
            (folder / ENGINE).write_text(engine["name"])
        ingress = _bind(port) if port is not None else None
        control = listen(folder)
        arguments = [str(folder), "3", "4" if ingress is not None else "-1"]
        with open(os.devnull, "r+b") as nothing, (folder / "keeper.log").open("wb") as log:
            actions = [
                (os.POSIX_SPAWN_DUP2, nothing.fileno(), 0), (os.POSIX_SPAWN_DUP2, nothing.fileno(), 1),
                (os.POSIX_SPAWN_DUP2, log.fileno(), 2),
            ]  # fmt: skip
            # Moved out of the way first, so that one descriptor does not take the place of the other.
            passed = [os.dup(item.fileno()) for item in (control, ingress) if item is not None]
            moved = [_above(descriptor) for descriptor in passed]
            actions += [(os.POSIX_SPAWN_DUP2, descriptor, 3 + index) for index, descriptor in enumerate(moved)]
            command = launch.python("infra_lib.local.replicas.keeper", *arguments)
            try:
                os.posix_spawn(command[0], command, _environment(engine is not None), file_actions=actions, setsid=True)
            finally:
                for descriptor in moved:
                    os.close(descriptor)
                control.close()
                if ingress is not None:
                    ingress.close()
        if _ask(folder, message) is None:
            text = (folder / "keeper.log").read_text(errors="replace").strip().splitlines() or ["no answer"]
            raise ServiceError(500, "LocalRuntimeFailed", f"The process that runs '{folder.name}' did not start: {text[-1]}.")

    def forget(self, owner: Record) -> None:
        """End all that runs of an app or job, and drop its logs and its environment."""
        _end_below(folder_of(self._store, owner.id))
        shutil.rmtree(environment_of(self._store, owner.id), ignore_errors=True)

    def end_all(self) -> None:
        """End everything that runs for this store, and drop the logs and the environments."""
        if self._store.folder is not None:
            root = self._store.folder.resolve()
            _end_below(root / "replicas")
            shutil.rmtree(root / "environments", ignore_errors=True)


def _ask(folder: Path, message: Message) -> Message | None:
    """A keeper's answer, None when there is none. Raises ServiceError for one that does not answer in time."""
    try:
        return ask(folder, message)
    except UnansweredError as error:
        text = f"The process that runs '{folder.name}' does not answer: this machine may be very busy. Try again."
        raise ServiceError(503, "LocalRuntimeBusy", text) from error


def _end_below(folder: Path) -> None:
    # Folders may come and go meanwhile, which os.walk does not mind.
    held = [(Path(place), names) for place, _, names in os.walk(folder)]
    for place, names in held:
        # A keeper that does not answer ends when its folder is gone.
        with suppress(UnansweredError):
            if CONTROL in names:
                ask(place, {"do": "stop"})
    for place, names in held:
        if ENGINE in names:
            _remove_left_over(place)
    shutil.rmtree(folder, ignore_errors=True)


def _remove_left_over(folder: Path) -> None:
    """Remove what is left of the engine's containers of an app or execution that nobody keeps any more."""
    marker = folder / ENGINE
    if not marker.is_file():
        return
    for replica in folder.iterdir():
        shutil.rmtree(private_folder(replica.name), ignore_errors=True)
    try:
        find_engine(marker.read_text()).remove(FOLDER_LABEL, str(folder))
    except EngineError:
        return
    marker.unlink()


def _weights(app: Record, ingress: Mapping[str, Any]) -> dict[str, int]:
    """The share of the ingress's traffic by revision."""
    latest = str(app.properties["latestRevisionName"])
    weights: dict[str, int] = {}
    for item in ingress.get("traffic") or [{"latestRevision": True, "weight": 100}]:
        name = latest if item.get("latestRevision") else str(item.get("revisionName"))
        weights[name] = weights.get(name, 0) + int(item.get("weight") or 0)
    return weights


def _environment(with_engine: bool) -> dict[str, str]:
    """What of this process's environment a keeper gets: no more than it needs, as a command that it runs could read it."""
    return {
        name: value
        for name, value in os.environ.items()
        if name == "PATH" or name.upper() in _PROXY_NAMES or (with_engine and _OF_ENGINES.match(name))
    }


def _restore_mounts(template: dict[str, Any], declared: Mapping[str, Any]) -> None:
    """Containers that a start names keep the mounts that the job gives to the container of the same name."""
    mounts = {item["name"]: item.get("volumeMounts") for item in declared["containers"]}
    template["containers"] = [
        {**item, "volumeMounts": item.get("volumeMounts") or mounts.get(item["name"])} for item in template["containers"]
    ]


def _bind(port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(("127.0.0.1", port))
    except OSError as error:
        listener.close()
        raise refuse(
            "LocalPortInUse",
            f"Port {port} of 127.0.0.1, which belongs to the app, is taken by another program ({error.strerror}): end that.",
        ) from error
    listener.listen(128)
    return listener


def _above(descriptor: int) -> int:
    """The same file under a number that is not among those a keeper is given."""
    import fcntl

    moved = fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, 10)
    os.close(descriptor)
    return moved


def _random(length: int) -> str:
    return "".join(secrets.choice(_NAME_CHARACTERS) for _ in range(length))
