"""Parameter files (.bicepparam) to the parameters document of ``bicep build-params``."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from infra_lib.arm.values import MISSING, get_member
from infra_lib.bicep import syntax as s
from infra_lib.bicep.compiler import Compilation, Compiler
from infra_lib.bicep.findings import Finding
from infra_lib.bicep.parameter_files.parameter_checks import ParameterChecker
from infra_lib.bicep.parameter_files.parameter_imports import check_imported_values
from infra_lib.bicep.parameter_files.parameter_model import (
    InheritedSymbol,
    ParameterFile,
    ParameterFiles,
    check_assignments,
    walk,
)
from infra_lib.bicep.parameter_files.parameter_values import Assigned, Values
from infra_lib.bicep.parsing.depth import deep_stack
from infra_lib.bicep.semantics import symbols as sym
from infra_lib.bicep.semantics.model import JsonTemplate, SemanticModel
from infra_lib.bicep.sources.arm_module import resolve_reference
from infra_lib.bicep.sources.files import Files, MemoryFiles
from infra_lib.bicep.sources.paths import Problem
from infra_lib.diagnostics import CATALOGUE, Diagnostic
from infra_lib.errors import InputError

if TYPE_CHECKING:
    from infra_lib.resource_types.catalog import Catalog

_SCHEMA = "https://schema.management.azure.com/schemas/2019-04-01/deploymentParameters.json#"


class ParameterCompilation(NamedTuple):
    """The outcome for a parameter file.

    ``parameters`` is the whole document (``$schema``, ``parameters``, …), None with an error. ``template`` is the template that
    the file uses, None for ``using none`` and with an error; ``template_path`` its file, ``template_link`` the id of a template
    spec. ``compilation`` is that of a Bicep template. ``diagnostics`` are those of all files.
    """

    parameters: dict[str, Any] | None
    template: dict[str, Any] | None
    diagnostics: tuple[Diagnostic, ...]
    template_path: str | None = None
    template_link: str | None = None
    compilation: Compilation | None = None


def compile_parameters(
    path: str | Path,
    *,
    text: str | None = None,
    catalog: Catalog | None = None,
    environment: Mapping[str, str] | None = None,
    files: Files | None = None,
) -> ParameterCompilation:
    """Compile a parameter file and the template that it uses.

    ``text`` stands for the file's contents. ``environment`` is what readEnvironmentVariable() reads, os.environ if left out;
    ``catalog`` and ``files`` are as for :func:`infra_lib.bicep.compiler.compile_file`. Raises InputError when the file itself
    cannot be read; whatever is wrong in it is a diagnostic.
    """
    absolute = os.path.abspath(path).replace(os.sep, "/")
    if files is None:
        files = Files() if text is None else MemoryFiles({absolute: text})
    data = files.read(absolute, str(path))
    if isinstance(data, Problem):
        raise InputError(f"{path}: {data.names.get('reason', 'the file cannot be read')}")
    compiler = Compiler(catalog=catalog, files=files)
    with deep_stack():
        loader = ParameterFiles(compiler)
        file = loader.load(absolute, str(path), data)
        for each in loader.files.values():
            check_imported_values(each.model)
        document = _Document(file, os.environ if environment is None else environment)
        parameters = document.make()
        models = [*(each.model for each in loader.files.values()), *compiler.models.values()]
        diagnostics = tuple(diagnostic for model in models for diagnostic in model.diagnostics)
    if any(diagnostic.is_error for diagnostic in diagnostics):
        parameters = None
    return _outcome(file, parameters, diagnostics)


def _outcome(file: ParameterFile, parameters: dict[str, Any] | None, diagnostics: tuple[Diagnostic, ...]) -> ParameterCompilation:
    target = file.target
    template: dict[str, Any] | None = None
    link: str | None = None
    if isinstance(target, JsonTemplate):
        link = target.link
        template = None if target.problem is not None else target.template
    elif file.compilation is not None:
        template = file.compilation.template
    if parameters is None:
        template = None
    path = None if target is None else target.path
    return ParameterCompilation(parameters, template, diagnostics, path, link, file.compilation)


class _Document:
    """The document of a parameter file in the making."""

    def __init__(self, file: ParameterFile, environment: Mapping[str, str]) -> None:
        self.file = file
        self.values_of: dict[ParameterFile, Values] = {}
        self.environment = environment

    def make(self) -> dict[str, Any] | None:
        """The document, None where something in the files keeps it from being made; the findings say what."""
        chain = list(self.file.chain())
        if any(_has_syntax_errors(file.model) for file in chain):
            for file in chain:
                self._check(file, {})
            return None
        for file in reversed(chain):
            _check_secrets(file.model)
            Values(file, self.environment, self.values_of).report_shadowed()
        for file in reversed(chain[1:]):
            self._evaluate(file)
        assigned = self._evaluate(self.file)
        self._repeat_inherited_errors()
        declared = self._declared(self.file)
        parameters = {
            name: {value.kind: value.content} for name, value in assigned.items() if declared is None or name in declared
        }
        document: dict[str, Any] = {"$schema": _SCHEMA, "contentVersion": "1.0.0.0", "parameters": parameters}
        definitions = self.values_of[self.file].inputs.definitions
        if definitions:
            document["externalInputDefinitions"] = {key: definitions[key] for key in sorted(definitions)}
        return document

    def _evaluate(self, file: ParameterFile) -> dict[str, Assigned]:
        """What a file and those that it extends give, in the order of the document; checked against its template."""
        values = self.values_of[file]
        values.collect_inputs()
        found: dict[str, Assigned] = {}
        own = file.assignments
        variables = [symbol.node for symbol in file.model.variables]
        for node in _ordered(values, [*own.values(), *variables]):
            _check_references(values, node, found)
            name = node.identifier.name
            if own.get(name) is node:
                assigned = values.assigned(name, own[name], values)
                if assigned is not None:
                    found[name] = assigned
        result = {name: found[name] for name in own if name in found}
        for name, (other, node) in file.inherited().items():
            if self.values_of[other].hides_input(node.value):
                reason = "text, variables, loops and lambdas with an external input in them cannot be inherited"
                file.model.report("BCP338", _within(file, node.value), name=name, reason=reason)
                continue
            assigned = self.values_of[other].assigned(name, node, values)
            if assigned is not None:
                result[name] = assigned
        self._check(file, result)
        return result

    def _check(self, file: ParameterFile, assigned: dict[str, Assigned]) -> None:
        required = self._declared(file)
        if required is not None:
            known = {name: value.content for name, value in assigned.items()}
            check_assignments(file, known, required)
            self._check_types(file, assigned)

    def _check_types(self, file: ParameterFile, assigned: dict[str, Assigned]) -> None:
        """Compare the values with the types of the template's parameters; inherited ones at the path of ``extends``."""
        schemas, definitions = _schemas(file)
        own = file.assignments
        inherited = file.inherited()
        for name, given in assigned.items():
            schema = schemas.get(name)
            if schema is None or given.kind == "expression":
                continue
            if name in own:
                checker = ParameterChecker(file.model, definitions, file.model.report)
                if given.kind == "reference":
                    checker.check_secret(own[name], schema)
                else:
                    checker.check(own[name], given.content, schema)
            elif file.extends is not None and given.kind == "value":
                other, node = inherited[name]
                checker = ParameterChecker(other.model, definitions, file.model.report)
                checker.check(node, given.content, schema, inherited_at=file.extends.path)

    @staticmethod
    def _declared(file: ParameterFile) -> dict[str, bool] | None:
        """The parameters of the template that a file uses, each with whether it must have a value; None without a template."""
        target = file.target
        if isinstance(target, JsonTemplate):
            return _required_of_template(target.template)
        if file.compilation is not None and file.compilation.template is not None:
            return _required_of_template(file.compilation.template)
        if isinstance(target, SemanticModel):
            return {
                parameter.name: parameter.node.default is None and not _is_nullable(target, parameter.node.type)
                for parameter in target.parameters
            }
        return None

    def _repeat_inherited_errors(self) -> None:
        """Report the errors of inherited values for the file itself too, as the official compiler does: at the same offsets."""
        for other, node in self.file.inherited().values():
            for finding in other.model.findings:
                inside = node.value.start <= finding.start and finding.end <= node.value.end
                if inside and (finding.level or CATALOGUE[finding.code].level) == "error":
                    span = _within(self.file, finding)
                    self.file.model.report(finding.code, span, fix=finding.fix, **finding.names)


def _within(file: ParameterFile, place: s.Node | Finding) -> tuple[int, int]:
    """The span of something in an extended file, as offsets of the file itself."""
    end = len(file.model.file.text)
    return min(place.start, end), min(place.end, end)


def _has_syntax_errors(model: SemanticModel) -> bool:
    return any((finding.level or CATALOGUE[finding.code].level) == "error" for finding in model.file.parsed.findings)


_Declared = s.ParameterAssignment | s.VariableDeclaration


def _references(values: Values, node: _Declared) -> list[tuple[s.Node, _Declared]]:
    """The uses of the file's own parameters and variables in a declaration, each with what it means."""
    found: list[tuple[s.Node, _Declared]] = []
    for each in walk(node.value):
        symbol = values.model.symbols.get(each) if type(each) is s.VariableAccess else None
        if isinstance(symbol, sym.ParameterAssignmentSymbol | sym.VariableSymbol) and symbol.node is not node:
            found.append((each, symbol.node))
    return found


def _ordered(values: Values, declarations: Iterable[_Declared]) -> list[_Declared]:
    """The declarations, each after those that it refers to."""
    order: dict[_Declared, None] = {}
    entered: set[_Declared] = set()

    def visit(node: _Declared) -> None:
        if node not in entered:
            entered.add(node)
            for _, other in _references(values, node):
                visit(other)
            order[node] = None

    for declaration in declarations:
        visit(declaration)
    return list(order)


def _check_references(values: Values, node: _Declared, assigned: Mapping[str, Assigned]) -> None:
    """Report uses of parameters that have no value before the deployment: secrets, and those left to their defaults."""
    for place, other in _references(values, node):
        given = assigned.get(other.identifier.name) if isinstance(other, s.ParameterAssignment) else None
        if _check_reference(values, place, other.identifier.name, given) or other in values.failed:
            values.failed.add(node)
    for each in walk(node.value):
        symbol = values.model.symbols.get(each) if type(each) is s.VariableAccess else None
        if isinstance(symbol, InheritedSymbol):
            given = values.of(values.file.base_members()[symbol.name][0]).given(symbol.name)
            if _check_reference(values, each, symbol.name, given):
                values.failed.add(node)


def _check_reference(values: Values, place: s.Node, name: str, given: Assigned | None) -> bool:
    """Report the use of a parameter that has no value before the deployment; False where there is none to report."""
    code = None
    if given is not None and given.kind == "reference":
        code = "BCP368"
    elif given is not None and given.kind == "value" and given.content is None:
        code = "BCP369"
    if code is not None:
        values.model.report(code, place, name=name)
    return code is not None


def _check_secrets(model: SemanticModel) -> None:
    """Report calls of getSecret() that are not the whole value of a declaration (or of a branch of it)."""
    allowed: set[s.Node] = set()
    for declaration in model.file.program.declarations:
        if isinstance(declaration, s.ParameterAssignment | s.VariableDeclaration):
            pending: list[s.Expression] = [declaration.value]
            while pending:
                node = pending.pop()
                allowed.add(node)
                if type(node) is s.Ternary:
                    pending += [node.when_true, node.when_false]
    for found in walk(model.file.program):
        if isinstance(found, s.FunctionCall | s.InstanceCall) and found not in allowed:
            function = model.symbols.get(found)
            if type(function) is sym.BuiltInFunction and function.name == "getSecret":
                model.report("BCP351", found, name=function.name)


def _schemas(file: ParameterFile) -> tuple[dict[str, Any], dict[str, Any]]:
    """The schemas of the parameters of the template that a file uses, and the definitions that they refer to.

    A template that does not compile has those of its parameters whose type is the name of a primitive one.
    """
    target = file.target
    template: Mapping[str, Any] | None = None
    if isinstance(target, JsonTemplate):
        template = target.template
    elif file.compilation is not None and file.compilation.template is not None:
        template = file.compilation.template
    if template is not None:
        parameters, definitions = get_member(dict(template), "parameters"), get_member(dict(template), "definitions")
        return parameters if isinstance(parameters, dict) else {}, definitions if isinstance(definitions, dict) else {}
    found: dict[str, Any] = {}
    if isinstance(target, SemanticModel):
        for parameter in target.parameters:
            kind = parameter.node.type
            if type(kind) is s.VariableAccess and isinstance(target.symbols.get(kind), sym.AmbientType):
                found[parameter.name] = {"type": kind.identifier.name}
    return found, {}


def _required_of_template(template: Mapping[str, Any]) -> dict[str, bool]:
    parameters = get_member(dict(template), "parameters")
    definitions = get_member(dict(template), "definitions")
    if not isinstance(parameters, dict):
        return {}
    known = definitions if isinstance(definitions, dict) else {}
    return {
        name: get_member(node, "defaultValue") in (MISSING, None) and not _allows_null(node, known)
        for name, node in parameters.items()
        if isinstance(node, dict)
    }


def _allows_null(node: Any, definitions: dict[str, Any]) -> bool:
    """Whether a schema node, or what it refers to, is nullable; the node's own word counts before that of its reference."""
    for _ in range(100):
        if not isinstance(node, dict):
            return False
        nullable = get_member(node, "nullable")
        if nullable is not MISSING and nullable is not None:
            return nullable is True
        reference = get_member(node, "$ref")
        if not isinstance(reference, str):
            return False
        node = resolve_reference(definitions, reference)
    return False


def _is_nullable(model: SemanticModel, node: s.Expression | None) -> bool:
    """Whether a type as written takes null: ``type?``, or the name of such a type."""
    for _ in range(100):
        if type(node) is s.NullableType:
            return True
        if type(node) is s.Parenthesized:
            node = node.expression
            continue
        symbol = model.symbols.get(node) if type(node) is s.VariableAccess else None
        if type(symbol) is not sym.TypeSymbol:
            return False
        node = symbol.node.value
    return False
