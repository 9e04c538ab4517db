"""The values of a parameter file: evaluated by the engine; secrets and external inputs as what a deployment resolves."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from infra_lib.arm.failures import EvaluationError
from infra_lib.arm.frame import Frame, LazyValues
from infra_lib.arm.functions.json_text import JsonError, read_json
from infra_lib.arm.partial import UNKNOWN
from infra_lib.arm.template import Template, member
from infra_lib.bicep import syntax as s
from infra_lib.bicep.emission import arm_text as arm
from infra_lib.bicep.emission.emit import Emission
from infra_lib.bicep.emission.lowering_terms import UnsupportedError
from infra_lib.bicep.parameter_files.parameter_lowering import (
    BASE_PREFIX,
    INHERITED_PREFIX,
    ExternalInputs,
    FailedError,
    ParameterLowering,
)
from infra_lib.bicep.parameter_files.parameter_model import InheritedSymbol, ParameterFile, base_member, walk
from infra_lib.bicep.parsing.spelling import suggest
from infra_lib.bicep.semantics import symbols as sym
from infra_lib.bicep.semantics.constants import text_of
from infra_lib.bicep.semantics.model import SemanticModel
from infra_lib.bicep.semantics.resources import UnmovableError
from infra_lib.bicep.sources.loaders import ENCODINGS, LoadProblem, encoding_argument, evaluate
from infra_lib.diagnostics import CATALOGUE

_SCHEMA = "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#"


class Assigned(NamedTuple):
    """What a parameter is given: one of a value, a Key Vault reference, an expression. ``kind`` is the key in the document."""

    kind: str
    content: Any


class Values:
    """The values of one parameter file's variables and parameters, each evaluated when it is first asked for."""

    def __init__(self, file: ParameterFile, environment: Mapping[str, str], others: dict[ParameterFile, Values]) -> None:
        self.file = file
        self.model: SemanticModel = file.model
        self.environment = environment
        self.others = others
        self.inputs = ExternalInputs()
        self.failed = self._declarations_with_errors()
        others[file] = self
        self.pending = list(self.model.compile_time_calls)
        self.emission = Emission(self.model)
        self.emission.names.compile_time = {}
        self.lowering = ParameterLowering(self.emission, self)
        self.emission.lowering = self.lowering
        self._external: dict[s.Node, bool] = {}
        self._assigned: dict[str, Assigned] = {}
        self._variables_by_key = {symbol.name.lower(): symbol for symbol in reversed(self.model.variables)}
        self._assignments_by_key = {name.lower(): node for name, node in reversed(self.file.assignments.items())}
        self._template = self._make_template()
        self._imported_plain: dict[str, Any] = {}
        self._imported_loops: dict[str, Any] = {}
        self._load_imported()
        self._parameters = LazyValues("parameter", self._parameter_of_key)
        self._variables = LazyValues("variable", self._variable_of_key)
        self._resolve_calls()

    def of(self, file: ParameterFile) -> Values:
        """The values of another file of the chain."""
        return self.others[file]

    # ------------------------------------------------------------------------------------------ preparation

    def _declarations_with_errors(self) -> set[s.Node]:
        """The declarations that have an error in them, which there is no point in evaluating."""
        spans = [
            (finding.start, finding.end)
            for finding in self.model.findings
            if (finding.level or CATALOGUE[finding.code].level) == "error" and finding.code not in _HARMLESS
        ]
        failed: set[s.Node] = set()
        for node in self.model.file.program.declarations:
            if any(node.keyword_start <= start and end <= node.end for start, end in spans):
                failed.add(node)
        for symbol in (*self.model.invalid, *self.model.cycles):
            failed.add(symbol.node)
        return failed

    def _make_template(self) -> Template:
        raw: dict[str, Any] = {"$schema": _SCHEMA, "contentVersion": "1.0.0.0", "languageVersion": "2.0", "resources": {}}
        definitions = self.model.imported.definitions(self.emission) if self.model.imports or self.model.wildcards else {}
        if definitions:
            raw["definitions"] = definitions
        functions: dict[str, dict[str, Any]] = {}
        for namespace, name, value in self.model.imported.functions(self.emission):
            functions.setdefault(namespace, {})[name] = value
        if functions:
            raw["functions"] = [{"namespace": namespace, "members": members} for namespace, members in functions.items()]
        return Template(raw)

    def _load_imported(self) -> None:
        loops: list[dict[str, Any]] = []
        plain: dict[str, Any] = {}
        self.model.imported.variables(self.emission, loops, plain)
        self._imported_plain = {name.lower(): value for name, value in plain.items()}
        self._imported_loops = {str(loop["name"]).lower(): loop for loop in loops}

    def _resolve_calls(self) -> None:
        """Work out the calls that the compiler evaluates, in the order of the source; a call needs its arguments' own first."""
        for node in self.model.compile_time_calls:
            self._resolve_call(node)
        self._check_json_literals()

    def _declaration_of(self, node: s.Node) -> s.Declaration | None:
        found = (each for each in self.model.file.program.declarations if each.start <= node.start and node.end <= each.end)
        return next(found, None)

    def _fail(self, node: s.Node) -> None:
        declaration = self._declaration_of(node)
        if declaration is not None:
            self.failed.add(declaration)

    def _resolve_call(self, node: s.FunctionCall | s.InstanceCall) -> None:
        if node in self.model.compile_time_values or node not in self.pending:
            return
        self.pending.remove(node)
        function = self.model.symbols[node]
        if node in self.failed or self._declaration_of(node) in self.failed:
            return
        texts: list[Any] = []
        for index, argument in enumerate(node.arguments):
            value = self._argument(argument)
            is_default = function.name == "readEnvironmentVariable" and index == 1
            if not isinstance(value, str):
                if is_default:
                    self.model.report("BCP070", argument, actual=type_name(value), expected="string")
                else:
                    self.model.report("BCP032", argument)
                self._fail(node)
                return
            texts.append(value)
        if function.name == "readEnvironmentVariable":
            self._read_variable(node, texts)
        else:
            self._load(node, function.name, texts)

    def _argument(self, node: s.Expression) -> Any:
        text = text_of(self.model, node)
        if text is not None:
            return text
        try:
            return self._evaluate_node(node)
        except (EvaluationError, FailedError, UnsupportedError, UnmovableError):
            return _NOTHING

    def _read_variable(self, node: s.FunctionCall | s.InstanceCall, texts: list[str]) -> None:
        value = self.environment.get(texts[0])
        if value is None and len(texts) > 1:
            value = texts[1]
        if value is None:
            near = suggest(texts[0], list(self.environment))
            fix = f'Did you mean "{near}"?' if near else None
            self.model.report("BCP427", node.arguments[0], fix=fix, name=texts[0])
            self._fail(node)
            return
        self.model.compile_time_values[node] = value

    def _load(self, node: s.FunctionCall | s.InstanceCall, name: str, texts: list[str]) -> None:
        position = encoding_argument(name)
        if position is not None and position < len(texts) and texts[position] not in ENCODINGS:
            expected = " | ".join(f"'{encoding}'" for encoding in sorted(ENCODINGS))
            self.model.report("BCP070", node.arguments[position], actual=f"'{texts[position]}'", expected=expected)
            self._fail(node)
            return
        result = evaluate(name, self.model.path, texts, self.model.compiler.files.read)
        if isinstance(result, LoadProblem):
            self.model.report(result.code, node.arguments[min(result.argument, len(node.arguments) - 1)], **result.names)
            self._fail(node)
            return
        if result.mismatch is not None and position is not None and position < len(node.arguments):
            self.model.report("BCP185", node.arguments[position], encoding=result.mismatch)
        self.model.compile_time_values[node] = result.value

    def _calls(self, declaration: s.Declaration, name: str) -> Iterator[s.FunctionCall | s.InstanceCall]:
        """The calls of a built-in function in the value of a declaration that is valid so far."""
        if isinstance(declaration, s.ParameterAssignment | s.VariableDeclaration) and declaration not in self.failed:
            for node in walk(declaration.value):
                function = self.model.symbols.get(node)
                is_it = type(function) is sym.BuiltInFunction and function.name == name
                if is_it and isinstance(node, s.FunctionCall | s.InstanceCall):
                    yield node

    def _all_calls(self, name: str) -> list[s.FunctionCall | s.InstanceCall]:
        return [node for declaration in self.model.file.program.declarations for node in self._calls(declaration, name)]

    def _check_json_literals(self) -> None:
        """Report text that is no JSON where it reaches json() through a name; what is written there is checked for every file."""
        for node in self._all_calls("json"):
            argument = node.arguments[0]
            text = (
                None if isinstance(argument, s.StringSyntax) and argument.literal is not None else text_of(self.model, argument)
            )
            if text is not None:
                try:
                    read_json(text)
                except JsonError as error:
                    self.model.report("BCP186", argument, reason=error.message)
                    self._fail(node)

    # ------------------------------------------------------------------------------------------ evaluation

    def frame(self) -> Frame:
        """A new frame to evaluate in; parameters and variables are shared."""
        return Frame(self._template, self._parameters, self._variables, {}, None)

    def known(self, value: Any) -> Any:
        """The value; FailedError for one that only a deployment can work out."""
        if type(value) in UNKNOWN:
            raise FailedError("The value is known to a running deployment alone.")
        return value

    def _evaluate_node(self, node: s.Expression) -> Any:
        return self.known(self.frame().evaluate(self.lowering.value(node)))

    def _evaluate_declaration(self, node: s.ParameterAssignment | s.VariableDeclaration) -> Any:
        if node in self.failed:
            raise FailedError(f"{node.identifier.name} is not valid.", reported=True)
        for call in self.pending[:]:
            if node.start <= call.start and call.end <= node.end:
                self._resolve_call(call)
        value = self.lowering.core(node.value)
        if type(value) is not s.ForExpression:
            return self._evaluate_node(value)
        items = self._evaluate_node(value.expression)
        if not isinstance(items, list):
            raise FailedError("A loop needs an array.")
        body = self.lowering.value(value.body)
        results: list[Any] = []
        for index in range(len(items)):
            frame = self.frame()
            frame.copies = {node.identifier.name.lower(): index}
            results.append(self.known(frame.evaluate(body)))
        return results

    def _variable_of_key(self, key: str) -> Any:
        symbol = self._variables_by_key.get(key)
        if symbol is not None:
            return self._evaluate_declaration(symbol.node)
        if key in self._imported_plain:
            return self.known(self.frame().evaluate(self._imported_plain[key]))
        if key in self._imported_loops:
            loop = self._imported_loops[key]
            results: list[Any] = []
            for index in range(self.frame().evaluate(member(loop, "count"))):
                frame = self.frame()
                frame.copies = {key: index}
                results.append(self.known(frame.evaluate(member(loop, "input"))))
            return results
        raise FailedError(f"There is no variable {key}.")

    def _parameter_of_key(self, key: str) -> Any:
        prefix = next((prefix for prefix in (BASE_PREFIX, INHERITED_PREFIX) if key.startswith(prefix)), None)
        if prefix is not None:
            name = next((name for name in self.file.base_members() if name.lower() == key[len(prefix) :]), "")
            return self.base_value(name) if prefix == BASE_PREFIX else self.of(self.file.base_members()[name][0]).parameter(name)
        node = self._assignments_by_key.get(key)
        if node is not None:
            return self._evaluate_declaration(node)
        raise FailedError(f"There is no parameter {key}.")

    def parameter(self, name: str) -> Any:
        """The plain value of one of the file's own parameters."""
        return self._parameters.read(name.lower())

    def base_value(self, name: str) -> Any:
        """The value of ``base.name``: computed anew with this file's variables where they have the names of those it uses."""
        file, node = self.file.base_members()[name]
        values = self.of(file)
        shadowed = values.shadowed_variables(node, self.file)
        if not shadowed:
            return values.parameter(name)
        return values.evaluate_for(node, self, shadowed)

    def shadowed_variables(self, node: s.ParameterAssignment, leaf: ParameterFile) -> list[str]:
        """The variables that an assignment uses directly and that ``leaf`` has too."""
        own = {symbol.name for symbol in leaf.model.variables}
        found = []
        for each in walk(node.value):
            symbol = self.model.symbols.get(each) if type(each) is s.VariableAccess else None
            if type(symbol) is sym.VariableSymbol and symbol.name in own:
                found.append(symbol.name)
        return found

    def evaluate_for(self, node: s.ParameterAssignment, leaf: Values, shadowed: list[str]) -> Any:
        """The value of an assignment with some variables taken from another file."""
        keys = {name.lower() for name in shadowed}

        def variable(key: str) -> Any:
            return leaf._variables.read(key) if key in keys else self._variables.read(key)

        frame = Frame(self._template, self._parameters, LazyValues("variable", variable), {}, None)
        return self.known(frame.evaluate(self.lowering.value(node.value)))

    # ------------------------------------------------------------------------------------------ external inputs

    def is_external(self, node: s.Node) -> bool:
        """True when an expression uses an external input, directly or through names."""
        known = self._external.get(node)
        if known is None:
            self._external[node] = False
            known = self._external[node] = any(self._uses_input(each) for each in walk(node))
        return known

    def hides_input(self, node: s.Node) -> bool:
        """True when a value uses an external input where it cannot be inherited: within text, a lambda, a loop, a variable."""
        if self._uses_input_itself(node):
            return False
        if isinstance(node, _LOOKED_INTO):
            return any(self.hides_input(child) for child in node.children())
        symbol = self.model.symbols.get(node) if type(node) is s.VariableAccess else None
        if type(symbol) is sym.ParameterAssignmentSymbol and symbol not in self.model.cycles:
            return self.hides_input(symbol.node.value)
        return self.is_external(node)

    def _uses_input_itself(self, node: s.Node) -> bool:
        symbol = self.model.symbols.get(node)
        is_call = isinstance(node, s.FunctionCall | s.InstanceCall)
        return is_call and type(symbol) is sym.BuiltInFunction and symbol.name == "externalInput"

    def _uses_input(self, node: s.Node) -> bool:
        symbol = self.model.symbols.get(node)
        if type(symbol) is sym.BuiltInFunction:
            return self._uses_input_itself(node)
        member = base_member(self.model, node)
        if member is not None:
            return self._base_is_external(member[0])
        if type(node) is not s.VariableAccess:
            return False
        if type(symbol) is sym.VariableSymbol or type(symbol) is sym.ParameterAssignmentSymbol:
            return self.is_external(symbol.node.value)
        return type(symbol) is InheritedSymbol and self._base_is_external(symbol.name)

    def _base_is_external(self, name: str) -> bool:
        found = self.file.base_members().get(name)
        return found is not None and self.of(found[0]).is_external(found[1].value)

    def input_key(self, node: s.FunctionCall | s.InstanceCall) -> str:
        """The key of an external input's call in the document that is being made."""
        text = ", ".join(self.lowering.expression(argument) for argument in node.arguments)
        definition: dict[str, Any] = {"kind": self._evaluate_node(node.arguments[0])}
        if len(node.arguments) > 1:
            definition["config"] = self._evaluate_node(node.arguments[1])
        return self.inputs.key(text, str(definition["kind"]), definition)

    def collect_inputs(self) -> None:
        """Give keys to the external inputs of the document: own parameters, inherited ones, then own variables."""
        for node in self.file.assignments.values():
            self._collect(node, self.inputs)
        for file, node in self.file.inherited().values():
            self.of(file)._collect(node, self.inputs)
        for symbol in self.model.variables:
            self._collect(symbol.node, self.inputs)

    def _collect(self, declaration: s.ParameterAssignment | s.VariableDeclaration, inputs: ExternalInputs) -> None:
        before, self.inputs = self.inputs, inputs
        try:
            for node in self._calls(declaration, "externalInput"):
                self.input_key(node)
        finally:
            self.inputs = before

    def inlined(self, node: s.Expression, document: Values) -> str:
        """The text of an expression with everything known in it as literals; keys are those of ``document``."""
        before = self.inputs, self.lowering.inlining
        self.inputs, self.lowering.inlining = document.inputs, True
        try:
            return self.lowering.expression(node)
        finally:
            self.inputs, self.lowering.inlining = before

    # ------------------------------------------------------------------------------------------ assignments

    def assigned(self, name: str, node: s.ParameterAssignment, document: Values) -> Assigned | None:
        """What the file gives a parameter, for a document; None, with findings, where it cannot be worked out."""
        known = self._assigned.get(name)
        if known is None:
            made = self._guarded(node, document)
            if made is None:
                return None
            known = self._assigned[name] = made
        elif known.kind == "expression":
            known = Assigned("expression", f"[{self.inlined(node.value, document)}]")
        return known

    def given(self, name: str) -> Assigned | None:
        """What the file gives a parameter, once that is worked out."""
        return self._assigned.get(name)

    def _guarded(self, node: s.ParameterAssignment, document: Values) -> Assigned | None:
        if node in self.failed:
            return None
        try:
            return self._make(node, document)
        except FailedError as failure:
            if not failure.reported:
                self._report_failure(node, str(failure))
        except EvaluationError as failure:
            if not self._report_index(node):
                self._report_failure(node, failure.message)
        except (UnsupportedError, UnmovableError) as failure:
            self._report_failure(node, str(failure))
        except RecursionError:
            self._report_failure(node, "It is nested too deeply")
        self.failed.add(node)
        return None

    def _report_index(self, node: s.ParameterAssignment) -> bool:
        """Report the indexes past the end of an array that is known; False where there is none."""
        found = False
        for each in walk(node.value):
            if type(each) is s.ArrayAccess and not each.safe and not each.from_end:
                items, index = self._argument(each.base), self._argument(each.index)
                if isinstance(items, list) and type(index) is int and index >= len(items):
                    self.model.report("BCP311", each.index, index=index, type="array", length=len(items))
                    found = True
        return found

    def report_shadowed(self) -> None:
        """Warn of uses of ``base`` whose value this file's variables change, which is what the official compiler does."""
        members = self.file.base_members()
        for node in walk(self.model.file.program):
            member = base_member(self.model, node)
            if member is not None:
                name = member[0]
                if name in members:
                    file, assignment = members[name]
                    for variable in self.of(file).shadowed_variables(assignment, self.file):
                        self.model.report("INF320", node, name=name, variable=variable)

    def _report_failure(self, node: s.ParameterAssignment, reason: str) -> None:
        self.model.report("BCP338", node.value, name=node.identifier.name, reason=reason.rstrip("."))

    def _make(self, node: s.ParameterAssignment, document: Values) -> Assigned:
        secret = self.secret_call(node.value)
        if secret is not None:
            return Assigned("reference", self._secret(secret, document))
        if self.is_external(node.value):
            return Assigned("expression", f"[{self.inlined(node.value, document)}]")
        return Assigned("value", self.parameter(node.identifier.name))

    def secret_call(self, node: s.Expression) -> s.FunctionCall | s.InstanceCall | None:
        """The call of getSecret() that an expression is, else None."""
        if isinstance(node, s.FunctionCall | s.InstanceCall):
            function = self.model.symbols.get(node)
            if type(function) is sym.BuiltInFunction and function.name == "getSecret":
                return node
        return None

    def _secret(self, node: s.FunctionCall | s.InstanceCall, document: Values) -> dict[str, Any]:
        if any(self.is_external(argument) for argument in node.arguments):
            subscription, group, vault, *rest = (self.inlined(argument, document) for argument in node.arguments)
            vault_id = f"[resourceId({subscription}, {group}, 'Microsoft.KeyVault', 'vaults', {vault})]"
            name, *version = (arm.written(text) for text in rest)
        else:
            subscription, group, vault, name, *version = (self._evaluate_node(argument) for argument in node.arguments)
            vault_id = f"/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.KeyVault/vaults/{vault}"
        reference: dict[str, Any] = {"keyVault": {"id": vault_id}, "secretName": name}
        if version:
            reference["secretVersion"] = version[0]
        return reference


_HARMLESS = frozenset(("BCP130", "BCP259", "BCP351"))
"""Errors in spite of which a declaration is evaluated."""

_LOOKED_INTO = (
    s.ArrayAccess, s.ArraySyntax, s.Binary, s.FunctionCall, s.InstanceCall, s.NonNull, s.ObjectProperty, s.ObjectSyntax,
    s.Parenthesized, s.PropertyAccess, s.Spread, s.Ternary, s.Unary,
)  # fmt: skip
"""What the official compiler looks into for the external inputs of an inherited value."""

_NOTHING = object()


def type_name(value: Any) -> str:
    """The Bicep type of a plain value, for messages."""
    if value is None:
        return "null"
    names: dict[type, str] = {str: "string", bool: "bool", int: "int", list: "array", dict: "object"}
    return names.get(type(value), "any")
