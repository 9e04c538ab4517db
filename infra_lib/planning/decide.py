"""The decision for each resource: a table over what exists and the policy."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Literal

from infra_lib.planning.added_secrets import without_added
from infra_lib.planning.compare import Comparison, Knowledge, Secrets, compare
from infra_lib.planning.model import MISSING, Action, Change, ChangeSet, DesiredResource, Difference, LiveState
from infra_lib.planning.policy import Policy, ReusePolicy

Finding = Literal["missing", "equal", "differs", "immutable", "unreadable"]

# (policy, finding) -> (action, reason). What is bound to an existing resource has its own column, "bound".
DECISIONS: dict[tuple[Policy | Literal["bound"], Finding], tuple[Action, str]] = {
    ("auto", "missing"): ("create", "does not exist"),
    ("auto", "equal"): ("unchanged", "exists as wanted"),
    ("auto", "differs"): ("update", "{differences}"),
    ("auto", "immutable"): ("conflict", "{immutable} cannot be changed"),
    ("auto", "unreadable"): ("conflict", "cannot be read: {unreadable}"),
    ("keep", "missing"): ("create", "does not exist"),
    ("keep", "equal"): ("keep", "exists as wanted, kept by policy"),
    ("keep", "differs"): ("keep", "exists, kept by policy although {differences}"),
    ("keep", "immutable"): ("keep", "exists, kept by policy although {differences}"),
    ("keep", "unreadable"): ("conflict", "cannot be read: {unreadable}"),
    ("update", "missing"): ("create", "does not exist"),
    ("update", "equal"): ("update", "exists as wanted, written by policy"),
    ("update", "differs"): ("update", "{differences}"),
    ("update", "immutable"): ("conflict", "{immutable} cannot be changed"),
    ("update", "unreadable"): ("update", "written by policy; cannot be read: {unreadable}"),
    ("create", "missing"): ("create", "does not exist"),
    ("create", "equal"): ("conflict", "exists already, and the policy is to create it"),
    ("create", "differs"): ("conflict", "exists already, and the policy is to create it"),
    ("create", "immutable"): ("conflict", "exists already, and the policy is to create it"),
    ("create", "unreadable"): ("conflict", "cannot be read: {unreadable}"),
    ("bound", "missing"): ("conflict", "is bound to a resource that does not exist"),
    ("bound", "equal"): ("keep", "bound to an existing resource"),
    ("bound", "differs"): ("keep", "bound to an existing resource, although {differences}"),
    ("bound", "immutable"): ("keep", "bound to an existing resource, although {differences}"),
    ("bound", "unreadable"): ("conflict", "is bound to a resource that cannot be read: {unreadable}"),
}


def decide(
    resources: Sequence[DesiredResource],
    live: Mapping[str, LiveState],
    policy: ReusePolicy,
    *,
    knowledge: Knowledge | None = None,
    secrets: Callable[[DesiredResource], Secrets] | None = None,
) -> ChangeSet:
    """Decide every resource, given in dependency order; ``live`` is by lower-case id, an id that is not in it does not exist.

    What one resource reads from another that is being written counts as changing with it (see :func:`compare`). ``secrets`` gives
    what is known of a resource's hidden values.
    """
    changes: list[Change] = []
    changing: set[str] = set()
    declared = frozenset(resource.id.lower() for resource in resources)
    taken_away: set[str] = set()
    for resource in resources:
        if resource.existing:
            continue
        state = live.get(resource.id.lower(), MISSING)
        change, left_out = _decide_one(resource, state, policy, knowledge, frozenset(changing), secrets, declared)
        if change.action == "update":
            taken_away.update(left_out)
        elif change.action == "unchanged" and resource.id.lower() in taken_away:
            change = replace(change, action="update", reason="is written again: what it belongs to is written without it")
        if change.writes:
            changing.add(resource.id.lower())
        changes.append(change)
    return ChangeSet(changes=tuple(changes))


def _decide_one(
    resource: DesiredResource,
    state: LiveState,
    policy: ReusePolicy,
    knowledge: Knowledge | None,
    changing: frozenset[str],
    secrets: Callable[[DesiredResource], Secrets] | None,
    declared: frozenset[str],
) -> tuple[Change, tuple[str, ...]]:
    """The decision, and the ids of children that a write would take away."""
    if not resource.is_known:
        return Change(action="create", resource=resource, reason="its name is known during the deployment alone"), ()
    comparison = Comparison(differences=(), uncompared=())
    finding: Finding
    if state.status == "present":
        comparison = compare(
            resource.body, without_added(state.body, resource.body),
            resource_type=resource.type, api_version=resource.api_version, knowledge=knowledge, changing=changing,
            secrets=secrets(resource) if secrets is not None else None, declared=declared,
        )  # fmt: skip
        finding = "immutable" if comparison.immutable else "differs" if comparison.differences else "equal"
    else:
        finding = state.status
    chosen: Policy | Literal["bound"] = "bound" if resource.bound else policy.of(resource)
    if chosen != "bound" and resource.only_if_not_exists:
        chosen = "keep"
    action, reason = DECISIONS[chosen, finding]
    reason = reason.format(
        differences=_summary(comparison.differences),
        immutable=_summary(comparison.immutable),
        unreadable=state.reason,
    )
    if comparison.uncompared and action in ("unchanged", "keep", "update"):
        reason += f"; not known, since it cannot be read back: {', '.join(comparison.uncompared)}"
    shown = comparison.differences if action in ("update", "conflict") else ()
    change = Change(action=action, resource=resource, reason=reason, differences=shown, live_tags=state.body.get("tags"))
    return change, comparison.left_out


def _summary(differences: Sequence[Difference]) -> str:
    """The last names of the paths, as many as fit a line of a table."""
    if not differences:
        return ""
    names = [difference.path for difference in differences]
    shown = ", ".join(names[:3])
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return f"{shown}{more} {'differs' if len(names) == 1 else 'differ'}"
