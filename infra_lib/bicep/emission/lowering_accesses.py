"""Lowering accesses: members and items of values, of resources, and the outputs of modules."""

from __future__ import annotations

from infra_lib.bicep import syntax as s
from infra_lib.bicep.emission import arm_text as arm
from infra_lib.bicep.emission.lowering_places import PlaceLowering
from infra_lib.bicep.emission.lowering_terms import Reference
from infra_lib.bicep.semantics import symbols as sym
from infra_lib.bicep.semantics.module_values import Modules, modules_of


class AccessLowering(PlaceLowering):
    """Lowers ``base.name`` and ``base[index]``."""

    # ------------------------------------------------------------------------------------------ targets

    def reference(self, node: s.Expression) -> Reference | None:
        """The resource or module that an expression is, or None for every other value."""
        node = self.core(node)
        if type(node) is s.VariableAccess or type(node) is s.ResourceAccess:
            symbol = self.symbols.get(node)
            if isinstance(symbol, sym.DeployableSymbol):
                return Reference(symbol, None)
            if type(symbol) is sym.ParameterSymbol and type(symbol.node.type) is s.ResourceType:
                return Reference(symbol, None)
        elif type(node) is s.ArrayAccess:
            return self._indexed(node)
        return None

    def _indexed(self, node: s.ArrayAccess) -> Reference | None:
        if type(node.base) is not s.VariableAccess and type(node.base) is not s.ResourceAccess:
            return None
        symbol: sym.Symbol | None = self.table.resource_at(node.base) or self.symbols.get(node.base)
        if isinstance(symbol, sym.DeployableSymbol) and symbol.loop is not None:
            return Reference(symbol, self.context(symbol, node.index, node))
        return None

    def method_target(self, node: s.Expression, place: s.Node) -> Reference | None:
        """The resource that a method is called on, through parentheses, ``!``, an index and variables."""
        for _ in range(100):
            while isinstance(node, (s.Parenthesized, s.NonNull)):
                node = node.expression if isinstance(node, s.Parenthesized) else node.base
            index: s.Expression | None = None
            if type(node) is s.ArrayAccess:
                index = node.index
                node = node.base
            symbol = self.symbols.get(node)
            if type(symbol) is sym.ParameterSymbol and type(symbol.node.type) is s.ResourceType:
                return Reference(symbol, None)
            resource = self.table.resource_at(node)
            if resource is not None:
                return Reference(resource, self.context_of_name(resource, index, place))
            if index is not None or type(symbol) is not sym.VariableSymbol:
                return None
            node = symbol.node.value
        return None

    # ------------------------------------------------------------------------------------------ accesses

    def property_access(self, node: s.PropertyAccess) -> str:
        """The text of ``base.name``."""
        base, name = node.base, node.identifier.name
        self.at = node
        if type(base) is s.ArrayAccess:
            resource = self.table.resource_at(base.base)
            if resource is not None:
                if resource.loop is None:
                    self.model.report("INF312", base.index, name=resource.name)
                context = self.context(resource, base.index, node)
                return self.references.property(Reference(resource, context), name, node.safe)
        elif type(base) is s.PropertyAccess and base.identifier.name == "outputs":
            modules = modules_of(self.model, base.base)
            if modules:
                return self._module_output(node, base, modules)
        elif type(base) is s.VariableAccess:
            wildcard = self.symbols.get(base)
            if type(wildcard) is sym.WildcardSymbol:
                return f"variables({arm.string(self.emission.names.wildcard_variable(wildcard, name))})"
        return self._named(node, name)

    def _named(self, node: s.PropertyAccess | s.ArrayAccess, name: str) -> str:
        """``base.name``, the base being whatever it is."""
        reference = self.reference(node.base)
        if reference is not None:
            return self.references.property(reference, name, node.safe)
        return self._access(node, arm.string(name))

    def array_access(self, node: s.ArrayAccess) -> str:
        """The text of ``base[index]``."""
        reference = self._indexed(node)
        if reference is not None:
            self.at = node
            return self.references.whole(reference)
        index = self.core(node.index)
        if type(index) is s.StringSyntax and len(index.segments) == 1 and not node.from_end:
            return self._named(node, index.segments[0])
        return self._access(node, self.expression(index), from_end=node.from_end)

    def _access(self, node: s.PropertyAccess | s.ArrayAccess, accessor: str, *, from_end: bool = False) -> str:
        base = self.expression(node.base)
        if node.safe:
            return arm.SafeCall(f"{'tryIndexFromEnd' if from_end else 'tryGet'}({base}, {accessor})")
        if type(base) is arm.SafeCall and self._is_access(node.base):
            if from_end:
                accessor = f"createObject('value', {accessor}, 'fromEnd', true())"
            return arm.SafeCall(f"{base[:-1]}, {accessor})")
        if from_end:
            return f"indexFromEnd({base}, {accessor})"
        return arm.access(base, accessor)

    def _is_access(self, node: s.Expression) -> bool:
        """True for an access as it is written, through ``!`` and ``any()`` but not through parentheses."""
        while True:
            if type(node) is s.PropertyAccess or type(node) is s.ArrayAccess:
                return True
            if type(node) is s.NonNull:
                node = node.base
                continue
            function = self.symbols.get(node) if type(node) is s.FunctionCall or type(node) is s.InstanceCall else None
            if type(function) is not sym.BuiltInFunction or function.name != "any":
                return False
            node = node.arguments[0]  # type: ignore[attr-defined]

    # ------------------------------------------------------------------------------------------ modules

    def _module_output(self, node: s.PropertyAccess, outputs: s.PropertyAccess, modules: Modules) -> str:
        name = node.identifier.name
        secure = all(module.target is not None and name in module.target.secure_outputs() for module in modules)
        reference = self.reference(outputs.base)
        tail = [arm.string(name), "'value'"]
        if reference is not None and type(reference.symbol) is sym.ModuleSymbol:
            base = self.references.property(reference, "outputs", outputs.safe, secure=secure)
            if secure:
                tail.pop()
        else:
            base = self.expression(outputs)
        if node.safe:
            for part in tail:
                base = arm.SafeCall(f"tryGet({base}, {part})")
            return base
        if type(base) is arm.SafeCall:
            return arm.SafeCall(f"{base[:-1]}, {', '.join(tail)})")
        if type(base) is arm.GuardedCall:
            return arm.SafeCall(f"tryGet({base}, {', '.join(tail)})")
        for part in tail:
            base = arm.access(base, part)
        return base
