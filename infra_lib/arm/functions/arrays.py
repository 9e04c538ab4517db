"""Functions of arrays; those that take text or objects as well are here, too."""

from __future__ import annotations

from typing import Any

from infra_lib.arm.functions.arguments import array_argument, integer_argument, text_argument, wrong_type
from infra_lib.arm.functions.json_text import write_json
from infra_lib.arm.functions.objects import follow, intersect_objects, unite_objects
from infra_lib.arm.functions.registry import FunctionError
from infra_lib.arm.functions.strings import concat_text, find_last_text, find_text
from infra_lib.arm.values import equal, find_key, text_length, text_of, text_slice, type_name

_MAXIMUM_RANGE = 10_000
_MAXIMUM_INTEGER_32 = 2**31 - 1


def _array(args: list[Any]) -> Any:
    value = args[0]
    return value if type(value) is list else [value]


def _create_array(args: list[Any]) -> Any:
    return args


def _concat(args: list[Any]) -> Any:
    if type(args[0]) is not list:
        return concat_text(args)
    result: list[Any] = []
    for index in range(len(args)):
        result += array_argument("concat", args, index)
    return result


def _contains(args: list[Any]) -> bool:
    container, item = args
    kind = type(container)
    if kind is list:
        if type(item) is str:
            return item in container
        return any(equal(member, item) for member in container)
    if kind is dict:
        return find_key(container, text_argument("contains", args, 1)) is not None
    if kind is str:
        if type(item) not in (str, int):
            raise wrong_type("contains", 1, item, "a string")
        return text_of(item) in container
    raise wrong_type("contains", 0, container, "an array, an object or a string")


def _empty(args: list[Any]) -> bool:
    value = args[0]
    if value is None or type(value) in (list, dict, str):
        return not value
    raise wrong_type("empty", 0, value, "an array, an object, a string or null")


def _length(args: list[Any]) -> int:
    value = args[0]
    kind = type(value)
    if kind is list or kind is dict:
        return len(value)
    if kind is str:
        return text_length(value)
    raise wrong_type("length", 0, value, "an array, an object or a string")


def _first(args: list[Any]) -> Any:
    value = args[0]
    if type(value) is list:
        return value[0] if value else None
    if type(value) is str:
        return text_slice(value, 0, 1)
    raise wrong_type("first", 0, value, "an array or a string")


def _last(args: list[Any]) -> Any:
    value = args[0]
    if type(value) is list:
        return value[-1] if value else None
    if type(value) is str:
        length = text_length(value)
        return text_slice(value, max(length - 1, 0), length)
    raise wrong_type("last", 0, value, "an array or a string")


def _index_of(args: list[Any]) -> int:
    value, item = args
    if type(value) is list:
        return next((index for index, member in enumerate(value) if equal(member, item)), -1)
    if type(value) is str:
        return find_text(value, text_argument("indexOf", args, 1))
    raise wrong_type("indexOf", 0, value, "an array or a string")


def _last_index_of(args: list[Any]) -> int:
    value, item = args
    if type(value) is list:
        return next((index for index in range(len(value) - 1, -1, -1) if equal(value[index], item)), -1)
    if type(value) is str:
        return find_last_text(value, text_argument("lastIndexOf", args, 1))
    raise wrong_type("lastIndexOf", 0, value, "an array or a string")


def _count(function: str, args: list[Any]) -> int:
    """The number of items to take or to skip: what is negative counts as 0, what exceeds 32 bits is refused."""
    count = integer_argument(function, args, 1)
    if not -_MAXIMUM_INTEGER_32 - 1 <= count <= _MAXIMUM_INTEGER_32:
        raise FunctionError(f"{function}() takes a count of at most {_MAXIMUM_INTEGER_32}, not {count}.", argument=1)
    return max(count, 0)


def _take(args: list[Any]) -> Any:
    value, count = args[0], _count("take", args)
    if type(value) is list:
        return value[:count]
    if type(value) is str:
        return text_slice(value, 0, min(count, text_length(value)))
    raise wrong_type("take", 0, value, "an array or a string")


def _skip(args: list[Any]) -> Any:
    value, count = args[0], _count("skip", args)
    if type(value) is list:
        return value[count:]
    if type(value) is str:
        length = text_length(value)
        return text_slice(value, min(count, length), length)
    raise wrong_type("skip", 0, value, "an array or a string")


def _range(args: list[Any]) -> list[int]:
    start = integer_argument("range", args, 0)
    count = integer_argument("range", args, 1)
    if not 0 <= count <= _MAXIMUM_RANGE:
        raise FunctionError(f"range() makes at least 0 and at most {_MAXIMUM_RANGE} integers, not {count}.", argument=1)
    if start + count - 1 > _MAXIMUM_INTEGER_32 or start < -_MAXIMUM_INTEGER_32 - 1:
        raise FunctionError(f"range() makes integers of 32 bits; {count} of them from {start} on go beyond.")
    return list(range(start, start + count))


def _flatten(args: list[Any]) -> list[Any]:
    result: list[Any] = []
    for item in array_argument("flatten", args, 0):
        if type(item) is not list:
            raise FunctionError(
                f"flatten() takes an array of arrays, but one item is of type {type_name(item)}.", "ArgumentType", argument=0
            )
        result += item
    return result


def _distinct(args: list[Any]) -> list[Any]:
    return _unrepeated(array_argument("distinct", args, 0))


def _identity(item: Any) -> Any:
    """A key that is equal for items that a set takes as the same: of one kind and one JSON text, order of keys included."""
    return item if type(item) is str or type(item) is int else (write_json(item),)


def _unrepeated(items: list[Any]) -> list[Any]:
    found: dict[Any, Any] = {}
    for item in items:
        found.setdefault(_identity(item), item)
    return list(found.values())


def _of_one_kind(function: str, args: list[Any]) -> type:
    kind = type(args[0])
    if kind is not list and kind is not dict:
        raise wrong_type(function, 0, args[0], "an array or an object")
    for index, value in enumerate(args):
        if type(value) is not kind:
            raise wrong_type(function, index, value, "an array like the first" if kind is list else "an object like the first")
    return kind


def _union(args: list[Any]) -> Any:
    if _of_one_kind("union", args) is dict:
        return unite_objects(args)
    return _unrepeated([item for items in args for item in items])


def _intersection(args: list[Any]) -> Any:
    if _of_one_kind("intersection", args) is dict:
        return intersect_objects(args)
    shared = [{_identity(item) for item in items} for items in args[1:]]
    return [item for item in _unrepeated(args[0]) if all(_identity(item) in items for items in shared)]


def _from_end(function: str, args: list[Any]) -> tuple[list[Any], int]:
    return array_argument(function, args, 0), integer_argument(function, args, 1)


def _index_from_end(args: list[Any]) -> Any:
    items, index = _from_end("indexFromEnd", args)
    if not 1 <= index <= len(items):
        raise FunctionError(
            f"indexFromEnd() takes a position from 1 to the array's length, {len(items)}, not {index}.", argument=1
        )
    return items[-index]


def _try_index_from_end(args: list[Any]) -> Any:
    if type(args[0]) is not list:
        return None
    items, index = _from_end("tryIndexFromEnd", args)
    return follow(items[-index], args[2:]) if 1 <= index <= len(items) else None


CALLS = {
    "array": _array,
    "concat": _concat,
    "contains": _contains,
    "createArray": _create_array,
    "distinct": _distinct,
    "empty": _empty,
    "first": _first,
    "flatten": _flatten,
    "indexFromEnd": _index_from_end,
    "indexOf": _index_of,
    "intersection": _intersection,
    "last": _last,
    "lastIndexOf": _last_index_of,
    "length": _length,
    "range": _range,
    "skip": _skip,
    "take": _take,
    "tryIndexFromEnd": _try_index_from_end,
    "union": _union,
}
