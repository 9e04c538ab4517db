"""An ARM template as typed objects, both language versions: sections and members in any letter case, expressions still as
text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from infra_lib.arm.failures import VALIDATION, EvaluationError
from infra_lib.arm.scopes import ScopeKind, scope_kind_of_schema

DEPLOYMENTS_TYPE: Final = "microsoft.resources/deployments"

LIMITS: Final = {"parameters": 256, "variables": 512, "outputs": 64}
"""Declarations of each kind that one template may have."""

MAX_RESOURCES: Final = 800
"""Resources of one template, loops expanded."""

MAX_TEMPLATE_SIZE: Final = 4 * 1024 * 1024
"""Bytes of a template's text."""

MAX_NESTING: Final = 64
"""How deep the objects and arrays of a template may be nested; nested templates count anew."""

_SECTIONS: Final = frozenset(
    [
        "$schema",
        "contentversion",
        "languageversion",
        "apiprofile",
        "definitions",
        "parameters",
        "variables",
        "functions",
        "resources",
        "outputs",
        "metadata",
        "imports",
        "extensions",
        "asserts",
    ]
)


class Declaration:
    """A named member of a section: ``name`` as written, ``raw`` its object, ``path`` its place in the template."""

    __slots__ = ("name", "path", "raw")

    def __init__(self, name: str, raw: dict[str, Any], path: str) -> None:
        self.name = name
        self.raw = raw
        self.path = path

    def get(self, key: str) -> Any:
        """The member of this name in any letter case, or None."""
        return member(self.raw, key)

    def has(self, key: str) -> bool:
        """True when there is a member of this name, null included."""
        return has_member(self.raw, key)


class ResourceDeclaration(Declaration):
    """A resource: ``name`` is the symbolic name, empty in language version 1.0. ``raw_name`` and the like are expressions as
    written.

    ``type`` and ``raw_name`` of a child that is declared inside its parent include the parent's. ``body`` is everything that is
    sent.
    """

    __slots__ = (
        "api_version",
        "body",
        "condition",
        "copy",
        "depends_on",
        "existing",
        "extension",
        "options",
        "parent",
        "raw_name",
        "resource_group",
        "scope",
        "subscription_id",
        "type",
    )  # fmt: skip

    api_version: Any
    body: dict[str, Any]
    condition: Any
    copy: dict[str, Any] | None
    depends_on: list[Any]
    existing: Any
    extension: Any
    options: dict[str, Any]
    parent: ResourceDeclaration | None
    raw_name: Any
    resource_group: Any
    scope: Any
    subscription_id: Any
    type: Any

    @property
    def is_deployment(self) -> bool:
        """True for a nested or linked deployment."""
        return isinstance(self.type, str) and self.type.lower() == DEPLOYMENTS_TYPE


class FunctionDeclaration:
    """A user-defined function: ``parameters`` are objects with ``name`` and a type, ``output`` has a type and ``value``."""

    __slots__ = ("name", "output", "parameters", "path")

    def __init__(self, name: str, parameters: list[dict[str, Any]], output: dict[str, Any], path: str) -> None:
        self.name = name
        self.parameters = parameters
        self.output = output
        self.path = path


class Template:
    """A parsed template. Dictionaries are keyed by the name in lower case; ``variables`` and ``loops`` have (name, JSON
    value)."""

    __slots__ = (
        "calls", "content_version", "definitions", "functions", "lambda_results",
        "loops", "outputs", "parameters", "raw", "resources", "schema",
        "scope_kind", "symbolic", "variables", "version2",
    )  # fmt: skip

    def __init__(self, raw: Mapping[str, Any]) -> None:
        self.raw = raw
        self.calls = 0
        self.lambda_results = 0
        sections = {name.lower(): value for name, value in raw.items()}
        self._check_sections(raw)
        self.schema = str(sections.get("$schema", ""))
        self.scope_kind: ScopeKind = scope_kind_of_schema(self.schema) or "resourceGroup"
        self.content_version = str(sections.get("contentversion", ""))
        self.version2 = str(sections.get("languageversion", "")).startswith("2.")
        self.definitions = _object(sections.get("definitions") or {}, "definitions")
        self.parameters = _declarations(sections.get("parameters"), "parameters")
        self.variables, self.loops = _variables(sections.get("variables"))
        self.functions = _functions(sections.get("functions"))
        self.outputs = _declarations(sections.get("outputs"), "outputs")
        resources = sections.get("resources") or []
        self.symbolic = isinstance(resources, Mapping)
        self.resources = list(_resources(resources))
        for section, limit in LIMITS.items():
            count = len(self.variables) + len(self.loops) if section == "variables" else len(getattr(self, section))
            if count > limit:
                raise invalid(f"The template has {count} {section}; {limit} are allowed.", section)

    @staticmethod
    def _check_sections(raw: Mapping[str, Any]) -> None:
        lowered = {name.lower() for name in raw}
        for name in raw:
            if name.lower() not in _SECTIONS:
                raise invalid(f"A template has no section {name!r}.", name)
        for name in ("$schema", "contentVersion", "resources"):
            if name.lower() not in lowered:
                raise invalid(f"The template has no {name!r}, which every template needs.", name)


def invalid(message: str, path: str = "") -> EvaluationError:
    """A finding about the structure of a template."""
    failure = EvaluationError(message, kind=VALIDATION)
    failure.path = path
    return failure


def member(raw: Any, key: str) -> Any:
    """The member of this name in any letter case; None when there is none, and for a value that is no object."""
    if not isinstance(raw, Mapping):
        return None
    if key in raw:
        return raw[key]
    lowered = key.lower()
    return next((value for name, value in raw.items() if name.lower() == lowered), None)


def has_member(raw: Mapping[str, Any], key: str) -> bool:
    """True when there is a member of this name, in any letter case."""
    lowered = key.lower()
    return key in raw or any(name.lower() == lowered for name in raw)


def _object(value: Any, path: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise invalid(f"{path} must be an object.", path)
    return value


def _array(value: Any, path: str) -> list[Any]:
    if not isinstance(value, list):
        raise invalid(f"{path} must be an array.", path)
    return value


def _declarations(section: Any, path: str) -> dict[str, Declaration]:
    found: dict[str, Declaration] = {}
    for name, raw in _object(section if section is not None else {}, path).items():
        place = f"{path}.{name}"
        if name.lower() in found:
            raise invalid(f"{name!r} is declared twice.", place)
        found[name.lower()] = Declaration(name, _object(raw, place), place)
    return found


def _variables(section: Any) -> tuple[dict[str, tuple[str, Any]], dict[str, tuple[str, dict[str, Any]]]]:
    plain: dict[str, tuple[str, Any]] = {}
    loops: dict[str, tuple[str, dict[str, Any]]] = {}
    for name, value in _object(section if section is not None else {}, "variables").items():
        if name.lower() == "copy" and isinstance(value, list):
            for index, loop in enumerate(value):
                loop_name = member(_object(loop, f"variables.copy[{index}]"), "name")
                if not isinstance(loop_name, str):
                    raise invalid("A variable that is a loop needs a name.", f"variables.copy[{index}].name")
                loops[loop_name.lower()] = (loop_name, loop)
        else:
            plain[name.lower()] = (name, value)
    return plain, loops


def _functions(section: Any) -> dict[str, FunctionDeclaration]:
    found: dict[str, FunctionDeclaration] = {}
    for index, space in enumerate(_array(section if section is not None else [], "functions")):
        place = f"functions[{index}]"
        namespace = member(_object(space, place), "namespace")
        members = member(space, "members")
        for name, raw in _object(members if members is not None else {}, f"{place}.members").items():
            path = f"{place}.members.{name}"
            parameters = _array(member(_object(raw, path), "parameters") or [], f"{path}.parameters")
            for position, parameter in enumerate(parameters):
                _object(parameter, f"{path}.parameters[{position}]")
            output = _object(member(raw, "output") or {}, f"{path}.output")
            found[f"{namespace}.{name}".lower()] = FunctionDeclaration(name, parameters, output, path)
    return found


_STEERING: Final = frozenset(
    [
        "type",
        "apiversion",
        "name",
        "condition",
        "copy",
        "dependson",
        "existing",
        "scope",
        "subscriptionid",
        "resourcegroup",
        "comments",
        "metadata",
        "resources",
        "@options",
        "import",
        "extension",
        "asserts",
        "mode",
    ]
)


def _resources(section: Any) -> Iterator[ResourceDeclaration]:
    if isinstance(section, Mapping):
        for symbol, raw in section.items():
            yield from _resource(symbol, raw, f"resources.{symbol}", None)
        return
    if not isinstance(section, list):
        raise invalid("resources must be an array or, in language version 2.0, an object.", "resources")
    for index, raw in enumerate(section):
        yield from _resource("", raw, f"resources[{index}]", None)


def _resource(symbol: str, raw: Any, path: str, parent: ResourceDeclaration | None) -> Iterator[ResourceDeclaration]:
    if not isinstance(raw, dict):
        raise invalid("A resource must be an object.", path)
    lowered = {name.lower(): value for name, value in raw.items()}
    resource = ResourceDeclaration(symbol, raw, path)
    resource.parent = parent
    resource.extension = lowered.get("import") or lowered.get("extension")
    resource.type = lowered.get("type")
    if not isinstance(resource.type, str):
        raise invalid("A resource needs a type.", f"{path}.type")
    resource.api_version = lowered.get("apiversion")
    resource.raw_name = lowered.get("name")
    if resource.extension is None and not isinstance(resource.raw_name, str):
        raise invalid("A resource needs a name.", f"{path}.name")
    if parent is not None and "." not in resource.type.split("/", 1)[0]:
        resource.type = f"{parent.type}/{resource.type}"
    resource.condition = lowered.get("condition")
    resource.existing = lowered.get("existing")
    resource.copy = lowered.get("copy")
    if resource.copy is not None:
        _object(resource.copy, f"{path}.copy")
    resource.depends_on = _array(lowered.get("dependson") or [], f"{path}.dependsOn")
    for position, item in enumerate(resource.depends_on):
        if not isinstance(item, str):
            raise invalid("What a resource depends on is a string.", f"{path}.dependsOn[{position}]")
    resource.scope = lowered.get("scope")
    for name in ("scope", "subscriptionId", "resourceGroup", "apiVersion"):
        if not isinstance(lowered.get(name.lower()), str | None):
            raise invalid(f"{name} of a resource must be a string.", f"{path}.{name}")
    resource.subscription_id = lowered.get("subscriptionid")
    resource.resource_group = lowered.get("resourcegroup")
    resource.options = _object(lowered.get("@options") or {}, f"{path}.@options")
    resource.body = {name: value for name, value in raw.items() if name.lower() not in _STEERING}
    yield resource
    for index, child in enumerate(_array(lowered.get("resources") or [], f"{path}.resources")):
        yield from _resource("", child, f"{path}.resources[{index}]", resource)
