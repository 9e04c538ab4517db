"""The parameters that are given to modules, against those that their templates declare."""

from __future__ import annotations

from infra_lib.bicep import syntax as s
from infra_lib.bicep.checks.mistakes import has_mistake
from infra_lib.bicep.parsing.spelling import suggest
from infra_lib.bicep.semantics import symbols as sym
from infra_lib.bicep.semantics.model import JsonTemplate, ModuleTarget, SemanticModel


def check_module_parameters(model: SemanticModel) -> None:
    """Report ``params`` that is no object literal, parameters that a module does not have, and those that it lacks."""
    for module in model.modules:
        parameters = module.property("params")
        if parameters is not None and not isinstance(parameters, (s.ObjectSyntax, s.Skipped)):
            model.report("BCP183", parameters)
        elif module.target is not None and module.body is not None and not _has_errors(module.target):
            _check_given(model, module, module.target, parameters if isinstance(parameters, s.ObjectSyntax) else None)


def _has_errors(target: ModuleTarget) -> bool:
    return isinstance(target, JsonTemplate) and target.problem is not None


def _check_given(model: SemanticModel, module: sym.ModuleSymbol, target: ModuleTarget, given: s.ObjectSyntax | None) -> None:
    if has_mistake(model, module.node.value):
        return
    required = target.required_parameters()
    if given is None:
        if required:
            model.report("BCP035", module.identifier, names='"params"')
        return
    if any(not isinstance(item, s.ObjectProperty) or item.name is None for item in given.items):
        return
    known = target.parameter_names()
    names = {item.name for item in given.properties()}
    missing = sorted(required - names)
    if missing:
        assert module.body is not None  # noqa: S101 - it has parameters
        place = module.body.get("params")
        model.report(
            "BCP035", place.key if place is not None else module.identifier, names=", ".join(f'"{name}"' for name in missing)
        )
    for item in given.properties():
        if item.name is not None and item.name not in known:
            _report_surplus(model, item, item.name, sorted(known - names))


def _report_surplus(model: SemanticModel, item: s.ObjectProperty, name: str, free: list[str]) -> None:
    near = suggest(name, free)
    if near is not None:
        model.report("BCP089", item.key, name=name, suggestion=near)
    else:
        model.report("BCP037", item.key, name=name, known=", ".join(f'"{other}"' for other in free) or "none")
