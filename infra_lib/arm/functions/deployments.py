"""Functions that read the template and the deployment: parameters, variables, loop indexes, names and the clock."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from infra_lib.arm.compiler import Closure, Handler, Special, describe_value
from infra_lib.arm.expressions import Access, Call, Literal
from infra_lib.arm.failures import VALIDATION, EvaluationError
from infra_lib.arm.partial import UNKNOWN, Residual, materialize, residual_call

if TYPE_CHECKING:
    from infra_lib.arm.frame import Frame


def _compile_parameters(node: Call, arguments: list[Closure]) -> Closure:
    return _compile_read(node, arguments[0], "parameters")


def _compile_variables(node: Call, arguments: list[Closure]) -> Closure:
    return _compile_read(node, arguments[0], "variables")


def _compile_read(node: Call, name: Closure, section: str) -> Closure:
    argument = node.arguments[0]
    if isinstance(argument, Literal) and isinstance(argument.value, str):
        key = argument.value.lower()
        return _read_parameter(node, key) if section == "parameters" else _read_variable(node, key)

    def closure(frame: Frame) -> Any:
        chosen = materialize(name(frame))
        if type(chosen) in UNKNOWN:
            return residual_call(node.name, [chosen])
        if not isinstance(chosen, str):
            raise EvaluationError(f"{node.name}() takes a name, not {describe_value(chosen)}.", node=argument)
        values = frame.parameters if section == "parameters" else frame.variables
        try:
            return values.read(chosen.lower())
        except EvaluationError as failure:
            raise _placed(failure, node) from None

    return closure


def _read_parameter(node: Call, key: str) -> Closure:
    def closure(frame: Frame) -> Any:
        try:
            return frame.parameters.read(key)
        except EvaluationError as failure:
            raise _placed(failure, node) from None

    return closure


def _read_variable(node: Call, key: str) -> Closure:
    def closure(frame: Frame) -> Any:
        try:
            return frame.variables.read(key)
        except EvaluationError as failure:
            raise _placed(failure, node) from None

    return closure


def _placed(failure: EvaluationError, node: Call) -> EvaluationError:
    """The failure at ``node``, unless it has a place inside of what is read."""
    if failure.node is None and failure.text is None and not failure.path:
        failure.node = node
    return failure


def _compile_copy_index(node: Call, arguments: list[Closure]) -> Closure:
    def closure(frame: Frame) -> Any:
        values = [argument(frame) for argument in arguments]
        name = values.pop(0) if values and isinstance(values[0], str) else None
        offset = values[0] if values else 0
        if len(values) > 1 or isinstance(offset, bool) or not isinstance(offset, int):
            raise EvaluationError("copyIndex() takes the name of a loop and an integer to add, or one of them.", node=node)
        index = frame.index if name is None else frame.copies.get(name.lower())
        if index is None:
            what = "stands outside of a loop" if name is None else f"names a loop {name!r} that it is not in"
            raise EvaluationError(f"copyIndex() {what}.", node=node, kind=VALIDATION)
        return index + offset

    return closure


def _compile_lambda_variables(node: Call, arguments: list[Closure]) -> Closure:
    argument = node.arguments[0]
    if not isinstance(argument, Literal) or not isinstance(argument.value, str):
        return _by_computed_name(node, arguments[0])
    key = argument.value.lower()

    def closure(frame: Frame) -> Any:
        try:
            return frame.lambdas[key]
        except KeyError:
            raise _no_lambda(key, node) from None

    return closure


def _no_lambda(name: Any, node: Call) -> EvaluationError:
    return EvaluationError(f"No lambda around this has a parameter {name!r}.", node=node)


def _by_computed_name(node: Call, name: Closure) -> Closure:
    def closure(frame: Frame) -> Any:
        chosen = name(frame)
        if not isinstance(chosen, str) or chosen.lower() not in frame.lambdas:
            raise _no_lambda(chosen, node)
        return frame.lambdas[chosen.lower()]

    return closure


def _deployment(frame: Frame, _arguments: list[Any], _call: Call) -> Any:
    return frame.context("deployment")


def _time(frame: Frame, arguments: list[Any], call: Call) -> Any:
    if frame.within != "default":
        raise EvaluationError(f"{call.name}() is allowed in the default of a parameter only.", node=call, kind=VALIDATION)
    if frame.clock is None:
        return residual_call(call.name, arguments)
    try:
        return frame.clock(call.key, arguments)
    except EvaluationError as failure:
        failure.node = call.arguments[0] if call.arguments else call
        raise


def _external_inputs(frame: Frame, arguments: list[Any], call: Call) -> Any:
    inputs = frame.metadata.get("externalinputs") or {}
    key = arguments[0]
    if isinstance(key, str) and key in inputs:
        return inputs[key]
    return residual_call(call.name, arguments)


def metadata_residual(name: str, *keys: str) -> Residual:
    """``name().key…``, a part of the deployment's context that is not known."""
    call = Call(name, ())
    return Residual(Access(call, [Literal(key) for key in keys]) if keys else call)


SPECIALS: dict[str, Special] = {
    "parameters": _compile_parameters,
    "variables": _compile_variables,
    "copyindex": _compile_copy_index,
    "lambdavariables": _compile_lambda_variables,
}

HANDLERS: dict[str, Handler] = {
    "deployment": _deployment,
    "utcnow": _time,
    "newguid": _time,
    "externalinputs": _external_inputs,
}
