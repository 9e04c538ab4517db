"""Parameters bound to their declarations, and variables, of one template."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from infra_lib.arm.bodies import copy_count
from infra_lib.arm.compiler import evaluate_text
from infra_lib.arm.expressions import Call, Literal
from infra_lib.arm.failures import VALIDATION, EvaluationError, distinct
from infra_lib.arm.frame import Frame, LazyValues
from infra_lib.arm.limits import check_size
from infra_lib.arm.partial import UNKNOWN, PartialList, Residual, residual_access, residual_call
from infra_lib.arm.template import Declaration, Template, has_member, member
from infra_lib.arm.types import check_value, hide_secrets, is_nullable


def build_frame(template: Template, given: Mapping[str, Any], metadata: dict[str, Any]) -> Frame:
    """The frame of a template whose parameters have the values ``given`` (by name in lower case); nothing is evaluated yet."""
    frame: Frame

    def parameter(key: str) -> Any:
        declaration = template.parameters.get(key)
        if declaration is None:
            raise EvaluationError(f"The template has no parameter {key!r}.", kind=VALIDATION)
        return _parameter(declaration, given, frame)

    def variable(key: str) -> Any:
        return _variable(key, frame)

    frame = Frame(template, LazyValues("parameter", parameter), LazyValues("variable", variable), metadata, None)
    return frame


def _parameter(declaration: Declaration, given: Mapping[str, Any], frame: Frame) -> Any:
    template = frame.template
    value = given.get(declaration.name.lower())
    what = f"The parameter {declaration.name!r}"
    try:
        if value is None and declaration.has("defaultValue"):
            value = _default(declaration, frame)
        elif value is None and not is_nullable(declaration.raw, template):
            raise EvaluationError(f"{what} has no value; give one, or a default in the template.", kind=VALIDATION)
        check_value(value, declaration.raw, template, what)
    except EvaluationError as failure:
        raise failure.at_root(declaration.path).as_validation() from None
    return value


def _default(declaration: Declaration, frame: Frame) -> Any:
    before = frame.within, frame.references, frame.where
    frame.within, frame.references, frame.where = "default", None, "the default of a parameter"
    try:
        return check_size(frame.evaluate(declaration.get("defaultValue")))
    except EvaluationError as failure:
        raise failure.at("defaultValue") from None
    finally:
        frame.within, frame.references, frame.where = before


def _variable(key: str, frame: Frame) -> Any:
    template = frame.template
    if key not in template.variables and key not in template.loops:
        raise EvaluationError(f"The template has no variable {key!r}.", kind=VALIDATION)
    before = frame.references, frame.where, frame.index, frame.copies, frame.lambdas, frame.within
    frame.references, frame.where, frame.index, frame.copies, frame.lambdas, frame.within = None, "a variable", None, {}, {}, None
    name = ""
    try:
        if key in template.variables:
            name, raw = template.variables[key]
            return check_size(frame.evaluate(raw))
        name, loop = template.loops[key]
        items: list[Any] = []
        for index in range(copy_count(member(loop, "count"), frame)):
            frame.copies = {key: index}
            try:
                items.append(frame.evaluate(member(loop, "input")))
            except EvaluationError as failure:
                raise failure.at(f"[{index}]") from None
        return check_size(PartialList(items) if not UNKNOWN.isdisjoint(map(type, items)) else items)
    except EvaluationError as failure:
        raise failure.at_root(f"variables.{name}").as_validation() from None
    finally:
        frame.references, frame.where, frame.index, frame.copies, frame.lambdas, frame.within = before


def evaluate_declarations(frame: Frame) -> list[EvaluationError]:
    """Evaluate every parameter and variable of the frame's template; return what fails, each failure once."""
    failures: list[EvaluationError] = []
    template = frame.template
    sections = [(frame.parameters, list(template.parameters)), (frame.variables, [*template.variables, *template.loops])]
    for values, names in sections:
        for name in names:
            try:
                values.read(name)
            except EvaluationError as failure:
                failures.append(failure)
    return distinct(failures)


def unknown_parameters(template: Template, names: Mapping[str, str]) -> list[EvaluationError]:
    """A failure for each given parameter (lower case to spelling) that the template does not declare."""
    declared = ", ".join(repr(declaration.name) for declaration in template.parameters.values()) or "none"
    failures = []
    for key, name in names.items():
        if key not in template.parameters:
            failure = EvaluationError(f"The template has no parameter {name!r}; it has {declared}.", kind=VALIDATION)
            failure.path = "parameters"
            failures.append(failure)
    return failures


def file_value(name: str, entry: Any, template: Template, frame: Frame) -> Any:
    """The value that an entry of a parameter file gives before a deployment.

    What is secret stays ``parameters('name')``: a value given for a secure parameter, and a reference to a Key Vault.
    """
    if not isinstance(entry, Mapping):
        raise EvaluationError(f"The parameter {name!r} must be an object with 'value' or 'reference'.", kind=VALIDATION).at(
            "parameters"
        )
    declaration = template.parameters.get(name.lower())
    if has_member(entry, "expression"):
        return evaluate_text(str(member(entry, "expression")), frame)
    if member(entry, "reference") is not None:
        return Residual(Call("parameters", (Literal(name),)))
    return _hidden(member(entry, "value"), declaration, template)


def nested_value(name: str, entry: Any, template: Template) -> Any:
    """The value that an evaluated entry of a nested deployment's parameters gives; secrets stay unevaluated."""
    if type(entry) is Residual:
        return residual_access(entry.node, ["value"])
    if not isinstance(entry, dict):
        raise EvaluationError(f"The parameter {name!r} must be an object with 'value' or 'reference'.", kind=VALIDATION)
    reference = member(entry, "reference")
    if reference is not None:
        vault = member(member(reference, "keyVault") or {}, "id")
        arguments = [vault, member(reference, "secretName")]
        if member(reference, "secretVersion") is not None:
            arguments.append(member(reference, "secretVersion"))
        return residual_call("getKeyVaultSecret", arguments)
    return _hidden(member(entry, "value"), template.parameters.get(name.lower()), template)


def _hidden(value: Any, declaration: Declaration | None, template: Template) -> Any:
    """A given value, with ``parameters('name')`` or a path into it for what is declared as secure."""
    if value is None or declaration is None or type(value) is Residual:
        return value
    check_value(value, declaration.raw, template, f"The parameter {declaration.name!r}")
    return hide_secrets(value, declaration.raw, template, Call("parameters", (Literal(declaration.name),)))
