"""The values that planning works on: what is wanted, what is there, and what is decided."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from infra_lib.arm.partial import Residual

Action = Literal["create", "unchanged", "update", "keep", "conflict"]
ACTIONS: tuple[Action, ...] = ("create", "update", "keep", "unchanged", "conflict")

HIDDEN = "***"


@dataclass(frozen=True, slots=True, kw_only=True)
class DesiredResource:
    """A resource as the evaluated template wants it.

    ``path`` is its place in the template (``resources.app``, ``resources.disk[2]``, ``resources[0]``), ``symbol`` its symbolic
    name where the source has one. ``body`` is the request body (location, tags, properties, ...); what only a deployment can
    know is an :class:`~infra_lib.arm.partial.Residual` in it. ``references`` are the ids of the resources that it waits for.
    ``existing``: the template only reads it. ``bound``: an existing resource that is used in the place of the template's own.
    """

    path: str
    symbol: str | None
    id: str
    type: str
    name: str
    api_version: str
    body: Mapping[str, Any] = field(repr=False)
    existing: bool = False
    only_if_not_exists: bool = False
    references: tuple[str, ...] = field(default=(), repr=False)
    bound: bool = False

    @property
    def is_known(self) -> bool:
        """False while the id depends on what only a deployment can know, so that nothing can be read beforehand."""
        return not self.id.startswith("[")


LiveStatus = Literal["missing", "present", "unreadable"]


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveState:
    """What a target answered about one id. ``body`` is the whole resource when present; ``reason`` says why it is unreadable."""

    status: LiveStatus
    body: Mapping[str, Any] = field(default_factory=dict)
    reason: str = ""


MISSING = LiveState(status="missing")


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One property that is not as wanted.

    ``path`` is relative to the resource (``properties.workloadProfiles[GPU].maximumCount``); ``before`` is the live value,
    None where there is none, and ``after`` the wanted one. Secret values show as ``***``. ``immutable``: the service does not
    let it change.
    """

    path: str
    before: Any
    after: Any
    immutable: bool = False

    def to_dict(self) -> dict[str, Any]:
        """``{"path", "before", "after"}``; a value that only a deployment can know is its expression."""
        return {"path": self.path, "before": plain(self.before), "after": plain(self.after)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What is decided for one resource, and why. ``live_tags`` are the tags that it has now, None where it has none."""

    action: Action
    resource: DesiredResource
    reason: str
    differences: tuple[Difference, ...] = ()
    live_tags: Mapping[str, str] | None = field(default=None, repr=False)

    @property
    def writes(self) -> bool:
        """True when the resource is sent to the service."""
        return self.action in ("create", "update")

    def to_dict(self) -> dict[str, Any]:
        """``{"action", "id", "type", "name", "reason", "differences"}``."""
        return {
            "action": self.action,
            "id": self.resource.id,
            "type": self.resource.type,
            "name": self.resource.name,
            "reason": self.reason,
            "differences": [difference.to_dict() for difference in self.differences],
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeSet:
    """Every resource of a template, decided; in the order of the template's dependencies."""

    changes: tuple[Change, ...]

    @property
    def conflicts(self) -> tuple[Change, ...]:
        """The changes that stop the plan."""
        return tuple(change for change in self.changes if change.action == "conflict")

    @property
    def is_empty(self) -> bool:
        """True when nothing would be written."""
        return not any(change.writes for change in self.changes)

    def count(self, action: Action) -> int:
        """How many resources were given that action."""
        return sum(1 for change in self.changes if change.action == action)

    def to_dict(self) -> dict[str, Any]:
        """``{"changes": [...]}``, as ``infra plan --json`` prints it."""
        return {"changes": [change.to_dict() for change in self.changes]}


def plain(value: Any) -> Any:
    """JSON data: a value that only a deployment can know becomes its expression."""
    if isinstance(value, Residual):
        return str(value)
    if isinstance(value, Mapping):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return value
