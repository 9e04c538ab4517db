"""An evaluated template as planning wants it: every resource with its place in the whole template."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from infra_lib.arm.partial import materialize
from infra_lib.pipeline.soundness import check_soundness, declaration, everything, template_prefixes
from infra_lib.planning.model import DesiredResource

if TYPE_CHECKING:
    from infra_lib.arm.scopes import Scope
    from infra_lib.arm.snapshot import PredictedResource


@dataclass(frozen=True, slots=True, kw_only=True)
class Desired:
    """The resources in dependency order, and for each declaration's place the places that it waits for; the outputs' values."""

    resources: tuple[DesiredResource, ...]
    dependencies: Mapping[str, tuple[str, ...]]
    outputs: Mapping[str, Any]


def desired_resources(
    template: Mapping[str, Any], parameters: Mapping[str, Any], scope: Scope, symbols: Mapping[str, str] | None = None
) -> Desired:
    """Evaluate a template for planning. Raises TemplateError, also for what only Resource Manager refuses.

    ``symbols`` are the symbolic names of declarations by place, for templates that have none themselves.
    """
    from infra_lib.arm.snapshot import snapshot

    evaluated = snapshot(template, parameters, scope)
    check_soundness(evaluated)
    prefixes = template_prefixes(evaluated)

    def place(item: PredictedResource) -> str:
        return prefixes[item.template] + item.path

    declared = everything(evaluated)
    places = {(item.template, item.id.lower()): declaration(place(item)) for item in declared}
    waits: dict[str, list[str]] = {}
    for item in declared:
        mine = places[item.template, item.id.lower()]
        found = waits.setdefault(mine, [])
        for other in item.depends_on:
            needed = places.get((item.template, other.lower()))
            if needed is not None and needed != mine and needed not in found:
                found.append(needed)
    resources = tuple(
        DesiredResource(
            path=place(item),
            symbol=_symbol(item, (symbols or {}).get(declaration(place(item)))),
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
    return Desired(
        resources=resources, dependencies={key: tuple(value) for key, value in waits.items()}, outputs=evaluated.outputs
    )


def _symbol(item: PredictedResource, declared: str | None) -> str | None:
    symbol = item.symbol or declared
    if not symbol:
        return None
    return symbol + item.path[len(declaration(item.path)) :]
