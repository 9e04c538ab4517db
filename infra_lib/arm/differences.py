"""Two snapshots compared property by property."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

ABSENT: Any = object()
"""What stands for a value on the side that does not have it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One difference: ``subject`` is a resource's id or ``outputs``, ``path`` the property ("" for the whole resource)."""

    kind: Literal["added", "removed", "changed"]
    subject: str
    path: str
    before: Any = None
    after: Any = None

    def __str__(self) -> str:
        where = f"{self.subject} {self.path}".rstrip()
        if self.kind == "changed":
            return f"~ {where}: {self.before!r} -> {self.after!r}"
        sign, value = ("+", self.after) if self.kind == "added" else ("-", self.before)
        return f"{sign} {where}" if not self.path else f"{sign} {where}: {value!r}"


def compare_snapshots(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[Change, ...]:
    """The changes from one snapshot's ``to_dict()`` to another's. Resources are matched by id; their order is no difference."""
    changes: list[Change] = []
    old, new = _by_subject(before["predictedResources"]), _by_subject(after["predictedResources"])
    for subject in dict.fromkeys([*old, *new]):
        if subject not in new:
            changes.append(Change(kind="removed", subject=subject, path="", before=old[subject]))
        elif subject not in old:
            changes.append(Change(kind="added", subject=subject, path="", after=new[subject]))
        else:
            changes += _compare(subject, "", old[subject], new[subject])
    changes += _compare("outputs", "", before["outputs"], after["outputs"])
    return tuple(changes)


def _by_subject(resources: Sequence[Mapping[str, Any]]) -> dict[str, Mapping[str, Any]]:
    found: dict[str, Mapping[str, Any]] = {}
    for index, resource in enumerate(resources):
        subject = str(resource.get("id") or f"{resource['type']}[{index}]")
        while subject in found:
            subject += " (again)"
        found[subject] = resource
    return found


def _compare(subject: str, path: str, before: Any, after: Any) -> Iterator[Change]:
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for name in dict.fromkeys([*before, *after]):
            inner = f"{path}.{name}" if path else str(name)
            yield from _compare(subject, inner, before.get(name, ABSENT), after.get(name, ABSENT))
    elif isinstance(before, list) and isinstance(after, list):
        for index in range(max(len(before), len(after))):
            old = before[index] if index < len(before) else ABSENT
            new = after[index] if index < len(after) else ABSENT
            yield from _compare(subject, f"{path}[{index}]", old, new)
    elif before is ABSENT:
        yield Change(kind="added", subject=subject, path=path, after=after)
    elif after is ABSENT:
        yield Change(kind="removed", subject=subject, path=path, before=before)
    elif before != after or type(before) is not type(after):
        yield Change(kind="changed", subject=subject, path=path, before=before, after=after)
