"""The console log of an execution of a job: that of its replicas, one after the other or followed at the same time."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from infra_lib.errors import InputError

if TYPE_CHECKING:
    from infra_lib.deploy.log_stream import LogLine, LogSource
    from infra_lib.deploy.target import Target

# The replicas of an execution and the token for its logs are parts of this version alone, which the SDK has no calls for
# (Azure/azure-cli-extensions, containerapp: LOG_STREAM_API_VERSION).
_API_VERSION = "2023-11-02-preview"
_FIRST_LOOK, _LONGEST_LOOK = 0.05, 5.0
_NOT_FOUND = 404


class JobLog:
    """The log of one execution. ``job`` is the job as the SDK gives it; ``execution`` is the execution's name.

    Raises InputError for a container that the job does not have.
    """

    def __init__(self, target: Target, resource_group: str, job: Any, execution: str, *, container: str | None = None) -> None:
        self._target = target
        self._group = resource_group
        self._job = job
        self._execution = execution
        names = [str(item.name) for item in job.properties.template.containers]
        self._container = container or names[0]
        if self._container not in names:
            raise InputError(f"The job '{job.name}' has no container '{container}'; it has {', '.join(names)}.")
        self._several = _has_several(job)

    def replicas(self) -> list[str]:
        """The names of the replicas that there are (already, still), the latest first. Raises azure-core's HttpResponseError."""
        from azure.core.exceptions import HttpResponseError

        try:
            found = self._send("GET", f"{self._job.id}/executions/{self._execution}/replicas")["value"]
        except HttpResponseError as error:
            if error.status_code != _NOT_FOUND:
                raise
            found = []
        return [str(item["name"]) for item in found]

    def read(self, *, lines: int, replica: str | None = None) -> Iterator[LogLine]:
        """The last lines of each replica's log, or of one's, the oldest replica first."""
        from azure.core.exceptions import HttpResponseError

        from infra_lib.deploy.log_stream import read_log

        names = [replica] if replica else [*reversed(self.replicas())]
        for name in names:
            try:
                yield from (self._shown(line, name) for line in read_log(self._target, self._source(name), lines=lines))
            except HttpResponseError as error:
                if error.status_code != _NOT_FOUND or len(names) == 1:
                    raise

    def follow(self, *, lines: int, is_running: Callable[[], bool], replica: str | None = None) -> Iterator[LogLine]:
        """The last lines of each replica's log, or of one's, and what is added, until ``is_running()`` is no longer so.

        Replicas that start meanwhile are followed as well. Gives nothing where the execution ended without a replica.
        """
        followers = _Followers(self, lines=lines, is_running=is_running, together=self._several)
        look = _FIRST_LOOK
        try:
            while True:
                running = is_running()
                followers.take_up([replica] if replica else [*reversed(self.replicas())])
                if not running and followers.are_done:
                    return
                until = time.monotonic() + look
                look = min(look * 1.5, _LONGEST_LOOK)
                while (rest := until - time.monotonic()) > 0:
                    try:
                        name, item = followers.arrived.get(timeout=rest)
                    except queue.Empty:
                        break
                    if item is None:
                        followers.drop(name)
                        look = _FIRST_LOOK
                        break
                    if isinstance(item, Exception):
                        raise item
                    yield self._shown(item, name)
        finally:
            followers.left.set()

    def follow_replica(self, name: str, *, lines: int, is_over: Callable[[], bool]) -> Iterator[LogLine]:
        """One replica's log until ``is_over()``, or until it has ended and there is no more of it."""
        from infra_lib.deploy.log_stream import follow_log

        return follow_log(self._target, self._source(name), lines=lines, is_over=is_over, pause=time.sleep, once=True)

    def _shown(self, line: LogLine, replica: str) -> LogLine:
        return replace(line, text=f"{replica}: {line.text}") if self._several else line

    def _source(self, replica: str) -> LogSource:
        from infra_lib.deploy.log_stream import LogSource

        host = str(self._job.properties.event_stream_endpoint).partition("/subscriptions/")[0]
        inside = f"/subscriptions/{self._target.subscription_id}/resourceGroups/{self._group}/jobs/{self._job.name}"
        url = f"{host}{inside}/executions/{self._execution}/replicas/{replica}/containers/{self._container}/logstream"
        return LogSource(url=url, token=self._token)

    def _token(self) -> str:
        return str(self._send("POST", f"{self._job.id}/getAuthToken")["properties"]["token"])

    def _send(self, method: str, path: str) -> Any:
        from azure.core.rest import HttpRequest

        response: Any = self._target.container_apps.send_request(HttpRequest(method, path, params={"api-version": _API_VERSION}))
        response.raise_for_status()
        return response.json()


class _Followers:
    """Follows replicas in threads: ``together``, or one by one where each is there in place of one that failed.

    ``arrived`` gets each line with its replica's name, a failure, and None when a replica's log is over; ``left`` is set when
    nobody reads them any more.
    """

    def __init__(self, log: JobLog, *, lines: int, is_running: Callable[[], bool], together: bool) -> None:
        self.arrived: queue.SimpleQueue[tuple[str, LogLine | Exception | None]] = queue.SimpleQueue()
        self.left = threading.Event()
        self._log = log
        self._lines = lines
        self._is_running = is_running
        self._together = together
        self._known: set[str] = set()
        self._waiting: list[str] = []
        self._followed: dict[str, threading.Event] = {}

    @property
    def are_done(self) -> bool:
        """Whether all of what was taken up is over."""
        return not self._waiting and not self._followed

    def take_up(self, names: list[str]) -> None:
        """Follow the replicas that are new among ``names``, which are from the oldest on."""
        self._waiting += [name for name in names if name not in self._known]
        self._known.update(names)
        while self._waiting and (self._together or not self._followed):
            name = self._waiting.pop(0)
            replaced = self._followed[name] = threading.Event()
            threading.Thread(target=self._follow, args=(name, replaced), daemon=True).start()
        if self._waiting:
            for replaced in self._followed.values():
                replaced.set()

    def drop(self, name: str) -> None:
        """A replica's log is over."""
        del self._followed[name]

    def _follow(self, name: str, replaced: threading.Event) -> None:
        def is_over() -> bool:
            return self.left.is_set() or replaced.is_set() or not self._is_running()

        try:
            for line in self._log.follow_replica(name, lines=self._lines, is_over=is_over):
                self.arrived.put((name, line))
        except Exception as error:
            self.arrived.put((name, error))
        self.arrived.put((name, None))


def missing_log(target: Target, execution: str, message: str) -> InputError:
    """There is no replica to read a log of: why, and where the log may be."""
    why = f" {message}" if message else ""
    if target.manager is not None:
        return InputError(f"The execution '{execution}' has no replica, so there is no log to read.{why}")
    return InputError(
        f"The execution '{execution}' has no replica (any more), so there is no log to read: the service removes replicas some "
        "minutes after their end, and shows none to who lacks the permission Microsoft.App/jobs/*/read. The environment's Log "
        f"Analytics workspace keeps the log: ContainerAppConsoleLogs_CL | where ContainerGroupName_s startswith '{execution}'."
        f"{why}"
    )


def _has_several(job: Any) -> bool:
    """Whether an execution of a job may have several replicas at the same time or one after the other, retries aside."""
    configuration = job.properties.configuration
    triggers = (configuration.manual_trigger_config, configuration.schedule_trigger_config, configuration.event_trigger_config)
    counts = [count for item in triggers if item is not None for count in (item.parallelism, item.replica_completion_count)]
    return any(int(count or 1) > 1 for count in counts)
