"""Functions about places: the scope of the deployment, and the ids of resources."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from infra_lib.arm.compiler import Handler, describe_value
from infra_lib.arm.expressions import Call
from infra_lib.arm.failures import ARGUMENT_COUNT, EvaluationError
from infra_lib.arm.functions.deployments import metadata_residual
from infra_lib.arm.ids import join_type_and_name
from infra_lib.arm.partial import UNKNOWN, Residual, materialize, residual_call

if TYPE_CHECKING:
    from infra_lib.arm.frame import Frame

_RESOURCE_GROUPS = "microsoft.resources/resourcegroups"


def _context(name: str) -> Handler:
    def handler(frame: Frame, _arguments: list[Any], _call: Call) -> Any:
        return frame.context(name)

    return handler


def subscription_id(frame: Frame) -> Any:
    """The subscription of the deployment: a string, or a residual while it is not known."""
    known = frame.metadata.get("subscription")
    return known["subscriptionId"] if known is not None else metadata_residual("subscription", "subscriptionId")


def resource_group_name(frame: Frame) -> Any:
    """The resource group of the deployment: a string, or a residual while it is not known."""
    known = frame.metadata.get("resourcegroup")
    return known["name"] if known is not None else metadata_residual("resourceGroup", "name")


def management_group_name(frame: Frame) -> Any:
    """The management group of the deployment: a string, or a residual while it is not known."""
    known = frame.metadata.get("managementgroup")
    return known["name"] if known is not None else metadata_residual("managementGroup", "name")


def _split(call: Call, arguments: list[Any], lead: int) -> tuple[list[Any], Any, list[Any]]:
    """(what stands before the type, the type, the names); ``lead`` values may stand before the type."""
    values = [materialize(argument) for argument in arguments]
    for value, argument in zip(values, call.arguments, strict=True):
        if type(value) not in UNKNOWN and not isinstance(value, str):
            raise EvaluationError(f"{call.name}() takes strings, not {describe_value(value)}.", node=argument)
    for position, value in enumerate(values[: lead + 1]):
        if isinstance(value, str) and "/" in value:
            value = value.rstrip("/")
            names = values[position + 1 :]
            segments = value.count("/")
            if len(names) != segments:
                message = f"The type {value!r} has {segments} names, but {call.name}() is given {len(names)}."
                raise EvaluationError(message, node=call)
            return values[:position], value, names
    if any(type(value) is Residual for value in values):
        return values, None, []
    raise EvaluationError(f"{call.name}() needs a resource type such as 'Microsoft.Storage/storageAccounts'.", node=call)


def _known(*values: Any) -> bool:
    return UNKNOWN.isdisjoint(map(type, values))


def resource_id(subscription: Any, group: Any, kind: str, names: list[Any]) -> Any:
    """The id of a resource in a resource group, or the residual resourceId() while a part is unknown."""
    if not _known(subscription, group, *names):
        return residual_call("resourceId", [subscription, group, kind, *names])
    return f"/subscriptions/{subscription}/resourceGroups/{group}/providers/{join_type_and_name(kind, names)}"


def subscription_resource_id(subscription: Any, kind: str, names: list[Any]) -> Any:
    """The id of a resource of a subscription, or the residual subscriptionResourceId() while a part is unknown."""
    if not _known(subscription, *names):
        return residual_call("subscriptionResourceId", [subscription, kind, *names])
    if kind.lower() == _RESOURCE_GROUPS:
        return f"/subscriptions/{subscription}/resourceGroups/{names[0]}"
    return f"/subscriptions/{subscription}/providers/{join_type_and_name(kind, names)}"


def management_group_resource_id(group: Any, kind: str, names: list[Any]) -> Any:
    """The id of a resource of a management group, or the residual managementGroupResourceId() while a part is unknown."""
    if not _known(group, *names):
        return residual_call("managementGroupResourceId", [group, kind, *names])
    return f"/providers/Microsoft.Management/managementGroups/{group}/providers/{join_type_and_name(kind, names)}"


def tenant_resource_id(kind: str, names: list[Any]) -> Any:
    """The id of a resource of the tenant, or the residual tenantResourceId() while a part is unknown."""
    if not _known(*names):
        return residual_call("tenantResourceId", [kind, *names])
    return f"/providers/{join_type_and_name(kind, names)}"


def _resource_id(frame: Frame, arguments: list[Any], call: Call) -> Any:
    scope = frame.template_scope
    before, kind, names = _split(call, arguments, 2)
    if kind is None:
        return residual_call(call.name, arguments)
    if scope == "resourceGroup" or len(before) == 2:
        group = before[-1] if before else resource_group_name(frame)
        return resource_id(before[0] if len(before) == 2 else subscription_id(frame), group, kind, names)
    if scope == "subscription" or before:
        return subscription_resource_id(before[0] if before else subscription_id(frame), kind, names)
    if scope == "managementGroup":
        return management_group_resource_id(management_group_name(frame), kind, names)
    return tenant_resource_id(kind, names)


def _subscription_resource_id(frame: Frame, arguments: list[Any], call: Call) -> Any:
    before, kind, names = _split(call, arguments, 1)
    if kind is None:
        return residual_call(call.name, arguments)
    return subscription_resource_id(before[0] if before else subscription_id(frame), kind, names)


def _management_group_resource_id(frame: Frame, arguments: list[Any], call: Call) -> Any:
    before, kind, names = _split(call, arguments, 1)
    if kind is None:
        return residual_call(call.name, arguments)
    if not before and frame.template_scope != "managementGroup":
        message = "managementGroupResourceId() needs the management group's name when the deployment is not at one."
        raise EvaluationError(message, node=call, kind=ARGUMENT_COUNT)
    return management_group_resource_id(before[0] if before else management_group_name(frame), kind, names)


def _tenant_resource_id(_frame: Frame, arguments: list[Any], call: Call) -> Any:
    _, kind, names = _split(call, arguments, 0)
    return residual_call(call.name, arguments) if kind is None else tenant_resource_id(kind, names)


def _extension_resource_id(_frame: Frame, arguments: list[Any], call: Call) -> Any:
    scope, kind, *names = (materialize(argument) for argument in arguments)
    if not _known(scope, kind, *names):
        return residual_call(call.name, [scope, kind, *names])
    if not isinstance(scope, str) or not isinstance(kind, str) or "/" not in kind:
        raise EvaluationError("extensionResourceId() takes the id of a resource, a resource type and its names.", node=call)
    kind = kind.rstrip("/")
    if len(names) != kind.count("/"):
        message = f"The type {kind!r} has {kind.count('/')} names, but extensionResourceId() is given {len(names)}."
        raise EvaluationError(message, node=call)
    return extension_resource_id(scope, kind, names)


def extension_resource_id(scope: str, kind: str, names: list[str]) -> str:
    """The id of a resource at the scope of an id."""
    base = scope.rstrip("/")
    if kind.lower() == _RESOURCE_GROUPS and base.lower().startswith("/subscriptions/") and base.count("/") == 2:
        return f"{base}/resourceGroups/{names[0]}"
    return f"{base}/providers/{join_type_and_name(kind, names)}"


HANDLERS: dict[str, Handler] = {
    "resourcegroup": _context("resourceGroup"),
    "subscription": _context("subscription"),
    "managementgroup": _context("managementGroup"),
    "tenant": _context("tenant"),
    "environment": _context("environment"),
    "deployer": _context("deployer"),
    "resourceid": _resource_id,
    "subscriptionresourceid": _subscription_resource_id,
    "managementgroupresourceid": _management_group_resource_id,
    "tenantresourceid": _tenant_resource_id,
    "extensionresourceid": _extension_resource_id,
}
