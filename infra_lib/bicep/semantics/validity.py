"""What is not valid because of what it uses, or because it goes in a circle."""

from __future__ import annotations

from infra_lib.bicep import syntax as s
from infra_lib.bicep.semantics import symbols as sym
from infra_lib.bicep.semantics.model import SemanticModel


class Use:
    """A use of a declared name: the symbol, the node, whether it is inside a lambda or a type, whether only its name counts."""

    __slots__ = ("in_lambda", "in_type", "name_only", "node", "symbol")

    def __init__(
        self, symbol: sym.DeclaredSymbol, node: s.Node, in_lambda: bool, name_only: bool = False, in_type: bool = False
    ) -> None:
        self.name_only = name_only
        self.in_type = in_type
        self.symbol = symbol
        self.node = node
        self.in_lambda = in_lambda


def report_invalid_uses(model: SemanticModel, uses: list[Use], lambdas: list[tuple[s.Lambda, list[Use]]]) -> None:
    """Find circles, mark what is not valid and report its uses."""
    model.cycles = _find_cycles(model)
    invalid = model.invalid
    users: dict[sym.DeclaredSymbol, list[sym.DeclaredSymbol]] = {}
    for owner, own in model.uses.items():
        if type(owner) is sym.ParameterAssignmentSymbol or (type(owner) is sym.VariableSymbol and owner.node.type is None):
            for use in own:
                users.setdefault(use.symbol, []).append(owner)
    pending = [*invalid, *model.cycles]
    while pending:
        for owner in users.get(pending.pop(), ()):
            if owner not in invalid and owner not in model.cycles:
                invalid.add(owner)
                pending.append(owner)
    if not invalid and not model.cycles:
        return
    owners = {id(use): owner for owner, own in model.uses.items() for use in own}
    for use in uses:
        if not use.in_lambda and type(model.around.get(use.node)) is not s.ResourceAccess:
            _report_use(model, use, owners.get(id(use)))
    for node, inside in lambdas:
        if any(use.symbol in invalid or use.symbol in model.cycles for use in inside):
            model.report("BCP070", node)


def _report_use(model: SemanticModel, use: Use, owner: sym.DeclaredSymbol | None) -> None:
    """Report the use of something that is not valid; within a circle, the circle."""
    cycle = model.cycles.get(use.symbol)
    if cycle is not None and owner is not None and owner in model.cycles and owner in cycle:
        if len(cycle) == 1:
            model.report("BCP079", use.node)
        else:
            model.report("BCP080", use.node, chain='" -> "'.join(symbol.name for symbol in cycle))
    elif cycle is not None or use.symbol in model.invalid:
        _report_broken(model, use)


def _report_broken(model: SemanticModel, use: Use) -> None:
    """Report the use of a declaration that is not valid, as a value: a wrong import has none, other declarations are broken. That
    what is called is no function, and that what stands as a type is none, is reported elsewhere."""
    name, node = use.symbol.name, use.node
    if isinstance(use.symbol, sym.ImportSymbol):
        if isinstance(node, s.FunctionCall):
            model.report("BCP059", node.identifier, name=name)
        elif not use.in_type:
            model.report("BCP063", node, name=name)
    elif not isinstance(node, s.FunctionCall) or isinstance(use.symbol, sym.FunctionSymbol):
        model.report("BCP062", node, name=name)


def _find_cycles(model: SemanticModel) -> dict[sym.DeclaredSymbol, list[sym.DeclaredSymbol]]:
    """The shortest circle of declarations through each symbol that is in one, starting at the symbol."""
    graph: dict[sym.DeclaredSymbol, list[sym.DeclaredSymbol]] = {
        owner: [use.symbol for use in uses if not (type(use.symbol) is sym.TypeSymbol and type(owner) is sym.TypeSymbol)]
        for owner, uses in model.uses.items()
    }
    for resource in model.all_resources():
        ancestor = resource.nested_in
        while ancestor is not None:
            graph.setdefault(resource, []).append(ancestor)
            ancestor = ancestor.nested_in
    shortest: dict[sym.DeclaredSymbol, list[sym.DeclaredSymbol]] = {}
    done: dict[sym.DeclaredSymbol, bool] = {}
    for root in graph:
        if root in done:
            continue
        path = [root]
        done[root] = False
        steps = [iter(graph[root])]
        while steps:
            for follower in steps[-1]:
                state = done.get(follower)
                if state is None:
                    done[follower] = False
                    path.append(follower)
                    steps.append(iter(graph.get(follower, ())))
                    break
                if state is False:
                    cycle = path[path.index(follower) :]
                    for position, member in enumerate(cycle):
                        if member not in shortest or len(shortest[member]) > len(cycle):
                            shortest[member] = cycle[position:] + cycle[:position]
            else:
                steps.pop()
                done[path.pop()] = True
    return shortest
