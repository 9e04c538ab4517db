"""Imports: none yet."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from infra_lib.bicep import symbols as sym
from infra_lib.bicep.lower import UnsupportedError

if TYPE_CHECKING:
    from infra_lib.bicep.emit import Emission
    from infra_lib.bicep.model import SemanticModel


class ImportClosure:
    """What the imports of a file bring into its template."""

    def __init__(self, model: SemanticModel) -> None:
        self.model = model

    def name_of(self, symbol: sym.ImportedSymbol) -> str:
        """The name in the template of a symbol imported by name."""
        raise UnsupportedError(symbol.node, "imports")

    def name_of_member(self, symbol: sym.WildcardSymbol, name: str) -> str:
        """The name in the template of a member of a wildcard import."""
        raise UnsupportedError(symbol.node, f"imports ({name})")

    def definitions(self, emission: Emission) -> dict[str, Any]:
        """Members of ``definitions``."""
        self._refuse(emission)
        return {}

    def functions(self, emission: Emission) -> Iterator[tuple[str, str, Any]]:
        """Name space, name and value of each imported function."""
        return iter(())

    def variables(self, emission: Emission, loops: list[dict[str, Any]], plain: dict[str, Any]) -> None:
        """Add imported variables."""

    def _refuse(self, emission: Emission) -> None:
        for symbol in (*self.model.imports, *self.model.wildcards):
            emission.failed = True
            self.model.report("INF310", symbol.node, construct="imports")
