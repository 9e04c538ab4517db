"""Mistakes of types and of their decorators that need no knowledge of values."""

from __future__ import annotations

from typing import TYPE_CHECKING

from infra_lib.bicep import symbols as sym
from infra_lib.bicep import syntax as s

if TYPE_CHECKING:
    from infra_lib.bicep.model import SemanticModel
    from infra_lib.bicep.types import TypeTable


def check_declarations(model: SemanticModel, table: TypeTable) -> None:
    """Make and check all types of a file; what is declared with a wrong one cannot be used."""
    before = len(model.findings)
    for symbol in (*model.types, *model.parameters, *model.variables, *model.outputs, *model.functions):
        for type_ in _types_of(symbol.node):
            table.value_type(type_)
    table.check_accesses()
    if len(model.findings) == before and not model.types:
        return


def _types_of(node: s.Node) -> list[s.Expression]:
    if isinstance(node, s.TypeDeclaration):
        return [node.value]
    if isinstance(node, (s.ParameterDeclaration, s.OutputDeclaration, s.VariableDeclaration)):
        return [] if node.type is None else [node.type]
    if isinstance(node, s.FunctionDeclaration) and isinstance(node.value, s.TypedLambda):
        return [*(parameter.type for parameter in node.value.parameters), node.value.return_type]
    return []


_ = sym
