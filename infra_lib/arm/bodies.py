"""JSON values of a template compiled to closures: members and items in order, property loops expanded where they stand."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

from infra_lib.arm.compiler import Closure, compile_text, with_text
from infra_lib.arm.expressions import ExpressionSyntaxError, is_expression, unescape
from infra_lib.arm.failures import COPY_COUNT, VALIDATION, EvaluationError, syntax_failure
from infra_lib.arm.limits import count_result
from infra_lib.arm.partial import UNKNOWN, OpenDict, PartialDict, PartialList, Residual, materialize
from infra_lib.arm.template import member

if TYPE_CHECKING:
    from infra_lib.arm.frame import Frame

MAX_COPY_COUNT: Final = 800
"""Items that one loop may have."""


class Constant:
    """A compiled value without any expression in it."""

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value


Compiled = Constant | Closure


def evaluate_json(value: Any, frame: Frame, *, loops: bool = True) -> Any:
    """The value with its expressions evaluated. ``loops``: objects may have property loops (``copy``)."""
    compiled = compile_json(value, loops=loops)
    return compiled.value if isinstance(compiled, Constant) else compiled(frame)


def compile_json(value: Any, *, loops: bool = True) -> Compiled:
    """The closure of a JSON value, or a Constant for one that has no expressions."""
    if isinstance(value, str):
        return compile_string(value)
    if isinstance(value, dict):
        return _compile_object(value, loops)
    if isinstance(value, list):
        return _compile_array(value, loops)
    return Constant(value)


def compile_string(text: str) -> Compiled:
    """The closure of a string, or a Constant for one that is no expression. An expression that cannot be read fails when
    evaluated."""
    if not is_expression(text):
        return Constant(unescape(text))
    try:
        return compile_text(text)
    except ExpressionSyntaxError as error:
        failed = error

        def closure(_frame: Frame) -> Any:
            raise syntax_failure(failed, text)

        return closure


def _compile_array(items: list[Any], loops: bool) -> Compiled:
    compiled = [compile_json(item, loops=loops) for item in items]
    if all(isinstance(item, Constant) for item in compiled):
        return Constant([item.value for item in compiled if isinstance(item, Constant)])
    pairs = [(item, None) if isinstance(item, Constant) else (None, item) for item in compiled]

    def build(frame: Frame) -> Any:
        result: list[Any] = []
        try:
            for constant, closure in pairs:
                result.append(constant.value if closure is None else closure(frame))  # type: ignore[union-attr]
        except EvaluationError as failure:
            index = len(result)
            raise _placed(failure, items[index], f"[{index}]") from None
        return PartialList(result) if not UNKNOWN.isdisjoint(map(type, result)) else result

    return build


def _placed(failure: EvaluationError, raw: Any, place: str) -> EvaluationError:
    return (with_text(failure, raw) if isinstance(raw, str) else failure).at(place)


def _compile_object(members: dict[str, Any], loops: bool) -> Compiled:
    shape: dict[str, Any] = {}
    dynamic: list[tuple[str, Closure]] = []
    plain = True
    for key, value in members.items():
        if is_expression(key) or (loops and _is_property_loop(key, value)):
            plain = False
            break
        name = unescape(key)
        compiled = compile_json(value, loops=loops)
        if isinstance(compiled, Constant):
            shape[name] = compiled.value
        else:
            shape[name] = None
            dynamic.append((name, compiled))
    if not plain:
        return _compile_irregular(members, loops)
    if not dynamic:
        return Constant(shape)

    members_of = {unescape(key): value for key, value in members.items()}

    def build(frame: Frame) -> Any:
        result = shape.copy()
        partial = False
        name = ""
        try:
            for name, closure in dynamic:
                value = result[name] = closure(frame)
                if type(value) in UNKNOWN:
                    partial = True
        except EvaluationError as failure:
            first = _placed(failure, members_of[name], name)
            raise first.with_siblings(_following(dynamic, name, frame, members_of)) from None
        return PartialDict(result) if partial else result

    return build


def _following(dynamic: list[tuple[str, Closure]], name: str, frame: Frame, members: dict[str, Any]) -> Iterator[EvaluationError]:
    """What fails in the members after ``name``."""
    position = next(index for index, (known, _) in enumerate(dynamic) if known == name)
    for following, closure in dynamic[position + 1 :]:
        try:
            closure(frame)
        except EvaluationError as failure:
            yield _placed(failure, members[following], following)


def _is_property_loop(key: str, value: Any) -> bool:
    return key.lower() == "copy" and isinstance(value, list) and all(isinstance(item, dict) for item in value)


def _compile_irregular(members: dict[str, Any], loops: bool) -> Closure:
    """An object with computed names or with property loops, whose arrays stand where ``copy`` does."""
    parts: list[tuple[str, Compiled | None, Compiled | None, list[PropertyLoop]]] = []
    for key, value in members.items():
        if loops and _is_property_loop(key, value):
            parts.append((key, None, None, [PropertyLoop(item, f"{key}[{index}]") for index, item in enumerate(value)]))
        else:
            parts.append((key, compile_string(key), compile_json(value, loops=loops), []))

    def build(frame: Frame) -> Any:
        result: dict[str, Any] = {}
        place = ""
        unknown_names = False
        try:
            for part, name, value, property_loops in parts:
                place = part
                for loop in property_loops:
                    result[loop.name] = loop.expand(frame)
                if name is not None:
                    key = _value(name, frame)
                    if isinstance(key, Residual):
                        key, unknown_names = str(key), True
                    if not isinstance(key, str):
                        raise EvaluationError("The name of a property must be a string.")
                    if key in result:
                        raise EvaluationError(f"The object has two properties {key!r}.")
                    result[key] = _value(value, frame)
        except EvaluationError as failure:
            raise _placed(failure, members[place], place) from None
        if unknown_names:
            return OpenDict(result)
        return PartialDict(result) if not UNKNOWN.isdisjoint(map(type, result.values())) else result

    return build


def _value(compiled: Compiled | None, frame: Frame) -> Any:
    if compiled is None:
        return None
    return compiled.value if isinstance(compiled, Constant) else compiled(frame)


def copy_count(raw: Any, frame: Frame, limit: int = MAX_COPY_COUNT) -> int:
    """The number of items of a loop. Raises EvaluationError for one that is no integer, negative, too large or unknown."""
    count = materialize(frame.evaluate(raw))
    if type(count) in UNKNOWN:
        raise EvaluationError("How many items the loop has is not known before the deployment.", kind=COPY_COUNT)
    if isinstance(count, bool) or not isinstance(count, int):
        raise EvaluationError("The count of a loop must be an integer.", kind=COPY_COUNT)
    if count < 0:
        raise EvaluationError(f"The count of a loop must not be negative; it is {count}.", kind=VALIDATION)
    if count > limit:
        raise EvaluationError(f"The loop has {count} items; {limit} are allowed.", kind=VALIDATION)
    return count


class PropertyLoop:
    """One entry of a ``copy`` array: the property ``name`` becomes an array of ``count`` evaluations of ``input``."""

    __slots__ = ("_count", "_input", "name", "place")

    def __init__(self, raw: dict[str, Any], place: str) -> None:
        name = member(raw, "name")
        if not isinstance(name, str):
            raise EvaluationError("A property loop needs a name.", kind=VALIDATION).at(place)
        self.name = name
        self.place = place
        self._count = member(raw, "count")
        self._input = compile_json(member(raw, "input"), loops=True)

    def expand(self, frame: Frame) -> Any:
        """The array."""
        key = self.name.lower()
        copies = frame.copies
        before = copies.get(key)
        items: list[Any] = []
        try:
            for index in range(copy_count(self._count, frame)):
                copies[key] = index
                items.append(count_result(frame.template, _value(self._input, frame)))
        except EvaluationError as failure:
            raise failure.at(f"{self.name}[{len(items)}]") from None
        finally:
            if before is None:
                copies.pop(key, None)
            else:
                copies[key] = before
        return PartialList(items) if not UNKNOWN.isdisjoint(map(type, items)) else items
