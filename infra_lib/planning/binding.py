"""Resources bound to existing ones elsewhere: the template rewritten so that everything that means the resource means the other.

The bound resource becomes ``existing`` at the other id; calls of ``resourceId`` that lead to it or below it get the other scope;
its name follows. Its children are deployed where it is: by a nested deployment in the other resource group, whose parameters are
the child's properties. What this cannot reach is refused: :func:`check_bound` looks for the old id in what the result
evaluates to.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from infra_lib.arm.expressions import (
    Access,
    Call,
    ExpressionSyntaxError,
    Literal,
    Node,
    is_expression,
    parse_expression,
    print_node,
)
from infra_lib.arm.ids import ResourceId
from infra_lib.arm.template import DEPLOYMENTS_TYPE, member
from infra_lib.planning.model import DesiredResource

_DEPLOYMENTS_VERSION = "2022-09-01"
_SCHEMA = "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#"

# What steers a declaration, as against what is sent.
_STEERING = frozenset(
    ("copy", "condition", "type", "apiversion", "name", "dependson", "existing", "scope", "subscriptionid", "resourcegroup",
     "comments", "metadata", "@options")
)  # fmt: skip
_SECTIONS = ("resources", "outputs", "variables")


class CannotBindError(Exception):
    """The binding cannot be made soundly; the text says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Binding:
    """A declaration of the template (``symbol`` of its lifted form) and the existing resource to use in its place."""

    name: str
    symbol: str
    resource: DesiredResource
    bound: ResourceId


def bind_existing(
    template: Mapping[str, Any], bindings: Sequence[Binding], children: Mapping[str, str], scope: str
) -> dict[str, Any]:
    """A copy of a template of language version 2.0 with resources replaced by existing ones.

    ``children`` maps the symbols of what lies below a bound resource to the symbol of that resource; ``scope`` is the id that the
    template is deployed at. Raises CannotBindError.
    """
    changed = dict(template)
    for binding in bindings:
        changed = _bind_one(changed, binding, [child for child, root in children.items() if root == binding.symbol], scope)
    return changed


def check_bound(bindings: Iterable[Binding], texts: Iterable[tuple[str, str]]) -> None:
    """Raise CannotBindError where a text of the evaluated result, given as (what holds it, text), has the old id, or the new
    name at the old place."""
    patterns = [
        (binding, re.compile("(?:" + "|".join(map(re.escape, stale)) + r")(?![^/'\"\]),\s])", re.IGNORECASE))
        for binding in bindings
        if (stale := _stale_ids(binding))
    ]
    for holder, text in texts:
        for binding, pattern in patterns:
            if pattern.search(text):
                raise CannotBindError(
                    f"{holder} refers to '{binding.resource.name}' in a way that cannot be led to {binding.bound}: "
                    "pass its id as a parameter"
                )


def _stale_ids(binding: Binding) -> list[str]:
    """The ids that nothing may have any more."""
    here = replace(binding.bound, scope=ResourceId.parse(binding.resource.id).scope)
    return sorted({item for item in (binding.resource.id, str(here)) if not binding.bound.equals(item)})


def _bind_one(template: dict[str, Any], binding: Binding, children: Sequence[str], scope: str) -> dict[str, Any]:
    raw = template["resources"][binding.symbol]
    if member(raw, "copy") is not None:
        raise CannotBindError("it is a loop, and one id stands for one resource")
    if member(raw, "scope") is not None:
        raise CannotBindError("it extends another resource")
    elsewhere = binding.bound.scope.lower() != scope.lower()
    if elsewhere and binding.bound.resource_group is None:
        raise CannotBindError(f"{binding.bound} is in no resource group")
    segments = _segments(str(member(raw, "name")), len(binding.bound.names))
    rewriter = _Rewriter(binding, segments, elsewhere=elsewhere)
    result = {**template}
    for section in list(result):
        if section.lower() in _SECTIONS:
            result[section] = rewriter.value(result[section])
    if rewriter.ambiguous is not None:
        raise CannotBindError(
            f"its name is the literal '{rewriter.ambiguous}', which the template has in other places too, and whether "
            "those mean this resource cannot be told: make the name a parameter"
        )
    place = {"subscriptionId": binding.bound.subscription_id, "resourceGroup": binding.bound.resource_group} if elsewhere else {}
    resources = dict(result["resources"])
    resources[binding.symbol] = {
        "existing": True,
        **{key: value for key, value in raw.items() if key.lower() in ("type", "apiversion", "condition", "dependson")},
        **place,
        "name": binding.bound.name,
    }
    for child in children:
        resources[child] = {**resources[child], "name": rewriter.child_name(str(member(template["resources"][child], "name")))}
        if elsewhere:
            written, read = _deployed_elsewhere(child, resources[child], place)
            resources[child] = read
            if written is not None:
                resources[f"{child}InPlace"] = written
    result["resources"] = resources
    return result


def _deployed_elsewhere(
    symbol: str, raw: Mapping[str, Any], place: Mapping[str, Any]
) -> tuple[dict[str, Any] | None, dict[str, Any]]:
    """A child as a nested deployment where its parent is, and as an existing resource that the rest of the template refers to."""
    identity = {key: value for key, value in raw.items() if key.lower() in ("copy", "condition", "type", "apiversion", "name")}
    if member(raw, "existing"):
        return None, {**raw, **place}
    if member(raw, "scope") is not None:
        raise CannotBindError(f"'{symbol}' extends a resource below it: deploy it by a module there")
    body = {key: value for key, value in raw.items() if key.lower() not in _STEERING}
    if any(_has_copy(value) for value in body.values()):
        raise CannotBindError(f"'{symbol}' below it has a loop in its properties, which no other deployment can be handed")
    given = {"name": member(raw, "name"), **body}
    looped = member(raw, "copy") is not None
    inner = {
        "type": member(raw, "type"),
        "apiVersion": member(raw, "apiVersion"),
        **{key: value for key, value in raw.items() if key.lower() == "@options"},
        "name": "[parameters('name')]",
        **{key: f"[parameters('{key}')]" for key in body},
    }
    written = {
        **{key: value for key, value in raw.items() if key.lower() in ("copy", "condition", "dependson")},
        "type": "Microsoft.Resources/deployments",
        "apiVersion": _DEPLOYMENTS_VERSION,
        "name": f"[format('{symbol}-in-place-{{0}}', copyIndex())]" if looped else f"{symbol}-in-place",
        **place,
        "properties": {
            "mode": "Incremental",
            "expressionEvaluationOptions": {"scope": "inner"},
            "parameters": {key: {"value": value} for key, value in given.items()},
            "template": {
                "$schema": _SCHEMA,
                "languageVersion": "2.0",
                "contentVersion": "1.0.0.0",
                "parameters": {key: {"type": _type_of(value)} for key, value in given.items()},
                "resources": {symbol: inner},
            },
        },
    }
    if looped:
        written["copy"] = {**member(raw, "copy"), "name": f"{symbol}InPlace"}
    return written, {"existing": True, **identity, **place, "dependsOn": [f"{symbol}InPlace"]}


def _type_of(value: Any) -> str:
    """The type of the parameter that hands a member over; objects hide their values, which may be secrets."""
    if isinstance(value, list):
        return "array"
    return "string" if isinstance(value, str) else "secureObject" if isinstance(value, Mapping) else "object"


def _has_copy(value: Any) -> bool:
    if isinstance(value, Mapping):
        return any(key.lower() == "copy" and isinstance(item, list) for key, item in value.items()) or any(
            _has_copy(item) for item in value.values()
        )
    return isinstance(value, list) and any(_has_copy(item) for item in value)


# ---------------------------------------------------------------------------------------------- names and references


def _node(text: str) -> Node:
    return parse_expression(text) if is_expression(text) else Literal(text)


def _segments(name: str, count: int) -> list[str]:
    """The printed expressions of a name's segments: of ``a/b``, or of ``format('{0}/{1}', a, b)``. Raises CannotBindError."""
    node = _node(name)
    if count == 1:
        return [print_node(node)]
    if isinstance(node, Literal):
        found: list[Node] = [Literal(part) for part in str(node.value).split("/")]
    elif isinstance(node, Call) and node.key == "format" and isinstance(node.arguments[0], Literal):
        found = [_format_part(part, node) for part in str(node.arguments[0].value).split("/")]
    else:
        found = []
    if len(found) < count:
        raise CannotBindError("the segments of its name cannot be told apart")
    return [print_node(item) for item in found]


def _format_part(part: str, call: Call) -> Node:
    place = re.fullmatch(r"\{(\d+)\}", part)
    if place is not None:
        return call.arguments[int(place.group(1)) + 1]
    if "{" in part:
        raise CannotBindError("the segments of its name cannot be told apart")
    return Literal(part)


class _Rewriter:
    """Leads references to a bound resource, and to what is below it, to the other id."""

    def __init__(self, binding: Binding, segments: Sequence[str], *, elsewhere: bool) -> None:
        self._type = binding.resource.type.lower()
        self._bound = binding.bound
        self._segments = list(segments)
        self._elsewhere = elsewhere
        old, new = binding.resource.name.rpartition("/")[2], binding.bound.names[-1]
        own = _own_name(segments[-1])
        self._literal = old if own and old != new else None
        self._expression = segments[-1] if not own and old != new else None
        self.ambiguous: str | None = None

    def value(self, value: Any) -> Any:
        """A copy of a section or of a part of it."""
        if isinstance(value, str):
            if is_expression(value):
                return self._text(value)
            if value == self._literal:
                self.ambiguous = value
            return value
        if isinstance(value, list):
            return [self.value(item) for item in value]
        if not isinstance(value, Mapping):
            return value
        if str(member(value, "type")).lower() == DEPLOYMENTS_TYPE and isinstance(member(value, "properties"), Mapping):
            return {
                key: self._deployment(item) if key.lower() == "properties" else self.value(item) for key, item in value.items()
            }
        if self._is_below(value):
            return {key: item if key.lower() == "name" else self.value(item) for key, item in value.items()}
        return {key: self.value(item) for key, item in value.items()}

    def child_name(self, name: str) -> str:
        """The name of a resource below the bound one, with the other names in front."""
        rest = _segments(name, 2)[len(self._segments) :]
        parts = [self._replaced(parse_expression(f"[{item}]")) for item in rest]
        known = [part.value for part in parts if isinstance(part, Literal)]
        if len(known) == len(parts):
            return "/".join([*self._bound.names, *map(str, known)])
        places = "/".join(["{" + str(index) + "}" for index in range(len(parts))])
        text = print_node(Call("format", [Literal("/".join([*self._bound.names, places])), *parts]))
        return f"[{text}]"

    def _is_below(self, raw: Mapping[str, Any]) -> bool:
        kind = str(member(raw, "type")).lower()
        return member(raw, "apiVersion") is not None and (kind == self._type or kind.startswith(self._type + "/"))

    def _deployment(self, properties: Mapping[str, Any]) -> dict[str, Any]:
        """Of a nested deployment the parameters alone are of this template."""
        return {key: item if key.lower() == "template" else self.value(item) for key, item in properties.items()}

    def _text(self, text: str) -> str:
        try:
            node = parse_expression(text)
        except ExpressionSyntaxError:
            return text
        return f"[{print_node(self._replaced(node))}]"

    def _replaced(self, node: Node) -> Node:
        if isinstance(node, Literal):
            if node.value == self._literal:
                self.ambiguous = str(node.value)
            return node
        if self._expression is not None and print_node(node) == self._expression:
            return Literal(self._bound.names[-1])
        if isinstance(node, Call):
            return self._resource_id(node) or Call(node.name, [self._replaced(item) for item in node.arguments])
        if isinstance(node, Access):
            return Access(self._replaced(node.target), [self._replaced(item) for item in node.keys])
        return node

    def _resource_id(self, call: Call) -> Call | None:
        """A call of ``resourceId`` for the bound resource or one below it, in the other scope; None for any other call."""
        if call.key != "resourceid" or not call.arguments or not isinstance(call.arguments[0], Literal):
            return None
        kind, names = str(call.arguments[0].value).lower(), call.arguments[1:]
        count = len(self._segments)
        if kind != self._type and not kind.startswith(self._type + "/"):
            return None
        if [print_node(item) for item in names[:count]] != self._segments:
            return None
        scope = [Literal(str(self._bound.subscription_id)), Literal(str(self._bound.resource_group))] if self._elsewhere else []
        own = [Literal(name) for name in self._bound.names]
        return Call(call.name, [*scope, call.arguments[0], *own, *(self._replaced(item) for item in names[count:])])


def _own_name(printed: str) -> bool:
    return printed.startswith("'")
