"""ARM JSON templates as modules, as the target of ``using`` and as the source of imports: read, checked, and what they export.

The template itself is kept as it is written, comments aside: the compiler puts it into its output unchanged.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal, NamedTuple
from urllib.parse import unquote

from infra_lib.arm.values import MISSING, fold, get_member
from infra_lib.bicep.sources.documents import JsonError, read_document
from infra_lib.bicep.sources.loaders import decode
from infra_lib.bicep.sources.paths import Problem

TargetScope = Literal["resourceGroup", "subscription", "managementGroup", "tenant"]

_SCHEMAS: dict[str, TargetScope] = {
    "/schemas/2014-04-01-preview/deploymentTemplate.json": "resourceGroup",
    "/schemas/2015-01-01/deploymentTemplate.json": "resourceGroup",
    "/schemas/2019-04-01/deploymentTemplate.json": "resourceGroup",
    "/schemas/2018-05-01/subscriptionDeploymentTemplate.json": "subscription",
    "/schemas/2019-08-01/managementGroupDeploymentTemplate.json": "managementGroup",
    "/schemas/2019-08-01/tenantDeploymentTemplate.json": "tenant",
}
# Section -> the kinds that it may be; an object of resources needs language version 2.0.
_SECTIONS: dict[str, tuple[type, ...]] = {
    "$schema": (str,),
    "languageVersion": (str,),
    "contentVersion": (str,),
    "apiProfile": (str,),
    "imports": (dict,),
    "extensions": (dict,),
    "definitions": (dict,),
    "parameters": (dict,),
    "variables": (dict,),
    "functions": (list,),
    "resources": (list, dict),
    "asserts": (dict,),
    "outputs": (dict,),
    "metadata": (dict,),
}
_FOLDED_SECTIONS = {fold(name): name for name in _SECTIONS}
_REQUIRED = ("$schema", "contentVersion", "resources")
_TYPES = frozenset(("string", "securestring", "int", "bool", "object", "secureobject", "array"))
_LIMITS = ("minValue", "maxValue", "minLength", "maxLength")
_EXPORT_FLAG = "__bicep_export!"
_EXPORTED_VARIABLES = "__bicep_exported_variables!"
_FUNCTION_NAMESPACE = "__bicep"


class ArmModule(NamedTuple):
    """A JSON file used as a template. ``template`` is the object, empty where there is none; ``link`` the id of a template spec.

    ``problem`` says what makes the file no valid template (BCP188), None if nothing.
    """

    template: dict[str, Any]
    link: str | None
    problem: Problem | None


class Export(NamedTuple):
    """Something that can be imported. ``value`` is its definition as written (of a variable the value, of a function its object).

    ``kind`` "ambiguous": several exports have this name. ``path`` is its place in the template, for messages.
    """

    kind: Literal["type", "variable", "function", "ambiguous"]
    name: str
    value: Any
    path: str
    description: str | None


class _InvalidTemplateError(Exception):
    """The file is no valid template; the text says why."""


def _get(container: Any, name: str) -> Any:
    """A member ignoring letter case, None where it is missing."""
    if not isinstance(container, dict):
        return None
    found = get_member(container, name)
    return None if found is MISSING else found


# ---------------------------------------------------------------------------------------------- reading


def read_module(data: bytes, path: str, *, template_spec: bool = False) -> ArmModule:
    """Read a JSON template, or the description of a template spec with a template inside; ``path`` is shown in messages."""
    link: str | None = None
    template: Any = None
    try:
        template = read_document(decode(data, None)[0])
        if template_spec:
            link, template = _template_spec(template)
        validate(template)
    except JsonError as error:
        return ArmModule({}, None, Problem("BCP188", path=path, reason=error.message))
    except _InvalidTemplateError as error:
        return ArmModule(template if isinstance(template, dict) else {}, link, Problem("BCP188", path=path, reason=str(error)))
    return ArmModule(template, link, None)


def _template_spec(document: Any) -> tuple[str, Any]:
    link = document.get("id") if isinstance(document, dict) else None
    properties = document.get("properties") if isinstance(document, dict) else None
    template = properties.get("mainTemplate") if isinstance(properties, dict) else None
    if not isinstance(link, str) or not isinstance(template, dict):
        raise _InvalidTemplateError("the description of the template spec has no id or no mainTemplate")
    return link, template


def target_scope(template: dict[str, Any]) -> TargetScope | None:
    """The scope that ``$schema`` names, None for a schema that is no deployment template's."""
    schema = _get(template, "$schema")
    if not isinstance(schema, str):
        return None
    scheme, separator, rest = schema.partition("://")
    if not separator or not scheme.isalnum():
        return None
    return _SCHEMAS.get("/" + rest.partition("/")[2].partition("#")[0].partition("?")[0])


# ---------------------------------------------------------------------------------------------- validation


def validate(template: Any) -> None:
    """Raise _InvalidTemplateError for what the official compiler does not accept as a module; resources are not looked at."""
    if not isinstance(template, dict):
        raise _InvalidTemplateError("it does not hold an object")
    sections: dict[str, Any] = {}
    for key, value in template.items():
        name = _FOLDED_SECTIONS.get(fold(key))
        if name is None:
            raise _InvalidTemplateError(f'a template has no section "{key}"')
        if value is not None and not isinstance(value, _SECTIONS[name]):
            raise _InvalidTemplateError(f'the section "{key}" is of a wrong kind')
        sections[name] = value
    for name in _REQUIRED:
        if sections.get(name) is None:
            raise _InvalidTemplateError(f'the section "{name}" is missing')
    if target_scope(template) is None:
        raise _InvalidTemplateError(f'"{sections["$schema"]}" is no schema of a deployment template')
    _Declarations(sections).check()


class _Declarations:
    """The declarations of a template: parameters, outputs, definitions and functions, each a schema node."""

    def __init__(self, sections: dict[str, Any]) -> None:
        self.sections = sections
        self.definitions: dict[str, Any] = sections.get("definitions") or {}
        self.modern = sections.get("languageVersion") not in (None, "", "1.0")

    def check(self) -> None:
        if self.sections["resources"] and isinstance(self.sections["resources"], dict) and not self.modern:
            raise _InvalidTemplateError('resources with symbolic names need "languageVersion": "2.0"')
        if self.definitions and not self.modern:
            raise _InvalidTemplateError('definitions need "languageVersion": "2.0"')
        for name, node in self.definitions.items():
            self.node(node, f"definitions.{name}")
        for section in ("parameters", "outputs"):
            for name, node in (self.sections.get(section) or {}).items():
                self.declaration(node, f"{section}.{name}")
        for place, function in _functions(self.sections.get("functions")):
            for index, parameter in enumerate(_get(function, "parameters") or []):
                self.node(parameter, f"{place}.parameters[{index}]")
            self.node(_get(function, "output"), f"{place}.output")

    def declaration(self, node: Any, place: str) -> None:
        self.node(node, place)
        if _get(node, "nullable") is True and _get(node, "defaultValue") is not None:
            raise _InvalidTemplateError(f"{place} is nullable and has a default")

    def node(self, node: Any, place: str) -> None:
        """Check a schema node and those below it."""
        if not isinstance(node, dict):
            raise _InvalidTemplateError(f"{place} is no object")
        kind = _get(node, "type")
        if kind is not None and (not isinstance(kind, str) or kind.lower() not in _TYPES):
            raise _InvalidTemplateError(f'{place} has the type "{kind}", which does not exist')
        if not self.modern and (_get(node, "nullable") is not None or _get(node, "$ref") is not None):
            raise _InvalidTemplateError(f'{place} uses what needs "languageVersion": "2.0"')
        reference = _get(node, "$ref")
        if reference is not None:
            self.follow(reference, place)
        for limit in _LIMITS:
            value = _get(node, limit)
            if value is not None and type(value) is not int:
                raise _InvalidTemplateError(f"{place}.{limit} is no integer")
        if not isinstance(_get(node, "allowedValues") or [], list):
            raise _InvalidTemplateError(f"{place}.allowedValues is no array")
        for name, child in _schema_children(node):
            self.node(child, f"{place}.{name}")

    def follow(self, reference: Any, place: str) -> None:
        """Follow a reference until something that is none; a loop of references has no end."""
        visited: set[str] = set()
        while reference is not None:
            if not isinstance(reference, str) or not reference.startswith("#/definitions/") or reference in visited:
                raise _InvalidTemplateError(f'{place} refers to "{reference}", which is no definition')
            visited.add(reference)
            target = resolve_reference(self.definitions, reference)
            if not isinstance(target, dict):
                raise _InvalidTemplateError(f'{place} refers to "{reference}", which does not exist')
            reference = _get(target, "$ref")


def _schema_children(node: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """(place, node) of the schema nodes directly below one."""
    for name, child in (_get(node, "properties") or {}).items():
        yield f"properties.{name}", child
    for index, child in enumerate(_get(node, "prefixItems") or []):
        yield f"prefixItems[{index}]", child
    for name in ("items", "additionalProperties"):
        child = _get(node, name)
        if child is not None and not isinstance(child, bool):
            yield name, child
    for name, child in (_get(_get(node, "discriminator"), "mapping") or {}).items():
        yield f"discriminator.mapping.{name}", child


def resolve_reference(definitions: dict[str, Any], reference: str) -> Any:
    """What ``#/definitions/...`` points to, None if nothing."""
    current: Any = {"definitions": definitions}
    for segment in reference.removeprefix("#/").split("/"):
        name = unquote(segment).replace("~1", "/").replace("~0", "~")
        if isinstance(current, list):
            current = current[int(name)] if name.isdecimal() and int(name) < len(current) else None
        else:
            current = _get(current, name)
    return current


# ---------------------------------------------------------------------------------------------- exports


def _functions(section: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    """(name, function) of every user-defined function; those of the compiler's own namespace by their member name alone."""
    for group in section or []:
        namespace = _get(group, "namespace")
        members = _get(group, "members")
        if not isinstance(namespace, str) or not isinstance(members, dict):
            raise _InvalidTemplateError("a group of functions has no namespace or no members")
        prefix = "" if fold(namespace) == fold(_FUNCTION_NAMESPACE) else f"{namespace}."
        for name, function in members.items():
            yield prefix + name, function


def _is_exported(node: Any) -> bool:
    metadata = _get(node, "metadata")
    return isinstance(metadata, dict) and metadata.get(_EXPORT_FLAG) is True


def _description(metadata: Any) -> str | None:
    found = metadata.get("description") if isinstance(metadata, dict) else None
    return found if isinstance(found, str) else None


def exports(template: dict[str, Any]) -> dict[str, Export]:
    """What a valid template exports, by name: types, functions (of a namespace of their own as ``namespace.name``) and variables.

    A name that two exports share is there as one of kind "ambiguous".
    """
    found: dict[str, Export] = {}

    def add(export: Export) -> None:
        found[export.name] = export._replace(kind="ambiguous") if export.name in found else export

    for name, node in (_get(template, "definitions") or {}).items():
        if _is_exported(node):
            add(Export("type", name, node, f"definitions.{name}", _description(_get(node, "metadata"))))
    for name, function in _functions(_get(template, "functions")):
        if _is_exported(function):
            add(Export("function", name, function, f"functions.{name}", _description(_get(function, "metadata"))))
    variables = _get(template, "variables") or {}
    for entry in _get(_get(template, "metadata"), _EXPORTED_VARIABLES) or []:
        name = _get(entry, "name")
        value = variable_source(variables, name) if isinstance(name, str) else None
        if value is not None:
            description = _get(entry, "description")
            add(Export("variable", name, value, f"variables.{name}", description if isinstance(description, str) else None))
    return found


def variable_source(variables: dict[str, Any], name: str) -> Any:
    """A variable as written: ``{"value": ...}``, or ``{"copy": ...}`` for one that a loop makes; None if it is missing."""
    found = get_member(variables, name)
    if found is not MISSING and fold(name) != "COPY":
        return {"value": found}
    loops = _get(variables, "copy")
    for loop in loops if isinstance(loops, list) else []:
        loop_name = _get(loop, "name")
        if isinstance(loop_name, str) and fold(loop_name) == fold(name):
            return {"copy": loop}
    return None
