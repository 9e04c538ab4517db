"""A parameter file with what it refers to: the template it uses, the file it extends, its imports; its structure checked."""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import cached_property
from typing import Any

from infra_lib.bicep import syntax as s
from infra_lib.bicep.checks import run_checks, run_early_checks
from infra_lib.bicep.checks.mistakes import has_mistake
from infra_lib.bicep.compiler import Compilation, Compiler, report_broken
from infra_lib.bicep.parsing.parser import parse_parameters
from infra_lib.bicep.semantics import namespaces
from infra_lib.bicep.semantics import symbols as sym
from infra_lib.bicep.semantics.binder import bind_names
from infra_lib.bicep.semantics.constants import not_constant
from infra_lib.bicep.semantics.model import JsonTemplate, ModuleTarget, SemanticModel, SourceFile
from infra_lib.bicep.sources.loaders import decode
from infra_lib.bicep.sources.modules import Artifact, resolve
from infra_lib.bicep.sources.paths import Problem, directory_of
from infra_lib.bicep.typing.types import check_types

BASE = "base"
_DECORATORS = frozenset(("description",))


class BaseSymbol(sym.DeclaredSymbol):
    """``base`` in a file that extends another: the parameters of that file."""

    __slots__ = ()
    kind = "base"


class InheritedSymbol(sym.DeclaredSymbol):
    """A parameter of the extended files under its own name, in a file that declares nothing of that name."""

    __slots__ = ()
    kind = "parameter"


def base_member(model: SemanticModel, node: s.Node) -> tuple[str, s.Node] | None:
    """The name of the parameter that ``base.name`` or ``base['name']`` reads, and its place; None for other nodes."""
    named: tuple[str, s.Node] | None = None
    if isinstance(node, s.PropertyAccess):
        named = node.identifier.name, node.identifier
    elif isinstance(node, s.ArrayAccess) and isinstance(node.index, s.StringSyntax) and node.index.literal is not None:
        named = node.index.literal, node.index
    if named is None or node.safe or type(model.symbols.get(node.base)) is not BaseSymbol:  # type: ignore[attr-defined]
        return None
    return named


class ParameterFile:
    """One parameter file: its model, the target of ``using`` and the file of ``extends``, each None where there is none.

    ``compilation`` is that of a Bicep target, ``uses_nothing`` is True for ``using none``.
    """

    def __init__(self, model: SemanticModel) -> None:
        self.model = model
        self.target: ModuleTarget | None = None
        self.compilation: Compilation | None = None
        self.uses_nothing = False
        self.using: s.UsingDeclaration | None = None
        self.extends: s.ExtendsDeclaration | None = None
        self.base: ParameterFile | None = None

    @cached_property
    def assignments(self) -> dict[str, s.ParameterAssignment]:
        """The file's own assignments by name; of two with one name the first."""
        found: dict[str, s.ParameterAssignment] = {}
        for symbol in self.model.assignments:
            if symbol.name:
                found.setdefault(symbol.name, symbol.node)
        return found

    def chain(self) -> Iterator[ParameterFile]:
        """The file, the one that it extends, and so on."""
        current: ParameterFile | None = self
        while current is not None:
            yield current
            current = current.base

    def inherited(self) -> dict[str, tuple[ParameterFile, s.ParameterAssignment]]:
        """The assignments of the extended files that the file itself does not make, each with its file, nearest file first."""
        own = self.assignments
        found: dict[str, tuple[ParameterFile, s.ParameterAssignment]] = {}
        for file in list(self.chain())[1:]:
            for name, node in file.assignments.items():
                if name not in own:
                    found.setdefault(name, (file, node))
        return found

    def base_members(self) -> dict[str, tuple[ParameterFile, s.ParameterAssignment]]:
        """What ``base`` has: every assignment of the extended files, with its file."""
        found: dict[str, tuple[ParameterFile, s.ParameterAssignment]] = {}
        for file in list(self.chain())[1:]:
            for name, node in file.assignments.items():
                found.setdefault(name, (file, node))
        return found


def walk(node: s.Node) -> Iterator[s.Node]:
    """A node and all below it, in the order of the source."""
    stack = [node]
    while stack:
        current = stack.pop()
        yield current
        stack.extend(reversed(list(current.children())))


class ParameterFiles:
    """Loads parameter files and what they refer to, each once."""

    def __init__(self, compiler: Compiler) -> None:
        self.compiler = compiler
        self.files: dict[str, ParameterFile] = {}
        self._open: list[str] = []

    def load(self, path: str, shown: str, data: bytes) -> ParameterFile:
        """The file at an absolute path with all that it refers to."""
        text, _ = decode(data, None)
        model = SemanticModel(SourceFile(path, shown, parse_parameters(text)), self.compiler, "params")
        file = ParameterFile(model)
        self.files[path] = file
        for problem in self.compiler.configuration_of(path).problems:
            model.report(problem.code, (0, 0), **problem.names)
        self._open.append(path)
        self._statements(file)
        self._open.pop()
        if file.extends is not None:
            model.declared[BASE] = BaseSymbol(BASE, file.extends, file.extends.path)
            own = _declared_names(model)
            for name in file.base_members():
                if name not in own:
                    model.declared[name] = InheritedSymbol(name, file.extends, file.extends.path)
        finish = bind_names(model)
        self._imports(model)
        run_early_checks(model)
        finish()
        check_types(model)
        run_checks(model)
        _check_base(file)
        _check_decorators(model)
        _check_loops(model)
        _check_external_inputs(model)
        return file

    def _statements(self, file: ParameterFile) -> None:
        model = file.model
        declarations = model.file.program.declarations
        using = [node for node in declarations if isinstance(node, s.UsingDeclaration)]
        extends = [node for node in declarations if isinstance(node, s.ExtendsDeclaration)]
        if not using:
            model.report("BCP261", (0, 0))
        for code, nodes, keyword in (("BCP262", using, "using"), ("BCP405", extends, "extends")):
            for node in nodes if len(nodes) > 1 else ():
                model.report(code, (node.keyword_start, node.keyword_start + len(keyword)))
        if using:
            file.using = using[0]
            self._using(file, using[0])
        if extends:
            file.extends = extends[0]
            self._extends(file, extends[0])

    # ------------------------------------------------------------------------------------------ using

    def _using(self, file: ParameterFile, node: s.UsingDeclaration) -> None:
        model = file.model
        if node.with_value is not None and type(node.with_value) is not s.Skipped:
            start = model.file.text.rfind("with", node.path.end, node.with_value.start)
            model.report("BCP435", (max(start, node.path.end), node.with_value.end))
        if type(node.path) is s.NoneLiteral:
            file.uses_nothing = True
            return
        if type(node.path) is not s.StringSyntax:
            model.report("BCP256", node.path)
            return
        artifact = self._artifact(model, node.path)
        if artifact is None:
            return
        if artifact.file == model.path:
            model.report("BCP278", node.path)
        elif artifact.kind == "bicepparam":
            model.report("BCP276", node.path, path=node.path.literal)
        else:
            self._target(file, node.path, artifact)

    def _target(self, file: ParameterFile, path: s.StringSyntax, artifact: Artifact) -> None:
        model = file.model
        target = self._module(model, path, artifact)
        if target is None:
            return
        file.target = target
        if isinstance(target, JsonTemplate):
            if target.problem is not None:
                model.report(target.problem.code, path, **target.problem.names)
            return
        file.compilation = self.compiler.compile(artifact.file, target.file.shown if isinstance(target, SemanticModel) else None)
        if target.has_errors:
            model.report("BCP104", path, path=path.literal)

    def _artifact(self, model: SemanticModel, path: s.StringSyntax) -> Artifact | None:
        """What a path leads to, its mistakes reported."""
        if path.literal is None:
            model.report("BCP092", path)
            return None
        found = resolve(path.literal, directory_of(model.path), self.compiler.configuration_of(model.path))
        if isinstance(found, Problem):
            model.report(found.code, path, **found.names)
            return None
        return found

    def _shown(self, model: SemanticModel, literal: str) -> str:
        return os.path.normpath(os.path.join(os.path.dirname(model.file.shown), literal)).replace(os.sep, "/")

    def _module(self, model: SemanticModel, path: s.StringSyntax, artifact: Artifact) -> ModuleTarget | None:
        """The Bicep file or JSON template that a path leads to, read and checked."""
        literal = path.literal or ""
        if artifact.file in self.compiler.json_templates:
            return self.compiler.json_templates[artifact.file]
        data = self.compiler.files.read(artifact.file, literal)
        if isinstance(data, Problem):
            model.report(data.code, path, **data.names)
            return None
        if artifact.kind == "bicep":
            return self.compiler.model(artifact.file, self._shown(model, literal))
        return self.compiler.json_template(artifact, literal)

    # ------------------------------------------------------------------------------------------ extends

    def _extends(self, file: ParameterFile, node: s.ExtendsDeclaration) -> None:
        model = file.model
        if type(node.path) is not s.StringSyntax:
            return
        artifact = self._artifact(model, node.path)
        if artifact is None:
            return
        if artifact.kind != "bicepparam":
            model.report("BCP404", node.path)
        elif artifact.file == model.path:
            model.report("BCP278", node.path)
        elif artifact.file in self._open:
            self._report_cycle(artifact.file)
        else:
            self._load_base(file, node.path, artifact)

    def _load_base(self, file: ParameterFile, path: s.StringSyntax, artifact: Artifact) -> None:
        known = self.files.get(artifact.file)
        if known is None:
            data = self.compiler.files.read(artifact.file, path.literal or "")
            if isinstance(data, Problem):
                file.model.report(data.code, path, **data.names)
                return
            known = self.load(artifact.file, self._shown(file.model, path.literal or ""), data)
        file.base = known

    def _report_cycle(self, target: str) -> None:
        members = [self.files[path] for path in self._open[self._open.index(target) :]]
        chain = '" -> "'.join(member.model.file.shown for member in members)
        for member in members:
            if member.extends is not None:
                member.model.report("BCP095", member.extends.path, chain=chain)

    # ------------------------------------------------------------------------------------------ imports

    def _imports(self, model: SemanticModel) -> None:
        targets: dict[s.Node, ModuleTarget] = {}
        for node in model.file.program.declarations:
            if not isinstance(node, s.ImportDeclaration) or type(node.path) is not s.StringSyntax:
                continue
            artifact = self._artifact(model, node.path)
            if artifact is None:
                continue
            if artifact.kind == "bicepparam":
                model.report("BCP277", node.path, path=node.path.literal)
                continue
            target = self._module(model, node.path, artifact)
            if target is None:
                continue
            if target.has_errors:
                report_broken(model, node, node.path, target)
            else:
                targets[node] = target
        for symbol in (*model.imports, *model.wildcards):
            symbol.target = targets.get(symbol.declaration)
            if symbol.target is None:
                model.invalid.add(symbol)


def _declared_names(model: SemanticModel) -> set[str]:
    """The names that the statements of a file declare."""
    found: set[str] = set()
    for node in model.file.program.declarations:
        if isinstance(node, s.ParameterAssignment | s.VariableDeclaration | s.TypeDeclaration):
            found.add(node.identifier.name)
        elif isinstance(node, s.ImportDeclaration) and isinstance(node.what, s.WildcardImport):
            found.add(node.what.identifier.name)
        elif isinstance(node, s.ImportDeclaration) and isinstance(node.what, s.ImportedSymbols):
            found.update(item.name for item in node.what.children() if isinstance(item, s.ImportedSymbol))
    return found


def _check_base(file: ParameterFile) -> None:
    """Report uses of ``base`` without ``extends``, its redeclaration, and members that it does not have."""
    model = file.model
    if file.extends is None:
        if BASE not in model.declared:
            for node in walk(model.file.program):
                if (
                    type(node) is s.VariableAccess
                    and node.identifier.name == BASE
                    and type(model.symbols.get(node)) is sym.ErrorSymbol
                ):
                    model.report("BCP437", node.identifier)
        return
    for symbol in model.all_symbols():
        if symbol.name == BASE and isinstance(symbol.node, s.Declaration):
            model.report("BCP438", (symbol.node.keyword_start, symbol.node.end))
    members = file.base_members()
    for node in walk(model.file.program):
        named = base_member(model, node)
        if named is not None and file.base is not None and named[0] not in members:
            known = ", ".join(f'"{name}"' for name in sorted(members)) or "none"
            model.report("BCP053", named[1], name=named[0], known=known)


def _check_decorators(model: SemanticModel) -> None:
    for node in model.file.program.declarations:
        for decorator in node.decorators:
            call = decorator.expression
            if isinstance(node, s.ParameterAssignment | s.UsingDeclaration | s.ExtendsDeclaration):
                model.report("BCP130", (decorator.start, decorator.start + 1))
            elif isinstance(node, s.VariableDeclaration) and type(call) is s.FunctionCall:
                name = call.identifier.name
                if name in namespaces.DECORATORS and name not in _DECORATORS:
                    model.report("BCP057", call.identifier, name=name)


def _check_external_inputs(model: SemanticModel) -> None:
    """Report arguments of externalInput() that are not written out."""
    for node in walk(model.file.program):
        function = model.symbols.get(node)
        if isinstance(node, s.FunctionCall | s.InstanceCall) and type(function) is sym.BuiltInFunction:
            for argument in node.arguments if function.name == "externalInput" else ():
                for part in not_constant(argument) if not has_mistake(model, argument) else ():
                    model.report("BCP032", part)


def _check_loops(model: SemanticModel) -> None:
    """Report every loop that is not the whole value of a parameter or a variable."""
    for declaration in model.file.program.declarations:
        value = declaration.value if isinstance(declaration, s.ParameterAssignment | s.VariableDeclaration) else declaration
        for node in walk(value):
            if type(node) is s.ForExpression and node is not value:
                start = model.file.text.find("for", node.start)
                model.report("BCP138", (start, start + 3))
            elif (
                type(node) is s.ObjectProperty
                and type(node.value) is s.ForExpression
                and isinstance(declaration, s.ParameterAssignment)
            ):
                reason = "a property holds a loop"
                model.report("BCP338", declaration.value, name=declaration.identifier.name, reason=reason)


def check_assignments(file: ParameterFile, values: dict[str, Any], required: dict[str, bool]) -> None:
    """Compare the assignments with the parameters of the template: ``required`` says of each whether it must have a value.

    ``values`` are the values that are known, by name, inherited ones included.
    """
    model = file.model
    using = file.using
    if using is None or file.uses_nothing:
        return
    for symbol in model.assignments:
        if symbol.name not in required:
            model.report("BCP259", (symbol.node.keyword_start, symbol.node.end), name=symbol.name or "?")
    assigned = {*file.assignments, *file.inherited()}
    missing = [
        name for name, needed in required.items() if needed and (name not in assigned or values.get(name, _ANYTHING) is None)
    ]
    if missing:
        names = ", ".join(f'"{name}"' for name in sorted(missing))
        model.report("BCP258", using.path, names=names, text="\n".join(f"param {name} = " for name in sorted(missing)))


_ANYTHING = object()
