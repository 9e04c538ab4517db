"""The tag by which a project knows what it created."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from infra_lib.arm.expressions import is_expression
from infra_lib.arm.template import member

OWNER_TAG = "infra-lib-project"


def add_owner(template: Mapping[str, Any], places: Collection[str], owner: str) -> dict[str, Any]:
    """A copy of ``template`` in which the declarations at ``places`` carry the owner's tag, beside the tags that they have.

    Only resources that have a location are tagged: the others (children, extensions) have no tags in Azure. ``places`` are as
    the engine gives them; those of nested deployments are followed into their templates.
    """
    if not places:
        return dict(template)
    resources = member(template, "resources")
    changed: Any
    if isinstance(resources, Mapping):
        changed = {symbol: _tagged(raw, f"resources.{symbol}", places, owner) for symbol, raw in resources.items()}
    else:
        changed = [_tagged(raw, f"resources[{index}]", places, owner) for index, raw in enumerate(resources or [])]
    return {**{key: value for key, value in template.items() if key.lower() != "resources"}, "resources": changed}


def _tagged(raw: Mapping[str, Any], place: str, places: Collection[str], owner: str) -> dict[str, Any]:
    if place in places and member(raw, "location") is not None:
        rest = {key: value for key, value in raw.items() if key.lower() != "tags"}
        return {**rest, "tags": with_tag(member(raw, "tags"), OWNER_TAG, owner)}
    prefix = f"{place}.properties.template."
    inner = [item[len(prefix) :] for item in places if item.startswith(prefix)]
    properties = member(raw, "properties")
    if not inner or not isinstance(properties, Mapping):
        return dict(raw)
    name = next((key for key in properties if key.lower() == "template"), None)
    if name is None:
        return dict(raw)
    nested = {**properties, name: add_owner(properties[name], inner, owner)}
    return {**{key: value for key, value in raw.items() if key.lower() != "properties"}, "properties": nested}


def with_tag(tags: Any, name: str, value: str) -> Any:
    """A declaration's tags, or the expression for them, with one more."""
    if isinstance(tags, str) and is_expression(tags):
        return f"[union({tags[1:-1]}, createObject('{name}', '{value}'))]"
    return {**(tags if isinstance(tags, Mapping) else {}), name: value}
