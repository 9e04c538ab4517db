"""Functions that decide which of their arguments are evaluated at all, and calls with lambdas."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from infra_lib.arm.compiler import Closure, Special, call_failure, compile_node, describe_value, plain
from infra_lib.arm.expressions import Access, Call, Literal, Node, value_node
from infra_lib.arm.failures import VALIDATION, EvaluationError
from infra_lib.arm.functions.registry import Function, FunctionError
from infra_lib.arm.limits import count_result
from infra_lib.arm.partial import UNKNOWN, PartialList, Residual, argument_node, materialize, normalize, open_dict
from infra_lib.arm.values import LambdaValue

if TYPE_CHECKING:
    from infra_lib.arm.frame import Frame


def written(nodes: Sequence[Node], frame: Frame) -> list[Node]:
    """Arguments that are not evaluated: as they are written, but with numbers for loop indexes and with ids for symbolic
    names."""
    return [_standalone(node, frame) if node.varies else node for node in nodes]


def _standalone(node: Node, frame: Frame) -> Node:
    """A part of an expression that means the same outside of the loop and the template that it stands in."""
    if isinstance(node, Access):
        keys = [_standalone(key, frame) for key in node.keys]
        return Access(_standalone(node.target, frame), keys, node.start, node.end)
    if not isinstance(node, Call) or not node.varies:
        return node
    if node.key == "copyindex":
        return value_node(_try(node, frame)) if _try(node, frame) is not None else node
    arguments = [_standalone(argument, frame) for argument in node.arguments]
    if frame.references is not None and (node.key == "reference" or node.key.startswith("list")) and arguments:
        symbol = _try(arguments[0], frame)
        if isinstance(symbol, str):
            arguments = frame.references.resolved(node.key, symbol, arguments)
    return Call(node.name, arguments, node.start, node.end)


def _try(node: Node, frame: Frame) -> Any:
    """The value of a part, None where it cannot be evaluated here."""
    try:
        return compile_node(node)(frame)
    except EvaluationError:
        return None


def _compile_if(node: Call, arguments: list[Closure]) -> Closure:
    condition, then, otherwise = arguments

    def closure(frame: Frame) -> Any:
        decided = condition(frame)
        if decided is True:
            return then(frame)
        if decided is False:
            return otherwise(frame)
        if type(decided) in UNKNOWN:
            return Residual(Call(node.name, [argument_node(decided), *written(node.arguments[1:], frame)]))
        raise EvaluationError(
            f"The condition of if() must be true or false, not {describe_value(decided)}.", node=node.arguments[0]
        )

    return closure


def _compile_junction(node: Call, arguments: list[Closure]) -> Closure:
    """``and`` and ``or``: evaluated from the left until the result is clear."""
    decisive = node.key == "or"

    def closure(frame: Frame) -> Any:
        for position, argument in enumerate(arguments):
            value = argument(frame)
            if value is decisive:
                return decisive
            if type(value) in UNKNOWN:
                known = [value_node(not decisive)] * position
                return Residual(Call(node.name, [*known, argument_node(value), *written(node.arguments[position + 1 :], frame)]))
            if value is not True and value is not False:
                message = f"The arguments of {node.name}() must be true or false, not {describe_value(value)}."
                raise EvaluationError(message, node=node.arguments[position])
        return not decisive

    return closure


def _compile_coalesce(node: Call, arguments: list[Closure]) -> Closure:
    def closure(frame: Frame) -> Any:
        for position, argument in enumerate(arguments):
            value = argument(frame)
            if type(value) is Residual:
                known = [value_node(None)] * position
                return Residual(Call(node.name, [*known, value.node, *written(node.arguments[position + 1 :], frame)]))
            if value is not None:
                return value
        return None

    return closure


class _UndecidedError(Exception):
    """A lambda gave something unknown where a function must know it to go on."""


_GATHERING = frozenset({"map", "mapvalues", "toobject"})
"""Functions that pass on what their lambdas return, so that it need not be known."""


def _compile_lambda(node: Call, arguments: list[Closure]) -> Closure:
    names: list[str] = []
    for argument in node.arguments[:-1]:
        if isinstance(argument, Literal) and isinstance(argument.value, str):
            names.append(argument.value.lower())
    body = arguments[-1]

    def closure(frame: Frame) -> Any:
        if len(names) != len(arguments) - 1:
            raise EvaluationError("The parameters of a lambda are names in quotes.", node=node, kind=VALIDATION)
        lambdas, template = frame.lambdas, frame.template

        def call(*values: Any) -> Any:
            before = {name: lambdas[name] for name in names if name in lambdas}
            lambdas.update(zip(names, values, strict=True))
            try:
                return count_result(template, body(frame))
            finally:
                for name in names:
                    lambdas.pop(name, None)
                lambdas.update(before)

        return LambdaValue(len(names), call)

    return closure


def _deciding(value: LambdaValue) -> LambdaValue:
    """A lambda whose result must be known."""

    def call(*values: Any) -> Any:
        result = value.call(*values)
        if type(result) in UNKNOWN:
            result = materialize(result)
            if type(result) in UNKNOWN:
                raise _UndecidedError
        return result

    return LambdaValue(value.parameters, call)


def compile_lambda_call(node: Call, function: Function, arguments: list[Closure]) -> Closure:
    """A call of map(), filter() and their like."""
    gathers = node.key in _GATHERING

    def closure(frame: Frame) -> Any:
        values: list[Any] = []
        for argument in arguments:
            value = argument(frame)
            values.append(_deciding(value) if not gathers and isinstance(value, LambdaValue) else value)
        values[0] = materialize(values[0]) if not isinstance(values[0], PartialList) else values[0]
        if any(type(value) is Residual for value in values) or (
            node.key == "reduce" and not UNKNOWN.isdisjoint(map(type, values))
        ):
            return _unevaluated(node, values, frame)
        try:
            if node.key == "toobject":
                built = _to_object(values)
                if built is not None:
                    return built
            return normalize(function.call([plain(values[0]), *values[1:]]))
        except FunctionError as error:
            raise call_failure(error, node) from None
        except _UndecidedError:
            return _unevaluated(node, values, frame)

    return closure


def _unevaluated(node: Call, values: list[Any], frame: Frame) -> Residual:
    """The call with its other arguments folded and its lambdas as written."""
    arguments = [
        written((argument,), frame)[0] if isinstance(value, LambdaValue) else argument_node(value)
        for argument, value in zip(node.arguments, values, strict=True)
    ]
    return Residual(Call(node.name, arguments))


def _to_object(values: list[Any]) -> Any:
    """toObject() of items whose keys are not known: ``createObject(key, value, …)``; None when all keys are known."""
    items, key_of = values[0], values[1]
    if type(items) is not PartialList or not isinstance(key_of, LambdaValue):
        return None
    keys = [materialize(key_of.call(item)) for item in items]
    if UNKNOWN.isdisjoint(map(type, keys)):
        return None
    members = [values[2].call(item) if len(values) > 2 else item for item in items]
    return open_dict(list(zip(keys, members, strict=True)))


SPECIALS: dict[str, Special] = {
    "if": _compile_if,
    "and": _compile_junction,
    "or": _compile_junction,
    "coalesce": _compile_coalesce,
    "lambda": _compile_lambda,
}
