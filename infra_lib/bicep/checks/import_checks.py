"""Mistakes of imports: what is not exported, what is imported twice."""

from __future__ import annotations

from typing import TYPE_CHECKING

from infra_lib.bicep import syntax as s
from infra_lib.bicep.semantics import symbols as sym
from infra_lib.bicep.typing.imports import exports_of, find_export

if TYPE_CHECKING:
    from infra_lib.bicep.semantics.model import SemanticModel


def check_imports(model: SemanticModel) -> None:
    """Report what is wrong with the imports of a file, and the uses of what could not be imported. Imports have to be linked."""
    _report_missing_paths(model)
    same: dict[tuple[int, str], list[sym.ImportedSymbol]] = {}
    for symbol in model.imports:
        if symbol.target is None:
            continue
        export = find_export(symbol.target, symbol.original)
        if export is not None and export.kind != "ambiguous":
            same.setdefault((id(symbol.target), symbol.original), []).append(symbol)
            if export.kind == "type":
                _report_uses(model, symbol, "BCP288")
            continue
        place = symbol.node.original
        if export is None:
            known = ", ".join(sorted(exports_of(symbol.target))) or "(nothing)"
            model.report("BCP360", place, name=symbol.original, path=_path_of(symbol), known=known)
        else:
            model.report("BCP373", place, name=symbol.original, path=_path_of(symbol))
        _report_uses(model, symbol, "BCP063")
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


def _report_uses(model: SemanticModel, symbol: sym.ImportedSymbol, code: str) -> None:
    """Report the uses as a value of what is none; uses as a type are looked at where types are made."""
    if not any(use.symbol is symbol for uses in model.uses.values() for use in uses):
        return
    types = {id(node) for owner in model.uses for node in _type_names(owner)}
    for uses in model.uses.values():
        for use in uses:
            if use.symbol is symbol and type(use.node) is s.VariableAccess and id(use.node) not in types and not use.in_lambda:
                model.report(code, use.node, name=symbol.name)


def _type_names(owner: sym.DeclaredSymbol) -> list[s.Node]:
    from infra_lib.bicep.checks.type_checks import type_syntax_of, types_below

    nodes = (node for written in type_syntax_of(owner.node) for node, _ in types_below(written))
    return [node for node in nodes if isinstance(node, s.VariableAccess)]
