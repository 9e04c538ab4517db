"""Resource types read off the installed azure-mgmt packages: what their operations send and get, at the version they speak.

Nothing is copied: a package's request builders name the URL, the method and the API version of each operation; the operation's
annotations name its models, and :mod:`infra_lib.resource_types.sdk_nodes` reads those. A package is imported when a type of its
namespace is first asked for. Each type is known at one version, the package's own; :meth:`Catalog.closest` answers for others.
"""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import re
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any, NamedTuple, get_args, get_origin

from infra_lib.resource_types.catalog import Catalog, version_key
from infra_lib.resource_types.nodes import (
    DiscriminatedObjectType,
    ObjectType,
    Property,
    ResourceFunction,
    ResourceType,
    Scopes,
    StringLiteralType,
    StringType,
    TypeNode,
    TypeReference,
)
from infra_lib.resource_types.sdk_nodes import ModelReader, Models

_API_VERSION = re.compile(r"\d{4}-\d{2}-\d{2}(-\w+)?")
_METHODS = ("PUT", "GET", "POST")
_NAMESPACE = re.compile(rb"/providers/(\w+(?:\.\w+)+)/", re.IGNORECASE)
_RESOURCE_GROUP = re.compile(r"/subscriptions/\{\w+\}/resourcegroups/\{\w+\}", re.IGNORECASE)
_STRING = StringType()


class _Operation(NamedTuple):
    """An HTTP operation of a package: how it is asked for, and the models of its body (None: it has none) and of its result."""

    method: str
    url: str
    api_version: str
    sent: type | None
    returned: type

    @property
    def models(self) -> Models:
        """The models of a resource: what is only read is sent as it is returned."""
        return Models(self.sent or self.returned, self.returned)


class _Entry:
    """What is gathered of one type: the operation that writes a resource of it, else the one that reads it; and its actions."""

    __slots__ = ("actions", "name", "operation", "readable", "writable")

    def __init__(self, name: str, operation: _Operation) -> None:
        self.name = name
        self.operation = operation
        self.readable = Scopes.NONE
        self.writable = Scopes.NONE
        self.actions: dict[str, _Operation] = {}


class SdkModelsCatalog(Catalog):
    """Answers from the azure-mgmt packages of this Python environment."""

    def __init__(self) -> None:
        self._packages = _packages_by_namespace()
        self._read: set[str] = set()
        self._types: dict[str, ResourceType] = {}

    @property
    def source(self) -> str:
        """The kind of source; the packages differ from machine to machine."""
        return "the installed azure-mgmt packages"

    @property
    def is_empty(self) -> bool:
        """True where no such package is installed."""
        return not self._packages

    def find(self, type_name: str, api_version: str) -> ResourceType | None:
        """The type at exactly this version, or None."""
        found = self._newest(type_name)
        return found if found is not None and found.api_version.lower() == api_version.lower() else None

    def versions(self, type_name: str) -> tuple[str, ...]:
        """The one version that the package speaks, or none."""
        found = self._newest(type_name)
        return () if found is None else (found.api_version,)

    def type_names(self) -> Iterator[str]:
        """All types, which imports all the packages."""
        for namespace in self._packages:
            self._read_namespace(namespace)
        return (self._types[key].name for key in sorted(self._types))

    def _newest(self, type_name: str) -> ResourceType | None:
        self._read_namespace(type_name.lower().partition("/")[0])
        return self._types.get(type_name.lower())

    def _read_namespace(self, namespace: str) -> None:
        if namespace in self._read:
            return
        self._read.add(namespace)
        for package in self._packages.get(namespace, ()):
            for found in _types_of(package, namespace):
                known = self._types.get(found.name.lower())
                if known is None or version_key(known.api_version) < version_key(found.api_version):
                    self._types[found.name.lower()] = found


def _packages_by_namespace() -> dict[str, list[str]]:
    """The packages whose operations speak of a namespace (``microsoft.app``), found without importing them."""
    found: dict[str, list[str]] = {}
    for package, folder in _operation_folders():
        namespaces = {match.lower().decode() for file in folder.glob("*.py") for match in _NAMESPACE.findall(file.read_bytes())}
        for namespace in sorted(namespaces):
            found.setdefault(namespace, []).append(package)
    return found


def _operation_folders() -> Iterator[tuple[str, Path]]:
    """The packages under azure.mgmt that have operations, with the folder of these."""
    try:
        spec = importlib.util.find_spec("azure.mgmt")
    except ModuleNotFoundError:
        return
    for root in map(Path, (spec and spec.submodule_search_locations) or ()):
        for pattern in ("*/operations", "*/*/operations"):
            for folder in sorted(root.glob(pattern)):
                package = folder.parent.relative_to(root)
                if package.name != "aio":
                    yield ".".join(("azure.mgmt", *package.parts)), folder


def _types_of(package: str, namespace: str) -> Iterator[ResourceType]:
    reader = ModelReader(importlib.import_module(f"{package}.models"))
    for entry in _entries(importlib.import_module(f"{package}.operations")).values():
        if entry.name.lower().startswith(f"{namespace}/"):
            yield _resource_type(reader, entry)


def _resource_type(reader: ModelReader, entry: _Entry) -> ResourceType:
    operation = entry.operation
    return ResourceType(
        entry.name,
        operation.api_version,
        _Once(partial(_body, reader, entry.name, operation)),
        readable_scopes=entry.readable,
        writable_scopes=entry.writable,
        functions=partial(_functions, reader, entry),
    )


class _Once:
    """A reference whose node is made when it is first asked for."""

    __slots__ = ("_make", "_node")

    def __init__(self, make: TypeReference) -> None:
        self._make = make
        self._node: TypeNode | None = None

    def __call__(self) -> TypeNode:
        if self._node is None:
            self._node = self._make()
        return self._node


def _body(reader: ModelReader, name: str, operation: _Operation) -> TypeNode:
    """The node of the models with the members that every resource has, as a template declares them.

    The name and the location of a resource never change, whatever its type. A name that stands in the URL (``default``) is the
    only one there may be.
    """
    node = reader.object(operation.models)
    last = operation.url.rpartition("/")[2]
    own_name = _STRING if "{" in last else StringLiteralType(last)
    common = [
        Property("id", lambda: _STRING, read_only=True, deploy_time_constant=True),
        Property("name", lambda: own_name, required=True, deploy_time_constant=True, create_only=True),
        Property("type", partial(StringLiteralType, name), read_only=True, deploy_time_constant=True),
        Property("apiVersion", partial(StringLiteralType, operation.api_version), read_only=True, deploy_time_constant=True),
    ]
    if isinstance(node, ObjectType):
        if (location := node.properties.get("location")) is not None and not location.read_only:
            required, text = location.required, location.description
            common.append(Property("location", lambda: _STRING, required=required, create_only=True, description=text))
        return ObjectType(name, {**node.properties, **{item.name: item for item in common}}.values())
    if isinstance(node, DiscriminatedObjectType):
        base = {**node.base_properties, **{item.name: item for item in common}}
        members: dict[str, TypeReference] = {key: partial(_member, node, key) for key in node.keys}
        return DiscriminatedObjectType(name, node.discriminator, base.values(), members)
    return node


def _member(node: DiscriminatedObjectType, key: str) -> TypeNode:
    found = node.member(key)
    return node if found is None else found


def _functions(reader: ModelReader, entry: _Entry) -> Mapping[str, ResourceFunction]:
    return {
        name: ResourceFunction(
            name,
            partial(reader.node, operation.returned),
            None if operation.sent is None else partial(reader.node, operation.sent),
        )
        for name, operation in entry.actions.items()
    }


def _entries(operations: ModuleType) -> dict[str, _Entry]:
    entries: dict[str, _Entry] = {}
    for operation in _operations(operations):
        name, scope, action = _type_of_url(operation.url)
        if name is None:
            continue
        if (action is None) == (operation.method == "POST"):
            continue
        if action is not None:
            if name.lower() in entries:
                entries[name.lower()].actions.setdefault(action, operation)
            continue
        entry = entries.setdefault(name.lower(), _Entry(name, operation))
        entry.readable |= scope
        if operation.method == "PUT":
            entry.writable |= scope
    return entries


def _type_of_url(url: str) -> tuple[str | None, Scopes, str | None]:
    """The resource type that a URL is about, the scope it is at, and the action after it, if there is one.

    After the last ``/providers/`` stand the namespace and then type and name by turns; an odd segment at the end is an action
    (or a list of resources). A resource group has a URL of its own.
    """
    if _RESOURCE_GROUP.fullmatch(url):
        return "Microsoft.Resources/resourceGroups", Scopes.SUBSCRIPTION, None
    before, separator, after = url.rpartition("/providers/")
    segments = after.split("/")
    if not separator or len(segments) < 3 or any("{" in segment for segment in (segments[0], *segments[1::2])):
        return None, Scopes.NONE, None
    action = segments.pop() if len(segments) % 2 == 0 else None
    if len(segments) < 3:
        return None, Scopes.NONE, None
    return "/".join((segments[0], *segments[1::2])), _scope_of(before), action


def _scope_of(prefix: str) -> Scopes:
    lowered = prefix.lower()
    if not prefix:
        return Scopes.TENANT
    if re.fullmatch(r"/\{\w+\}", prefix):
        return Scopes.ALL
    if "/providers/microsoft.management/managementgroups/" in lowered:
        return Scopes.MANAGEMENT_GROUP
    if "/providers/" in lowered:
        return Scopes.EXTENSION
    return Scopes.RESOURCE_GROUP if "/resourcegroups/" in lowered else Scopes.SUBSCRIPTION


def _operations(operations: ModuleType) -> list[_Operation]:
    """The operations of a package that give one thing: first those that write it, then those that read it, then actions."""
    found: list[_Operation] = []
    for group in vars(operations).values():
        if not isinstance(group, type):
            continue
        module = importlib.import_module(group.__module__)
        methods = {name: inspect.unwrap(item) for name, item in vars(group).items() if isinstance(item, FunctionType)}
        for name, method in methods.items():
            if name.startswith("_"):
                continue
            request, (sent, returned) = _request_of(method, methods, vars(module)), _models_of(method)
            if request is not None and returned is not None:
                found.append(_Operation(*request, sent, returned))
    return sorted(found, key=lambda operation: _METHODS.index(operation.method))


def _request_of(
    method: FunctionType, methods: Mapping[str, FunctionType], names: Mapping[str, Any]
) -> tuple[str, str, str] | None:
    """The HTTP method, URL and API version of an operation: the constants of the request builder that it, or the first step of a
    long-running operation, calls."""
    for called in method.__code__.co_names:
        if called.startswith("build_") and isinstance(names.get(called), FunctionType):
            constants = [item for item in names[called].__code__.co_consts if isinstance(item, str)]
            verb = next((item for item in constants if item in _METHODS), None)
            url = next((item for item in constants if item.startswith("/")), None)
            version = next((item for item in constants if _API_VERSION.fullmatch(item)), None)
            return (verb, url, version) if verb and url and version else None
    for called in method.__code__.co_names:
        if called.endswith("_initial") and called in methods:
            return _request_of(methods[called], methods, names)
    return None


def _models_of(method: FunctionType) -> tuple[type | None, type | None]:
    annotations = dict(method.__annotations__)
    returned = _model_in(annotations.pop("return", None))
    sent = next((model for item in annotations.values() if (model := _model_in(item)) is not None), None)
    return sent, returned


def _model_in(annotation: Any) -> type | None:
    """The model class in an annotation: itself, or the first one in its arguments; a list of resources is not a resource."""
    if isinstance(annotation, type) and getattr(annotation, "_is_model", False):
        return annotation
    origin = get_origin(annotation)
    if origin is not None and "Paged" in getattr(origin, "__name__", ""):
        return None
    return next((model for item in get_args(annotation) if (model := _model_in(item)) is not None), None)
