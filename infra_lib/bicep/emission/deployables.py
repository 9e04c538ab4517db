"""Resources and modules of a template: their order, keys, scopes, copies and dependencies."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from infra_lib.bicep import syntax as s
from infra_lib.bicep.emission import arm_text as arm
from infra_lib.bicep.emission.lower import Lowering
from infra_lib.bicep.emission.lowering_terms import Context, Environment, UnsupportedError
from infra_lib.bicep.emission.references import DEPLOYMENTS_VERSION
from infra_lib.bicep.semantics import symbols as sym
from infra_lib.bicep.semantics.dependencies import Dependency, find_dependencies
from infra_lib.bicep.semantics.model import JsonTemplate, SemanticModel
from infra_lib.bicep.semantics.resources import DEPLOYMENTS, ScopeData

if TYPE_CHECKING:
    from infra_lib.bicep.emission.emit import Emission

_RESOURCE_LIFTED = frozenset(("name", "scope", "parent", "dependsOn"))
_MODULE_LIFTED = frozenset(("name", "params", "scope", "dependsOn", "extensionConfigs"))
_OPTIONS = ("onlyIfNotExists", "retryOn")


class Deployables:
    """Makes the ``resources`` section of one template."""

    def __init__(self, emission: Emission) -> None:
        self.emission = emission
        self.model = emission.model
        self.table = emission.model.resource_table
        self.symbolic = emission.symbolic
        self._dependencies: dict[sym.DeclaredSymbol, list[Dependency]] | None = None

    @property
    def lowering(self) -> Lowering:
        """The lowering of the file."""
        return self.emission.lowering

    def resources(self) -> list[Any] | dict[str, Any]:
        """The section: an array, or with symbolic names an object."""
        made: list[tuple[str, Any]] = []
        for key, symbol in self.emitted():
            if type(symbol) is sym.ResourceSymbol:
                made.append((key, self.emission.guard(symbol.node, lambda symbol=symbol: self.resource(symbol))))  # type: ignore[misc]
            elif type(symbol) is sym.ModuleSymbol:
                made.append((key, self.emission.guard(symbol.node, lambda symbol=symbol: self.module(symbol))))  # type: ignore[misc]
        return dict(made) if self.symbolic else [value for _, value in made]

    def emitted(self) -> list[tuple[str, sym.DeployableSymbol]]:
        """The symbolic names of what the section has, in its order, each with its declaration."""
        inlined = self.emission.inlined.resources
        found: list[tuple[str, sym.DeployableSymbol]] = [
            (self.table.symbolic_name(resource), resource)
            for resource in self._in_order()
            if resource not in inlined and (self.symbolic or not resource.is_existing)
        ]
        return found + [(module.name, module) for module in self.model.modules]

    def _in_order(self) -> Iterator[sym.ResourceSymbol]:
        """The resources of a scope after those nested in them, both in source order."""

        def scope(resources: list[sym.ResourceSymbol]) -> Iterator[sym.ResourceSymbol]:
            for resource in resources:
                if resource.nested:
                    yield from scope(resource.nested)
            yield from resources

        return scope(self.model.resources)

    # ------------------------------------------------------------------------------------------ resources

    def resource(self, resource: sym.ResourceSymbol) -> dict[str, Any]:
        """One resource."""
        emission, body = self.emission, resource.body
        if body is None:
            raise UnsupportedError(resource.node.value, "this body of a resource")
        reference = emission.references.type_of(resource)
        result = self._loop_and_condition(resource)
        if resource.is_existing and self.symbolic:
            result["existing"] = True
        options = self._options(resource)
        if options:
            result["@options"] = options
        result["type"] = reference.type
        if reference.version is not None:
            result["apiVersion"] = reference.version
        result.update(self._resource_scope(resource, body))
        result["name"] = arm.serialized(emission.references.full_name(resource))
        result.update(self.lowering.members(item for item in self._properties(body) if item.name not in _RESOURCE_LIFTED))
        self._finish(resource, body, result)
        return result

    @staticmethod
    def _properties(body: s.ObjectSyntax) -> Iterator[s.ObjectProperty]:
        for item in body.items:
            if type(item) is s.Spread:
                raise UnsupportedError(item, "a spread in the body of a resource or module")
            if type(item) is s.ObjectProperty:
                yield item

    def _loop_and_condition(self, symbol: sym.DeployableSymbol) -> dict[str, Any]:
        result: dict[str, Any] = {}
        loop, name = symbol.loop, symbol.name
        if type(symbol) is sym.ResourceSymbol:
            name = self.table.symbolic_name(symbol)
            for ancestor in self.table.ancestors(symbol):
                if ancestor.nested and ancestor.resource.loop is not None:
                    raise UnsupportedError(symbol.node, "a resource nested in a looped one")
        if loop is not None:
            result["copy"] = self.lowering.copy(loop, name, batch_size=self._batch_size(symbol), body=False)
        conditions = self.emission.conditions(symbol)
        if len(conditions) == 1:
            result["condition"] = self.lowering.value(conditions[0])
        elif conditions:
            result["condition"] = f"[{self.emission.condition_text(conditions)}]"
        return result

    def _batch_size(self, symbol: sym.DeployableSymbol) -> int | None:
        call = self.model.decorators(symbol.node).get("batchSize")
        if call is None or len(call.arguments) != 1 or type(call.arguments[0]) is not s.IntegerLiteral:
            return None
        return call.arguments[0].value

    def _options(self, resource: sym.ResourceSymbol) -> dict[str, Any]:
        decorators = self.model.decorators(resource.node)
        return {
            name: [self.lowering.value(argument) for argument in decorators[name].arguments]
            for name in _OPTIONS
            if name in decorators
        }

    def _finish(self, symbol: sym.DeployableSymbol, body: s.ObjectSyntax, result: dict[str, Any]) -> None:
        self.lowering.at = symbol.identifier
        dependencies = self.depends_on(symbol, body)
        if dependencies:
            result["dependsOn"] = dependencies
        text = self.emission.description(symbol.node)
        if text is not None:
            result["metadata"] = {"description": text}

    # ------------------------------------------------------------------------------------------ scopes

    def _resource_scope(self, resource: sym.ResourceSymbol, body: s.ObjectSyntax) -> dict[str, Any]:
        scope = self.table.scope_of(resource)
        if scope.resource is None:
            return self._scope(scope, body)
        context = self.lowering.context(scope.resource, scope.subscript, body)
        return {"scope": arm.serialized(self.emission.references.indexed_id(scope.resource, context))}

    def _scope(self, scope: ScopeData, body: s.ObjectSyntax) -> dict[str, Any]:
        own = self.model.scope
        match scope.kind:
            case "tenant":
                return {"scope": "/"} if own != "tenant" else {}
            case "managementGroup" if scope.management_group is not None:
                name, full = scope.management_group, own not in ("tenant", "managementGroup")
                environment = self._environment(name, scope, body)
                references = self.emission.references
                text = self.lowering.within(environment, lambda: references.management_group_id(name, full=full))
                return {"scope": arm.serialized(text)}
            case "subscription":
                if scope.subscription is not None:
                    return {"subscriptionId": self.lowering.value(scope.subscription)}
                return {"subscriptionId": "[subscription().subscriptionId]"} if own == "resourceGroup" else {}
            case "resourceGroup":
                result: dict[str, Any] = {}
                for key, expression in (("subscriptionId", scope.subscription), ("resourceGroup", scope.resource_group)):
                    if expression is not None:
                        environment = self._environment(expression, scope, body)
                        result[key] = arm.serialized(
                            self.lowering.within(environment, lambda expression=expression: self.lowering.expression(expression))  # type: ignore[misc]
                        )
                return result
        return {}

    def _environment(self, expression: s.Expression, scope: ScopeData, body: s.ObjectSyntax) -> Environment | None:
        context = self.lowering.context_for((expression,), scope.subscript, body)
        return None if context is None else context.environment

    # ------------------------------------------------------------------------------------------ modules

    def module(self, module: sym.ModuleSymbol) -> dict[str, Any]:
        """One module: a deployment with the module's template in it."""
        body, target = module.body, module.target
        if body is None or target is None:
            raise UnsupportedError(module.node.value, "this body of a module")
        result = self._loop_and_condition(module)
        result["type"] = DEPLOYMENTS
        result["apiVersion"] = DEPLOYMENTS_VERSION
        result.update(self.lowering.members(item for item in self._properties(body) if item.name not in _MODULE_LIFTED))
        name = self.table.name_of(module)
        if name is not None:
            result["name"] = self.lowering.value(name)
        else:
            result["name"] = arm.written(self.emission.references.module_name(module, None))
        scope = self.table.scope_of(module)
        result.update(self._scope(scope, body))
        if scope.kind != "resourceGroup":
            result["location"] = (
                "[resourceGroup().location]" if self.model.scope == "resourceGroup" else "[deployment().location]"
            )
        properties: dict[str, Any] = {"expressionEvaluationOptions": {"scope": "inner"}, "mode": "Incremental"}
        parameters = module.property("params")
        if parameters is not None:
            properties["parameters"] = self._parameters(module, parameters)
        if isinstance(target, JsonTemplate) and target.link is not None:
            properties["templateLink"] = {"id": target.link}
        else:
            properties["template"] = self.model.compiler.template_of(target)
        result["properties"] = properties
        self._finish(module, body, result)
        return result

    def _parameters(self, module: sym.ModuleSymbol, node: s.Expression) -> dict[str, Any]:
        value = self.lowering.core(node)
        if type(value) is not s.ObjectSyntax:
            raise UnsupportedError(node, "module parameters that are no object literal")
        result: dict[str, Any] = {}
        for item in self._properties(value):
            if item.name is None:
                raise UnsupportedError(item.key, "a computed name of a module parameter")
            result[item.name] = self._parameter(module, item)
        return result

    def _parameter(self, module: sym.ModuleSymbol, item: s.ObjectProperty) -> Any:
        value = self.lowering.core(item.value)
        if type(value) is s.ForExpression:
            self.lowering.value_copies.add(value)
            result: dict[str, Any] = {"name": "value", "count": f"[length({self.lowering.expression(value.expression)})]"}
            body = self.lowering.core(value.body)
            text = self.lowering.expression(body)
            direct = type(body) is s.ObjectSyntax or (type(body) is s.StringSyntax and len(body.segments) == 1)
            result["input"] = arm.written(text) if direct else f"[{arm.as_call(text)}]"
            return {"copy": [result]}
        target = module.target
        if isinstance(target, SemanticModel) and item.name in target.resource_parameters():
            reference = self.lowering.reference(value)
            if reference is not None:
                return {"value": arm.written(self.emission.references.property(reference, "id", False))}
        return self._parameter_value(value)

    def _parameter_value(self, value: s.Expression) -> Any:
        value = self.lowering.core(value)
        secret = self._secret(value)
        if secret is not None:
            return {"reference": self._secret_json(*secret)}
        if type(value) is s.Ternary:
            return f"[{self._parameter_text(value)}]"
        return {"value": self.lowering.value(value)}

    def _parameter_text(self, value: s.Expression) -> str:
        value = self.lowering.core(value)
        if type(value) is s.Ternary:
            condition = self.lowering.expression(value.condition)
            return f"if({condition}, {self._parameter_text(value.when_true)}, {self._parameter_text(value.when_false)})"
        secret = self._secret(value)
        if secret is None:
            return f"createObject('value', {self.lowering.expression(value)})"
        identifier, arguments = secret
        members = ["'keyVault'", f"createObject('id', {identifier})", "'secretName'", self.lowering.expression(arguments[0])]
        if len(arguments) > 1:
            members += ["'secretVersion'", self.lowering.expression(arguments[1])]
        return f"createObject('reference', createObject({', '.join(members)}))"

    def _secret(self, value: s.Expression) -> tuple[str, list[s.Expression]] | None:
        """The vault's id and the arguments of a call of ``getSecret``, None for any other value."""
        if type(value) is not s.InstanceCall or value.identifier.name != "getSecret" or not value.arguments:
            return None
        if value in self.model.symbols:
            return None
        reference = self.lowering.method_target(value.base, value)
        if reference is None:
            return None
        return self.emission.references.property(reference, "id", False), value.arguments

    def _secret_json(self, identifier: str, arguments: list[s.Expression]) -> dict[str, Any]:
        result: dict[str, Any] = {"keyVault": {"id": arm.written(identifier)}, "secretName": self.lowering.value(arguments[0])}
        if len(arguments) > 1:
            result["secretVersion"] = self.lowering.value(arguments[1])
        return result

    # ------------------------------------------------------------------------------------------ dependsOn

    def depends_on(self, symbol: sym.DeployableSymbol, body: s.ObjectSyntax) -> list[str]:
        """The entries of ``dependsOn``, sorted by symbol; an entry for a whole collection takes the place of those for its
        items."""
        found: dict[sym.DeployableSymbol, list[tuple[Dependency, Context | None]]] = {}
        for dependency in self.dependencies[symbol]:
            for end, context in self._ends(dependency, body):
                assert isinstance(end.target, sym.DeployableSymbol)  # noqa: S101 - a narrowing for the type checker
                found.setdefault(end.target, []).append((end, context))
        entries: list[tuple[str, str]] = []
        for target, ends in found.items():
            key = self.table.symbolic_name(target) if type(target) is sym.ResourceSymbol else target.name
            whole = next((end for end in ends if end[0].subscript is None), None)
            distinct: Iterable[tuple[Dependency, Context | None]] = [whole] if whole is not None else dict(ends).items()
            entries += [(key, self._entry(target, key, context)) for _, context in distinct]
        entries.sort(key=lambda entry: entry[0])
        return [entry for _, entry in entries]

    @property
    def dependencies(self) -> dict[sym.DeclaredSymbol, list[Dependency]]:
        """The direct dependencies of every symbol."""
        if self._dependencies is None:
            self._dependencies = find_dependencies(self.model)
        return self._dependencies

    def _entry(self, target: sym.DeployableSymbol, key: str, context: Context | None) -> str:
        if self.symbolic or (target.is_collection and context is None):
            return arm.serialized(self.emission.references.symbolic_reference(key, context))
        return arm.serialized(self.emission.references.indexed_id(target, context))

    def _ends(self, dependency: Dependency, body: s.Node) -> Iterator[tuple[Dependency, Context | None]]:
        """The deployed resources and modules that a dependency leads to, through variables and existing resources."""
        yield from self._follow(dependency, body, self.lowering.environment, True, set())

    def _follow(
        self,
        step: Dependency,
        place: s.Node,
        environment: Environment,
        indexed: bool,
        seen: set[tuple[Dependency, s.Node, int, bool]],
    ) -> Iterator[tuple[Dependency, Context | None]]:
        context = self._step_context(step, place, environment)
        uses_index = context is not None and "copyIndex(" in context.index
        if context is not None:
            environment = context.environment
        if uses_index and not indexed:
            step, context = step._replace(subscript=None), None
        if self._is_end(step):
            yield step, context
            return
        indexed = indexed and uses_index
        for follower in self.dependencies.get(step.target, ()):
            key = (follower, step.target.node, id(environment), indexed)
            if key not in seen:
                seen.add(key)
                yield from self._follow(follower, step.target.node, environment, indexed, seen)

    def _step_context(self, step: Dependency, place: s.Node, environment: Environment) -> Context | None:
        target = step.target
        before, self.lowering.environment = self.lowering.environment, environment
        try:
            if isinstance(target, sym.DeployableSymbol):
                return (
                    None
                    if target.is_collection and step.subscript is None
                    else self.lowering.context(target, step.subscript, place)
                )
            if type(target) is sym.VariableSymbol:
                value = target.node.value
                if type(value) is s.ForExpression:
                    return None if step.subscript is None else self.lowering.context_for((value.body,), step.subscript, place)
                return self.lowering.context_for((value,), step.subscript, place)
            return None
        finally:
            self.lowering.environment = before

    def _is_end(self, step: Dependency) -> bool:
        if type(step.target) is sym.ModuleSymbol:
            return True
        if type(step.target) is sym.ResourceSymbol:
            return not step.target.is_existing or (self.symbolic and not step.weak)
        return False
