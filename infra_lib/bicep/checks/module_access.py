"""What is read off modules."""

from __future__ import annotations

from infra_lib.bicep import syntax as s
from infra_lib.bicep.parsing.spelling import suggest
from infra_lib.bicep.semantics import symbols as sym
from infra_lib.bicep.semantics.model import SemanticModel

_PROPERTIES = ("identity", "name", "outputs")
_WRITE_ONLY = frozenset(("dependsOn", "params", "scope"))


def check_module_accesses(model: SemanticModel) -> None:
    """Report properties and outputs that a module does not have."""
    for uses in model.uses.values():
        for use in uses:
            if type(use.symbol) is sym.ModuleSymbol and use.symbol not in model.invalid and not use.name_only:
                _check_use(model, use.symbol, use.node)


def _check_use(model: SemanticModel, module: sym.ModuleSymbol, node: s.Node) -> None:
    above = _above(model, node)
    if module.is_collection:
        if not isinstance(above, s.ArrayAccess) or above.base is not node:
            return
        above = _above(model, above)
    if not isinstance(above, s.PropertyAccess) or above.safe:
        return
    if above.identifier.name in _WRITE_ONLY:
        model.report("BCP077", above.identifier, name=above.identifier.name)
        return
    if above.identifier.name not in _PROPERTIES:
        _report_unknown(model, above.identifier, _PROPERTIES)
        return
    output = _above(model, above) if above.identifier.name == "outputs" else None
    if isinstance(output, s.PropertyAccess) and not output.safe and module.target is not None and not module.target.has_errors:
        names = module.target.output_names()
        if output.identifier.name not in names:
            _report_unknown(model, output.identifier, names)


def _above(model: SemanticModel, node: s.Node) -> s.Node | None:
    above = model.around.get(node)
    while isinstance(above, (s.NonNull, s.Parenthesized)):
        above = model.around.get(above)
    return above


def _report_unknown(model: SemanticModel, identifier: s.Identifier, known: tuple[str, ...] | frozenset[str]) -> None:
    if not identifier.valid:
        return
    near = suggest(identifier.name, known)
    if near is not None:
        model.report("BCP083", identifier, name=identifier.name, suggestion=f'"{near}"')
    elif not known:
        model.report("BCP052", identifier, name=identifier.name)
    else:
        model.report("BCP053", identifier, name=identifier.name, known=", ".join(sorted(known)))
