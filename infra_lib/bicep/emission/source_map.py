"""From a place in a template (``resources[3].properties.sku``, ``outputs.url``) to the Bicep source that it was written from."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

from infra_lib.bicep import syntax as s
from infra_lib.bicep.semantics import symbols as sym
from infra_lib.bicep.semantics.model import SemanticModel

_STEP = re.compile(r"\[(\d+)\]|[^.\[\]]+")
_NESTED = "properties.template."


class SourcePlace(NamedTuple):
    """A span of a source: the file as it is shown, and from where to where; lines and columns from 1, the end exclusive."""

    file: str
    line: int
    column: int
    end_line: int
    end_column: int


Locate = Callable[[str], SourcePlace | None]
"""Finds the source of a template path."""


def locate(model: SemanticModel, path: str) -> SourcePlace | None:
    """The source of what a template that was made of ``model`` has at ``path``: the property where it can be told, else the
    declaration; None for what no declaration of the file stands for. Paths into a module lead to the module's file."""
    steps = _steps(path)
    section, rest = steps[0] if steps else "", steps[1:]
    if section == "resources" and rest:
        return _deployable(model, rest, path)
    declared: dict[str, list[sym.DeclaredSymbol]] = {
        "parameters": [*model.parameters],
        "variables": [*model.variables],
        "outputs": [*model.outputs],
        "definitions": [*model.types],
    }
    if section == "functions":
        section, rest = "members", rest[2:]
        declared[section] = [*model.functions]
    if not rest:
        return None
    found = next((symbol for symbol in declared.get(section, ()) if symbol.name.lower() == rest[0].lower()), None)
    if found is None:
        return None
    node: s.Node = found.node
    if type(node) is s.OutputDeclaration or type(node) is s.VariableDeclaration:
        node = _within(node.value, [step for step in rest[1:] if step != "value"])
    elif type(node) is s.ParameterDeclaration and rest[1:2] == ["defaultValue"] and node.default is not None:
        node = _within(node.default, rest[2:])
    return _place(model, node)


def _deployable(model: SemanticModel, steps: list[str], path: str) -> SourcePlace | None:
    """The source of a path below ``resources``; ``steps`` are those after it."""
    from infra_lib.bicep.emission.emit import Emission

    emission = Emission(model)
    emitted = emission.deployables.emitted()
    if steps[0].startswith("["):
        index = int(steps[0][1:-1])
        symbol = emitted[index][1] if index < len(emitted) else None
    else:
        symbol = next((symbol for key, symbol in emitted if key.lower() == steps[0].lower()), None)
    if symbol is None:
        return None
    rest = steps[1:]
    if symbol.loop is not None and rest and rest[0].startswith("["):
        rest = rest[1:]
    if type(symbol) is sym.ModuleSymbol and _NESTED in path:
        inside = path.partition(_NESTED)[2]
        inner = locate(symbol.target, inside) if isinstance(symbol.target, SemanticModel) else None
        return inner or _place(model, symbol.node)
    if symbol.loop is not None and rest[:1] == ["copy"]:
        return _place(model, symbol.loop.expression)
    if symbol.condition is not None and rest[:1] == ["condition"]:
        return _place(model, symbol.condition)
    if rest[:1] == ["dependsOn"]:
        rest = rest[:1]  # what is emitted has another order than what is written, and more items
    elif type(symbol) is sym.ModuleSymbol and rest[:2] == ["properties", "parameters"]:
        rest = ["params", *(step for step in rest[2:] if step != "value")]
    node = _within(symbol.body, rest) if symbol.body is not None else symbol.node
    return _place(model, symbol.node if node is symbol.body else node)


def _steps(path: str) -> list[str]:
    return [match.group() for match in _STEP.finditer(path)]


def _within(node: s.Node, steps: list[str]) -> s.Node:
    """The innermost node on the way along ``steps`` that is written as a literal object or array."""
    for step in steps:
        if isinstance(node, s.Parenthesized):
            node = node.expression
        inner: s.Node | None = None
        if type(node) is s.ObjectSyntax:
            inner = next((item.value for item in node.properties() if (item.name or "").lower() == step.lower()), None)
        elif type(node) is s.ArraySyntax and step.startswith("["):
            index = int(step[1:-1])
            inner = node.items[index] if index < len(node.items) else None
        if inner is None:
            break
        node = inner
    return node


def _place(model: SemanticModel, node: s.Node) -> SourcePlace:
    start = node.keyword_start if isinstance(node, s.Declaration) else node.start
    lines = model.file.lines
    return SourcePlace(model.file.shown, *lines.place(start), *lines.place(node.end))
