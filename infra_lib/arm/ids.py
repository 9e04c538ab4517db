"""Resource ids: reading them apart, and putting them together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from infra_lib.errors import InputError

MADE_WITH_PARENT = frozenset([
    "microsoft.devices/iothubs/eventhubendpoints", "microsoft.documentdb/databaseaccounts/apis",
    "microsoft.network/frontdoors/frontendendpoints", "microsoft.recoveryservices/vaults/backupfabrics",
    "microsoft.recoveryservices/vaults/backupfabrics/protectioncontainers",
])  # fmt: skip
"""Types, lower-cased, whose resources the service makes with what they lie in; templates declare only what lies in them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourceId:
    """The id of a resource, of a resource group, or of a subscription. Letter case is kept; compare with :meth:`equals`.

    ``scope`` is the id of what the resource is deployed at: a resource group, a subscription, a management group, ``/`` for the
    tenant, or another resource for an extension resource. ``type`` is the whole type
    (``Microsoft.Storage/storageAccounts/fileServices``), ``names`` its names, one for each segment after the provider.
    """

    scope: str
    type: str
    names: tuple[str, ...]

    @staticmethod
    def parse(text: str) -> ResourceId:
        """Read an id apart. Raises InputError for a text that is none."""
        parts = text.strip("/").split("/")
        lowered = [part.lower() for part in parts]
        if not text.startswith("/") or len(parts) < 2 or "" in parts:
            raise InputError(f"{text!r} is not a resource id; one starts with /subscriptions/ or /providers/.")
        if "providers" in lowered:
            start = len(lowered) - 1 - lowered[::-1].index("providers")
            rest = parts[start + 1 :]
            if len(rest) < 3 or len(rest) % 2 == 0:
                raise InputError(f"{text!r} is not a resource id: after the provider, types and names come in pairs.")
            scope = "/" + "/".join(parts[:start])
            return ResourceId(scope=scope, type="/".join([rest[0], *rest[1::2]]), names=tuple(rest[2::2]))
        if lowered[0] == "subscriptions" and len(parts) == 2:
            return ResourceId(scope="/", type="Microsoft.Resources/subscriptions", names=(parts[1],))
        if lowered[0] == "subscriptions" and len(parts) == 4 and lowered[2] == "resourcegroups":
            return ResourceId(scope="/" + "/".join(parts[:2]), type="Microsoft.Resources/resourceGroups", names=(parts[3],))
        raise InputError(f"{text!r} is not a resource id.")

    @property
    def name(self) -> str:
        """The whole name: ``account/default/share``."""
        return "/".join(self.names)

    @property
    def provider(self) -> str:
        """The provider's name space: ``Microsoft.Storage``."""
        return self.type.split("/", 1)[0]

    @property
    def subscription_id(self) -> str | None:
        """The subscription that the id is in, or None."""
        return self._segment("subscriptions")

    @property
    def resource_group(self) -> str | None:
        """The resource group that the id is in, or None."""
        return self._segment("resourcegroups")

    @property
    def parent(self) -> ResourceId | None:
        """The resource that this is a child of; None for one that is no child."""
        if len(self.names) < 2:
            return None
        return ResourceId(scope=self.scope, type=self.type.rsplit("/", 1)[0], names=self.names[:-1])

    @property
    def holder(self) -> ResourceId | None:
        """The nearest resource around this one that somebody has to make; None for one that is no child."""
        found = self.parent
        while found is not None and found.type.lower() in MADE_WITH_PARENT:
            found = found.parent
        return found

    def _segment(self, name: str) -> str | None:
        parts = str(self).split("/")
        return next((parts[index + 1] for index in range(1, len(parts) - 1, 2) if parts[index].lower() == name), None)

    def equals(self, other: ResourceId | str) -> bool:
        """True for the same id in any letter case."""
        return str(self).lower() == str(other).lower()

    def __str__(self) -> str:
        base = self.scope.rstrip("/")
        kind = self.type.lower()
        if kind == "microsoft.resources/subscriptions" and not base:
            return f"/subscriptions/{self.names[0]}"
        if kind == "microsoft.resources/resourcegroups" and base.lower().startswith("/subscriptions/"):
            return f"{base}/resourceGroups/{self.names[0]}"
        return f"{base}/providers/{join_type_and_name(self.type, self.names)}"


def join_type_and_name(kind: str, names: Sequence[str]) -> str:
    """``Microsoft.Storage/storageAccounts/a/fileServices/default`` of a type and its names."""
    if len(names) == 1:
        return f"{kind}/{names[0]}"
    provider, *segments = kind.split("/")
    return provider + "".join([f"/{segment}/{name}" for segment, name in zip(segments, names, strict=True)])
