"""Where a template is deployed to: the four scopes, each with what is known of it beforehand."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

ScopeKind = Literal["resourceGroup", "subscription", "managementGroup", "tenant"]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Scope:
    """What every scope may carry; None means that it is not known, so that what needs it stays unevaluated.

    ``location``: the resource group's location, elsewhere the deployment's own. ``tenant_id``: the directory.
    ``deployment_name``: the name that ``deployment().name`` gives. ``cloud``: the name that ``environment().name`` gives, such as
    AzureCloud.
    """

    location: str | None = None
    tenant_id: str | None = None
    deployment_name: str | None = None
    cloud: str | None = None

    kind: ClassVar[ScopeKind]


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourceGroupScope(_Scope):
    """A resource group of a subscription."""

    subscription_id: str | None = None
    resource_group: str | None = None

    kind: ClassVar[ScopeKind] = "resourceGroup"

    @property
    def id(self) -> str | None:
        """``/subscriptions/S/resourceGroups/G``, or None while a part is not known."""
        if self.subscription_id is None or self.resource_group is None:
            return None
        return f"/subscriptions/{self.subscription_id}/resourceGroups/{self.resource_group}"


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscriptionScope(_Scope):
    """A subscription."""

    subscription_id: str | None = None

    kind: ClassVar[ScopeKind] = "subscription"

    @property
    def id(self) -> str | None:
        """``/subscriptions/S``, or None while it is not known."""
        return None if self.subscription_id is None else f"/subscriptions/{self.subscription_id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ManagementGroupScope(_Scope):
    """A management group; ``management_group`` is its name (id), not its display name."""

    management_group: str | None = None

    kind: ClassVar[ScopeKind] = "managementGroup"

    @property
    def id(self) -> str | None:
        """``/providers/Microsoft.Management/managementGroups/M``, or None while it is not known."""
        return (
            None if self.management_group is None else f"/providers/Microsoft.Management/managementGroups/{self.management_group}"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class TenantScope(_Scope):
    """The tenant."""

    kind: ClassVar[ScopeKind] = "tenant"

    @property
    def id(self) -> str:
        """``/``."""
        return "/"


Scope = ResourceGroupScope | SubscriptionScope | ManagementGroupScope | TenantScope

_SCHEMA_KINDS: tuple[tuple[str, ScopeKind], ...] = (
    ("subscriptiondeploymenttemplate.json", "subscription"),
    ("managementgroupdeploymenttemplate.json", "managementGroup"),
    ("tenantdeploymenttemplate.json", "tenant"),
    ("deploymenttemplate.json", "resourceGroup"),
)


def scope_kind_of_schema(schema: str) -> ScopeKind | None:
    """The scope that a template's ``$schema`` is for, or None for a schema of something else."""
    lowered = schema.lower().rstrip("#")
    return next((kind for ending, kind in _SCHEMA_KINDS if lowered.endswith(ending)), None)
