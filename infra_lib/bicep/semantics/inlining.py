"""Which variables and existing resources have to be written out where they are used, because a deployment knows them only while
it runs."""

from __future__ import annotations

import re
from typing import Literal, NamedTuple

from infra_lib.bicep import syntax as s
from infra_lib.bicep.semantics import symbols as sym
from infra_lib.bicep.semantics.model import SemanticModel
from infra_lib.bicep.semantics.namespaces import EXTERNAL, INLINE, NAME_ONLY

Decision = Literal["keep", "inline", "skip"]
"""``skip``: a use that needs no inlining, which a later use in the same declaration may not override."""

_CONSTANT_PROPERTIES = frozenset(("id", "name", "type", "apiVersion"))
_LIST_METHOD = re.compile("list[a-zA-Z]*")
_READ_WRITE_CONSTANTS = frozenset(("id", "name", "type", "apiversion"))


class Inlined(NamedTuple):
    """The symbols that do not appear in the template themselves."""

    variables: frozenset[sym.VariableSymbol]
    resources: frozenset[sym.ResourceSymbol]


def find_inlined(model: SemanticModel) -> Inlined:
    """Decide for every variable and every existing resource of a file."""
    finder = _Finder(model)
    for variable in model.variables:
        finder.variable(variable)
    for resource in model.resources:
        finder.resource(resource)
    inlined = [symbol for symbol, decision in finder.decisions.items() if decision == "inline"]
    return Inlined(
        frozenset(symbol for symbol in inlined if type(symbol) is sym.VariableSymbol),
        frozenset(symbol for symbol in inlined if type(symbol) is sym.ResourceSymbol),
    )


class _Finder:
    def __init__(self, model: SemanticModel) -> None:
        self.model = model
        self.symbols = model.symbols
        self.decisions: dict[sym.DeclaredSymbol, Decision] = {}
        self.current: sym.DeclaredSymbol | None = None

    def variable(self, symbol: sym.VariableSymbol) -> None:
        if symbol not in self.decisions:
            before, self.current = self.current, symbol
            self.decisions[symbol] = "keep"
            self.visit(symbol.node.value)
            self.current = before

    def resource(self, resource: sym.ResourceSymbol) -> None:
        if resource in self.decisions:
            return
        if not resource.is_existing:
            self.decisions[resource] = "skip"
        else:
            self.existing(resource)
        for child in resource.nested:
            if type(resource.node.value) is s.ObjectSyntax:
                self.resource(child)

    def existing(self, resource: sym.ResourceSymbol) -> None:
        table = self.model.resource_table
        inherited = False
        for ancestor in table.ancestors(resource):
            if ancestor.resource.is_existing:
                self.resource(ancestor.resource)
                inherited = inherited or self.decisions.get(ancestor.resource) == "inline"
            else:
                inherited = False
        extended = table.scope_of(resource).resource
        if extended is not None and extended is not resource:
            self.resource(extended)
            inherited = inherited or self.decisions.get(extended) == "inline"
        if inherited:
            self.decisions[resource] = "inline"
            return
        self.decisions[resource] = "keep"
        before, self.current = self.current, resource
        if type(resource.node.value) is s.ObjectSyntax:
            for item in resource.node.value.properties():
                if item.name not in ("dependsOn", "parent", "scope"):
                    self.visit(item.key)
                    self.visit(item.value)
        self.current = before

    def visit(self, node: s.Node) -> None:
        stack = [node]
        while stack:
            current = self.current
            if current is not None and self.decisions[current] == "inline":
                return
            node = stack.pop()
            kind = type(node)
            if kind is s.VariableAccess:
                self.name(node)
            elif kind is s.PropertyAccess:
                if not self.property(node):  # type: ignore[arg-type]
                    stack.append(node.base)  # type: ignore[attr-defined]
            elif kind is s.FunctionCall or kind is s.InstanceCall:
                function = self.symbols.get(node)
                flags = function.info.flags if type(function) is sym.BuiltInFunction else 0
                if isinstance(function, (sym.BuiltInFunction, sym.FunctionSymbol, sym.ImportedSymbol)):
                    self.decide("inline" if flags & (INLINE | EXTERNAL) else "keep")
                elif kind is s.InstanceCall and self.is_list_call(node):  # type: ignore[arg-type]
                    self.decide("inline")
                if not flags & NAME_ONLY:
                    stack.extend(reversed(list(node.children())))
            elif kind is s.ResourceDeclaration:
                pass
            else:
                stack.extend(reversed(list(node.children())))

    def decide(self, decision: Decision) -> None:
        if self.current is not None:
            self.decisions[self.current] = decision

    def is_list_call(self, node: s.InstanceCall) -> bool:
        """True for ``resource.listKeys()`` and its like, on an item of a collection, too."""
        if _LIST_METHOD.fullmatch(node.identifier.name) is None:
            return False
        return _is_resource(self.symbols.get(_without_index(node.base)))

    def name(self, node: s.Node) -> None:
        symbol = self.symbols.get(node)
        current = self.current
        if current is None:
            return
        if type(symbol) is sym.VariableSymbol:
            self.variable(symbol)
            if self.decisions[current] != "inline":
                self.decide("inline" if self.decisions[symbol] == "inline" else "keep")
        elif isinstance(symbol, sym.ModuleSymbol) or _is_resource(symbol):
            self.decide("skip" if self.decisions[current] == "skip" else "inline")

    def property(self, node: s.PropertyAccess) -> bool:
        """Decide on ``resource.name``; False where the base is something else and has to be looked into."""
        symbol = self.symbols.get(_without_index(node.base))
        name = node.identifier.name
        if type(symbol) is sym.ResourceSymbol:
            if name in ("id", "name"):
                self.resource(symbol)
                self.decide("inline" if self.decisions.get(symbol) == "inline" else "skip")
            else:
                self.decide("skip" if name.lower() in _READ_WRITE_CONSTANTS else "inline")
            return True
        if type(symbol) is sym.ModuleSymbol:
            self.decide("skip" if name == "name" else "inline")
            return True
        if _is_resource(symbol):
            self.decide("skip" if name in _CONSTANT_PROPERTIES else "inline")
            return True
        return False


def _without_index(node: s.Node) -> s.Node:
    """What ``node!`` or ``node[index]`` stands on."""
    while type(node) is s.NonNull:
        node = node.base
    while type(node) is s.ArrayAccess:
        node = node.base
    return node


def _is_resource(symbol: sym.Symbol | None) -> bool:
    """True for a declared resource, and for a parameter that holds one."""
    if type(symbol) is sym.ParameterSymbol:
        return type(symbol.node.type) is s.ResourceType
    return type(symbol) is sym.ResourceSymbol
