"""Calls of user-defined functions and uses of what a wildcard import holds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from infra_lib.bicep import syntax as s
from infra_lib.bicep.parsing.spelling import suggest
from infra_lib.bicep.semantics import symbols as sym
from infra_lib.bicep.typing.imports import Export, exports_of, find_export

if TYPE_CHECKING:
    from infra_lib.bicep.semantics.model import SemanticModel
    from infra_lib.bicep.typing.type_table import TypeTable


def check_functions(model: SemanticModel, table: TypeTable) -> None:
    """Report calls with a wrong number of arguments and members that imported files do not have. Types have to be made."""
    for uses in model.uses.values():
        for use in uses:
            if isinstance(use.node, s.FunctionCall):
                _check_call(model, use.node)
            elif isinstance(use.symbol, sym.WildcardSymbol):
                around = model.around.get(use.node)
                if isinstance(around, (s.InstanceCall, s.PropertyAccess)) and not table.is_type(around):
                    _check_member(model, around, use.symbol)


def _check_call(model: SemanticModel, node: s.FunctionCall) -> None:
    symbol = model.symbols.get(node)
    if isinstance(symbol, sym.FunctionSymbol):
        value = symbol.node.value
        if isinstance(value, s.TypedLambda):
            _check_count(model, node, len(value.parameters))
    elif isinstance(symbol, sym.ImportedSymbol) and symbol.target is not None:
        export = find_export(symbol.target, symbol.original)
        if export is not None and export.kind == "function":
            _check_count(model, node, parameter_count(export))
        elif export is not None:
            model.report("BCP059", node.identifier, name=symbol.name)


def _check_member(model: SemanticModel, node: s.InstanceCall | s.PropertyAccess, symbol: sym.WildcardSymbol) -> None:
    if symbol.target is None or not node.identifier.valid:
        return
    name = node.identifier.name
    members = exports_of(symbol.target)
    export = members.get(name)
    if isinstance(node, s.InstanceCall):
        functions = [each.name for each in members.values() if each.kind == "function"]
        if export is not None and export.kind == "function":
            _check_count(model, node, parameter_count(export))
        elif (near := suggest(name, functions)) is not None:
            model.report("BCP108", node.identifier, name=name, namespace=symbol.name, suggestion=near)
        else:
            model.report("BCP107", node.identifier, name=name, namespace=symbol.name)
    elif export is None or export.kind == "function":
        readable = sorted(each.name for each in members.values() if each.kind != "function")
        near = suggest(name, readable)
        if not readable:
            model.report("BCP052", node.identifier, name=name)
        elif near is not None:
            model.report("BCP083", node.identifier, name=name, suggestion=near)
        else:
            model.report("BCP053", node.identifier, name=name, known=", ".join(readable))


def parameter_count(export: Export) -> int | None:
    """How many parameters an exported function has, None where that is not known."""
    symbol = export.symbol
    if isinstance(symbol, sym.FunctionSymbol):
        value = symbol.node.value
        return len(value.parameters) if isinstance(value, s.TypedLambda) else None
    from infra_lib.bicep.semantics.model import JsonTemplate
    from infra_lib.bicep.typing.json_imports import functions_of
    from infra_lib.bicep.typing.json_types import member

    if not isinstance(export.target, JsonTemplate):
        return None
    return len(member(functions_of(export.target.template).get(export.identity), "parameters") or ())


def _check_count(model: SemanticModel, node: s.FunctionCall | s.InstanceCall, expected: int | None) -> None:
    if expected is not None and len(node.arguments) != expected:
        opening = model.file.text.find("(", node.identifier.end)
        model.report("BCP071", (opening, node.end), name=node.identifier.name, expected=str(expected), count=len(node.arguments))
