"""Secrets that were set on an app or job beside its template: how they are marked, and how a deployment keeps them.

The mark is a tag with the names of the secrets. What it names, and the environment variables that refer to it, are no
differences; an update of the resource sends them along, their values in a secure parameter.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from infra_lib.arm.expressions import is_expression, print_node, value_node
from infra_lib.arm.template import member
from infra_lib.planning.rewrite import CannotRewriteError
from infra_lib.planning.tagging import with_tag

SECRETS_TAG = "infra-lib-secrets"
KEPT_PARAMETER = "infraLibKeptSecrets"


def marked(tags: Mapping[str, str] | None, secret: str) -> dict[str, str]:
    """The tag for a resource that has ``tags`` and was given one more secret."""
    return {SECRETS_TAG: " ".join(sorted({*added(tags), secret}))}


def unmarked(tags: Mapping[str, str] | None, secret: str) -> dict[str, str]:
    """All tags of a resource from which a secret was taken away."""
    rest = [name for name in added(tags) if name != secret]
    others = {name: value for name, value in (tags or {}).items() if name != SECRETS_TAG}
    return others | ({SECRETS_TAG: " ".join(rest)} if rest else {})


def added(tags: Mapping[str, str] | None) -> tuple[str, ...]:
    """The names of the secrets that were added to a resource with these tags."""
    return tuple(str((tags or {}).get(SECRETS_TAG) or "").split())


def without_added(live: Mapping[str, Any], desired: Mapping[str, Any]) -> Mapping[str, Any]:
    """The live body without the added secrets and their variables, those that the template declares itself apart."""
    names = set(added(live.get("tags")))
    names -= {str(item.get("name")) for item in _secrets(desired) if isinstance(item, Mapping)}
    properties = live.get("properties")
    if not names or not isinstance(properties, Mapping):
        return live
    kept = [item for item in _secrets(live) if item.get("name") not in names]
    configuration = {**(properties.get("configuration") or {}), "secrets": kept}
    template = dict(properties.get("template") or {})
    for kind in ("containers", "initContainers"):
        if isinstance(template.get(kind), list):
            template[kind] = [_without_variables(container, names) for container in template[kind]]
    return {**live, "properties": {**properties, "configuration": configuration, "template": template}}


def added_variables(live: Mapping[str, Any], names: Collection[str]) -> list[dict[str, str]]:
    """The environment variables of a live resource that refer to these secrets: ``{"name", "secretRef"}``."""
    template = (live.get("properties") or {}).get("template") or {}
    found = {
        item["name"]: {"name": item["name"], "secretRef": item["secretRef"]}
        for kind in ("containers", "initContainers")
        for container in template.get(kind) or []
        for item in container.get("env") or []
        if item.get("secretRef") in names
    }
    return list(found.values())


def keep_added(template: Mapping[str, Any], added_by_place: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """A copy of ``template`` in which resources keep what was added to them.

    ``added_by_place`` has for a declaration's place ``{"names": [...], "variables": [...]}``. The secrets with their values are
    expected in the secure parameter KEPT_PARAMETER, an object with a list for each name in ``"key"``.
    Raises CannotRewriteError where the properties are an expression.
    """
    if not added_by_place:
        return dict(template)
    resources = member(template, "resources")
    changed: Any
    if isinstance(resources, Mapping):
        changed = {symbol: _kept(raw, f"resources.{symbol}", added_by_place) for symbol, raw in resources.items()}
    else:
        changed = [_kept(raw, f"resources[{index}]", added_by_place) for index, raw in enumerate(resources or [])]
    rest = {key: value for key, value in template.items() if key.lower() not in ("resources", "parameters")}
    parameters = {**(member(template, "parameters") or {}), KEPT_PARAMETER: {"type": "secureObject"}}
    return {**rest, "parameters": parameters, "resources": changed}


def _kept(raw: Mapping[str, Any], place: str, added_by_place: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    properties = member(raw, "properties")
    mine = added_by_place.get(place)
    if mine is not None:
        parts = (
            properties,
            *(member(properties, key) for key in ("configuration", "template") if isinstance(properties, Mapping)),
        )
        if not all(part is None or isinstance(part, Mapping) for part in parts) or properties is None:
            raise CannotRewriteError(
                f"'{mine['id'].rpartition('/')[2]}' was given secrets that would be lost: its properties are an expression"
            )
        tags = with_tag(member(raw, "tags"), SECRETS_TAG, " ".join(sorted(mine["names"])))
        rest = {key: value for key, value in raw.items() if key.lower() not in ("tags", "properties")}
        return {**rest, "tags": tags, "properties": _with_secrets(properties, mine)}
    prefix = f"{place}.properties.template."
    inner = {key[len(prefix) :]: value for key, value in added_by_place.items() if key.startswith(prefix)}
    if not inner or not isinstance(properties, Mapping):
        return dict(raw)
    handed = {**(member(properties, "parameters") or {}), KEPT_PARAMETER: {"value": f"[parameters('{KEPT_PARAMETER}')]"}}
    rest = {key: value for key, value in properties.items() if key.lower() not in ("template", "parameters")}
    nested = {**rest, "parameters": handed, "template": keep_added(member(properties, "template"), inner)}
    return {**{key: value for key, value in raw.items() if key.lower() != "properties"}, "properties": nested}


def _with_secrets(properties: Mapping[str, Any], mine: Mapping[str, Any]) -> dict[str, Any]:
    configuration = dict(properties.get("configuration") or {})
    values = [f"parameters('{KEPT_PARAMETER}')['{mine['key']}'][{index}]" for index in range(len(mine["names"]))]
    configuration["secrets"] = _joined(
        configuration.get("secrets"), [f"[{text}]" for text in values], f"createArray({', '.join(values)})"
    )
    template = dict(properties.get("template") or {})
    variables: Sequence[Any] = mine["variables"]
    for kind in ("containers", "initContainers"):
        if isinstance(template.get(kind), list):
            template[kind] = [_with_variables(container, variables) for container in template[kind]]
        elif isinstance(template.get(kind), str):
            items = f"coalesce(tryGet(lambdaVariables('item'), 'env'), createArray()), {print_node(value_node(variables))}"
            changed = f"union(lambdaVariables('item'), createObject('env', concat({items})))"
            template[kind] = f"[map({template[kind][1:-1]}, lambda('item', {changed}))]"
    return {**properties, "configuration": configuration, "template": template}


def _with_variables(container: Any, variables: Sequence[Any]) -> Any:
    if isinstance(container, Mapping):
        return {**container, "env": _joined(container.get("env"), list(variables), print_node(value_node(list(variables))))}
    changed = f"concat(coalesce(tryGet({container[1:-1]}, 'env'), createArray()), {print_node(value_node(list(variables)))})"
    return f"[union({container[1:-1]}, createObject('env', {changed}))]"


def _joined(declared: Any, items: Sequence[Any], text: str) -> Any:
    """A declared list, or an expression for one, with more items; ``text`` is the items as an expression."""
    if isinstance(declared, str) and is_expression(declared):
        return f"[concat(coalesce({declared[1:-1]}, createArray()), {text})]"
    return [*(declared or []), *items]


def _secrets(body: Mapping[str, Any]) -> Sequence[Any]:
    configuration = (body.get("properties") or {}).get("configuration") if isinstance(body.get("properties"), Mapping) else None
    found = configuration.get("secrets") if isinstance(configuration, Mapping) else None
    return found if isinstance(found, list) else []


def _without_variables(container: Mapping[str, Any], names: Collection[str]) -> dict[str, Any]:
    if not isinstance(container.get("env"), list):
        return dict(container)
    return {**container, "env": [item for item in container["env"] if item.get("secretRef") not in names]}
