"""One execution of a job: its replicas, from the first to the end."""

from __future__ import annotations

import json
import queue
import secrets
import string
import threading
import time
from collections.abc import Callable
from typing import Any, Protocol

_NAME_CHARACTERS = string.ascii_lowercase + string.digits


class Run(Protocol):
    """A replica that runs to its end. ``end`` is its exit status, ``failure`` why it has none.

    ``over`` is set at its end, ``gone`` when nothing of it is left.
    """

    name: str
    end: int | None
    failure: str
    over: threading.Event
    gone: threading.Event

    def stop(self) -> None:
        """End it, and wait until it is gone."""
        ...


class Execution:
    """Runs replicas until as many have succeeded as the job wants, too many have failed, or the time is over.

    The rules are those of Container Apps jobs (learn.microsoft.com/azure/container-apps/jobs, "Job settings"), which are Jobs of
    Kubernetes. ``parallelism`` replicas are started, and one more for each that ends, as long as no more run than are still to
    succeed; ``completions`` (replicaCompletionCount) have to end with status 0, then the others are ended: with fewer of them
    than parallelism, replicas stand in for each other (Azure/azure-rest-api-specs#21916). ``retries`` (replicaRetryLimit) is
    how many may fail, over all replicas, before the execution does ("Maximum number of retries before failing the job", says
    the specification; Kubernetes' backoffLimit, microsoft/azure-container-apps#1357); unlike there, the next one starts at
    once. ``timeout`` (replicaTimeout), in seconds, is how long the execution may take with its retries: Kubernetes' deadline
    of the whole Job, after which nothing is tried again (microsoft/azure-container-apps#986).

    ``begin`` starts a replica from its spec, None when the execution was stopped; ``ended`` is told of each that is over.
    """

    def __init__(
        self, message: dict[str, Any], begin: Callable[[dict[str, Any]], Run | None], ended: Callable[[Run], None]
    ) -> None:
        self._spec: dict[str, Any] = message["replica"]
        self._parallelism: int = message["parallelism"]
        self._completions: int = message["completions"]
        self._retries: int = message["retries"]
        self._timeout: float = message["timeout"]
        self._begin = begin
        self._ended = ended
        self._over: queue.SimpleQueue[Run] = queue.SimpleQueue()
        self._started: list[Run] = []
        self._running: list[Run] = []

    def run(self) -> tuple[str, str] | None:
        """Status and reason at the end; None when it was stopped."""
        until = time.monotonic() + self._timeout
        succeeded, failures = 0, list[str]()
        wanted = self._parallelism
        while True:
            try:
                while len(self._running) < wanted:
                    if not self._start():
                        return None
            except OSError as error:
                return self._conclude("Failed", f"A replica cannot be started on this machine: {error}.")
            try:
                replica = self._over.get(timeout=max(until - time.monotonic(), 0.0))
            except queue.Empty:
                return self._conclude("Failed", f"It took longer than replicaTimeout, which is {self._timeout:g} s.")
            self._running.remove(replica)
            if not replica.failure and replica.end == 0:
                succeeded += 1
                if succeeded >= self._completions:
                    return self._conclude("Succeeded", "")
            else:
                failures.append(f"Replica {replica.name}: {replica.failure or f'exit status {replica.end}.'}")
                if len(failures) > self._retries:
                    return self._conclude("Failed", self._describe(failures))
            wanted = min(self._parallelism, self._completions - succeeded)

    def _start(self) -> bool:
        name = f"{self._spec['name'].rpartition('-')[0]}-{''.join(secrets.choice(_NAME_CHARACTERS) for _ in range(5))}"
        # The name is in paths and in the environment, too.
        spec = json.loads(json.dumps(self._spec).replace(self._spec["name"], name))
        replica = self._begin(spec)
        if replica is None:
            return False
        self._started.append(replica)
        self._running.append(replica)
        threading.Thread(target=self._watch, args=(replica,), daemon=True).start()
        return True

    def _watch(self, replica: Run) -> None:
        replica.over.wait()
        self._ended(replica)
        self._over.put(replica)
        replica.stop()

    def _conclude(self, status: str, details: str) -> tuple[str, str]:
        endings = [threading.Thread(target=replica.stop) for replica in self._started if not replica.gone.is_set()]
        for ending in endings:
            ending.start()
        for ending in endings:
            ending.join()
        return status, details

    def _describe(self, failures: list[str]) -> str:
        if len(failures) == 1:
            return failures[0]
        return f"{len(failures)} replicas failed, replicaRetryLimit is {self._retries}. The last one: {failures[-1]}"
