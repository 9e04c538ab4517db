"""The plan as one deployment: the template with what is not written marked as ``existing``.

``existing`` needs language version 2.0, so a template of the older form is lifted first: its resources get symbolic names, and
their dependencies, which may be names, ids or loops there, become the symbols that the engine resolved them to.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Literal

from infra_lib.arm.expressions import Access, Call, Node, is_expression, parse_expression, print_node
from infra_lib.arm.expressions import Literal as Text
from infra_lib.arm.template import DEPLOYMENTS_TYPE, member

Mode = Literal["existing", "only if not exists"]

# What an existing resource keeps: what identifies it, what repeats it, and what it waits for.
_KEPT = frozenset(("copy", "condition", "type", "apiversion", "scope", "subscriptionid", "resourcegroup", "name", "dependson"))

_INNER = ".properties.template."


class CannotRewriteError(Exception):
    """The template has a form that cannot be lifted; the text says which."""


def mark(template: Mapping[str, Any], modes: Mapping[str, Mode], dependencies: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    """A copy of ``template`` in which the declarations in ``modes`` are not written, or only if they do not exist.

    Keys are places as the engine gives them (``resources[3]``, ``resources.app``; below a nested deployment
    ``resources.m.properties.template.resources.app``). ``dependencies`` has the places that each declaration waits for; it is
    read for templates of the older form alone. Raises CannotRewriteError.
    """
    if not modes:
        return dict(template)
    template, symbols = lift(template, dependencies)
    marked = {
        symbol: _mark_one(template["resources"][symbol], place, modes, dependencies) for place, symbol in symbols.items()
    }
    return {**template, "resources": marked}


def lift(
    template: Mapping[str, Any], dependencies: Mapping[str, Sequence[str]], names: Mapping[str, str] | None = None
) -> tuple[dict[str, Any], dict[str, str]]:
    """The template in language version 2.0, and the symbolic name of each declaration by its place in ``template``.

    ``names`` are symbolic names by place to take where there are some; the others are made from the types. One that is of 2.0
    already stays as it is. Raises CannotRewriteError.
    """
    resources = member(template, "resources")
    rest = {key: value for key, value in template.items() if key.lower() != "resources"}
    if isinstance(resources, Mapping):
        return {**rest, "resources": dict(resources)}, {f"resources.{symbol}": symbol for symbol in resources}
    places = dict(_lift(resources or [], dependencies, names or {}))
    named = _Named(places.values(), member(template, "variables") or {})
    lifted = {symbol: named.value(raw) for symbol, raw in places.values()}
    rest = {key: named.value(value) if key.lower() == "outputs" else value for key, value in rest.items()}
    return {**rest, "languageVersion": "2.0", "resources": lifted}, {place: symbol for place, (symbol, _) in places.items()}


class _Named:
    """Leads ``reference`` and ``list*`` by a resource's bare name, which the newer form does not have, to its symbolic name."""

    def __init__(self, declared: Iterable[tuple[str, Mapping[str, Any]]], variables: Mapping[str, Any]) -> None:
        self._variables = {name.lower(): value for name, value in variables.items()}
        self._symbols: dict[str, list[str]] = {}
        self._loops: set[str] = set()
        for symbol, raw in declared:
            self._symbols.setdefault(self._printed(_node(str(member(raw, "name")))), []).append(symbol)
            if member(raw, "copy") is not None:
                self._loops.add(symbol)

    def value(self, value: Any) -> Any:
        """A copy of a part of the template."""
        if isinstance(value, str):
            if not is_expression(value) or not _READS.search(value):
                return value
            return f"[{print_node(self._replaced(parse_expression(value)))}]"
        if isinstance(value, list):
            return [self.value(item) for item in value]
        if not isinstance(value, Mapping):
            return value
        # A nested template's expressions are its own.
        return {key: item if _is_template(key, item) else self.value(item) for key, item in value.items()}

    def _replaced(self, node: Node) -> Node:
        if isinstance(node, Access):
            return Access(self._replaced(node.target), [self._replaced(key) for key in node.keys])
        if not isinstance(node, Call):
            return node
        arguments = [self._replaced(item) for item in node.arguments]
        if arguments and (node.key == "reference" or node.key.startswith("list")):
            arguments[0] = self._symbol(arguments[0])
        return Call(node.name, arguments)

    def _symbol(self, node: Node) -> Node:
        found = self._symbols.get(self._printed(node), [])
        if len(found) == 1 and found[0] not in self._loops:
            return Text(found[0])
        if not found and self._is_id(node):
            return node
        raise CannotRewriteError(f"it refers to {print_node(node)} by name, and what that means cannot be told")

    def _printed(self, node: Node) -> str:
        return print_node(self._resolved(node))

    def _resolved(self, node: Node) -> Node:
        """A variable's own expression in its place."""
        if isinstance(node, Call) and node.key == "variables" and isinstance(node.arguments[0], Text):
            value = self._variables.get(str(node.arguments[0].value).lower())
            if isinstance(value, str):
                return _node(value)
        return node

    def _is_id(self, node: Node) -> bool:
        resolved = self._resolved(node)
        if isinstance(resolved, Text):
            return str(resolved.value).startswith("/")
        if isinstance(resolved, Call) and resolved.key in ("concat", "format") and resolved.arguments:
            return self._is_id(resolved.arguments[0])
        if isinstance(resolved, Access):
            return isinstance(resolved.keys[-1], Text) and str(resolved.keys[-1].value).lower().endswith("id")
        return isinstance(resolved, Call) and (resolved.key.endswith("resourceid") or resolved.key == "parameters")


_READS = re.compile(r"\b(reference|list\w*)\s*\(", re.IGNORECASE)


def _is_template(key: str, value: Any) -> bool:
    return key.lower() == "template" and isinstance(value, Mapping) and member(value, "$schema") is not None


def _node(text: str) -> Node:
    return parse_expression(text) if is_expression(text) else Text(text)


def _mark_one(
    raw: Mapping[str, Any], place: str, modes: Mapping[str, Mode], dependencies: Mapping[str, Sequence[str]]
) -> dict[str, Any]:
    mode = modes.get(place)
    if mode == "existing":
        return {"existing": True, **{key: value for key, value in raw.items() if key.lower() in _KEPT}}
    if mode == "only if not exists":
        options = {**(member(raw, "@options") or {}), "onlyIfNotExists": []}
        return {**{key: value for key, value in raw.items() if key.lower() != "@options"}, "@options": options}
    if str(member(raw, "type")).lower() == DEPLOYMENTS_TYPE:
        prefix = place + _INNER
        inner = {key[len(prefix) :]: value for key, value in modes.items() if key.startswith(prefix)}
        if inner:
            waits = {
                key[len(prefix) :]: [item[len(prefix) :] for item in value if item.startswith(prefix)]
                for key, value in dependencies.items()
                if key.startswith(prefix)
            }
            return _mark_nested(raw, inner, waits)
    return dict(raw)


def _mark_nested(
    raw: Mapping[str, Any], modes: Mapping[str, Mode], dependencies: Mapping[str, Sequence[str]]
) -> dict[str, Any]:
    properties = dict(member(raw, "properties") or {})
    name = next((key for key in properties if key.lower() == "template"), None)
    if name is None:
        raise CannotRewriteError("a linked template cannot be changed")
    options = member(properties, "expressionEvaluationOptions") or {}
    if str(member(options, "scope") or "outer").lower() != "inner":
        raise CannotRewriteError("a nested deployment with outer evaluation cannot be lifted")
    properties[name] = mark(properties[name], modes, dependencies)
    return {**{key: value for key, value in raw.items() if key.lower() != "properties"}, "properties": properties}


def _lift(
    resources: Sequence[Mapping[str, Any]], dependencies: Mapping[str, Sequence[str]], names: Mapping[str, str]
) -> Iterator[tuple[str, tuple[str, dict[str, Any]]]]:
    """(place, (symbol, declaration)) for every resource of the older form, children taken out of their parents."""
    flat = list(_flatten(resources, "", None, ""))
    symbols = _symbols(flat, names)
    by_place = {place: symbol for (place, _), symbol in zip(flat, symbols, strict=True)}
    for place, raw in flat:
        _refuse_outer_evaluation(raw)
        waits = [by_place[item] for item in dependencies.get(place, ()) if item in by_place]
        lifted = {key: value for key, value in raw.items() if key.lower() not in ("dependson", "resources")}
        if waits:
            lifted["dependsOn"] = sorted(set(waits))
        yield place, (by_place[place], lifted)


def _flatten(
    resources: Sequence[Mapping[str, Any]], prefix: str, parent: Mapping[str, Any] | None, parent_place: str
) -> Iterator[tuple[str, dict[str, Any]]]:
    for index, raw in enumerate(resources):
        place = f"{prefix}resources[{index}]"
        declared = dict(raw)
        if parent is not None:
            if member(parent, "copy") is not None:
                raise CannotRewriteError(f"{parent_place} is a loop with children declared inside it")
            declared = _outside(declared, parent)
        yield place, declared
        yield from _flatten(member(raw, "resources") or [], f"{place}.", declared, place)


def _outside(child: dict[str, Any], parent: Mapping[str, Any]) -> dict[str, Any]:
    """A child that was declared inside its parent, with the type, the name and the condition that it has outside."""
    parent_type, kind = str(member(parent, "type")), str(member(child, "type"))
    changed = {key: value for key, value in child.items() if key.lower() not in ("type", "name")}
    if kind.lower().startswith(parent_type.lower() + "/"):
        changed.update(type=kind, name=member(child, "name"))
    else:
        changed.update(type=f"{parent_type}/{kind}", name=_join(str(member(parent, "name")), str(member(child, "name"))))
    if member(parent, "condition") is not None and member(child, "condition") is None:
        changed["condition"] = member(parent, "condition")
    return changed


def _join(parent: str, child: str) -> str:
    if not _is_expression(parent) and not _is_expression(child):
        return f"{parent}/{child}"
    return f"[format('{{0}}/{{1}}', {_operand(parent)}, {_operand(child)})]"


def _is_expression(text: str) -> bool:
    return text.startswith("[") and text.endswith("]") and not text.startswith("[[")


def _operand(text: str) -> str:
    return text[1:-1] if _is_expression(text) else "'" + text.replace("'", "''") + "'"


def _symbols(flat: Sequence[tuple[str, Mapping[str, Any]]], given: Mapping[str, str]) -> list[str]:
    """A symbolic name for each: the given one, or the last part of its type, numbered where it repeats."""
    used = {name.lower() for name in given.values()}
    names = []
    for place, raw in flat:
        name = given.get(place)
        if name is None:
            stem = name = re.sub(r"\W", "", str(member(raw, "type")).rpartition("/")[2]) or "resource"
            number = 1
            while name.lower() in used:
                number += 1
                name = f"{stem}_{number}"
            used.add(name.lower())
        names.append(name)
    return names


def _refuse_outer_evaluation(raw: Mapping[str, Any]) -> None:
    if str(member(raw, "type")).lower() != DEPLOYMENTS_TYPE:
        return
    properties = member(raw, "properties") or {}
    options = member(properties, "expressionEvaluationOptions") or {}
    if member(properties, "template") is not None and str(member(options, "scope") or "outer").lower() != "inner":
        raise CannotRewriteError("a nested deployment with outer evaluation has no form in language version 2.0")
