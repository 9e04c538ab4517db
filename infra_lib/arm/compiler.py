"""Expressions and JSON values compiled to closures: each text is parsed once, and evaluated against a frame as often as needed.

A closure takes a :class:`~infra_lib.arm.frame.Frame` and returns a value, known or not (see :mod:`infra_lib.arm.partial`), or raises
EvaluationError. Values are shared between evaluations: whoever hands one out to be changed copies it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from infra_lib.arm.expressions import Access, Call, ExpressionSyntaxError, Literal, Node, is_expression, parse_expression, unescape
from infra_lib.arm.failures import ARGUMENT_COUNT, EvaluationError, syntax_failure
from infra_lib.arm.functions.registry import Function, FunctionError, lookup
from infra_lib.arm.partial import (
    UNKNOWN,
    Declared,
    PartialDict,
    PartialList,
    Residual,
    materialize,
    normalize,
    residual_access,
    residual_call,
)
from infra_lib.arm.values import MISSING, get_member

if TYPE_CHECKING:
    from infra_lib.arm.frame import Frame

Closure = Callable[["Frame"], Any]

STRUCTURAL = frozenset({"createarray", "createobject", "length", "first", "last", "flatten", "array"})
"""Functions that look at the structure of their arguments alone, so that an unknown member inside does not matter."""


def compile_node(node: Node) -> Closure:
    """The closure of a tree."""
    if isinstance(node, Literal):
        value = node.value
        return lambda _frame: value
    if isinstance(node, Call):
        return _compile_call(node)
    assert isinstance(node, Access)  # noqa: S101 - there is no fourth kind
    return _compile_access(node)


def compile_argument(node: Node) -> Closure:
    """As :func:`compile_node`; a call that gives the same value all through a deployment is evaluated once for each frame."""
    closure = compile_node(node)
    if node.varies or not isinstance(node, Call) or node.key in _CHEAP:
        return closure

    def once(frame: Frame) -> Any:
        constants = frame.constants
        try:
            return constants[node]
        except KeyError:
            value = constants[node] = closure(frame)
            return value

    return once


_CHEAP = frozenset({"parameters", "variables", "true", "false", "null", "resourcegroup", "subscription", "deployment", "tenant"})


@lru_cache(maxsize=8192)
def compile_text(text: str) -> Closure:
    """The closure of ``[...]``. Raises ExpressionSyntaxError."""
    return compile_argument(parse_expression(text))


def evaluate_text(text: str, frame: Frame) -> Any:
    """The value of a string of a template, which may be an expression. A failure carries the text."""
    if not is_expression(text):
        return unescape(text)
    try:
        return compile_text(text)(frame)
    except EvaluationError as failure:
        raise with_text(failure, text) from None
    except ExpressionSyntaxError as error:
        raise syntax_failure(error, text) from None
    except RecursionError:
        raise EvaluationError("The expression is nested too deeply to be evaluated.") from None


def with_text(failure: EvaluationError, text: str) -> EvaluationError:
    """The failure with the text of the expression that it happened in, unless it has one."""
    if failure.text is None:
        failure.text = text
        if failure.node is not None and failure.node.start >= 0:
            failure.span = (failure.node.start, failure.node.end)
    return failure


def _raising(message: str, node: Node, kind: str | None = None) -> Closure:
    def closure(_frame: Frame) -> Any:
        raise EvaluationError(message, node=node) if kind is None else EvaluationError(message, node=node, kind=kind)

    return closure


# ---------------------------------------------------------------------------------------------------------------- calls

Special = Callable[[Call], Closure]
Handler = Callable[["Frame", list[Any], Call], Any]


@lru_cache(maxsize=1)
def _tables() -> tuple[dict[str, Special], dict[str, Handler]]:
    """The functions that need more than their arguments: those compiled in their own way, and those called with the frame."""
    from infra_lib.arm.functions import deployments, logical, resources, scopes

    return {**logical.SPECIALS, **deployments.SPECIALS}, {**deployments.HANDLERS, **scopes.HANDLERS, **resources.HANDLERS}


def _compile_call(node: Call) -> Closure:
    specials, handlers = _tables()
    if "." in node.key:
        return _compile_user_call(node)
    function = lookup(node.name)
    if function is None:
        return _raising(f"There is no function {node.name!r}.", node)
    try:
        function.check_count(len(node.arguments))
    except FunctionError as error:
        return _raising(error.message, node, ARGUMENT_COUNT)
    special = specials.get(node.key)
    if special is not None:
        return special(node)
    if function.status == "pure":
        return _compile_pure(node, function)
    if function.status == "lambda":
        from infra_lib.arm.functions.logical import compile_lambda_call

        return compile_lambda_call(node, function)
    handler = handlers.get("list*" if node.key.startswith("list") else node.key)
    if handler is None:
        return _raising(f"The function {function.name}() is not supported.", node)
    return _compile_handled(node, handler)


def _compile_handled(node: Call, handler: Handler) -> Closure:
    arguments = [compile_argument(argument) for argument in node.arguments]

    def closure(frame: Frame) -> Any:
        try:
            return handler(frame, [argument(frame) for argument in arguments], node)
        except EvaluationError as failure:
            if failure.node is None and failure.text is None:
                failure.node = node
            raise

    return closure


def _compile_pure(node: Call, function: Function) -> Closure:
    disjoint = UNKNOWN.isdisjoint
    if len(node.arguments) == 0:
        return lambda _frame: function.call([])
    if len(node.arguments) == 1:
        only = compile_argument(node.arguments[0])

        def unary(frame: Frame) -> Any:
            value = only(frame)
            if type(value) in UNKNOWN:
                return partial_call(node, function, [value])
            try:
                return function.call([value])
            except FunctionError as error:
                raise call_failure(error, node) from None

        return unary
    arguments = [compile_argument(argument) for argument in node.arguments]

    def closure(frame: Frame) -> Any:
        values = [argument(frame) for argument in arguments]
        if not disjoint(map(type, values)):
            return partial_call(node, function, values)
        try:
            return function.call(values)
        except FunctionError as error:
            raise call_failure(error, node) from None

    return closure


def call_failure(error: FunctionError, node: Call) -> EvaluationError:
    """The failure of a call that its function refused."""
    if error.code == "ArgumentCount":
        return EvaluationError(error.message, kind=ARGUMENT_COUNT, node=node)
    return EvaluationError(error.message, node=node)


def partial_call(node: Call, function: Function, values: list[Any]) -> Any:
    """A call with an argument that is not wholly known: what is declared may do, else the call stays with its arguments folded."""
    values = [materialize(value) for value in values]
    if UNKNOWN.isdisjoint(map(type, values)) or (node.key in STRUCTURAL and _structure_known(node, values)):
        try:
            return normalize(function.call([plain(value) for value in values]))
        except FunctionError as error:
            raise call_failure(error, node) from None
    return residual_call(node.name, values)


def plain(value: Any) -> Any:
    """A partial container as a plain one, two levels deep, for functions that look at structure alone."""
    if type(value) is PartialList:
        return [list(item) if type(item) is PartialList else item for item in value]
    return dict(value) if type(value) is PartialDict else value


def _structure_known(node: Call, values: list[Any]) -> bool:
    if node.key == "createarray":
        return True
    if node.key == "createobject":
        return UNKNOWN.isdisjoint(map(type, values[::2]))
    known = not any(type(value) is Residual for value in values)
    if known and node.key == "flatten":
        return not any(type(item) is Residual for item in values[0])
    return known


def _compile_user_call(node: Call) -> Closure:
    arguments = [compile_argument(argument) for argument in node.arguments]

    def closure(frame: Frame) -> Any:
        values = [argument(frame) for argument in arguments]
        try:
            return frame.call_function(node.key, node.name, values)
        except EvaluationError as failure:
            if failure.text is None and failure.node is None:
                failure.node = node
            raise

    return closure


# ------------------------------------------------------------------------------------------------------------ accessors


def _compile_access(node: Access) -> Closure:
    target = compile_argument(node.target)
    if all(isinstance(key, Literal) for key in node.keys):
        literals = tuple(key.value for key in node.keys if isinstance(key, Literal))
        if len(literals) == 1:
            single = literals[0]

            def member(frame: Frame) -> Any:
                value = target(frame)
                if type(value) is dict and single in value:
                    return value[single]
                return follow(value, literals, node)

            return member
        return lambda frame: follow(target(frame), literals, node)
    keys = [compile_argument(key) for key in node.keys]
    return lambda frame: follow(target(frame), [key(frame) for key in keys], node)


def follow(value: Any, keys: Sequence[Any], node: Node) -> Any:
    """``value.key…``: members ignoring letter case, items from 0. Raises EvaluationError where there is none."""
    for position, key in enumerate(keys):
        kind = type(value)
        if kind is Residual:
            return residual_access(value.node, list(keys[position:]))
        if kind is Declared:
            return _follow_declared(value, list(keys[position:]), node)
        if type(key) in UNKNOWN:
            key = materialize(key)
            if type(key) in UNKNOWN:
                return residual_access(residual_node(value), [key, *keys[position + 1 :]])
        value = _step(value, key, node)
    return value


def residual_node(value: Any) -> Node:
    """The tree of a value that becomes a part of a residual."""
    from infra_lib.arm.partial import argument_node

    return argument_node(value)


def _step(value: Any, key: Any, node: Node) -> Any:
    if isinstance(value, dict):
        if not isinstance(key, str):
            raise EvaluationError(f"An object's property is named by a string, not by {describe_value(key)}.", node=node)
        found = get_member(value, key)
        if found is MISSING:
            names = ", ".join(repr(name) for name in list(value)[:8]) or "none"
            raise EvaluationError(f"The object has no property {key!r}; it has {names}.", node=node)
        return found
    if isinstance(value, list):
        if not isinstance(key, int) or isinstance(key, bool):
            raise EvaluationError(f"An array's item is chosen by an integer, not by {describe_value(key)}.", node=node)
        if not 0 <= key < len(value):
            raise EvaluationError(f"The index {key} is outside of the array, which has {len(value)} items.", node=node)
        return value[key]
    raise EvaluationError(f"{describe_value(key)} cannot be read from {describe_value(value)}.", node=node)


def describe_value(value: Any) -> str:
    """A value in a message: short ones as they are, others by their kind."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return repr(value) if len(value) <= 60 else "a long string"
    if isinstance(value, int | float):
        return f"the number {value}"
    return "an object" if isinstance(value, dict) else "an array" if isinstance(value, list) else "an unknown value"


def _follow_declared(reference: Declared, keys: list[Any], node: Node) -> Any:
    path = [materialize(key) for key in keys]
    if not UNKNOWN.isdisjoint(map(type, path)):
        return residual_access(reference.node, path)
    inside = path
    if reference.full:
        if not path or not isinstance(path[0], str) or path[0].lower() != "properties":
            return residual_access(reference.node, path)
        inside = path[1:]
    value: Any = reference.properties
    for position, key in enumerate(inside):
        if type(value) is Residual and reference.followed:
            return residual_access(value.node, inside[position:])
        try:
            value = _step(value, key, node)
        except EvaluationError:
            if reference.followed and position > 0:
                raise
            return residual_access(reference.node, path)
    if value is None and not reference.followed or type(value) is Residual and not reference.followed:
        return residual_access(reference.node, path)
    return value
