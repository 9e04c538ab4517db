"""Imports of a parameter file that only a deployment could work out: refused where they are imported, used or not."""

from __future__ import annotations

import re
from collections.abc import Iterator

from infra_lib.bicep import syntax as s
from infra_lib.bicep.parameter_files.parameter_model import walk
from infra_lib.bicep.semantics import symbols as sym
from infra_lib.bicep.semantics.constants import text_of
from infra_lib.bicep.semantics.model import ModuleTarget, SemanticModel
from infra_lib.bicep.semantics.namespaces import DEFAULTS_ONLY
from infra_lib.bicep.typing.imports import Export, exports_of, find_export

_ALWAYS_KNOWN = frozenset(("extensionResourceId", "tenantResourceId"))
"""Functions of ``az`` that need nothing but their arguments."""

_SCOPED = {"resourceId": 2, "subscriptionResourceId": 1, "managementGroupResourceId": 1}
"""Functions of ``az`` that need nothing more once these many arguments before the resource type say the whole scope."""

_RESOURCE_TYPE = re.compile(r"[^/.]+\.[^/]*(/[^/@]+)+(@[^/]+)?\Z")


def check_imported_values(model: SemanticModel) -> None:
    """Report the imported variables and functions that use, directly or not, what only a running deployment knows."""
    for symbol in model.imports:
        export = find_export(symbol.target, symbol.original) if symbol.target is not None else None
        _report(model, symbol, symbol.node.original, [] if export is None else [export])
    for wildcard in model.wildcards:
        if wildcard.target is not None:
            _report(model, wildcard, wildcard.node, list(exports_of(wildcard.target).values()))


def _report(model: SemanticModel, symbol: sym.ImportSymbol, place: s.Node, exports: list[Export]) -> None:
    finder = _Finder()
    for export in exports:
        finder.follow(export)
    if finder.names:
        functions = ", ".join(f"{name}()" for name in sorted(finder.names, key=str.lower))
        model.report("BCP452", place, name=symbol.name, functions=functions)


class _Finder:
    """Collects the ``names`` of the functions that declarations of Bicep files need a deployment for."""

    def __init__(self) -> None:
        self.names: set[str] = set()
        self._seen: set[sym.Symbol] = set()

    def follow(self, export: Export | None) -> None:
        """Look into what a file exports; JSON templates have no such functions."""
        if export is not None and isinstance(export.target, SemanticModel) and export.symbol is not None:
            self._declaration(export.target, export.symbol)

    def _declaration(self, model: SemanticModel, symbol: sym.Symbol) -> None:
        pending = [symbol]
        while pending:
            current = pending.pop()
            if current in self._seen or not isinstance(current, sym.VariableSymbol | sym.FunctionSymbol):
                continue
            self._seen.add(current)
            for node in walk(current.node.value):
                pending.extend(self._used(model, node))

    def _used(self, model: SemanticModel, node: s.Node) -> Iterator[sym.Symbol]:
        """The declarations of the same file that a node uses; those of other files are looked into at once."""
        if isinstance(node, s.PropertyAccess | s.InstanceCall) and type(node.base) is s.VariableAccess:
            base = model.symbols.get(node.base)
            if type(base) is sym.WildcardSymbol:
                self._import(base.target, node.identifier.name)
        symbol = model.symbols.get(node)
        if type(symbol) is sym.BuiltInFunction and isinstance(node, s.FunctionCall | s.InstanceCall):
            if not _is_known(model, symbol, node.arguments):
                self.names.add(symbol.name)
        elif type(symbol) is sym.ImportedSymbol:
            self._import(symbol.target, symbol.original)
        elif symbol is not None:
            yield symbol

    def _import(self, target: ModuleTarget | None, name: str) -> None:
        self.follow(find_export(target, name) if target is not None else None)


def _is_known(model: SemanticModel, function: sym.BuiltInFunction, arguments: list[s.Expression]) -> bool:
    """True for a call whose value follows from its arguments alone."""
    if function.namespace == "sys":
        return function.name != "fail" and not function.info.flags & DEFAULTS_ONLY
    if function.name in _ALWAYS_KNOWN:
        return True
    scopes = _SCOPED.get(function.name)
    if scopes is None or len(arguments) < scopes + 2:
        return False
    texts = [text_of(model, argument) for argument in arguments[: scopes + 1]]
    types = [text is not None and _RESOURCE_TYPE.match(text) is not None for text in texts]
    return None not in texts and types[-1] and True not in types[:-1]
