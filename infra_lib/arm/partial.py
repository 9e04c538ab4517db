"""Three-way values: what an expression evaluates to when a part of it is known to a running deployment alone.

A value is plain JSON data, or one of the classes here. Functions that need their arguments check ``type(value) in UNKNOWN``.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Final

from infra_lib.arm.expressions import Access, Call, Literal, Node, print_node, value_node


class Residual:
    """An expression that is reduced as far as it goes; ``node`` is what is left of it."""

    __slots__ = ("node",)

    def __init__(self, node: Node) -> None:
        self.node = node

    def __str__(self) -> str:
        return f"[{print_node(self.node)}]"

    def __repr__(self) -> str:
        return f"Residual({print_node(self.node)!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Residual) and print_node(self.node) == print_node(other.node)

    __hash__ = None  # type: ignore[assignment]


class PartialDict(dict[str, Any]):
    """An object of which at least one member, at any depth, is unknown."""

    __slots__ = ()


class OpenDict(PartialDict):
    """An object of which at least one name is unknown; such a name is held as its ``[expression]``."""

    __slots__ = ()


class PartialList(list[Any]):
    """An array of which at least one item, at any depth, is unknown."""

    __slots__ = ()


class Declared:
    """``reference()`` of a resource of the same deployment: its text, and what the resource's declaration says of it.

    ``properties`` is the declared object, or what a path led to in it. A path into it is answered from the declaration where that
    has a value, otherwise it stays text. ``full`` is the third argument of reference(). ``followed``: paths are answered even by
    what is unknown itself (outputs of nested deployments); ``output`` then evaluates a path into an output, by its expression.
    """

    __slots__ = ("followed", "full", "node", "output", "properties")

    def __init__(
        self,
        node: Node,
        properties: Any,
        *,
        full: bool,
        followed: bool,
        output: Callable[[str, list[Any]], Any] | None = None,
    ) -> None:
        self.node = node
        self.properties = properties
        self.full = full
        self.followed = followed
        self.output = output

    def whole(self) -> Any:
        """The declaration itself, which is what a function gets that is called with the reference as an argument."""
        if not self.full:
            return self.properties
        partial = type(self.properties) is PartialDict
        return PartialDict(Properties=self.properties) if partial else {"Properties": self.properties}


UNKNOWN: Final = frozenset({Residual, PartialDict, OpenDict, PartialList, Declared})


def open_dict(pairs: list[tuple[Any, Any]]) -> OpenDict:
    """An object whose names are strings and residuals."""
    return OpenDict({str(name): item for name, item in pairs})


def normalize(value: Any) -> Any:
    """``value`` with the containers that hold something unknown made partial ones; for results that were built without care."""
    kind = type(value)
    if kind is OpenDict:
        return OpenDict({key: normalize(item) for key, item in value.items()})
    if kind is dict or kind is PartialDict:
        items = {key: normalize(item) for key, item in value.items()}
        return PartialDict(items) if any(type(item) in UNKNOWN for item in items.values()) else items
    if kind is list or kind is PartialList:
        array = [normalize(item) for item in value]
        return PartialList(array) if any(type(item) in UNKNOWN for item in array) else array
    return value


def materialize(value: Any) -> Any:
    """``value`` with references of declared resources replaced by what is declared; nothing of :class:`Declared` is left in
    it."""
    kind = type(value)
    if kind is Declared:
        return materialize(value.whole())
    if kind is OpenDict:
        return OpenDict({key: materialize(item) for key, item in value.items()})
    if kind is PartialDict:
        return normalize({key: materialize(item) for key, item in value.items()})
    if kind is PartialList:
        return normalize([materialize(item) for item in value])
    return value


def text_form(value: Any) -> Any:
    """JSON data for a body: what is unknown becomes ``[expression]`` where it stands, the structure around it stays."""
    kind = type(value)
    if kind is Residual:
        return str(value)
    if kind is PartialDict or kind is OpenDict:
        return {key: text_form(item) for key, item in value.items()}
    if kind is PartialList:
        return [text_form(item) for item in value]
    if kind is Declared:
        return text_form(value.whole())
    return value


def expression_form(value: Any) -> Any:
    """JSON data for an output: a value with anything unknown in it becomes one ``[expression]``."""
    value = materialize(value)
    return f"[{print_node(value_node(value))}]" if type(value) in UNKNOWN else _finite(value)


def _finite(value: Any) -> Any:
    """The value with numbers that JSON does not have (``1e400`` read by json()) as their names."""
    kind = type(value)
    if kind is float:
        return value if math.isfinite(value) else "NaN" if value != value else "Infinity" if value > 0 else "-Infinity"
    if kind is dict:
        return {name: _finite(item) for name, item in value.items()}
    return [_finite(item) for item in value] if kind is list else value


def residual_call(name: str, arguments: list[Any]) -> Residual:
    """``name(arguments)`` left to the deployment; arguments are values, known or not, or nodes as written."""
    return Residual(Call(name, [argument if isinstance(argument, Node) else argument_node(argument) for argument in arguments]))


def argument_node(value: Any) -> Node:
    """The tree of an argument's value."""
    return value_node(materialize(value) if type(value) in UNKNOWN else value)


def residual_access(node: Node, keys: list[Any]) -> Residual:
    """``node.key…`` left to the deployment. The id of an unknown management group is known as far as its name is."""
    if keys[0] == "id" and isinstance(node, Call) and node.key == "managementgroup" and not node.arguments:
        name = Access(node, [Literal("name")])
        return Residual(Call("tenantResourceId", [Literal("Microsoft.Management/managementGroups"), name]))
    return Residual(Access(node, [argument_node(key) for key in keys]))


def mentions(value: Any, name: str) -> bool:
    """True when what is unknown in the value calls the function ``name`` (lower case) without arguments."""
    if type(value) not in UNKNOWN:
        return False
    pending = [argument_node(value)]
    while pending:
        node = pending.pop()
        if isinstance(node, Call):
            if node.key == name and not node.arguments:
                return True
            pending += node.arguments
        elif isinstance(node, Access):
            pending += [node.target, *node.keys]
    return False
