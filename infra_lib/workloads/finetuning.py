"""The fine-tuning workload: a job."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from infra_lib.deploy.progress import Event, Listener, ignore
from infra_lib.errors import DeploymentError, InfraError, InputError
from infra_lib.workloads import live
from infra_lib.workloads.app_status import read_text
from infra_lib.workloads.job_log import JobLog, missing_log
from infra_lib.workloads.live import Place
from infra_lib.workloads.secrets import patch_with_secret, patch_without_secret, secret_to_set, variables_of
from infra_lib.workloads.workload import Workload

if TYPE_CHECKING:
    from infra_lib.deploy.log_stream import LogLine
    from infra_lib.deploy.target import Target
    from infra_lib.workloads.sync.download import DownloadResult
    from infra_lib.workloads.sync.model import Confirm, SyncListener

TAIL_LINES = 100
_JOB_TYPE = "Microsoft.App/jobs"
_UNFINISHED = ("Running", "Processing", "Unknown")
_CONTAINER_KEYS = ("image", "name", "command", "args", "env", "resources", "volumeMounts")


@dataclass(frozen=True, slots=True, kw_only=True)
class Execution:
    """A run of the job. ``started`` and ``ended`` are ISO times, ``ended`` empty while it runs; ``message`` says why it ended."""

    name: str
    status: str
    started: str
    ended: str
    message: str = ""

    @property
    def is_running(self) -> bool:
        """Whether it has not ended yet."""
        return self.status in _UNFINISHED

    def to_dict(self) -> dict[str, str]:
        """The JSON form."""
        return asdict(self)


class Finetuning(Workload):
    """The Container Apps job that fine-tunes a model."""

    name = "finetuning"

    # ------------------------------------------------------------------------------------------ running

    def run(
        self,
        target: Target,
        *,
        sync: bool = True,
        listener: Listener = ignore,
        progress: SyncListener | None = None,
        confirm: Confirm | None = None,
    ) -> Execution:
        """Synchronise the workspace, then start the job; the execution that this began.

        It runs COMMANDS of the config file, else the parameter file's ``defaultCommands``, else what the job was provisioned
        with. ``confirm`` is asked before anything is sent.
        Raises InputError for a config file that does not fit and while another execution runs.
        """
        place = self._place(target)
        commands = self._own_commands() or live.default_commands(self)
        jobs: Any = target.container_apps.jobs
        with live.service_errors(self, place, f"reading job '{place.name}'"):
            job = jobs.get(place.resource_group, place.name)
            self._refuse_while_running(target, place)
        if sync:
            self.project.sync(target, workload=self.name, confirm=confirm, progress=progress)
        template = None
        if commands is not None and live.joined(commands) != live.command_of(job.properties.template.containers[0]):
            containers = live.with_command(job.properties.template.containers, commands)
            template = {"containers": [_startable(item) for item in containers]}
        with live.service_errors(self, place, f"starting job '{place.name}'"):
            # Another run may have begun while this one's workspace was sent.
            self._refuse_while_running(target, place)
            begun: Any = template
            name = str(jobs.begin_start(place.resource_group, place.name, begun, polling_interval=2).result().name)
        listener(Event(state="started", resource_id=f"{job.id}/executions/{name}", resource_type=_JOB_TYPE, name=name))
        return self.execution(target, name)

    def passes_over_defaults(self) -> bool:
        """Whether a run takes COMMANDS of the config file although the parameter file's ``defaultCommands`` are others."""
        own, default = self._own_commands(), live.default_commands(self)
        return own is not None and default is not None and own != default

    def _own_commands(self) -> list[str] | None:
        config = self.config
        return live.checked_commands(config.get("COMMANDS"), f"{config.path}: COMMANDS")

    def _refuse_while_running(self, target: Target, place: Place) -> None:
        running = next((item for item in self._list(target, place) if item.is_running), None)
        if running is not None:
            raise InputError(
                f"The job '{place.name}' runs already: {running.name}, since {running.started}. Follow it with "
                "`infra logs finetuning --follow`, wait until it has ended, or stop it with `infra run finetuning --stop` "
                "(project.finetuning.stop)."
            )

    def wait(self, target: Target, execution: str, *, timeout: float | None = None, log: bool = True) -> Execution:
        """Wait until an execution has ended; it. Raises DeploymentError when it failed or takes too long.

        The failure has the end of its log, unless ``log`` is False: for who has shown it already.
        """
        for _ in live.pauses(timeout):
            current = self.execution(target, execution)
            if not current.is_running:
                if current.status == "Succeeded":
                    return current
                lines = self._last_lines(target, execution) if log else []
                raise live.failed(f"The execution '{execution}' ended: {current.status}.", [current.message], lines)
        raise DeploymentError(f"The execution '{execution}' still runs after {timeout:.0f} s.")

    def executions(self, target: Target) -> list[Execution]:
        """The job's executions, the latest first."""
        place = self._place(target)
        with live.service_errors(self, place, f"listing the executions of job '{place.name}'"):
            return self._list(target, place)

    def execution(self, target: Target, name: str) -> Execution:
        """One execution as it is now. Raises InputError where there is none of that name."""
        found = next((item for item in self.executions(target) if item.name == name), None)
        if found is None:
            raise InputError(f"The job has no execution '{name}'.")
        return found

    def stop(self, target: Target, execution: str | None = None) -> Execution:
        """Stop an execution; without a name, the one that runs. Raises InputError where none does."""
        place = self._place(target)
        chosen = execution or next((item.name for item in self.executions(target) if item.is_running), None)
        if chosen is None:
            raise InputError(f"No execution of the job '{place.name}' runs.")
        self.execution(target, chosen)
        with live.service_errors(self, place, f"stopping execution '{chosen}'"):
            target.container_apps.jobs.begin_stop_execution(place.resource_group, place.name, chosen, polling_interval=2).result()
        return self.execution(target, chosen)

    def download(
        self, target: Target, results: str = "models", *, to: str | Path | None = None, progress: SyncListener | None = None
    ) -> DownloadResult:
        """Fetch what a run left on the share; see :meth:`infra_lib.workloads.project.Project.download`."""
        return self.project.download(target, results, to=to, workload=self.name, progress=progress)

    # ------------------------------------------------------------------------------------------ logs

    def logs(
        self,
        target: Target,
        *,
        execution: str | None = None,
        follow: bool = False,
        lines: int = TAIL_LINES,
        container: str | None = None,
        replica: str | None = None,
    ) -> Iterator[LogLine]:
        """The console log of an execution, the latest one without a name; ``follow`` goes on until it has ended.

        Following waits while the execution is queued, reconnects when a stream drops, and takes up replicas that start later.
        ``lines`` are the last ones of each replica to begin with, at most 300; where an execution has several replicas, their
        lines begin with their names. Raises InputError where there is nothing to read.
        """
        place = self._place(target)
        held = self.executions(target)
        chosen = execution or next((item.name for item in held), None)
        if chosen is None:
            raise InputError(f"The job '{place.name}' has not run yet: run `infra run finetuning`.")
        self.execution(target, chosen)
        log = self._log(target, place, chosen, container)
        found = False
        if replica is not None and replica not in (names := self.replicas(target, chosen)):
            there = ", ".join(names) or "none (any more)"
            raise InputError(f"The execution '{chosen}' has no replica '{replica}'; it has {there}.")
        with live.service_errors(self, place, f"reading the log of execution '{chosen}'"):
            if follow:
                lines_of = log.follow(lines=lines, is_running=lambda: self.execution(target, chosen).is_running, replica=replica)
            else:
                lines_of = log.read(lines=lines, replica=replica)
            for line in lines_of:
                found = True
                yield line
            if not found and not log.replicas():
                raise missing_log(target, chosen, self.execution(target, chosen).message)

    def replicas(self, target: Target, execution: str) -> list[str]:
        """The names of the replicas that an execution has, the latest first; on Azure those that have not been removed yet."""
        place = self._place(target)
        with live.service_errors(self, place, f"listing the replicas of execution '{execution}'"):
            return self._log(target, place, execution, None).replicas()

    def _log(self, target: Target, place: Place, execution: str, container: str | None) -> JobLog:
        with live.service_errors(self, place, f"finding the log of execution '{execution}'"):
            job: Any = target.container_apps.jobs.get(place.resource_group, place.name)
        return JobLog(target, place.resource_group, job, execution, container=container)

    def _last_lines(self, target: Target, execution: str) -> list[LogLine]:
        from azure.core.exceptions import AzureError

        try:
            return list(self.logs(target, execution=execution, lines=live.LAST_LINES))
        except (AzureError, InfraError):
            return []

    # ------------------------------------------------------------------------------------------ the job itself

    def set_secret(self, target: Target, name: str, value: str) -> str:
        """Keep a secret with the job and set it as an environment variable in all containers; that variable's name.

        It is in effect with the next run.
        """
        _, variable = secret_to_set(name)
        place = self._place(target)
        jobs = target.container_apps.jobs
        with live.service_errors(self, place, f"setting a secret of job '{place.name}'"):
            current = jobs.get(place.resource_group, place.name).as_dict()
            held = jobs.list_secrets(place.resource_group, place.name).value or []
            patch: Any = patch_with_secret(current, held, name, value)
            jobs.begin_update(place.resource_group, place.name, patch, polling_interval=2).result()
        return variable

    def remove_secret(self, target: Target, name: str) -> list[str]:
        """Take a secret away from the job, and its environment variable out of all containers; the variables taken out.

        It is in effect with the next run. Raises InputError for a secret that is not there or that something else uses.
        """
        place = self._place(target)
        jobs = target.container_apps.jobs
        with live.service_errors(self, place, f"removing a secret of job '{place.name}'"):
            current = jobs.get(place.resource_group, place.name).as_dict()
            held = jobs.list_secrets(place.resource_group, place.name).value or []
            patch: Any = patch_without_secret(current, held, name)
            jobs.begin_update(place.resource_group, place.name, patch, polling_interval=2).result()
        return variables_of(current, name)

    def _list(self, target: Target, place: Place) -> list[Execution]:
        found = [_execution(item) for item in target.container_apps.jobs_executions.list(place.resource_group, place.name)]
        return sorted(found, key=lambda item: item.started, reverse=True)

    def _place(self, target: Target) -> Place:
        return live.locate(self, target, "ACA_JOB_NAME")


def _startable(container: dict[str, Any]) -> dict[str, Any]:
    return {key: container[key] for key in _CONTAINER_KEYS if container.get(key) is not None}


def _execution(item: Any) -> Execution:
    properties = item.properties
    times = (properties.start_time, properties.end_time)
    started, ended = (value.isoformat() if value is not None else "" for value in times)
    status = read_text(properties.status) or "Unknown"
    message = str(properties.message or "")
    return Execution(name=str(item.name), status=status, started=started, ended=ended, message=message)
