"""How an app is: its revisions and their replicas, as values."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from infra_lib.errors import InputError

if TYPE_CHECKING:
    from infra_lib.deploy.target import Target
    from infra_lib.workloads.live import Place


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplicaStatus:
    """A replica. ``created`` is an ISO time, ``streams`` the addresses of its containers' logs by container."""

    name: str
    state: str
    ready: bool
    restarts: int
    created: str
    details: str
    streams: dict[str, str]

    def stream(self, container: str | None) -> str:
        """The address of a container's log; without a name, of the first one. Raises InputError."""
        name = container or next(iter(self.streams), "")
        if name not in self.streams:
            raise InputError(f"Replica '{self.name}' has no container '{name}'; it has {', '.join(self.streams) or 'none yet'}.")
        return self.streams[name]


@dataclass(frozen=True, slots=True, kw_only=True)
class RevisionStatus:
    """A revision. ``traffic`` is its share in per cent."""

    name: str
    active: bool
    state: str
    health: str
    traffic: int
    replicas: tuple[ReplicaStatus, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AppStatus:
    """An app. ``state`` is Running or Stopped, ``host`` empty without ingress."""

    name: str
    state: str
    host: str
    latest_revision: str
    revisions: tuple[RevisionStatus, ...]

    def revision(self, name: str) -> RevisionStatus:
        """A revision by name. Raises InputError."""
        found = next((item for item in self.revisions if item.name == name), None)
        if found is None:
            raise InputError(f"The app '{self.name}' has no revision '{name}'.")
        return found

    def to_dict(self) -> dict[str, Any]:
        """The JSON form."""
        return asdict(self)


def read_status(target: Target, place: Place) -> AppStatus:
    """Read an app with its revisions, and the replicas of the active ones."""
    clients: Any = target.container_apps
    app = clients.container_apps.get(place.resource_group, place.name)
    revisions = []
    for revision in clients.container_apps_revisions.list_revisions(place.resource_group, place.name):
        listed: list[Any] = []
        if revision.properties.active:
            answer = clients.container_apps_revision_replicas.list_replicas(place.resource_group, place.name, str(revision.name))
            listed = list(answer.value or [])
        properties = revision.properties
        revisions.append(
            RevisionStatus(
                name=str(revision.name), active=bool(properties.active), state=read_text(properties.running_state),
                health=read_text(properties.health_state), traffic=int(properties.traffic_weight or 0),
                replicas=tuple(_replica(item) for item in listed),
            )
        )  # fmt: skip
    ingress = app.properties.configuration.ingress
    return AppStatus(
        name=str(app.name),
        state=read_text(app.properties.running_status),
        host=str(ingress.fqdn or "") if ingress is not None else "",
        latest_revision=str(app.properties.latest_revision_name or ""),
        revisions=tuple(revisions),
    )


def _replica(replica: Any) -> ReplicaStatus:
    containers = list(replica.properties.containers or [])
    details = [replica.properties.running_state_details, *(item.running_state_details for item in containers)]
    return ReplicaStatus(
        name=str(replica.name),
        state=read_text(replica.properties.running_state),
        ready=bool(containers) and all(item.ready for item in containers),
        restarts=max((int(item.restart_count or 0) for item in containers), default=0),
        created=replica.properties.created_time.isoformat() if replica.properties.created_time else "",
        details=next((str(item) for item in details if item), ""),
        streams={str(item.name): str(item.log_stream_endpoint) for item in containers if item.log_stream_endpoint},
    )


def read_text(value: Any) -> str:
    """An enumeration's value as text."""
    return str(getattr(value, "value", value) or "")
