"""Files to templates: .bicep and .bicepparam are compiled, .json is read."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from infra_lib.diagnostics import Diagnostic, LineIndex, has_errors
from infra_lib.errors import BicepError, InputError, TemplateError
from infra_lib.pipeline.catalogs import default_catalog

if TYPE_CHECKING:
    from infra_lib.arm.json_places import JsonPlaces
    from infra_lib.arm.scopes import ScopeKind
    from infra_lib.bicep.semantics.model import SemanticModel
    from infra_lib.parameters import ParameterFile
    from infra_lib.parameters.typed import TypedParameters

Compiler = Literal["built-in", "official"]

ParametersLike = Any
"""Parameters in any form: a path to a parameter file, a ParameterFile, a typed object, plain values by name, or None."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """An ARM template made from a Bicep file. ``note`` says when it was made in another way than asked for; ``model`` is what
    the built-in compiler knows of the source."""

    path: Path
    content: Mapping[str, Any] = field(repr=False)
    diagnostics: tuple[Diagnostic, ...] = ()
    note: str = ""
    model: SemanticModel | None = field(default=None, repr=False, compare=False)

    def to_dict(self) -> dict[str, Any]:
        """The template as JSON data."""
        return dict(self.content)


@dataclass(frozen=True, slots=True, kw_only=True)
class ParametersDocument:
    """Deployment parameters made from a .bicepparam file, and the template that it is for, where it names one; ``model`` is
    that of a Bicep template, ``template_path`` the file of another one."""

    path: Path
    content: Mapping[str, Any] = field(repr=False)
    template: Mapping[str, Any] | None = field(repr=False)
    diagnostics: tuple[Diagnostic, ...] = ()
    note: str = ""
    model: SemanticModel | None = field(default=None, repr=False, compare=False)
    template_path: Path | None = field(default=None, repr=False, compare=False)

    def to_dict(self) -> dict[str, Any]:
        """The parameters file as JSON data: ``{"$schema", "contentVersion", "parameters"}``."""
        return dict(self.content)


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A template ready to be evaluated, with the parameters that come with it.

    ``parameters`` is what was passed to :func:`load`, or what a .bicepparam file has. ``model`` is that of a Bicep source,
    ``places`` those in the text of a JSON template, which is at ``template_path``.
    """

    path: Path
    template: Mapping[str, Any] = field(repr=False)
    parameters: ParametersLike = field(default=None, repr=False)
    diagnostics: tuple[Diagnostic, ...] = ()
    model: SemanticModel | None = field(default=None, repr=False, compare=False)
    places: JsonPlaces | None = field(default=None, repr=False, compare=False)
    template_path: Path | None = field(default=None, repr=False, compare=False)

    @property
    def scope_kind(self) -> ScopeKind:
        """The scope that the template is for."""
        from infra_lib.arm.scopes import scope_kind_of_schema

        return scope_kind_of_schema(str(self.template.get("$schema", ""))) or "resourceGroup"

    @property
    def needs_resource_group(self) -> bool:
        """True for a template that is deployed into a resource group."""
        return self.scope_kind == "resourceGroup"

    @property
    def stem(self) -> str:
        """The file's name without its ending, which names the deployment."""
        return self.path.name.partition(".")[0] or "main"

    @contextmanager
    def located(self) -> Iterator[None]:
        """Give what is found wrong with the template while it is evaluated the place in the source that it comes from."""
        try:
            yield
        except TemplateError as error:
            raise TemplateError(self.placed(item) for item in error.diagnostics) from None

    def placed(self, item: Diagnostic) -> Diagnostic:
        """A finding about the template, whose ``pointer`` is a template path, with the file and the place that it comes from."""
        if item.file is not None:
            return item
        if self.model is not None and item.pointer:
            from infra_lib.bicep.emission.source_map import locate

            place = locate(self.model, item.pointer)
            if place is not None:
                return replace(item, **place._asdict())
        if self.places is not None and self.template_path is not None:
            return _in_json(item, self.template_path, self.places)
        return replace(item, file=str(self.path)) if self.path.suffix != ".bicepparam" else item


def _in_json(item: Diagnostic, path: Path, places: JsonPlaces) -> Diagnostic:
    """A finding about a JSON template with its file and its place in it."""
    place = places.find(item.pointer) if item.pointer and item.line is None else None
    return replace(item, file=str(path), **place._asdict()) if place is not None else replace(item, file=str(path))


def compile(path: str | Path, *, compiler: Compiler = "built-in") -> Template | ParametersDocument:
    """Compile a .bicep or .bicepparam file.

    ``official`` runs an installed Bicep CLI. A file that the built-in compiler refuses for want of support is given to an
    installed Bicep CLI too, and ``note`` says so. Raises BicepError with the diagnostics of all files, and InputError for a
    file that is not there.
    """
    file = _existing(path)
    if file.suffix not in (".bicep", ".bicepparam"):
        raise InputError(f"{file} is no .bicep or .bicepparam file.")
    if compiler == "official":
        return _compile_officially(file, note="")
    try:
        return _compile_parameters(file) if file.suffix == ".bicepparam" else _compile_template(file)
    except BicepError as error:
        from infra_lib.bicep.official import find_bicep

        refused = [item for item in error.diagnostics if item.code in _UNSUPPORTED]
        if not refused or find_bicep() is None:
            raise
        return _compile_officially(file, note=f"{file} was compiled by the official Bicep CLI: {refused[0].message}")


# What the built-in compiler says of constructs that it does not know, as against mistakes.
_UNSUPPORTED = frozenset(("INF302", "INF310"))


def load(path: str | Path, parameters: ParametersLike = None) -> Source:
    """Read a .bicep, .bicepparam or .json template with its parameters.

    Raises BicepError, TemplateError or InputError.
    """
    if isinstance(path, Source):
        return path
    file = _existing(path)
    if file.suffix == ".json":
        template, places = _read_json_template(file)
        return Source(path=file, template=template, parameters=parameters, places=places, template_path=file)
    compiled = compile(file)
    if isinstance(compiled, Template):
        return Source(
            path=file,
            template=compiled.content,
            parameters=parameters,
            diagnostics=compiled.diagnostics,
            model=compiled.model,
        )
    if compiled.template is None:
        raise InputError(f"{file} says `using none`: name the template itself, or write its path after `using`.")
    if parameters is not None:
        raise InputError(f"{file} has the parameters itself: leave the other parameters out, or name the template.")
    return Source(
        path=file,
        template=compiled.template,
        parameters=compiled,
        diagnostics=compiled.diagnostics,
        model=compiled.model,
        places=_places(compiled.template_path) if compiled.template_path is not None else None,
        template_path=compiled.template_path,
    )


def parameters_for(path: str | Path) -> type[TypedParameters]:
    """A class for the parameters of a .bicep or .json template: attributes in snake_case, checked as they are set."""
    from infra_lib.parameters.typed import parameters_for as class_for

    source = load(path)
    return class_for(source.template, source.path.name)


def parameters_module(path: str | Path) -> str:
    """The text of a Python module with dataclasses for a template's parameters."""
    from infra_lib.parameters.codegen import generate_module

    source = load(path)
    return generate_module(source.template, source=source.path.name)


def as_parameters(given: ParametersLike) -> ParameterFile | Mapping[str, Any] | None:
    """Parameters in any form as what the binder takes. Raises ParameterError or InputError for a file that cannot be read."""
    from infra_lib.parameters import ParameterFile
    from infra_lib.parameters.typed import TypedParameters

    if given is None or isinstance(given, ParameterFile):
        return given
    if isinstance(given, ParametersDocument):
        return ParameterFile.load(given.path, compiled=given.content.get("parameters", {}))
    if isinstance(given, str | Path):
        return ParameterFile.load(given, tolerant=True)
    if isinstance(given, Mapping):
        return given
    if isinstance(given, TypedParameters):
        return given.file
    if hasattr(given, "to_arm"):
        values = given.to_arm()
        return values if isinstance(values, Mapping) else {}
    raise InputError(f"Parameters are a path, a mapping or a typed object, not {type(given).__name__}.")


def _compile_template(file: Path) -> Template:
    from infra_lib.bicep.compiler import compile_file

    compilation = compile_file(file, catalog=default_catalog())
    if compilation.template is None:
        raise BicepError(compilation.diagnostics)
    return Template(path=file, content=compilation.template, diagnostics=compilation.diagnostics, model=compilation.model)


def _compile_parameters(file: Path) -> ParametersDocument:
    from infra_lib.bicep.bicepparam import compile_parameters

    compilation = compile_parameters(file, catalog=default_catalog())
    if compilation.parameters is None:
        raise BicepError(compilation.diagnostics)
    return ParametersDocument(
        path=file,
        content=compilation.parameters,
        template=compilation.template,
        diagnostics=compilation.diagnostics,
        model=compilation.compilation.model if compilation.compilation is not None else None,
        template_path=_json_path(file, compilation.template_path),
    )


def _compile_officially(file: Path, note: str) -> Template | ParametersDocument:
    from infra_lib.bicep.official import OfficialBicep

    with OfficialBicep() as cli:
        compiled = cli.compile_parameters(file) if file.suffix == ".bicepparam" else cli.compile(file)
    if not compiled.success:
        raise BicepError(compiled.diagnostics)
    if file.suffix == ".bicepparam":
        return ParametersDocument(
            path=file, content=compiled.parameters or {}, template=compiled.template, diagnostics=compiled.diagnostics, note=note
        )
    return Template(path=file, content=compiled.template or {}, diagnostics=compiled.diagnostics, note=note)


def _read_json_template(file: Path) -> tuple[dict[str, Any], JsonPlaces]:
    """A JSON template, comments allowed, whose sections are what they must be, and the places in it. Raises TemplateError with
    the places of what is wrong."""
    from infra_lib.arm.failures import EvaluationError, diagnostic
    from infra_lib.arm.json_places import JsonPlaces
    from infra_lib.arm.source import read_template
    from infra_lib.arm.template import Template as ArmTemplate
    from infra_lib.parameters.file import read_bytes
    from infra_lib.parameters.json_text import decode

    text, _, findings = decode(read_bytes(file))
    lines = LineIndex(text)
    diagnostics = [finding.to_diagnostic(str(file), lines) for finding in findings]
    if has_errors(diagnostics):
        raise TemplateError(diagnostics)
    template = read_template(text, str(file))
    places = JsonPlaces(text)
    try:
        ArmTemplate(template)
    except EvaluationError as failure:
        raise TemplateError([_in_json(diagnostic(failure), file, places)]) from None
    return template, places


def _places(file: Path) -> JsonPlaces:
    """The places in a JSON template that was read before."""
    from infra_lib.arm.json_places import JsonPlaces
    from infra_lib.parameters.file import read_bytes
    from infra_lib.parameters.json_text import decode

    return JsonPlaces(decode(read_bytes(file))[0])


def _json_path(file: Path, template: str | None) -> Path | None:
    """The JSON template that a parameter file names, as seen from where the file was named."""
    if template is None or not template.lower().endswith(".json"):
        return None
    return Path(os.path.normpath(file.parent / os.path.relpath(template, file.parent.resolve())))


def _existing(path: str | Path) -> Path:
    file = Path(path)
    if file.is_dir():
        raise InputError(f"{file} is a folder: name a .bicep, .bicepparam or .json file in it.")
    if not file.is_file():
        raise InputError(f"There is no file {file}.")
    return file
