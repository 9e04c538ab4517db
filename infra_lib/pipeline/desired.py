"""An evaluated template as planning wants it: every resource with its place in the whole template."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from infra_lib.arm.partial import materialize
from infra_lib.planning.model import DesiredResource

if TYPE_CHECKING:
    from infra_lib.arm.scopes import Scope
    from infra_lib.arm.snapshot import PredictedResource

# The place of one item of a loop is that of the loop with an index after it.
_ITEM = re.compile(r"((?:.*\.)?resources(?:\[\d+\]|\.[^.\[\]]+))\[\d+\]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Desired:
    """The resources in dependency order, and for each declaration's place the places that it waits for."""

    resources: tuple[DesiredResource, ...]
    dependencies: Mapping[str, tuple[str, ...]]


def desired_resources(template: Mapping[str, Any], parameters: Mapping[str, Any], scope: Scope) -> Desired:
    """Evaluate a template for planning. Raises TemplateError."""
    from infra_lib.arm.snapshot import snapshot

    evaluated = snapshot(template, parameters, scope)
    deployments = {(item.template, item.id.lower()): item for item in evaluated.deployments}

    def place(item: PredictedResource) -> str:
        prefix = ""
        for depth, deployment_id in enumerate(item.template):
            outer = deployments[item.template[:depth], deployment_id.lower()]
            prefix += f"{declaration(outer.path)}.properties.template."
        return prefix + item.path

    everything = [*evaluated.resources, *evaluated.existing, *evaluated.deployments]
    places = {(item.template, item.id.lower()): declaration(place(item)) for item in everything}
    waits: dict[str, list[str]] = {}
    for item in everything:
        mine = places[item.template, item.id.lower()]
        found = waits.setdefault(mine, [])
        for other in item.depends_on:
            needed = places.get((item.template, other.lower()))
            if needed is not None and needed != mine and needed not in found:
                found.append(needed)
    resources = tuple(
        DesiredResource(
            path=place(item),
            symbol=_symbol(item),
            id=item.id,
            type=item.type,
            name=item.name,
            api_version=item.api_version,
            body={name: materialize(value) for name, value in item.values.items()},
            existing=item.existing,
            only_if_not_exists=item.only_if_not_exists,
            references=item.depends_on,
        )
        for item in (*evaluated.resources, *evaluated.existing)
    )
    return Desired(resources=resources, dependencies={key: tuple(value) for key, value in waits.items()})


def declaration(path: str) -> str:
    """The place of the declaration that a resource comes from: that of its loop, for an item of one."""
    match = _ITEM.fullmatch(path)
    return match.group(1) if match else path


def _symbol(item: PredictedResource) -> str | None:
    if not item.symbol:
        return None
    index = item.path[len(declaration(item.path)) :]
    return item.symbol + index
