"""The types of resources: whether they can be read, are known, and fit the resources around them.

Runs before the uses of what is not valid are reported: a resource without a type cannot be used.
"""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from infra_lib.bicep import syntax as s
from infra_lib.bicep.semantics import symbols as sym
from infra_lib.bicep.semantics.model import SemanticModel
from infra_lib.bicep.semantics.resources import TypeReference, parse_type

_UNKNOWN_TYPE = re.compile(r"[a-z0-9][a-z0-9.]*(?:/[a-z0-9-]+)+\Z", re.IGNORECASE)
_UNKNOWN_VERSION = re.compile(r"\d{4}-\d{2}-\d{2}(?:-(?:preview|alpha|beta|rc|privatepreview))?\Z", re.IGNORECASE)
_ANY_VERSION = re.compile(r"\d{4}-\d{2}-\d{2}")
"""What a version begins with; where no resource types are imported, only that is held against it."""


class _Mistake(NamedTuple):
    code: str
    names: dict[str, Any]


def check_resource_types(model: SemanticModel) -> None:
    """Report types that are none, and mark their resources as not valid."""
    for resource in model.all_resources():
        node = resource.node.type
        if not isinstance(node, s.StringSyntax):
            model.untyped.add(resource)
            continue
        mistake = _mistake(model, resource, node)
        if mistake is not None:
            model.report(mistake.code, node, **mistake.names)
            model.invalid.add(resource)
            model.untyped.add(resource)


def _mistake(model: SemanticModel, resource: sym.ResourceSymbol, node: s.StringSyntax) -> _Mistake | None:
    text = node.literal
    if text is None:
        return _Mistake("BCP047", {})
    scheme, colon, rest = text.partition(":")
    if colon and scheme:
        known = {"az", "sys"} | {extension.name for extension in model.extensions}
        if scheme not in known:
            return _Mistake("BCP208", {"name": scheme})
        if scheme == "sys":
            return _Mistake("BCP209", {"type": rest, "namespace": scheme})
        if scheme != "az":
            return None
        text = rest
    own = parse_type(text)
    if own is None:
        return _Mistake("BCP029", {"type": text})
    around = resource.nested_in
    if around is not None:
        if around.loop is not None or around in model.invalid:
            return _Mistake("BCP157", {})
        if "/" in own.type:
            return _Mistake("BCP156", {"type": text})
    reference = model.resource_table.type_of(resource)
    return None if reference is not None and _exists(model, reference) else _Mistake("BCP029", {"type": text})


def _exists(model: SemanticModel, reference: TypeReference) -> bool:
    """True for a known type, and for one that looks like a type."""
    if reference.version is None:
        return False
    catalog = model.compiler.catalog
    if catalog is None or catalog.is_empty:
        return "/" in reference.type and _ANY_VERSION.match(reference.version) is not None
    if _UNKNOWN_TYPE.match(reference.type) and _UNKNOWN_VERSION.match(reference.version):
        return True
    return catalog.canonical_name(reference.type, reference.version) is not None
