"""JSON Schema of a parameter file, and JSON Schema made from a template's parameter declarations (draft 2020-12).

The schemas are plain JSON that any validator or editor takes. :func:`validator` gives a jsonschema validator that reads
them as Resource Manager does: lengths in UTF-16 units, integers of 64 bits, and a note on members that an open object type does
not declare (the annotation ``x-open``, which other validators ignore).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

from infra_lib.parameters.literals import INTEGER_MAXIMUM, INTEGER_MINIMUM

if TYPE_CHECKING:
    from jsonschema import ValidationError
    from jsonschema.protocols import Validator

DIALECT = "https://json-schema.org/draft/2020-12/schema"
OPEN = "x-open"
SECURE = "x-secure"

_TYPES = {
    "string": "string",
    "securestring": "string",
    "int": "integer",
    "bool": "boolean",
    "object": "object",
    "secureobject": "object",
    "array": "array",
}
_DEFINITIONS = "#/definitions/"

_REFERENCE: dict[str, Any] = {
    "type": "object",
    "properties": {
        "keyVault": {
            "type": "object",
            "properties": {"id": {"type": "string", "minLength": 1}},
            "required": ["id"],
            "additionalProperties": False,
        },
        "secretName": {"type": "string", "minLength": 1},
        "secretVersion": {"type": "string"},
    },
    "required": ["keyVault", "secretName"],
    "additionalProperties": False,
}

_ENTRY: dict[str, Any] = {
    "type": "object",
    "properties": {
        "value": True,
        "reference": _REFERENCE,
        "expression": {"type": "string"},
        "metadata": {"type": "object"},
    },
    "additionalProperties": False,
    "oneOf": [{"required": ["value"]}, {"required": ["reference"]}, {"required": ["expression"]}],
}

FILE_SCHEMA: dict[str, Any] = {
    "$schema": DIALECT,
    "title": "Parameters of a deployment",
    "type": "object",
    "properties": {
        "$schema": {"type": "string"},
        "contentVersion": {"type": "string", "pattern": r"^[0-9]+\.[0-9]+\.[0-9]+\.[0-9]+$"},
        "languageVersion": {"type": "string"},
        "metadata": {"type": "object"},
        "externalInputDefinitions": {"type": "object"},
        "parameters": {"type": "object", "additionalProperties": {"$ref": "#/$defs/parameter"}},
    },
    "required": ["parameters"],
    "$defs": {"parameter": _ENTRY},
}
"""What a deployment's parameter file has to be, whatever the template: a value or a Key Vault reference for each parameter."""


def values_schema(template: Mapping[str, Any]) -> dict[str, Any]:
    """The schema of a plain object ``{NAME: VALUE}`` that holds the values of a template's parameters.

    A parameter with a default may be null, which stands for the default; one without is required unless it is nullable.
    """
    return _Builder(template).schema()


def file_schema(template: Mapping[str, Any]) -> dict[str, Any]:
    """The schema of a whole parameter file for one template; what an editor needs to complete and check it."""
    values = values_schema(template)
    schema = {**FILE_SCHEMA, "$defs": {**values.pop("$defs", {})}}
    entries = {}
    for name, value in values["properties"].items():
        entry = {**_ENTRY, "properties": {**_ENTRY["properties"], "value": value}}
        entries[name] = {"description": value["description"], **entry} if "description" in value else entry
    parameters: dict[str, Any] = {"type": "object", "properties": entries, "additionalProperties": False}
    if values.get("required"):
        parameters["required"] = values["required"]
    schema["properties"] = {**FILE_SCHEMA["properties"], "parameters": parameters}
    if not schema["$defs"]:
        del schema["$defs"]
    return schema


def definition_of(template: Mapping[str, Any], reference: str) -> Mapping[str, Any] | None:
    """The declaration that ``#/definitions/...`` in a template leads to, None where it leads nowhere."""
    if not reference.startswith("#/"):
        return None
    from urllib.parse import unquote

    node: Any = template
    for segment in reference[2:].split("/"):
        key = unquote(segment).replace("~1", "/").replace("~0", "~")
        if isinstance(node, Mapping) and key in node:
            node = node[key]
        elif isinstance(node, list) and key.isdigit() and int(key) < len(node):
            node = node[int(key)]
        else:
            return None
    return node if isinstance(node, Mapping) else None


def is_nullable(template: Mapping[str, Any], declaration: Mapping[str, Any]) -> bool:
    """Whether a declaration takes null: it says so itself, or what it refers to does."""
    seen: set[str] = set()
    if not isinstance(declaration, Mapping):
        return False
    while "nullable" not in declaration:
        reference = declaration.get("$ref")
        target = definition_of(template, reference) if isinstance(reference, str) and reference not in seen else None
        if target is None:
            return False
        seen.add(str(reference))
        declaration = target
    return declaration["nullable"] is True


def resolved(template: Mapping[str, Any], declaration: Mapping[str, Any]) -> Mapping[str, Any]:
    """The declaration with its references followed, so that it has a type; what it says itself wins."""
    seen: set[str] = set()
    merged = dict(declaration) if isinstance(declaration, Mapping) else {}
    while isinstance(reference := merged.pop("$ref", None), str) and reference not in seen:
        seen.add(reference)
        target = definition_of(template, reference)
        if target is None:
            break
        merged = {**target, **merged}
    return merged


def type_of(template: Mapping[str, Any], declaration: Mapping[str, Any]) -> str:
    """The declared type in lower case, references followed; ``""`` where any value is taken."""
    declared = resolved(template, declaration).get("type")
    return declared.lower() if isinstance(declared, str) else ""


def is_secure(template: Mapping[str, Any], declaration: Mapping[str, Any]) -> bool:
    """Whether a parameter's value must not be shown."""
    return type_of(template, declaration).startswith("secure")


class _Builder:
    """Makes one schema from one template."""

    def __init__(self, template: Mapping[str, Any]) -> None:
        self.template = template
        self.definitions: dict[str, Any] = {}
        self.pending: list[str] = []

    def schema(self) -> dict[str, Any]:
        """The schema of all parameters."""
        declared = self.template.get("parameters") or {}
        properties = {name: self.parameter(declaration) for name, declaration in declared.items()}
        required = [name for name, declaration in declared.items() if self.is_required(declaration)]
        schema: dict[str, Any] = {"$schema": DIALECT, "type": "object", "properties": properties, "additionalProperties": False}
        if required:
            schema["required"] = required
        while self.pending:
            reference = self.pending.pop()
            self.definitions[reference] = self.core(definition_of(self.template, _DEFINITIONS + reference) or {})
        if self.definitions:
            schema["$defs"] = self.definitions
        return schema

    def is_required(self, declaration: Mapping[str, Any]) -> bool:
        """Whether a value has to be given."""
        return "defaultValue" not in declaration and not is_nullable(self.template, declaration)

    def parameter(self, declaration: Mapping[str, Any]) -> dict[str, Any]:
        """A parameter: its type, description and default."""
        nullable = "defaultValue" in declaration or is_nullable(self.template, declaration)
        schema = self.nullable(self.core(declaration)) if nullable else self.core(declaration)
        default = declaration.get("defaultValue")
        if default is not None and not contains_expression(default) and not is_secure(self.template, declaration):
            schema["default"] = default
        return schema

    def site(self, declaration: Mapping[str, Any]) -> dict[str, Any]:
        """A declaration where it is used: with null where it takes null."""
        core = self.core(declaration)
        return self.nullable(core) if is_nullable(self.template, declaration) else core

    def nullable(self, core: dict[str, Any]) -> dict[str, Any]:
        """The schema that takes null as well."""
        if "type" not in core:
            if core.keys() <= {"description", "enum"}:
                return {**core, "enum": [*core["enum"], None]} if "enum" in core else core
            description = {"description": core.pop("description")} if "description" in core else {}
            return {**description, "if": {"type": "null"}, "else": core}
        schema = {**core, "type": [core["type"], "null"]}
        if "enum" in core and None not in core["enum"]:
            schema["enum"] = [*core["enum"], None]
        return schema

    def core(self, declaration: Mapping[str, Any]) -> dict[str, Any]:
        """The schema of the values that are not null. A declaration that is none takes any value: the engine refuses it."""
        schema: dict[str, Any] = {}
        if not isinstance(declaration, Mapping):
            return schema
        metadata = declaration.get("metadata")
        if isinstance(metadata, Mapping) and isinstance(metadata.get("description"), str):
            schema["description"] = metadata["description"]
        reference = declaration.get("$ref")
        if isinstance(reference, str) and reference.startswith(_DEFINITIONS) and not self.is_circular(reference):
            schema["$ref"] = self.reference(reference[len(_DEFINITIONS) :])
        declared = declaration.get("type")
        name = declared.lower() if isinstance(declared, str) else ""
        if name in _TYPES:
            schema["type"] = _TYPES[name]
        if name.startswith("secure"):
            schema[SECURE] = True
        self.limits(schema, declaration)
        if isinstance(allowed := declaration.get("allowedValues"), list):
            schema.update(_allowed(schema.get("type"), allowed))
        if schema.get("type", "object") == "object":
            self.members(schema, declaration)
        if schema.get("type", "array") == "array":
            self.items(schema, declaration)
        return schema

    def is_circular(self, reference: str) -> bool:
        """Whether a reference leads to nothing but references that lead back to it; the engine refuses such a template."""
        seen: set[str] = set()
        while reference not in seen:
            seen.add(reference)
            following = (definition_of(self.template, reference) or {}).get("$ref")
            if not isinstance(following, str):
                return False
            reference = following
        return True

    def reference(self, name: str) -> str:
        """The place of a definition in this schema."""
        if name not in self.definitions:
            self.definitions[name] = {}
            self.pending.append(name)
        return "#/$defs/" + name.replace("~", "~0").replace("/", "~1").replace("%", "%25")

    def limits(self, schema: dict[str, Any], declaration: Mapping[str, Any]) -> None:
        """Lengths and ranges."""
        kind = schema.get("type")
        size = {"array": ("minItems", "maxItems"), "object": ("minProperties", "maxProperties")}.get(kind or "")
        for word, target in zip(("minLength", "maxLength"), size or ("minLength", "maxLength"), strict=True):
            if isinstance(limit := declaration.get(word), int):
                schema[target] = limit
        for word, target in (("minValue", "minimum"), ("maxValue", "maximum")):
            if isinstance(limit := declaration.get(word), int):
                schema[target] = limit

    def members(self, schema: dict[str, Any], declaration: Mapping[str, Any]) -> None:
        """Properties, other members, and a discriminator."""
        properties = declaration.get("properties")
        if isinstance(properties, Mapping):
            schema["properties"] = {name: self.site(item) for name, item in properties.items()}
            required = [name for name, item in properties.items() if not is_nullable(self.template, item)]
            if required:
                schema["required"] = required
        others = declaration.get("additionalProperties")
        if isinstance(others, Mapping):
            schema["additionalProperties"] = self.site(others)
        elif others is False:
            schema["additionalProperties"] = False
        elif isinstance(properties, Mapping) and others is None:
            schema[OPEN] = True
        discriminator = declaration.get("discriminator")
        if isinstance(discriminator, Mapping) and isinstance(mapping := discriminator.get("mapping"), Mapping):
            self.discriminated(schema, str(discriminator.get("propertyName")), mapping)

    def discriminated(self, schema: dict[str, Any], name: str, mapping: Mapping[str, Any]) -> None:
        """One of several object types, chosen by the value of one property."""
        schema.pop(OPEN, None)
        schema["required"] = list(dict.fromkeys([*schema.get("required", []), name]))
        schema["properties"] = {**schema.get("properties", {}), name: {"type": "string", "enum": list(mapping)}}
        schema["allOf"] = [
            {"if": {"properties": {name: {"const": value}}, "required": [name]}, "then": self.core(item)}
            for value, item in mapping.items()
        ]

    def items(self, schema: dict[str, Any], declaration: Mapping[str, Any]) -> None:
        """The items of an array, or of a tuple."""
        prefix = declaration.get("prefixItems")
        if isinstance(prefix, list):
            schema["prefixItems"] = [self.site(item) for item in prefix]
            needed = [index for index, item in enumerate(prefix) if not is_nullable(self.template, item)]
            if needed:
                schema["minItems"] = max(schema.get("minItems", 0), needed[-1] + 1)
        items = declaration.get("items")
        if isinstance(items, Mapping):
            schema["items"] = self.site(items)
        elif items is False:
            schema["items"] = False


def _allowed(kind: Any, allowed: list[Any]) -> dict[str, Any]:
    """Allowed values; for an array they are those of its items, unless whole arrays are listed."""
    if kind == "array" and not any(isinstance(value, list) for value in allowed):
        return {"items": {"enum": allowed}}
    return {"enum": allowed}


def contains_expression(value: Any) -> bool:
    """Whether a value in a template holds an expression anywhere."""
    if isinstance(value, str):
        return value.startswith("[") and value.endswith("]") and not value.startswith("[[")
    if isinstance(value, Mapping):
        return any(contains_expression(item) for item in value.values())
    return isinstance(value, list) and any(map(contains_expression, value))


# ---------------------------------------------------------------------------------------------- the validator


def validator(schema: Mapping[str, Any]) -> Validator:
    """A jsonschema validator for one of these schemas."""
    made: Validator = _validator_class()(schema)
    return made


@cache
def _validator_class() -> Any:
    from jsonschema import Draft202012Validator, ValidationError, validators

    def min_length(_: Validator, limit: int, instance: Any, __: Any) -> Iterator[ValidationError]:
        if isinstance(instance, str) and utf16_length(instance) < limit:
            yield ValidationError("too short")

    def max_length(_: Validator, limit: int, instance: Any, __: Any) -> Iterator[ValidationError]:
        if isinstance(instance, str) and utf16_length(instance) > limit:
            yield ValidationError("too long")

    def open_members(_: Validator, value: bool, instance: Any, schema: Any) -> Iterator[ValidationError]:
        if value and isinstance(instance, dict):
            for name in instance:
                if name not in schema["properties"]:
                    yield ValidationError("not declared", path=[name])

    checker = Draft202012Validator.TYPE_CHECKER.redefine("integer", _is_integer)
    keywords = {"minLength": min_length, "maxLength": max_length, OPEN: open_members}
    extend: Any = validators.extend
    return extend(Draft202012Validator, validators=keywords, type_checker=checker)


def _is_integer(_: Any, instance: Any) -> bool:
    return isinstance(instance, int) and not isinstance(instance, bool) and INTEGER_MINIMUM <= instance <= INTEGER_MAXIMUM


def utf16_length(text: str) -> int:
    """The length of a text as Resource Manager counts it."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le", "surrogatepass")) // 2
