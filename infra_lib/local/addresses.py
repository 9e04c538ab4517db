"""Paths of Resource Manager taken apart: which resource or collection a request is about."""

from __future__ import annotations

from functools import lru_cache

_KEYWORDS = {"subscriptions": "subscriptions", "resourcegroups": "resourceGroups", "providers": "providers"}

RESOURCE_GROUP_TYPE = "Microsoft.Resources/resourceGroups"
SUBSCRIPTION_TYPE = "Microsoft.Resources/subscriptions"
DEPLOYMENT_TYPE = "Microsoft.Resources/deployments"


class Address:
    """A resource (or, when ``name`` is empty, a collection) named by a path.

    ``id`` is the path with its keywords in their usual casing, names as written; ``key`` is lower-cased and identifies the
    resource. ``scope`` is what precedes the last ``/providers/`` (empty for the tenant); ``parent`` is the enclosing
    resource's id, or the scope of a top-level one. A resource group has type Microsoft.Resources/resourceGroups, a
    subscription Microsoft.Resources/subscriptions.
    """

    __slots__ = ("id", "is_nested", "key", "name", "names", "parent", "resource_group", "scope", "subscription", "type")

    def __init__(self, path: str) -> None:
        segments = [segment for segment in path.split("/") if segment]
        for index, segment in enumerate(segments):
            lowered = segment.lower()
            if lowered == "providers" or (index in (0, 2) and lowered in _KEYWORDS):
                segments[index] = _KEYWORDS[lowered]
        self.id = "/" + "/".join(segments)
        self.key = self.id.lower()
        self.subscription = segments[1] if len(segments) > 1 and segments[0] == "subscriptions" else ""
        in_group = bool(self.subscription) and len(segments) > 3 and segments[2] == "resourceGroups"
        self.resource_group = segments[3] if in_group else ""
        marker = max((index for index, segment in enumerate(segments) if segment == "providers"), default=-1)
        if marker < 0:
            self._set_container(segments)
            return
        self.scope = "/" + "/".join(segments[:marker]) if marker else ""
        rest = segments[marker + 1 :]
        self.type = "/".join(rest[:1] + rest[1::2])
        self.names = tuple(rest[2::2])
        is_resource = len(rest) % 2 == 1 and len(rest) > 1
        self.name = self.names[-1] if is_resource else ""
        self.is_nested = len(rest) > 3
        enclosing = segments[:-2] if is_resource else segments[:-1]
        self.parent = "/" + "/".join(enclosing) if self.is_nested else self.scope

    def _set_container(self, segments: list[str]) -> None:
        self.type = RESOURCE_GROUP_TYPE if len(segments) > 2 else SUBSCRIPTION_TYPE
        self.name = segments[-1] if len(segments) in (2, 4) else ""
        self.names = (self.name,) if self.name else ()
        self.scope = self.parent = "/" + "/".join(segments[: len(segments) - 2]) if len(segments) > 2 else ""
        self.is_nested = False

    @property
    def namespace(self) -> str:
        """``Microsoft.App`` of ``Microsoft.App/jobs``."""
        return self.type.partition("/")[0]

    @property
    def group_id(self) -> str:
        """The id of the resource group it is in; empty outside one."""
        return f"/subscriptions/{self.subscription}/resourceGroups/{self.resource_group}" if self.resource_group else ""

    def __repr__(self) -> str:
        return f"Address({self.id})"


@lru_cache(maxsize=4096)
def parse(path: str) -> Address:
    """The address that a path (decoded, without query) names."""
    return Address(path)
