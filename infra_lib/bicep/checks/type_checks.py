"""Mistakes of types that need no knowledge of values: cycles, unions, names that differ in letter case alone."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from infra_lib.bicep import syntax as s
from infra_lib.bicep.checks.object_checks import check_objects
from infra_lib.bicep.checks.union_checks import check_discriminated, check_literals
from infra_lib.bicep.findings import Finding
from infra_lib.bicep.semantics import symbols as sym
from infra_lib.bicep.typing.declared_types import DerivedType, DiscriminatedType, is_nullable

if TYPE_CHECKING:
    from infra_lib.bicep.semantics.model import SemanticModel
    from infra_lib.bicep.typing.type_table import TypeTable

_ACCESSES = (s.PropertyAccess, s.ArrayAccess, s.ItemsAccess, s.AdditionalPropertiesAccess)
_HARMLESS = frozenset(("BCP081", "INF302"))
"""Findings that do not make a type wrong."""


def check_declarations(model: SemanticModel, table: TypeTable) -> None:
    """Make and check all types of a file; what is declared with a wrong one cannot be used."""
    known = len(model.findings)
    owners: list[sym.DeclaredSymbol] = [
        *model.types, *model.parameters, *model.variables, *model.outputs, *model.functions
    ]  # fmt: skip
    written = [(symbol, node) for symbol in owners for node in type_syntax_of(symbol.node)]
    _report_short_cycles(model, table)
    for _, node in written:
        table.value_type(node)
    table.check_accesses()
    for node, _ in table.told_apart():
        found = table.type_of(node)
        if isinstance(found, DiscriminatedType):
            check_discriminated(table, node, found)
    mistakes = [finding for finding in model.findings[known:] if finding.code not in _HARMLESS]
    for _, node in written:
        _check_below(table, node)
    if mistakes:
        _report_uses(model, [symbol for symbol, node in written if _touches(node, mistakes) and symbol not in table.endless])
    circular = _report_recursion(model, table) | table.endless
    _report_uses(model, list(circular), users_of_types=False)
    _report_uses(model, check_objects(model))
    for symbol in model.types:
        if symbol.name == "resource":
            model.report("BCP301", symbol.identifier, name=symbol.name)
    _report_defaults(model, table)
    _report_letter_case(model)


def type_syntax_of(node: s.Node) -> list[s.Expression]:
    """The types that a declaration writes: one, none, or those of a function."""
    if isinstance(node, s.TypeDeclaration):
        return [node.value]
    if isinstance(node, (s.ParameterDeclaration, s.OutputDeclaration, s.VariableDeclaration)):
        return [] if node.type is None else [node.type]
    if isinstance(node, s.FunctionDeclaration) and isinstance(node.value, s.TypedLambda):
        return [*(parameter.type for parameter in node.value.parameters), node.value.return_type]
    return []


def types_below(node: s.Expression) -> Iterator[tuple[s.Node, s.Node | None]]:
    """Every node of a type, the values in its decorators aside, with the node above it."""
    pending: list[tuple[s.Node, s.Node | None]] = [(node, None)]
    while pending:
        current, above = pending.pop()
        yield current, above
        pending.extend((child, current) for child in current.children() if not isinstance(child, s.Decorator))


# ---------------------------------------------------------------------------------------------- single types


def _check_below(table: TypeTable, node: s.Expression) -> None:
    model = table.model
    above: dict[s.Node, s.Node | None] = {}
    for current, parent in types_below(node):
        above[current] = parent
        if isinstance(current, s.UnionType):
            check_literals(table, current, in_array=_is_array_item(current, above))
        elif isinstance(current, (s.ParameterizedType, s.QualifiedParameterizedType)):
            holder = parent
            while isinstance(holder, (s.NonNull, s.NullableType)):
                holder = above[holder]
            if isinstance(table.type_of(current), DerivedType) and not isinstance(holder, _ACCESSES):
                model.report("BCP394", current)
        elif isinstance(current, s.ObjectType):
            keys = [(item.name, item.key) for item in current.items if isinstance(item, s.ObjectTypeProperty) and item.name]
            _report_clashes(model, keys)


def _is_array_item(node: s.Node, above: dict[s.Node, s.Node | None]) -> bool:
    parent = above[node]
    while isinstance(parent, s.Parenthesized):
        parent = above[parent]
    return isinstance(parent, s.ArrayType)


def _report_letter_case(model: SemanticModel) -> None:
    def imported(kind: str) -> list[sym.DeclaredSymbol]:
        from infra_lib.bicep.typing.imports import find_export

        return [
            symbol for symbol in model.imports
            if symbol.target is not None
            and (export := find_export(symbol.target, symbol.original)) is not None and export.kind == kind
        ]  # fmt: skip

    groups: tuple[Iterable[sym.DeclaredSymbol], ...] = (
        model.parameters, [*model.variables, *imported("variable")], model.outputs, [*model.types, *imported("type")],
        model.asserts, [*model.functions, *imported("function")],
    )  # fmt: skip
    for group in groups:
        _report_clashes(model, [(symbol.name, symbol.identifier) for symbol in group if symbol.name])


def _report_clashes(model: SemanticModel, names: Sequence[tuple[str | None, s.Node]]) -> None:
    """Names that Resource Manager takes for one."""
    same: dict[str, list[tuple[str, s.Node]]] = {}
    for name, node in names:
        if name is not None:
            same.setdefault(name.upper(), []).append((name, node))
    for group in same.values():
        distinct = {name for name, _ in group}
        if len(group) > 1 and len(distinct) == len(group):
            for _, node in group:
                model.report("BCP353", node, names=", ".join(name for name, _ in group))


def _report_defaults(model: SemanticModel, table: TypeTable) -> None:
    for symbol in model.parameters:
        node = symbol.node
        if node.default is not None and node.type is not None and is_nullable(table.type_of(node.type)):
            model.report("BCP326", (model.file.text.rfind("=", node.type.end, node.default.start), node.end))


# ---------------------------------------------------------------------------------------------- uses of what is wrong


def _touches(node: s.Expression, mistakes: list[Finding]) -> bool:
    return any(node.start <= finding.start and finding.end <= node.end for finding in mistakes)


def _report_uses(model: SemanticModel, wrong: Sequence[sym.DeclaredSymbol], *, users_of_types: bool = True) -> None:
    """A declaration whose type is wrong is not valid, and neither is what is made of it; each use is reported.

    Without ``users_of_types`` the uses in other types are let be: those of types that go in a circle are reported there.
    """
    if not wrong:
        return
    invalid: set[sym.DeclaredSymbol] = {
        symbol for symbol in wrong if isinstance(symbol, (sym.TypeSymbol, sym.ParameterSymbol, sym.VariableSymbol))
    }
    invalid -= model.invalid
    invalid.difference_update(model.cycles)
    pending = list(invalid)
    users: dict[sym.DeclaredSymbol, list[sym.DeclaredSymbol]] = {}
    for owner, uses in model.uses.items():
        for use in uses:
            users.setdefault(use.symbol, []).append(owner)
    while pending:
        current = pending.pop()
        for owner in users.get(current, ()):
            takes_over = isinstance(owner, sym.TypeSymbol) if isinstance(current, sym.TypeSymbol) else _is_plain_variable(owner)
            if isinstance(current, sym.TypeSymbol) and isinstance(owner, sym.ParameterSymbol):
                takes_over = True
            if not users_of_types and isinstance(owner, sym.TypeSymbol):
                takes_over = False
            if takes_over and owner not in invalid and owner not in model.invalid and owner not in model.cycles:
                invalid.add(owner)
                pending.append(owner)
    for owner, uses in model.uses.items():
        for use in uses:
            if not users_of_types and isinstance(owner, sym.TypeSymbol):
                continue
            if use.symbol in invalid and not use.in_lambda:
                model.report("BCP062", use.node, name=use.symbol.name)
    model.invalid |= invalid


def _is_plain_variable(symbol: sym.DeclaredSymbol) -> bool:
    return isinstance(symbol, sym.VariableSymbol) and symbol.node.type is None


# ---------------------------------------------------------------------------------------------- circles

_Graph = dict[sym.TypeSymbol, list[sym.TypeSymbol]]


def _report_short_cycles(model: SemanticModel, table: TypeTable) -> None:
    """Types that are nothing but each other."""
    cycles = _cycles({symbol: _direct_references(model, symbol.node.value) for symbol in model.types})
    _report_cycles(model, cycles)
    table.endless.update(cycles)


def _report_recursion(model: SemanticModel, table: TypeTable) -> set[sym.TypeSymbol]:
    """Types that contain themselves where a value would have no end: not behind ``?`` and not behind ``*:``."""
    graph: _Graph = {}
    for symbol in model.types:
        if symbol in table.endless:
            continue
        found: list[sym.TypeSymbol] = []
        pending: list[tuple[s.Node, bool]] = [(symbol.node.value, False)]
        while pending:
            node, inside = pending.pop()
            if isinstance(node, s.VariableAccess):
                used = model.symbols.get(node)
                if inside and isinstance(used, sym.TypeSymbol):
                    found.append(used)
                continue
            pending.extend(_contained(table, node, inside))
        graph[symbol] = found
    cycles = _cycles(graph)
    _report_cycles(model, cycles)
    return set(cycles)


def _contained(table: TypeTable, node: s.Node, inside: bool) -> Iterator[tuple[s.Node, bool]]:
    """The nodes below one that have to have a value wherever it has one."""
    told_apart = isinstance(node, s.UnionType) and isinstance(table.type_of(node), DiscriminatedType)
    inside = inside or told_apart or isinstance(node, (s.ArrayType, s.ObjectType, s.TupleType))
    for child in node.children():
        if isinstance(child, (s.Decorator, s.ObjectTypeAdditionalProperties)):
            continue
        held = child.value if isinstance(child, (s.ObjectTypeProperty, s.TupleTypeItem)) else child
        contained = held is not child or isinstance(node, (s.ArrayType, s.UnionType))
        if isinstance(held, s.NullLiteral) or (
            contained and isinstance(held, s.Expression) and is_nullable(table.type_of(held))
        ):
            continue
        yield child, inside


def _direct_references(model: SemanticModel, node: s.Expression) -> list[sym.TypeSymbol]:
    """The types that one refers to outside of any array, object or tuple."""
    found: list[sym.TypeSymbol] = []
    pending: list[s.Node] = [node]
    while pending:
        current = pending.pop()
        used = model.symbols.get(current) if isinstance(current, s.VariableAccess) else None
        if isinstance(used, sym.TypeSymbol):
            found.append(used)
        elif not isinstance(current, (s.ArrayType, s.ObjectType, s.TupleType)):
            pending.extend(current.children())
    return found


def _cycles(graph: _Graph) -> dict[sym.TypeSymbol, list[sym.TypeSymbol]]:
    """The shortest circle through each symbol that is in one, starting at the symbol."""
    found: dict[sym.TypeSymbol, list[sym.TypeSymbol]] = {}
    for root in graph:
        previous: dict[sym.TypeSymbol, sym.TypeSymbol] = {}
        queue = deque([root])
        while queue and root not in found:
            current = queue.popleft()
            for follower in graph.get(current, ()):
                if follower is root:
                    chain = [current]
                    while chain[-1] is not root:
                        chain.append(previous[chain[-1]])
                    found[root] = chain[::-1]
                    break
                if follower not in previous:
                    previous[follower] = current
                    queue.append(follower)
    return found


def _report_cycles(model: SemanticModel, cycles: dict[sym.TypeSymbol, list[sym.TypeSymbol]]) -> None:
    for symbol, chain in cycles.items():
        if len(chain) == 1:
            model.report("BCP298", symbol.identifier)
        else:
            model.report("BCP299", symbol.identifier, chain='" -> "'.join(member.name for member in chain))
