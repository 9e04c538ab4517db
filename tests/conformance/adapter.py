"""The library's own names that the measurements use, in one place."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from os.path import relpath
from pathlib import Path
from typing import Any

from infra_lib.diagnostics import Diagnostic
from infra_lib.errors import BicepError, ParameterError, TemplateError
from infra_lib.resource_types import bicep_types

from .goldens import read_json


@dataclass(frozen=True, slots=True)
class Result:
    """What a stage gave: a value, or None where it refused; and all diagnostics."""

    value: Any
    diagnostics: tuple[Diagnostic, ...]

    @property
    def errors(self) -> tuple[Diagnostic, ...]:
        """The diagnostics that are errors."""
        return tuple(diagnostic for diagnostic in self.diagnostics if diagnostic.is_error)


@contextmanager
def resource_types_index(place: str) -> Iterator[str]:
    """What the others take as ``resource_types``: ``place`` itself, or, for a folder, an index made of its type files."""
    if not place or not Path(place).is_dir():
        yield place
        return
    with tempfile.TemporaryDirectory() as folder:
        bicep_types.import_types(place, index := Path(folder) / "types.db")
        yield str(index)


@lru_cache(maxsize=1)
def _catalog(source: str) -> Any:
    """``""``: the index of the user, if there is one; ``"none"``: nothing; otherwise the path of an index file."""
    if source == "none":
        return None
    return bicep_types.open_index(Path(source)) if source else bicep_types.open_default()


def read_template(path: Path) -> Any:
    """A JSON template, which may have comments."""
    from infra_lib.bicep.sources.configuration import parse_commented_json

    return parse_commented_json(path.read_text(encoding="utf-8-sig"))


def compile_template(path: Path, resource_types: str) -> Result:
    """The ARM template of a .bicep file, as a dict."""
    from infra_lib.bicep.compiler import compile_file

    try:
        compiled = compile_file(path, catalog=_catalog(resource_types))
    except BicepError as error:
        return Result(None, error.diagnostics)
    return Result(compiled.template, tuple(compiled.diagnostics))


@dataclass(frozen=True, slots=True)
class CompiledParameters:
    """A .bicepparam file's own output and the template that it uses."""

    document: dict[str, Any]
    template: Any


def compile_parameters(path: Path, resource_types: str) -> Result:
    """The parameters JSON of a .bicepparam file, with its template, as :class:`CompiledParameters`."""
    from infra_lib.bicep.bicepparam import compile_parameters as compile_file

    try:
        compiled = compile_file(path, catalog=_catalog(resource_types))
    except BicepError as error:
        return Result(None, error.diagnostics)
    if compiled.parameters is None:
        return Result(None, tuple(compiled.diagnostics))
    return Result(CompiledParameters(compiled.parameters, compiled.template), tuple(compiled.diagnostics))


def compile_parameters_text(text: str, template: Path, resource_types: str) -> Result:
    """As :func:`compile_parameters`, for the text of a parameter file that stands beside ``template`` but is not on disk.

    The text goes into a temporary folder, with the path after ``using`` changed to lead back to the template.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder).resolve() / "main.bicepparam"
        way_back = relpath(template.resolve(), path.parent).replace("\\", "/")
        path.write_text(text.replace(f"using '{template.name}'", f"using '{way_back}'", 1), encoding="utf-8")
        return compile_parameters(path, resource_types)


def snapshot(template: Any, parameters: dict[str, Any], context: dict[str, str | None]) -> Result:
    """The snapshot's JSON form. ``parameters``: the ``parameters`` object of a parameter file."""
    from infra_lib.arm import snapshot as engine

    try:
        result = engine.snapshot(template, parameters, _scope(template, context))
    except (TemplateError, ParameterError) as error:
        return Result(None, error.diagnostics)
    return Result(result.to_dict(), ())


def snapshot_parameter_file(template: Any, path: Path, context: dict[str, str | None]) -> Result:
    """As :func:`snapshot`, with a .parameters.json file."""
    return snapshot(template, read_json(path)["parameters"], context)


def _scope(template: Any, context: dict[str, str | None]) -> Any:
    """The scope that the template's schema asks for, with what the context says of it."""
    from infra_lib.arm import scopes

    kind = scopes.scope_kind_of_schema(str(template.get("$schema", ""))) or "resourceGroup"
    shared = {
        "location": context["location"],
        "tenant_id": context["tenantId"],
        "deployment_name": context["deploymentName"],
    }
    if kind == "tenant":
        return scopes.TenantScope(**shared)
    if kind == "managementGroup":
        return scopes.ManagementGroupScope(**shared)
    if kind == "subscription":
        return scopes.SubscriptionScope(subscription_id=context["subscriptionId"], **shared)
    return scopes.ResourceGroupScope(subscription_id=context["subscriptionId"], resource_group=context["resourceGroup"], **shared)
