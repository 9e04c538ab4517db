"""What is known of Azure's resource types: the interface, and the nodes that a type is made of.

A :class:`Catalog` answers by type name and API version, in any letter case. It says when it does not know (None), and why
(:meth:`Catalog.unknown`); nothing is ever made up. Two modules fill it: :mod:`infra_lib.resource_types.bicep_types` (every type
and version, imported from a checkout of Azure/bicep-types-az) and :mod:`infra_lib.resource_types.sdk_models` (the models of the
installed Azure packages). This module uses the standard library alone.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import reduce
from typing import Literal

from infra_lib.resource_types.merge import merged_resource
from infra_lib.resource_types.nodes import (
    AnyType,
    ArrayType,
    BooleanType,
    DiscriminatedObjectType,
    IntegerType,
    NullType,
    ObjectType,
    Property,
    ResourceFunction,
    ResourceType,
    Scopes,
    StringLiteralType,
    StringType,
    TypeNode,
    TypeReference,
    UnionType,
)

__all__ = [
    "EMPTY",
    "AnyType",
    "ArrayType",
    "BooleanType",
    "Catalog",
    "DiscriminatedObjectType",
    "IntegerType",
    "LayeredCatalog",
    "NullType",
    "ObjectType",
    "Property",
    "ResourceFunction",
    "ResourceType",
    "Scopes",
    "StringLiteralType",
    "StringType",
    "TypeNode",
    "TypeReference",
    "UnionType",
    "Unknown",
    "UnknownReason",
    "version_key",
]

UnknownReason = Literal["no catalog", "type", "version"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Unknown:
    """Why a catalog has no answer. ``reason``: ``no catalog`` (nothing is imported), ``type`` (no such type) or ``version`` (the
    type is known, at ``versions``, but not at this one)."""

    reason: UnknownReason
    type_name: str
    api_version: str
    versions: tuple[str, ...] = ()

    def __str__(self) -> str:
        if self.reason == "no catalog":
            return (
                f"nothing is known of {self.type_name}@{self.api_version}, because no resource types are imported; "
                "run `infra resource-types import DIR` with a checkout of Azure/bicep-types-az"
            )
        if self.reason == "type":
            return f"the imported resource types have no {self.type_name}"
        newest = ", ".join(reversed(self.versions[-5:]))
        return f"{self.type_name} has no API version {self.api_version} among the imported ones; the newest are {newest}"


class Catalog(ABC):
    """Look-up of resource types. Names and versions are compared without regard to letter case."""

    @property
    @abstractmethod
    def source(self) -> str:
        """Where the knowledge comes from, for messages."""

    @property
    def is_empty(self) -> bool:
        """True for a catalog that knows nothing at all, so that an unknown type says nothing about the type."""
        return False

    @abstractmethod
    def find(self, type_name: str, api_version: str) -> ResourceType | None:
        """The type at exactly this version, or None. ``type_name`` has no version in it: ``Microsoft.App/jobs``."""

    @abstractmethod
    def versions(self, type_name: str) -> tuple[str, ...]:
        """The API versions that are known of a type, oldest first, a preview before the release of its day."""

    @abstractmethod
    def type_names(self) -> Iterator[str]:
        """All types, each once, in the casing of its newest version, sorted without regard to case."""

    def canonical_name(self, type_name: str, api_version: str) -> str | None:
        """The type's name in the casing of the source; None where type and version are not known: the author's casing stands."""
        found = self.find(type_name, api_version)
        return None if found is None else found.name

    def closest(self, type_name: str, api_version: str) -> ResourceType | None:
        """The type at this version or, where that is not known, at the next newer one, else the newest; None for an unknown type.

        For questions whose answer seldom changes from version to version, such as which properties are read-only.
        """
        found = self.find(type_name, api_version)
        if found is not None:
            return found
        known = self.versions(type_name)
        if not known:
            return None
        wanted = version_key(api_version)
        newer = next((version for version in known if version_key(version) >= wanted), known[-1])
        return self.find(type_name, newer)

    def unknown(self, type_name: str, api_version: str) -> Unknown | None:
        """Why :meth:`find` has no answer, or None when it has one."""
        if self.find(type_name, api_version) is not None:
            return None
        known = self.versions(type_name)
        reason: UnknownReason = "no catalog" if self.is_empty else "version" if known else "type"
        return Unknown(reason=reason, type_name=type_name, api_version=api_version, versions=known)


class _EmptyCatalog(Catalog):
    """Knows nothing."""

    @property
    def source(self) -> str:
        return "nothing"

    @property
    def is_empty(self) -> bool:
        return True

    def find(self, type_name: str, api_version: str) -> ResourceType | None:
        return None

    def versions(self, type_name: str) -> tuple[str, ...]:
        return ()

    def type_names(self) -> Iterator[str]:
        return iter(())


EMPTY: Catalog = _EmptyCatalog()
"""The catalog for when no resource types are imported."""


class LayeredCatalog(Catalog):
    """Several catalogs as one.

    :meth:`find` takes the first that knows the type at that version. :meth:`closest` merges the answers of all
    (:mod:`infra_lib.resource_types.merge`): the first decides, the others add what it cannot know.
    """

    def __init__(self, layers: Iterable[Catalog]) -> None:
        self._layers = tuple(layers)
        self._closest: dict[tuple[str, str], ResourceType | None] = {}

    @property
    def source(self) -> str:
        """The sources of the layers that know anything."""
        return ", ".join(layer.source for layer in self._layers if not layer.is_empty) or EMPTY.source

    @property
    def is_empty(self) -> bool:
        """True when all layers are."""
        return all(layer.is_empty for layer in self._layers)

    def find(self, type_name: str, api_version: str) -> ResourceType | None:
        """The first layer's answer."""
        for layer in self._layers:
            if (found := layer.find(type_name, api_version)) is not None:
                return found
        return None

    def closest(self, type_name: str, api_version: str) -> ResourceType | None:
        """The answers of all layers that know the type, merged."""
        key = (type_name.lower(), api_version.lower())
        if key not in self._closest:
            answers = [answer for layer in self._layers if (answer := layer.closest(type_name, api_version)) is not None]
            self._closest[key] = reduce(merged_resource, answers) if answers else None
        return self._closest[key]

    def versions(self, type_name: str) -> tuple[str, ...]:
        """The versions of all layers."""
        known = {version for layer in self._layers for version in layer.versions(type_name)}
        return tuple(sorted(known, key=version_key))

    def type_names(self) -> Iterator[str]:
        """The types of all layers; an earlier layer decides the casing."""
        names: dict[str, str] = {}
        for layer in self._layers:
            for name in layer.type_names():
                names.setdefault(name.lower(), name)
        return (names[key] for key in sorted(names))


_VERSION = re.compile(r"(\d{4}-\d{2}-\d{2})(.*)", re.DOTALL)


def version_key(api_version: str) -> tuple[str, bool, str]:
    """A sort key for API versions: by date; previews and their like before the release of the same day."""
    match = _VERSION.fullmatch(api_version.lower())
    if match is None:
        return (api_version.lower(), False, "")
    return (match[1], match[2] == "", match[2])
