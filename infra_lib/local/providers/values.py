"""Checks of a request's values and defaults for them, for the modelled types."""

from __future__ import annotations

import base64
import os
from collections.abc import Iterable
from typing import Any

from infra_lib.local.protocol import ServiceError


def properties_of(body: dict[str, Any]) -> dict[str, Any]:
    """The ``properties`` of a body; empty when there are none."""
    properties: dict[str, Any] = body.get("properties") or {}
    return properties


def at(value: Any, *path: str) -> Any:
    """A member of a member, or None where the way ends early."""
    for name in path:
        if not isinstance(value, dict):
            return None
        value = value.get(name)
    return value


def filled(value: Any, defaults: dict[str, Any]) -> dict[str, Any]:
    """``value`` with the defaults of what it lacks (a null counts as lacking); nested objects alike. Both stay as they are."""
    result = dict(value) if isinstance(value, dict) else {}
    for name, default in defaults.items():
        held = result.get(name)
        if isinstance(default, dict) and (held is None or isinstance(held, dict)):
            result[name] = filled(held, default)
        elif held is None:
            result[name] = default
    return result


def one_of(value: Any, allowed: Iterable[str], pointer: str, code: str = "InvalidRequestContent") -> None:
    """Refuse a value that is not one of the allowed ones (in any casing); None passes."""
    names = list(allowed)
    if value is None or (isinstance(value, str) and value.lower() in {name.lower() for name in names}):
        return
    raise ServiceError(400, code, f"The value '{value}' of {pointer} is not one of: {', '.join(names)}.", target=pointer)


def spelled(value: Any, allowed: Iterable[str]) -> Any:
    """The allowed value that ``value`` is in another casing."""
    return next((name for name in allowed if isinstance(value, str) and name.lower() == value.lower()), value)


def whole_number(value: Any, pointer: str, least: int, most: int, code: str = "InvalidRequestContent") -> None:
    """Refuse what is not a whole number within the limits; None passes."""
    if value is None:
        return
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
        raise ServiceError(
            400, code, f"The value '{value}' of {pointer} is not a whole number from {least} to {most}.", target=pointer
        )


def unchanged(wanted: Any, held: Any, pointer: str, resource: str, code: str = "PropertyChangeNotAllowed") -> None:
    """Refuse another value for a property that is fixed when the resource is made; None passes."""
    if wanted is None or wanted == held:
        return
    if isinstance(wanted, str) and isinstance(held, str) and wanted.lower() == held.lower():
        return
    raise ServiceError(
        400,
        code,
        f"Changing property '{pointer}' of '{resource}' is not allowed: it is '{held}' and was set when the "
        "resource was created.",
        target=pointer,
    )


def new_key(size: int = 64) -> str:
    """A random key, in base64."""
    return base64.b64encode(os.urandom(size)).decode()
