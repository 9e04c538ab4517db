"""``metadata._generator.templateHash``: the fingerprint that the official compiler writes into every template.

Resource Manager's own template model is serialised, upper-cased and hashed. The model has a fixed order of members and drops
nulls; what it does not model stays as it is written. The tables below are that model, found by experiment.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from infra_lib.arm.functions.hashing import murmur64

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
_rewrite_resources = _each(_arranged(_RESOURCE, {}))


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
_ESCAPED = {0x85: "\\U0085", 0x2028: "\\U2028", 0x2029: "\\U2029"}
# Where this interpreter's Unicode tables may lag behind or lead before those of the service (Unicode 16, simple mappings).
_UPPER = {
    "\u0131": "\u0131", "\u017f": "\u017f", "\u019b": "\ua7dc", "\u0264": "\ua7cb", "\u1c8a": "\u1c89",
    "\ua7cd": "\ua7cc", "\ua7db": "\ua7da",
}  # fmt: skip


def _upper_character(character: str) -> str:
    """One character upper-cased to one character, as the service's invariant culture does."""
    known = _UPPER.get(character)
    if known is not None:
        return known
    if 0x10D70 <= ord(character) <= 0x10D85:
        return chr(ord(character) - 0x20)
    for candidate in (character.upper(), character.title()):
        if len(candidate) == 1:
            return candidate
    return character


def _upper(text: str) -> str:
    if text.isascii():
        return text.upper()
    others = {ord(character): _upper_character(character) for character in set(text) if character > "\x7f"}
    return text.translate({**{code: chr(code - 32) for code in range(97, 123)}, **others, **_ESCAPED})


def template_hash(template: Mapping[str, Any]) -> str:
    """Return the ``templateHash`` of a compiled template, a number in decimal digits.

    A ``templateHash`` that the template's own ``metadata._generator`` has already is left out; those of nested templates count as
    they are written, so nested templates are to be done first.
    """
    return str(murmur64(_upper(_encode(_rewrite_template(template))).encode("utf-8", "replace")))
