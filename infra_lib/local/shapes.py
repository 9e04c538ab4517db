"""What a request's body must look like, as the service's deserializer would insist."""

from __future__ import annotations

from typing import Any

from infra_lib.local.protocol import ServiceError

Shape = Any
"""What a value must look like: ``str``, ``int``, ``float`` (any number), ``bool``, ``{name: shape}`` for an object (other members
are free), ``[shape]`` for an array. Null is taken everywhere."""

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


def _misshapen(pointer: str, wanted: str) -> ServiceError:
    return ServiceError(
        400, "InvalidRequestContent", f"The request content was invalid: {pointer} must be {wanted}.", target=pointer
    )
