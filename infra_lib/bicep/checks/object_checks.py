"""Objects that have one key twice."""

from __future__ import annotations

from typing import TYPE_CHECKING

from infra_lib.bicep import syntax as s
from infra_lib.bicep.semantics import symbols as sym

if TYPE_CHECKING:
    from infra_lib.bicep.semantics.model import SemanticModel


def check_objects(model: SemanticModel) -> list[sym.DeclaredSymbol]:
    """Report the keys that an object literal repeats, letter case counting; return the variables whose values they spoil."""
    if not model.file.parsed.repeated_keys:
        return []
    spoilt: list[sym.DeclaredSymbol] = []
    for statement in model.file.program.declarations:
        symbol = model.symbols.get(statement)
        if _report_repeated(model, statement) and isinstance(symbol, sym.VariableSymbol) and symbol.node.type is None:
            spoilt.append(symbol)
    return spoilt


def _report_repeated(model: SemanticModel, statement: s.Node) -> bool:
    found = False
    pending = [statement]
    while pending:
        node = pending.pop()
        if isinstance(node, s.ObjectSyntax):
            keys: dict[str, list[s.Node]] = {}
            for item in node.properties():
                if item.name is not None and not isinstance(item.key, s.Skipped):
                    keys.setdefault(item.name, []).append(item.key)
            for name, places in keys.items():
                for place in places if len(places) > 1 else ():
                    found = True
                    model.report("BCP025", place, name=name)
        elif isinstance(node, s.Lambda):
            continue
        pending.extend(node.children())
    return found
