"""What a plan knows of values that are never shown: those of its secure parameters, the fingerprints that a local store keeps of
what it holds, and secrets that were added to a resource."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from infra_lib.arm.expressions import Call, Literal
from infra_lib.arm.partial import Residual
from infra_lib.errors import PlanError
from infra_lib.pipeline.soundness import declaration
from infra_lib.planning.added_secrets import added, added_variables
from infra_lib.planning.model import Change, DesiredResource, LiveState

if TYPE_CHECKING:
    from infra_lib.deploy.target import Target
    from infra_lib.parameters import ResolvedParameters

_INNER = ".properties.template."
_LIST_SECRETS = ("microsoft.app/containerapps", "microsoft.app/jobs")


class HiddenValues:
    """Answers :class:`~infra_lib.planning.compare.Secrets` for one resource."""

    def __init__(self, target: Target, parameters: ResolvedParameters, resource: DesiredResource) -> None:
        self._target = target
        self._parameters = parameters
        self._resource = resource
        self._fingerprints: Mapping[str, str] | None = None

    def value(self, wanted: Residual) -> str | None:
        """The text of a secure parameter of the outermost template; inside a module the names are those of the module."""
        node = wanted.node
        if _INNER in self._resource.path or not (
            isinstance(node, Call) and node.key == "parameters" and len(node.arguments) == 1
        ):
            return None
        argument = node.arguments[0]
        name = str(argument.value).lower() if isinstance(argument, Literal) else ""
        entry = next((entry for key, entry in self._parameters.parameters.items() if key.lower() == name), {})
        value = entry.get("value") if name in {item.lower() for item in self._parameters.secure} else None
        return value if isinstance(value, str) else None

    def same(self, pointer: str, wanted: str) -> bool | None:
        """By the keyed fingerprints of a local store; no other target keeps any."""
        manager = self._target.manager
        if manager is None:
            return None
        if self._fingerprints is None:
            self._fingerprints = manager.secret_fingerprints(self._resource.id)
        known = self._fingerprints.get(pointer)
        return None if known is None else known == manager.fingerprint(wanted)


def hidden_values(target: Target, parameters: ResolvedParameters) -> Callable[[DesiredResource], HiddenValues]:
    """What :func:`~infra_lib.planning.decide.decide` asks for each resource."""
    return lambda resource: HiddenValues(target, parameters, resource)


def added_by_place(changes: Iterable[Change], live: Mapping[str, LiveState]) -> dict[str, dict[str, Any]]:
    """What was added to the apps and jobs that are updated, by the declaration's place: ``{"key", "id", "names", "variables"}``.

    Raises PlanError for items of a loop, which have one declaration and secrets of their own.
    """
    found: dict[str, dict[str, Any]] = {}
    for change in changes:
        resource = change.resource
        state = live.get(resource.id.lower())
        if change.action != "update" or state is None or resource.type.lower() not in _LIST_SECRETS:
            continue
        configuration = (resource.body.get("properties") or {}).get("configuration") or {}
        declared = {str(item.get("name")) for item in configuration.get("secrets") or [] if isinstance(item, Mapping)}
        there = ((state.body.get("properties") or {}).get("configuration") or {}).get("secrets") or []
        held = {str(item.get("name")) for item in there}
        names = [name for name in added(state.body.get("tags")) if name not in declared and name in held]
        if not names:
            continue
        place = declaration(resource.path)
        if place != resource.path:
            raise PlanError(f"'{resource.name}' is an item of a loop and was given secrets of its own, which would be lost.")
        found[place] = {
            "key": resource.id.lower(), "id": resource.id, "api_version": resource.api_version,
            "names": names, "variables": added_variables(state.body, names),
        }  # fmt: skip
    return found


def kept_secrets(target: Target, kept: Mapping[str, Mapping[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    """The secrets to send along, with their values as the service holds them, by key. Raises DeploymentError."""
    from infra_lib.deploy.runtime import LiveRuntime

    runtime = LiveRuntime(target)
    values: dict[str, list[dict[str, Any]]] = {}
    for item in kept.values():
        answer = runtime.list("listSecrets", item["id"], item["api_version"], None)
        held = {secret["name"]: secret for secret in answer.get("value") or []}
        values[item["key"]] = [held[name] for name in item["names"]]
    return values
