"""``metadata._generator.templateHash``: the fingerprint that the official compiler writes into every template.

Resource Manager's own template model is serialised, upper-cased and hashed. The model has a fixed order of members and drops
nulls; what it does not model stays as it is written. The tables below are that model, found by experiment.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from infra_lib.arm.functions.hashing import murmur64
from infra_lib.arm.values import to_upper

_TEMPLATE = (
    "$schema", "languageVersion", "contentVersion", "imports", "extensions", "definitions", "parameters", "variables",
    "functions", "resources", "asserts", "outputs", "metadata",
)  # fmt: skip
_LIMITS = ("minValue", "maxValue", "minLength", "maxLength")
_STRUCTURE = ("properties", "additionalProperties", "prefixItems", "items")
_PARAMETER = (
    "$ref", "defaultValue", "allowedValues", *_LIMITS, *_STRUCTURE, "nullable", "discriminator", "validate", "type", "metadata",
)  # fmt: skip
_OUTPUT = (
    "copy", "$ref", "allowedValues", "nullable", *_LIMITS, *_STRUCTURE, "discriminator", "validate", "type", "value", "metadata",
)  # fmt: skip
_FUNCTION_PARAMETER = ("name", *(name for name in _OUTPUT if name not in ("copy", "value")))
_TYPE = ("type", "$ref", "metadata", "allowedValues", "nullable", *_LIMITS, *_STRUCTURE, "discriminator", "validate")
_DISCRIMINATOR = ("propertyName", "mapping")
_NAMESPACE = ("namespace", "members")
_FUNCTION = ("parameters", "output", "metadata")
_RESOURCE = (
    "import", "extension", "type", "apiVersion", "name", "existing", "location", "extendedLocation", "dependsOn", "tags",
    "sku", "kind", "zones", "scale", "identity", "plan", "properties", "method", "scope", "managedBy", "managedByExtended",
    "metadata", "id", "subscriptionId", "resourceGroup", "copy", "condition", "asserts", "placement", "@options",
)  # fmt: skip

_Rewrite = Callable[[Any], Any]


def _arranged(order: Sequence[str], rewrites: Mapping[str, _Rewrite]) -> _Rewrite:
    """A function that puts an object's members into ``order`` without nulls, each rewritten by its entry in ``rewrites``."""
    steps = [(name, rewrites.get(name)) for name in order]

    def rewrite(value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        result = {}
        for name, step in steps:
            member = value.get(name)
            if member is not None:
                result[name] = member if step is None else step(member)
        return result

    return rewrite


def _each(rewrite: _Rewrite) -> _Rewrite:
    """A function that applies ``rewrite`` to the items of an array and to the values of an object."""

    def rewrite_each(value: Any) -> Any:
        if isinstance(value, dict):
            return {name: rewrite(member) for name, member in value.items()}
        return [rewrite(item) for item in value] if isinstance(value, list) else value

    return rewrite_each


def _text(value: Any) -> Any:
    """A number where the model has text; ``location: 5`` is hashed as ``"5"``."""
    return str(value) if isinstance(value, int) else value


def _type(value: Any) -> Any:
    return _rewrite_type(value)


_TYPE_MEMBERS: dict[str, _Rewrite] = {
    "properties": _each(_type),
    "additionalProperties": _type,
    "prefixItems": _each(_type),
    "items": _type,
    "discriminator": _arranged(_DISCRIMINATOR, {"mapping": _each(_type)}),
}
_rewrite_type = _arranged(_TYPE, _TYPE_MEMBERS)
_rewrite_output = _arranged(_OUTPUT, _TYPE_MEMBERS)
_rewrite_function = _arranged(
    _FUNCTION, {"parameters": _each(_arranged(_FUNCTION_PARAMETER, _TYPE_MEMBERS)), "output": _rewrite_output}
)
_rewrite_resources = _each(_arranged(_RESOURCE, dict.fromkeys(("location", "kind", "managedBy"), _text)))


def _resources(value: Any) -> Any:
    return _rewrite_resources(value) if value else []


def _metadata(value: Any) -> Any:
    generator = value.get("_generator")
    if not isinstance(generator, dict) or "templateHash" not in generator:
        return value
    return {**value, "_generator": {name: member for name, member in generator.items() if name != "templateHash"}}


_rewrite_template = _arranged(
    _TEMPLATE,
    {
        "definitions": _each(_type),
        "parameters": _each(_arranged(_PARAMETER, _TYPE_MEMBERS)),
        "functions": _each(_arranged(_NAMESPACE, {"members": _each(_rewrite_function)})),
        "resources": _resources,
        "outputs": _each(_rewrite_output),
        "metadata": _metadata,
    },
)

_encode = json.JSONEncoder(ensure_ascii=False, check_circular=False, separators=(",", ":")).encode
# Escapes that the service writes and the encoder does not; upper-cased, as everything is.
_ESCAPED = {0x85: "\\U0085", 0x2028: "\\U2028", 0x2029: "\\U2029"}


def template_hash(template: Mapping[str, Any]) -> str:
    """Return the ``templateHash`` of a compiled template, a number in decimal digits.

    A ``templateHash`` that the template's own ``metadata._generator`` has already is left out; those of nested templates count as
    they are written, so nested templates are to be done first.
    """
    text = to_upper(_encode(_rewrite_template(template)))
    if not text.isascii():
        text = text.translate(_ESCAPED)
    return str(murmur64(text.encode("utf-8", "replace")))
