"""Functions of objects, and safe access to members and items."""

from __future__ import annotations

from typing import Any

from infra_lib.arm.functions.arguments import array_argument, object_argument, wrong_type
from infra_lib.arm.functions.json_text import write_json
from infra_lib.arm.functions.registry import FunctionError
from infra_lib.arm.values import MISSING, fold, get_member, ordinal_key, type_name


def _null(_: list[Any]) -> None:
    return None


def _create_object(args: list[Any]) -> dict[str, Any]:
    if len(args) % 2:
        problem = f"createObject() takes pairs of a name and a value, but {len(args)} arguments are given."
        raise FunctionError(problem, "ArgumentCount")
    names = args[::2]
    for position, name in enumerate(names):
        if type(name) is not str:
            raise wrong_type("createObject", 2 * position, name, "a string")
    result = dict(zip(names, args[1::2], strict=True))
    if len(result) != len(names):
        repeated = next(name for name in names if names.count(name) > 1)
        raise FunctionError(f"createObject() is given the name {repeated!r} twice.")
    return result


def sorted_keys(members: dict[str, Any]) -> list[str]:
    """The keys in the order of ``items()`` and ``objectKeys()``: ordinal, ignoring letter case (compared in upper case)."""
    if all(map(str.isascii, members)):
        return sorted(members, key=str.upper)
    return sorted(members, key=lambda name: ordinal_key(fold(name)))


def _items(args: list[Any]) -> list[dict[str, Any]]:
    members = object_argument("items", args, 0)
    return [{"key": key, "value": members[key]} for key in sorted_keys(members)]


def _object_keys(args: list[Any]) -> list[str]:
    return sorted_keys(object_argument("objectKeys", args, 0))


def _folded(members: dict[str, Any]) -> dict[str, str]:
    return {fold(key): key for key in members}


def _shallow_merge(args: list[Any]) -> dict[str, Any]:
    result: dict[str, Any] = {}
    spelling: dict[str, str] = {}
    for members in array_argument("shallowMerge", args, 0):
        if type(members) is not dict:
            problem = f"shallowMerge() takes an array of objects, but one item is of type {type_name(members)}."
            raise FunctionError(problem, "ArgumentType", argument=0)
        for name, value in members.items():
            result[spelling.setdefault(fold(name), name)] = value
    return result


def _unite(left: dict[str, Any], right: dict[str, Any]) -> dict[str, Any]:
    """``right`` merged into ``left``: deep, a null replaces nothing, the name's spelling is that of the one who wrote last."""
    spelling = _folded(left)
    renamed: dict[str, str] = {}
    result = dict(left)
    for name, value in right.items():
        old = spelling.setdefault(fold(name), name)
        if old not in left:
            result[old] = value
            continue
        if value is None:
            continue
        if old != name:
            renamed[old] = name
        current = left[old]
        result[old] = _unite(current, value) if type(current) is dict and type(value) is dict else value
    return {renamed.get(name, name): value for name, value in result.items()} if renamed else result


def unite_objects(objects: list[dict[str, Any]]) -> dict[str, Any]:
    """The union of objects from left to right: members in the order of their first appearance."""
    result = objects[0]
    for members in objects[1:]:
        result = _unite(result, members)
    return result


def intersect_objects(objects: list[dict[str, Any]]) -> dict[str, Any]:
    """The members that all objects have by one spelling and with the same value (nested ones with the same order of keys)."""
    first, *others = objects
    return {
        name: value
        for name, value in first.items()
        if all(name in members and write_json(members[name]) == write_json(value) for members in others)
    }


# Access ---------------------------------------------------------------------------------------------------------------


def _position(items: list[Any], segment: Any) -> int | None:
    """The index that a segment (an integer, or ``{value, fromEnd}``) means in an array; None where it is outside."""
    from_end = False
    if type(segment) is dict:
        from_end = get_member(segment, "fromEnd") is True
        segment = get_member(segment, "value")
    if type(segment) is not int:
        raise FunctionError(f"An array has integers as its positions, not a value of type {type_name(segment)}.", "ArgumentType")
    index = len(items) - segment if from_end else segment
    return index if 0 <= index < len(items) else None


def _find(value: Any, segment: Any) -> Any:
    """The member or item of ``value`` that a segment means, MISSING where there is none."""
    if type(value) is dict and type(segment) is str:
        return get_member(value, segment)
    if type(value) is list:
        index = _position(value, segment)
        return MISSING if index is None else value[index]
    shown = repr(segment) if type(segment) in (str, int) else f"a value of type {type_name(segment)}"
    raise FunctionError(f"A value of type {type_name(value)} cannot be accessed by {shown}.", "ArgumentType")


def follow(value: Any, segments: list[Any]) -> Any:
    """What a path of names and positions leads to from ``value``. Raises FunctionError where it leads nowhere."""
    for segment in segments:
        found = _find(value, segment)
        if found is MISSING:
            if type(value) is dict:
                known = ", ".join(value) or "none"
                raise FunctionError(f"The object has no property {segment!r}; its properties are: {known}.")
            raise FunctionError(f"The array has {len(value)} items; there is none at position {segment}.")
        value = found
    return value


def _try_get(args: list[Any]) -> Any:
    """Only the first segment is tried; those after it must lead somewhere once it does. What has no members gives null."""
    if type(args[0]) not in (dict, list):
        return None
    found = _find(args[0], args[1])
    return None if found is MISSING else follow(found, args[2:])


CALLS = {
    "createObject": _create_object,
    "items": _items,
    "null": _null,
    "objectKeys": _object_keys,
    "shallowMerge": _shallow_merge,
    "tryGet": _try_get,
}
