"""What each resource, module and variable of a file depends on, read off the names it uses."""

from __future__ import annotations

from typing import NamedTuple

from infra_lib.bicep import syntax as s
from infra_lib.bicep.semantics import symbols as sym
from infra_lib.bicep.semantics.model import SemanticModel

_IDENTIFYING = frozenset(("id", "name", "type", "apiVersion"))


class Dependency(NamedTuple):
    """A dependency on a resource, module or variable; ``subscript`` is the index behind it, None for a whole collection.

    ``weak`` marks a use that reads nothing of a resource but what identifies it.
    """

    target: sym.DeclaredSymbol
    subscript: s.Expression | None
    weak: bool = False


def find_dependencies(model: SemanticModel) -> dict[sym.DeclaredSymbol, list[Dependency]]:
    """The direct dependencies by symbol, each once, in source order; variables that lead to no resource are left out of the
    lists."""
    finder = _Finder(model)
    found: dict[sym.DeclaredSymbol, list[Dependency]] = {}
    table = model.resource_table
    owners: list[sym.DeclaredSymbol] = [*model.variables, *model.all_resources(), *model.modules]
    for owner in owners:
        direct: dict[Dependency, None] = {}
        if type(owner) is sym.ResourceSymbol:
            ancestors = table.ancestors(owner)
            if ancestors:
                direct[Dependency(ancestors[-1].resource, ancestors[-1].subscript, True)] = None
        for use in model.uses.get(owner, ()):
            if type(model.around.get(use.node)) is s.ResourceAccess:
                continue  # of a::b only b counts
            dependency = finder.dependency(owner, use.symbol, use.node)
            if dependency is not None:
                direct[dependency] = None
        found[owner] = list(direct)
    _drop_plain_variables(found)
    return found


def _drop_plain_variables(found: dict[sym.DeclaredSymbol, list[Dependency]]) -> None:
    users: dict[sym.DeclaredSymbol, list[sym.DeclaredSymbol]] = {}
    for owner, dependencies in found.items():
        for dependency in dependencies:
            if type(dependency.target) is sym.VariableSymbol:
                users.setdefault(dependency.target, []).append(owner)
    plain = [owner for owner, dependencies in found.items() if not dependencies and type(owner) is sym.VariableSymbol]
    while plain:
        variable = plain.pop()
        for owner in users.get(variable, ()):
            before = found[owner]
            found[owner] = [dependency for dependency in before if dependency.target is not variable]
            if before and not found[owner] and type(owner) is sym.VariableSymbol:
                plain.append(owner)


class _Finder:
    def __init__(self, model: SemanticModel) -> None:
        self.model = model
        self.around = model.around

    def dependency(self, owner: sym.DeclaredSymbol, symbol: sym.DeclaredSymbol, node: s.Node) -> Dependency | None:
        if type(symbol) is sym.VariableSymbol:
            looped = type(symbol.node.value) is s.ForExpression
            return Dependency(symbol, self.index(owner, node) if looped else None)
        if type(symbol) is sym.ResourceSymbol:
            index = self.index(owner, node) if symbol.is_collection else None
            return Dependency(symbol, index, self.is_weak(owner, symbol, node))
        if type(symbol) is sym.ModuleSymbol:
            return Dependency(symbol, self.index(owner, node) if symbol.is_collection else None)
        return None

    def index(self, owner: sym.DeclaredSymbol, node: s.Node) -> s.Expression | None:
        """The index right behind a collection's name, None where it needs a name that means nothing in the owner's body as a
        whole."""
        around = self.around.get(node)
        if type(around) is not s.ArrayAccess or around.base is not node:
            return None
        body = _body(owner)
        if body is None or self.model.resource_table.unreachable_locals(around.index, body):
            return None
        return around.index

    def is_weak(self, owner: sym.DeclaredSymbol, resource: sym.ResourceSymbol, node: s.Node) -> bool:
        if self.identifies(node, resource) or self.calls(node):
            return True
        if isinstance(owner, sym.DeployableSymbol) and owner.body is not None:
            for name in ("parent", "scope"):
                item = owner.body.get(name)
                if item is not None and item.start <= node.start and node.end <= item.end:
                    return True
        return False

    def identifies(self, node: s.Node, resource: sym.ResourceSymbol) -> bool:
        """True when the use reads ``id``, ``name``, ``type`` or ``apiVersion``."""
        around = self.around.get(node)
        if type(around) is s.NonNull:
            return self.identifies(around, resource)
        if type(around) is s.PropertyAccess:
            return around.identifier.name in _IDENTIFYING
        if type(around) is s.ArrayAccess and around.base is node:
            literal = around.index.literal if type(around.index) is s.StringSyntax else None
            if literal is not None:
                return literal in _IDENTIFYING
            return resource.is_collection and self.identifies(around, resource)
        return False

    def calls(self, node: s.Node) -> bool:
        """True when the use is the base of a method call."""
        around = self.around.get(node)
        if type(around) is s.NonNull:
            return self.calls(around)
        if type(around) is s.InstanceCall:
            return True
        if type(around) is s.ArrayAccess and around.base is node:
            symbol = self.model.symbols.get(around.base)
            return type(symbol) is sym.ResourceSymbol and symbol.is_collection and self.calls(around)
        return False


def _body(owner: sym.DeclaredSymbol) -> s.Node | None:
    if isinstance(owner, sym.DeployableSymbol):
        return owner.body
    if type(owner) is sym.VariableSymbol:
        value = owner.node.value
        return value.body if type(value) is s.ForExpression else value
    return None
