"""The template of a Bicep file, section by section, in the order and with the names of the official compiler."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from infra_lib.arm.template_hash import template_hash
from infra_lib.bicep import syntax as s
from infra_lib.bicep.emission import arm_text as arm
from infra_lib.bicep.emission.deployables import Deployables
from infra_lib.bicep.emission.lower import Lowering
from infra_lib.bicep.emission.lowering_terms import Constant, UnsupportedError
from infra_lib.bicep.emission.names import Names
from infra_lib.bicep.emission.references import References
from infra_lib.bicep.semantics import symbols as sym
from infra_lib.bicep.semantics.constants import name_of
from infra_lib.bicep.semantics.model import SemanticModel
from infra_lib.bicep.semantics.resources import UnmovableError
from infra_lib.bicep.typing import declarations, types

GENERATOR_VERSION = "0.49.2.45890"
_SCHEMAS = {
    "tenant": "https://schema.management.azure.com/schemas/2019-08-01/tenantDeploymentTemplate.json#",
    "managementGroup": "https://schema.management.azure.com/schemas/2019-08-01/managementGroupDeploymentTemplate.json#",
    "subscription": "https://schema.management.azure.com/schemas/2018-05-01/subscriptionDeploymentTemplate.json#",
    "resourceGroup": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
}
_EXPERIMENTAL_WARNING = (
    "This template uses ARM features that are experimental. Experimental features should be enabled for testing purposes only, "
    "as there are no guarantees about the quality or stability of these features. Do not enable these settings for any "
    "production usage, or your production environment may be subject to breaking."
)
"""The text that Resource Manager's experimental templates carry, as the official compiler writes it."""
_NAMED_SCOPES = frozenset(("managementGroup", "resourceGroup", "subscription"))
"""Functions that give no value where they have an argument: a scope that is named is nothing but a scope."""


def emit(model: SemanticModel) -> dict[str, Any] | None:
    """The template of a model without errors; None, with findings, where something in it is not supported."""
    emission = Emission(model)
    template = emission.template()
    if emission.failed:
        return None
    generator = template["metadata"]["_generator"]
    generator["templateHash"] = template_hash(template)
    return template


def needs_symbolic_names(model: SemanticModel) -> bool:
    """True where the file uses something that only language version 2.0 has."""
    return bool(
        model.compiler.configuration_of(model.path).is_enabled("symbolicNameCodegen")
        or model.has_type_syntax
        or model.whole_collections
        or model.types
        or model.functions
        or model.imports
        or model.wildcards
        or model.extensions
        or any(variable.node.type is not None for variable in model.variables)
        or model.secure_outputs()
        or any(
            model.resource_table.name_of(module) is None or (module.target is not None and module.target.secure_outputs())
            for module in model.modules
        )
        or any(_resource_needs_symbolic_names(model, resource) for resource in model.all_resources())
    )


def _resource_needs_symbolic_names(model: SemanticModel, resource: sym.ResourceSymbol) -> bool:
    if resource.is_existing and resource.property("dependsOn") is not None:
        return True
    decorators = model.decorators(resource.node)
    return "onlyIfNotExists" in decorators or ("retryOn" in decorators and resource.nested_in is None)


class Emission:
    """One template in the making: what all its parts share."""

    def __init__(self, model: SemanticModel, names: Names | None = None) -> None:
        self.model = model
        self.failed = False
        self.experimental = model.compiler.configuration_of(model.path).is_enabled("assertions")
        self.symbolic = self.experimental or needs_symbolic_names(model)
        self.inlined = model.inlined
        self.names = Names(model) if names is None else names
        self.references = References(self)
        self.lowering = Lowering(self)
        self.deployables = Deployables(self)
        self._conditions: dict[sym.DeployableSymbol, tuple[s.Expression, ...]] = {}

    # ------------------------------------------------------------------------------------------ shared answers

    def constant(self, node: s.FunctionCall | s.InstanceCall, function: sym.BuiltInFunction) -> s.Expression | None:
        """What the compiler makes of a call that it evaluates; None for a call that the deployment evaluates."""
        if function.name == "nameof":
            name = name_of(node.arguments[0])
            if name is None:
                raise UnsupportedError(node, "nameof() of this expression")
            return Constant(node, name)
        if function.name in _NAMED_SCOPES and function.namespace == "az" and node.arguments:
            return Constant(node, {})
        values = self.model.compile_time_values
        if node not in values:
            return None
        variable = self.names.compile_time.get(node)
        if variable is not None:
            return Constant(node, arm.Verbatim(f"variables({arm.string(variable)})"))
        return Constant(node, values[node])

    def conditions(self, symbol: sym.DeployableSymbol) -> tuple[s.Expression, ...]:
        """The conditions of a resource and of those around it, or of a module, outermost first."""
        known = self._conditions.get(symbol)
        if known is None:
            chain: list[s.Expression] = []
            if type(symbol) is sym.ResourceSymbol:
                for ancestor in self.model.resource_table.ancestors(symbol):
                    if ancestor.nested and ancestor.resource.loop is None and ancestor.resource.condition is not None:
                        chain.append(ancestor.resource.condition)
            if symbol.condition is not None:
                chain.append(symbol.condition)
            known = self._conditions[symbol] = tuple(chain)
        return known

    def condition_text(self, conditions: Sequence[s.Expression]) -> str:
        """The conditions joined with ``and``."""
        text = self.lowering.expression(conditions[0])
        for condition in conditions[1:]:
            text = f"and({text}, {self.lowering.expression(condition)})"
        return text

    def guard(self, node: s.Node, make: Callable[[], Any]) -> Any:
        """Make a part of the template; what is not supported in it becomes a finding."""
        lowering = self.lowering
        before, lowering.declaration, lowering.at = lowering.declaration, node, node
        try:
            return make()
        except UnsupportedError as error:
            self.failed = True
            place = error.node if error.node.end > error.node.start else node
            self.model.report("INF310", place, construct=error.construct)
        except UnmovableError as error:
            self.failed = True
            self.model.report("INF310", error.expression, construct="the use of a loop's variable outside its loop")
        finally:
            lowering.declaration = before
        return None

    # ------------------------------------------------------------------------------------------ the template

    def template(self) -> dict[str, Any]:
        """The whole template, without its hash."""
        model = self.model
        result: dict[str, Any] = {"$schema": _SCHEMAS.get(model.scope, _SCHEMAS["resourceGroup"])}
        if self.experimental:
            result["languageVersion"] = "2.1-experimental"
        elif self.symbolic:
            result["languageVersion"] = "2.0"
        result["contentVersion"] = "1.0.0.0"
        result["metadata"] = self._metadata()
        definitions = self._section(model.types, self._type)
        definitions.update(model.imported.definitions(self))
        if definitions:
            result["definitions"] = definitions
        functions = self._functions()
        if functions:
            result["functions"] = functions
        parameters = self._section(model.parameters, self._parameter)
        if parameters:
            result["parameters"] = parameters
        variables = self._variables()
        if variables:
            result["variables"] = variables
        result["resources"] = self.deployables.resources()
        outputs = self._section(model.outputs, self._output)
        if outputs:
            result["outputs"] = outputs
        asserts = {
            symbol.name: self.guard(symbol.node, lambda symbol=symbol: self.lowering.value(symbol.node.value))  # type: ignore[misc]
            for symbol in model.asserts
        }
        if asserts:
            result["asserts"] = asserts
        return result

    def _section(self, symbols: Sequence[sym.DeclaredSymbol], make: Callable[[Any], Any]) -> dict[str, Any]:
        return {symbol.name: self.guard(symbol.node, lambda symbol=symbol: make(symbol)) for symbol in symbols}  # type: ignore[misc]

    def _metadata(self) -> dict[str, Any]:
        result: dict[str, Any] = {}
        if self.experimental:
            result["_EXPERIMENTAL_WARNING"] = _EXPERIMENTAL_WARNING
            result["_EXPERIMENTAL_FEATURES_ENABLED"] = ["Asserts"]
        result["_generator"] = {"name": "bicep", "version": GENERATOR_VERSION}
        exported = [
            self.guard(symbol.node, lambda symbol=symbol: self._exported_variable(symbol))  # type: ignore[misc]
            for symbol in sorted(self.model.variables, key=lambda symbol: symbol.name)
            if "export" in self.model.decorators(symbol.node)
        ]
        if exported:
            result["__bicep_exported_variables!"] = exported
        for symbol in self.model.metadata:
            key = f"[string('{symbol.name}')]" if symbol.name.lower() == "copy" else symbol.name
            result[key] = self.guard(symbol.node, lambda symbol=symbol: self.lowering.value(symbol.node.value))  # type: ignore[misc]
        return result

    def _exported_variable(self, symbol: sym.VariableSymbol) -> dict[str, Any]:
        result: dict[str, Any] = {"name": symbol.name}
        description = self.description(symbol.node)
        if isinstance(description, str):
            result["description"] = description
        if symbol.node.type is not None:
            result["type"] = types.schema(self, symbol.node.type)
        return result

    def description(self, node: s.Decorated) -> Any:
        """The text of ``@description``, None without one."""
        return declarations.description(self, self.model.decorators(node))

    # ------------------------------------------------------------------------------------------ sections

    def _type(self, symbol: sym.TypeSymbol) -> dict[str, Any]:
        return declarations.declared_type(self, symbol.node)

    def _parameter(self, symbol: sym.ParameterSymbol) -> dict[str, Any]:
        return declarations.parameter(self, symbol.node)

    def _output(self, symbol: sym.OutputSymbol) -> dict[str, Any]:
        node = symbol.node
        result = declarations.output(self, node)
        value = self.lowering.core(node.value)
        if type(value) is s.ForExpression:
            result["copy"] = self.lowering.copy(value, None)
        elif type(node.type) is s.ResourceType:
            reference = self.lowering.reference(value)
            if reference is None:
                raise UnsupportedError(node.value, "this value of a resource-typed output")
            result["value"] = arm.written(self.references.property(reference, "id", False))
        else:
            result["value"] = self.lowering.value(value)
        return result

    def _functions(self) -> list[dict[str, Any]]:
        groups: dict[str, dict[str, Any]] = {}
        for symbol in self.model.functions:
            members = groups.setdefault("__bicep", {})
            members[symbol.name] = self.guard(symbol.node, lambda symbol=symbol: declarations.function(self, symbol.node))  # type: ignore[misc]
        for namespace, name, value in self.model.imported.functions(self):
            groups.setdefault(namespace, {})[name] = value
        return [{"namespace": namespace, "members": members} for namespace, members in groups.items()]

    def _variables(self) -> dict[str, Any]:
        loops: list[dict[str, Any]] = []
        plain: dict[str, Any] = {}
        for node, name in sorted(self.names.compile_time.items(), key=lambda item: item[1]):
            plain[name] = self.lowering.value(Constant(node, self.model.compile_time_values[node]))
        for symbol in self.model.variables:
            if symbol not in self.inlined.variables:
                self.guard(symbol.node, lambda symbol=symbol: self.variable(symbol.name, symbol.node, loops, plain))  # type: ignore[misc]
        self.model.imported.variables(self, loops, plain)
        return {"copy": loops, **plain} if loops else plain

    def variable(self, name: str, node: s.VariableDeclaration, loops: list[dict[str, Any]], plain: dict[str, Any]) -> None:
        """Add a variable to the section: a loop to its ``copy``, anything else as a member."""
        value = self.lowering.core(node.value)
        if type(value) is s.ForExpression:
            loops.append(self.lowering.copy(value, name))
        else:
            key = f"[string('{name}')]" if name.lower() == "copy" else name
            plain[key] = self.lowering.value(value)
