"""Functions that decide which of their arguments are evaluated at all, and calls with lambdas."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from infra_lib.arm.compiler import Closure, Special, call_failure, compile_argument, describe_value, plain
from infra_lib.arm.expressions import Call, Literal, Node, value_node
from infra_lib.arm.failures import VALIDATION, EvaluationError
from infra_lib.arm.functions.registry import Function, FunctionError
from infra_lib.arm.values import LambdaValue
from infra_lib.arm.partial import UNKNOWN, PartialList, Residual, argument_node, materialize, normalize

if TYPE_CHECKING:
    from infra_lib.arm.frame import Frame


def _compile_if(node: Call) -> Closure:
    condition, then, otherwise = (compile_argument(argument) for argument in node.arguments)

    def closure(frame: Frame) -> Any:
        decided = condition(frame)
        if decided is True:
            return then(frame)
        if decided is False:
            return otherwise(frame)
        if type(decided) in UNKNOWN:
            return Residual(Call(node.name, [argument_node(decided), *node.arguments[1:]]))
        raise EvaluationError(f"The condition of if() must be true or false, not {describe_value(decided)}.", node=node.arguments[0])

    return closure


def _compile_junction(node: Call) -> Closure:
    """``and`` and ``or``: evaluated from the left until the result is clear."""
    arguments = [compile_argument(argument) for argument in node.arguments]
    decisive = node.key == "or"

    def closure(frame: Frame) -> Any:
        for position, argument in enumerate(arguments):
            value = argument(frame)
            if value is decisive:
                return decisive
            if type(value) in UNKNOWN:
                known = [value_node(not decisive)] * position
                return Residual(Call(node.name, [*known, argument_node(value), *node.arguments[position + 1 :]]))
            if value is not True and value is not False:
                message = f"The arguments of {node.name}() must be true or false, not {describe_value(value)}."
                raise EvaluationError(message, node=node.arguments[position])
        return not decisive

    return closure


def _compile_coalesce(node: Call) -> Closure:
    arguments = [compile_argument(argument) for argument in node.arguments]

    def closure(frame: Frame) -> Any:
        for position, argument in enumerate(arguments):
            value = argument(frame)
            if type(value) is Residual:
                known = [value_node(None)] * position
                return Residual(Call(node.name, [*known, value.node, *node.arguments[position + 1 :]]))
            if value is not None:
                return value
        return None

    return closure


def _misplaced_lambda(node: Call) -> Closure:
    def closure(_frame: Frame) -> Any:
        raise EvaluationError("A lambda stands only as an argument of a function that takes one.", node=node)

    return closure


class _UndecidedError(Exception):
    """A lambda gave something unknown where a function must know it to go on."""


_GATHERING = frozenset({"map", "mapvalues", "toobject", "reduce"})
"""Functions that pass on what their lambdas return, so that it need not be known."""


def _lambda(node: Call, frame: Frame, *, gathers: bool) -> LambdaValue:
    names: list[str] = []
    for argument in node.arguments[:-1]:
        if not isinstance(argument, Literal) or not isinstance(argument.value, str):
            raise EvaluationError("The parameters of a lambda are names in quotes.", node=argument, kind=VALIDATION)
        names.append(argument.value.lower())
    body = compile_argument(node.arguments[-1])
    lambdas = frame.lambdas

    def call(*values: Any) -> Any:
        before = {name: lambdas[name] for name in names if name in lambdas}
        lambdas.update(zip(names, values, strict=True))
        try:
            value = body(frame)
        finally:
            for name in names:
                lambdas.pop(name, None)
            lambdas.update(before)
        if not gathers and type(value) in UNKNOWN:
            value = materialize(value)
            if type(value) in UNKNOWN:
                raise _UndecidedError
        return value

    return LambdaValue(len(names), call)


def compile_lambda_call(node: Call, function: Function) -> Closure:
    """A call of map(), filter() and their like."""
    gathers = node.key in _GATHERING
    parts = [(argument, None if _is_lambda(argument) else compile_argument(argument)) for argument in node.arguments]

    def closure(frame: Frame) -> Any:
        values: list[Any] = []
        for argument, compiled in parts:
            if compiled is None:
                assert isinstance(argument, Call)  # noqa: S101 - established by _is_lambda
                values.append(_lambda(argument, frame, gathers=gathers))
            else:
                values.append(compiled(frame))
        values[0] = materialize(values[0]) if not isinstance(values[0], PartialList) else values[0]
        if any(type(value) is Residual for value in values):
            return _unevaluated(node, values)
        try:
            if node.key == "toobject":
                built = _to_object(node, values)
                if built is not None:
                    return built
            return normalize(function.call([plain(values[0]), *values[1:]]))
        except FunctionError as error:
            raise call_failure(error, node) from None
        except _UndecidedError:
            return _unevaluated(node, values)

    return closure


def _is_lambda(node: Node) -> bool:
    return isinstance(node, Call) and node.key == "lambda"


def _unevaluated(node: Call, values: list[Any]) -> Residual:
    """The call with its other arguments folded and its lambdas as written."""
    arguments = [
        argument if isinstance(value, LambdaValue) else argument_node(value) for argument, value in zip(node.arguments, values, strict=True)
    ]
    return Residual(Call(node.name, arguments))


def _to_object(node: Call, values: list[Any]) -> Any:
    """toObject() of items whose keys are not known: ``createObject(key, value, …)``; None when all keys are known."""
    items, key_of = values[0], values[1]
    if type(items) is not PartialList or not isinstance(key_of, LambdaValue):
        return None
    keys = [materialize(key_of.call(item)) for item in items]
    if UNKNOWN.isdisjoint(map(type, keys)):
        return None
    members = [values[2].call(item) if len(values) > 2 else item for item in items]
    pairs = [argument_node(part) for pair in zip(keys, members, strict=True) for part in pair]
    return Residual(Call("createObject", pairs))


SPECIALS: dict[str, Special] = {
    "if": _compile_if,
    "and": _compile_junction,
    "or": _compile_junction,
    "coalesce": _compile_coalesce,
    "lambda": _misplaced_lambda,
}
