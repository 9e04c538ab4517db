"""Functions that call lambdas: each is called with plain values; what it raises passes through unchanged."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from infra_lib.arm.functions.arguments import array_argument, object_argument, wrong_type
from infra_lib.arm.functions.registry import FunctionError
from infra_lib.arm.values import LambdaValue, fold, type_name


def _lambda(function: str, args: list[Any], index: int, low: int, high: int) -> LambdaValue:
    """The argument at ``index``, which must be a lambda of ``low`` to ``high`` variables."""
    value = args[index]
    if type(value) is not LambdaValue:
        raise wrong_type(function, index, value, "a lambda")
    if not low <= value.parameters <= high:
        expected = str(low) if low == high else f"{low} or {high}"
        raise FunctionError(
            f"{function}() takes a lambda of {expected} variables, not of {value.parameters}.", "ArgumentType", argument=index
        )
    return value


def _results(function: str, args: list[Any]) -> Iterator[tuple[Any, Any]]:
    """Each item of the array with what the lambda, which may take its index as well, gives for it."""
    items = array_argument(function, args, 0)
    callback = _lambda(function, args, 1, 1, 2)
    call = callback.call
    if callback.parameters == 1:
        return ((item, call(item)) for item in items)
    return ((item, call(item, index)) for index, item in enumerate(items))


def _map(args: list[Any]) -> list[Any]:
    return [result for _, result in _results("map", args)]


def _truth(function: str, value: Any) -> bool:
    if type(value) is not bool:
        raise FunctionError(
            f"The lambda of {function}() must give a Boolean, not a value of type {type_name(value)}.", "ArgumentType", argument=1
        )
    return value


def _filter(args: list[Any]) -> list[Any]:
    return [item for item, result in _results("filter", args) if _truth("filter", result)]


def _map_values(args: list[Any]) -> dict[str, Any]:
    members = object_argument("mapValues", args, 0)
    call = _lambda("mapValues", args, 1, 1, 1).call
    return {name: call(value) for name, value in members.items()}


def _reduce(args: list[Any]) -> Any:
    items = array_argument("reduce", args, 0)
    callback = _lambda("reduce", args, 2, 2, 3)
    result = args[1]
    for index, item in enumerate(items):
        result = callback.call(result, item) if callback.parameters == 2 else callback.call(result, item, index)
    return result


def _sort(args: list[Any]) -> list[Any]:
    items = array_argument("sort", args, 0)
    before = _lambda("sort", args, 1, 2, 2).call

    class Item:
        """An item that sorts before another one where the lambda says so, and does not say so for the reverse."""

        __slots__ = ("value",)

        def __init__(self, value: Any) -> None:
            self.value = value

        def __lt__(self, other: Item) -> bool:
            return _truth("sort", before(self.value, other.value)) and not _truth("sort", before(other.value, self.value))

    return sorted(items, key=Item)


def _keyed(function: str, args: list[Any]) -> Iterator[tuple[str, Any]]:
    """The key and the value that the lambdas of ``toObject()`` and ``groupBy()`` give for each item."""
    items = array_argument(function, args, 0)
    key_of = _lambda(function, args, 1, 1, 1).call
    value_of: Callable[..., Any] | None = _lambda(function, args, 2, 1, 1).call if len(args) > 2 else None
    for item in items:
        key = key_of(item)
        if type(key) is not str:
            problem = f"The first lambda of {function}() must give a string, not a value of type {type_name(key)}."
            raise FunctionError(problem, "ArgumentType", argument=1)
        yield key, value_of(item) if value_of else item


def _to_object(args: list[Any]) -> dict[str, Any]:
    result: dict[str, Any] = {}
    known: set[str] = set()
    for key, value in _keyed("toObject", args):
        folded = fold(key)
        if folded in known:
            raise FunctionError(f"toObject() gives the key {key!r} twice (letter case does not count).")
        known.add(folded)
        result[key] = value
    return result


def _group_by(args: list[Any]) -> dict[str, list[Any]]:
    groups: dict[str, list[Any]] = {}
    spelling: dict[str, str] = {}
    for key, value in _keyed("groupBy", args):
        groups.setdefault(spelling.setdefault(fold(key), key), []).append(value)
    return groups


CALLS = {
    "filter": _filter,
    "groupBy": _group_by,
    "map": _map,
    "mapValues": _map_values,
    "reduce": _reduce,
    "sort": _sort,
    "toObject": _to_object,
}
