"""References to resources and modules: their ids, names, reference(), list*() and the scopes in them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from infra_lib.bicep import syntax as s
from infra_lib.bicep.emission import arm_text as arm
from infra_lib.bicep.emission.lowering_terms import Context, Reference, UnsupportedError
from infra_lib.bicep.semantics import symbols as sym
from infra_lib.bicep.semantics.resources import DEPLOYMENTS, ScopeData, TypeReference, parse_type

if TYPE_CHECKING:
    from infra_lib.bicep.emission.emit import Emission

DEPLOYMENTS_VERSION = "2025-04-01"
_GROUP_TYPE = "Microsoft.Management/managementGroups"
_LONGEST_NAME = 64
_HASH_LENGTH = 13
_INDEX_LENGTH = 3


class References:
    """Lowers what is read off resources and modules of one file."""

    def __init__(self, emission: Emission) -> None:
        self.emission = emission
        self.model = emission.model
        self.table = emission.model.resource_table
        self.symbolic = emission.symbolic

    # ------------------------------------------------------------------------------------------ whole values

    def whole(self, reference: Reference) -> str:
        """A resource or module used as a value."""
        if type(reference.symbol) is sym.ModuleSymbol:
            return self.module_reference(reference.symbol, reference.context)
        return self.resource_reference(reference, full=True)

    def resource_reference(self, reference: Reference, *, full: bool) -> str:
        """``reference(...)`` of a resource, ``references(...)`` of a whole collection."""
        symbol, context = reference.symbol, reference.context
        collection = type(symbol) is sym.ResourceSymbol and symbol.is_collection and context is None
        if type(symbol) is sym.ParameterSymbol:
            target = f"parameters({arm.string(symbol.name)})"
        elif type(symbol) is sym.ResourceSymbol:
            if self.symbolic or collection:
                target = self.symbolic_reference(self.table.symbolic_name(symbol), context)
            else:
                target = self.resource_id(symbol)
        else:
            raise UnsupportedError(symbol.node, f"the use of '{symbol.name}' as a resource")
        if collection:
            return arm.call("references", [target, "'full'"] if full else [target])
        arguments = [target]
        if full or not self.symbolic:
            arguments.append(arm.string(self._version(symbol)))
        if full:
            arguments.append("'full'")
        return arm.call("reference", arguments)

    def module_reference(self, module: sym.ModuleSymbol, context: Context | None) -> str:
        """``reference(...)`` of a module, ``references(...)`` of a whole loop of modules."""
        collection = context is None and module.is_collection
        function = "references" if collection else "reference"
        if self.symbolic:
            return arm.call(function, [self.symbolic_reference(module.name, context)])
        if collection:
            return arm.call(function, [arm.string(module.name)])
        return arm.call(function, [self.module_id(module, context), arm.string(DEPLOYMENTS_VERSION)])

    def symbolic_reference(self, name: str, context: Context | None) -> str:
        """The symbolic name, with an index in it where there is one."""
        if context is None:
            return arm.string(name)
        return f"format({arm.string(f'{name}[{{0}}]')}, {context.index})"

    def list_call(self, reference: Reference, name: str, arguments: list[str]) -> str:
        """``resource.listX(...)``"""
        symbol = reference.symbol
        if type(symbol) is sym.ResourceSymbol and self.symbolic:
            target = self.symbolic_reference(self.table.symbolic_name(symbol), reference.context)
        else:
            target = self.property(reference, "id", False)
        return arm.call(name, [target, *(arguments or [arm.string(self._version(symbol))])])

    # ------------------------------------------------------------------------------------------ properties

    def property(self, reference: Reference, name: str, safe: bool, *, secure: bool | None = None) -> str:
        """``resource.name`` or ``module.name``; ``secure`` says whether a secure output is read, None if that is not known."""
        environment = reference.context.environment if reference.context is not None else None
        lowering = self.emission.lowering
        if type(reference.symbol) is sym.ModuleSymbol:
            return lowering.within(environment, lambda: self._module_property(reference, name, safe, secure))
        return lowering.within(environment, lambda: self._resource_property(reference, name, safe))

    def _resource_property(self, reference: Reference, name: str, safe: bool) -> str:
        symbol = reference.symbol
        if type(symbol) is sym.ParameterSymbol:
            return self._parameter_property(reference, symbol, name, safe)
        if type(symbol) is not sym.ResourceSymbol:
            raise UnsupportedError(symbol.node, f"the property '{name}' of '{symbol.name}'")
        match name:
            case "type":
                return arm.string(self.type_of(symbol).type)
            case "apiVersion":
                return arm.string(self._version(symbol))
            case "id":
                return self._guarded(symbol, self.resource_id(symbol), safe)
            case "name":
                return self._guarded(symbol, self.emission.lowering.expression(self._name(symbol)), safe)
            case "properties" if not safe:
                return self.resource_reference(reference, full=False)
        base = self._guarded(symbol, self.resource_reference(reference, full=True), safe)
        if safe:
            return arm.SafeCall(f"tryGet({base}, {arm.string(name)})")
        return arm.access(base, arm.string(name))

    def _parameter_property(self, reference: Reference, symbol: sym.ParameterSymbol, name: str, safe: bool) -> str:
        """A property of a parameter that holds a resource: its value is the resource's id."""
        identifier = f"parameters({arm.string(symbol.name)})"
        match name:
            case "id":
                return identifier
            case "type":
                return arm.string(self.type_of(symbol).type)
            case "apiVersion":
                return arm.string(self._version(symbol))
            case "name":
                return f"last(split({identifier}, '/'))"
            case "properties" if not safe:
                return self.resource_reference(reference, full=False)
        base = self.resource_reference(reference, full=True)
        return arm.SafeCall(f"tryGet({base}, {arm.string(name)})") if safe else arm.access(base, arm.string(name))

    def _guarded(self, symbol: sym.DeployableSymbol, text: str, safe: bool) -> str:
        """The text, for a safe access only where the condition of the resource holds."""
        conditions = self.emission.conditions(symbol) if safe else ()
        if not conditions:
            return text
        return arm.GuardedCall(f"if({self.emission.condition_text(conditions)}, {text}, null())")

    def _module_property(self, reference: Reference, name: str, safe: bool, secure: bool | None) -> str:
        module, context = reference.symbol, reference.context
        assert isinstance(module, sym.ModuleSymbol)  # noqa: S101 - a narrowing for the type checker
        if name == "name":
            return self._guarded(module, self.module_name(module, context), safe)
        if name != "outputs":
            raise UnsupportedError(module.node, f"the property '{name}' of module '{module.name}'")
        if secure is None:
            secure = module.target is not None and bool(module.target.secure_outputs())
        if secure:
            target = self.symbolic_reference(module.name, context) if self.symbolic else self.module_id(module, context)
            return self._guarded(module, f"listOutputsWithSecureValues({target}, {arm.string(DEPLOYMENTS_VERSION)})", safe)
        base = self.module_reference(module, context)
        if safe:
            return arm.SafeCall(f"tryGet({self._guarded(module, base, safe)}, 'outputs')")
        return f"{base}.outputs"

    # ------------------------------------------------------------------------------------------ names and ids

    def type_of(self, symbol: sym.DeclaredSymbol) -> TypeReference:
        """The type of a resource, or of a parameter that holds one."""
        found: TypeReference | None = None
        if type(symbol) is sym.ResourceSymbol:
            found = self.table.type_of(symbol)
        elif type(symbol) is sym.ParameterSymbol and type(symbol.node.type) is s.ResourceType:
            text = symbol.node.type.type
            found = parse_type(text.literal or "") if type(text) is s.StringSyntax else None
        if found is None:
            raise UnsupportedError(symbol.node, f"the type of '{symbol.name}'")
        return found

    def _version(self, symbol: sym.DeclaredSymbol) -> str:
        version = self.type_of(symbol).version
        if version is None:
            raise UnsupportedError(symbol.node, f"'{symbol.name}' without an API version")
        return version

    def _name(self, symbol: sym.DeployableSymbol) -> s.Expression:
        name = self.table.name_of(symbol)
        if name is None:
            raise UnsupportedError(symbol.node, f"'{symbol.name}' without a name")
        return name

    def module_name(self, module: sym.ModuleSymbol, context: Context | None) -> str:
        """The name of a module's deployment: the one given, or one made from the symbol and the deployment's name."""
        given = self.table.name_of(module)
        if given is not None:
            return self.emission.lowering.expression(given)
        unique = f"uniqueString({arm.string(module.name)}, deployment().name)"
        if not module.is_collection:
            prefix = module.name[: _LONGEST_NAME - _HASH_LENGTH - 1]
            return f"format({arm.string(prefix + '-{0}')}, {unique})"
        prefix = module.name[: _LONGEST_NAME - _HASH_LENGTH - _INDEX_LENGTH - 2]
        index = "copyIndex()" if context is None else context.index
        return f"format({arm.string(prefix + '-{0}-{1}')}, {index}, {unique})"

    def full_name(self, resource: sym.ResourceSymbol) -> str:
        """The name with those of its ancestors before it, as the template's ``name``."""
        if not self.table.ancestors(resource):
            return self.emission.lowering.expression(self._name(resource))
        segments = self.segments(resource, self.table.name_segments(resource))
        pattern = "/".join(f"{{{position}}}" for position in range(len(segments)))
        return arm.call("format", [arm.string(pattern), *segments])

    def segments(self, resource: sym.ResourceSymbol, names: tuple[s.Expression, ...]) -> list[str]:
        """One name for each part of the type, where need be split out of a name with slashes."""
        expression = self.emission.lowering.expression
        types = self.type_of(resource).type.count("/")
        ancestors = len(names) - 1
        last = expression(names[-1])
        if ancestors:
            first_length = types - ancestors
            result: list[str] = []
            for position, name in enumerate(names[:-1]):
                text = expression(name)
                if position == 0 and first_length > 1:
                    result += [f"split({text}, '/')[{part}]" for part in range(first_length)]
                else:
                    result.append(text)
            return [*result, last]
        if types == 1:
            return [last]
        return [f"split({last}, '/')[{part}]" for part in range(types)]

    def resource_id(self, resource: sym.ResourceSymbol) -> str:
        """The full id of a resource."""
        names = self.segments(resource, self.table.name_segments(resource))
        return self.scoped_id(self.table.scope_of(resource), self.type_of(resource).type, names)

    def module_id(self, module: sym.ModuleSymbol, context: Context | None) -> str:
        """The full id of a module's deployment, in the environment of the index."""
        environment = context.environment if context is not None else None
        return self.emission.lowering.within(
            environment,
            lambda: self.scoped_id(self.table.scope_of(module), DEPLOYMENTS, [self.module_name(module, context)]),
        )

    def indexed_id(self, symbol: sym.DeployableSymbol, context: Context | None) -> str:
        """The full id of a resource or module, in the environment of the index."""
        if type(symbol) is sym.ModuleSymbol:
            return self.module_id(symbol, context)
        assert isinstance(symbol, sym.ResourceSymbol)  # noqa: S101 - a narrowing for the type checker
        environment = context.environment if context is not None else None
        return self.emission.lowering.within(environment, lambda: self.resource_id(symbol))

    def scoped_id(self, scope: ScopeData, type_name: str, names: Iterable[str]) -> str:
        """The id of a type and its names within a scope."""
        expression = self.emission.lowering.expression
        arguments = [arm.string(type_name), *names]
        match scope.kind:
            case "tenant":
                return arm.call("tenantResourceId", arguments)
            case "subscription":
                if scope.subscription is not None:
                    arguments.insert(0, expression(scope.subscription))
                return arm.call("subscriptionResourceId", arguments)
            case "resourceGroup":
                if scope.resource_group is None and scope.subscription is None:
                    return arm.call("resourceId", arguments)
                subscription = "subscription().subscriptionId" if scope.subscription is None else expression(scope.subscription)
                group = expression(scope.resource_group) if scope.resource_group is not None else "''"
                return arm.call(
                    "extensionResourceId",
                    [f"format('/subscriptions/{{0}}/resourceGroups/{{1}}', {subscription}, {group})", *arguments],
                )
            case "managementGroup":
                if scope.management_group is not None:
                    outer = self.management_group_id(scope.management_group, full=True)
                else:
                    outer = "managementGroup().id"
                return arm.call("extensionResourceId", [outer, *arguments])
            case "resource" if scope.resource is not None:
                extended = scope.resource
                outer_names = self.segments(extended, scope.segments or self.table.name_segments(extended))
                outer = self.scoped_id(self.table.scope_of(extended), self.type_of(extended).type, outer_names)
                return arm.call("extensionResourceId", [outer, *arguments])
        raise UnsupportedError(self.model.file.program, f"the scope '{scope.kind}'")

    def management_group_id(self, name: s.Expression, *, full: bool) -> str:
        """The id of a management group; the short form is what a template at that scope wants in ``scope``."""
        text = self.emission.lowering.expression(name)
        if full:
            return f"tenantResourceId('{_GROUP_TYPE}', {text})"
        return f"format('{_GROUP_TYPE}/{{0}}', {text})"
