"""Schemas of the primitive types."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from infra_lib.bicep import symbols as sym
from infra_lib.bicep import syntax as s
from infra_lib.bicep.lower import UnsupportedError

if TYPE_CHECKING:
    from infra_lib.bicep.emit import Emission
    from infra_lib.bicep.model import SemanticModel


def schema(emission: Emission, node: s.Expression) -> dict[str, Any]:
    """The schema of a type."""
    symbol = emission.model.symbols.get(node)
    if type(symbol) is sym.AmbientType and symbol.name in ("any", "array", "bool", "int", "object", "string"):
        return {} if symbol.name == "any" else {"type": symbol.name}
    raise UnsupportedError(node, "this type")


def is_secure(model: SemanticModel, node: s.OutputDeclaration) -> bool:
    """True for an output whose value is a secret."""
    return "secure" in model.decorators(node)
