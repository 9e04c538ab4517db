"""``--use``: resources of a template replaced by existing ones, and the proof that nothing else of the template moved by it."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from infra_lib.arm.ids import ResourceId
from infra_lib.errors import InputError
from infra_lib.pipeline.desired import Desired, desired_resources
from infra_lib.pipeline.soundness import declaration
from infra_lib.planning.binding import Binding, CannotBindError, bind_existing, check_bound
from infra_lib.planning.model import DesiredResource, plain
from infra_lib.planning.policy import ReusePolicy
from infra_lib.planning.rewrite import CannotRewriteError, lift

if TYPE_CHECKING:
    from infra_lib.arm.scopes import Scope

_INNER = ".properties.template."


def bound_template(
    template: Mapping[str, Any],
    parameters: Mapping[str, Any],
    scope: Scope,
    policy: ReusePolicy,
    desired: Desired,
    symbols: Mapping[str, str],
) -> tuple[dict[str, Any], Desired]:
    """The template with the policy's bindings made, and what it evaluates to: the bound resources marked as such.

    Raises InputError, with the reason, for an id that does not fit and for a template in which it cannot be done soundly.
    """
    matches = {name: _declared(name, text, desired.resources, policy) for name, text in policy.bindings.items()}
    name = next(iter(matches))
    try:
        lifted, places = lift(template, desired.dependencies, symbols)
        bindings = [
            Binding(name=name, symbol=places[resource.path], resource=resource, bound=bound)
            for name, (resource, bound) in matches.items()
        ]
        children: dict[str, str] = {}
        for item in desired.resources:
            root = next((binding for binding in bindings if _is_below(item.id, binding.resource.id)), None)
            if root is not None and _INNER not in item.path:
                children[places[declaration(item.path)]] = root.symbol
        for binding in bindings:
            name = binding.name
            if binding.symbol in children:
                raise CannotBindError(f"it lies below '{children[binding.symbol]}', which is bound too: bind one of the two")
            lifted = bind_existing(lifted, [binding], children, str(scope.id))
        result = desired_resources(lifted, parameters, scope)
        check_bound(bindings, _texts(result))
        _check_others(desired, result, bindings)
    except (CannotBindError, CannotRewriteError) as error:
        raise InputError(f"--use {name}=... cannot be done in this template: {error}.") from error
    used = [
        dataclasses.replace(
            binding.resource, id=str(binding.bound), name=binding.bound.name, path=f"resources.{binding.symbol}", bound=True
        )
        for binding in bindings
    ]
    return lifted, dataclasses.replace(result, resources=(*used, *result.resources))


def _declared(
    name: str, text: str, resources: Sequence[DesiredResource], policy: ReusePolicy
) -> tuple[DesiredResource, ResourceId]:
    """The one resource that a binding's name means, and the id that it is bound to."""
    found = [item for item in resources if not item.existing and policy.matches(name, item)]
    if len(found) != 1:
        shown = ", ".join(item.symbol or item.name for item in found[:4])
        raise InputError(f"--use {name}=...: {len(found)} resources are meant ({shown}); one id stands for one resource.")
    try:
        bound = ResourceId.parse(text)
    except InputError as error:
        raise InputError(f"--use {name}=...: {error}") from error
    resource = found[0]
    if bound.type.lower() != resource.type.lower():
        others = [item.symbol or item.name for item in resources if item.type.lower() == bound.type.lower()]
        hint = f" (did you mean --use {others[0]}=...?)" if others else ""
        raise InputError(f"--use {name}=...: the id is that of a {bound.type}, the template has a {resource.type} there{hint}.")
    if _INNER in resource.path:
        raise InputError(f"--use {name}=...: '{name}' is declared in a module; bind it where the module gets its name from.")
    if not resource.is_known:
        raise InputError(f"--use {name}=...: the name of '{name}' is known during the deployment alone.")
    return resource, bound


def _check_others(before: Desired, after: Desired, bindings: Sequence[Binding]) -> None:
    """Raise CannotBindError when a resource got another id than the binding gives it."""
    expected: dict[str, str] = {}
    for item in before.resources:
        moved = item.id.lower()
        for binding in bindings:
            if _is_below(item.id, binding.resource.id) or moved == binding.resource.id.lower():
                moved = (str(binding.bound) + item.id[len(binding.resource.id) :]).lower()
        expected[moved] = item.symbol or item.name
    found = {item.id.lower() for item in after.resources}
    lost = [shown for moved, shown in expected.items() if moved not in found]
    if lost:
        raise CannotBindError(f"'{lost[0]}' would become another resource by it, since it shares the name's expression")


def _texts(desired: Desired) -> Iterator[tuple[str, str]]:
    for item in desired.resources:
        yield f"'{item.symbol or item.name}'", json.dumps([item.id, plain(item.body)], ensure_ascii=False)
    for name, value in desired.outputs.items():
        yield f"output '{name}'", json.dumps(value, ensure_ascii=False)


def _is_below(resource_id: str, root: str) -> bool:
    return resource_id.lower().startswith(root.lower() + "/")
