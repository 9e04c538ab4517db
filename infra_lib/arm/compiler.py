"""Expressions and JSON values compiled to closures: each text is parsed once, and evaluated against a frame as often as needed.

A closure takes a :class:`~infra_lib.arm.frame.Frame` and returns a value, known or not (see :mod:`infra_lib.arm.partial`), or
raises EvaluationError. Values are shared between evaluations: whoever hands one out to be changed copies it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from infra_lib.arm.expressions import (
    Access,
    Call,
    ExpressionSyntaxError,
    Literal,
    Node,
    is_expression,
    parse_expression,
    unescape,
)
from infra_lib.arm.failures import ARGUMENT_COUNT, VALIDATION, EvaluationError, syntax_failure
from infra_lib.arm.functions.registry import Function, FunctionError, lookup
from infra_lib.arm.limits import MAX_TEXT
from infra_lib.arm.partial import (
    UNKNOWN,
    Declared,
    OpenDict,
    PartialDict,
    PartialList,
    Residual,
    materialize,
    normalize,
    open_dict,
    residual_access,
    residual_call,
)
from infra_lib.arm.values import MISSING, LambdaValue, get_member

if TYPE_CHECKING:
    from infra_lib.arm.frame import Frame

Closure = Callable[["Frame"], Any]


def compile_node(root: Node) -> Closure:
    """The closure of a tree. Inner nodes come first, so that a deep tree needs no deep recursion."""
    closures: dict[Node, Closure] = {}
    pending = [(root, False)]
    while pending:
        node, ready = pending.pop()
        if ready:
            closures[node] = _compile_one(node, closures)
            continue
        pending.append((node, True))
        if isinstance(node, Call):
            pending += [(argument, False) for argument in node.arguments]
        elif isinstance(node, Access):
            pending.append((node.target, False))
            pending += [(key, False) for key in node.keys]
    if _is_lambda(root):
        return _misplaced_lambda(root)
    return _once(root, closures[root]) if not root.varies else closures[root]


def _takes_lambdas(node: Call) -> bool:
    function = lookup(node.name)
    return function is not None and function.status == "lambda"


def _is_lambda(node: Node) -> bool:
    return isinstance(node, Call) and node.key == "lambda"


def _misplaced_lambda(node: Node) -> Closure:
    return _raising("A lambda stands as an argument of functions that call one alone, such as map() and filter().", node)


def _compile_one(node: Node, closures: dict[Node, Closure]) -> Closure:
    if isinstance(node, Literal):
        value = node.value
        return lambda _frame: value
    if isinstance(node, Call):
        misplaced = next(filter(_is_lambda, node.arguments), None)
        if misplaced is not None and not _takes_lambdas(node):
            return _misplaced_lambda(misplaced)
        parts = [argument_closure(node, argument, closures) for argument in node.arguments]
        return _compile_call(node, parts)
    assert isinstance(node, Access)  # noqa: S101 - there is no fourth kind
    misplaced = next(filter(_is_lambda, (node.target, *node.keys)), None)
    if misplaced is not None:
        return _misplaced_lambda(misplaced)
    target = argument_closure(node, node.target, closures)
    keys = [closures[key] for key in node.keys]
    closure = _compile_access(node, target, keys)
    call = node.target
    if not node.varies or not isinstance(call, Call) or not any(map(_asks_for_state, call.arguments)):
        return closure
    return _speculative(closure, node, call, [closures[argument] for argument in call.arguments], keys)


def argument_closure(node: Node, argument: Node, closures: dict[Node, Closure]) -> Closure:
    """The closure of an argument; one that does not vary inside of a call that does is evaluated once for each frame."""
    closure = closures[argument]
    return _once(argument, closure) if node.varies and not argument.varies else closure


def _once(node: Node, closure: Closure) -> Closure:
    if not isinstance(node, Call) or node.key in _CHEAP:
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
    return compile_node(parse_expression(text))


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

Special = Callable[[Call, list[Closure]], Closure]
Handler = Callable[["Frame", list[Any], Call], Any]


@lru_cache(maxsize=1)
def _tables() -> tuple[dict[str, Special], dict[str, Handler]]:
    """The functions that need more than their arguments: those compiled in their own way, and those called with the frame."""
    from infra_lib.arm.functions import deployments, logical, resources, scopes

    return {**logical.SPECIALS, **deployments.SPECIALS}, {**deployments.HANDLERS, **scopes.HANDLERS, **resources.HANDLERS}


def _compile_call(node: Call, arguments: list[Closure]) -> Closure:
    specials, handlers = _tables()
    if "." in node.key:
        return _compile_user_call(node, arguments)
    function = lookup(node.name)
    if function is None:
        return _raising(f"There is no function {node.name!r}.", node)
    try:
        function.check_count(len(node.arguments))
    except FunctionError as error:
        return _raising(error.message, node, ARGUMENT_COUNT)
    special = specials.get(node.key)
    if special is not None:
        return special(node, arguments)
    if function.status == "pure":
        return _compile_pure(node, function, arguments)
    if function.status == "lambda":
        from infra_lib.arm.functions.logical import compile_lambda_call

        return compile_lambda_call(node, function, arguments)
    handler = handlers.get("list*" if node.key.startswith("list") else node.key)
    if handler is None:
        return _raising(f"The function {function.name}() is not supported.", node)
    return _compile_handled(node, handler, arguments)


def _compile_handled(node: Call, handler: Handler, arguments: list[Closure]) -> Closure:
    def closure(frame: Frame) -> Any:
        values = []
        for argument in arguments:
            values.append(argument(frame))
        try:
            return handler(frame, values, node)
        except EvaluationError as failure:
            if failure.node is None and failure.text is None:
                failure.node = node
            raise

    return closure


def _bounded(result: Any, node: Call) -> Any:
    """The result of a function, unless it is longer than any template could be."""
    if type(result) is str and len(result) > MAX_TEXT:
        raise EvaluationError(
            f"The result of {node.name}() has {len(result)} characters; {MAX_TEXT} are allowed.", node=node, kind=VALIDATION
        )
    return result


def _compile_pure(node: Call, function: Function, arguments: list[Closure]) -> Closure:
    disjoint = UNKNOWN.isdisjoint
    if not arguments:
        return lambda _frame: function.call([])
    if len(arguments) == 1:
        only = arguments[0]

        def unary(frame: Frame) -> Any:
            value = only(frame)
            if type(value) in UNKNOWN:
                return partial_call(node, function, [value])
            try:
                return _bounded(function.call([value]), node)
            except FunctionError as error:
                raise call_failure(error, node) from None

        return unary

    def closure(frame: Frame) -> Any:
        values = []
        for argument in arguments:
            values.append(argument(frame))
        if not disjoint(map(type, values)):
            return partial_call(node, function, values)
        try:
            return _bounded(function.call(values), node)
        except FunctionError as error:
            raise call_failure(error, node) from None

    return closure


def call_failure(error: FunctionError, node: Call) -> EvaluationError:
    """The failure of a call that its function refused."""
    if error.code == "ArgumentCount":
        return EvaluationError(error.message, kind=ARGUMENT_COUNT, node=node)
    known = error.argument is not None and error.argument < len(node.arguments)
    return EvaluationError(error.message, node=node.arguments[error.argument or 0] if known else node)


def partial_call(node: Call, function: Function, values: list[Any]) -> Any:
    """A call with an argument that is not wholly known: what is declared may do, else the call stays with its arguments
    folded."""
    values = [materialize(value) for value in values]
    decides = _DECIDABLE.get(node.key)
    if not UNKNOWN.isdisjoint(map(type, values)):
        if node.key == "createobject" and len(values) % 2 == 0 and not _known_keys(values):
            return open_dict(list(zip(values[::2], values[1::2], strict=True)))
        if decides is None or not decides(values):
            return residual_call(node.name, values)
        if node.key == "tryget":
            return _try_get(values, node)
        opened = any(type(value) is OpenDict for value in values)
        if node.key not in ("createarray", "createobject"):
            values = [plain(value, items=node.key in ("flatten", "shallowmerge")) for value in values]
        if opened and node.key == "union":
            return OpenDict(normalize(function.call(values)))
    try:
        return normalize(function.call(values))
    except FunctionError as error:
        raise call_failure(error, node) from None


def plain(value: Any, *, items: bool = False) -> Any:
    """A partial container as a plain one, with ``items`` also those in an array, for functions that look at structure alone."""
    if type(value) is PartialList:
        return [plain(item) for item in value] if items else list(value)
    return dict(value) if isinstance(value, PartialDict) else value


def _always(_values: list[Any]) -> bool:
    return True


def _known_keys(values: list[Any]) -> bool:
    return UNKNOWN.isdisjoint(map(type, values[::2]))


def _containers(values: list[Any]) -> bool:
    return not any(type(value) is Residual or type(value) is OpenDict for value in values)


def _not_residual(values: list[Any]) -> bool:
    return not any(type(value) is Residual for value in values)


def _nested_containers(values: list[Any]) -> bool:
    return _containers(values) and isinstance(values[0], list) and _containers(values[0])


def _lists(values: list[Any]) -> bool:
    return all(isinstance(value, list) for value in values)


def _known_member(values: list[Any]) -> bool:
    return isinstance(values[0], dict) and type(values[0]) is not OpenDict and type(values[1]) not in UNKNOWN


def _null_and_container(values: list[Any]) -> bool:
    """What is not null is not equal to null, whatever is in it."""
    return any(value is None for value in values) and _not_residual(values)


def _separate_members(values: list[Any]) -> bool:
    """Objects that have no member in common whose merging would need what is unknown."""
    if not all(isinstance(value, dict) for value in values):
        return False
    seen: dict[str, Any] = {}
    for value in values:
        for name, item in value.items():
            other = seen.setdefault(name.lower(), item)
            if other is not item and (type(other) in UNKNOWN or type(item) in UNKNOWN):
                return False
    return True


_DECIDABLE: dict[str, Callable[[list[Any]], bool]] = {
    "createarray": _always,
    "createobject": _known_keys,
    "length": _containers,
    "empty": _not_residual,
    "contains": _known_member,
    "equals": _null_and_container,
    "first": _containers,
    "last": _containers,
    "array": _containers,
    "flatten": _nested_containers,
    "concat": _lists,
    "items": _containers,
    "objectkeys": _containers,
    "take": _containers,
    "skip": _containers,
    "indexfromend": _containers,
    "shallowmerge": _nested_containers,
    "union": _separate_members,
    "tryget": _containers,
}
"""Functions that look at the structure of their arguments alone, with what must be known of it."""


def _try_get(values: list[Any], node: Call) -> Any:
    value, key, *rest = values
    if value is None:
        return None
    if isinstance(value, dict) and isinstance(key, str):
        found = get_member(value, key)
    elif isinstance(value, list) and isinstance(key, int):
        found = value[key] if 0 <= key < len(value) else MISSING
    else:
        found = MISSING
    return None if found is MISSING else follow(found, rest, node)


def _compile_user_call(node: Call, arguments: list[Closure]) -> Closure:
    def closure(frame: Frame) -> Any:
        values = []
        for argument in arguments:
            values.append(argument(frame))
        try:
            return frame.call_function(node, values)
        except EvaluationError as failure:
            if failure.text is None and failure.node is None:
                failure.node = node
            raise

    return closure


# ------------------------------------------------------------------------------------------------------------ accessors


def _compile_access(node: Access, target: Closure, keys: list[Closure]) -> Closure:
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

    def closure(frame: Frame) -> Any:
        path = []
        value = target(frame)
        for key in keys:
            path.append(key(frame))
        return follow(value, path, node)

    return closure


def _speculative(closure: Closure, node: Access, call: Call, arguments: list[Closure], keys: list[Closure]) -> Closure:
    """What a declaration says of a resource may lack what the resource will have: where a member of a call's result is missing,
    the call stays, its arguments folded."""

    def attempt(frame: Frame) -> Any:
        try:
            return closure(frame)
        except EvaluationError as failure:
            if failure.final or failure.node is not node or frame.references is None or frame.references.runtime is not None:
                raise
            values = [argument(frame) for argument in arguments]
            nodes = [
                written if isinstance(value, LambdaValue) else residual_node(value)
                for written, value in zip(call.arguments, values, strict=True)
            ]
            return residual_access(Call(call.name, nodes), [key(frame) for key in keys])

    return attempt


def _asks_for_state(node: Node) -> bool:
    """True for an expression that reads the state of a resource."""
    if isinstance(node, Access):
        return _asks_for_state(node.target) or any(map(_asks_for_state, node.keys))
    return isinstance(node, Call) and (node.key in ("reference", "references") or any(map(_asks_for_state, node.arguments)))


def follow(value: Any, keys: Sequence[Any], node: Node) -> Any:
    """``value.key…``: members ignoring letter case, items from 0. Raises EvaluationError where there is none."""
    for position, key in enumerate(keys):
        kind = type(value)
        if kind is Residual:
            return residual_access(value.node, list(keys[position:]))
        if kind is OpenDict and not (isinstance(key, str) and key in value):
            return residual_access(residual_node(value), list(keys[position:]))
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


def _into_output(reference: Declared, path: list[Any]) -> Any:
    """The output's own expression where its value lacks a member that it will have once it is deployed; None for another path."""
    name, member, *keys = path[1:] if len(path) > 3 else ("", "")
    if reference.output is None or not isinstance(name, str) or not isinstance(member, str) or member.lower() != "value":
        return None
    try:
        return reference.output(name, keys)
    except EvaluationError:
        return None


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
        if type(value) is Declared:
            return _follow_declared(value, inside[position:], node)
        if type(value) is Residual and reference.followed:
            return residual_access(value.node, inside[position:])
        try:
            value = _step(value, key, node)
        except EvaluationError as failure:
            if reference.followed and position == 1:
                failure.final = True
                raise
            return _into_output(reference, inside) or residual_access(reference.node, path)
    if (value is None and not reference.followed) or (type(value) is Residual and not reference.followed):
        return residual_access(reference.node, path)
    if isinstance(value, dict | list) and not reference.followed:
        return Declared(residual_access(reference.node, path).node, value, full=False, followed=False)
    return value
