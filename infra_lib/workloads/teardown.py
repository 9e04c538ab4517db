"""``down``: delete what a project created, and only that."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from infra_lib.arm.ids import ResourceId
from infra_lib.deploy.discover import discover
from infra_lib.deploy.progress import Event, Listener, ignore
from infra_lib.deploy.remove import delete_resource, delete_resource_group, environment_users
from infra_lib.errors import PlanError
from infra_lib.planning.tagging import OWNER_TAG
from infra_lib.workloads.ledger import Created, Ledger

if TYPE_CHECKING:
    from infra_lib.deploy.target import Target
    from infra_lib.workloads.project import Project

RESOURCE_GROUP_TYPE = "Microsoft.Resources/resourceGroups"
_USED_BY_APPS = {
    "microsoft.app/managedenvironments": "the environment",
    "microsoft.app/managedenvironments/storages": "the environment's storage",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Hindrance:
    """A container app or job that stays and uses what would be deleted, so that the service would not delete that."""

    id: str
    used: Created

    def __str__(self) -> str:
        user, used = ResourceId.parse(self.id), ResourceId.parse(self.used.id)
        kind = "job" if user.type.lower() == "microsoft.app/jobs" else "container app"
        return (
            f"The {kind} '{user.name}' in resource group '{user.resource_group}' uses {_USED_BY_APPS[used.type.lower()]} "
            f"'{used.names[-1]}'"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Teardown:
    """What ``down`` would delete or did delete, in that order, what it leaves with the reason, and what is in its way."""

    deletes: tuple[Created, ...]
    leaves: tuple[tuple[Created, str], ...]
    hindrances: tuple[Hindrance, ...] = ()


def plan_teardown(project: Project, target: Target) -> Teardown:
    """What of the project's record is still there and still its own, and what is in the way. Nothing is deleted."""
    ledger = Ledger(project.store)
    recorded = ledger.created(target.name)
    resources = [item for item in recorded if item.type != RESOURCE_GROUP_TYPE]
    live = discover(target, [(item.id, item.api_version) for item in resources])
    deletes: list[Created] = []
    leaves: list[tuple[Created, str]] = []
    for item in reversed(resources):
        state = live[item.id.lower()]
        if state.status == "missing":
            continue
        tags = state.body.get("tags") or {}
        if state.status == "unreadable":
            leaves.append((item, f"cannot be read: {state.reason}"))
        elif "location" in state.body and tags.get(OWNER_TAG) != ledger.owner:
            leaves.append((item, "does not carry this project's tag any more"))
        else:
            deletes.append(item)
    deletes = [item for item in deletes if not _is_below(item, deletes)]
    orphans = [item for item in deletes if _is_below(item, [left for left, _ in leaves])]
    leaves.extend((item, "is part of what is left") for item in orphans)
    deletes = [item for item in deletes if item not in orphans]
    groups = [item for item in recorded if item.type == RESOURCE_GROUP_TYPE]
    return Teardown(deletes=(*deletes, *groups), leaves=tuple(leaves), hindrances=_hindrances(target, deletes))


def _hindrances(target: Target, deletes: Iterable[Created]) -> tuple[Hindrance, ...]:
    """What uses the environments and their storages that are deleted, and is not deleted itself."""
    own = {item.id.lower() for item in deletes}
    used = [item for item in deletes if item.type.lower() in _USED_BY_APPS]
    if not used:
        return ()
    groups = {ResourceId.parse(item.id).resource_group or "" for item in used}
    users = [user for user in environment_users(target, sorted(groups)) if user.id.lower() not in own]
    return tuple(Hindrance(id=user.id, used=item) for item in used for user in users if user.uses(item.id))


def refuse_hindrances(hindrances: Iterable[Hindrance]) -> None:
    """Raise PlanError for what is in the way of a teardown, if anything is."""
    lines = [f"{item}." for item in hindrances]
    if lines:
        raise PlanError(
            "\n".join(
                ["Nothing was deleted: what this project did not create, or what it leaves, uses what would be deleted.", *lines,
                 "Delete it, or put it elsewhere, and run `infra down` again."]
            )
        )  # fmt: skip


def _is_below(item: Created, others: Iterable[Created]) -> bool:
    return any(item.id.lower().startswith(other.id.lower() + "/") for other in others)


def tear_down(project: Project, target: Target, teardown: Teardown, *, listener: Listener = ignore) -> Teardown:
    """Delete what :func:`plan_teardown` found, in its order; a resource group only when nothing is left in it.

    The record is kept in step, so that an interrupted run goes on where it was. Raises PlanError, before anything is deleted,
    where a container app or job that stays uses what would be deleted; DeploymentError.
    """
    refuse_hindrances(_hindrances(target, teardown.deletes))
    ledger = Ledger(project.store)
    deleted: list[Created] = []
    leaves = list(teardown.leaves)
    for item in teardown.deletes:
        name = item.id.rpartition("/")[2]
        listener(Event(state="started", resource_id=item.id, resource_type=item.type, name=name))
        if item.type == RESOURCE_GROUP_TYPE:
            if not delete_resource_group(target, name):
                leaves.append((item, "is not empty"))
                continue
        elif not delete_resource(target, item.id, item.api_version):
            leaves.append((item, "goes with its parent alone"))
            continue
        below = [other.id for other in ledger.created(target.name) if other.id.lower().startswith(item.id.lower() + "/")]
        ledger.remove(target.name, [item.id, *below])
        listener(Event(state="succeeded", resource_id=item.id, resource_type=item.type, name=name))
        deleted.append(item)
    return Teardown(deletes=tuple(deleted), leaves=tuple(leaves))
