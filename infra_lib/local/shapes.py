"""What a request's body must look like, as the service's deserializer would insist."""

from __future__ import annotations

import re
from typing import Any

from infra_lib.local.protocol import ServiceError

Shape = Any
"""What a value must look like: ``str``, ``int``, ``float`` (any number), ``bool``, ``{name: shape}`` for an object (other members
are free), ``[shape]`` for an array. Null is taken everywhere."""

_NUMBER = re.compile(r"[0-9]+(\.[0-9]+)?")
_WORDS = {str: "a string", int: "a whole number", float: "a number", bool: "true or false"}


def check_shape(value: Any, shape: Shape, pointer: str = "") -> None:
    """Raise ServiceError InvalidRequestContent, naming the place, for a value that does not have the shape."""
    if value is None:
        return
    if isinstance(shape, dict):
        if not isinstance(value, dict):
            raise _misshapen(pointer, "an object")
        for name, inner in shape.items():
            check_shape(value.get(name), inner, f"{pointer}.{name}" if pointer else name)
    elif isinstance(shape, list):
        if not isinstance(value, list):
            raise _misshapen(pointer, "an array")
        for index, item in enumerate(value):
            if item is None:
                raise _misshapen(f"{pointer}[{index}]", "given")
            check_shape(item, shape[0], f"{pointer}[{index}]")
    else:
        fits = isinstance(value, int | float if shape is float else shape)
        if not fits or (isinstance(value, bool) and shape is not bool):
            raise _misshapen(pointer, _WORDS[shape])


def spell(value: Any, shape: Shape, *, numbers: bool = False) -> None:
    """Give the members of a request's body the names of its shape, in place: the service reads them in any casing.

    ``numbers``: text that is a number is read as one, where the shape has one.
    """
    if isinstance(value, list) and isinstance(shape, list):
        for item in value:
            spell(item, shape[0], numbers=numbers)
    if not isinstance(value, dict) or not isinstance(shape, dict):
        return
    known = {name.lower(): name for name in shape}
    for name in [*value]:
        right = known.get(name.lower(), name)
        if right not in value:
            value[right] = value.pop(name)
    for name, inner in shape.items():
        member = value.get(name)
        if numbers and inner in (int, float) and isinstance(member, str) and _NUMBER.fullmatch(member):
            value[name] = float(member) if "." in member else int(member)
        else:
            spell(member, inner, numbers=numbers)


def _misshapen(pointer: str, wanted: str) -> ServiceError:
    return ServiceError(
        400, "InvalidRequestContent", f"The request content was invalid: {pointer} must be {wanted}.", target=pointer
    )
