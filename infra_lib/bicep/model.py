"""The semantic model of a Bicep file: its symbols, what each name in it means, and what was found wrong.

The binder (:mod:`infra_lib.bicep.binder`) fills it in one walk over the tree; checks, type emission, imports and lowering read
it. Nodes are keys by identity.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

from infra_lib.bicep import symbols as sym
from infra_lib.bicep import syntax as s
from infra_lib.bicep.findings import Finding
from infra_lib.diagnostics import Diagnostic, Level, LineIndex

if TYPE_CHECKING:
    from infra_lib.bicep.compiler import Compiler
    from infra_lib.bicep.imports import ImportClosure
    from infra_lib.bicep.resources import ResourceTable

Scope = Literal["resourceGroup", "subscription", "managementGroup", "tenant", "local", "desiredStateConfiguration"]


class SourceFile:
    """One Bicep source: its path (absolute, ``/`` between the parts), text, tree and what the parser found."""

    __slots__ = ("__dict__", "directives", "findings", "path", "program", "text")

    def __init__(self, path: str, text: str, program: s.Program, findings: list[Finding], directives: list[Any]) -> None:
        self.path = path
        self.text = text
        self.program = program
        self.findings = findings
        self.directives = directives

    @cached_property
    def lines(self) -> LineIndex:
        """Offsets to lines and columns."""
        return LineIndex(self.text)


class ModuleTarget:
    """What a module path or an import path leads to: a Bicep file's model or an ARM JSON template.

    ``path`` is the file's; ``has_errors`` is True where it does not compile by itself.
    """

    __slots__ = ("__dict__",)

    path: str

    @property
    def has_errors(self) -> bool:
        """True where the file does not compile by itself."""
        raise NotImplementedError

    @property
    def target_scope(self) -> Scope | None:
        """The scope that the template is written for; None where a JSON template does not say."""
        raise NotImplementedError

    def secure_outputs(self) -> frozenset[str]:
        """The names of the outputs whose values are (or hold) secrets."""
        raise NotImplementedError

    def output_names(self) -> frozenset[str]:
        """The names of all outputs."""
        raise NotImplementedError

    def parameter_names(self) -> frozenset[str]:
        """The names of all parameters."""
        raise NotImplementedError


class SemanticModel(ModuleTarget):
    """All that is known of one Bicep file.

    Symbols by kind are lists in source order: ``metadata``, ``parameters``, ``variables``, ``types``, ``functions``,
    ``resources`` (top level; nested ones below them), ``modules``, ``outputs``, ``asserts``, ``extensions``, ``imports`` (by
    name), ``wildcards``, ``assignments`` (``param`` of a parameter file). ``declared`` maps the names that may be referred to at
    the top level; of several with one name it has the first.
    """

    def __init__(self, file: SourceFile, compiler: Compiler) -> None:
        self.file = file
        self.path = file.path
        self.compiler = compiler
        self.findings: list[Finding] = list(file.findings)
        self.metadata: list[sym.MetadataSymbol] = []
        self.parameters: list[sym.ParameterSymbol] = []
        self.variables: list[sym.VariableSymbol] = []
        self.types: list[sym.TypeSymbol] = []
        self.functions: list[sym.FunctionSymbol] = []
        self.resources: list[sym.ResourceSymbol] = []
        self.modules: list[sym.ModuleSymbol] = []
        self.outputs: list[sym.OutputSymbol] = []
        self.asserts: list[sym.AssertSymbol] = []
        self.extensions: list[sym.ExtensionSymbol] = []
        self.imports: list[sym.ImportedSymbol] = []
        self.wildcards: list[sym.WildcardSymbol] = []
        self.assignments: list[sym.ParameterAssignmentSymbol] = []
        self.target_scope_declarations: list[s.TargetScope] = []
        self.declared: dict[str, sym.DeclaredSymbol] = {}
        self.symbols: dict[s.Node, sym.Symbol] = {}
        self.cycles: dict[sym.DeclaredSymbol, list[sym.DeclaredSymbol]] = {}

    # ------------------------------------------------------------------------------------------ names

    def symbol_of(self, node: s.Node) -> sym.Symbol | None:
        """What a node stands for: of a declaration the symbol it declares; of a use (VariableAccess, ResourceAccess, FunctionCall,
        ParameterizedType, an InstanceCall on a name space or a wildcard import) the symbol it means; None for other nodes.

        A name that means nothing gives an ErrorSymbol, its finding made.
        """
        return self.symbols.get(node)

    def all_symbols(self) -> Iterator[sym.DeclaredSymbol]:
        """Every top-level symbol of the file, kind by kind."""
        for group in (
            self.metadata, self.parameters, self.variables, self.types, self.functions, self.resources, self.modules,
            self.outputs, self.asserts, self.extensions, self.imports, self.wildcards, self.assignments,
        ):
            yield from group

    def all_resources(self) -> Iterator[sym.ResourceSymbol]:
        """Every resource: a parent before its nested ones, in source order."""
        stack = list(reversed(self.resources))
        while stack:
            resource = stack.pop()
            yield resource
            stack.extend(reversed(resource.nested))

    @cached_property
    def parents(self) -> dict[s.Node, s.Node]:
        """The node above each node of the tree (made when first asked for)."""
        parents: dict[s.Node, s.Node] = {}
        stack: list[s.Node] = [self.file.program]
        while stack:
            node = stack.pop()
            for child in node.children():
                parents[child] = node
                stack.append(child)
        return parents

    def decorators(self, node: s.Decorated) -> dict[str, s.FunctionCall | s.InstanceCall]:
        """The decorators of the ``sys`` name space on a declaration by name, arguments included; of two with one name the later (lower)."""
        found: dict[str, s.FunctionCall | s.InstanceCall] = {}
        for decorator in node.decorators:
            call = decorator.expression
            if type(call) is s.FunctionCall:
                found[call.identifier.name] = call
            elif type(call) is s.InstanceCall and type(call.base) is s.VariableAccess and call.base.identifier.name == "sys":
                found[call.identifier.name] = call
        return found

    # ------------------------------------------------------------------------------------------ the file as a whole

    @cached_property
    def scope(self) -> Scope:
        """The target scope: ``resourceGroup`` unless the file says otherwise."""
        for declaration in self.target_scope_declarations:
            value = declaration.value
            literal = value.literal if type(value) is s.StringSyntax else None
            if literal in ("resourceGroup", "subscription", "managementGroup", "tenant", "local", "desiredStateConfiguration"):
                return literal  # type: ignore[return-value]
        return "resourceGroup"

    @property
    def target_scope(self) -> Scope:
        """The scope that the template is written for."""
        return self.scope

    @cached_property
    def imported(self) -> ImportClosure:
        """What the imports bring in, with the names it gets in this template (:mod:`infra_lib.bicep.imports`)."""
        from infra_lib.bicep.imports import ImportClosure

        return ImportClosure(self)

    @cached_property
    def resource_table(self) -> ResourceTable:
        """Type, version, parents, scope of every resource and module (:mod:`infra_lib.bicep.resources`)."""
        from infra_lib.bicep.resources import ResourceTable

        return ResourceTable(self)

    def secure_outputs(self) -> frozenset[str]:
        """The names of the outputs with ``@secure()`` on them or within their types."""
        from infra_lib.bicep.types import is_secure

        return frozenset(output.name for output in self.outputs if is_secure(self, output.node))

    def output_names(self) -> frozenset[str]:
        """The names of all outputs."""
        return frozenset(output.name for output in self.outputs)

    def parameter_names(self) -> frozenset[str]:
        """The names of all parameters."""
        return frozenset(parameter.name for parameter in self.parameters)

    # ------------------------------------------------------------------------------------------ findings

    def report(
        self, code: str, node: s.Node | tuple[int, int], *, level: Level | None = None, fix: str | None = None, **names: Any
    ) -> None:
        """Note a code of the catalogue at a node (or a span)."""
        start, end = (node.start, node.end) if isinstance(node, s.Node) else node
        self.findings.append(Finding(code, start, end, level=level, fix=fix, **names))

    @property
    def has_errors(self) -> bool:
        """True when a finding of this file is an error."""
        return any(diagnostic.level == "error" for diagnostic in self.diagnostics)

    @property
    def diagnostics(self) -> list[Diagnostic]:
        """The findings of this file as values, by place."""
        return self.compiler.diagnostics_of(self)


class JsonTemplate(ModuleTarget):
    """An ARM JSON template used as a module; ``template`` keeps its order of keys. ``link`` is a template spec's resource id, else None."""

    def __init__(self, path: str, template: dict[str, Any], *, link: str | None = None, errors: bool = False) -> None:
        self.path = path
        self.template = template
        self.link = link
        self._errors = errors

    @property
    def has_errors(self) -> bool:
        """True where the file is no valid template."""
        return self._errors

    @cached_property
    def _schema(self) -> str:
        return str(self._get(self.template, "$schema") or "").lower()

    @property
    def target_scope(self) -> Scope | None:
        """The scope that ``$schema`` names."""
        name = self._schema.rstrip("#").rsplit("/", 1)[-1]
        scopes: dict[str, Scope] = {
            "deploymenttemplate.json": "resourceGroup",
            "subscriptiondeploymenttemplate.json": "subscription",
            "managementgroupdeploymenttemplate.json": "managementGroup",
            "tenantdeploymenttemplate.json": "tenant",
        }
        return scopes.get(name)

    def secure_outputs(self) -> frozenset[str]:
        """The names of the outputs of type securestring or secureObject."""
        outputs = self._get(self.template, "outputs") or {}
        return frozenset(
            name for name, output in outputs.items()
            if str(self._get(output, "type") or "").lower() in ("securestring", "secureobject")
        )

    def output_names(self) -> frozenset[str]:
        """The names of all outputs."""
        return frozenset(self._get(self.template, "outputs") or ())

    def parameter_names(self) -> frozenset[str]:
        """The names of all parameters."""
        return frozenset(self._get(self.template, "parameters") or ())

    @staticmethod
    def _get(container: Any, name: str) -> Any:
        if not isinstance(container, dict):
            return None
        if name in container:
            return container[name]
        lowered = name.lower()
        return next((value for key, value in container.items() if key.lower() == lowered), None)
