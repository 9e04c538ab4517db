"""What the classes of a written module are made of (``infra types``). Standard library alone; no compiler."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any, ClassVar

from infra_lib.parameters.secret import Secret

__all__ = ["Model", "ParametersModel", "Secret"]


class Model:
    """The base of an object type's class: a dataclass. A member that is None is left out.

    ``arm_names`` has the template's name of each attribute that is spelt otherwise in Python; ``arm_additional`` is the
    attribute that holds the members which the type does not name, where it takes some.
    """

    __slots__ = ()

    arm_names: ClassVar[Mapping[str, str]] = {}
    arm_additional: ClassVar[str | None] = None

    def to_dict(self) -> dict[str, Any]:
        """The object under its names in the template, secrets in clear."""
        cls = type(self)
        members: dict[str, Any] = {}
        for attribute, value in self._members():
            if attribute == cls.arm_additional:
                members.update(_plain(value))
            elif value is not None:
                members[cls.arm_names.get(attribute, attribute)] = _plain(value)
        return members

    def _members(self) -> list[tuple[str, Any]]:
        if not is_dataclass(self):
            raise TypeError(f"{type(self).__name__} is no dataclass")
        return [(field.name, getattr(self, field.name)) for field in fields(self)]

    def __repr__(self) -> str:
        given = ", ".join(f"{attribute}={value!r}" for attribute, value in self._members() if value is not None)
        return f"{type(self).__name__}({given})"


class ParametersModel(Model):
    """The base of the class that has all parameters of a template; to be passed wherever parameters are taken."""

    __slots__ = ()

    def to_arm(self) -> dict[str, dict[str, Any]]:
        """The parameters as Resource Manager takes them, secrets in clear; those left to their defaults are not in it."""
        return {name: {"value": value} for name, value in self.to_dict().items()}


def _plain(value: Any) -> Any:
    if isinstance(value, Model):
        return value.to_dict()
    if isinstance(value, Secret):
        return _plain(value.reveal())
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value
