"""All that is wrong with parameters, at once: the file, the values for a template, the resource names that they become."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from infra_lib.diagnostics import Diagnostic, Level, describe
from infra_lib.parameters import naming, words
from infra_lib.parameters.entry import Expression, KeyVaultReference, Place, from_arm_entry
from infra_lib.parameters.file import ParameterFile
from infra_lib.parameters.json_document import SCHEMA, JsonDocument
from infra_lib.parameters.json_text import pointer
from infra_lib.parameters.literals import INTEGER_MAXIMUM, INTEGER_MINIMUM
from infra_lib.parameters.schema import (
    FILE_SCHEMA,
    SECURE,
    is_nullable,
    is_secure,
    type_of,
    utf16_length,
    validator,
    values_schema,
)
from infra_lib.parameters.secret import reveal

Path = tuple[str | int, ...]

_EXPRESSION = re.compile(r"\[\s*([A-Za-z][A-Za-z0-9]*)\s*\(.*\]\s*\Z", re.DOTALL)
_TEMPLATE_FUNCTIONS = frozenset(
    """
    add and array base64 base64ToJson base64ToString bool coalesce concat contains copyIndex createArray createObject
    dataUri dateTimeAdd deployment div empty endsWith environment equals extensionResourceId externalInputs fail false
    filter first flatten float format greater greaterOrEquals guid if indexOf int intersection items join json last
    lastIndexOf length less lessOrEquals list listKeys listSecrets managementGroup map max min mod mul newGuid not null
    or padLeft parameters pickZones providers range reduce reference replace resourceGroup resourceId skip sort split
    startsWith string sub subscription subscriptionResourceId substring take tenant tenantResourceId toLower toUpper
    trim true tryGet union uniqueString uri uriComponent uriComponentToString utcNow variables
    """.lower().split()
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Location:
    """Where a value was given, for a message: a file with a place in it, or words like ``--set count``."""

    file: str | None = None
    pointer: str | None = None
    place: Place | None = None


class Locator(Protocol):
    """Finds where a parameter's value, what lies at ``path`` in it, or with ``key`` its name, was given."""

    def __call__(self, name: str, path: Path = (), *, key: bool = False) -> Location:
        """The location; an empty one where nothing is known."""
        ...


def problem(code: str, location: Location, *, level: Level | None = None, fix: str | None = None, **names: Any) -> Diagnostic:
    """A diagnostic of the catalogue at a location."""
    found_level, message, advice = describe(code, level=level, fix=fix, **names)
    place = location.place
    return Diagnostic(
        code=code,
        level=found_level,
        message=message,
        file=location.file,
        line=place.line if place else None,
        column=place.column if place else None,
        end_line=place.end_line if place else None,
        end_column=place.end_column if place else None,
        pointer=location.pointer,
        fix=advice,
    )


def in_order(diagnostics: Iterable[Diagnostic]) -> list[Diagnostic]:
    """Diagnostics by file and place, each once; those without a place first."""
    unique = list(dict.fromkeys(diagnostics))
    return sorted(unique, key=lambda item: (item.file or "", item.line or 0, item.column or 0))


def validate_parameters(
    parameters: ParameterFile | Mapping[str, Any],
    template: Mapping[str, Any],
    *,
    named: Mapping[str, Sequence[str]] | None = None,
) -> list[Diagnostic]:
    """Everything that is wrong with ``parameters`` for a compiled template, by place; an empty list when nothing is.

    ``parameters`` is a file (its structure is checked too) or plain values by name. ``named`` gives the resource types that
    parameters name, whose naming rules they have to keep; by default they are read off the template. Expressions of a
    .bicepparam file are not evaluated here; the compiler checks them.
    """
    if isinstance(parameters, ParameterFile):
        values, locate = parameters.values, file_locator(parameters)
        found = [*parameters.diagnostics, *check_structure(parameters)]
        found += check_values(values, template, locate, named=named, broken=unreadable(parameters))
        if parameters.format == "json":
            found += check_expressions(values, locate, found)
        return in_order(found)
    return in_order(check_values(dict(parameters), template, plain_locator, named=named))


def plain_locator(name: str, path: Path = (), *, key: bool = False) -> Location:
    """The locator of values that come from no file."""
    del key
    return Location(pointer=pointer((name, *path)))


def file_locator(file: ParameterFile) -> Locator:
    """The locator of a file's values."""
    shown = str(file.path) if file.path else None

    def locate(name: str, path: Path = (), *, key: bool = False) -> Location:
        spelled = file.name_of(name)
        if spelled is None:
            return Location(file=shown, pointer=pointer(("parameters",)), place=file.place_of_parameters())
        found_pointer, place = file.locate(spelled, path, key=key)
        return Location(file=shown, pointer=found_pointer, place=place)

    return locate


# ---------------------------------------------------------------------------------------------- the file


def check_structure(file: ParameterFile) -> Iterator[Diagnostic]:
    """What is wrong with a .parameters.json file whatever the template: a value or a reference for each, nothing stray."""
    document = file.document
    if not isinstance(document, JsonDocument) or document.root is None:
        return
    shown = str(file.path) if file.path else None
    value = document.root.value

    def at(path: Path, *, name: bool = False) -> Location:
        return Location(file=shown, pointer=pointer(path), place=document.locate(path, name=name))

    if isinstance(value, dict) and "resources" in value and "parameters" in value:
        yield problem("INF122", at(()))
        return
    for error in validator(FILE_SCHEMA).iter_errors(_without_plain_entries(value)):
        yield from _structure_problems(error, tuple(error.absolute_path), at)
    if not isinstance(value, dict):
        return
    for name in value.keys() - FILE_SCHEMA["properties"].keys():
        yield problem("INF123", at((name,), name=True), name=name, fix=words.did_you_mean(name, FILE_SCHEMA["properties"]))
    for name, text in (("$schema", f'"$schema": "{SCHEMA}"'), ("contentVersion", '"contentVersion": "1.0.0.0"')):
        if name not in value:
            yield problem("INF124", at(()), name=name, text=text)
    parameters = value.get("parameters")
    seen: set[str] = set()
    for name in parameters if isinstance(parameters, dict) else ():
        if name.casefold() in seen:
            yield problem("INF144", at(("parameters", name), name=True), name=name)
        seen.add(name.casefold())


def _without_plain_entries(document: Any) -> Any:
    """The document less the entries that are ``{"value": ...}`` and nothing else: most are, and the schema takes every one."""
    parameters = document.get("parameters") if isinstance(document, dict) else None
    if not isinstance(parameters, dict):
        return document
    left = {name: item for name, item in parameters.items() if not (isinstance(item, dict) and item.keys() == {"value"})}
    return {**document, "parameters": left}


def _structure_problems(error: Any, path: Path, at: Any) -> Iterator[Diagnostic]:
    """One schema error of the file in words."""
    kind, value = error.validator, error.instance
    if len(path) < 2 or path[0] != "parameters":
        if kind == "required":
            near = words.nearest("parameters", value)
            fix = f'Write "parameters" instead of "{near}".' if near else None
            yield problem("INF121", at(()), fix=fix)
        elif not path:
            yield problem("INF120", at(()), found=words.found(value))
        elif kind == "pattern":
            yield problem(
                "INF133",
                at(path),
                subject=f'"{path[-1]}"',
                found=words.found(value),
                expected="four numbers",
                fix='Write "1.0.0.0".',
            )
        else:
            yield problem(
                "INF133",
                at(path),
                subject=f'"{path[-1]}"',
                found=words.found(value),
                expected=words.TYPE_WORDS[error.validator_value],
            )
        return
    name = str(path[1])
    if "reference" in path[2:3]:
        yield problem("INF129", at(path), name=name, problem=_reference_problem(error, path))
    elif kind == "type" and len(path) == 2:
        text = words.shown(value)
        yield problem("INF125", at(path), name=name, found=words.found(value), text=text)
    elif kind == "type":
        yield problem(
            "INF133",
            at(path),
            subject=f'"{path[-1]}" of "{name}"',
            found=words.found(value),
            expected=words.TYPE_WORDS[error.validator_value],
        )
    elif kind == "additionalProperties":
        known = error.schema["properties"]
        for member in value.keys() - known.keys():
            fix = words.did_you_mean(member, known, 'Write it in "metadata", or remove it.')
            yield problem("INF128", at((*path, member), name=True), name=name, member=member, fix=fix)
    elif kind == "oneOf" and isinstance(value, dict):
        given = [part for part in ("value", "reference", "expression") if part in value]
        if len(given) > 1:
            yield problem("INF126", at((*path, given[1]), name=True), name=name, first=f'"{given[0]}"', second=f'"{given[1]}"')
        elif not value.keys() - {"metadata"}:
            yield problem("INF127", at(path, name=True), name=name)


def _reference_problem(error: Any, path: Path) -> str:
    place = '"' + ".".join(str(step) for step in path[2:]) + '"'
    if error.validator == "required":
        missing = next(name for name in error.validator_value if name not in error.instance)
        return f'{place} has no "{missing}"'
    if error.validator == "additionalProperties":
        stray = sorted(error.instance.keys() - error.schema["properties"].keys())
        return f'{place} has "{stray[0]}", which does not belong there'
    if error.validator == "minLength":
        return f"{place} is empty"
    return f"{place} is {words.found(error.instance)}"


def unreadable(file: ParameterFile) -> set[str]:
    """The parameters that are in a file but whose entries have not the right form; they are not missing."""
    document = file.document
    found = document.parameters if isinstance(document, JsonDocument) else None
    return {member.name.casefold() for member in found.members if not from_arm_entry(member.node.value)[0]} if found else set()


# ---------------------------------------------------------------------------------------------- the values


def check_values(
    values: Mapping[str, Any],
    template: Mapping[str, Any],
    locate: Locator,
    *,
    named: Mapping[str, Sequence[str]] | None = None,
    broken: Iterable[str] = (),
) -> Iterator[Diagnostic]:
    """What is wrong with values for a template's parameters. ``broken`` (names, case folded) are given, but not readable."""
    declared: Mapping[str, Any] = template.get("parameters") or {}
    spelling = {name.casefold(): name for name in declared}
    given: dict[str, Any] = {}
    held: set[str] = set(broken)
    for name, value in values.items():
        known = spelling.get(name.casefold())
        if known is None:
            fix = words.did_you_mean(name, declared, _declares(declared))
            yield problem("INF130", locate(name, key=True), name=name, fix=fix)
            continue
        if isinstance(value, KeyVaultReference | Expression):
            held.add(name.casefold())
            if isinstance(value, KeyVaultReference) and not is_secure(template, declared[known]):
                yield problem("INF146", locate(name), name=known)
            continue
        given[known] = reveal(value)
    unmatched = [name for name in values if name.casefold() not in spelling]
    for name, declaration in declared.items():
        if name.casefold() in held or "defaultValue" in declaration or is_nullable(template, declaration):
            continue
        kind = words.ARM_TYPE_WORDS.get(type_of(template, declaration), "a value")
        if name not in given:
            near = words.nearest(name, unmatched)
            fix = f'"{near}" is given; did you mean "{name}"?' if near else f'Add "{name}" with {kind}.'
            yield problem("INF131", locate(name), name=name, fix=fix)
        elif given[name] is None:
            del given[name]
            yield problem("INF132", locate(name), subject=words.subject(name), expected=kind)
    named = naming.named_resources(template) if named is None else named
    shown = {name: value for name, value in given.items() if not is_secure(template, declared[name])}
    wrong_names = dict(check_names(shown, named, locate))
    yield from wrong_names.values()
    yield from _against_schema(given, template, locate, wrong_names.keys())


def _declares(declared: Mapping[str, Any]) -> str:
    if not declared:
        return "Remove it: the template has no parameters."
    listed = ", ".join(list(declared)[:12]) + (", ..." if len(declared) > 12 else "")
    return f"It has {listed}."


def _against_schema(
    given: Mapping[str, Any], template: Mapping[str, Any], locate: Locator, wrong_names: Collection[str]
) -> Iterator[Diagnostic]:
    """The values against the schema of the declarations. Of a wrong name the length has been said already."""
    schema = values_schema(template)
    schema.pop("required", None)
    errors: list[Any] = list(validator(schema).iter_errors(given))
    mistyped = {tuple(error.absolute_path) for error in errors if error.validator == "type"}
    for error in errors:
        full = tuple(error.absolute_path)
        name, path = str(full[0]), full[1:]
        if full in mistyped and error.validator != "type":
            continue
        if not path and name in wrong_names and error.validator in ("minLength", "maxLength"):
            continue
        secure = is_secure(template, template["parameters"][name]) or bool(error.schema.get(SECURE))
        yield from _value_problems(error, name, path, locate, secure)


def check_expressions(values: Mapping[str, Any], locate: Locator, said: Iterable[Diagnostic]) -> Iterator[Diagnostic]:
    """Texts of a .parameters.json file that read as template expressions; those that something else is said of are left out.

    As a whole value that is an error. Inside a list or an object, which may be data of another template, it is a warning.
    """
    known = {(item.file, item.pointer) for item in said}
    for name, value in values.items():
        for path in _expressions(value):
            location = locate(name, path)
            if (location.file, location.pointer) not in known:
                level: Level = "warning" if path else "error"
                yield problem("INF143", location, level=level, subject=words.subject(name, path))


def _expressions(value: Any, path: Path = ()) -> Iterator[Path]:
    """The paths of the texts in a value that read as expressions of the template language."""
    if isinstance(value, str):
        if is_expression(value):
            yield path
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _expressions(item, (*path, index))
    elif isinstance(value, dict):
        for name, item in value.items():
            yield from _expressions(item, (*path, name))


def is_expression(text: str) -> bool:
    """Whether a text reads as an expression of the template language (a call of one of its functions in brackets)."""
    match = _EXPRESSION.match(text) if text.startswith("[") else None
    return match is not None and match[1].lower() in _TEMPLATE_FUNCTIONS


def _value_problems(error: Any, name: str, path: Path, locate: Locator, secure: bool) -> Iterator[Diagnostic]:
    """One schema error of a value in words."""
    kind, value, limit = error.validator, error.instance, error.validator_value
    subject, found = words.subject(name, path), words.found(value, secure=secure)
    if kind == "x-open":
        yield _stray("INF141", error, name, path, locate)
    elif kind in ("additionalProperties", "properties") and limit is False:
        for member in value.keys() - error.schema.get("properties", {}).keys():
            fix = words.did_you_mean(member, error.schema.get("properties", {}), _members(error.schema))
            location = locate(name, (*path, member), key=True)
            yield problem("INF140", location, subject=subject, member=member, fix=fix)
    elif kind == "type":
        yield from _wrong_type(error, subject, locate(name, path), secure)
    elif kind == "required":
        missing = next(member for member in limit if f"'{member}' is a required" in error.message)
        near = words.nearest(missing, value.keys() - error.schema.get("properties", {}).keys())
        fix = f'"{near}" is given; did you mean "{missing}"?' if near else f'Add "{missing}".'
        yield problem("INF139", locate(name, path), subject=subject, member=missing, fix=fix)
    elif kind == "enum":
        choices = [choice for choice in limit if choice is not None]
        near = (
            words.nearest(value, [choice for choice in choices if isinstance(choice, str)])
            if isinstance(value, str) and not secure
            else None
        )
        expected = words.one_of(choices) + (f' (did you mean "{near}"?)' if near and len(choices) > 1 else "")
        yield problem("INF134", locate(name, path), subject=subject, found=found, expected=expected)
    elif kind in _LENGTHS:
        code, unit = _LENGTHS[kind]
        actual = utf16_length(value) if isinstance(value, str) else len(value)
        yield problem(code, locate(name, path), subject=subject, actual=_count(actual, unit), limit=_count(limit, unit))
    elif kind in ("minimum", "maximum"):
        code = "INF137" if kind == "minimum" else "INF138"
        yield problem(code, locate(name, path), subject=subject, found=found, limit=limit)
    elif kind == "items" or (kind is None and isinstance(value, list)):
        most = len(error.schema.get("prefixItems", ()))
        yield problem("INF142", locate(name, path), subject=subject, actual=_count(len(value), "item"), limit=most)
    else:
        yield problem("INF147", locate(name, path), subject=subject, problem=error.message.splitlines()[0][:100])


_LENGTHS = {
    "minLength": ("INF135", "character"),
    "maxLength": ("INF136", "character"),
    "minItems": ("INF135", "item"),
    "maxItems": ("INF136", "item"),
    "minProperties": ("INF135", "member"),
    "maxProperties": ("INF136", "member"),
}


def _stray(code: str, error: Any, name: str, path: Path, locate: Locator) -> Diagnostic:
    """A member that an open type does not declare: ``path`` ends with it."""
    member = str(path[-1])
    declared = error.schema.get("properties", {})
    undeclared = [known for known in declared if known not in error.instance]
    fix = words.did_you_mean(member, undeclared)
    return problem(code, locate(name, path, key=True), subject=words.subject(name, path[:-1]), member=member, fix=fix)


def _members(schema: Mapping[str, Any]) -> str | None:
    known = list(schema.get("properties", {}))
    return f"It has {', '.join(known[:12])}{', ...' if len(known) > 12 else ''}." if known else "Remove it."


def _wrong_type(error: Any, subject: str, location: Location, secure: bool) -> Iterator[Diagnostic]:
    wanted = [error.validator_value] if isinstance(error.validator_value, str) else list(error.validator_value)
    expected = next(kind for kind in wanted if kind != "null") if wanted != ["null"] else "null"
    value = error.instance
    if value is None:
        yield problem("INF132", location, subject=subject, expected=words.TYPE_WORDS[expected])
    elif (
        expected == "integer"
        and isinstance(value, int)
        and not isinstance(value, bool)
        and not INTEGER_MINIMUM <= value <= INTEGER_MAXIMUM
    ):
        yield problem("INF145", location, subject=subject, found=words.found(value, secure=secure))
    else:
        fix = (
            "Write the value itself; expressions belong in the template."
            if isinstance(value, str) and is_expression(value)
            else None
        )
        yield problem(
            "INF133",
            location,
            subject=subject,
            found=words.found(value, secure=secure),
            expected=words.TYPE_WORDS[expected],
            fix=fix or words.write_instead(expected, value, secure=secure),
        )


def _count(number: int, unit: str) -> str:
    return f"{number} {unit}" if number == 1 else f"{number} {unit}s"


# ---------------------------------------------------------------------------------------------- names


def check_names(
    values: Mapping[str, Any], named: Mapping[str, Sequence[str]], locate: Locator
) -> Iterator[tuple[str, Diagnostic]]:
    """The parameters whose values break Azure's rules for the resources that they name, each with what is wrong."""
    for name, resource_types in named.items():
        value = values.get(name)
        wrong = next(
            (found for kind in resource_types if isinstance(value, str) and (found := naming.check_name(kind, value))), None
        )
        if wrong is not None:
            subject = f"{words.subject(name)}, {words.quoted(str(value))},"
            yield name, problem("INF150", locate(name), subject=subject, kind=wrong.kind, problem=wrong.problem, fix=wrong.fix)
