"""Values checked against the types of a template: simple types, constraints, and the type definitions of language version 2.0."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote

from infra_lib.arm.expressions import Access, Literal
from infra_lib.arm.failures import VALIDATION, EvaluationError
from infra_lib.arm.partial import UNKNOWN, PartialDict, PartialList, Residual, materialize
from infra_lib.arm.values import MISSING, equal, get_member, text_length, type_name

if TYPE_CHECKING:
    from infra_lib.arm.expressions import Node
    from infra_lib.arm.template import Template

MAX_REFERENCES: Final = 64
"""``$ref`` that may lead to one another before the type itself."""

KINDS: Final = {
    "string": "String",
    "securestring": "SecureString",
    "int": "Int",
    "bool": "Bool",
    "object": "Object",
    "secureobject": "SecureObject",
    "array": "Array",
}
"""The types of declarations by their name in lower case, in Resource Manager's spelling."""

_PYTHON: Final[dict[str, type]] = {
    "string": str, "securestring": str, "int": int, "bool": bool, "object": dict, "secureobject": dict, "array": list,
}  # fmt: skip


def resolve(schema: Mapping[str, Any], template: Template) -> Mapping[str, Any]:
    """The schema with its ``$ref`` followed; members beside the reference (``nullable``, constraints) win over the
    definition's."""
    if not isinstance(schema, Mapping):
        raise EvaluationError("A type must be an object.", kind=VALIDATION)
    merged = schema
    for _ in range(MAX_REFERENCES):
        reference = get_member(dict(merged), "$ref")
        if reference is MISSING:
            return merged
        own = {name: value for name, value in merged.items() if name.lower() != "$ref"}
        merged = {**_definition(str(reference), template), **own}
    raise EvaluationError("The definitions refer to one another without end.", kind=VALIDATION)


def _definition(reference: str, template: Template) -> Mapping[str, Any]:
    parts = [unquote(part).replace("~1", "/").replace("~0", "~") for part in reference.removeprefix("#/").split("/")]
    found: Any = {"definitions": template.definitions}
    for part in parts:
        if isinstance(found, list):
            found = found[int(part)] if part.isdigit() and int(part) < len(found) else MISSING
        else:
            found = get_member(found, part) if isinstance(found, dict) else MISSING
    if not isinstance(found, dict):
        raise EvaluationError(f"The template has no definition {reference!r}.", kind=VALIDATION)
    return found


def _part(schema: Mapping[str, Any], name: str, kind: type) -> Any:
    """A member of a type that is an array or an object; an empty one where it is not given."""
    found = schema.get(name)
    if found is None:
        return kind()
    if not isinstance(found, kind):
        raise EvaluationError(f"{name!r} of a type must be an {'array' if kind is list else 'object'}.", kind=VALIDATION)
    return found


def kind_of(schema: Mapping[str, Any], template: Template) -> str:
    """The declared type in lower case, "" for a schema that accepts anything."""
    kind = get_member(dict(resolve(schema, template)), "type")
    if kind is MISSING:
        return ""
    lowered = str(kind).lower()
    if lowered not in KINDS:
        raise EvaluationError(f"{kind!r} is no type of a template; the types are {', '.join(KINDS)}.", kind=VALIDATION)
    return lowered


def is_secure(schema: Mapping[str, Any], template: Template) -> bool:
    """True for secureString and secureObject."""
    return kind_of(schema, template).startswith("secure")


def is_nullable(schema: Mapping[str, Any], template: Template) -> bool:
    """True when the value may be null or left out."""
    return get_member(dict(resolve(schema, template)), "nullable") is True


def hide_secrets(value: Any, schema: Mapping[str, Any], template: Template, node: Node) -> Any:
    """``value`` with what the schema declares as secure replaced by the expression that reads it; ``node`` reads the whole value.

    Null stays null, and what is unknown stays as it is.
    """
    if value is None or type(value) is Residual or not schema:
        return value
    schema = dict(resolve(schema, template))
    if kind_of(schema, template).startswith("secure"):
        return Residual(node)
    if isinstance(value, dict):
        if isinstance(schema.get("discriminator"), dict):
            schema = _variant(value, schema["discriminator"], template, "The value")
        properties, additional = schema.get("properties"), schema.get("additionalProperties")
        if not isinstance(properties, dict) and not isinstance(additional, dict):
            return value
        members = {name: _member_schema(name, properties, additional) for name in value}
        hidden = {
            name: hide_secrets(item, members[name], template, Access(node, [Literal(name)])) if members[name] else item
            for name, item in value.items()
        }
        return _changed(value, hidden)
    if isinstance(value, list):
        prefix, rest = _part(schema, "prefixItems", list), schema.get("items")
        if not prefix and not isinstance(rest, dict):
            return value
        schemas = [*prefix[: len(value)], *[rest if isinstance(rest, dict) else {}] * (len(value) - len(prefix))]
        items = [
            hide_secrets(item, item_schema, template, Access(node, [Literal(index)]))
            for index, (item, item_schema) in enumerate(zip(value, schemas, strict=True))
        ]
        return _changed(value, items)
    return value


def _member_schema(name: str, properties: dict[str, Any] | None, additional: Any) -> dict[str, Any]:
    found = get_member(properties, name) if properties else MISSING
    if found is MISSING:
        found = additional
    return found if isinstance(found, dict) else {}


def _changed(before: Any, after: Any) -> Any:
    old, new = (before.values(), after.values()) if isinstance(before, dict) else (before, after)
    if all(item is other for item, other in zip(old, new, strict=True)):
        return before
    partial = PartialDict if isinstance(before, dict) else PartialList
    return after if UNKNOWN.isdisjoint(map(type, new)) else partial(after)


def check_value(value: Any, schema: Mapping[str, Any], template: Template, what: str) -> None:
    """Raise EvaluationError unless ``value`` fits; what is unknown in it fits everything. ``what`` names the value in
    messages."""
    value = materialize(value)
    if type(value) is Residual or not schema:
        return
    schema = dict(resolve(schema, template))
    if value is None and schema.get("nullable") is True:
        return
    kind = kind_of(schema, template)
    expected = _PYTHON.get(kind)
    if expected is not None and (not isinstance(value, expected) or (expected is int and isinstance(value, bool))):
        raise _misfit(f"{what} must be of type {KINDS[kind]}, but is of type {type_name(value)}.")
    allowed = get_member(schema, "allowedValues")
    if isinstance(allowed, list) and type(value) not in UNKNOWN and not _is_allowed(value, allowed):
        shown = ", ".join(repr(item) for item in allowed[:12])
        raise _misfit(f"{what} must be one of {shown}" + ("." if kind.startswith("secure") else f"; it is {value!r}."))
    _check_limits(value, schema, what)
    if isinstance(value, list):
        _check_items(value, schema, template, what)
    elif isinstance(value, dict):
        _check_members(value, schema, template, what)


def _misfit(message: str) -> EvaluationError:
    return EvaluationError(message, kind=VALIDATION)


def _is_allowed(value: Any, allowed: list[Any]) -> bool:
    if any(equal(value, item) for item in allowed):
        return True
    if not isinstance(value, list):
        return False
    return all(not isinstance(item, dict) and any(equal(item, choice) for choice in allowed) for item in value)


def _check_limits(value: Any, schema: dict[str, Any], what: str) -> None:
    if isinstance(value, int) and not isinstance(value, bool):
        size, low, high, noun = value, "minValue", "maxValue", "value"
    elif isinstance(value, str | list):
        size = text_length(value) if isinstance(value, str) else len(value)
        low, high, noun = "minLength", "maxLength", "length"
    else:
        return
    minimum, maximum = get_member(schema, low), get_member(schema, high)
    if isinstance(minimum, int) and size < minimum:
        raise _misfit(f"{what} has the {noun} {size}; at least {minimum} is required.")
    if isinstance(maximum, int) and size > maximum:
        raise _misfit(f"{what} has the {noun} {size}; at most {maximum} is allowed.")


def _check_items(value: list[Any], schema: dict[str, Any], template: Template, what: str) -> None:
    prefix = _part(schema, "prefixItems", list)
    for index, (item, item_schema) in enumerate(zip(value, prefix, strict=False)):
        check_value(item, item_schema, template, f"{what}[{index}]")
    for item_schema in prefix[len(value) :]:
        if not is_nullable(item_schema, template):
            raise _misfit(f"{what} must have {len(prefix)} items, but has {len(value)}.")
    rest = schema.get("items")
    if rest is False and len(value) > len(prefix):
        raise _misfit(f"{what} must not have more than {len(prefix)} items, but has {len(value)}.")
    if isinstance(rest, dict):
        for index in range(len(prefix), len(value)):
            check_value(value[index], rest, template, f"{what}[{index}]")


def _check_members(value: dict[str, Any], schema: dict[str, Any], template: Template, what: str) -> None:
    discriminator = schema.get("discriminator")
    if isinstance(discriminator, dict):
        schema = _variant(value, discriminator, template, what)
    properties: dict[str, Any] = _part(schema, "properties", dict)
    for name, member_schema in properties.items():
        item = get_member(value, name)
        if item is not MISSING:
            check_value(item, member_schema, template, f"{what}.{name}")
        elif not is_nullable(member_schema, template):
            raise _misfit(f"{what} lacks the property {name!r}.")
    additional = schema.get("additionalProperties")
    if additional is False:
        surplus = next((name for name in value if get_member(properties, name) is MISSING), None)
        if surplus is not None:
            raise _misfit(
                f"{what} must not have the property {surplus!r}; it may have {', '.join(map(repr, properties)) or 'none'}."
            )
    elif isinstance(additional, dict):
        for name, item in value.items():
            if get_member(properties, name) is MISSING:
                check_value(item, additional, template, f"{what}.{name}")


def _variant(value: dict[str, Any], discriminator: dict[str, Any], template: Template, what: str) -> dict[str, Any]:
    name = str(discriminator.get("propertyName"))
    mapping: dict[str, Any] = _part(discriminator, "mapping", dict)
    tag = get_member(value, name)
    if type(tag) is Residual:
        return {}
    chosen = mapping.get(tag) if isinstance(tag, str) else None
    if chosen is None:
        raise _misfit(f"{what} must have a property {name!r} that is one of {', '.join(map(repr, mapping))}.")
    return dict(resolve(chosen, template))
