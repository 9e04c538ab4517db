"""Facts about properties, read off a catalogue of resource types."""

from __future__ import annotations

from infra_lib.planning.compare import PropertyFacts
from infra_lib.resource_types.catalog import (
    ArrayType,
    Catalog,
    DiscriminatedObjectType,
    ObjectType,
    Property,
    StringType,
    TypeNode,
    UnionType,
)

_NOTHING = PropertyFacts()


class CatalogKnowledge:
    """Answers :class:`~infra_lib.planning.compare.Knowledge` from a catalogue; each question is looked up once."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self._known: dict[tuple[str, str, tuple[str, ...]], PropertyFacts] = {}

    def facts(self, resource_type: str, api_version: str, path: tuple[str, ...]) -> PropertyFacts:
        """The facts of one property; a property below one that is read-only, write-only or immutable is so too."""
        key = (resource_type.lower(), api_version, path)
        if key not in self._known:
            self._known[key] = self._look_up(*key)
        return self._known[key]

    def _look_up(self, resource_type: str, api_version: str, path: tuple[str, ...]) -> PropertyFacts:
        found = self._catalog.closest(resource_type, api_version)
        if found is None:
            return _NOTHING
        node: TypeNode = found.body
        read_only = write_only = immutable = False
        for name in path:
            candidates = _properties(node, name)
            if not candidates:
                return PropertyFacts(read_only=read_only, write_only=write_only, immutable=immutable)
            read_only = read_only or all(candidate.read_only for candidate in candidates)
            write_only = write_only or all(candidate.write_only for candidate in candidates)
            immutable = immutable or all(candidate.create_only for candidate in candidates)
            node = candidates[0].type
        return PropertyFacts(
            read_only=read_only,
            write_only=write_only,
            immutable=immutable,
            secret=isinstance(node, StringType | ObjectType) and node.sensitive,
            enumeration=isinstance(node, UnionType) and bool(node.literals),
        )


def _properties(node: TypeNode, name: str) -> list[Property]:
    """The declarations of a property: one, or one for each member of a discriminated type that has it."""
    while isinstance(node, ArrayType):
        node = node.item_type
    if isinstance(node, DiscriminatedObjectType):
        found = (member.find(name) for member in node.members.values())
        return [item for item in found if item is not None]
    single = node.find(name) if isinstance(node, ObjectType) else None
    return [] if single is None else [single]
