"""The embedded Resource Manager as one object: its store, its service, and the ways to reach it."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from infra_lib.errors import InputError
from infra_lib.local.context import SUBSCRIPTION_ID, Context, Fault
from infra_lib.local.operations import Clock, Pace
from infra_lib.local.store import Store

if TYPE_CHECKING:
    from azure.core.credentials import TokenCredential
    from azure.core.pipeline.transport import HttpTransport

    from infra_lib.local.service import Service

BASE_URL = "https://management.local"


class LocalResourceManager:
    """A Resource Manager with one subscription.

    ``store_path`` is the folder that keeps its state (a project's ``.infra``); None keeps it in memory, until
    :meth:`close`. ``pace`` is how long a long-running operation takes, in seconds, for all types or by type; at the default
    of 0 it is done when it is asked for. With a pace, waiting takes real time unless ``virtual_time`` is True: then it
    jumps ahead. ``key_file`` holds the key that seals the store; by default it lies in the user's configuration folder.
    Thread-safe; a context manager that closes itself.

    Raises InfraError for a folder whose store cannot be read.
    """

    base_url = BASE_URL
    subscription_id = SUBSCRIPTION_ID

    def __init__(
        self, store_path: Path | None = None, *, pace: Pace = 0.0, virtual_time: bool | None = None, key_file: Path | None = None
    ) -> None:
        self.store_path = store_path
        self._store = Store(store_path, key_file=key_file)
        self._clock = Clock(virtual=not pace if virtual_time is None else virtual_time)
        self._pace = pace

    @cached_property
    def service(self) -> Service:
        """The WSGI application that answers."""
        from infra_lib.local.providers import TYPES
        from infra_lib.local.routes import index_types
        from infra_lib.local.service import Service

        context = Context(self._store, self._clock, self._pace, index_types(TYPES))
        if self.runs_containers:
            from infra_lib.local.replicas.runtime import ReplicaRuntime

            context.runtime = ReplicaRuntime(self._store, paced=bool(self._pace))
        return Service(context)

    @property
    def runs_containers(self) -> bool:
        """Whether apps and jobs run for real: for a store in a folder. One in memory keeps their state alone."""
        return self.store_path is not None

    def transport(self) -> HttpTransport[Any, Any]:
        """An azure-core transport that answers in this process, for management clients and file-share clients alike."""
        from infra_lib.local.transport import InProcessTransport

        return InProcessTransport(self.service, self._clock)

    def credential(self) -> TokenCredential:
        """A credential that the service accepts, in-process and on loopback."""
        from infra_lib.local.transport import LocalCredential

        return LocalCredential(self._store.vault)

    # ------------------------------------------------------------------------------------------ looking and steering

    def status(self) -> dict[str, Any]:
        """What there is: the folder, the number of resources by type, and the deployments that run."""
        from infra_lib.local.providers.resources import canonical_type

        counts = self._store.counts()
        running = [
            record.id
            for record in self._store.of_type("microsoft.resources/deployments")
            if record.properties.get("provisioningState") in ("Accepted", "Running")
        ]
        return {
            "store": str(self.store_path) if self.store_path is not None else None,
            "subscription_id": self.subscription_id,
            "containers": self.containers,
            "resources": {canonical_type(self._store, name): count for name, count in counts.items()},
            "running_deployments": running,
        }

    def export(self) -> dict[str, Any]:
        """Everything that is kept, as plain data by resource id, without any secret."""
        sections = {"microsoft.resources/resourcegroups": "resourceGroups", "microsoft.resources/deployments": "deployments"}
        exported: dict[str, Any] = {
            "subscription_id": self.subscription_id,
            "resourceGroups": [],
            "resources": [],
            "deployments": [],
        }
        for record in self._store.below(f"/subscriptions/{self.subscription_id}"):
            exported[sections.get(record.type, "resources")].append(record.body)
        return exported

    def reset(self) -> None:
        """End what runs and forget everything: resources, deployments, and the content of the file shares."""
        if self.runs_containers:
            from infra_lib.local.replicas.runtime import ReplicaRuntime

            ReplicaRuntime(self._store).end_all()
        self._store.reset()

    @property
    def containers(self) -> str:
        """What runs the containers of apps and jobs: ``process`` (of this machine), ``docker`` or ``podman``."""
        from infra_lib.local.replicas.runtime import CONTAINERS, PROCESS

        return str(self._store.get_setting(CONTAINERS, PROCESS))

    def choose_containers(self, name: str) -> None:
        """Choose what runs containers from now on: ``process``, ``docker`` or ``podman``; the store keeps it.

        What runs already goes on until its next restart. Raises InputError for another name, for an engine that does not
        answer, and for a store in memory.
        """
        from infra_lib.local.replicas.engine import EngineError, find_engine
        from infra_lib.local.replicas.runtime import CHOICES, CONTAINERS, PROCESS

        if name not in CHOICES:
            raise InputError(f"Containers are not run by '{name}': write one of {', '.join(CHOICES)}.")
        if not self.runs_containers:
            raise InputError("A local target in memory runs no containers: give it a folder, as in Target.local('.infra').")
        if name != self.containers:
            try:
                if name != PROCESS:
                    find_engine(name)
            except EngineError as error:
                raise InputError(str(error)) from error
            with self._store.transaction():
                self._store.put_setting(CONTAINERS, name)

    def take_first(self, what: str) -> bool:
        """Whether this is asked for the first time of ``what`` in this store: so that something is said once."""
        with self._store.transaction():
            if self._store.get_setting(f"said {what}"):
                return False
            self._store.put_setting(f"said {what}", True)
        return True

    def set_quota(self, name: str, limit: int) -> None:
        """Change a quota of Microsoft.App, such as SubscriptionDedicatedNCA100Gpus. Raises InputError for a name that is none."""
        from infra_lib.local.providers.app.profiles import QUOTAS

        if name not in QUOTAS:
            raise InputError(f"There is no quota '{name}'; there are {', '.join(QUOTAS)}.")
        with self._store.transaction():
            self._store.put_setting("quotas", {**self._store.get_setting("quotas", {}), name: limit})

    def inject(self, fault: Fault) -> None:
        """Make requests fail as told, to try how a caller deals with it."""
        self.service.context.faults.append(fault)

    def secret_fingerprints(self, resource_id: str) -> dict[str, str]:
        """Keyed fingerprints of the strings last written to a resource that a GET does not give back, by JSON pointer."""
        from infra_lib.local.fingerprints import hidden_fingerprints

        record = self.service.context.find(resource_id)
        return hidden_fingerprints(self._store.vault, record) if record is not None else {}

    def fingerprint(self, value: str) -> str:
        """The keyed fingerprint of a string, to compare with those of :meth:`secret_fingerprints`."""
        return self._store.vault.sign(f"value {value}".encode())

    def close(self) -> None:
        """Close the store."""
        self._store.close()

    def __enter__(self) -> LocalResourceManager:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
