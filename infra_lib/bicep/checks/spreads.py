"""Spreads and loops over values of the wrong kind, and spreads at places where the template has no way to write them.

The first two run before the uses of what is not valid are reported: a variable with such a value has none.
"""

from __future__ import annotations

from infra_lib.bicep import syntax as s
from infra_lib.bicep.checks.value_kinds import kinds_of, words
from infra_lib.bicep.semantics import symbols as sym
from infra_lib.bicep.semantics.model import SemanticModel

_NOT_LOOPED = frozenset(("bool", "int", "object", "string"))


def check_spread_values(model: SemanticModel) -> None:
    """Report spreads of something else than an object, in an array than an array."""
    for spread in model.spreads:
        expected = "object" if isinstance(model.around.get(spread), s.ObjectSyntax) else "array"
        kinds = kinds_of(model, spread.expression)
        if kinds is not None and kinds - {expected}:
            model.report("BCP402", spread, expected=f"an {expected}", actual=words(kinds))
            model.invalidate_around(spread)


def check_looped_values(model: SemanticModel) -> None:
    """Report loops over something that is certainly no array."""
    for loops in model.loops.values():
        for loop in loops:
            kinds = kinds_of(model, loop.expression)
            if kinds is not None and kinds & _NOT_LOOPED:
                model.report("BCP137", loop.expression, actual=words(kinds))
                model.invalidate_around(loop)


def check_spread_places(model: SemanticModel) -> None:
    """Report spreads in the bodies of resources and modules, in a module's parameters, and in objects that hold loops."""
    if not model.spreads:
        return
    for symbol in (*model.resources, *model.modules):
        if symbol.body is None:
            continue
        _report_below(model, symbol.body)
        parameters = symbol.property("params") if isinstance(symbol, sym.ModuleSymbol) else None
        if isinstance(parameters, s.ObjectSyntax):
            _report_below(model, parameters)
    looped = [loop for loops in model.loops.values() for loop in loops if isinstance(model.around.get(loop), s.ObjectProperty)]
    for spread in model.spreads if looped else ():
        around = model.around.get(spread)
        if around is not None and any(around.start <= loop.start and loop.end <= around.end for loop in looped):
            model.report("BCP417", spread)


def _report_below(model: SemanticModel, body: s.ObjectSyntax) -> None:
    for item in body.items:
        if isinstance(item, s.Spread):
            model.report("BCP401", item)
