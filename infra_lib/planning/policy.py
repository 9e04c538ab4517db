"""What to do about a resource that exists: the policy of a plan, and of single resources in it."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal, cast, get_args

from infra_lib.errors import InputError
from infra_lib.planning.model import DesiredResource

Policy = Literal["auto", "keep", "update", "create"]
POLICIES: tuple[Policy, ...] = get_args(Policy)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReusePolicy:
    """``default`` for every resource, and ``by_name`` for those named by symbolic name, resource name or type (any letter case).

    ``auto``: leave what satisfies the template, update what does not. ``keep``: never write to what exists. ``update``:
    always write. ``create``: what exists is a conflict. ``bindings`` maps a symbolic name, name or type to the id of an
    existing resource that is used in its place. Raises InputError for a policy that there is not.
    """

    default: Policy = "auto"
    by_name: Mapping[str, Policy] = field(default_factory=dict)
    bindings: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for policy in (self.default, *self.by_name.values()):
            _check_policy(policy)

    @classmethod
    def parse(cls, reuse: Iterable[str] = (), use: Iterable[str] = ()) -> ReusePolicy:
        """From the command line's ``POLICY`` or ``NAME=POLICY``, and ``NAME=ID``; the last of several wins. Raises InputError."""
        default: Policy = "auto"
        by_name: dict[str, Policy] = {}
        for text in reuse:
            name, separator, policy = text.rpartition("=")
            if separator:
                by_name[name] = _check_policy(policy)
            else:
                default = _check_policy(policy)
        bindings: dict[str, str] = {}
        for text in use:
            name, separator, resource_id = text.partition("=")
            if not separator or not name or not resource_id.startswith("/"):
                raise InputError(f"'{text}' is no binding: write NAME=/subscriptions/.../providers/TYPE/NAME.")
            bindings[name] = resource_id
        return cls(default=default, by_name=by_name, bindings=bindings)

    def of(self, resource: DesiredResource) -> Policy:
        """The policy for a resource: by symbolic name first, then by name, then by type, then the default."""
        return cast(Policy, _look_up(self.by_name, resource) or self.default)

    def matches(self, name: str, resource: DesiredResource) -> bool:
        """True when the name means this resource: its symbolic name, name or type, in any letter case."""
        return name.lower() in _keys(resource)

    def check(self, resources: Iterable[DesiredResource]) -> None:
        """Raise InputError for a policy or binding whose name no resource has, with the nearest one."""
        known = {key for resource in resources for key in _keys(resource)}
        spelled = {key for resource in resources for key in (resource.symbol, resource.name, resource.type) if key}
        for name in (*self.by_name, *self.bindings):
            if name.lower() not in known:
                raise InputError(f"The template has no resource '{name}'{_suggestion(name, spelled)}.")


def _keys(resource: DesiredResource) -> tuple[str, ...]:
    symbol = resource.symbol.lower() if resource.symbol else ""
    return tuple(key for key in (symbol, symbol.partition("[")[0], resource.name.lower(), resource.type.lower()) if key)


def _look_up(table: Mapping[str, str], resource: DesiredResource) -> str | None:
    if not table:
        return None
    lowered = {name.lower(): value for name, value in table.items()}
    return next((lowered[key] for key in _keys(resource) if key in lowered), None)


def _check_policy(policy: str) -> Policy:
    if policy not in POLICIES:
        raise InputError(f"'{policy}' is no reuse policy{_suggestion(policy, POLICIES)}: write one of {', '.join(POLICIES)}.")
    return policy


def _suggestion(word: str, known: Iterable[str]) -> str:
    nearest = difflib.get_close_matches(word.lower(), {name.lower(): name for name in known}, n=1)
    if not nearest:
        return ""
    return f" (did you mean '{next(name for name in known if name.lower() == nearest[0])}'?)"
