"""Where the resources of one template go, and what its functions know of that place; parts of it may be unknown."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from infra_lib.arm.clouds import ENVIRONMENTS
from infra_lib.arm.expressions import Call, Literal
from infra_lib.arm.functions.deployments import metadata_residual
from infra_lib.arm.functions.scopes import (
    extension_resource_id,
    management_group_resource_id,
    resource_id,
    subscription_resource_id,
    tenant_resource_id,
)
from infra_lib.arm.partial import UNKNOWN, PartialDict, Residual, argument_node, residual_call
from infra_lib.arm.scopes import ManagementGroupScope, ResourceGroupScope, Scope, ScopeKind, SubscriptionScope


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A deployment scope; each name is a string or a residual."""

    kind: ScopeKind
    subscription: Any = None
    group: Any = None
    management_group: Any = None

    @staticmethod
    def of(scope: Scope) -> Place:
        """The place of a scope; what is not given is the function that would tell."""
        if isinstance(scope, ResourceGroupScope):
            return Place(kind=scope.kind, subscription=_subscription(scope.subscription_id), group=_group(scope.resource_group))
        if isinstance(scope, SubscriptionScope):
            return Place(kind=scope.kind, subscription=_subscription(scope.subscription_id))
        if isinstance(scope, ManagementGroupScope):
            name = scope.management_group
            return Place(
                kind=scope.kind, management_group=name if name is not None else metadata_residual("managementGroup", "name")
            )
        return Place(kind=scope.kind)

    def resource_id(self, kind: str, names: list[Any]) -> Any:
        """The id of a resource at this place: a string, or a residual."""
        if self.kind == "resourceGroup":
            return resource_id(self.subscription, self.group, kind, names)
        if self.kind == "subscription":
            return subscription_resource_id(self.subscription, kind, names)
        if self.kind == "managementGroup":
            return management_group_resource_id(self.management_group, kind, names)
        return tenant_resource_id(kind, names)

    @property
    def id(self) -> str | None:
        """The id of the place, ``/`` for the tenant; None while a part is unknown."""
        if self.kind == "tenant":
            return "/"
        if self.kind == "managementGroup":
            return _join("/providers/Microsoft.Management/managementGroups/", self.management_group)
        subscription = _join("/subscriptions/", self.subscription)
        if self.kind == "subscription" or subscription is None:
            return subscription
        return _join(f"{subscription}/resourceGroups/", self.group)

    @property
    def prefix(self) -> list[Any]:
        """The parts whose texts, put together, come before a relative id at this place."""
        if self.kind == "resourceGroup":
            return ["/subscriptions/", self.subscription, "/resourceGroups/", self.group, "/providers/"]
        if self.kind == "subscription":
            return ["/subscriptions/", self.subscription, "/providers/"]
        return ["/providers/"]


def _join(prefix: str, value: Any) -> str | None:
    return f"{prefix}{value}" if isinstance(value, str) else None


def _subscription(value: str | None) -> Any:
    return value if value is not None else metadata_residual("subscription", "subscriptionId")


def _group(value: str | None) -> Any:
    return value if value is not None else metadata_residual("resourceGroup", "name")


def scoped_id(place: Place, scope: Any, kind: str, names: list[Any]) -> Any:
    """The id of a resource whose ``scope`` is another resource's id, one relative to ``place``, or ``/``."""
    if scope == "/":
        return tenant_resource_id(kind, names)
    if isinstance(scope, str) and not scope.startswith("/"):
        prefix = place.prefix
        if UNKNOWN.isdisjoint(map(type, prefix)):
            scope = "".join(prefix) + scope
        else:
            scope = residual_call("concat", [*prefix, scope])
    if isinstance(scope, str) and UNKNOWN.isdisjoint(map(type, names)):
        return extension_resource_id(scope, kind, names)
    if isinstance(scope, str):
        return residual_call("extensionResourceId", [scope, kind, *names])
    return _unknown_scope(place, scope, kind, names)


def _unknown_scope(place: Place, scope: Residual, kind: str, names: list[Any]) -> Residual:
    """The decision between tenant, absolute and relative scope, left to the deployment."""
    node = scope.node
    absolute = Call("startsWith", [node, Literal("/")])
    relative = Call("concat", [*(argument_node(part) for part in place.prefix), node])
    parts = [Literal(kind), *(argument_node(name) for name in names)]
    extension = Call("extensionResourceId", [Call("if", [absolute, node, relative]), *parts])
    return Residual(Call("if", [Call("equals", [node, Literal("/")]), Call("tenantResourceId", parts), extension]))


def context_of(scope: Scope, content_version: str) -> dict[str, Any]:
    """What resourceGroup(), subscription(), tenant(), managementGroup() and deployment() return at a scope, as far as it is
    known."""
    known: dict[str, Any] = {}
    if scope.cloud in ENVIRONMENTS:
        known["environment"] = ENVIRONMENTS[scope.cloud]
    tenant = scope.tenant_id
    if tenant is not None:
        known["tenant"] = tenant_context(tenant)
    if isinstance(scope, ResourceGroupScope | SubscriptionScope) and scope.subscription_id is not None:
        known["subscription"] = subscription_context(scope.subscription_id, tenant)
    if isinstance(scope, ManagementGroupScope) and scope.management_group is not None:
        known["managementgroup"] = management_group_context(scope.management_group)
    if isinstance(scope, ResourceGroupScope) and scope.resource_group is not None:
        known["resourcegroup"] = resource_group_context(scope.subscription_id, scope.resource_group, scope.location)
    at_group = isinstance(scope, ResourceGroupScope)
    if scope.deployment_name is not None or (scope.location is not None and not at_group):
        location = None if at_group else scope.location or metadata_residual("deployment", "location")
        name = scope.deployment_name or metadata_residual("deployment", "name")
        known["deployment"] = deployment_context(name, content_version, location)
    return known


def tenant_context(tenant: str) -> dict[str, Any]:
    """What tenant() returns."""
    return PartialDict(
        countryCode=metadata_residual("tenant", "countryCode"),
        displayName=metadata_residual("tenant", "displayName"),
        id=f"/tenants/{tenant}",
        tenantId=tenant,
    )


def management_group_context(name: str) -> dict[str, Any]:
    """What managementGroup() returns."""
    return PartialDict(
        id=f"/providers/Microsoft.Management/managementGroups/{name}",
        name=name,
        type="Microsoft.Management/managementGroups",
        properties=metadata_residual("managementGroup", "properties"),
    )


def subscription_context(subscription: Any, tenant: str | None) -> dict[str, Any]:
    """What subscription() returns."""
    known = isinstance(subscription, str)
    return PartialDict(
        id=f"/subscriptions/{subscription}" if known else residual_call("concat", ["/subscriptions/", subscription]),
        subscriptionId=subscription,
        tenantId=tenant if tenant is not None else metadata_residual("tenant", "tenantId"),
        displayName=metadata_residual("subscription", "displayName"),
    )


def resource_group_context(subscription: Any, group: Any, location: Any, made: dict[str, Any] | None = None) -> dict[str, Any]:
    """What resourceGroup() returns; ``made``: the body of the resource group where the same deployment makes it."""
    known = isinstance(subscription, str) and isinstance(group, str)
    context: dict[str, Any] = {
        "id": f"/subscriptions/{subscription}/resourceGroups/{group}" if known else metadata_residual("resourceGroup", "id"),
        "name": group,
        "type": "Microsoft.Resources/resourceGroups",
        "location": location if location is not None else metadata_residual("resourceGroup", "location"),
    }
    for name in ("tags", "managedBy", "properties"):
        context[name] = made[name] if made is not None and name in made else metadata_residual("resourceGroup", name)
    return PartialDict(context)


def deployment_context(name: Any, content_version: str, location: Any) -> dict[str, Any]:
    """What deployment() returns; ``location`` is None at the scope of a resource group."""
    context: dict[str, Any] = {"name": name, "properties": {"template": {"contentVersion": content_version}}}
    if location is not None:
        context["location"] = location
    return PartialDict(context) if not UNKNOWN.isdisjoint(map(type, context.values())) else context
