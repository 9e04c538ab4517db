"""What carries out the commands of container apps and jobs: the seam between their state here and processes elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Protocol

from infra_lib.local.store import Record

ReplicaState = dict[str, Any]
"""``{"name", "runningState", "ready", "restarts", "created", "details"}`` of a replica; ``created``: seconds since the epoch."""


class Runtime(Protocol):
    """Told of what is wanted, asked for what is. Called with the control plane's lock held: it must answer at once."""

    def restart(self, app: Record, revision: Record) -> None:
        """Restart the replicas of a revision."""
        ...

    def start(self, app: Record, revision: Record) -> None:
        """Start the replicas of a revision that has none: its app was started."""
        ...

    def update(self, app: Record) -> None:
        """An app was written, or one of its revisions activated: what runs follows."""
        ...

    def stop(self, app: Record, revision: Record) -> None:
        """Stop the replicas of a revision: it was deactivated, or its app stopped or deleted."""
        ...

    def forget(self, owner: Record) -> None:
        """An app or job was deleted: end all that runs of it, forget its logs."""
        ...

    def replicas(self, app: Record, revision: Record) -> list[ReplicaState] | None:
        """The replicas of a revision; None when this runtime does not run it, so that its state is what is wanted."""
        ...

    def start_execution(self, job: Record, execution: Record) -> None:
        """Run a job's execution."""
        ...

    def stop_execution(self, job: Record, execution: Record) -> None:
        """Stop a job's execution."""
        ...

    def forget_execution(self, execution: Record) -> None:
        """An execution is no longer in its job's history: forget its logs."""
        ...

    def execution(self, job: Record, execution: Record) -> dict[str, Any] | None:
        """``{"status", "endTime", "details"}`` of an execution, ``endTime`` in seconds or None; None when it is not run here."""
        ...

    def execution_replicas(self, execution: Record) -> list[str]:
        """The names of the replicas that an execution had, the latest first."""
        ...

    def console(self, holder: str, replica: str, container: str, *, lines: int, follow: bool) -> Iterator[str] | None:
        """The last lines of a container's log, each a JSON object of TimeStamp and Log, and what is added when it is followed.

        ``holder`` is the id of the revision or execution; None where there is no such log. The iterator may wait; it is used
        without the control plane's lock.
        """
        ...


class NoRuntime:
    """Runs nothing: a revision is as it is wanted to be, and an execution ends well after the pace's time."""

    def restart(self, app: Record, revision: Record) -> None:
        """Nothing runs."""

    def start(self, app: Record, revision: Record) -> None:
        """Nothing runs."""

    def update(self, app: Record) -> None:
        """Nothing runs."""

    def stop(self, app: Record, revision: Record) -> None:
        """Nothing runs."""

    def forget(self, owner: Record) -> None:
        """Nothing runs."""

    def replicas(self, app: Record, revision: Record) -> list[ReplicaState] | None:
        """None: nothing runs."""
        return None

    def execution_replicas(self, execution: Record) -> list[str]:
        """None: nothing runs."""
        return []

    def console(self, holder: str, replica: str, container: str, *, lines: int, follow: bool) -> Iterator[str] | None:
        """None: nothing runs."""
        return None

    def start_execution(self, job: Record, execution: Record) -> None:
        """Nothing runs."""

    def stop_execution(self, job: Record, execution: Record) -> None:
        """Nothing runs."""

    def forget_execution(self, execution: Record) -> None:
        """Nothing runs."""

    def execution(self, job: Record, execution: Record) -> dict[str, Any] | None:
        """None: nothing runs."""
        return None
