"""Mistakes of imports: what is not exported, what is imported twice."""

from __future__ import annotations

from typing import TYPE_CHECKING

from infra_lib.bicep import syntax as s
from infra_lib.bicep.semantics import symbols as sym
from infra_lib.bicep.typing.imports import exports_of, find_export

if TYPE_CHECKING:
    from infra_lib.bicep.semantics.model import SemanticModel


def check_import_targets(model: SemanticModel) -> None:
    """Mark the imports of what is not exported as not valid, before the uses of those are reported."""
    for symbol in model.imports:
        export = find_export(symbol.target, symbol.original) if symbol.target is not None else None
        if export is None or export.kind == "ambiguous":
            model.invalid.add(symbol)


def check_imports(model: SemanticModel) -> None:
    """Report what is wrong with the imports of a file, and the uses of types as values. Imports have to be linked."""
    _report_missing_paths(model)
    same: dict[tuple[int, str], list[sym.ImportedSymbol]] = {}
    for symbol in model.imports:
        if symbol.target is None or isinstance(symbol.node.original, s.Skipped):
            continue
        export = find_export(symbol.target, symbol.original)
        if export is not None and export.kind != "ambiguous":
            same.setdefault((id(symbol.target), symbol.original), []).append(symbol)
            if export.kind == "type":
                _report_values(model, symbol)
            continue
        place = symbol.node.original
        if export is None:
            known = ", ".join(sorted(exports_of(symbol.target))) or "(nothing)"
            model.report("BCP360", place, name=symbol.original, path=_path_of(symbol), known=known)
        else:
            model.report("BCP373", place, name=symbol.original, path=_path_of(symbol))
    for group in same.values():
        if len(group) > 1:
            for symbol in group:
                model.report("BCP362", symbol.node, name=symbol.original, names=", ".join(each.name for each in group))
    for wildcard in model.wildcards:
        if wildcard.target is not None:
            names = [name for name, export in exports_of(wildcard.target).items() if export.kind == "ambiguous"]
            if names:
                model.report("BCP374", wildcard.node, path=_path_of(wildcard), names=", ".join(sorted(names)))


def _report_missing_paths(model: SemanticModel) -> None:
    for statement in model.file.program.declarations:
        if not isinstance(statement, s.ImportDeclaration) or not isinstance(statement.path, s.Skipped):
            continue
        if isinstance(statement.what, (s.ImportedSymbols, s.WildcardImport)):
            model.report("BCP358", statement.path)


def _path_of(symbol: sym.ImportSymbol) -> str:
    path = symbol.declaration.path
    return (path.literal if isinstance(path, s.StringSyntax) else None) or ""


def _report_values(model: SemanticModel, symbol: sym.ImportedSymbol) -> None:
    """Report the uses of an imported type as a value."""
    for uses in model.uses.values():
        for use in uses:
            if use.symbol is symbol and type(use.node) is s.VariableAccess and not use.in_type and not use.in_lambda:
                model.report("BCP288", use.node, name=symbol.name)
