"""What carries out the commands of container apps and jobs: the seam between their state here and processes elsewhere."""

from __future__ import annotations

from typing import Any, Protocol

from infra_lib.local.store import Record

ReplicaState = dict[str, Any]
"""``{"name", "runningState", "ready", "restarts", "created"}`` of one replica; ``created`` in seconds since the epoch."""


class Runtime(Protocol):
    """Told of what is wanted, asked for what is. Called with the control plane's lock held: it must answer at once."""

    def restart(self, app: Record, revision: Record) -> None:
        """Restart the replicas of a revision."""
        ...

    def stop(self, app: Record, revision: Record) -> None:
        """Stop the replicas of a revision: it was deactivated, or its app stopped or deleted."""
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

    def execution(self, job: Record, execution: Record) -> dict[str, Any] | None:
        """``{"status", "endTime"}`` of an execution, ``endTime`` in seconds or None; None when it is not run here."""
        ...


class NoRuntime:
    """Runs nothing: a revision is as it is wanted to be, and an execution ends well after the pace's time."""

    def restart(self, app: Record, revision: Record) -> None:
        """Nothing runs."""

    def stop(self, app: Record, revision: Record) -> None:
        """Nothing runs."""

    def replicas(self, app: Record, revision: Record) -> list[ReplicaState] | None:
        """None: nothing runs."""
        return None

    def start_execution(self, job: Record, execution: Record) -> None:
        """Nothing runs."""

    def stop_execution(self, job: Record, execution: Record) -> None:
        """Nothing runs."""

    def execution(self, job: Record, execution: Record) -> dict[str, Any] | None:
        """None: nothing runs."""
        return None
