"""Declaring: the symbols of a file, before any name is bound."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import cast

from infra_lib.bicep import syntax as s
from infra_lib.bicep.semantics import symbols as sym
from infra_lib.bicep.semantics.model import SemanticModel

RESERVED = ("az", "sys")
_NOT_FOR_DECLARATIONS = (*RESERVED, "this")
"""The name spaces that are always there."""


def declare(model: SemanticModel) -> None:
    """Enter the symbols of a parsed file in its model; report names that are declared twice or are reserved."""
    for declaration in model.file.program.declarations:
        enter = _DECLARE.get(type(declaration))
        if enter is not None:
            enter(model, declaration)
    referable = [
        symbol
        for group in (
            model.parameters, model.variables, model.types, model.functions, model.resources, model.modules, model.imports,
            model.wildcards, model.extensions, model.assignments, model.asserts,
        )
        for symbol in group
    ]  # fmt: skip
    referable.sort(key=lambda symbol: symbol.node.start)
    report_duplicates(model, referable, "BCP028")
    report_duplicates(model, model.outputs, "BCP145")
    report_duplicates(model, model.metadata, "BCP145")
    for symbol in referable:
        if symbol.name:
            if type(symbol) is not sym.AssertSymbol:
                model.declared.setdefault(symbol.name, symbol)
            if symbol.name in _NOT_FOR_DECLARATIONS and type(symbol) is not sym.ExtensionSymbol:
                model.report("BCP084", symbol.identifier, name=symbol.name)


def report_duplicates(model: SemanticModel, symbols: Sequence[sym.DeclaredSymbol], code: str) -> None:
    """Report each of the symbols that share a name."""
    seen: dict[str, list[sym.DeclaredSymbol]] = {}
    for symbol in symbols:
        if symbol.name:
            seen.setdefault(symbol.name, []).append(symbol)
    for name, same in seen.items():
        if len(same) > 1:
            for symbol in same:
                model.report(code, symbol.identifier, name=name)


def _add(kind: str, make: Callable[..., sym.DeclaredSymbol]) -> Callable[[SemanticModel, s.Declaration], None]:
    def enter(model: SemanticModel, node: s.Declaration) -> None:
        identifier: s.Identifier = node.identifier  # type: ignore[attr-defined]
        symbol = make(identifier.name, node, identifier)
        getattr(model, kind).append(symbol)
        model.symbols[node] = symbol

    return enter


def _declare_resource(model: SemanticModel, node: s.Declaration) -> None:
    resource = cast("s.ResourceDeclaration", node)
    model.resources.append(_resource(model, resource, None))


def _resource(model: SemanticModel, node: s.ResourceDeclaration, parent: sym.ResourceSymbol | None) -> sym.ResourceSymbol:
    symbol = sym.ResourceSymbol(node.identifier.name, node, node.identifier, parent)
    model.symbols[node] = symbol
    if symbol.body is not None:
        for item in symbol.body.items:
            if type(item) is s.ResourceDeclaration:
                symbol.nested.append(_resource(model, item, symbol))
        if symbol.nested:
            report_duplicates(model, list(symbol.nested), "BCP028")
    return symbol


def _declare_import(model: SemanticModel, node: s.Declaration) -> None:
    declaration = cast("s.ImportDeclaration", node)
    what = declaration.what
    if type(what) is s.WildcardImport:
        wildcard = sym.WildcardSymbol(what, declaration)
        model.wildcards.append(wildcard)
        model.symbols[what] = wildcard
    elif type(what) is s.ImportedSymbols:
        for item in what.items:
            if type(item) is s.ImportedSymbol:
                imported = sym.ImportedSymbol(item, declaration)
                model.imports.append(imported)
                model.symbols[item] = imported


def _declare_extension(model: SemanticModel, node: s.Declaration) -> None:
    extension = cast("s.ExtensionDeclaration", node)
    specification = extension.specification
    if extension.alias is not None:
        name, place = extension.alias.name, cast("s.Node", extension.alias)
    else:
        text = specification.name if type(specification) is s.Identifier else getattr(specification, "literal", None) or ""
        name, place = text.rsplit("/", 1)[-1].split(":", 1)[0].split("@", 1)[0], specification
    symbol = sym.ExtensionSymbol(name, extension, place)
    model.extensions.append(symbol)
    model.symbols[extension] = symbol


def _declare_target_scope(model: SemanticModel, node: s.Declaration) -> None:
    model.target_scope_declarations.append(cast("s.TargetScope", node))


_DECLARE: dict[type, Callable[[SemanticModel, s.Declaration], None]] = {
    s.MetadataDeclaration: _add("metadata", sym.MetadataSymbol),
    s.ParameterDeclaration: _add("parameters", sym.ParameterSymbol),
    s.VariableDeclaration: _add("variables", sym.VariableSymbol),
    s.OutputDeclaration: _add("outputs", sym.OutputSymbol),
    s.ModuleDeclaration: _add("modules", sym.ModuleSymbol),
    s.TypeDeclaration: _add("types", sym.TypeSymbol),
    s.FunctionDeclaration: _add("functions", sym.FunctionSymbol),
    s.AssertDeclaration: _add("asserts", sym.AssertSymbol),
    s.ParameterAssignment: _add("assignments", sym.ParameterAssignmentSymbol),
    s.ResourceDeclaration: _declare_resource,
    s.ImportDeclaration: _declare_import,
    s.ExtensionDeclaration: _declare_extension,
    s.TargetScope: _declare_target_scope,
}
