"""The scopes of resources: the ones that a type may be at, and the one that a file can deploy to."""

from __future__ import annotations

from infra_lib.bicep import syntax as s
from infra_lib.bicep.semantics import symbols as sym
from infra_lib.bicep.semantics.model import SemanticModel
from infra_lib.bicep.semantics.resources import ScopeData, ScopeKind
from infra_lib.resource_types.nodes import ResourceType, Scopes

_FLAGS: dict[ScopeKind, Scopes] = {
    "tenant": Scopes.TENANT,
    "managementGroup": Scopes.MANAGEMENT_GROUP,
    "subscription": Scopes.SUBSCRIPTION,
    "resourceGroup": Scopes.RESOURCE_GROUP,
    "resource": Scopes.EXTENSION,
}
_WORDS = {flag: "a resource" if kind == "resource" else kind for kind, flag in _FLAGS.items()}


def check_resource_scopes(model: SemanticModel) -> None:
    """Report resources that cannot be where they are declared, and those that this file cannot deploy there."""
    if model.scope not in _FLAGS:
        return
    checker = _Checker(model)
    placed = model.resource_table.is_placed
    resources = [resource for resource in model.all_resources() if resource not in model.invalid and placed(resource)]
    for resource in resources:
        checker.scope(resource)
    for resource in resources:
        if not resource.is_existing and resource not in model.cycles:
            checker.deployed(resource)


class _Checker:
    def __init__(self, model: SemanticModel) -> None:
        self.model = model
        self.table = model.resource_table
        self.default = ScopeData(model.scope)
        self.scopes: dict[sym.ResourceSymbol, ScopeData] = {}
        self.types: dict[sym.ResourceSymbol, ResourceType | None] = {}

    def type_of(self, resource: sym.ResourceSymbol) -> ResourceType | None:
        """What is known of a resource's type."""
        if resource not in self.types:
            catalog = self.model.compiler.catalog
            reference = self.table.type_of(resource)
            known = catalog is not None and reference is not None and reference.version is not None
            self.types[resource] = catalog.find(reference.type, reference.version) if known else None  # type: ignore[union-attr, arg-type]
        return self.types[resource]

    def scope(self, resource: sym.ResourceSymbol) -> ScopeData:
        """Where a resource is, which is reported where it cannot be."""
        known = self.scopes.get(resource)
        if known is not None:
            return known
        self.scopes[resource] = self.default
        ancestors = self.table.ancestors(resource)
        if not ancestors:
            found = self.own_scope(resource)
        elif resource.property("scope") is not None:
            found = self.default
        else:
            first = ancestors[0].resource
            if not resource.is_existing and first.is_existing and not self.is_deployable(self.scope(first)):
                self.model.report("BCP165", resource.node.value, ancestor=first.name)
                found = self.default
            elif resource in self.model.cycles:
                found = self.default
            else:
                found = self.scope(ancestors[-1].resource)
        self.scopes[resource] = found
        return found

    def own_scope(self, resource: sym.ResourceSymbol) -> ScopeData:
        type_ = self.type_of(resource)
        allowed = Scopes.ALL if type_ is None else type_.readable_scopes | type_.writable_scopes
        value = resource.property("scope")
        if value is None:
            if not allowed & _FLAGS[self.model.scope]:
                self.unsupported(resource.node.value, self.model.scope, allowed)
            return self.default
        target = value.base if isinstance(value, s.ArrayAccess) else value
        symbol = self.model.symbols.get(target)
        if isinstance(symbol, sym.ModuleSymbol):
            if symbol.is_collection == isinstance(value, s.ArrayAccess):
                self.unsupported(value, "module", allowed)
            return self.default
        if isinstance(symbol, sym.ResourceSymbol):
            if symbol in self.model.invalid or (symbol.is_collection and target is value):
                return self.default
            if symbol in self.model.cycles:
                return self.default
        found = self.table.read_scope(value)
        if found is None:
            return self.default
        if not allowed & _FLAGS.get(found.kind, Scopes.NONE):
            self.unsupported(value, found.kind, allowed)
            return self.default
        return found

    def unsupported(self, place: s.Node, supplied: str, allowed: Scopes) -> None:
        words = ", ".join(word for flag, word in _WORDS.items() if flag & allowed)
        self.model.report("BCP135", place, supplied=supplied, supported=words or "none")

    def is_deployable(self, scope: ScopeData) -> bool:
        """True for a scope that a file deploys resources to itself: the one that it is for, and the tenant."""
        for _ in range(100):
            if scope.resource is None:
                break
            scope = self.scope(scope.resource)
        if scope.kind == "tenant":
            return True
        places = (scope.management_group, scope.subscription, scope.resource_group)
        return scope.kind == self.model.scope and not any(places)

    def deployed(self, resource: sym.ResourceSymbol) -> None:
        """Report a resource that the file cannot deploy, or that cannot be deployed at all."""
        root = resource
        for _ in range(100):
            extended = self.scope(root).resource
            if extended is None:
                break
            root = extended
        scope = self.scope(root)
        place = resource.property("scope") or resource.node.value
        if not self.is_deployable(scope):
            self.model.report("BCP139", place)
        type_ = self.type_of(resource)
        if type_ is None:
            return
        read_only = type_.readable_scopes & ~type_.writable_scopes
        if read_only & _FLAGS.get(scope.kind, Scopes.NONE):
            self.model.report("BCP246", place, type=str(type_))
        if type_.is_read_only:
            self.model.report("BCP245", resource.node.type, type=str(type_))
