"""Values that only a running deployment knows, where they have to be known when it starts."""

from __future__ import annotations

from collections.abc import Iterator

from infra_lib.bicep import syntax as s
from infra_lib.bicep.semantics import symbols as sym
from infra_lib.bicep.semantics.literals import known_texts
from infra_lib.bicep.semantics.model import SemanticModel
from infra_lib.bicep.semantics.validity import Use
from infra_lib.resource_types.nodes import ObjectType

_KNOWN_OF_RESOURCES = frozenset(("id", "name", "type", "apiVersion"))
_LATE_OF_MODULES = frozenset(("dependsOn", "identity", "outputs", "params"))
"""What of a module is not known when a deployment starts; other properties are unknown or can be read."""
_START_OF_RESOURCES = frozenset(
    ("name", "location", "kind", "subscriptionId", "resourceGroup", "managedBy", "extendedLocation", "zones", "placement", "plan",
     "sku", "identity", "managedByExtended", "tags", "asserts", "parent", "scope")
)  # fmt: skip
"""Properties of a resource whose values a deployment needs when it starts."""
_GENERAL = _START_OF_RESOURCES | {"properties", "etag", "scale", "eTag"}
_START_OF_MODULES = frozenset(("name", "scope", "identity"))
_PLACING = ("parent", "scope")
"""Properties that take a resource as a whole."""


def check_run_time_values(model: SemanticModel) -> None:
    """Report run-time values in such properties, in conditions, in loops' collections, in looped variables, in ``func``."""
    _Checker(model).run()


class _Checker:
    def __init__(self, model: SemanticModel) -> None:
        self.model = model
        self.around = model.around
        self.invalid = model.invalid | model.cycles.keys()
        self.run_time = self._run_time_variables()

    # ------------------------------------------------------------------------------------------ variables

    def _run_time_variables(self) -> set[sym.DeclaredSymbol]:
        """The variables with a run-time value somewhere in them, directly or through others."""
        model = self.model
        found: set[sym.DeclaredSymbol] = set()
        users: dict[sym.DeclaredSymbol, list[sym.DeclaredSymbol]] = {}
        for variable in model.variables:
            uses = model.uses.get(variable, ())
            if model.run_time_calls.get(variable) or any(self.violation(use, False) for use in uses):
                found.add(variable)
            for use in uses:
                if type(use.symbol) is sym.VariableSymbol and not use.name_only:
                    users.setdefault(use.symbol, []).append(variable)
        pending = list(found)
        while pending:
            for user in users.get(pending.pop(), ()):
                if user not in found:
                    found.add(user)
                    pending.append(user)
        return found

    # ------------------------------------------------------------------------------------------ one use

    def violation(self, use: Use, placing: bool) -> s.Node | None:
        """The node to report where a use of a resource or module reads a run-time value; None where it does not.

        ``placing``: the use is in ``parent`` or ``scope``, where a whole resource may stand.
        """
        symbol = use.symbol
        if use.name_only or not isinstance(symbol, sym.DeployableSymbol) or symbol in self.invalid:
            return None
        child, above = self.above(use.node)
        if isinstance(above, s.ResourceAccess):
            return None
        if isinstance(above, s.ArrayAccess) and above.base is child:
            if not symbol.is_collection:
                return above if self.reads_run_time(symbol, above) else None
            if isinstance(above.index, s.StringSyntax) and not above.index.expressions:
                return None
            item, outer = self.above(above)
            if isinstance(outer, (s.PropertyAccess, s.ArrayAccess)) and outer.base is item:
                return outer if self.reads_run_time(symbol, outer) else None
        elif symbol.is_collection:
            return None
        elif isinstance(above, s.PropertyAccess):
            return above if self.is_run_time(symbol, above.identifier.name) else None
        if placing:
            return child if symbol in self.model.inlined.resources else None
        return child

    def above(self, node: s.Node) -> tuple[s.Node, s.Node | None]:
        """The node with the ``!`` behind it, and the access, call or parentheses around that."""
        above = self.around.get(node)
        while isinstance(above, s.NonNull):
            node, above = above, self.around.get(above)
        return node, above

    def reads_run_time(self, symbol: sym.DeployableSymbol, access: s.PropertyAccess | s.ArrayAccess) -> bool:
        """True for an access that reads a run-time value, or may read one, as its key is not known."""
        if isinstance(access, s.PropertyAccess):
            return self.is_run_time(symbol, access.identifier.name)
        names = known_texts(self.model, access.index)
        return names is None or any(self.is_run_time(symbol, name) for name in names)

    def is_run_time(self, symbol: sym.DeployableSymbol, name: str) -> bool:
        if isinstance(symbol, sym.ModuleSymbol):
            return name in _LATE_OF_MODULES
        if name not in _KNOWN_OF_RESOURCES:
            return self.may_have(symbol, name)
        return name in ("id", "name") and symbol in self.model.inlined.resources

    def may_have(self, symbol: sym.DeployableSymbol, name: str) -> bool:
        """False for a property that the resource's type, where it is known, does not have: that is another mistake."""
        catalog = self.model.compiler.catalog
        reference = self.model.resource_table.type_of(symbol) if isinstance(symbol, sym.ResourceSymbol) else None
        if catalog is None or reference is None or reference.version is None:
            return True
        found = catalog.find(reference.type, reference.version)
        if found is None or not isinstance(found.body, ObjectType):
            return True
        return name in found.body.properties or found.body.additional_properties is not None or name in _GENERAL

    # ------------------------------------------------------------------------------------------ places

    def run(self) -> None:
        model = self.model
        for resource in model.all_resources():
            if not resource.is_existing:
                self.deployable(resource, _START_OF_RESOURCES)
        for module in model.modules:
            self.deployable(module, _START_OF_MODULES)
        for owner in (*model.variables, *model.outputs):
            self.loops(owner)
            self.calls(owner)
        for function in model.functions:
            self.area("BCP341", function, function.node)

    def deployable(self, symbol: sym.DeployableSymbol, properties: frozenset[str]) -> None:
        if symbol.condition is not None:
            self.area("BCP177", symbol, symbol.condition)
        if symbol.body is not None:
            for item in symbol.body.properties():
                if item.name in properties:
                    self.area("BCP120", symbol, item, name=item.name, placing=item.name in _PLACING)
        self.loops(symbol)
        self.calls(symbol)

    def loops(self, owner: sym.DeclaredSymbol) -> None:
        for loop in self.model.loops.get(owner, ()):
            self.area("BCP178", owner, loop.expression)
            if isinstance(self.around.get(loop), s.VariableDeclaration):
                self.area("BCP182", owner, loop.body, name=owner.name)

    def calls(self, owner: sym.DeclaredSymbol) -> None:
        for call in self.model.run_time_calls.get(owner, ()):
            for argument in call.arguments:
                self.area("BCP181", owner, argument, name=call.identifier.name)

    def area(self, code: str, owner: sym.DeclaredSymbol, node: s.Node, *, placing: bool = False, **names: object) -> None:
        """Report every run-time value within a node."""
        for use in self.uses(owner, node):
            if type(use.symbol) is sym.VariableSymbol:
                if use.symbol in self.run_time and not use.name_only and use.symbol not in self.invalid:
                    self.report(code, use.node, names)
            else:
                found = self.violation(use, placing)
                if found is not None:
                    self.report(code, found, names)
        for call in self.model.run_time_calls.get(owner, ()):
            if node.start <= call.start and call.end <= node.end:
                self.report(code, call, names)

    def uses(self, owner: sym.DeclaredSymbol, node: s.Node) -> Iterator[Use]:
        for use in self.model.uses.get(owner, ()):
            if node.start <= use.node.start and use.node.end <= node.end:
                yield use

    def report(self, code: str, node: s.Node, names: dict[str, object]) -> None:
        self.model.report(code, node, **names)  # type: ignore[arg-type]
