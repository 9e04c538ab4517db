"""The semantic model of a Bicep file: its symbols, what each name in it means, and what was found wrong.

The binder (:mod:`infra_lib.bicep.semantics.binder`) fills it in one walk over the tree; checks, type emission,
imports and lowering read
it. Nodes are keys by identity.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

from infra_lib.arm.values import MISSING, get_member
from infra_lib.bicep import syntax as s
from infra_lib.bicep.findings import Finding
from infra_lib.bicep.semantics import symbols as sym
from infra_lib.bicep.sources.arm_module import ArmModule, target_scope
from infra_lib.diagnostics import CATALOGUE, Diagnostic, Level, LineIndex

if TYPE_CHECKING:
    from infra_lib.bicep.compiler import Compiler
    from infra_lib.bicep.parsing.parser import Parsed
    from infra_lib.bicep.semantics.inlining import Inlined
    from infra_lib.bicep.semantics.literals import Known
    from infra_lib.bicep.semantics.namespaces import Kind
    from infra_lib.bicep.semantics.resources import ResourceTable
    from infra_lib.bicep.semantics.validity import Use
    from infra_lib.bicep.typing.imports import ImportClosure
    from infra_lib.bicep.typing.type_table import TypeTable

Scope = Literal["resourceGroup", "subscription", "managementGroup", "tenant", "local", "desiredStateConfiguration"]


class SourceFile:
    """One Bicep source: its path (absolute, ``/`` between the parts), the path to show, and what the parser made of its text."""

    __slots__ = ("__dict__", "directives", "parsed", "path", "program", "shown", "text")

    def __init__(self, path: str, shown: str, parsed: Parsed) -> None:
        self.path = path
        self.shown = shown
        self.parsed = parsed
        self.text = parsed.text
        self.program = parsed.program
        self.directives = parsed.directives

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

    def required_parameters(self) -> frozenset[str]:
        """The names of the parameters that have to be given."""
        raise NotImplementedError


class SemanticModel(ModuleTarget):
    """All that is known of one Bicep file.

    Symbols by kind are lists in source order: ``metadata``, ``parameters``, ``variables``, ``types``, ``functions``,
    ``resources`` (top level; nested ones below them), ``modules``, ``outputs``, ``asserts``, ``extensions``, ``imports`` (by
    name), ``wildcards``, ``assignments`` (``param`` of a parameter file). ``declared`` maps the names that may be referred to at
    the top level; of several with one name it has the first.

    What the binder notes beside the symbols: ``around`` (the node around the base of an access, a method call or parentheses, and
    around a loop), ``uses`` (of declared names, by the declaration that they stand in, in source order), ``cycles`` (the circle
    through each symbol that is in one), ``invalid`` (symbols that cannot be used: their declaration is broken), ``untyped``
    (resources whose type is wrong), ``compile_time_calls`` (calls
    of functions that the compiler evaluates, in source order; those in the body of a ``func`` are in ``inside_functions`` too;
    the values are in
    ``compile_time_values``), ``spreads`` (those without a mistake in them, outside of lambdas; ``around`` has the object of
    one in an object), ``arithmetic`` (operations and calls whose value may be known while compiling),
    ``whole_collections`` (a looped resource or module is used as a value),
    ``has_type_syntax`` (a type is written that only language version 2.0 has).
    """

    def __init__(self, file: SourceFile, compiler: Compiler, kind: Kind = "bicep") -> None:
        self.file = file
        self.kind: Kind = kind
        self.type_table: TypeTable | None = None
        self.path = file.path
        self.compiler = compiler
        self.findings: list[Finding] = list(file.parsed.findings)
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
        self.around: dict[s.Node, s.Node] = {}
        self.uses: dict[sym.DeclaredSymbol, list[Use]] = {}
        self.loops: dict[sym.DeclaredSymbol, list[s.ForExpression]] = {}
        self.secret_calls: list[s.InstanceCall] = []
        self.method_calls: list[s.InstanceCall] = []
        self.spreads: list[s.Spread] = []
        self.run_time_calls: dict[sym.DeclaredSymbol, list[s.FunctionCall | s.InstanceCall]] = {}
        self.cycles: dict[sym.DeclaredSymbol, list[sym.DeclaredSymbol]] = {}
        self.invalid: set[sym.DeclaredSymbol] = set()
        self.untyped: set[sym.DeployableSymbol] = set()
        self.compile_time_calls: list[s.FunctionCall | s.InstanceCall] = []
        self.inside_functions: set[s.Node] = set()
        self.compile_time_values: dict[s.Node, Any] = {}
        self.known_names: dict[sym.DeclaredSymbol, Known | None] = {}
        self.known_collections: dict[s.Node, Any] = {}
        self.arithmetic: list[s.Binary | s.FunctionCall | s.InstanceCall] = []
        self.whole_collections = False
        self.has_type_syntax = False

    # ------------------------------------------------------------------------------------------ names

    def symbol_of(self, node: s.Node) -> sym.Symbol | None:
        """What a node stands for: of a declaration the symbol it declares; of a use (VariableAccess, ResourceAccess,
        FunctionCall,
        ParameterizedType, an InstanceCall on a name space or a wildcard import) the symbol it means; None for other nodes.

        A name that means nothing gives an ErrorSymbol, its finding made.
        """
        return self.symbols.get(node)

    def all_symbols(self) -> Iterator[sym.DeclaredSymbol]:
        """Every top-level symbol of the file, kind by kind."""
        for group in (
            self.metadata,
            self.parameters,
            self.variables,
            self.types,
            self.functions,
            self.resources,
            self.modules,
            self.outputs,
            self.asserts,
            self.extensions,
            self.imports,
            self.wildcards,
            self.assignments,
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
        """The decorators of the ``sys`` name space on a declaration by name, arguments included; of two with one name the later
        (lower)."""
        found: dict[str, s.FunctionCall | s.InstanceCall] = {}
        for decorator in node.decorators:
            call = decorator.expression
            if type(call) is s.InstanceCall and not (type(call.base) is s.VariableAccess and call.base.identifier.name == "sys"):
                continue
            if isinstance(call, (s.FunctionCall, s.InstanceCall)):
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
        """What the imports bring in, with the names it gets in this template (:mod:`infra_lib.bicep.typing.imports`)."""
        from infra_lib.bicep.typing.imports import ImportClosure

        return ImportClosure(self)

    @cached_property
    def inlined(self) -> Inlined:
        """The variables and existing resources that are written out where they are used
        (:mod:`infra_lib.bicep.semantics.inlining`)."""
        from infra_lib.bicep.semantics.inlining import find_inlined

        return find_inlined(self)

    @cached_property
    def resource_table(self) -> ResourceTable:
        """Type, version, parents, scope of every resource and module (:mod:`infra_lib.bicep.semantics.resources`)."""
        from infra_lib.bicep.semantics.resources import ResourceTable

        return ResourceTable(self)

    @cached_property
    def _secure_outputs(self) -> frozenset[str]:
        from infra_lib.bicep.typing.types import is_secure

        return frozenset(output.name for output in self.outputs if is_secure(self, output.node))

    def secure_outputs(self) -> frozenset[str]:
        """The names of the outputs with ``@secure()`` on them or within their types."""
        return self._secure_outputs

    def resource_parameters(self) -> frozenset[str]:
        """The names of the parameters that take a resource."""
        return frozenset(parameter.name for parameter in self.parameters if type(parameter.node.type) is s.ResourceType)

    def output_names(self) -> frozenset[str]:
        """The names of all outputs."""
        return frozenset(output.name for output in self.outputs)

    def parameter_names(self) -> frozenset[str]:
        """The names of all parameters."""
        return frozenset(parameter.name for parameter in self.parameters)

    @cached_property
    def _required_parameters(self) -> frozenset[str]:
        from infra_lib.bicep.typing.declared_types import takes_null
        from infra_lib.bicep.typing.type_table import types_of

        table = types_of(self)
        return frozenset(
            parameter.name
            for parameter in self.parameters
            if parameter.node.default is None
            and parameter.node.type is not None
            and not takes_null(table.type_of(parameter.node.type))
        )

    def required_parameters(self) -> frozenset[str]:
        """The names of the parameters without a default whose types do not take null."""
        return self._required_parameters

    def invalidate_around(self, node: s.Node) -> None:
        """Mark the variable whose value a wrong expression is part of: it has none."""
        for variable in self.variables:
            if variable.node.type is None and variable.node.start <= node.start and node.end <= variable.node.end:
                self.invalid.add(variable)

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
        return any((finding.level or CATALOGUE[finding.code].level) == "error" for finding in self.findings)

    @property
    def diagnostics(self) -> list[Diagnostic]:
        """The findings of this file as values, by place, without those that directives hide."""
        file = self.file
        found = [
            finding.to_diagnostic(file.shown, file.lines)
            for finding in sorted(self.findings, key=lambda finding: (finding.start, finding.end, finding.code))
            if not file.directives.hides(finding.code, finding.level or CATALOGUE[finding.code].level, finding.start)
        ]
        return list(dict.fromkeys(found))


class JsonTemplate(ModuleTarget):
    """An ARM JSON template used as a module or imported from.

    ``template`` keeps its order of keys, ``link`` is a template spec's resource id (else None), ``problem`` what makes it no
    valid template.
    """

    def __init__(self, path: str, module: ArmModule) -> None:
        self.path = path
        self.template = module.template
        self.link = module.link
        self.problem = module.problem

    @property
    def has_errors(self) -> bool:
        """True where the file is no valid template."""
        return self.problem is not None

    @property
    def target_scope(self) -> Scope | None:
        """The scope that ``$schema`` names."""
        return target_scope(self.template)

    def _section(self, name: str) -> dict[str, Any]:
        found = get_member(self.template, name)
        return found if isinstance(found, dict) else {}

    def secure_outputs(self) -> frozenset[str]:
        """The names of the outputs of type securestring or secureObject."""
        return frozenset(
            name
            for name, output in self._section("outputs").items()
            if isinstance(output, dict) and str(get_member(output, "type")).lower() in ("securestring", "secureobject")
        )

    def required_parameters(self) -> frozenset[str]:
        """The names of the parameters without a default whose schemas do not take null."""
        definitions = self._section("definitions")
        return frozenset(name for name, parameter in self._section("parameters").items() if _is_required(parameter, definitions))

    def secure_parameters(self) -> frozenset[str]:
        """The names of the parameters of type securestring or secureObject."""
        return frozenset(
            name
            for name, parameter in self._section("parameters").items()
            if isinstance(parameter, dict) and str(get_member(parameter, "type")).lower() in ("securestring", "secureobject")
        )

    def output_names(self) -> frozenset[str]:
        """The names of all outputs."""
        return frozenset(self._section("outputs"))

    def parameter_names(self) -> frozenset[str]:
        """The names of all parameters."""
        return frozenset(self._section("parameters"))


def _is_required(schema: Any, definitions: dict[str, Any]) -> bool:
    """True for a JSON parameter without a default that takes no null, itself or by what it refers to."""
    for _ in range(100):
        if not isinstance(schema, dict) or get_member(schema, "defaultValue") is not MISSING:
            return False
        nullable = get_member(schema, "nullable")
        if nullable is not MISSING:
            return nullable is not True
        reference = get_member(schema, "$ref")
        if not isinstance(reference, str) or not reference.startswith("#/definitions/"):
            return True
        schema = definitions.get(reference.removeprefix("#/definitions/"))
    return True
