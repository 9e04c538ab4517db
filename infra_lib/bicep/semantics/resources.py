"""Resources and modules of a file as deployments see them: type, version, ancestors, scope, dependencies between names.

An expression that is used away from where it was written (the name of a parent in the id of its child, a scope's name) may
contain loop variables that mean nothing there. It is *moved*: each such variable is replaced by the loop's expression at the
index
that leads there.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal, NamedTuple

from infra_lib.bicep import syntax as s
from infra_lib.bicep.semantics import symbols as sym
from infra_lib.bicep.semantics.rewriting import local_symbols, replace_symbols

if TYPE_CHECKING:
    from infra_lib.bicep.semantics.model import SemanticModel

ScopeKind = Literal[
    "tenant", "managementGroup", "subscription", "resourceGroup", "resource", "local", "desiredStateConfiguration"
]

_TYPE = re.compile(
    r"(?P<types>[a-z0-9][a-z0-9.-]*(?:/[a-z0-9][a-z0-9.-]*)*)(?:@(?P<version>[a-z0-9][a-z0-9.-]+))?\Z", re.IGNORECASE
)
DEPLOYMENTS = "Microsoft.Resources/deployments"


class Ancestor(NamedTuple):
    """A resource above another one: by nesting or by the ``parent`` property, there perhaps with an index."""

    resource: sym.ResourceSymbol
    subscript: s.Expression | None
    nested: bool


class ScopeData(NamedTuple):
    """Where a resource or module is deployed to, as expressions that hold at its own place in the file.

    ``resource`` is the resource that is extended (``kind`` is then ``resource``), ``segments`` its name's parts where they had to
    be moved;
    ``subscript`` the index behind the scope expression.
    """

    kind: ScopeKind
    management_group: s.Expression | None = None
    subscription: s.Expression | None = None
    resource_group: s.Expression | None = None
    resource: sym.ResourceSymbol | None = None
    segments: tuple[s.Expression, ...] | None = None
    subscript: s.Expression | None = None


class TypeReference(NamedTuple):
    """A resource type and its version, as they are emitted; None for a version that is not written anywhere."""

    type: str
    version: str | None


def parse_type(text: str) -> TypeReference | None:
    """Split ``type@version``; None where the text is neither that nor a type alone."""
    match = _TYPE.match(text)
    return TypeReference(match["types"], match["version"]) if match else None


class ResourceTable:
    """Answers about the resources and modules of one file, each worked out once."""

    def __init__(self, model: SemanticModel) -> None:
        self.model = model
        self._types: dict[sym.ResourceSymbol, TypeReference | None] = {}
        self._ancestors: dict[sym.ResourceSymbol, tuple[Ancestor, ...]] = {}
        self._segments: dict[sym.ResourceSymbol, tuple[s.Expression, ...]] = {}
        self._scopes: dict[sym.DeployableSymbol, ScopeData] = {}

    # ------------------------------------------------------------------------------------------ types

    def type_of(self, resource: sym.ResourceSymbol) -> TypeReference | None:
        """The full type and version: of a nested resource with its ancestors' types; None where the type's text is not valid."""
        if resource not in self._types:
            self._types[resource] = None
            self._types[resource] = self._find_type(resource)
        return self._types[resource]

    def _find_type(self, resource: sym.ResourceSymbol) -> TypeReference | None:
        literal = resource.node.type.literal if type(resource.node.type) is s.StringSyntax else None
        own = parse_type(literal.removeprefix("az:")) if literal is not None else None
        if own is None:
            return None
        if resource.nested_in is not None:
            above = self.type_of(resource.nested_in)
            if above is None:
                return None
            own = TypeReference(f"{above.type}/{own.type}", own.version or above.version)
        catalog = self.model.compiler.catalog
        if catalog is not None and own.version is not None:
            return TypeReference(catalog.canonical_name(own.type, own.version) or own.type, own.version)
        return own

    # ------------------------------------------------------------------------------------------ ancestors and names

    def ancestors(self, resource: sym.ResourceSymbol) -> tuple[Ancestor, ...]:
        """The resources above, oldest first."""
        known = self._ancestors.get(resource)
        if known is not None:
            return known
        chain: list[Ancestor] = []
        seen: set[sym.ResourceSymbol] = set()
        current = resource
        while (above := self._parent(current)) is not None and above.resource not in seen:
            seen.add(above.resource)
            chain.append(above)
            current = above.resource
        result = tuple(reversed(chain))
        self._ancestors[resource] = result
        return result

    def _parent(self, resource: sym.ResourceSymbol) -> Ancestor | None:
        if resource.nested_in is not None:
            return Ancestor(resource.nested_in, None, True)
        parent = resource.property("parent")
        if parent is None:
            return None
        index: s.Expression | None = None
        if type(parent) is s.ArrayAccess:
            index = parent.index
            parent = parent.base
        found = self.resource_at(parent)
        return Ancestor(found, index, False) if found is not None else None

    def is_placed(self, resource: sym.ResourceSymbol) -> bool:
        """False where ``parent``, its own or that of a resource above it, is no resource: nothing is known of its id then."""
        ancestors = self.ancestors(resource)
        top = ancestors[0].resource if ancestors else resource
        parent = top.property("parent") if top.nested_in is None else None
        if parent is None or self._parent(top) is not None:
            return True
        symbol = self.model.symbols.get(parent)
        return type(symbol) is sym.ParameterSymbol and type(symbol.node.type) is s.ResourceType

    def resource_at(self, node: s.Node) -> sym.ResourceSymbol | None:
        """The resource that a bare name, ``a::b`` or a variable with just that as its value stands for."""
        symbol = self.model.symbols.get(node) if type(node) in (s.VariableAccess, s.ResourceAccess) else None
        steps = 0
        while type(symbol) is sym.VariableSymbol and steps < 100:
            value = symbol.node.value
            symbol = self.model.symbols.get(value) if type(value) in (s.VariableAccess, s.ResourceAccess) else None
            steps += 1
        return symbol if type(symbol) is sym.ResourceSymbol else None

    def name_of(self, resource: sym.DeployableSymbol) -> s.Expression | None:
        """The value of ``name`` as written; of several the last."""
        found: s.Expression | None = None
        if resource.body is not None:
            for item in resource.body.properties():
                if item.name == "name":
                    found = item.value
        return found

    def symbolic_name(self, resource: sym.ResourceSymbol) -> str:
        """The name in the template's resources: ``parent::child`` for a nested one."""
        parts = [resource.name]
        above = resource.nested_in
        while above is not None:
            parts.append(above.name)
            above = above.nested_in
        return "::".join(reversed(parts))

    def name_segments(self, resource: sym.ResourceSymbol) -> tuple[s.Expression, ...]:
        """The names of the ancestors and of the resource itself, as expressions that hold where the resource is declared."""
        known = self._segments.get(resource)
        if known is not None:
            return known
        ancestors = self.ancestors(resource)
        segments: list[s.Expression] = []
        for start in range(len(ancestors)):
            moved = self.name_of(ancestors[start].resource) or _NOTHING
            for position in range(start, len(ancestors)):
                context = ancestors[position + 1].resource if position + 1 < len(ancestors) else resource
                moved = self.move(moved, ancestors[position].subscript, context.identifier)
            segments.append(moved)
        segments.append(self.name_of(resource) or _NOTHING)
        result = tuple(segments)
        self._segments[resource] = result
        return result

    # ------------------------------------------------------------------------------------------ moving expressions

    def unreachable_locals(self, expression: s.Node, place: s.Node) -> list[sym.LocalSymbol]:
        """The local names in an expression that would mean nothing at another place of the file."""
        return [
            local
            for local in local_symbols(self.model, expression)
            if not (_inside(place, _region(local)) or _inside(local.owner, expression))
        ]

    def move(self, expression: s.Expression, index: s.Expression | None, place: s.Node) -> s.Expression:
        """The expression as it reads at ``place``, reached through ``index``."""
        unreachable = self.unreachable_locals(expression, place)
        if not unreachable:
            return expression
        loop = unreachable[0].owner
        if index is None or type(loop) is not s.ForExpression or any(local.owner is not loop for local in unreachable):
            raise UnmovableError(expression)
        replacements: dict[sym.Symbol, s.Expression] = {}
        for local in unreachable:
            if local.role == "index":
                replacements[local] = index
            else:
                replacements[local] = s.ArrayAccess(expression.start, expression.end, loop.expression, index, False, False)
        return replace_symbols(self.model, expression, replacements)

    # ------------------------------------------------------------------------------------------ scopes

    def scope_of(self, symbol: sym.DeployableSymbol) -> ScopeData:
        """Where the resource or module is deployed to; the file's own scope where the declaration says nothing that can be
        used."""
        known = self._scopes.get(symbol)
        if known is None:
            self._scopes[symbol] = default = ScopeData(self.model.scope)
            known = (
                self._resource_scope(symbol) if type(symbol) is sym.ResourceSymbol else self.read_scope(symbol.property("scope"))
            )
            known = known or default
            self._scopes[symbol] = known
        return known

    def _resource_scope(self, resource: sym.ResourceSymbol) -> ScopeData | None:
        ancestors = self.ancestors(resource)
        if not ancestors:
            return self.read_scope(resource.property("scope"))
        parent = ancestors[-1]
        above = self.scope_of(parent.resource)
        place = self.name_of(resource) or resource.identifier

        def moved(expression: s.Expression | None) -> s.Expression | None:
            return None if expression is None else self.move(expression, parent.subscript, place)

        segments = above.segments
        if segments is None and above.resource is not None:
            segments = self.name_segments(above.resource)
        return ScopeData(
            above.kind, moved(above.management_group), moved(above.subscription), moved(above.resource_group), above.resource,
            None if segments is None else tuple(self.move(segment, parent.subscript, place) for segment in segments),
            moved(above.subscript),
        )  # fmt: skip

    def read_scope(self, value: s.Expression | None) -> ScopeData | None:
        """The scope that an expression stands for, None where it is none."""
        if value is None:
            return None
        index: s.Expression | None = None
        target: s.Expression = value
        if type(value) is s.ArrayAccess and type(value.base) in (s.VariableAccess, s.ResourceAccess):
            index = value.index
            target = value.base
        symbol = self.model.symbols.get(target)
        if type(symbol) is sym.ResourceSymbol:
            return self._scope_of_resource(symbol, index)
        return self._scope_of_call(value, index)

    def _scope_of_resource(self, resource: sym.ResourceSymbol, index: s.Expression | None) -> ScopeData | None:
        reference = self.type_of(resource)
        if reference is None:
            return None
        lowered = reference.type.lower()
        if lowered == "microsoft.resources/resourcegroups":
            above = self.read_scope(resource.property("scope"))
            return ScopeData(
                "resourceGroup",
                subscription=above.subscription if above else None,
                resource_group=self.name_of(resource),
                subscript=index,
            )
        if lowered == "microsoft.management/managementgroups":
            return ScopeData("managementGroup", management_group=self.name_of(resource), subscript=index)
        return ScopeData("resource", resource=resource, subscript=index)

    def _scope_of_call(self, value: s.Expression, index: s.Expression | None) -> ScopeData | None:
        steps = 0
        while steps < 100:
            steps += 1
            if type(value) is s.Parenthesized:
                value = value.expression
            elif type(value) is s.NonNull:
                value = value.base
            elif type(value) is s.VariableAccess and type(variable := self.model.symbols.get(value)) is sym.VariableSymbol:
                value = variable.node.value
            else:
                break
        function = self.model.symbols.get(value)
        if type(function) is not sym.BuiltInFunction or function.namespace != "az":
            return None
        arguments = value.arguments if isinstance(value, (s.FunctionCall, s.InstanceCall)) else []
        first = arguments[0] if arguments else None
        match function.name:
            case "tenant":
                return ScopeData("tenant", subscript=index)
            case "managementGroup":
                return ScopeData("managementGroup", management_group=first, subscript=index)
            case "subscription":
                return ScopeData("subscription", subscription=first, subscript=index)
            case "resourceGroup" if len(arguments) > 1:
                return ScopeData("resourceGroup", subscription=first, resource_group=arguments[1], subscript=index)
            case "resourceGroup":
                return ScopeData("resourceGroup", resource_group=first, subscript=index)
        return None


class UnmovableError(Exception):
    """An expression needs a loop's variable where nothing says which turn of the loop is meant; carries the expression."""

    def __init__(self, expression: s.Node) -> None:
        super().__init__("the loop's index is not known here")
        self.expression = expression


_NOTHING = s.StringSyntax(0, 0, [""], [])


def _region(local: sym.LocalSymbol) -> s.Node:
    """The node in which a local name means something."""
    owner = local.owner
    return owner.body if isinstance(owner, (s.ForExpression, s.Lambda, s.TypedLambda)) else owner


def _inside(node: s.Node, area: s.Node) -> bool:
    """True when the node is the area or lies within it."""
    return area.start <= node.start and node.end <= area.end
