"""Functions about the state of resources: answered by the deployment that the template belongs to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from infra_lib.arm.compiler import Handler
from infra_lib.arm.expressions import Call
from infra_lib.arm.failures import VALIDATION, EvaluationError
from infra_lib.arm.partial import UNKNOWN, materialize, residual_call

if TYPE_CHECKING:
    from infra_lib.arm.frame import Frame, References


def _references(frame: Frame, call: Call) -> References:
    if frame.references is None:
        where = frame.where or "this place"
        raise EvaluationError(
            f"{call.name}() needs the state of a resource, which {where} must not depend on.", node=call, kind=VALIDATION
        )
    return frame.references


def _reference(frame: Frame, arguments: list[Any], call: Call) -> Any:
    return _references(frame, call).reference(frame, arguments, call)


def _reference_all(frame: Frame, arguments: list[Any], call: Call) -> Any:
    return _references(frame, call).references(frame, arguments, call)


def _list(frame: Frame, arguments: list[Any], call: Call) -> Any:
    return _references(frame, call).list_call(frame, arguments, call)


def _other(frame: Frame, arguments: list[Any], call: Call) -> Any:
    """Functions that any place may use: they stay as they are until a deployment answers them."""
    values = [materialize(argument) for argument in arguments]
    if frame.references is None or not UNKNOWN.isdisjoint(map(type, values)):
        return residual_call(call.name, values)
    return frame.references.other(frame, values, call)


def _resource_info(frame: Frame, arguments: list[Any], call: Call) -> Any:
    symbol = arguments[0]
    if not isinstance(symbol, str):
        raise EvaluationError("resourceInfo() takes a symbolic name.", node=call.arguments[0])
    return _references(frame, call).resource_info(frame, symbol)


HANDLERS: dict[str, Handler] = {
    "reference": _reference,
    "references": _reference_all,
    "list*": _list,
    "resourceinfo": _resource_info,
    **dict.fromkeys(
        ("providers", "pickzones", "tologicalzone", "tologicalzones", "tophysicalzone", "tophysicalzones", "roledefinitions",
         "getkeyvaultsecret"),
        _other,
    ),
}  # fmt: skip
