"""Compiling a Bicep file with all that it refers to: each file is read, bound and checked once, then the template is written."""

from __future__ import annotations

import gc
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from infra_lib.bicep import syntax as s
from infra_lib.bicep.checks import run_checks, run_early_checks
from infra_lib.bicep.parsing.depth import deep_stack
from infra_lib.bicep.parsing.parser import parse
from infra_lib.bicep.semantics.binder import bind_names
from infra_lib.bicep.semantics.constants import evaluate_calls
from infra_lib.bicep.semantics.model import JsonTemplate, ModuleTarget, SemanticModel, SourceFile
from infra_lib.bicep.sources.arm_module import ArmModule, read_module
from infra_lib.bicep.sources.configuration import Configuration, Configurations
from infra_lib.bicep.sources.files import Files, MemoryFiles
from infra_lib.bicep.sources.loaders import decode
from infra_lib.bicep.sources.modules import Artifact, resolve
from infra_lib.bicep.sources.paths import Problem, directory_of
from infra_lib.bicep.typing.types import check_types
from infra_lib.diagnostics import Diagnostic
from infra_lib.errors import InputError

if TYPE_CHECKING:
    from infra_lib.resource_types.catalog import Catalog


class Compilation(NamedTuple):
    """The outcome: the template (None with an error), the diagnostics of all files (by file, then by place), and the file's
    model."""

    template: dict[str, Any] | None
    diagnostics: tuple[Diagnostic, ...]
    model: SemanticModel


def compile_file(path: str | Path, *, catalog: Catalog | None = None, files: Files | None = None) -> Compilation:
    """Compile a Bicep file to an ARM template.

    ``catalog`` is what is known of Azure's resource types; without one, type names stay as they are written and types derived
    from
    resource types are refused. ``files`` reads sources from elsewhere than the disk. Raises InputError when the file itself
    cannot be read; whatever is wrong in it is a diagnostic.
    """
    return Compiler(catalog=catalog, files=files).compile(os.path.abspath(path).replace(os.sep, "/"), str(path))


def compile_text(
    text: str, *, path: str = "/main.bicep", others: Mapping[str, str | bytes] | None = None, catalog: Catalog | None = None
) -> Compilation:
    """Compile a text as if it were the file ``path``; ``others`` are further files by absolute path."""
    return compile_file(path, catalog=catalog, files=MemoryFiles({path: text, **(others or {})}))


@contextmanager
def no_collection() -> Iterator[None]:
    """Hold the cyclic garbage collector while the tree of a large file grows: it would go over all of it again and again."""
    if not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


class _Reference(NamedTuple):
    """A module or import of a file: the statement, the node of its path and where that leads."""

    statement: s.ModuleDeclaration | s.ImportDeclaration
    path: s.StringSyntax
    file: str


class Compiler:
    """One run: the files, models and templates that it made."""

    def __init__(self, *, catalog: Catalog | None = None, files: Files | None = None) -> None:
        self.catalog = catalog
        self.files = files or Files()
        self.configurations = Configurations()
        self.models: dict[str, SemanticModel] = {}
        self.json_templates: dict[str, JsonTemplate] = {}
        self._templates: dict[SemanticModel, dict[str, Any] | None] = {}
        self._references: dict[SemanticModel, list[_Reference]] = {}
        self._finish_binding: dict[SemanticModel, Callable[[], None]] = {}

    def compile(self, path: str, shown: str | None = None) -> Compilation:
        """Compile the file at an absolute path; ``shown`` is its path in diagnostics."""
        with deep_stack(), no_collection():
            model = self.model(path, shown or path)
            template = None
            if not any(each.has_errors for each in self.models.values()):
                template = self.template_of(model)
            diagnostics = tuple(diagnostic for each in self.models.values() for diagnostic in each.diagnostics)
        if any(diagnostic.is_error for diagnostic in diagnostics):
            template = None
        return Compilation(template, diagnostics, model)

    def configuration_of(self, path: str) -> Configuration:
        """The settings of ``bicepconfig.json`` that hold for a source."""
        return self.configurations.of(path)

    # ------------------------------------------------------------------------------------------ the graph of files

    def model(self, path: str, shown: str) -> SemanticModel:
        """The checked model of a file, all that it refers to being loaded. Raises InputError when the file cannot be read."""
        known = self.models.get(path)
        if known is not None:
            return known
        data = self.files.read(path, shown)
        if isinstance(data, Problem):
            raise InputError(f"{shown}: {data.names.get('reason', 'the file cannot be read')}")
        order = self._load_all(path, shown, data)
        self._report_cycles(order)
        for model in order:
            self._check(model)
        return self.models[path]

    def _load_all(self, path: str, shown: str, data: bytes) -> list[SemanticModel]:
        """Parse and bind a file and the new files that it leads to; each after those that it refers to."""
        root = self._load(path, shown, data)
        order: list[SemanticModel] = []
        stack = [(root, iter(self._references[root]))]
        while stack:
            model, references = stack[-1]
            for reference in references:
                if reference.file in self.models or reference.file in self.json_templates:
                    continue
                loaded = self._follow(model, reference)
                if loaded is not None:
                    stack.append((loaded, iter(self._references[loaded])))
                    break
            else:
                order.append(model)
                stack.pop()
        return order

    def _load(self, path: str, shown: str, data: bytes) -> SemanticModel:
        text, _ = decode(data, None)
        model = SemanticModel(SourceFile(path, shown, parse(text)), self)
        self.models[path] = model
        for problem in self.configuration_of(path).problems:
            model.report(problem.code, (0, 0), **problem.names)
        self._finish_binding[model] = bind_names(model)
        self._references[model] = self._resolve_references(model)
        return model

    def _resolve_references(self, model: SemanticModel) -> list[_Reference]:
        found: list[_Reference] = []
        for statement in model.file.program.declarations:
            if (
                not isinstance(statement, (s.ModuleDeclaration, s.ImportDeclaration))
                or type(statement.path) is not s.StringSyntax
            ):
                continue
            path = statement.path
            if path.literal is None:
                model.report("BCP092", path)
                continue
            target = resolve(path.literal, directory_of(model.path), self.configuration_of(model.path))
            if isinstance(target, Problem):
                model.report(target.code, path, **target.names)
            elif target.kind == "bicepparam":
                model.report("BCP277", path, path=path.literal)
            elif target.file == model.path:
                model.report("BCP094", path)
            else:
                if target.kind != "bicep":
                    self.json_template(target, path.literal)
                found.append(_Reference(statement, path, target.file))
        return found

    def _follow(self, model: SemanticModel, reference: _Reference) -> SemanticModel | None:
        literal = reference.path.literal or ""
        data = self.files.read(reference.file, literal)
        if isinstance(data, Problem):
            model.report(data.code, reference.path, **data.names)
            return None
        shown = os.path.normpath(os.path.join(os.path.dirname(model.file.shown), literal)).replace(os.sep, "/")
        return self._load(reference.file, shown, data)

    def json_template(self, artifact: Artifact, shown: str) -> JsonTemplate:
        """The JSON template that a reference leads to, read once; its ``problem`` says why it is none. ``shown`` is the path as
        written."""
        known = self.json_templates.get(artifact.file)
        if known is None:
            data = self.files.read(artifact.file, shown)
            if isinstance(data, Problem):
                module = ArmModule({}, None, data)
            else:
                module = read_module(data, shown, template_spec=artifact.kind == "templateSpec")
            known = self.json_templates[artifact.file] = JsonTemplate(artifact.file, module)
        return known

    def _report_cycles(self, order: list[SemanticModel]) -> None:
        """Report every path to a file that leads back to itself."""
        cyclic: set[str] = set()
        for component in _components({model.path: [edge.file for edge in self._references[model]] for model in order}):
            if len(component) > 1:
                cyclic.update(component)
        if not cyclic:
            return
        for model in order:
            references = self._references[model]
            for reference in references:
                if reference.file in cyclic:
                    chain = '" -> "'.join(self.models[path].file.shown for path in sorted(cyclic))
                    model.report("BCP095", reference.path, chain=chain)
            self._references[model] = [reference for reference in references if reference.file not in cyclic]

    def _check(self, model: SemanticModel) -> None:
        """Link a model to the files it refers to, which are checked, and run what needs them."""
        targets: dict[s.Node, ModuleTarget] = {}
        for reference in self._references[model]:
            target = self.models.get(reference.file) or self.json_templates.get(reference.file)
            if target is None:
                continue
            if target.has_errors:
                report_broken(model, reference.statement, reference.path, target)
                if isinstance(reference.statement, s.ImportDeclaration):
                    continue
            targets[reference.statement] = target
        for module in model.modules:
            module.target = targets.get(module.node)
            if module.target is None:
                model.invalid.add(module)
        for imported in (*model.imports, *model.wildcards):
            imported.target = targets.get(imported.declaration)
            if imported.target is None:
                model.invalid.add(imported)
        evaluate_calls(model)
        run_early_checks(model)
        self._finish_binding.pop(model)()
        try:
            check_types(model)
            run_checks(model)
        except RecursionError:
            model.report("INF316", (0, 0))

    # ------------------------------------------------------------------------------------------ templates

    def template_of(self, target: ModuleTarget) -> dict[str, Any] | None:
        """The template of a file, made once; None where something in it is not supported."""
        if isinstance(target, JsonTemplate):
            return target.template
        assert isinstance(target, SemanticModel)  # noqa: S101 - a narrowing for the type checker
        if target not in self._templates:
            from infra_lib.bicep.emission.emit import emit

            self._templates[target] = None
            try:
                self._templates[target] = emit(target)
            except RecursionError:
                target.report("INF316", (0, 0))
        return self._templates[target]


def report_broken(model: SemanticModel, statement: s.Declaration, path: s.StringSyntax, target: ModuleTarget) -> None:
    """Report that what a statement refers to has errors of its own: at the path, of an import from the word before that."""
    start = path.start
    if isinstance(statement, s.ImportDeclaration):
        start = model.file.text.rfind("from", statement.what.end, start)
    if isinstance(target, JsonTemplate) and target.problem is not None:
        model.report(target.problem.code, (start, path.end), **target.problem.names)
    else:
        model.report("BCP104", (start, path.end), path=path.literal)


def _components(graph: Mapping[str, list[str]]) -> list[list[str]]:
    """The strongly connected components of a graph (Tarjan's algorithm, without recursion)."""
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    on_stack: set[str] = set()
    stack: list[str] = []
    components: list[list[str]] = []
    for root in graph:
        if root in index:
            continue
        work = [(root, iter(graph[root]))]
        index[root] = low[root] = len(index)
        stack.append(root)
        on_stack.add(root)
        while work:
            node, followers = work[-1]
            for follower in followers:
                if follower not in graph:
                    continue
                if follower not in index:
                    index[follower] = low[follower] = len(index)
                    stack.append(follower)
                    on_stack.add(follower)
                    work.append((follower, iter(graph[follower])))
                    break
                if follower in on_stack:
                    low[node] = min(low[node], index[follower])
            else:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[node])
                if low[node] == index[node]:
                    component: list[str] = []
                    while True:
                        member = stack.pop()
                        on_stack.discard(member)
                        component.append(member)
                        if member == node:
                            break
                    components.append(component)
    return components
